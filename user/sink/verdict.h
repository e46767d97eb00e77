/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is it the VM, a neighbour, the host or the storage? One sentence for people. */
#ifndef SINK_VERDICT_H
#define SINK_VERDICT_H

#include "sink/threshold.h"

struct arena;

/*
 * What holds the VM back, worst first; what it does where nothing does. Safe for a terminal; lives
 * in the arena. *level is that of the worst.
 */
const char *verdict_of(struct arena *arena, bool utf8, const struct snapshot *snap,
	const struct item *vm, enum level *level);

#endif
