/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How snapshots follow each other, and what a person who watches them asks for. */
#ifndef VMBPF_PACE_H
#define VMBPF_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t interval_ns;
	bool held; /* none until it is false again, but for those below */
	/*
	 * Ticks to go on by at once, of a recording also back where negative, and time to go on or
	 * back by. They are zero again once that is done.
	 */
	long steps;
	int64_t jump_ns;
	bool recorded; /* set by the loop, as is the next: it is no host but a recording */
	bool goes_back; /* steps and jump_ns may be negative */
};

#endif
