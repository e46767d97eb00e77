/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf doctor: what this host offers, what is lost without the rest, and what would bring it. */
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/privilege.h"
#include "bpf/probe.h"
#include "cmd/options.h"
#include "cmd/sampler.h"
#include "model/unit.h"

static const char *const state_names[] = {
	[PROBE_OK] = "ok",
	[PROBE_MISSING] = "missing",
	[PROBE_UNKNOWN] = "unknown",
};

#define TEXT_MAX 320

/* One line of the diagnosis. */
struct finding {
	const char *name, *what;
	enum probe_result result;
	bool required;
	char detail[TEXT_MAX];
	const char *lost, *remedy; /* NULL: the detail says it all */
};

typedef void print_fn(const struct finding *finding);

static void print_lines(const struct finding *finding)
{
	printf("%-8s %-37s %s\n", state_names[finding->result], finding->what, finding->detail);
	if (finding->result != PROBE_MISSING || !finding->lost)
		return;
	printf("%-8s   lost: %s\n", finding->required ? "  !!!" : "", finding->lost);
	printf("%-8s   remedy: %s\n", "", finding->remedy);
}

static void print_json(const struct finding *finding)
{
	struct json_object *object = json_object_new_object();
	bool missing = finding->result == PROBE_MISSING && finding->lost;
	const struct {
		const char *member, *text;
	} texts[] = {
		{ "name", finding->name },
		{ "what", finding->what },
		{ "state", state_names[finding->result] },
		{ "detail", finding->detail },
		{ "lost", missing ? finding->lost : NULL },
		{ "remedy", missing ? finding->remedy : NULL },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_object_add(object, texts[i].member,
			texts[i].text ? json_object_new_string(texts[i].text) : NULL);
	json_object_object_add(object, "required", json_object_new_boolean(finding->required));
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* Returns what is required and missing, or NULL. */
static const struct probe *run_probes(print_fn *print)
{
	const struct probe *missing = NULL;

	for (size_t i = 0; i < n_probes; i++) {
		const struct probe *probe = &probes[i];
		struct finding finding = {
			.name = probe->name,
			.what = probe->what,
			.required = probe->required,
			.lost = probe->lost,
			.remedy = probe->remedy,
		};

		finding.result = probe->check(probe, finding.detail, PROBE_DETAIL_MAX);
		print(&finding);
		if (!missing && probe->required && finding.result == PROBE_MISSING)
			missing = probe;
	}
	return missing;
}

static void print_source(const struct source_status *source, print_fn *print)
{
	char name[64], what[64];
	struct finding finding = {
		.name = name,
		.what = what,
		.result = source->up ? PROBE_OK : PROBE_MISSING,
		.detail = "works",
	};

	snprintf(name, sizeof(name), "source/%s", source->name);
	snprintf(what, sizeof(what), "source of data: %s", source->name);
	if (!source->up)
		unit_safe_text(source->reason ? source->reason : "the reason is not known",
			finding.detail, sizeof(finding.detail));
	print(&finding);
}

static void print_rights(print_fn *print)
{
	struct finding finding = {
		.name = "rights",
		.what = "rights while it measures",
		.result = PROBE_OK,
	};

	privilege_describe(finding.detail, sizeof(finding.detail));
	print(&finding);
}

/* The proof: everything is opened as for a measurement, and one is made. */
static int try_sources(const struct config *config, print_fn *print)
{
	struct sampler *sampler;
	struct snapshot *snap;
	const char *why;
	int status = sampler_open(config, true, &sampler);

	if (status)
		return status;
	print_rights(print);
	snap = sampler_take(sampler, NULL, NAN);
	for (unsigned i = 0; snap && i < snap->n_sources; i++)
		print_source(&snap->sources[i], print);
	why = sampler_missing(sampler, &status);
	if (why)
		log_error("%s", why);
	snapshot_free(snap);
	sampler_close(sampler);
	return snap ? status : EX_OSERR;
}

/* The last word; returns the exit status. */
static int conclude(const struct probe *missing, int status, bool say_so)
{
	if (missing && !status) {
		log_error("there is no %s; lost is %s (%s)", missing->what, missing->lost,
			missing->remedy);
		return EX_UNAVAILABLE;
	}
	if (!status && say_so)
		puts("\nvmbpf works here.");
	return status;
}

static const char *set_format(void *field, const char *text)
{
	bool known = strcmp(text, "table") == 0 || strcmp(text, "json") == 0;

	return known ? option_set_text(field, text) : "table or json";
}

static int run(const struct request *request, const char *operand)
{
	bool json = request->output && strcmp(request->output, "json") == 0;
	print_fn *print = json ? print_json : print_lines;
	const struct probe *missing = run_probes(print);

	(void)operand;
	return conclude(missing, try_sources(&request->config, print), !json);
}

static const struct option_row options[] = {
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "table or json (lines)",
		.set = set_format,
		.field = IN_REQUEST(output) },
	OPTIONS_OF_HOST,
	OPTION_HELP,
	{ 0 },
};

const struct command doctor_command = {
	.name = "doctor",
	.summary = "Tell what this host offers, what it lacks, and what to do.",
	.options = options,
	.examples = {
		"sudo vmbpf doctor",
		"vmbpf doctor                         as somebody else: what rights bring",
		"sudo vmbpf doctor -o json | jq -r 'select(.state==\"missing\") | .remedy'",
	},
	.run = run,
};
