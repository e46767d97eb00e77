/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf blame: who had the CPUs that VMs waited for. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/terminal.h"
#include "cmd/view.h"
#include "sink/blame.h"

struct blaming {
	const struct request *request;
	struct wanted wanted;
	struct output output;
	bool hinted; /* what is being done stands on the terminal */
};

/* A report takes a while, and nothing else says that vmbpf is at work. */
static void show_hint(struct blaming *blaming)
{
	if (!terminal_is_screen() || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "measuring for %.1f s...",
		(double)blaming->request->config.interval_ns * 1e-9);
	blaming->hinted = true;
}

/* ECMA-48: to the begin of the line, erase it. */
static void erase_hint(struct blaming *blaming)
{
	if (blaming->hinted)
		fputs("\r\033[K", stderr);
	blaming->hinted = false;
}

/* Reports that follow each other are told apart by an empty line. */
static int print(struct blaming *blaming, const struct snapshot *snap)
{
	struct output *output = &blaming->output;

	if (output->begun && output->sink == &blame_sink)
		fputc('\n', output->file);
	return output_tick(output, snap);
}

/* The first snapshot has no rates, but tells which VMs there are. */
static int tick(void *context, const struct snapshot *snap)
{
	struct blaming *blaming = context;
	int err;

	erase_hint(blaming);
	err = view_find_vms(&blaming->wanted, snap);
	if (err)
		return err;
	if (!snap->before && !blaming->request->config.replay) {
		show_hint(blaming);
		return 0;
	}
	return print(blaming, snap);
}

static int end(void *context)
{
	struct blaming *blaming = context;

	erase_hint(blaming);
	return output_end(&blaming->output);
}

/* One report unless more are asked for; the first snapshot of this host makes none. */
static int run_blaming(struct blaming *blaming)
{
	struct config config = blaming->request->config;
	const struct consumer consumer = {
		.tick = tick,
		.end = end,
		.context = blaming,
		.where = "standard output",
		.warm_up = config.replay,
	};
	int status;

	config.count = config.count ? config.count : 1;
	if (!config.replay && config.count < UINT64_MAX)
		config.count++;
	terminal_describe(blaming->request, &blaming->output.spec);
	status = loop_run(&config, &consumer);
	return status ? status : blaming->wanted.status;
}

static int run(const struct request *request, const char *operand)
{
	const char *format = request->output ? request->output : blame_sink.name;
	bool people = strcmp(format, blame_sink.name) == 0;
	const struct view_defaults defaults = {
		.sort = people ? "ready" : NULL,
		.scopes = 1u << (people ? SCOPE_VM : SCOPE_BLAME),
	};
	struct blaming blaming = {
		.request = request,
		.wanted.operand = operand,
		.output = { .file = stdout, .sink = people ? &blame_sink : sink_find(format) },
	};
	int status = view_init(request, &defaults, &blaming.output.spec);

	if (!status)
		status = view_choose_vms(&blaming.wanted, &blaming.output.spec);
	if (!status)
		status = run_blaming(&blaming);
	view_done(&blaming.output.spec);
	return status;
}

static const struct option_row options[] = {
	{ .name = "count",
		.key = 'n',
		.argument = "N",
		.help = "make N reports, one after the other (default 1)",
		.set = set_count,
		.field = IN_REQUEST(config.count) },
	{ .name = "interval",
		.key = 'd',
		.argument = "SECS",
		.help = "what each is about, 0.1 to 3600 seconds (default 5)",
		.set = set_interval,
		.field = IN_REQUEST(config.interval_ns) },
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table, json (lines) or csv",
		.set = set_sink,
		.field = IN_REQUEST(output) },
	OPTION_NO_HEADERS,
	OPTION_ASCII,
	OPTIONS_OF_SOURCES,
	OPTION_HELP,
	{ 0 },
};

const struct command blame_command = {
	.name = "blame",
	.summary = "Tell who had the CPUs that VMs waited for.",
	.options = options,
	.operand = "VM",
	.interval_ns = 5 * NSEC_PER_SEC,
	.examples = {
		"sudo vmbpf blame                      every VM that waits, over 5 seconds",
		"sudo vmbpf blame 'web-*' -d 60        those of that name, over a minute",
		"vmbpf blame --replay day.jsonl -o csv the rows, from a recording",
	},
	.run = run,
};
