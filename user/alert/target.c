/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the list of what rules are held against, and how it is found again at the next tick. */
#include "alert/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "model/filter_tree.h"
#include "sink/identity.h"
#include "sink/select.h"

void targets_init(struct targets *targets)
{
	*targets = (struct targets){ 0 };
	targets->last = &targets->first;
}

static void instance_init(struct instance *instance, const struct rule *rule, size_t number)
{
	const struct filter *hold = rule->hold;

	*instance = (struct instance){ .rule = rule, .rule_number = number };
	if (!hold->n_windows)
		return;
	instance->windows = must(calloc(hold->n_windows, sizeof(*instance->windows)));
	for (unsigned i = 0; i < hold->n_windows; i++)
		window_init(
			&instance->windows[i], hold->windows[i]->over, hold->windows[i]->window_ns);
}

static void instance_done(struct instance *instance)
{
	for (unsigned i = 0; i < instance->rule->hold->n_windows; i++)
		window_done(&instance->windows[i]);
	free(instance->windows);
	free(instance->cause);
	free(instance->suggestion);
}

static void target_free(struct target *target)
{
	for (size_t i = 0; i < target->n; i++)
		instance_done(&target->instances[i]);
	free(target->vm);
	free(target->uuid);
	free(target->key);
	free(target);
}

void targets_done(struct targets *targets)
{
	struct target *next;

	for (struct target *target = targets->first; target; target = next) {
		next = target->next;
		target_free(target);
	}
	table_done(&targets->by_identity);
	targets_init(targets);
}

static void index_process(struct targets *targets, struct target *target)
{
	if (target->by_process && target->by_process != target->identity)
		table_add(&targets->by_identity, target->by_process, target);
}

static void index_target(struct targets *targets, struct target *target)
{
	table_add(&targets->by_identity, target->identity, target);
	index_process(targets, target);
}

static void index_all(struct targets *targets)
{
	table_clear(&targets->by_identity);
	for (struct target *target = targets->first; target; target = target->next)
		index_target(targets, target);
}

struct target *targets_find(struct targets *targets, enum scope scope, const struct item *item)
{
	uint64_t identity = identity_of(scope, item), by_process;
	struct target *target = targets->expected;

	if (!target || target->identity != identity || target->scope != scope)
		target = table_find(&targets->by_identity, identity, NULL);
	by_process = target ? 0 : identity_by_process(scope, item);
	if (by_process)
		target = table_find(&targets->by_identity, by_process, NULL);
	if (!target || target->scope != scope)
		return NULL;
	targets->expected = target->next;
	return target;
}

static size_t count_rules(const struct rules *rules, enum scope scope)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++)
		n += rules->rule[i].scope == scope;
	return n;
}

struct target *targets_add(
	struct targets *targets, const struct rules *rules, enum scope scope, uint64_t identity)
{
	size_t n = count_rules(rules, scope);
	struct target *target = must(calloc(1, sizeof(*target) + n * sizeof(struct instance)));

	target->scope = scope;
	target->identity = identity;
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rule[i].scope == scope)
			instance_init(&target->instances[target->n++], &rules->rule[i], i);
	*targets->last = target;
	targets->last = &target->next;
	targets->n++;
	index_target(targets, target);
	return target;
}

static void update_key(struct target *target, const struct item *item)
{
	struct value key;
	char number[24];

	if (target->scope <= SCOPE_VM || target->key)
		return;
	key = select_key(target->scope, item);
	if (key.kind == VALUE_TEXT) {
		must_set_text(&target->key, key.text);
		return;
	}
	snprintf(number, sizeof(number), "%" PRIu64, key.raw);
	must_set_text(&target->key, number);
}

static bool is_text(const char *text, const char *other)
{
	return text && other ? strcmp(text, other) == 0 : text == other;
}

/* What tells an entity from others, its key left aside, which never changes. */
static bool is_still(const struct target *target, const struct vm *vm)
{
	if (!vm)
		return target->identity != 0;
	return target->by_process && target->pid == vm->pid && target->start_ns == vm->start_ns &&
	       is_text(target->uuid, vm->uuid);
}

static void update_identity(struct targets *targets, struct target *target, const struct item *item)
{
	uint64_t identity = identity_of(target->scope, item);
	uint64_t by_process = identity_by_process(target->scope, item);

	bool is_new = target->identity == identity && !target->by_process;

	if (target->identity == identity && target->by_process == by_process)
		return;
	target->identity = identity;
	target->by_process = by_process;
	if (is_new)
		index_process(targets, target);
	else
		index_all(targets);
}

void target_update(struct targets *targets, struct target *target, const struct item *item)
{
	const struct vm *vm = item->vm;
	bool is_same = is_still(target, vm);

	target->item = *item;
	target->restored = false;
	update_key(target, item);
	if (vm)
		must_set_text(&target->vm, vm->name);
	if (is_same)
		return;
	if (vm) {
		must_set_text(&target->uuid, vm->uuid);
		target->pid = vm->pid;
		target->start_ns = vm->start_ns;
	}
	update_identity(targets, target, item);
}

static bool has_ended(const struct target *target, uint64_t tick)
{
	if (target->tick == tick || !target->end_reason)
		return false;
	for (size_t i = 0; i < target->n; i++)
		if (target->instances[i].told != TOLD_NOTHING)
			return false;
	return true;
}

void targets_remove_ended(struct targets *targets, uint64_t tick)
{
	struct target **link = &targets->first;
	bool removed = false;

	while (*link) {
		struct target *target = *link;

		if (!has_ended(target, tick)) {
			link = &target->next;
			continue;
		}
		*link = target->next;
		target_free(target);
		targets->n--;
		removed = true;
	}
	targets->last = link;
	if (removed)
		index_all(targets);
}
