/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns a tick of the rules: what they are held against, and with what outcome. */
#include "alert/engine.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert/engine_parts.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"
#include "sink/identity.h"

#define NODATA_TICKS 3
#define NODATA_MIN_NS (10 * NSEC_PER_SEC)

/* By which part of the interval a tick may come early, since the one before may have been late. */
#define EARLY_PART 20

/* After a start, how long what a saved state tells of may take to be seen. */
#define RESTORED_NS (30 * NSEC_PER_SEC)

struct engine *engine_new(const struct engine_setup *setup)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->setup = *setup;
	targets_init(&engine->targets);
	ledgers_init(&engine->ledgers, setup->rules->n);
	engine->recents_tail = &engine->recents;
	engine->arena = arena_new();
	engine->memory = evidence_memory_new();
	engine->crowds = calloc(setup->rules->n + 1, sizeof(*engine->crowds));
	engine->n_firing = calloc(setup->rules->n + 1, sizeof(*engine->n_firing));
	for (size_t i = 0; i < setup->rules->n; i++)
		engine->scopes |= 1u << setup->rules->rule[i].scope;
	if (engine->arena && engine->memory && engine->crowds && engine->n_firing)
		return engine;
	engine_free(engine);
	return NULL;
}

static void forget_recents(struct engine *engine)
{
	struct recent *next;

	for (struct recent *recent = engine->recents; recent; recent = next) {
		next = recent->next;
		record_drop(recent->record);
		free(recent);
	}
	engine->recents = NULL;
	engine->recents_tail = &engine->recents;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	forget_recents(engine);
	targets_done(&engine->targets);
	ledgers_done(&engine->ledgers);
	evidence_memory_free(engine->memory);
	arena_free(engine->arena);
	free(engine->crowds);
	free(engine->n_firing);
	free(engine);
}

static bool is_wanted(const struct engine *engine, const struct vm *vm)
{
	const struct engine_setup *setup = &engine->setup;

	if (!vm || setup->n_domains == 0)
		return true;
	for (size_t i = 0; vm->name && i < setup->n_domains; i++)
		if (fnmatch(setup->domains[i], vm->name, 0) == 0)
			return true;
	return false;
}

static struct look look_of(
	const struct engine *engine, const struct snapshot *snap, enum truth truth)
{
	uint64_t nodata_ns = NODATA_TICKS * snap->interval_ns;

	return (struct look){
		.truth = truth,
		.now = { snap->mono_ns, snap->real_ns },
		.nodata_ns = nodata_ns > NODATA_MIN_NS ? nodata_ns : NODATA_MIN_NS,
		.early_ns = snap->interval_ns / EARLY_PART,
		.at_once = engine->setup.at_once,
	};
}

/* The number that the rule is about, its window left aside. False where it is unknown. */
static bool read_value(const struct instance *instance, const struct subject *subject,
	const struct judgement *judgement, double *ret)
{
	const struct node *first = condition_first_test(instance->rule->start);

	if (judgement->test != first || first->over != OVER_NOTHING)
		return condition_number(first, subject, ret);
	*ret = judgement->value;
	return judgement->truth != TRUTH_UNKNOWN;
}

/* Of several comparisons none tells alone. */
static bool is_beyond(
	const struct instance *instance, const struct judgement *judgement, double value)
{
	const struct node *first = condition_first_test(instance->rule->start);

	if (instance->rule->start->n_numbers > 1)
		return judgement->truth == TRUTH_YES;
	return !isnan(value) && test_number(value, first->op, first->number);
}

static void note_value(struct instance *instance, const struct subject *subject,
	const struct judgement *judgement, uint64_t tick)
{
	double value;

	if (instance->measured && !instance->account)
		return;
	instance->measured |= read_value(instance, subject, judgement, &value);
	if (instance->account)
		account_add(instance->account, tick, subject->snap->interval_ns, value,
			is_beyond(instance, judgement, value));
}

/* What is told of an alert is about the comparison that began it, whatever ends it. */
static void note_test(struct instance *instance, const struct subject *subject,
	const struct judgement *judgement, bool fired)
{
	if (!fired || !instance->test) {
		instance->value = judgement->value;
		instance->test = judgement->test ? judgement->test : instance->test;
		return;
	}
	if (!condition_read(instance->test, subject, &instance->value))
		instance->value = NAN;
}

static void feed_windows(struct instance *instance, const struct subject *subject)
{
	const struct filter *hold = instance->rule->hold;
	const struct snapshot *snap = subject->snap;

	for (unsigned i = 0; subject->windows && snap->interval_ns && i < hold->n_windows; i++) {
		double value;

		if (condition_number(hold->windows[i], subject, &value))
			window_add(&instance->windows[i], value, snap->mono_ns, snap->interval_ns);
	}
}

/* Without a process there is nothing to measure: that is no lack of data. */
static bool has_stopped(const struct item *item)
{
	return item->vm && item->vm->pid <= 0;
}

static void step(struct engine *engine, struct target *target, struct instance *instance,
	const struct snapshot *snap)
{
	const struct subject subject = {
		.snap = snap,
		.item = &target->item,
		.scope = target->scope,
		.windows = engine->setup.at_once ? NULL : instance->windows,
	};
	struct machine *machine = &instance->machine;
	const struct rule *rule = instance->rule;
	bool fired = machine_fires(machine);
	struct judgement judgement;
	struct look look;

	feed_windows(instance, &subject);
	judgement = condition_check(fired ? rule->hold : rule->start, &subject);
	note_value(instance, &subject, &judgement, engine->tick);
	note_test(instance, &subject, &judgement, fired);
	if (judgement.truth == TRUTH_UNKNOWN && has_stopped(&target->item)) {
		target->end_reason = arena_printf(
			engine->arena, "the VM is %s", vm_state_names[target->item.vm->state]);
		machine_end(machine, snap->mono_ns);
		return;
	}
	look = look_of(engine, snap, judgement.truth);
	machine_step(machine, rule, &look);
}

/* Not of a VM that has not run yet: there is nothing to tell of it. */
static void open_accounts(struct engine *engine, struct target *target)
{
	struct ledger *ledger;

	if (!engine->setup.accounts || target->accounted || has_stopped(&target->item))
		return;
	target->accounted = true;
	ledger = ledgers_of(&engine->ledgers, &target->item);
	for (size_t i = 0; i < target->n && ledger; i++) {
		struct instance *instance = &target->instances[i];

		instance->account = &ledger->accounts[instance->rule_number];
		instance->account->used = true;
	}
}

static void look_at(struct engine *engine, enum scope scope, const struct item *item,
	const struct snapshot *snap)
{
	struct target *target = targets_find(&engine->targets, scope, item);

	if (!target)
		target = targets_add(
			&engine->targets, engine->setup.rules, scope, identity_of(scope, item));
	target->tick = engine->tick;
	target->end_reason = NULL;
	target_update(&engine->targets, target, item);
	open_accounts(engine, target);
	for (size_t i = 0; i < target->n; i++)
		step(engine, target, &target->instances[i], snap);
}

static void look_at_all(struct engine *engine, const struct snapshot *snap)
{
	engine->targets.expected = engine->targets.first;
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct item item = { 0 };

		if (!(engine->scopes & 1u << scope))
			continue;
		while (scopes[scope].next(snap, &item))
			if (is_wanted(engine, item.vm))
				look_at(engine, scope, &item, snap);
	}
}

static bool source_is_up(const struct snapshot *snap, const char *name)
{
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (strcmp(snap->sources[i].name, name) == 0)
			return snap->sources[i].up;
	return true;
}

/* Whether it would be seen if it were there: what lists it says so. */
static bool would_be_seen(
	const struct engine *engine, const struct target *target, const struct snapshot *snap)
{
	bool by_libvirt = target->scope == SCOPE_DISK || target->pid <= 0;

	if (target->restored)
		return snap->mono_ns - engine->begun_ns >= RESTORED_NS;
	return source_is_up(snap, by_libvirt ? "libvirt" : "walk");
}

static void look_for_missing(
	struct engine *engine, struct target *target, const struct snapshot *snap)
{
	const struct look unknown = look_of(engine, snap, TRUTH_UNKNOWN);
	bool gone = would_be_seen(engine, target, snap);

	if (gone)
		target->end_reason = "it is gone";
	else if (target->restored)
		return;
	for (size_t i = 0; i < target->n; i++) {
		struct instance *instance = &target->instances[i];

		if (gone)
			machine_end(&instance->machine, snap->mono_ns);
		else
			machine_step(&instance->machine, instance->rule, &unknown);
	}
}

static size_t count_vms(const struct engine *engine, const struct snapshot *snap)
{
	size_t n = 0;

	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		n += is_wanted(engine, vm);
	return n;
}

void engine_tick(struct engine *engine, const struct snapshot *snap)
{
	if (engine->tick++ == 0)
		engine->begun_ns = snap->mono_ns;
	engine->mono_ns = snap->mono_ns;
	engine->real_ns = snap->real_ns;
	arena_reset(engine->arena);
	evidence_observe(engine->memory, snap);
	engine->n_vms = count_vms(engine, snap);
	look_at_all(engine, snap);
	for (struct target *target = engine->targets.first; target; target = target->next)
		if (target->tick != engine->tick)
			look_for_missing(engine, target, snap);
	engine_announce(engine, snap);
	targets_remove_ended(&engine->targets, engine->tick);
}

void engine_status(const struct engine *engine, struct engine_status *ret)
{
	*ret = (struct engine_status){ .n_vms = engine->n_vms, .changes = engine->changes };
	for (const struct target *target = engine->targets.first; target; target = target->next) {
		for (size_t i = 0; i < target->n; i++) {
			const struct instance *instance = &target->instances[i];

			ret->n_nodata += instance->machine.state == MACHINE_NODATA;
			if (!machine_fires(&instance->machine))
				continue;
			ret->n_firing++;
			if (instance->rule->severity > ret->worst)
				ret->worst = instance->rule->severity;
		}
	}
}

static void note_unmeasured(struct unmeasured *row, const struct target *target, bool known)
{
	if (known) {
		row->n_known++;
		return;
	}
	if (row->n < sizeof(row->names) / sizeof(row->names[0]))
		row->names[row->n] = target->vm ? target->vm : "the host";
	row->n++;
}

size_t engine_unmeasured(const struct engine *engine, struct unmeasured *ret)
{
	const struct rules *rules = engine->setup.rules;
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++) {
		struct unmeasured *row = &ret[n];

		*row = (struct unmeasured){
			.rule = &rules->rule[i],
			.metric = condition_first_test(rules->rule[i].start)->column.metric,
		};
		for (const struct target *target = engine->targets.first; target;
			target = target->next)
			for (size_t j = 0; j < target->n && !target->end_reason; j++)
				if (target->instances[j].rule == row->rule)
					note_unmeasured(row, target, target->instances[j].measured);
		n += row->n > 0;
	}
	return n;
}

static struct summary_row row_of(
	const struct ledger *ledger, const struct rule *rule, struct account *account)
{
	const struct node *first = condition_first_test(rule->start);

	account_flush(account);
	return (struct summary_row){
		.vm = ledger->vm,
		.uuid = ledger->uuid,
		.rule = rule,
		.column = first->column,
		.relation = condition_relation(first),
		.threshold = first->number,
		.tally = &account->tally,
		.n_alerts = account->n_alerts,
		.firing = account->firing,
		.cause = account->cause,
		.suggestion = account->suggestion,
	};
}

static void mark_firing(struct engine *engine)
{
	for (struct target *target = engine->targets.first; target; target = target->next)
		for (size_t i = 0; i < target->n; i++)
			if (target->instances[i].account)
				target->instances[i].account->firing |=
					machine_fires(&target->instances[i].machine);
}

void engine_summary(struct engine *engine, struct summary *ret)
{
	const struct rules *rules = engine->setup.rules;
	struct summary_row *rows =
		arena_alloc(engine->arena, (engine->ledgers.n * rules->n + 1) * sizeof(*rows));
	size_t n = 0;

	mark_firing(engine);
	for (struct ledger *ledger = engine->ledgers.first; ledger; ledger = ledger->next)
		for (size_t i = 0; i < rules->n; i++)
			if (ledger->accounts[i].used)
				rows[n++] = row_of(ledger, &rules->rule[i], &ledger->accounts[i]);
	ret->rows = rows;
	ret->n = n;
	ret->n_ticks = engine->tick;
	ret->n_left_out = engine->ledgers.n_left_out;
}
