/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outlets that a command line asks for, opened, fed and ended together. */
#ifndef CMD_WATCH_OUTLETS_H
#define CMD_WATCH_OUTLETS_H

#include "alert/outlets.h"
#include "cmd/cmd.h"

/* Standard output, the log, the system's log, the program and the URLs. */
#define MAX_OUTLETS (4 + 2 * WORDS_MAX)

struct watch_outlets {
	struct outlet *outlet[MAX_OUTLETS];
	bool troubled[MAX_OUTLETS]; /* that it fails has been said */
	unsigned n;
	struct outlet *stream; /* the one to standard output, NULL: none */
	bool patient; /* a recording, which can wait for slow outlets */
	bool started;
};

/* Before rights are given up. 0, or the exit status after one line on standard error. */
int watch_outlets_open(const struct request *request, bool with_stream, struct watch_outlets *ret);

/* Afterwards: 0 or -errno. */
int watch_outlets_start(struct watch_outlets *outlets);

/* Blocks only in a recording. */
void watch_outlets_push(struct watch_outlets *outlets, const struct alert_record *record);

void watch_outlets_reopen(struct watch_outlets *outlets);

/* Says which outlets have begun to fail, or work again. */
void watch_outlets_check(struct watch_outlets *outlets);

/* 0, or the -errno of standard output once nobody reads it any more. */
int watch_outlets_broken(const struct watch_outlets *outlets);

/*
 * Gives what waits some seconds to go out, and says what was dropped. Of standard output it says
 * nothing where that is broken, as watch_outlets_broken() tells, but returns that -errno.
 */
int watch_outlets_close(struct watch_outlets *outlets);

#endif
