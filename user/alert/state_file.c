/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the states of alerts are written, and read again by another vmbpf. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/engine_parts.h"
#include "base/must.h"
#include "sink/identity.h"

/* Raised when what was written before is no longer understood. */
#define FORM 1

#define DEPTH_MAX 8

static const char *const machine_state_names[N_MACHINE_STATES] = {
	[MACHINE_INACTIVE] = "inactive",
	[MACHINE_PENDING] = "pending",
	[MACHINE_FIRING] = "firing",
	[MACHINE_NODATA] = "nodata",
};

/* What is told of many at once is told of each after a restart. */
static const char *const told_names[N_TOLDS] = {
	[TOLD_NOTHING] = "nothing",
	[TOLD_FIRING] = "firing",
	[TOLD_LOST] = "lost",
	[TOLD_NODATA] = "nodata",
	[TOLD_NODATA_OF_MANY] = "nothing",
};

/* A time of the engine as others have it, and back; both wrap alike. */
static uint64_t to_real(const struct engine *engine, uint64_t mono_ns)
{
	return engine->real_ns - (engine->mono_ns - mono_ns);
}

static uint64_t to_mono(const struct engine *engine, uint64_t real_ns)
{
	return engine->mono_ns - (engine->real_ns - real_ns);
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *object, const char *name, uint64_t number)
{
	json_object_object_add(object, name, json_object_new_uint64(number));
}

static void add_flag(struct json_object *object, const char *name, bool flag)
{
	json_object_object_add(object, name, json_object_new_boolean(flag));
}

static void add_changes(
	struct json_object *alert, const struct engine *engine, const struct machine *machine)
{
	struct json_object *changes = json_object_new_array();
	unsigned room = FLAP_CHANGES + 1;
	unsigned n = machine->n_changes < room ? machine->n_changes : room;

	for (unsigned i = machine->n_changes - n; i < machine->n_changes; i++)
		json_object_array_add(changes,
			json_object_new_uint64(to_real(engine, machine->changes_ns[i % room])));
	json_object_object_add(alert, "changes", changes);
}

static void add_identity(struct json_object *alert, const struct target *target)
{
	add_text(alert, "scope", scopes[target->scope].name);
	add_text(alert, "vm", target->vm);
	add_text(alert, "uuid", target->uuid);
	add_number(alert, "pid", (uint64_t)target->pid);
	add_number(alert, "start", target->start_ns);
	add_text(alert, "key", target->key);
}

static struct json_object *save_alert(
	const struct engine *engine, const struct target *target, const struct instance *instance)
{
	const struct machine *machine = &instance->machine;
	struct json_object *alert = json_object_new_object();

	add_text(alert, "rule", instance->rule->name);
	add_text(alert, "expr", instance->rule->expr);
	add_identity(alert, target);
	add_text(alert, "state", machine_state_names[machine->state]);
	add_flag(alert, "was_firing", machine->was_firing);
	add_number(alert, "known", machine->known.real_ns);
	add_number(alert, "since", machine->since.real_ns);
	add_number(alert, "held", to_real(engine, machine->held_ns));
	add_number(alert, "fired", machine->fired.real_ns);
	add_number(alert, "lost", machine->lost.real_ns);
	add_changes(alert, engine, machine);
	add_text(alert, "told", told_names[instance->told]);
	add_flag(alert, "told_flapping", instance->told_flapping);
	add_number(alert, "told_at", to_real(engine, instance->told_ns));
	add_text(alert, "cause", instance->cause);
	add_text(alert, "suggestion", instance->suggestion);
	return alert;
}

static bool is_worth_saving(const struct instance *instance)
{
	return machine_fires(&instance->machine) || instance->told != TOLD_NOTHING ||
	       instance->machine.n_changes;
}

char *engine_save(const struct engine *engine, size_t *size)
{
	struct json_object *state = json_object_new_object();
	struct json_object *alerts = json_object_new_array();
	char *text;

	add_number(state, "vmbpf_watch_state", FORM);
	json_object_object_add(state, "alerts", alerts);
	for (const struct target *target = engine->targets.first; target; target = target->next)
		for (size_t i = 0; i < target->n; i++)
			if (is_worth_saving(&target->instances[i]))
				json_object_array_add(
					alerts, save_alert(engine, target, &target->instances[i]));
	text = strdup(json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN));
	json_object_put(state);
	*size = text ? strlen(text) : 0;
	return text;
}

static struct json_object *member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value = json_object_object_get(object, name);

	return json_object_is_type(value, type) ? value : NULL;
}

static const char *get_text(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

static uint64_t get_number(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name, json_type_int);

	return value ? json_object_get_uint64(value) : 0;
}

static bool get_flag(struct json_object *object, const char *name)
{
	return json_object_get_boolean(member(object, name, json_type_boolean));
}

/* -EINVAL where the word is none of them. */
static int get_word(struct json_object *object, const char *name, const char *const *words,
	unsigned n, unsigned *ret)
{
	const char *text = get_text(object, name);

	for (*ret = 0; text && *ret < n; ++*ret)
		if (strcmp(words[*ret], text) == 0)
			return 0;
	return -EINVAL;
}

/* What stands for an entity that is not there yet. */
struct stand_in {
	struct vm vm;
	struct vcpu vcpu;
	struct nic nic;
	struct disk disk;
	struct item item;
};

static void make_stand_in(
	struct stand_in *stand_in, enum scope scope, struct json_object *alert, const char *key)
{
	*stand_in = (struct stand_in){ 0 };
	stand_in->vm.name = get_text(alert, "vm");
	stand_in->vm.uuid = get_text(alert, "uuid");
	stand_in->vm.pid = (pid_t)get_number(alert, "pid");
	stand_in->vm.start_ns = get_number(alert, "start");
	stand_in->vcpu.index = key ? strtoull(key, NULL, 10) : 0;
	stand_in->nic.device = stand_in->disk.target = key ? key : "";
	stand_in->item.vm = scope == SCOPE_HOST ? NULL : &stand_in->vm;
	stand_in->item.entity = scope == SCOPE_VCPU  ? &stand_in->vcpu.e
				: scope == SCOPE_NIC ? &stand_in->nic.e
						     : &stand_in->disk.e;
}

static struct target *restore_target(
	struct engine *engine, enum scope scope, struct json_object *alert)
{
	const char *key = get_text(alert, "key");
	struct stand_in stand_in;
	struct target *target;

	make_stand_in(&stand_in, scope, alert, key);
	target = targets_find(&engine->targets, scope, &stand_in.item);
	if (target)
		return target;
	target = targets_add(
		&engine->targets, engine->setup.rules, scope, identity_of(scope, &stand_in.item));
	target_update(&engine->targets, target, &stand_in.item);
	target->item = (struct item){ 0 };
	target->restored = true;
	return target;
}

static struct instance *find_instance(struct target *target, const char *rule, const char *expr)
{
	for (size_t i = 0; rule && expr && i < target->n; i++)
		if (strcmp(target->instances[i].rule->name, rule) == 0 &&
			strcmp(target->instances[i].rule->expr, expr) == 0)
			return &target->instances[i];
	return NULL;
}

static struct moment get_moment(
	const struct engine *engine, struct json_object *object, const char *name)
{
	uint64_t real_ns = get_number(object, name);

	return (struct moment){ to_mono(engine, real_ns), real_ns };
}

static void restore_changes(
	const struct engine *engine, struct json_object *alert, struct machine *machine)
{
	struct json_object *changes = member(alert, "changes", json_type_array);
	size_t n = changes ? json_object_array_length(changes) : 0;

	for (size_t i = 0; i < n && i < FLAP_CHANGES + 1; i++)
		machine->changes_ns[machine->n_changes++] = to_mono(
			engine, json_object_get_uint64(json_object_array_get_idx(changes, i)));
}

/* Of an alert that is there twice the last one counts. */
static void restore_machine(const struct engine *engine, struct json_object *alert,
	enum machine_state state, struct machine *machine)
{
	bool fires = state == MACHINE_FIRING || get_flag(alert, "was_firing");

	*machine = (struct machine){
		.state = fires || state == MACHINE_NODATA ? state : MACHINE_INACTIVE,
		.was_firing = state == MACHINE_NODATA && fires,
		.known = get_moment(engine, alert, "known"),
		.since = get_moment(engine, alert, "since"),
		.fired = get_moment(engine, alert, "fired"),
		.lost = get_moment(engine, alert, "lost"),
		.held_ns = to_mono(engine, get_number(alert, "held")),
	};
	restore_changes(engine, alert, machine);
}

/* What was known last was known before the restart: the time without data begins now. */
static void restore_instance(const struct engine *engine, struct json_object *alert,
	enum machine_state state, enum told told, struct instance *instance)
{
	restore_machine(engine, alert, state, &instance->machine);
	if (state != MACHINE_NODATA)
		instance->machine.known = (struct moment){ engine->mono_ns, engine->real_ns };
	instance->told = told;
	instance->told_flapping = get_flag(alert, "told_flapping");
	instance->told_ns = to_mono(engine, get_number(alert, "told_at"));
	must_set_text(&instance->cause, get_text(alert, "cause"));
	must_set_text(&instance->suggestion, get_text(alert, "suggestion"));
}

/* 1 where it was left out, or -EINVAL. */
static int restore_alert(struct engine *engine, struct json_object *alert)
{
	const char *scope_name = get_text(alert, "scope");
	struct instance *instance;
	unsigned state, told;
	enum scope scope;

	if (!scope_name || scope_find(scope_name, &scope) != 0 || !rule_may_have_scope(scope) ||
		get_word(alert, "state", machine_state_names, N_MACHINE_STATES, &state) != 0 ||
		get_word(alert, "told", told_names, N_TOLDS, &told) != 0)
		return -EINVAL;
	if (!(engine->scopes & 1u << scope))
		return 1;
	instance = find_instance(restore_target(engine, scope, alert), get_text(alert, "rule"),
		get_text(alert, "expr"));
	if (!instance)
		return 1;
	restore_instance(engine, alert, state, told, instance);
	return 0;
}

static struct json_object *parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *state;

	if (!tokener || size > INT32_MAX)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	state = json_tokener_parse_ex(tokener, text, (int)size);
	json_tokener_free(tokener);
	return state;
}

static int restore_all(struct engine *engine, struct json_object *state, size_t *n_left)
{
	struct json_object *alerts = member(state, "alerts", json_type_array);
	size_t n = alerts ? json_object_array_length(alerts) : 0;

	if (!alerts || get_number(state, "vmbpf_watch_state") != FORM)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct json_object *alert = json_object_array_get_idx(alerts, i);
		int left = json_object_is_type(alert, json_type_object)
				   ? restore_alert(engine, alert)
				   : -EINVAL;

		if (left < 0)
			return left;
		*n_left += left > 0;
	}
	return 0;
}

int engine_load(struct engine *engine, const char *text, size_t size, uint64_t mono_ns,
	uint64_t real_ns, size_t *n_left, char error[static ENGINE_ERROR_MAX])
{
	struct json_object *state = parse(text, size);
	int err;

	engine->mono_ns = mono_ns;
	engine->real_ns = real_ns;
	*n_left = 0;
	err = state ? restore_all(engine, state, n_left) : -EINVAL;
	json_object_put(state);
	if (err) {
		snprintf(error, ENGINE_ERROR_MAX, "this is no state of vmbpf watch");
		targets_done(&engine->targets);
	}
	return err;
}
