/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that may wait for libvirt, in threads of its own. The tick asks for a poll and takes
 * what the last one brought.
 *
 * One connection asks only for what libvirtd knows by itself and so stays quick. The statistics
 * that QEMU must be asked for come over others, one call at a time on each: a QEMU that hangs holds
 * the call up, but only the first; libvirtd then leaves that domain out of the next call, which the
 * next connection makes.
 */
#ifndef COLLECT_LIBVIRT_THREAD_H
#define COLLECT_LIBVIRT_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/domain_list.h"

struct libvirt_thread;

struct libvirt_status {
	bool up;
	char reason[448]; /* while it is not */
};

/*
 * Starts the threads and the first poll. Between the starts of two polls are at least `spacing_ns`,
 * so that the rates between them mean something. 0 or -errno; `uri` is copied.
 */
int libvirt_thread_start(const char *uri, uint64_t spacing_ns, struct libvirt_thread **ret);

/* Waits until the first poll has succeeded or failed, but not longer than this. */
void libvirt_thread_await_first(struct libvirt_thread *thread, uint64_t timeout_ns);

/* Asks for a poll and returns at once. While one is in progress, that one is enough. */
void libvirt_thread_poll(struct libvirt_thread *thread);

/*
 * The domains as of the last poll, for reading and for leaving hints in, until
 * libvirt_thread_unlock(). No thread holds the lock while it waits for anything.
 */
struct domain_list *libvirt_thread_lock(struct libvirt_thread *thread);
void libvirt_thread_unlock(struct libvirt_thread *thread);

void libvirt_thread_status(
	struct libvirt_thread *thread, uint64_t now_ns, struct libvirt_status *ret);

/*
 * Returns within half a second. A thread that waits for a libvirt that hangs is left behind, with
 * the memory it uses, for the end of the process to collect. Accepts NULL.
 */
void libvirt_thread_stop(struct libvirt_thread *thread);

#endif
