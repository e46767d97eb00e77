/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which rows there are, and which of them is selected. */
#include "sink/tui/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/select.h"
#include "sink/identity.h"

void list_done(struct list *list)
{
	free(list->row);
	free(list->folds.open);
	*list = (struct list){ 0 };
}

static size_t find_open(const struct folds *folds, uint64_t vm)
{
	size_t at = 0;

	while (at < folds->n && folds->open[at] != vm)
		at++;
	return at;
}

static bool is_open(const struct folds *folds, const struct item *vm)
{
	return folds->all || find_open(folds, identity_of(SCOPE_VM, vm)) < folds->n;
}

int list_add(struct list *list, enum scope scope, const struct item *item, uint64_t identity)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		struct list_row *grown = reallocarray(list->row, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->row = grown;
		list->capacity = capacity;
	}
	list->row[list->n++] = (struct list_row){
		.scope = scope,
		.item = *item,
		.identity = identity,
	};
	return 0;
}

static int add_row(struct list *list, enum scope scope, const struct item *item)
{
	return list_add(list, scope, item, identity_of(scope, item));
}

/* Everything below the VMs, each scope sorted for itself. */
struct below {
	enum scope scope[N_SCOPES];
	struct rows rows[N_SCOPES];
	unsigned n;
};

static void below_done(struct below *below)
{
	for (unsigned i = 0; i < below->n; i++)
		rows_done(&below->rows[i]);
}

/* In the order of what the VMs are sorted by, where the scope has that, else in its own. */
static int below_select(struct below *below, const struct view_spec *given, enum scope scope,
	const struct snapshot *snap)
{
	struct view_spec spec = *given;
	const struct metric *by = spec.sort.metric;

	if (by && column_find(by->views[spec.sort.view], scope, &spec.sort) < 0)
		spec.sort.metric = NULL;
	below->scope[below->n] = scope;
	return rows_select(&spec, snap, scope, true, &below->rows[below->n++]);
}

static int below_fill(struct below *below, const struct view_spec *spec, uint32_t wanted,
	const struct snapshot *snap)
{
	int err = 0;

	for (enum scope scope = SCOPE_VCPU; !err && scope < N_SCOPES; scope++)
		if (wanted & 1u << scope)
			err = below_select(below, spec, scope, snap);
	return err;
}

static int add_below(struct list *list, const struct below *below, size_t vm)
{
	size_t first = list->n, n;
	int err = 0;

	for (unsigned i = 0; i < below->n; i++) {
		const struct row *row = rows_of_vm(&below->rows[i], vm, &n);

		for (size_t j = 0; !err && j < n; j++)
			err = add_row(list, below->scope[i], &row[j].item);
	}
	if (list->n > first)
		list->row[list->n - 1].last = true;
	return err;
}

/* The one that was selected; where it is gone, what has its place now. */
static void select_again(struct list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->row[i].identity != list->chosen)
			continue;
		list->selected = i;
		return;
	}
	list_move(list, 0);
}

void list_begin(struct list *list)
{
	list->n = 0;
}

void list_end(struct list *list)
{
	select_again(list);
}

int list_fill(struct list *list, const struct view_spec *spec, uint32_t below,
	const struct snapshot *snap)
{
	bool unfolded = list->folds.all || list->folds.n;
	struct below children = { 0 };
	struct rows vms = { 0 };
	int err = rows_select(spec, snap, SCOPE_VM, false, &vms);

	if (!err && unfolded)
		err = below_fill(&children, spec, below, snap);
	list_begin(list);
	for (size_t i = 0; !err && i < vms.n; i++) {
		const struct row *vm = &vms.row[i];

		err = add_row(list, SCOPE_VM, &vm->item);
		if (!err && unfolded && is_open(&list->folds, &vm->item))
			err = add_below(list, &children, vm->vm);
	}
	below_done(&children);
	rows_done(&vms);
	list_end(list);
	return err;
}

static void choose(struct list *list, size_t row)
{
	list->selected = row;
	list->chosen = list->n ? list->row[row].identity : 0;
}

void list_move(struct list *list, long rows)
{
	size_t last = list->n ? list->n - 1 : 0, at = list->selected < last ? list->selected : last;

	if (rows < 0)
		at = (size_t)-rows < at ? at - (size_t)-rows : 0;
	else
		at = (size_t)rows < last - at ? at + (size_t)rows : last;
	choose(list, at);
}

bool list_choose(struct list *list, size_t row)
{
	if (row >= list->n)
		return false;
	choose(list, row);
	return true;
}

bool list_choose_identity(struct list *list, uint64_t identity)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->row[i].identity == identity)
			return list_choose(list, i);
	return false;
}

void list_scroll(struct list *list, size_t height)
{
	size_t end = list->n > height ? list->n - height : 0;

	if (list->first > list->selected)
		list->first = list->selected;
	else if (height && list->selected - list->first >= height)
		list->first = list->selected - height + 1;
	if (list->first > end)
		list->first = end;
}

const struct list_row *list_selected(const struct list *list)
{
	return list->n ? &list->row[list->selected] : NULL;
}

bool list_search(struct list *list, const char *text, bool again)
{
	for (size_t step = again; step < list->n + again; step++) {
		size_t at = (list->selected + step) % list->n;

		if (list->row[at].scope != SCOPE_VM ||
			!strcasestr(list->row[at].item.vm->name, text))
			continue;
		choose(list, at);
		return true;
	}
	return false;
}

static void open_or_close(struct folds *folds, uint64_t vm)
{
	size_t at = find_open(folds, vm);
	uint64_t *grown;

	if (at < folds->n) {
		folds->open[at] = folds->open[--folds->n];
		return;
	}
	if (folds->n == folds->capacity) {
		size_t capacity = folds->capacity ? folds->capacity * 2 : 16;

		grown = reallocarray(folds->open, capacity, sizeof(*grown));
		if (!grown)
			return;
		folds->open = grown;
		folds->capacity = capacity;
	}
	folds->open[folds->n++] = vm;
}

bool list_is_open(const struct list *list)
{
	const struct list_row *row = list_selected(list);

	return row && is_open(&list->folds, &row->item);
}

void list_toggle(struct list *list)
{
	const struct list_row *row = list_selected(list);

	if (!row)
		return;
	list->chosen = identity_of(SCOPE_VM, &row->item);
	open_or_close(&list->folds, list->chosen);
}
