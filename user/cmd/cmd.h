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

/* What a command line asked for. Each command reads the part that its options fill. */
struct request {
	struct config config;
	const char *output; /* a format, or the file of a recording */
	const char *fields;
	const char *sort;
	const char *filter;
	const char *scopes;
	enum colour colour;
	bool batch, once;
	bool reverse, ascending, descending;
	bool vcpu_rows;
	bool no_headers;
	bool force;
	bool help;
};

struct command {
	const char *name;
	const char *summary; /* one sentence */
	const struct option_row *options; /* fill a struct request */
	const char *operand; /* what may follow the options ("COMMAND"), NULL: nothing */
	const char *examples[3];
	/* `operand` is NULL unless one was given. Returns the exit status. */
	int (*run)(const struct request *request, const char *operand);
};

extern const struct command *const commands[]; /* NULL-terminated */

extern const struct command top_command, stream_command, list_command, metrics_command,
	doctor_command, record_command, version_command, help_command;

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
const char *set_max_threads(void *field, const char *text);
const char *set_max_nics(void *field, const char *text);
const char *set_colour(void *field, const char *text);
const char *set_sink(void *field, const char *text);

#define IN_REQUEST(member) offsetof(struct request, member)

/* Rows of options that several commands have. */
#define OPTION_COUNT \
	{ \
		.name = "count", .key = 'n', .argument = "N", .help = "stop after N ticks", \
		.set = set_count, .field = IN_REQUEST(config.count) \
	}
#define OPTION_INTERVAL \
	{ \
		.name = "interval", .key = 'd', .argument = "SECS", \
		.help = "time between ticks, 0.1 to 3600 seconds (default 1)", \
		.set = set_interval, .field = IN_REQUEST(config.interval_ns) \
	}
#define OPTION_FILTER \
	{ \
		.name = "filter", .key = 'f', .argument = "EXPR", \
		.help = "only what matches: 'web*', 'ready > 5 and cpu > 50'", \
		.set = option_set_text, .field = IN_REQUEST(filter) \
	}
#define OPTION_HELP \
	{ \
		.name = "help", .key = 'h', .help = "show this help", .set = option_set_flag, \
		.field = IN_REQUEST(help), .advanced = true \
	}

/* What every command understands that looks at this host. */
#define OPTIONS_OF_HOST \
	{ .name = "connect", \
		.key = 'c', \
		.argument = "URI", \
		.help = "libvirt to ask (default qemu:///system)", \
		.set = option_set_text, \
		.field = IN_REQUEST(config.uri) }, \
		{ .name = "light", \
			.help = "attach nothing to events: only walk the threads", \
			.set = option_set_flag, \
			.field = IN_REQUEST(config.light) }, \
		{ .name = "user", \
			.argument = "NAME", \
			.help = "account to become once all is open", \
			.set = option_set_text, \
			.field = IN_REQUEST(config.user), \
			.advanced = true }, \
		{ .name = "verbose", \
			.key = 'v', \
			.help = "tell more on standard error", \
			.set = option_set_flag, \
			.field = IN_REQUEST(config.verbose), \
			.advanced = true }, \
		{ .name = "max-threads", \
			.argument = "N", \
			.help = "room for that many threads of VMs", \
			.set = set_max_threads, \
			.field = IN_REQUEST(config.max_threads), \
			.advanced = true }, \
	{ \
		.name = "max-nics", .argument = "N", \
		.help = "room for that many interfaces of VMs", .set = set_max_nics, \
		.field = IN_REQUEST(config.max_nics), .advanced = true \
	}

/* And every command that takes samples. */
#define OPTIONS_OF_SOURCES \
	{ .name = "replay", \
		.argument = "FILE", \
		.help = "read a recording instead of this host", \
		.set = option_set_text, \
		.field = IN_REQUEST(config.replay) }, \
		OPTIONS_OF_HOST

#endif
