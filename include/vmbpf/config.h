/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asked for. Filled once by a command, then passed down as const. */
#ifndef VMBPF_CONFIG_H
#define VMBPF_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* A time in a recording, as a person tells it. */
struct when {
	enum {
		WHEN_NOT_GIVEN,
		WHEN_REAL, /* CLOCK_REALTIME */
		WHEN_SINCE, /* the first tick */
		WHEN_OF_DAY, /* since midnight, local time */
	} kind;
	uint64_t ns;
};

struct config {
	uint64_t interval_ns; /* between ticks */
	uint64_t count; /* ticks, 0: until stopped */
	const char *uri; /* of libvirt, NULL: the local system's */
	const char *replay; /* a recording to read instead of the machine, NULL: the machine */
	struct when at; /* where in the recording to begin */
	const char *user; /* whom to become once the programs are attached, NULL: "nobody" */
	bool light; /* attach nothing, only walk */
	bool exits; /* attach what counts exits by reason */
	bool exits_by_vcpu; /* and tell them by vCPU, not by VM */
	bool verbose;
	uint32_t max_threads; /* slots for threads of VMs, 0: the default */
	uint32_t max_nics; /* slots for interfaces of VMs, 0: the default */
};

#endif
