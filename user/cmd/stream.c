/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf stream: JSON lines for other programs, one for each entity and tick. */
#include <unistd.h>

#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/view.h"

static int run(const struct request *request, const char *operand)
{
	const struct view_defaults defaults = { .scopes = 1u << SCOPE_HOST | 1u << SCOPE_VM };
	struct output output = { .file = stdout, .sink = sink_find("json") };
	const struct consumer consumer = {
		.tick = output_tick,
		.end = output_end,
		.context = &output,
		.where = "standard output",
		.paced = isatty(STDOUT_FILENO),
	};
	int status = view_init(request, &defaults, &output.spec);
	struct config config = request->config;

	(void)operand;
	config.exits = output.spec.scopes & 1u << SCOPE_EXIT;
	if (!status)
		status = loop_run(&config, &consumer);
	view_done(&output.spec);
	return status;
}

static const struct option_row options[] = {
	{ .name = "scope",
		.argument = "LIST",
		.help = "host,vm (default); vcpu,thread,nic,disk,exit,blame",
		.set = option_set_text,
		.field = IN_REQUEST(scopes) },
	OPTION_COUNT,
	OPTION_INTERVAL,
	OPTION_FILTER,
	OPTIONS_OF_SOURCES,
	OPTION_HELP,
	{ 0 },
};

const struct command stream_command = {
	.name = "stream",
	.summary = "Write JSON lines, one for each entity and tick.",
	.options = options,
	.examples = {
		"sudo vmbpf stream -n 2 | jq .",
		"sudo vmbpf stream --scope vm,vcpu -d 10 -f 'ready > 5'",
		"vmbpf stream --replay day.jsonl --scope nic | jq .net_rx_bytes_total",
	},
	.run = run,
};
