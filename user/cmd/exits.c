/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf exits: why the VMs leave guest mode, and what each reason costs. */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/options.h"
#include "cmd/show.h"
#include "cmd/view.h"

#define FIELDS \
	"exit.exits,exit.exit_handling,exit.exit_handling_mean,exit.exit_handling_p99," \
	"exit.exit_handling_max"

static const struct view_defaults defaults = {
	.fields = "exit.kind," FIELDS,
	.sort = "exit_handling",
	.scopes = 1u << SCOPE_EXIT,
};

static const struct view_defaults vcpu_defaults = {
	.fields = "exit.kind,exit.vcpu," FIELDS,
	.sort = "exit_handling",
	.scopes = 1u << SCOPE_EXIT,
};

/* NULL where there is nothing to say. */
static const char *find_reason(const struct show *show, const struct snapshot *snap)
{
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (strcmp(snap->sources[i].name, "exits") == 0)
			return snap->sources[i].up ? NULL : snap->sources[i].reason;
	if (show->request->config.replay)
		return "this recording has no exits (vmbpf record --exits keeps them)";
	return NULL;
}

/* The table says it by itself, at its head. */
static void say_what_is_absent(struct show *show, const struct snapshot *snap)
{
	bool is_table = show->output.sink == sink_find("table");
	const char *reason = find_reason(show, snap);

	if (show->told || !reason || show_is_screen(show))
		return;
	if (is_table && show->output.spec.headers && !show->request->config.replay)
		return;
	log_warning("%s", reason);
	show->told = true;
}

static bool has_times(const struct snapshot *snap)
{
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		for (const struct exit *exit = vm->exits_by_reason; exit; exit = exit->next)
			if (exit->handling_ns != NOT_REPORTED)
				return true;
	return false;
}

/* What costs most comes first; where costs cannot be told, what is most frequent. */
static int prepare(struct show *show, const struct snapshot *snap)
{
	int err = view_find_vms(&show->wanted, snap);

	if (err)
		return err;
	say_what_is_absent(show, snap);
	if (!show->request->sort)
		column_find(has_times(snap) ? "exit_handling" : "exits", SCOPE_EXIT,
			&show->output.spec.sort);
	return 0;
}

static int run(const struct request *request, const char *operand)
{
	const char *format = request->output ? request->output : "table";
	struct show show = {
		.request = request,
		.output = { .file = stdout, .sink = sink_find(format) },
		.prepare = prepare,
		.wanted.operand = operand,
	};
	struct request chosen = *request;
	struct config config = request->config;
	int status;

	chosen.vcpu_rows = false; /* these are rows of their own scope */
	config.exits = true;
	config.exits_by_vcpu = request->vcpu_rows;
	if (strcmp(format, "table") == 0 && !request->batch && !isatty(STDOUT_FILENO))
		config.count = config.count ? config.count : 1;
	status = view_init(
		&chosen, request->vcpu_rows ? &vcpu_defaults : &defaults, &show.output.spec);
	show.output.spec.vm_rows = true;
	if (!status)
		status = view_choose_vms(&show.wanted, &show.output.spec);
	if (!status)
		status = show_run(&show, &config);
	view_done(&show.output.spec);
	return status ? status : show.wanted.status;
}

static const char *set_csv(void *field, const char *text)
{
	(void)text;
	return option_set_text(field, "csv");
}

static const struct option_row options[] = {
	OPTION_COUNT,
	OPTION_INTERVAL,
	{ .name = "once",
		.help = "print one table and end, as into a file or a pipe",
		.set = option_set_flag,
		.field = IN_REQUEST(once) },
	{ .name = "sort",
		.key = 's',
		.argument = "NAME",
		.help = "order by that column (default exit_handling)",
		.set = option_set_text,
		.field = IN_REQUEST(sort) },
	OPTION_FILTER,
	{ .name = "vcpus",
		.key = 'H',
		.help = "tell the vCPUs of a VM apart",
		.set = option_set_flag,
		.field = IN_REQUEST(vcpu_rows) },
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table, json (lines) or csv",
		.set = set_sink,
		.field = IN_REQUEST(output) },
	{ .name = "csv",
		.help = "the same as -o csv",
		.set = set_csv,
		.field = IN_REQUEST(output) },
	{ .name = "batch",
		.key = 'b',
		.help = "print table after table instead of one screen",
		.set = option_set_flag,
		.field = IN_REQUEST(batch),
		.advanced = true },
	{ .name = "reverse",
		.key = 'r',
		.help = "turn the order around",
		.set = option_set_flag,
		.field = IN_REQUEST(reverse),
		.advanced = true },
	OPTION_NO_HEADERS,
	OPTION_ASCII,
	OPTION_COLOUR,
	OPTIONS_OF_SOURCES,
	OPTION_HELP,
	{ 0 },
};

const struct command exits_command = {
	.name = "exits",
	.summary = "Show why VMs leave guest mode, and what each reason costs.",
	.options = options,
	.operand = "VM",
	.examples = {
		"sudo vmbpf exits                     of all VMs, the costliest reason first",
		"sudo vmbpf exits db -H -s exits      vCPU by vCPU, the most frequent first",
		"sudo vmbpf exits 'web*' --csv -n 60  a minute of it for a spreadsheet",
	},
	.run = run,
};
