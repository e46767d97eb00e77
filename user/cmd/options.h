/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of options that several commands have. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "cmd/cmd.h"

#define IN_REQUEST(member) offsetof(struct request, member)

/* clang-format off */
#define OPTION_COUNT \
	{ .name = "count", .key = 'n', .argument = "N", .help = "stop after N ticks", \
		.set = set_count, .field = IN_REQUEST(config.count) }

#define OPTION_INTERVAL \
	{ .name = "interval", .key = 'd', .argument = "SECS", \
		.help = "time between ticks, 0.1 to 3600 seconds (default 1)", \
		.set = set_interval, .field = IN_REQUEST(config.interval_ns) }

#define OPTION_FILTER \
	{ .name = "filter", .key = 'f', .argument = "EXPR", \
		.help = "only what matches: 'web*', 'ready > 5 and cpu > 50'", \
		.set = option_set_text, .field = IN_REQUEST(filter) }

#define OPTION_NO_HEADERS \
	{ .name = "no-headers", .help = "only the rows", \
		.set = option_set_flag, .field = IN_REQUEST(no_headers), .advanced = true }

#define OPTION_ASCII \
	{ .name = "ascii", .help = "no characters beyond ASCII", \
		.set = option_set_flag, .field = IN_REQUEST(ascii), .advanced = true }

#define OPTION_COLOUR \
	{ .name = "color", .argument = "WHEN", \
		.help = "auto, always or never (NO_COLOR is honoured)", \
		.set = set_colour, .field = IN_REQUEST(colour), .advanced = true }

#define OPTION_HELP \
	{ .name = "help", .key = 'h', .help = "show this help", \
		.set = option_set_flag, .field = IN_REQUEST(help), .advanced = true }

/* What every command understands that looks at this host. */
#define OPTIONS_OF_HOST \
	{ .name = "connect", .key = 'c', .argument = "URI", \
		.help = "libvirt to ask (default qemu:///system)", \
		.set = option_set_text, .field = IN_REQUEST(config.uri) }, \
	{ .name = "light", .help = "attach nothing to events: only walk the threads", \
		.set = option_set_flag, .field = IN_REQUEST(config.light) }, \
	{ .name = "verbose", .key = 'v', .help = "tell more on standard error", \
		.set = option_set_flag, .field = IN_REQUEST(config.verbose), .advanced = true }, \
	{ .name = "user", .argument = "NAME", .help = "account to become once all is open", \
		.set = option_set_text, .field = IN_REQUEST(config.user), .advanced = true }, \
	{ .name = "max-threads", .argument = "N", .help = "room for that many threads of VMs", \
		.set = set_max_threads, .field = IN_REQUEST(config.max_threads), .advanced = true }, \
	{ .name = "max-nics", .argument = "N", .help = "room for that many interfaces of VMs", \
		.set = set_max_nics, .field = IN_REQUEST(config.max_nics), .advanced = true }

/* And every command that takes samples. */
#define OPTIONS_OF_SOURCES \
	{ .name = "replay", .argument = "FILE", .help = "read a recording, --at TIME: from there", \
		.set = option_set_text, .field = IN_REQUEST(config.replay) }, \
	{ .name = "at", .argument = "TIME", .help = "begin there in the recording", \
		.set = set_at, .field = IN_REQUEST(config.at), .advanced = true }, \
	OPTIONS_OF_HOST
/* clang-format on */

#endif
