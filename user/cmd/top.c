/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf top: the VMs as a table, again and again. */
#include <string.h>

#include "cmd/options.h"
#include "cmd/show.h"
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

static int run(const struct request *request, const char *operand)
{
	const char *format = request->output ? request->output : "table";
	struct show show = {
		.request = request,
		.keys = true,
		.output = { .file = stdout, .sink = sink_find(format) },
	};
	struct view_defaults shown = choose_defaults(request, format);
	int status;

	(void)operand;
	if (request->fields && strcmp(request->fields, "help") == 0) {
		view_print_fields();
		return 0;
	}
	status = view_init(request, &shown, &show.output.spec);
	if (!status)
		status = show_run(&show, &request->config);
	view_done(&show.output.spec);
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
	OPTION_ASCII,
	{ .name = "color",
		.argument = "WHEN",
		.help = "auto, always or never (NO_COLOR is honoured)",
		.set = set_colour,
		.field = IN_REQUEST(colour) },
	OPTIONS_OF_SOURCES,
	{ .name = "exits",
		.help = "count why VMs leave guest mode, for what i shows of a VM",
		.set = option_set_flag,
		.field = IN_REQUEST(config.exits),
		.advanced = true },
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
