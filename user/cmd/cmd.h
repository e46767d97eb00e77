/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is, and what the commands share: one file per command, one row in commands[]. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <sysexits.h>

#include "base/option.h"
#include "vmbpf/config.h"

/* Exit statuses that sysexits.h does not have. */
enum {
	EXIT_NEGATIVE = 1, /* it worked, and the answer is no */
	EXIT_BROKEN_PIPE = 141, /* whoever read the output has gone: as if SIGPIPE had killed us */
};

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* An option that may be given several times. */
#define WORDS_MAX 32
struct words {
	const char *word[WORDS_MAX];
	unsigned n;
};

/* What is to be watched, and where alerts go. */
struct watch_request {
	/* Thresholds, checked but as they were written; NULL: not given. */
	const char *cpu, *memory, *ready, *storage, *net;
	const char *clear;
	uint64_t cpu_time_ns; /* 0: not given */
	uint64_t for_ns;
	struct words domains;
	const char *rules;
	const char *state;
	const char *log, *exec;
	struct words webhooks, alertmanagers;
	bool syslog;
	bool nagios;
	bool summary;
};

/* What a command line asked for. Each command reads the part that its options fill. */
struct request {
	struct config config;
	struct watch_request watch;
	const char *const *operands; /* all of them, NULL-terminated */
	const char *output; /* a format, or the file of a recording */
	const char *esxtop; /* the file of a CSV like esxtop's */
	const char *fields;
	const char *sort;
	const char *filter;
	const char *scopes;
	enum colour colour;
	bool batch, once;
	bool interval_given; /* that of the config */
	bool reverse, ascending, descending;
	bool vcpu_rows;
	bool no_headers;
	bool ascii;
	bool force;
	bool help;
};

struct command {
	const char *name;
	const char *summary; /* one sentence */
	const struct option_row *options; /* fill a struct request */
	const char *operand; /* what may follow the options ("COMMAND"), NULL: nothing */
	unsigned max_operands; /* 0: one, if there may be any */
	uint64_t interval_ns; /* unless an option says otherwise, 0: one second */
	const char *examples[3];
	/* `operand`, the first of them, is NULL unless one was given. Returns the exit status. */
	int (*run)(const struct request *request, const char *operand);
};

extern const struct command *const commands[]; /* NULL-terminated */

extern const struct command top_command, stream_command, list_command, blame_command, exits_command,
	metrics_command, doctor_command, record_command, watch_command, rules_command,
	version_command, help_command;

/* Runs the command that argv[1] names, with what follows it. Returns the exit status. */
int command_main(int argc, char **argv);

/* After one clear line on standard error NULL, where there is no such command. */
const struct command *command_find(const char *name);

/* The help of all commands, or of one: under 24 lines of 80 columns. */
void help_print_all(void);
void help_print_command(const struct command *command);

/*
 * What has failed on standard output, said in one line: EX_IOERR, or EXIT_BROKEN_PIPE without a
 * line. `err` is a positive errno.
 */
int output_failed(const char *where, int err);

/* For option_row.set in a request. */
const char *set_count(void *field, const char *text);
const char *set_interval(void *field, const char *text);
const char *set_at(void *field, const char *text);
const char *set_max_threads(void *field, const char *text);
const char *set_max_nics(void *field, const char *text);
const char *set_colour(void *field, const char *text);
const char *set_sink(void *field, const char *text);
const char *set_alert_format(void *field, const char *text); /* text or json */
const char *set_word(void *field, const char *text); /* one more of struct words */

#endif
