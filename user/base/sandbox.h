/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel refuses a program that only looks: to change the host or another process. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

/*
 * From now on, for every thread and for good: no other program is run, no file is opened for
 * writing, made or changed, no other process is signalled, traced or written to, nothing is
 * mounted, loaded into the kernel or set. Such a call fails with EPERM. Files that are open already
 * stay as they are. -EINVAL and the like where the kernel has no seccomp filters, -ENOMEM.
 */
int sandbox_enter(void);

#endif
