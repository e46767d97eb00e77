/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf rules: looks at rules without a host: whether they are right, and what they would do. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "alert/engine.h"
#include "alert/rules_file.h"
#include "alert/text.h"
#include "base/arena.h"
#include "base/log.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/terminal.h"
#include "cmd/watch_rules.h"

static int show(const struct request *request)
{
	size_t size;
	const char *text = rules_default_text(&size);

	(void)request;
	if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0)
		return 0;
	return output_failed("standard output", errno);
}

static int check(const struct request *request)
{
	struct rules rules = { 0 };
	int status = watch_rules_read(request->operands[1], &rules);

	if (status)
		return status;
	printf("%s: %zu rule%s, nothing is wrong\n", request->operands[1], rules.n,
		rules.n == 1 ? "" : "s");
	rules_done(&rules);
	return 0;
}

/* A recording that rules are held against. */
struct trial {
	struct engine *engine;
	struct arena *arena;
	bool json, utf8, colour;
	uint64_t n_fired, n_ticks;
	int err; /* of standard output */
};

static void print_alert(void *context, const struct alert_record *record)
{
	struct trial *trial = context;
	const char *line;

	if (record->occasion == OCCASION_REFRESH)
		return;
	trial->n_fired += record->state == ALERT_FIRING && record->occasion == OCCASION_CHANGE;
	line = trial->json ? alert_json(trial->arena, record)
			   : alert_line(trial->arena, trial->utf8, trial->colour, record);
	if (puts(line) < 0 && !trial->err)
		trial->err = -errno;
	arena_reset(trial->arena);
}

static int try_tick(void *context, const struct snapshot *snap)
{
	struct trial *trial = context;

	trial->n_ticks++;
	engine_tick(trial->engine, snap);
	if (!trial->err && fflush(stdout) < 0)
		trial->err = -errno;
	return trial->err;
}

/* Silence might mean anything. */
static int sum_up(const struct request *request, const struct trial *trial)
{
	if (trial->n_ticks == 0) {
		log_error("rules test: there is nothing in %s to hold them against",
			request->config.replay);
		return EX_NOINPUT;
	}
	if (trial->n_fired == 0 && !trial->json)
		puts("nothing would have fired");
	return 0;
}

static int run_trial(const struct request *request, const struct rules *rules, struct trial *trial)
{
	const struct engine_setup setup = {
		.rules = rules,
		.domains = request->watch.domains.word,
		.n_domains = request->watch.domains.n,
		.emit = print_alert,
		.context = trial,
	};
	const struct consumer consumer = {
		.tick = try_tick, .context = trial, .where = "standard output"
	};
	int status;

	trial->engine = engine_new(&setup);
	trial->arena = arena_new();
	if (!trial->engine || !trial->arena) {
		log_error("out of memory");
		return EX_OSERR;
	}
	status = loop_run(&request->config, &consumer);
	return status ? status : sum_up(request, trial);
}

static int test(const struct request *request)
{
	bool json = request->output && strcmp(request->output, "json") == 0;
	struct trial trial = { .json = json };
	struct view_spec spec = { 0 };
	struct rules rules = { 0 };
	int status;

	if (!request->config.replay) {
		log_error(
			"rules test: which recording? (give --replay FILE, made by vmbpf record)");
		return EX_USAGE;
	}
	terminal_describe(request, &spec);
	trial.utf8 = spec.utf8;
	trial.colour = spec.colour;
	status = watch_rules_read(request->operands[1], &rules);
	if (!status)
		status = run_trial(request, &rules, &trial);
	engine_free(trial.engine);
	arena_free(trial.arena);
	rules_done(&rules);
	return status;
}

static const struct action {
	const char *name;
	bool wants_file;
	int (*run)(const struct request *request);
} actions[] = {
	{ "show", false, show },
	{ "check", true, check },
	{ "test", true, test },
};

#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int run_action(const struct request *request, const struct action *action)
{
	bool has_file = request->operands[1];

	if (has_file == action->wants_file)
		return action->run(request);
	if (has_file)
		log_error("rules %s: unexpected argument '%s' (see vmbpf help rules)", action->name,
			request->operands[1]);
	else
		log_error(
			"rules %s: which file? (vmbpf rules %s FILE)", action->name, action->name);
	return EX_USAGE;
}

static int run(const struct request *request, const char *operand)
{
	for (size_t i = 0; operand && i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, operand) == 0)
			return run_action(request, &actions[i]);
	if (operand)
		log_error("rules: '%s' is none of show, check FILE and test FILE (see vmbpf help "
			  "rules)",
			operand);
	else
		log_error("rules: what about them? (show, check FILE, or test FILE --replay "
			  "RECORDING)");
	return EX_USAGE;
}

static const struct option_row options[] = {
	{ .name = "replay",
		.argument = "RECORDING",
		.help = "test: what to hold the rules against",
		.set = option_set_text,
		.field = IN_REQUEST(config.replay) },
	{ .name = "at",
		.argument = "TIME",
		.help = "test: begin there in the recording",
		.set = set_at,
		.field = IN_REQUEST(config.at) },
	OPTION_COUNT,
	{ .name = "domain",
		.argument = "GLOB",
		.help = "test: only VMs of such names; may be repeated",
		.set = set_word,
		.field = IN_REQUEST(watch.domains) },
	{ .name = "output",
		.key = 'o',
		.argument = "FORMAT",
		.help = "test: text or json (lines)",
		.set = set_alert_format,
		.field = IN_REQUEST(output) },
	OPTION_ASCII,
	OPTION_HELP,
	{ 0 },
};

const struct command rules_command = {
	.name = "rules",
	.summary = "Alert rules: show those that ship, check FILE, test FILE.",
	.options = options,
	.operand = "ACTION [FILE]",
	.max_operands = 2,
	.examples = {
		"vmbpf rules show > my.yaml                    a start for one's own",
		"vmbpf rules check my.yaml",
		"vmbpf rules test my.yaml --replay day.jsonl   what would have fired, when",
	},
	.run = run,
};
