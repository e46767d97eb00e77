/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording that is played: on, and back and forth where it is no pipe. */
#ifndef CMD_PLAYBACK_H
#define CMD_PLAYBACK_H

#include <signal.h>

#include "collect/replay.h"
#include "vmbpf/config.h"
#include "vmbpf/model.h"
#include "vmbpf/pace.h"

/* A snapshot and the one it refers to, NULL at the beginning. */
struct ticks {
	struct snapshot *before, *now;
};

/* Frees what is not among those that are kept. */
void ticks_drop(struct ticks *ticks, const struct ticks *kept);

struct playback {
	struct replay *replay;
	const volatile sig_atomic_t *stop; /* ends what takes long */
	const struct ticks *shown; /* they may be on a screen, so they are never freed here */
	size_t position; /* number of shown->now */
};

/*
 * In these, `ticks` is what was got last, and becomes what follows it; what is neither that nor
 * shown is freed. They return 1, 0 where there is no such tick, or -errno, and replay_error() tells
 * more.
 */

/* The tick after the last one. */
int playback_next(struct playback *playback, struct ticks *ticks);

/* What the pace asks for, from the tick that is shown on; then it asks for it no longer. */
int playback_move(struct playback *playback, struct pace *pace, struct ticks *ticks);

/*
 * The first tick that was taken at that time (CLOCK_REALTIME) or later, looked for from the last
 * one on. With 0 it is the last one of all.
 */
int playback_find(struct playback *playback, uint64_t real_ns, struct ticks *ticks);

#endif
