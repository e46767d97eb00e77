/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the control group of a thread says about it. libvirt puts every domain into a group of its
 * own and, within that, each vCPU, each iothread and the rest of QEMU into one more. Only root can
 * do that, so unlike a name or a command line it proves what a thread is.
 */
#ifndef COLLECT_CGROUP_H
#define COLLECT_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

enum cgroup_kind { CGROUP_NONE, CGROUP_VCPU, CGROUP_IOTHREAD, CGROUP_EMULATOR };

#define CGROUP_NAME_MAX 64

struct cgroup_info {
	int64_t domain_id; /* libvirt's, -1: in no domain's group */
	/* The domain's name as libvirt shortened it: its letters, digits, dots and dashes. */
	char name[CGROUP_NAME_MAX];
	enum cgroup_kind kind;
	int index; /* of the vCPU or iothread, else -1 */
};

/*
 * Understands the text of /proc/PID/task/TID/cgroup, of version 1, 2 or both. Groups below one that
 * is handed to an unprivileged user are not believed, nor are lines that contradict each other: the
 * result is then that of a thread in no domain's group.
 */
void cgroup_parse(const char *text, struct cgroup_info *ret);

/* Reads that file. 0, or -errno where the thread has gone or must not be read. */
int cgroup_read(pid_t pid, pid_t tid, struct cgroup_info *ret);

#endif
