/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file in which the states of alerts outlive vmbpf. */
#ifndef CMD_WATCH_STATE_H
#define CMD_WATCH_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "alert/engine.h"
#include "base/keeper.h"

struct watch_state {
	const char *path; /* NULL: there is none */
	struct keeper keeper;
	pthread_t thread; /* it writes, so that no tick waits for a disk */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *text; /* that is to be written, NULL: nothing */
	size_t size;
	bool running, stops;
	int err; /* of the last time it was written */
	int told_err; /* of which has been said */
	uint64_t changes; /* of the engine, that were written */
	uint64_t written_ns; /* CLOCK_MONOTONIC */
};

/*
 * Reads what was kept there, before rights are given up; a path that is NULL is no state. 0, or the
 * exit status after one line on standard error. What is damaged is set aside under another name.
 */
int watch_state_open(const char *path, struct watch_state *state, struct engine *engine);

/* Once there may be threads. 0 or -errno. */
int watch_state_start(struct watch_state *state);

/* Has it written when something has changed, and says what fails. Never blocks. */
void watch_state_keep(struct watch_state *state, const struct engine *engine, uint64_t mono_ns);

/* Writes it a last time, unless the engine is NULL. */
void watch_state_close(struct watch_state *state, const struct engine *engine);

#endif
