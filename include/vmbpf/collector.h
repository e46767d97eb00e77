/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a collector is: one source of data, one file under user/collect/, one row in collectors[].
 *
 * A collector fills its own fields of the snapshot and sets its own bit in `have`; it knows no
 * other collector and no output. They run in the order of the rows: those that find VMs before
 * those that add to them.
 */
#ifndef VMBPF_COLLECTOR_H
#define VMBPF_COLLECTOR_H

#include "vmbpf/config.h"
#include "vmbpf/model.h"

struct collector {
	const char *name;
	/*
	 * Opens the source. 0, or -errno with *why a sentence for the user (static, or owned by the
	 * collector until close): what failed, what is lost, what to do.
	 */
	int (*open)(const struct config *config, void **state, const char **why);
	/* Adds to a snapshot. Must not block: what can hang runs in a thread of its own. */
	void (*collect)(void *state, struct snapshot *snap);
	/*
	 * Optional. Called once, after every collector is open and privileges are dropped, to start
	 * threads.
	 */
	int (*start)(void *state);
	void (*close)(void *state);
	bool required; /* without it vmbpf cannot do its job */
};

extern const struct collector *const collectors[]; /* NULL-terminated */

#endif
