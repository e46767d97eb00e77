/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a program, in the process that runs them. */
#ifndef ALERT_EXEC_RUN_H
#define ALERT_EXEC_RUN_H

#include "alert/exec_runner.h"

/* A program that runs. */
struct run {
	pid_t pid; /* 0: none does */
	int pidfd; /* readable once it has ended */
	int input; /* its standard input; -1: it has got all */
	char *text; /* what it gets there */
	size_t size, written;
	uint64_t signal_ns; /* when it gets the next signal */
	unsigned n_signals; /* that it has got */
};

/* Starts it with those texts. 0 or -errno, and nothing runs. */
int run_start(const struct runner_plan *plan, struct run *run,
	const char *const texts[static N_RUN_TEXTS]);

/* Writes as much to its standard input as there is room for. */
void run_feed(struct run *run);

/* Signals its process group when the time is over. */
void run_remind(const struct runner_plan *plan, struct run *run, uint64_t now_ns);

/* Ends it with all that it has started and left in its group. Returns its status, as waitpid(). */
int run_end(struct run *run);

#endif
