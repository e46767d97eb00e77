/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how numbers are asked for and put into words. */
#include "alert/evidence_ask.h"

#include <math.h>
#include <string.h>

#include "alert/text.h"
#include "model/unit.h"

double ask_number(const struct question *question, const char *name, enum scope scope,
	const struct entity *entity)
{
	struct column column;
	struct value value;

	if (column_find(name, scope, &column) < 0)
		return NAN;
	value = column_value(&column, question->snap, entity);
	return value.kind == VALUE_NUMBER ? value.number : (double)NAN;
}

double ask_own(const struct question *question, const char *name)
{
	return ask_number(question, name, question->column->metric->scope, question->item->entity);
}

double ask_vm(const struct question *question, const char *name)
{
	return ask_number(question, name, SCOPE_VM, &question->item->vm->e);
}

double ask_host(const struct question *question, const char *name)
{
	return ask_number(question, name, SCOPE_HOST, &question->snap->host.e);
}

static const char *text_of(
	const struct question *question, const struct column *column, const struct entity *entity)
{
	struct value value = column_value(column, question->snap, entity);

	if (value.kind == VALUE_TEXT)
		return value.text;
	if (value.kind != VALUE_NUMBER)
		return NULL;
	return alert_quantity(question->arena, column, value.number);
}

const char *ask_text(const struct question *question, const char *name, enum scope scope,
	const struct entity *entity)
{
	struct column column;

	if (column_find(name, scope, &column) < 0)
		return NULL;
	return text_of(question, &column, entity);
}

const char *ask_own_text(const struct question *question, const char *name)
{
	return ask_text(question, name, question->column->metric->scope, question->item->entity);
}

const char *ask_vm_text(const struct question *question, const char *name)
{
	return ask_text(question, name, SCOPE_VM, &question->item->vm->e);
}

const char *ask_host_text(const struct question *question, const char *name)
{
	return ask_text(question, name, SCOPE_HOST, &question->snap->host.e);
}

const char *ask_asked(const struct question *question)
{
	return text_of(question, question->column, question->item->entity);
}

#define OF_LIBVIRT (SRC_LIBVIRT | SRC_BALLOON | SRC_BLOCK | SRC_STORAGE)

/* Which status of a snapshot tells of a source. */
static const struct {
	const char *status;
	uint32_t sources;
} statuses[] = {
	{ "walk", SRC_SCHED | SRC_KVM | SRC_GUEST | SRC_LIMIT },
	{ "events", SRC_EVENTS },
	{ "net", SRC_NET | SRC_NET_THREAD },
	{ "netdev", SRC_NET_DEVICE },
	{ "libvirt", OF_LIBVIRT },
	{ "exits", SRC_EXITS },
};

/* The reason that the collector gives. */
static const char *reason_of(const struct snapshot *snap, uint32_t source)
{
	const char *status = "";

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].sources & source)
			status = statuses[i].status;
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (!snap->sources[i].up && strcmp(snap->sources[i].name, status) == 0)
			return snap->sources[i].reason;
	return NULL;
}

const char *ask_absence(
	const struct question *question, uint32_t needs, const struct entity *entity)
{
	const struct vm *vm = question->item->vm;
	uint32_t lacking = needs & ~entity->have;
	const char *reason;

	if (!lacking)
		return NULL;
	lacking &= ~lacking + 1; /* the first of them */
	if (vm && lacking & OF_LIBVIRT && !(vm->e.have & SRC_LIBVIRT))
		lacking = SRC_LIBVIRT;
	if (vm && !(lacking & OF_LIBVIRT) && !vm->pid)
		return SAY(question, "the VM does not run, it is %s", vm_state_names[vm->state]);
	reason = reason_of(question->snap, lacking);
	return reason ? reason : sources[__builtin_ctz(lacking)].missing;
}

const char *say_bytes(struct arena *arena, double bytes)
{
	const struct value value = { .kind = VALUE_NUMBER, .number = bytes };
	char text[UNIT_TEXT_MAX];
	struct column column;

	if (column_find("memory_rss_bytes", SCOPE_VM, &column) < 0)
		return "?";
	return arena_strdup(arena, unit_format(&column, &value, text));
}

const char *say_join(
	const struct question *question, const char *first, const char *between, const char *second)
{
	if (!first || !second)
		return first ? first : second;
	return SAY(question, "%s%s%s", first, between, second);
}
