/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what a program is told of an alert, and what its end means. */
#include "alert/exec_outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/exec_path.h"
#include "alert/exec_runner.h"
#include "alert/outlets.h"
#include "alert/text.h"
#include "base/arena.h"
#include "base/clock.h"
#include "model/unit.h"

/* Between two looks whether to stop. */
#define LOOK_NS (100 * NSEC_PER_MSEC)

/* What the runner itself may take beyond the programs it ends. */
#define ANSWER_NS (5 * NSEC_PER_SEC)

static const struct exec_limits normal_limits = {
	.term_ns = 10 * NSEC_PER_SEC,
	.kill_ns = 2 * NSEC_PER_SEC,
};

struct exec {
	char name[OUTLET_WHY_MAX / 2]; /* the program, safe to print */
	struct exec_limits limits;
	struct child runner;
	struct arena *arena; /* of one batch */
};

/* A batch that runs. */
struct batch {
	struct exec *exec;
	size_t n, n_running;
	enum delivery *results;
	bool running[RUNS_MAX];
	char *why; /* of OUTLET_WHY_MAX bytes */
};

static void exec_close(void *state)
{
	struct exec *exec = state;

	child_stop(&exec->runner);
	arena_free(exec->arena);
	free(exec);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void fill_texts(struct arena *arena, const struct alert_record *record,
	const char *texts[static N_RUN_TEXTS])
{
	texts[RUN_JSON] = arena_printf(arena, "%s\n", alert_json(arena, record));
	texts[RUN_NAME] = or_empty(record->alert);
	texts[RUN_STATE] = alert_state_names[record->state];
	texts[RUN_SEVERITY] = severity_names[record->severity];
	texts[RUN_HOST] = or_empty(record->host);
	texts[RUN_SCOPE] = scopes[record->scope].name;
	texts[RUN_VM] = or_empty(record->vm);
	texts[RUN_UUID] = or_empty(record->uuid);
	texts[RUN_KEY] = or_empty(record->key);
	texts[RUN_METRIC] = or_empty(record->metric);
	texts[RUN_VALUE] = or_empty(alert_number(arena, record->value));
	texts[RUN_THRESHOLD] = or_empty(alert_number(arena, record->threshold));
	texts[RUN_SINCE] = record->since_ns ? alert_time(arena, record->since_ns) : "";
	texts[RUN_REASON] = or_empty(record->reason);
	texts[RUN_CAUSE] = or_empty(record->cause);
	texts[RUN_SUGGESTION] = or_empty(record->suggestion);
}

/* 0 unless the runner is gone: what cannot be started now is tried later, or refused. */
static int start(struct batch *batch, unsigned slot, const struct alert_record *record)
{
	struct exec *exec = batch->exec;
	const char *texts[N_RUN_TEXTS];
	int err;

	fill_texts(exec->arena, record, texts);
	err = exec_runner_run(&exec->runner, slot, texts);
	batch->results[slot] = err == -EMSGSIZE ? DELIVERY_REFUSED : DELIVERY_RETRY;
	batch->running[slot] = err == 0;
	batch->n_running += err == 0;
	if (err)
		snprintf(batch->why, OUTLET_WHY_MAX, "cannot run %s: %s", exec->name,
			err == -EMSGSIZE ? "the alert is longer than 64 KiB" : strerror(-err));
	return err == -EMSGSIZE || err == -ENOMEM || err == -EAGAIN ? 0 : err;
}

static void describe_end(const struct batch *batch, const struct run_result *result)
{
	const char *name = batch->exec->name;
	char *why = batch->why;

	switch (result->end) {
	case RUN_EXITED:
		snprintf(why, OUTLET_WHY_MAX, "%s: exit status %d", name, result->number);
		break;
	case RUN_SIGNALLED:
		snprintf(why, OUTLET_WHY_MAX, "%s: ended by signal %d (%s)", name, result->number,
			strsignal(result->number));
		break;
	case RUN_TOO_LONG:
		snprintf(why, OUTLET_WHY_MAX, "%s: took longer than %g s", name,
			(double)batch->exec->limits.term_ns / NSEC_PER_SEC);
		break;
	case RUN_NOT_STARTED:
		snprintf(why, OUTLET_WHY_MAX, "cannot run %s: %s", name, strerror(result->number));
		break;
	}
}

/* What was run is not run again, however it ended: nobody knows what it has done by then. */
static void note_end(struct batch *batch, const struct run_result *result)
{
	bool good = result->end == RUN_EXITED && result->number == 0;

	if (result->slot >= batch->n || !batch->running[result->slot])
		return;
	batch->running[result->slot] = false;
	batch->n_running--;
	if (!good)
		describe_end(batch, result);
	if (good)
		batch->results[result->slot] = DELIVERED;
	else if (result->end == RUN_NOT_STARTED)
		batch->results[result->slot] = DELIVERY_RETRY;
	else
		batch->results[result->slot] = DELIVERY_REFUSED;
}

/* 0 when all have ended or it is to stop; else the runner is gone, or of no use any more. */
static int await(struct batch *batch, const atomic_bool *stop)
{
	struct exec *exec = batch->exec;
	uint64_t end_ns =
		clock_ns(CLOCK_MONOTONIC) + exec->limits.term_ns + exec->limits.kill_ns + ANSWER_NS;
	struct run_result result;
	int err = 0;

	while (batch->n_running && !atomic_load(stop)) {
		err = exec_runner_wait(&exec->runner, LOOK_NS, &result);
		if (!err)
			note_end(batch, &result);
		else if (err != -ETIMEDOUT || clock_ns(CLOCK_MONOTONIC) >= end_ns)
			return err;
	}
	return 0;
}

static void give_up(struct batch *batch, int err)
{
	snprintf(batch->why, OUTLET_WHY_MAX, "the process that runs %s %s", batch->exec->name,
		err == -ETIMEDOUT ? "does not answer" : "is gone");
	for (size_t i = 0; i < batch->n; i++)
		if (batch->results[i] == DELIVERY_RETRY)
			batch->results[i] = DELIVERY_BROKEN;
	errno = -err;
}

static void exec_deliver(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, enum delivery *results, char why[static OUTLET_WHY_MAX])
{
	struct exec *exec = state;
	struct batch batch = { .exec = exec, .n = n, .results = results, .why = why };
	int err = 0;

	arena_reset(exec->arena);
	for (size_t i = 0; i < n; i++)
		results[i] = DELIVERY_RETRY;
	for (unsigned i = 0; i < n && !err; i++)
		err = start(&batch, i, records[i]);
	if (!err)
		err = await(&batch, stop);
	if (err)
		give_up(&batch, err);
}

static const struct outlet_type exec_type = {
	.name = "exec",
	.batch = RUNS_MAX,
	.deliver_each = exec_deliver,
	.close = exec_close,
};

/* Whom root becomes for it; anybody else stays who they are. */
static int find_user(
	const char *user, struct privilege_target *ret, char why[static OUTLET_WHY_MAX])
{
	int err = geteuid() == 0 ? privilege_find_user(user, ret) : 0;

	if (err)
		snprintf(why, OUTLET_WHY_MAX, "there is no account to run it as: %s",
			err == -ENOENT ? "make one called vmbpf, or use --user" : strerror(-err));
	return err;
}

static int start_runner(
	struct exec *exec, const char *program, const char *user, char why[static OUTLET_WHY_MAX])
{
	char path[PATH_MAX];
	struct runner_plan plan = {
		.program = program,
		.path = path,
		.term_ns = exec->limits.term_ns,
		.kill_ns = exec->limits.kill_ns,
	};
	int err = exec_path_check(program, exec->limits.trusted, path, why);

	if (!err)
		err = find_user(user, &plan.user, why);
	if (err)
		return err;
	err = exec_runner_start(&plan, &exec->runner);
	if (err && *plan.user.name)
		snprintf(why, OUTLET_WHY_MAX, "user %s cannot run %s: %s", plan.user.name,
			exec->name, strerror(-err));
	else if (err)
		snprintf(why, OUTLET_WHY_MAX, "cannot run %s: %s", exec->name, strerror(-err));
	return err;
}

static struct exec *new_exec(const char *program, const struct exec_limits *limits)
{
	struct exec *exec = calloc(1, sizeof(*exec));

	if (!exec)
		return NULL;
	exec->runner.fd = -1;
	exec->limits = *limits;
	exec->arena = arena_new();
	unit_safe_text(program, exec->name, sizeof(exec->name));
	if (exec->arena)
		return exec;
	free(exec);
	return NULL;
}

int exec_outlet_open_limited(const char *program, const char *user,
	const struct exec_limits *limits, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	struct exec *exec = new_exec(program, limits);
	int err;

	if (!exec)
		return outlet_no_memory(why);
	err = start_runner(exec, program, user, why);
	if (!err)
		return outlet_make(&exec_type, exec->name, exec, ret, why);
	exec_close(exec);
	return err;
}

int exec_outlet_open(
	const char *program, const char *user, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	return exec_outlet_open_limited(program, user, &normal_limits, ret, why);
}
