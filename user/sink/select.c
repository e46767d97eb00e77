/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entities that match a view_spec, in its order. */
#include "sink/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/filter.h"

/* The entity above or at the item that a column of `wanted` describes; NULL where there is none. */
static const struct entity *entity_of(
	enum scope wanted, const struct snapshot *snap, enum scope scope, const struct item *item)
{
	if (wanted == scope)
		return item->entity;
	if (wanted == SCOPE_VM && item->vm)
		return &item->vm->e;
	if (wanted == SCOPE_HOST)
		return &snap->host.e;
	return NULL;
}

struct value select_value(const struct column *column, const struct snapshot *snap,
	enum scope scope, const struct item *item)
{
	const struct entity *entity = entity_of(column->metric->scope, snap, scope, item);

	return entity ? column_value(column, snap, entity) : (struct value){ 0 };
}

bool select_is_idle(const struct column *column, const struct snapshot *snap, enum scope scope,
	const struct item *item)
{
	const struct entity *entity = entity_of(column->metric->scope, snap, scope, item);

	return entity && column_is_idle(column, snap, entity);
}

static struct value number_value(uint64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = (double)number, .raw = number };
}

static struct value text_value(const char *text)
{
	return (struct value){ .kind = text ? VALUE_TEXT : VALUE_ABSENT, .text = text };
}

struct value select_key(enum scope scope, const struct item *item)
{
	const void *entity = item->entity;

	switch (scope) {
	case SCOPE_VCPU:
		return number_value(((const struct vcpu *)entity)->index);
	case SCOPE_THREAD:
		return number_value((uint64_t)((const struct thread *)entity)->tid);
	case SCOPE_NIC:
		return text_value(((const struct nic *)entity)->device);
	case SCOPE_DISK:
		return text_value(((const struct disk *)entity)->target);
	case SCOPE_EXIT:
		return text_value(((const struct exit *)entity)->reason);
	case SCOPE_BLAME:
		return text_value(((const struct blame *)entity)->holder);
	default:
		return (struct value){ .kind = VALUE_ABSENT };
	}
}

enum scope select_scope(const struct view_spec *spec)
{
	if (spec->n_columns)
		return spec->columns[0].metric->scope;
	for (enum scope scope = 0; scope < N_SCOPES; scope++)
		if (spec->scopes & 1u << scope)
			return scope;
	return SCOPE_VM;
}

static bool is_identity(const struct column *column, enum scope scope)
{
	const struct metric *metric = column->metric;

	if (metric->scope == SCOPE_VM && strcmp(metric->name, "name") == 0)
		return true;
	return metric->scope == scope && scopes[scope].key &&
	       strcmp(metric->name, scopes[scope].key) == 0;
}

unsigned select_columns(
	const struct view_spec *spec, enum scope scope, struct column columns[static MAX_COLUMNS])
{
	enum view view = VIEW_TOTAL;
	struct column column;
	unsigned n = 0;

	for (unsigned i = 0; i < spec->n_columns; i++)
		if (!is_identity(&spec->columns[i], scope))
			columns[n++] = spec->columns[i];
	if (spec->n_columns)
		return n;
	for (size_t i = 0; n < MAX_COLUMNS && column_next(scope, &i, &view, &column);)
		if (!is_identity(&column, scope))
			columns[n++] = column;
	return n;
}

static int rows_add(struct rows *rows, const struct row *row)
{
	if (rows->n == rows->capacity) {
		size_t capacity = rows->capacity ? rows->capacity * 2 : 64;
		struct row *grown = reallocarray(rows->row, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rows->row = grown;
		rows->capacity = capacity;
	}
	rows->row[rows->n++] = *row;
	return 0;
}

void rows_done(struct rows *rows)
{
	free(rows->row);
	*rows = (struct rows){ 0 };
}

static int compare_values(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT)
		return strcmp(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

struct order {
	bool by_vm;
	bool ascending;
};

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct row *a = left, *b = right;
	const struct order *order = context;
	int result = 0;

	if (order->by_vm && a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	if (a->key.kind == VALUE_ABSENT || b->key.kind == VALUE_ABSENT)
		result = (a->key.kind == VALUE_ABSENT) - (b->key.kind == VALUE_ABSENT);
	else
		result = compare_values(&a->key, &b->key) * (order->ascending ? 1 : -1);
	if (result)
		return result;
	return (a->index > b->index) - (a->index < b->index);
}

/* Both walks are in the order of the VMs, so this never has to go back. */
static size_t follow_vm(
	const struct snapshot *snap, const struct vm *vm, struct item *at, size_t ordinal)
{
	bool begun = at->entity != NULL;

	while (vm && at->vm != vm && scopes[SCOPE_VM].next(snap, at)) {
		ordinal += begun;
		begun = true;
	}
	return ordinal;
}

int rows_select(const struct view_spec *spec, const struct snapshot *snap, enum scope scope,
	bool by_vm, struct rows *ret)
{
	struct order order = { .by_vm = by_vm, .ascending = spec->ascending };
	struct item vm = { 0 };
	struct row row = { 0 };

	for (; scopes[scope].next(snap, &row.item); row.index++) {
		row.vm = follow_vm(snap, row.item.vm, &vm, row.vm);
		if (spec->filter && !filter_match(spec->filter, snap, scope, &row.item))
			continue;
		if (spec->sort.metric)
			row.key = select_value(&spec->sort, snap, scope, &row.item);
		if (rows_add(ret, &row) < 0)
			return -ENOMEM;
	}
	if (spec->sort.metric && ret->n)
		qsort_r(ret->row, ret->n, sizeof(*ret->row), compare_rows, &order);
	return 0;
}

/* The first row whose VM is not before `vm`. */
static size_t lower_bound(const struct rows *rows, size_t vm)
{
	size_t low = 0, high = rows->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->row[middle].vm < vm)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct row *rows_of_vm(const struct rows *rows, size_t vm, size_t *n)
{
	size_t first = lower_bound(rows, vm);

	*n = lower_bound(rows, vm + 1) - first;
	return *n ? rows->row + first : NULL;
}
