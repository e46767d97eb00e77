/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tick: snapshots of this host, or of a recording, one after the other. */
#ifndef CMD_LOOP_H
#define CMD_LOOP_H

#include <stdbool.h>

#include "vmbpf/config.h"
#include "vmbpf/model.h"
#include "vmbpf/pace.h"

/* Where the snapshots go. */
struct consumer {
	/*
	 * 0 or -errno, which ends the loop and is said to have happened at `where`; -ECANCELED ends
	 * it without a word, as a signal would.
	 */
	int (*tick)(void *context, const struct snapshot *snap);
	int (*end)(void *context); /* likewise, once after the last tick; may be NULL */
	/*
	 * Between ticks: standard input can be read, or a signal has arrived that does not end the
	 * program, as when the window has another size. Likewise; may be NULL.
	 */
	int (*input)(void *context, struct pace *pace);
	/* SIGHUP has arrived, which does not end the loop then; may be NULL. */
	void (*hangup)(void *context);
	void *context;
	const char *where;
	bool warm_up; /* skip the first snapshot, which has no rates, if there is another one */
	bool last_only; /* take as many as asked for, but hand on the last one alone */
	bool paced; /* show a recording at the speed it was made, not as fast as it can be read */
};

/*
 * Runs until config->count snapshots were handed on, the recording ends, or SIGINT, SIGTERM or,
 * unless the consumer has a use for it, SIGHUP arrives. Returns the exit status.
 */
int loop_run(const struct config *config, const struct consumer *consumer);

/* Whether a signal has asked for the end, for what takes long within a tick. */
bool loop_is_ending(void);

#endif
