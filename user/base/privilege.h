/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process may do, given up as soon as it is not needed any more. Wants a single thread
 * unless it says otherwise.
 */
#ifndef BASE_PRIVILEGE_H
#define BASE_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whom to become. */
struct privilege_target {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/*
 * The account of that name; for NULL the one called "vmbpf", else "nobody". -ENOENT where there is
 * none, -EIO and the like where the user database cannot be read.
 */
int privilege_find_user(const char *name, struct privilege_target *ret);

/*
 * Keeps CAP_BPF and CAP_PERFMON as far as they are held, and no other right: as root it becomes
 * `target`, in no group but that user's own and "libvirt" where it exists; no program started
 * later can gain any right. -errno, after which the caller must end.
 */
int privilege_drop(const struct privilege_target *target);

/*
 * The same for a process that makes files: as root it becomes the owner of the deepest folder of
 * the absolute path that is there, so that links in somebody's own folder lead root nowhere.
 */
int privilege_drop_to_owner(const char *path);

/* The calling thread, among others or not, keeps no capability at all. 0 or -errno. */
int privilege_drop_capabilities(void);

/* Whether the process may load and attach BPF programs as far as its capabilities go. */
bool privilege_has_bpf(void);

/* "user nobody (uid 65534), capabilities bpf, perfmon": as it is now. Returns `text`. */
char *privilege_describe(char *text, size_t size);

/* As many files as the system grants; locked memory for BPF maps on kernels that charge it. */
void privilege_raise_limits(void);

#endif
