/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording (JSON lines of all scopes, see sink/jsonl.c) as a source of snapshots instead of the
 * machine. It takes the place of all collectors, so it is not one of collectors[].
 */
#ifndef COLLECT_REPLAY_H
#define COLLECT_REPLAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmbpf/model.h"

struct replay;

/* 0, or -errno where the file cannot be opened. */
int replay_open(const char *path, struct replay **ret);
void replay_close(struct replay *replay); /* accepts NULL */

/*
 * From now on a signal that sets *stop ends what waits for a pipe, which returns -EINTR. Other
 * signals end nothing.
 */
void replay_stop_by(struct replay *replay, const volatile sig_atomic_t *stop);

/*
 * Fills an empty snapshot, its clocks included, with the next tick; snapshot_finish() is left to
 * the caller. Returns 1, or 0 at the end, or -errno, after which replay_error() tells more; with
 * these two the snapshot must not be used.
 */
int replay_read(struct replay *replay, struct snapshot *snap);

/* When a tick was taken, by the clocks that its snapshot has. */
struct tick_time {
	uint64_t mono_ns, real_ns;
};

/*
 * Passes over the next tick as cheaply as it can be told where it ends: what is damaged in it may
 * go unnoticed. Returns as replay_read() does; *ret is set with 1 alone.
 */
int replay_skip(struct replay *replay, struct tick_time *ret);

/*
 * Where a recording is no pipe, it is remembered where each tick that was read or skipped begins,
 * at 24 bytes a tick, so that these can be read again. Their clocks are then the same.
 */
bool replay_can_seek(const struct replay *replay);

/* The number of the next tick, from 0 on. */
size_t replay_position(const struct replay *replay);

/* Makes that tick the next one, which was read or skipped before. 0, or -ESPIPE. */
int replay_seek(struct replay *replay, size_t tick);

/*
 * The first tick of those known that was taken at that time (mono_ns) or later; where there is none
 * their number.
 */
size_t replay_find(const struct replay *replay, uint64_t mono_ns);

/* "FILE:LINE: what is wrong and what would be right", after replay_read() has failed. */
const char *replay_error(const struct replay *replay);

/*
 * True after the end of a recording whose last line is incomplete, as when the recorder was killed
 * or the disk was full. The tick it belongs to was left out.
 */
bool replay_was_cut(const struct replay *replay);

#endif
