/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the records that are made of alerts, and of those that have ended lately. */
#include "alert/tell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert/text.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"

/* What is over is told again so often, and for so long. */
#define REFRESH_NS (60 * NSEC_PER_SEC)
#define REFRESH_ENDED_NS (300 * NSEC_PER_SEC)

static const struct node *test_of(const struct instance *instance)
{
	return instance->test ? instance->test : condition_first_test(instance->rule->start);
}

static const char *own_suggestion(const struct rule *rule)
{
	for (size_t i = 0; i < rule->annotations.n; i++)
		if (strcmp(rule->annotations.pair[i].name, "suggestion") == 0)
			return rule->annotations.pair[i].value;
	return NULL;
}

/* The entity that a comparison is about: the target, its VM or the host. */
static struct item item_of(
	const struct snapshot *snap, const struct target *target, enum scope scope)
{
	if (scope == target->scope)
		return target->item;
	if (scope == SCOPE_HOST)
		return (struct item){ .entity = &snap->host.e };
	return (struct item){ .entity = &target->item.vm->e, .vm = target->item.vm };
}

/* From the data of this tick, for as long as the alert lasts. */
static void explain(struct engine *engine, const struct snapshot *snap, const struct target *target,
	struct instance *instance)
{
	const struct node *test = test_of(instance);
	const char *own = own_suggestion(instance->rule);
	struct finding found;
	struct item item;

	if (target->tick != engine->tick)
		return;
	item = item_of(snap, target, test->column.metric->scope);
	evidence_find(engine->memory, engine->arena, snap, &test->column, &item, &found);
	must_set_text(&instance->cause, found.cause);
	must_set_text(&instance->suggestion, own ? own : found.suggestion);
	if (instance->account)
		account_explain(instance->account, instance->cause, instance->suggestion);
}

static const char *quantity(struct engine *engine, const struct node *test, double number)
{
	const char *text;

	if (isnan(number))
		return NULL;
	text = alert_quantity(engine->arena, &test->column, number);
	return test->over == OVER_RATE ? arena_printf(engine->arena, "%s/s", text) : text;
}

/* "26.0ms (avg over 1m)" */
static const char *describe_value(struct engine *engine, const struct node *test, double value)
{
	const char *text = quantity(engine, test, value);

	if (!text || test->over == OVER_NOTHING)
		return text;
	return arena_printf(engine->arena, "%s (%s over %s)", text, over_names[test->over],
		alert_duration(engine->arena, test->window_ns));
}

static void fill_identity(
	struct alert_record *record, const struct snapshot *snap, const struct target *target)
{
	record->scope = target->scope;
	record->host = snap->host.name;
	record->vm = target->vm;
	record->uuid = target->uuid;
	record->key = target->key;
	record->key_name = target->key ? scopes[target->scope].key : NULL;
}

static void fill_rule(
	const struct engine *engine, struct alert_record *record, const struct rule *rule)
{
	record->alert = rule->name;
	record->severity = rule->severity;
	record->for_ns = engine->setup.at_once ? 0 : rule->for_ns;
	record->labels = rule->labels;
	record->annotations = rule->annotations;
}

static struct alert_record make_record(struct engine *engine, const struct snapshot *snap,
	const struct target *target, const struct instance *instance)
{
	const struct node *test = test_of(instance);
	const struct metric *metric = test->column.metric;
	bool is_known = target->tick == engine->tick && instance->machine.state != MACHINE_NODATA;
	double value = is_known ? instance->value : NAN;

	struct alert_record record = {
		.metric = arena_printf(engine->arena, "%s.%s", scopes[metric->scope].name,
			metric->views[test->column.view]),
		.relation = condition_relation(test),
		.value = value,
		.threshold = test->number,
		.value_text = describe_value(engine, test, value),
		.threshold_text = quantity(engine, test, test->number),
		.real_ns = snap->real_ns,
		.interval_ns = snap->interval_ns,
		.since_ns = instance->machine.since.real_ns,
		.flapping = instance->machine.flapping,
		.cause = instance->cause,
		.suggestion = instance->suggestion,
	};

	fill_identity(&record, snap, target);
	fill_rule(engine, &record, instance->rule);
	return record;
}

static const char *source_reason(const struct snapshot *snap, const char *name)
{
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (strcmp(snap->sources[i].name, name) == 0 && !snap->sources[i].up)
			return snap->sources[i].reason;
	return NULL;
}

static const char *nodata_reason(struct engine *engine, const struct snapshot *snap,
	const struct target *target, const struct node *test)
{
	bool polled = metric_is_polled(test->column.metric);
	const char *reason = source_reason(snap, polled ? "libvirt" : "walk");

	if (reason)
		return reason;
	if (polled && target->tick == engine->tick && target->item.vm &&
		target->item.vm->stale == 1)
		return "libvirt does not answer for this VM";
	return arena_printf(engine->arena, "%s is not measured any more (see vmbpf doctor)",
		test->column.metric->name);
}

static void emit(struct engine *engine, struct alert_record *record, enum occasion occasion)
{
	record->occasion = occasion;
	engine->setup.emit(engine->setup.context, record);
}

void tell_forget(struct engine *engine, uint64_t identity, const struct rule *rule)
{
	for (struct recent **link = &engine->recents; *link; link = &(*link)->next) {
		struct recent *recent = *link;

		if (recent->identity != identity || recent->rule != rule)
			continue;
		*link = recent->next;
		if (!recent->next)
			engine->recents_tail = link;
		record_drop(recent->record);
		free(recent);
		return;
	}
}

/* At the end, so that they are told in the order in which they ended. */
static void remember_ended(struct engine *engine, const struct snapshot *snap, uint64_t identity,
	const struct rule *rule, const struct alert_record *record)
{
	struct recent *recent = must(calloc(1, sizeof(*recent)));

	recent->identity = identity;
	recent->rule = rule;
	recent->record = must(record_share(record));
	recent->due_ns = snap->mono_ns + REFRESH_NS;
	recent->end_ns = snap->mono_ns + REFRESH_ENDED_NS;
	*engine->recents_tail = recent;
	engine->recents_tail = &recent->next;
}

void tell_ended_again(struct engine *engine, const struct snapshot *snap)
{
	struct recent *next;

	for (struct recent *recent = engine->recents; recent; recent = next) {
		struct alert_record record = *record_of(recent->record);

		next = recent->next;
		if (snap->mono_ns < recent->due_ns)
			continue;
		emit(engine, &record, OCCASION_REFRESH);
		recent->due_ns += REFRESH_NS;
		if (recent->due_ns > recent->end_ns)
			tell_forget(engine, recent->identity, recent->rule);
	}
}

void tell_firing(struct engine *engine, const struct snapshot *snap, const struct target *target,
	struct instance *instance, enum occasion occasion)
{
	struct alert_record record;

	if (occasion != OCCASION_REFRESH)
		explain(engine, snap, target, instance);
	if (occasion == OCCASION_CHANGE && instance->account)
		instance->account->n_alerts += instance->told == TOLD_NOTHING;
	record = make_record(engine, snap, target, instance);
	record.state = ALERT_FIRING;
	record.fired_ns = instance->machine.fired.real_ns;
	emit(engine, &record, occasion);
}

void tell_nodata(struct engine *engine, const struct snapshot *snap, const struct target *target,
	const struct instance *instance, enum occasion occasion)
{
	struct alert_record record = make_record(engine, snap, target, instance);

	record.state = ALERT_NODATA;
	record.since_ns = instance->machine.lost.real_ns;
	record.reason = nodata_reason(engine, snap, target, test_of(instance));
	if (instance->machine.was_firing)
		record.fired_ns = instance->machine.fired.real_ns;
	emit(engine, &record, occasion);
}

void tell_end(struct engine *engine, const struct snapshot *snap, const struct target *target,
	const struct instance *instance)
{
	bool fired = instance->told == TOLD_FIRING || instance->told == TOLD_LOST;
	struct alert_record record = make_record(engine, snap, target, instance);

	record.state = ALERT_RESOLVED;
	record.reason = target->end_reason;
	record.flapping = false;
	if (fired) {
		record.fired_ns = instance->machine.fired.real_ns;
	} else {
		record.since_ns = instance->machine.lost.real_ns;
		record.reason = record.reason ? record.reason : "there is data again";
	}
	emit(engine, &record, OCCASION_CHANGE);
	remember_ended(engine, snap, target->identity, instance->rule, &record);
}

/* What rules are about, when there are many. */
static const char *const kinds[N_SCOPES] = {
	[SCOPE_HOST] = "hosts",
	[SCOPE_VM] = "VMs",
	[SCOPE_VCPU] = "vCPUs",
	[SCOPE_NIC] = "NICs",
	[SCOPE_DISK] = "disks",
};

/* What is told of a rule's crowd is an alert of the host. */
void tell_crowd(struct engine *engine, const struct snapshot *snap, const struct rule *rule,
	struct crowd *crowd, enum occasion occasion)
{
	const struct node *test = condition_first_test(rule->start);
	const struct metric *metric = test->column.metric;
	const char *why = source_reason(snap, metric_is_polled(metric) ? "libvirt" : "walk");
	struct alert_record record = {
		.state = crowd->n ? ALERT_NODATA : ALERT_RESOLVED,
		.host = snap->host.name,
		.metric = arena_printf(engine->arena, "%s.%s", scopes[metric->scope].name,
			metric->views[test->column.view]),
		.relation = condition_relation(test),
		.value = NAN,
		.threshold = test->number,
		.threshold_text = quantity(engine, test, test->number),
		.real_ns = snap->real_ns,
		.interval_ns = snap->interval_ns,
		.since_ns = crowd->since_ns,
	};

	record.reason = "there is data of all of them again";
	if (crowd->n)
		record.reason = arena_printf(engine->arena, "of %zu %s%s%s", crowd->n,
			kinds[rule->scope], why ? ": " : "", why ? why : "");
	fill_rule(engine, &record, rule);
	emit(engine, &record, occasion);
	crowd->told = crowd->n;
	crowd->refreshed_ns = snap->mono_ns;
}
