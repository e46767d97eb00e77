/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast snapshots follow each other, where a person can change that. */
#ifndef VMBPF_PACE_H
#define VMBPF_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t interval_ns;
	bool held; /* none until it is false again, but for those below */
	unsigned steps; /* to take all the same, at once */
};

#endif
