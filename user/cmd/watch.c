/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf watch: rules on what is measured, and alerts that say why. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/engine.h"
#include "alert/nagios.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/terminal.h"
#include "cmd/watch_options.h"
#include "cmd/watch_outlets.h"
#include "cmd/watch_rules.h"
#include "cmd/watch_state.h"

/* After which time it is said what nobody measures. */
#define UNMEASURED_NS (10 * NSEC_PER_SEC)

struct watch {
	const struct request *request;
	struct watch_rules rules;
	struct watch_outlets outlets;
	struct watch_state state;
	struct engine *engine;
	struct nagios *nagios; /* NULL: not asked for */
	struct unmeasured *unmeasured; /* room for all rules */
	size_t n_unmeasured;
	bool told_unmeasured;
	bool nobody, told_nobody; /* no VM is what --domain says */
	uint64_t n_ticks;
	uint64_t begun_ns, last_ns; /* of snapshots, CLOCK_MONOTONIC */
};

static bool is_once(const struct request *request)
{
	return request->once || request->watch.nagios;
}

static bool is_json(const struct request *request)
{
	return request->output && strcmp(request->output, "json") == 0;
}

static void emit(void *context, const struct alert_record *record)
{
	struct watch *watch = context;

	if (watch->nagios)
		nagios_add(watch->nagios, record);
	watch_outlets_push(&watch->outlets, record);
}

/* "a, b, c and 4 more" */
static void list_names(const struct unmeasured *row, char *text, size_t size)
{
	const size_t room = sizeof(row->names) / sizeof(row->names[0]);
	size_t shown = row->n < room ? row->n : room;
	FILE *out = fmemopen(text, size, "w");

	if (!out)
		return;
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s%.40s", i ? ", " : "", row->names[i]);
	if (row->n > shown)
		fprintf(out, " and %zu more", row->n - shown);
	fclose(out);
}

/* Absent is not fine: whoever set a threshold is told what it is not held against. */
static void tell_unmeasured(struct watch *watch)
{
	char names[160] = "";

	watch->n_unmeasured = engine_unmeasured(watch->engine, watch->unmeasured);
	watch->told_unmeasured = true;
	for (size_t i = 0; i < watch->n_unmeasured; i++) {
		const struct unmeasured *row = &watch->unmeasured[i];

		list_names(row, names, sizeof(names));
		log_warning("%s cannot be told of %s: %s.%s is not measured there (see vmbpf "
			    "doctor)",
			row->rule->name, names, scopes[row->metric->scope].name, row->metric->name);
	}
}

/* On a terminal, that something is being done while nothing fires. */
static void tell_begin(const struct watch *watch)
{
	struct engine_status status;

	if (!isatty(STDERR_FILENO) || is_once(watch->request))
		return;
	engine_status(watch->engine, &status);
	fprintf(stderr,
		"watching %zu VM%s with %zu rule%s every %.3g s (Ctrl-C ends it and sums up)\n",
		status.n_vms, status.n_vms == 1 ? "" : "s", watch->rules.all.n,
		watch->rules.all.n == 1 ? "" : "s",
		(double)watch->request->config.interval_ns * 1e-9);
}

/* Threads begin here: there are none while rights are given up. */
static int begin(struct watch *watch, const struct snapshot *snap)
{
	int err = watch_outlets_start(&watch->outlets);

	watch->begun_ns = snap->mono_ns - snap->interval_ns;
	return err ? err : watch_state_start(&watch->state);
}

/* Nobody is fine because nobody is looked at. Known once libvirt has answered. */
static void tell_nobody(struct watch *watch)
{
	struct engine_status status;

	engine_status(watch->engine, &status);
	watch->nobody = status.n_vms == 0 && watch->request->watch.domains.n;
	if (watch->nobody && !watch->told_nobody)
		log_warning("watch: no VM is called as --domain says (see vmbpf list)%s",
			is_once(watch->request) ? "" : "; those that come will be watched");
	watch->told_nobody = true;
}

static int tick(void *context, const struct snapshot *snap)
{
	struct watch *watch = context;
	bool first = watch->n_ticks++ == 0;
	int err = first ? begin(watch, snap) : 0;

	if (err)
		return err;
	watch->last_ns = snap->mono_ns;
	engine_tick(watch->engine, snap);
	if (first)
		tell_begin(watch);
	if (snap->before)
		tell_nobody(watch);
	watch_state_keep(&watch->state, watch->engine, snap->mono_ns);
	watch_outlets_check(&watch->outlets);
	if (!watch->told_unmeasured && snap->mono_ns - watch->begun_ns >= UNMEASURED_NS)
		tell_unmeasured(watch);
	return watch_outlets_broken(&watch->outlets);
}

static void hangup(void *context)
{
	struct watch *watch = context;

	watch_outlets_reopen(&watch->outlets);
}

static int print_summary(struct watch *watch)
{
	bool json = is_json(watch->request);
	struct view_spec spec = { 0 };
	struct summary summary = { 0 };
	int err;

	engine_summary(watch->engine, &summary);
	terminal_describe(watch->request, &spec);
	summary.utf8 = spec.utf8;
	summary.colour = spec.colour && !json;
	summary.seconds = (watch->last_ns - watch->begun_ns) / NSEC_PER_SEC;
	err = summary_print(json ? stderr : stdout, &summary);
	return err ? output_failed(json ? "standard error" : "standard output", -err) : 0;
}

static bool wants_summary(const struct request *request)
{
	return request->watch.summary || !(is_once(request) || is_json(request));
}

/* One look: silence might mean anything, so that it is said when nothing fires. */
static int answer_once(struct watch *watch)
{
	struct engine_status status;

	engine_status(watch->engine, &status);
	if (status.n_firing)
		return EXIT_NEGATIVE;
	if (watch->nobody)
		return EX_NOINPUT;
	if (!is_json(watch->request))
		printf("nothing fires: %zu VM%s, %zu rule%s\n", status.n_vms,
			status.n_vms == 1 ? "" : "s", watch->rules.all.n,
			watch->rules.all.n == 1 ? "" : "s");
	return 0;
}

static int answer_nagios(struct watch *watch, int status)
{
	struct nagios_facts facts = { 0 };

	if (status || !watch->n_ticks) {
		puts("VMBPF UNKNOWN - vmbpf could not look, see its standard error");
		return NAGIOS_UNKNOWN;
	}
	engine_status(watch->engine, &facts.status);
	for (size_t i = 0; i < watch->n_unmeasured; i++) {
		if (watch->unmeasured[i].n_known)
			continue;
		if (facts.n_blind++ == 0)
			facts.blind = watch->unmeasured[i].rule->name;
	}
	facts.nobody = watch->nobody;
	return (int)nagios_print(stdout, watch->nagios, &facts);
}

/* Of one look, no answer is another one than that all is well. */
static int say_nothing_was_seen(const struct watch *watch)
{
	const char *replay = watch->request->config.replay;

	log_error("watch: it ended before there was anything to look at (%s)",
		replay ? "give a recording that is not empty" : "leave it the time of two ticks");
	return EX_NOINPUT;
}

/* What is said when all is over; the outlets are closed, so that their lines stand above it. */
static int answer(struct watch *watch, int status)
{
	int summed_up = 0;

	if (!status && !watch->n_ticks && is_once(watch->request))
		status = say_nothing_was_seen(watch);
	if (!status && watch->n_ticks && is_once(watch->request) && !watch->told_unmeasured)
		tell_unmeasured(watch);
	if (watch->request->watch.nagios)
		return answer_nagios(watch, status);
	if (status || !watch->n_ticks)
		return status;
	if (is_once(watch->request))
		status = answer_once(watch);
	if (wants_summary(watch->request))
		summed_up = print_summary(watch);
	return summed_up ? summed_up : status;
}

static int make_engine(struct watch *watch)
{
	const struct request *request = watch->request;
	const struct engine_setup setup = {
		.rules = &watch->rules.all,
		.domains = request->watch.domains.word,
		.n_domains = request->watch.domains.n,
		.at_once = is_once(request),
		.accounts = wants_summary(request),
		.emit = emit,
		.context = watch,
	};

	watch->unmeasured = calloc(watch->rules.all.n + 1, sizeof(*watch->unmeasured));
	watch->nagios = request->watch.nagios ? nagios_new() : NULL;
	watch->engine = engine_new(&setup);
	if (watch->engine && watch->unmeasured && (watch->nagios || !request->watch.nagios))
		return 0;
	log_error("out of memory");
	return EX_OSERR;
}

static int prepare(struct watch *watch)
{
	const struct request *request = watch->request;
	int status = watch_rules_load(request, &watch->rules);

	if (!status && request->watch.state && request->config.replay) {
		log_error("watch: --state is of this host, and --replay of a recording (leave one "
			  "of them out)");
		status = EX_USAGE;
	}
	if (!status)
		status = make_engine(watch);
	if (!status)
		status = watch_outlets_open(request, !request->watch.nagios, &watch->outlets);
	if (!status)
		status = watch_state_open(request->watch.state, &watch->state, watch->engine);
	return status;
}

static int look(struct watch *watch)
{
	const struct request *request = watch->request;
	struct config config = request->config;
	const struct consumer consumer = {
		.tick = tick,
		.hangup = request->watch.log ? hangup : NULL,
		.context = watch,
		.where = "standard output",
		.warm_up = true,
	};

	if (is_once(request))
		config.count = 1;
	return loop_run(&config, &consumer);
}

static void watch_done(struct watch *watch)
{
	engine_free(watch->engine);
	nagios_free(watch->nagios);
	free(watch->unmeasured);
	watch_rules_done(&watch->rules);
}

static int run(const struct request *request, const char *operand)
{
	__attribute__((cleanup(watch_done))) struct watch watch = { .request = request };
	int status = prepare(&watch);
	bool looked = !status;
	int err;

	(void)operand;
	if (looked)
		status = look(&watch);
	err = watch_outlets_close(&watch.outlets);
	if (!status && err)
		status = output_failed("standard output", -err);
	watch_state_close(&watch.state, looked && watch.n_ticks ? watch.engine : NULL);
	return answer(&watch, status);
}

const struct command watch_command = {
	.name = "watch",
	.summary = "Alert when VMs cross thresholds, and say why.",
	.options = watch_options,
	.examples = {
		"sudo vmbpf watch                     the rules of vmbpf rules show",
		"sudo vmbpf watch --cpu-threshold 90 --for 1m --log /var/log/vmbpf.log",
		"sudo vmbpf watch --rules my.yaml --alertmanager http://127.0.0.1:9093",
	},
	.run = run,
};
