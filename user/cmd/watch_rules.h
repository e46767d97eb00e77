/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules a command line means: a file, thresholds given as options, or those that ship. */
#ifndef CMD_WATCH_RULES_H
#define CMD_WATCH_RULES_H

#include "alert/rule.h"
#include "cmd/cmd.h"

struct watch_rules {
	struct rules all; /* what to watch; owned by the next two */
	struct rules of_file, of_options;
};

/* 0, or the exit status after one line on standard error. */
int watch_rules_load(const struct request *request, struct watch_rules *ret);
void watch_rules_done(struct watch_rules *rules);

/* The rules of one file, likewise. */
int watch_rules_read(const char *path, struct rules *ret);

/* For option_row.set: thresholds, in the forms that their help says. */
const char *set_percent(void *field, const char *text);
const char *set_bytes_per_second(void *field, const char *text);
const char *set_cpu_time(void *field, const char *text);
const char *set_for(void *field, const char *text);

#endif
