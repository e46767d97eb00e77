/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the rows of scope blame to the matrix of those who waited and those who did not. */
#include "sink/blame_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sink/select.h"

/* What rounds to less than 0.1 % of a CPU is no wait to speak of. */
#define READY_MIN 0.05

/* A rate in percent, NAN where nobody measured it. */
static double rate_of(const char *name, enum scope scope, const struct snapshot *snap,
	const struct entity *entity)
{
	struct column column;
	struct value value;

	if (column_find(name, scope, &column) < 0)
		return NAN;
	value = column_value(&column, snap, entity);
	return value.kind == VALUE_NUMBER ? value.number : NAN;
}

bool holder_is_same(const struct holder *one, const struct holder *other)
{
	if (one->kind != other->kind || one->pid != other->pid)
		return false;
	return one->pid || strcmp(one->name, other->name) == 0;
}

const struct holder *waiter_find(const struct waiter *waiter, const struct holder *holder)
{
	for (size_t i = 0; i < waiter->n_holders; i++)
		if (holder_is_same(&waiter->holders[i], holder))
			return &waiter->holders[i];
	return NULL;
}

static int compare_identity(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->pid ? 0 : strcmp(a->name, b->name);
}

static int compare_percent(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	if (a->percent != b->percent)
		return a->percent > b->percent ? -1 : 1;
	return compare_identity(a, b);
}

static size_t count_blames(const struct vm *vm)
{
	size_t n = 0;

	for (const struct blame *blame = vm->blames; blame; blame = blame->next)
		n++;
	return n;
}

/* Holders of whom it is not known how much they took in this interval are left out. */
static void fill_holders(const struct snapshot *snap, struct arena *arena, struct waiter *waiter)
{
	const struct vm *vm = waiter->item.vm;
	struct holder *holders = arena_alloc(arena, count_blames(vm) * sizeof(*holders));
	size_t n = 0;

	waiter->unknown = waiter->ready;
	for (const struct blame *blame = vm->blames; blame; blame = blame->next) {
		double held = rate_of("held_percent", SCOPE_BLAME, snap, &blame->e);

		if (isnan(held))
			continue;
		holders[n++] = (struct holder){
			.kind = blame->kind,
			.pid = blame->kind == HOLDER_VM ? blame->holder_pid : 0,
			.name = blame->holder ? blame->holder : "?",
			.percent = held,
		};
		waiter->unknown -= held;
	}
	qsort(holders, n, sizeof(*holders), compare_percent);
	waiter->holders = holders;
	waiter->n_holders = n;
	/* Of a wait that began before the interval, all is held but only the rest is ready. */
	waiter->unknown = n ? fmax(waiter->unknown, 0) : NAN;
}

static unsigned count_vcpus(const struct vm *vm)
{
	unsigned n = 0;

	if (vm->n_vcpus && vm->n_vcpus != NOT_REPORTED)
		return (unsigned)vm->n_vcpus;
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		n++;
	return n ? n : 1;
}

bool waiter_fill(const struct snapshot *snap, struct arena *arena, const struct item *item,
	struct waiter *ret)
{
	double ready = rate_of("ready_percent", SCOPE_VM, snap, item->entity);

	if (!(ready >= READY_MIN))
		return false;
	*ret = (struct waiter){
		.item = *item,
		.ready = ready,
		.throttled = rate_of("throttled_percent", SCOPE_VM, snap, item->entity),
		.n_vcpus = count_vcpus(item->vm),
	};
	fill_holders(snap, arena, ret);
	return true;
}

static void fill_waiters(const struct snapshot *snap, struct arena *arena, const struct rows *rows,
	struct blame_matrix *matrix)
{
	matrix->waiters = arena_alloc(arena, rows->n * sizeof(*matrix->waiters));
	for (size_t i = 0; i < rows->n; i++)
		matrix->n_waiters += waiter_fill(
			snap, arena, &rows->row[i].item, &matrix->waiters[matrix->n_waiters]);
}

static bool has_name(const struct holder *holder)
{
	return holder->kind == HOLDER_VM || holder->kind == HOLDER_HOST;
}

/* Those of all waiters, one after the other. */
static size_t gather_holders(const struct blame_matrix *matrix, struct holder *all)
{
	size_t n = 0;

	for (size_t i = 0; i < matrix->n_waiters; i++) {
		const struct waiter *waiter = &matrix->waiters[i];

		for (size_t k = 0; k < waiter->n_holders; k++)
			if (has_name(&waiter->holders[k]) && waiter->holders[k].percent > 0)
				all[n++] = waiter->holders[k];
	}
	return n;
}

/* What each holder took from all waiters together, largest first. */
static void add_up_holders(struct arena *arena, struct blame_matrix *matrix)
{
	struct holder *all;
	size_t n = 0;

	for (size_t i = 0; i < matrix->n_waiters; i++)
		n += matrix->waiters[i].n_holders;
	matrix->holders = all = arena_alloc(arena, n * sizeof(*all));
	n = gather_holders(matrix, all);
	qsort(all, n, sizeof(*all), compare_identity);
	for (size_t i = 0; i < n; i++) {
		if (matrix->n_holders && holder_is_same(&all[matrix->n_holders - 1], &all[i]))
			all[matrix->n_holders - 1].percent += all[i].percent;
		else
			all[matrix->n_holders++] = all[i];
	}
	qsort(all, matrix->n_holders, sizeof(*all), compare_percent);
}

int blame_matrix_fill(const struct view_spec *spec, const struct snapshot *snap,
	struct arena *arena, struct blame_matrix *ret)
{
	struct rows rows = { 0 };
	int err = rows_select(spec, snap, SCOPE_VM, false, &rows);

	*ret = (struct blame_matrix){ 0 };
	if (!err) {
		fill_waiters(snap, arena, &rows, ret);
		add_up_holders(arena, ret);
	}
	rows_done(&rows);
	return err;
}
