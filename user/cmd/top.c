/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf top: the VMs as a table, again and again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/terminal.h"
#include "cmd/view.h"

static const struct view_defaults defaults = {
	.fields = "state,vcpus,cpu,cpu_used,ready,switches,memory_used_bytes,memory_assigned,"
		  "memory_rss,net_rx,net_tx,disk_read,disk_write",
	.sort = "cpu",
	.scopes = 1u << SCOPE_VM,
};

/* In a list without a hierarchy the vCPUs stand for themselves. */
static const struct view_defaults vcpu_defaults = {
	.fields = "vcpu.cpu,vcpu.ready,vcpu.wait,vcpu.switches,vcpu.migrations,vcpu.host_cpu",
	.sort = "cpu",
	.scopes = 1u << SCOPE_VCPU,
};

/* What is shown of each VM, or of each vCPU. */
static struct view_defaults choose_defaults(const struct request *request, const char *format)
{
	struct view_defaults chosen = defaults;

	if (!request->vcpu_rows)
		return chosen;
	if (strcmp(format, "csv") == 0)
		return vcpu_defaults;
	chosen.scopes |= 1u << SCOPE_VCPU;
	return chosen;
}

struct top {
	const struct request *request;
	struct output output;
};

/* The table is made in memory: only then is it known how much of it the screen can take. */
static int draw(void *context, const struct snapshot *snap)
{
	struct top *top = context;
	char *text = NULL;
	size_t size = 0;
	int err;

	terminal_describe(top->request->colour, &top->output.spec);
	top->output.file = open_memstream(&text, &size);
	if (!top->output.file)
		return -ENOMEM;
	err = output_tick(&top->output, snap);
	if (fclose(top->output.file) && !err)
		err = -ENOMEM;
	if (!err)
		err = terminal_draw(stdout, text);
	if (err)
		output_forget(stdout);
	free(text);
	return err;
}

/* Tables that follow each other are told apart by an empty line. */
static int print(void *context, const struct snapshot *snap)
{
	struct top *top = context;
	bool separate = top->output.begun && top->output.spec.headers &&
			top->output.sink == sink_find("table");

	if (separate)
		fputc('\n', top->output.file);
	return output_tick(&top->output, snap);
}

static int print_end(void *context)
{
	struct top *top = context;

	return output_end(&top->output);
}

static int run_top(struct top *top, const struct request *request)
{
	struct config config = request->config;
	bool table = top->output.sink == sink_find("table");
	bool screen = table && !request->batch && !request->once && terminal_is_screen();
	struct consumer consumer = {
		.tick = screen ? draw : print,
		.end = screen ? NULL : print_end,
		.context = top,
		.where = "standard output",
		.warm_up = !screen,
		.paced = isatty(STDOUT_FILENO) && !request->once,
	};

	if (request->once)
		config.count = 1;
	terminal_describe(request->colour, &top->output.spec);
	if (!screen)
		top->output.spec.width = 0;
	return loop_run(&config, &consumer);
}

static int run(const struct request *request, const char *operand)
{
	const char *format = request->output ? request->output : "table";
	struct top top = {
		.request = request,
		.output = { .file = stdout, .sink = sink_find(format) },
	};
	struct view_defaults shown = choose_defaults(request, format);
	int status;

	(void)operand;
	if (request->fields && strcmp(request->fields, "help") == 0) {
		view_print_fields();
		return 0;
	}
	status = view_init(request, &shown, &top.output.spec);
	if (!status)
		status = run_top(&top, request);
	view_done(&top.output.spec);
	return status;
}

static const struct option_row options[] = {
	{ .name = "batch",
		.key = 'b',
		.help = "print table after table instead of one screen",
		.set = option_set_flag,
		.field = IN_REQUEST(batch) },
	OPTION_COUNT,
	OPTION_INTERVAL,
	{ .name = "once",
		.help = "print the rates of one interval and end (-b -n 1)",
		.set = option_set_flag,
		.field = IN_REQUEST(once) },
	{ .name = "sort",
		.key = 's',
		.argument = "NAME",
		.help = "order by that column (default cpu)",
		.set = option_set_text,
		.field = IN_REQUEST(sort) },
	{ .name = "reverse",
		.key = 'r',
		.help = "turn the order around",
		.set = option_set_flag,
		.field = IN_REQUEST(reverse) },
	OPTION_FILTER,
	{ .name = "fields",
		.argument = "LIST",
		.help = "columns; 'help' lists what there is",
		.set = option_set_text,
		.field = IN_REQUEST(fields) },
	{ .name = "vcpus",
		.key = 'H',
		.help = "a row for each vCPU under its VM",
		.set = option_set_flag,
		.field = IN_REQUEST(vcpu_rows) },
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table, json (lines) or csv",
		.set = set_sink,
		.field = IN_REQUEST(output) },
	OPTION_NO_HEADERS,
	{ .name = "color",
		.argument = "WHEN",
		.help = "auto, always or never (NO_COLOR is honoured)",
		.set = set_colour,
		.field = IN_REQUEST(colour) },
	OPTIONS_OF_SOURCES,
	{ .name = "ascending",
		.help = "order from small to large",
		.set = option_set_flag,
		.field = IN_REQUEST(ascending),
		.advanced = true },
	{ .name = "descending",
		.help = "order from large to small",
		.set = option_set_flag,
		.field = IN_REQUEST(descending),
		.advanced = true },
	OPTION_HELP,
	{ 0 },
};

const struct command top_command = {
	.name = "top",
	.summary = "Show the VMs as a table, drawn again at every tick.",
	.options = options,
	.examples = {
		"sudo vmbpf top -s ready              who waits for a CPU, longest first",
		"sudo vmbpf top -H -f 'web*'          vCPU by vCPU, for some VMs",
		"sudo vmbpf top --once -o csv         one sample for a spreadsheet",
	},
	.run = run,
};
