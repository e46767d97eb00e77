/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which domain a process is, where libvirt runs without control groups: by its PID files. */
#ifndef COLLECT_LIBVIRT_PIDFILE_H
#define COLLECT_LIBVIRT_PIDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <libvirt/libvirt.h>

#define PIDFILE_DIRECTORY "/run/libvirt/qemu"

/*
 * Whether a file *.pid in the directory names the process. Directory and file must belong to
 * `owner` and be writable to nobody else.
 */
bool pidfile_vouches(const char *directory, uid_t owner, pid_t pid);

/*
 * The argument of -uuid, or -ENOENT. The arguments are `size` bytes, each ended by a 0 byte. Proves
 * nothing about a process that nobody vouches for.
 */
int pidfile_uuid(const char *cmdline, size_t size, char uuid[static VIR_UUID_STRING_BUFLEN]);

/* Both of a process: the UUID of the domain that libvirt has started as this process. */
int pidfile_domain(pid_t pid, char uuid[static VIR_UUID_STRING_BUFLEN]);

#endif
