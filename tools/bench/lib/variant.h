/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is compared: the same load while nothing, an empty program or vmbpf is attached to
 * the kernel.
 */
#ifndef BENCH_VARIANT_H
#define BENCH_VARIANT_H

#include <stdint.h>
#include <sys/types.h>

#include "bpf/loader.h"

enum variant {
	NOTHING,
	LIGHT, /* vmbpf --light */
	EMPTY, /* a program that does nothing on each event */
	OF_NO_VM, /* vmbpf, while the load belongs to no VM */
	OF_VM, /* vmbpf, while everything in the load belongs to a VM */
	BEHIND_VM, /* vmbpf, while one thread of the load belongs to another VM than the rest */
	BEHIND_HOST, /* vmbpf, while one thread of the load belongs to no VM, and the rest to one */
	N_VARIANTS
};

enum events { ON_SWITCH, ON_WAKEUP, ON_NETWORK };

struct attached {
	struct empty_bpf *empty;
	struct loader loader;
};

/*
 * Of the variants up to OF_NO_VM; from there the others are reached, because loading takes most of
 * a second. -errno; variant_leave() is due in any case.
 */
int variant_enter(enum variant variant, enum events events, struct attached *attached);
void variant_leave(struct attached *attached);

/* From OF_NO_VM to OF_VM. `tap` is the interface of the VM, -1 where there is none. -errno. */
int variant_become_vm(struct attached *attached, int tap);

/* From OF_VM to BEHIND_VM, and on to BEHIND_HOST: sets that thread of ours apart. -errno. */
int variant_set_apart(struct attached *attached, enum variant variant, pid_t tid);

/* Whether since then somebody has been found to hold the CPU that the others waited for. */
bool variant_has_blamed(const struct attached *attached);

/*
 * Makes the calling process a VM in the eyes of the kernel side, and all its threads vCPUs: their
 * waits are held against those who have the CPU meanwhile. -errno.
 */
int process_becomes_vm(struct loader *loader);

/*
 * How often programs of this process, by name, have run so far and how long that took; counted
 * while statistics are on. -ENOENT where none of them is loaded.
 */
int program_runs(const char *const *names, uint64_t *run_ns, uint64_t *runs);

#endif
