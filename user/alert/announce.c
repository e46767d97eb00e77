/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns when something is told: what the receivers believe is made to agree with what is. */
#include <string.h>

#include "alert/tell.h"
#include "base/clock.h"

/* Receivers such as Alertmanager forget what they are not told again. */
#define REFRESH_NS (60 * NSEC_PER_SEC)

/* As many VMs may lose the data of a rule at once and still be told of one by one. */
#define CROWD_MAX 5

/* What the receivers should believe. */
static enum told wanted_of(const struct machine *machine)
{
	if (machine->state == MACHINE_NODATA)
		return machine->was_firing ? TOLD_LOST : TOLD_NODATA;
	return machine->state == MACHINE_FIRING || machine->flapping ? TOLD_FIRING : TOLD_NOTHING;
}

static bool is_same_vm(const struct target *one, const struct target *other)
{
	if (one->uuid && other->uuid)
		return strcmp(one->uuid, other->uuid) == 0;
	return one->pid > 0 && one->pid == other->pid && one->start_ns == other->start_ns;
}

static bool fires_at(const struct target *target, size_t rule_number)
{
	for (size_t i = 0; i < target->n; i++)
		if (target->instances[i].rule_number == rule_number)
			return machine_fires(&target->instances[i].machine);
	return false;
}

/* An alert of the host concerns all, one of a VM what is in it, and one of a part that part. */
static bool fires_for(const struct engine *engine, size_t rule_number, const struct target *target)
{
	enum scope scope = engine->setup.rules->rule[rule_number].scope;

	if (scope == target->scope)
		return fires_at(target, rule_number);
	if (!engine->n_firing[rule_number])
		return false;
	for (const struct target *other = engine->targets.first; other; other = other->next)
		if (other->scope == scope && (scope == SCOPE_HOST || is_same_vm(other, target)) &&
			fires_at(other, rule_number))
			return true;
	return false;
}

static bool is_inhibited(
	const struct engine *engine, const struct target *target, const struct rule *rule)
{
	const struct rules *rules = engine->setup.rules;

	for (size_t i = 0; i < rule->n_inhibit_by; i++)
		for (size_t number = 0; number < rules->n; number++)
			if (strcmp(rules->rule[number].name, rule->inhibit_by[i]) == 0 &&
				fires_for(engine, number, target))
				return true;
	return false;
}

static struct crowd *crowd_of(struct engine *engine, const struct instance *instance)
{
	return &engine->crowds[instance->rule_number];
}

/* The data of all of them has been missing from when it began to be for the first. */
static void join_crowd(struct crowd *crowd, const struct machine *machine)
{
	if (crowd->n++ == 0 || machine->lost.real_ns < crowd->since_ns)
		crowd->since_ns = machine->lost.real_ns;
}

static void leave_crowd(struct engine *engine, struct instance *instance)
{
	if (instance->told == TOLD_NODATA_OF_MANY)
		crowd_of(engine, instance)->n--;
}

/* Whether a crowd tells of it, or has told. */
static bool is_of_crowd(struct engine *engine, const struct instance *instance, enum told wanted)
{
	return wanted == TOLD_NODATA &&
	       (instance->told == TOLD_NODATA_OF_MANY ||
		       (instance->told == TOLD_NOTHING &&
			       crowd_of(engine, instance)->n_new > CROWD_MAX));
}

static void tell_change(struct engine *engine, const struct snapshot *snap,
	const struct target *target, struct instance *instance, enum told wanted)
{
	bool in_crowd = is_of_crowd(engine, instance, wanted);

	if (in_crowd)
		join_crowd(crowd_of(engine, instance), &instance->machine);
	else if (wanted == TOLD_FIRING)
		tell_firing(engine, snap, target, instance, OCCASION_CHANGE);
	else if (wanted != TOLD_NOTHING)
		tell_nodata(engine, snap, target, instance, OCCASION_CHANGE);
	else if (instance->told != TOLD_NODATA_OF_MANY)
		tell_end(engine, snap, target, instance);
	if (wanted == TOLD_FIRING)
		tell_forget(engine, target->identity, instance->rule);
	leave_crowd(engine, instance);
	instance->told = in_crowd ? TOLD_NODATA_OF_MANY : wanted;
	instance->told_flapping = instance->machine.flapping;
	instance->told_ns = instance->refreshed_ns = snap->mono_ns;
	engine->changes++;
}

static void tell_again(struct engine *engine, const struct snapshot *snap,
	const struct target *target, struct instance *instance)
{
	uint64_t repeat_ns = instance->rule->repeat_ns;
	enum occasion occasion = OCCASION_REFRESH;

	if (instance->told == TOLD_NOTHING)
		return;
	if (instance->told == TOLD_FIRING && repeat_ns &&
		snap->mono_ns - instance->told_ns >= repeat_ns)
		occasion = OCCASION_REPEAT;
	else if (snap->mono_ns - instance->refreshed_ns < REFRESH_NS)
		return;
	if (instance->told == TOLD_FIRING)
		tell_firing(engine, snap, target, instance, occasion);
	else
		tell_nodata(engine, snap, target, instance, occasion);
	instance->refreshed_ns = snap->mono_ns;
	if (occasion == OCCASION_REPEAT)
		instance->told_ns = snap->mono_ns;
}

static void announce(struct engine *engine, const struct snapshot *snap,
	const struct target *target, struct instance *instance)
{
	enum told wanted = wanted_of(&instance->machine);
	bool begins_to_flap = instance->machine.flapping && !instance->told_flapping;

	if (wanted == TOLD_NODATA && instance->told == TOLD_NODATA_OF_MANY)
		return;
	if (wanted == instance->told && !(wanted == TOLD_FIRING && begins_to_flap)) {
		instance->told_flapping = instance->machine.flapping;
		tell_again(engine, snap, target, instance);
		return;
	}
	if (instance->told == TOLD_NOTHING && is_inhibited(engine, target, instance->rule))
		return;
	tell_change(engine, snap, target, instance, wanted);
}

static void count_instance(struct engine *engine, const struct instance *instance)
{
	engine->n_firing[instance->rule_number] += machine_fires(&instance->machine);
	crowd_of(engine, instance)->n_new +=
		instance->told == TOLD_NOTHING && wanted_of(&instance->machine) == TOLD_NODATA;
}

static void count_instances(struct engine *engine)
{
	for (size_t i = 0; i < engine->setup.rules->n; i++)
		engine->n_firing[i] = engine->crowds[i].n_new = 0;
	for (struct target *target = engine->targets.first; target; target = target->next)
		for (size_t i = 0; i < target->n; i++)
			count_instance(engine, &target->instances[i]);
}

static void tell_crowds(struct engine *engine, const struct snapshot *snap)
{
	for (size_t i = 0; i < engine->setup.rules->n; i++) {
		const struct rule *rule = &engine->setup.rules->rule[i];
		struct crowd *crowd = &engine->crowds[i];

		if (crowd->n_new > CROWD_MAX || (crowd->told && crowd->n == 0))
			tell_crowd(engine, snap, rule, crowd, OCCASION_CHANGE);
		else if (crowd->told && snap->mono_ns - crowd->refreshed_ns >= REFRESH_NS)
			tell_crowd(engine, snap, rule, crowd, OCCASION_REFRESH);
	}
}

void engine_announce(struct engine *engine, const struct snapshot *snap)
{
	count_instances(engine);
	for (struct target *target = engine->targets.first; target; target = target->next)
		for (size_t i = 0; i < target->n; i++)
			announce(engine, snap, target, &target->instances[i]);
	tell_crowds(engine, snap);
	tell_ended_again(engine, snap);
}
