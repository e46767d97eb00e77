/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is compared: the same load while nothing, an empty program or vmbpf is attached to
 * the kernel.
 */
#ifndef BENCH_VARIANT_H
#define BENCH_VARIANT_H

#include <stdint.h>

#include "bpf/loader.h"

enum variant {
	NOTHING,
	LIGHT, /* vmbpf --light */
	EMPTY, /* a program that does nothing on each event */
	OF_NO_VM, /* vmbpf, while the load belongs to no VM */
	OF_VM, /* vmbpf, while everything in the load belongs to a VM */
	N_VARIANTS
};

enum events { ON_SWITCH, ON_NETWORK };

struct attached {
	struct empty_bpf *empty;
	struct loader loader;
};

/*
 * Of any variant but OF_VM, which is reached from OF_NO_VM because loading takes most of a second.
 * -errno; variant_leave() is due in any case.
 */
int variant_enter(enum variant variant, enum events events, struct attached *attached);
void variant_leave(struct attached *attached);

/* From OF_NO_VM to OF_VM. `tap` is the interface of the VM, -1 where there is none. -errno. */
int variant_become_vm(struct attached *attached, int tap);

/* Makes the calling process a VM in the eyes of the kernel side, and finds its threads. -errno. */
int process_becomes_vm(struct loader *loader);

/*
 * How often programs of this process, by name, have run so far and how long that took; counted
 * while statistics are on. -ENOENT where none of them is loaded.
 */
int program_runs(const char *const *names, uint64_t *run_ns, uint64_t *runs);

#endif
