/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording (JSON lines of all scopes, see sink/jsonl.c) as a source of snapshots instead of the
 * machine. It takes the place of all collectors, so it is not one of collectors[].
 */
#ifndef COLLECT_REPLAY_H
#define COLLECT_REPLAY_H

#include <stdbool.h>

#include "vmbpf/model.h"

struct replay;

/* 0, or -errno where the file cannot be opened. */
int replay_open(const char *path, struct replay **ret);
void replay_close(struct replay *replay); /* accepts NULL */

/*
 * Fills an empty snapshot, its clocks included, with the next tick; snapshot_finish() is left to
 * the caller. Returns 1, or 0 at the end, or -errno, after which replay_error() tells more; with
 * these two the snapshot must not be used.
 */
int replay_read(struct replay *replay, struct snapshot *snap);

/* "FILE:LINE: what is wrong and what would be right", after replay_read() has failed. */
const char *replay_error(const struct replay *replay);

/*
 * True after the end of a recording whose last line is incomplete, as when the recorder was killed
 * or the disk was full. The tick it belongs to was left out.
 */
bool replay_was_cut(const struct replay *replay);

#endif
