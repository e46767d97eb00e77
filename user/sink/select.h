/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entities an output shows and in which order: the filter and the sort key of a view_spec. */
#ifndef SINK_SELECT_H
#define SINK_SELECT_H

#include "vmbpf/sink.h"

struct row {
	struct item item;
	size_t vm; /* the how many-th of the snapshot its VM is */
	size_t index; /* place in snapshot order */
	struct value key; /* what it is sorted by */
};

struct rows {
	struct row *row;
	size_t n, capacity;
};

/*
 * The entities of a scope that match the filter, sorted by spec->sort (absent last, equal ones in
 * snapshot order); with `by_vm`, only among those of the same VM. -ENOMEM. Zero-initialise, then
 * rows_done().
 */
int rows_select(const struct view_spec *spec, const struct snapshot *snap, enum scope scope,
	bool by_vm, struct rows *ret);
void rows_done(struct rows *rows);

/* Those of one VM, from rows selected with `by_vm`; NULL where *n is 0. */
const struct row *rows_of_vm(const struct rows *rows, size_t vm, size_t *n);

/*
 * The scope of an output that can show only one: that of the first column, else the first one
 * asked for.
 */
enum scope select_scope(const struct view_spec *spec);

/*
 * The columns of that output: those of the spec, else all of the scope, but not what every row
 * begins with anyhow, the VM's name and the key. Returns how many.
 */
unsigned select_columns(
	const struct view_spec *spec, enum scope scope, struct column columns[static MAX_COLUMNS]);

/*
 * The value of a column for an item of any scope: columns of the host and of the VM hold for what
 * is below them.
 */
struct value select_value(const struct column *column, const struct snapshot *snap,
	enum scope scope, const struct item *item);

/* Whether that is absent because nothing happened in the interval, see column_is_idle(). */
bool select_is_idle(const struct column *column, const struct snapshot *snap, enum scope scope,
	const struct item *item);

/* What tells an item from its siblings: index of a vCPU, name of a NIC. Absent for host and VM. */
struct value select_key(enum scope scope, const struct item *item);

#endif
