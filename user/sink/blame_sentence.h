/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a VM waited for a CPU, for people. */
#ifndef SINK_BLAME_SENTENCE_H
#define SINK_BLAME_SENTENCE_H

#include "sink/blame_matrix.h"

/* Of a vCPU's time, in percent: from when on waiting for a CPU is worth a sentence. */
#define BLAME_NOTICEABLE 1.0

/*
 * "12.3 % of the time (per vCPU): 71 % for db-2, 20 % of it for the host's kswapd0". Safe for a
 * terminal; lives in the arena.
 */
const char *blame_describe(struct arena *arena, bool utf8, const struct waiter *waiter);

#endif
