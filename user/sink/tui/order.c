/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the list is sorted by another column. */
#include "sink/tui/order.h"

bool order_is_by(const struct view_spec *spec, const struct column *column)
{
	return spec->sort.metric == column->metric && spec->sort.view == column->view;
}

bool order_is_by_name(const struct view_spec *spec)
{
	struct column name;

	return column_find("name", SCOPE_VM, &name) == 0 && order_is_by(spec, &name);
}

void order_by(struct view_spec *spec, const struct column *column)
{
	spec->sort = *column;
	spec->ascending = column->metric->kind == TEXT;
}

void order_by_name(struct view_spec *spec, const char *name)
{
	struct column column;

	if (column_find(name, SCOPE_VM, &column) == 0)
		order_by(spec, &column);
}

void order_by_next(struct view_spec *spec, int step)
{
	int at = 0, n = (int)spec->n_columns;

	if (n == 0)
		return;
	while (at < n && !order_is_by(spec, &spec->columns[at]))
		at++;
	at = at == n ? 0 : at + step;
	if (at >= 0 && at < n)
		order_by(spec, &spec->columns[at]);
}

void order_by_heading(struct view_spec *spec, const struct column *column)
{
	if (order_is_by(spec, column))
		spec->ascending = !spec->ascending;
	else
		order_by(spec, column);
}
