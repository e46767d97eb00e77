/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf blame: who had the CPUs that VMs waited for. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/terminal.h"
#include "cmd/view.h"
#include "model/filter.h"
#include "sink/blame.h"

struct blaming {
	const struct request *request;
	const char *wanted; /* a VM, or a glob; NULL: all */
	struct output output;
	bool hinted; /* what is being done stands on the terminal */
	bool found; /* a VM that was wanted has been seen */
	int status;
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

static bool is_there(const struct blaming *blaming, const struct snapshot *snap)
{
	const struct filter *filter = blaming->output.spec.filter;
	struct item item = { 0 };

	while (scopes[SCOPE_VM].next(snap, &item))
		if (filter_match(filter, snap, SCOPE_VM, &item))
			return true;
	return false;
}

/* A UUID may become known only when libvirt has answered, after the first snapshot. */
static bool is_complete(const struct snapshot *snap)
{
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		if (!vm->uuid)
			return snap->before != NULL;
	return true;
}

/* 0, or -ECANCELED after one line on standard error. */
static int look_for_wanted(struct blaming *blaming, const struct snapshot *snap)
{
	if (blaming->found || !blaming->wanted)
		return 0;
	blaming->found = is_there(blaming, snap);
	if (blaming->found || !is_complete(snap))
		return 0;
	log_error("blame: there is no VM '%s' (see vmbpf list)", blaming->wanted);
	blaming->status = EX_NOINPUT;
	return -ECANCELED;
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
	err = look_for_wanted(blaming, snap);
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
	terminal_describe(COLOUR_AUTO, &blaming->output.spec);
	status = loop_run(&config, &consumer);
	return status ? status : blaming->status;
}

static int choose_vms(const char *operand, struct view_spec *spec)
{
	struct filter *filter = NULL;

	if (!operand)
		return 0;
	if (filter_add_vm(&filter, operand) < 0) {
		log_error("out of memory");
		return EX_OSERR;
	}
	spec->filter = filter;
	return 0;
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
		.wanted = operand,
		.output = { .file = stdout, .sink = people ? &blame_sink : sink_find(format) },
	};
	int status = view_init(request, &defaults, &blaming.output.spec);

	if (!status)
		status = choose_vms(operand, &blaming.output.spec);
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
