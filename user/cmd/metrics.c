/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf metrics: the catalogue, with the source of each row and whether this host has it. */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/availability.h"
#include "cmd/options.h"
#include "cmd/sampler.h"
#include "model/unit.h"

static const char *const kind_names[] = {
	[COUNTER] = "counter",
	[GAUGE] = "gauge",
	[TEXT] = "text",
};

static const char *const unit_names[] = {
	[UNIT_NONE] = "number",
	[UNIT_SECONDS] = "seconds",
	[UNIT_BYTES] = "bytes",
	[UNIT_SHARE] = "percent",
};

#define TEXT_MAX 320

static const char *unit_of(const struct metric *metric)
{
	return metric->kind == TEXT ? "text" : unit_names[metric->unit];
}

/* "sched+events" */
static const char *needs_of(const struct metric *metric, char text[static TEXT_MAX])
{
	int used = 0;

	for (uint32_t left = metric->needs; left; left &= left - 1)
		used += snprintf(text + used, (size_t)(TEXT_MAX - used), "%s%s", used ? "+" : "",
			sources[__builtin_ctz(left)].name);
	return text;
}

/* How the rows and then the sources are written. */
struct format {
	const char *name;
	void (*row)(const struct metric *metric, const struct availability *state);
	void (*source)(const struct source_info *source, const struct availability *state);
	const char *before_rows, *before_sources;
};

static void table_row(const struct metric *metric, const struct availability *state)
{
	char name[TEXT_MAX], needs[TEXT_MAX];

	snprintf(name, sizeof(name), "%s.%s", scopes[metric->scope].name, metric->name);
	printf("%-27s %-8s %-13s %-4s %s\n", name, unit_of(metric), needs_of(metric, needs),
		state->here ? "yes" : "no", metric->help);
}

static void table_source(const struct source_info *source, const struct availability *state)
{
	char reason[TEXT_MAX];

	printf("%-11s %-4s %s\n", source->name, state->here ? "yes" : "no", source->mechanism);
	printf("%-16s cost: %s\n", "", source->cost);
	if (!state->here)
		printf("%-16s why not: %s\n", "",
			unit_safe_text(state->reason, reason, sizeof(reason)));
}

static void markdown_row(const struct metric *metric, const struct availability *state)
{
	char needs[TEXT_MAX];

	printf("| `%s.%s` | `%s`%s%s%s | %s | %s | %s | %s |\n", scopes[metric->scope].name,
		metric->name, metric->views[VIEW_TOTAL], metric->views[VIEW_RATE] ? ", `" : "",
		metric->views[VIEW_RATE] ? metric->views[VIEW_RATE] : "",
		metric->views[VIEW_RATE] ? "`" : "", unit_of(metric), needs_of(metric, needs),
		state->here ? "yes" : "no", metric->help);
}

static void markdown_source(const struct source_info *source, const struct availability *state)
{
	char reason[TEXT_MAX];

	printf("| %s | %s | %s | %s%s%s |\n", source->name, source->mechanism, source->cost,
		state->here ? "yes" : "no", state->here ? "" : ": ",
		unit_safe_text(state->here ? "" : state->reason, reason, sizeof(reason)));
}

static void add_text(struct json_object *object, const char *member, const char *text)
{
	char safe[TEXT_MAX];

	json_object_object_add(object, member,
		text ? json_object_new_string(unit_safe_text(text, safe, sizeof(safe))) : NULL);
}

static void print_object(struct json_object *object, const struct availability *state)
{
	json_object_object_add(object, "available", json_object_new_boolean(state->here));
	add_text(object, "reason", state->reason);
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void json_row(const struct metric *metric, const struct availability *state)
{
	struct json_object *object = json_object_new_object();
	struct json_object *columns = json_object_new_array(), *needs = json_object_new_array();

	for (enum view view = VIEW_TOTAL; view <= VIEW_RATE; view++)
		if (metric->views[view])
			json_object_array_add(columns, json_object_new_string(metric->views[view]));
	for (uint32_t left = metric->needs; left; left &= left - 1)
		json_object_array_add(
			needs, json_object_new_string(sources[__builtin_ctz(left)].name));
	add_text(object, "type", "metric");
	add_text(object, "scope", scopes[metric->scope].name);
	add_text(object, "name", metric->name);
	add_text(object, "title", metric->title);
	add_text(object, "kind", kind_names[metric->kind]);
	add_text(object, "unit", unit_of(metric));
	json_object_object_add(object, "columns", columns);
	json_object_object_add(object, "sources", needs);
	add_text(object, "help", metric->help);
	print_object(object, state);
}

static void json_source(const struct source_info *source, const struct availability *state)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "type", "source");
	add_text(object, "name", source->name);
	add_text(object, "mechanism", source->mechanism);
	add_text(object, "cost", source->cost);
	print_object(object, state);
}

static const struct format formats[] = {
	{
		.name = "table",
		.row = table_row,
		.source = table_source,
		.before_rows = "METRIC                      UNIT     SOURCE        HERE MEANING\n",
		.before_sources = "\nSOURCE      HERE SERVED BY; WHAT MAKE BENCH MEASURED ON THE "
				  "MACHINE IN THE README\n",
	},
	{
		.name = "md",
		.row = markdown_row,
		.source = markdown_source,
		.before_rows = "| metric | columns | unit | source | here | meaning |\n"
			       "| --- | --- | --- | --- | --- | --- |\n",
		.before_sources =
			"\n| source | served by | cost, by `make bench` on the machine in the README | "
			"here |\n| --- | --- | --- | --- |\n",
	},
	{
		.name = "json",
		.row = json_row,
		.source = json_source,
		.before_rows = "",
		.before_sources = "",
	},
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static const char *set_format(void *field, const char *text)
{
	return find_format(text) ? option_set_text(field, text) : "table, md or json";
}

static void print_catalogue(const struct format *format, const struct snapshot *snap)
{
	struct availability known[N_SOURCES], state;

	availability_find(snap, known);
	fputs(format->before_rows, stdout);
	for (size_t i = 0; i < n_metrics; i++) {
		state = availability_of(&metrics[i], known);
		format->row(&metrics[i], &state);
	}
	fputs(format->before_sources, stdout);
	for (size_t i = 0; i < N_SOURCES; i++)
		format->source(&sources[i], &known[i]);
}

static int run(const struct request *request, const char *operand)
{
	const struct timespec pause = { .tv_nsec = 200 * NSEC_PER_MSEC };
	struct snapshot *before, *now = NULL;
	struct sampler *sampler;
	int status = sampler_open(&request->config, true, &sampler);

	(void)operand;
	if (status)
		return status;
	/* Two, because some sources have something to say only about an interval. */
	before = sampler_take(sampler, NULL, NAN);
	nanosleep(&pause, NULL);
	if (before)
		now = sampler_take(sampler, before, NAN);
	if (now) {
		print_catalogue(find_format(request->output ? request->output : "table"), now);
	} else {
		log_error("cannot take a snapshot: %s", strerror(ENOMEM));
		status = EX_OSERR;
	}
	snapshot_free(now);
	snapshot_free(before);
	sampler_close(sampler);
	return status;
}

static const struct option_row options[] = {
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table, md or json (lines)",
		.set = set_format,
		.field = IN_REQUEST(output) },
	OPTIONS_OF_HOST,
	OPTION_HELP,
	{ 0 },
};

const struct command metrics_command = {
	.name = "metrics",
	.summary = "List all metrics: meaning, unit, source, and what this host has.",
	.options = options,
	.examples = {
		"sudo vmbpf metrics",
		"sudo vmbpf metrics -o md > metrics.md",
		"sudo vmbpf metrics -o json | jq -r 'select(.available==false) | .name'",
	},
	.run = run,
};
