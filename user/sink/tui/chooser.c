/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which columns can be chosen, and in which order they stand. */
#include "sink/tui/chooser.h"

#include <string.h>

static bool is_same(const struct column *a, const struct column *b)
{
	return a->metric == b->metric && a->view == b->view;
}

static bool comes_before(const struct column *a, const struct column *b)
{
	return a->metric == b->metric ? a->view < b->view : a->metric < b->metric;
}

static unsigned find(const struct chooser *chooser, const struct column *column)
{
	unsigned at = 0;

	while (at < chooser->n && !is_same(&chooser->column[at], column))
		at++;
	return at;
}

/* Unless it is listed already. */
static void add(struct chooser *chooser, const struct column *column)
{
	if (chooser->n < MAX_CHOICES && find(chooser, column) == chooser->n)
		chooser->column[chooser->n++] = *column;
}

static void add_shown(struct chooser *chooser, const struct view_spec *spec)
{
	for (unsigned i = 0; i < spec->n_columns; i++)
		add(chooser, &spec->columns[i]);
	chooser->n_shown = chooser->n;
}

void chooser_list_columns(struct chooser *chooser, const struct view_spec *spec)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	size_t i = 0;

	chooser->n = chooser->selected = chooser->first = 0;
	add_shown(chooser, spec);
	while (column_next(SCOPE_VM, &i, &view, &column))
		add(chooser, &column);
}

void chooser_list_orders(struct chooser *chooser, const struct view_spec *spec)
{
	struct column name;

	chooser->n = chooser->selected = chooser->first = 0;
	if (column_find("name", SCOPE_VM, &name) == 0)
		add(chooser, &name);
	add_shown(chooser, spec);
	if (!spec->sort.metric)
		return;
	add(chooser, &spec->sort);
	chooser->selected = find(chooser, &spec->sort);
}

void chooser_move(struct chooser *chooser, int lines)
{
	int at = (int)chooser->selected + lines, last = (int)chooser->n - 1;

	if (at > last)
		at = last;
	chooser->selected = at > 0 ? (unsigned)at : 0;
}

void chooser_scroll(struct chooser *chooser, unsigned height)
{
	unsigned end = chooser->n > height ? chooser->n - height : 0;

	if (chooser->first > chooser->selected)
		chooser->first = chooser->selected;
	else if (height && chooser->selected - chooser->first >= height)
		chooser->first = chooser->selected - height + 1;
	if (chooser->first > end)
		chooser->first = end;
}

static bool contains(const struct column *column, const char *text)
{
	char name[COLUMN_NAME_MAX];

	return strcasestr(column->metric->title, text) ||
	       strcasestr(column_name(column, name), text) ||
	       strcasestr(column->metric->help, text);
}

bool chooser_search(struct chooser *chooser, const char *text, bool again)
{
	for (unsigned step = again; step < chooser->n + again; step++) {
		unsigned at = (chooser->selected + step) % chooser->n;

		if (!contains(&chooser->column[at], text))
			continue;
		chooser->selected = at;
		return true;
	}
	return false;
}

/* Takes the column out and puts it where it has that index then. */
static void put(struct chooser *chooser, unsigned from, unsigned to)
{
	struct column moved = chooser->column[from], *column = chooser->column;

	if (from < to)
		memmove(&column[from], &column[from + 1], (to - from) * sizeof(*column));
	else
		memmove(&column[to + 1], &column[to], (from - to) * sizeof(*column));
	column[to] = moved;
}

/* Back to its place among those that are not shown. */
static void hide(struct chooser *chooser)
{
	unsigned from = chooser->selected, to = --chooser->n_shown;

	while (to + 1 < chooser->n &&
		comes_before(&chooser->column[to + 1], &chooser->column[from]))
		to++;
	put(chooser, from, to);
}

bool chooser_toggle(struct chooser *chooser)
{
	if (chooser->selected >= chooser->n)
		return true;
	if (chooser->selected < chooser->n_shown) {
		hide(chooser);
		return true;
	}
	if (chooser->n_shown == MAX_COLUMNS)
		return false;
	put(chooser, chooser->selected, chooser->n_shown);
	chooser->selected = chooser->n_shown++;
	return true;
}

void chooser_shift(struct chooser *chooser, int step)
{
	int to = (int)chooser->selected + step;

	if (chooser->selected >= chooser->n_shown || to < 0 || to >= (int)chooser->n_shown)
		return;
	put(chooser, chooser->selected, (unsigned)to);
	chooser->selected = (unsigned)to;
}

void chooser_apply(const struct chooser *chooser, struct view_spec *spec)
{
	spec->n_columns = chooser->n_shown < MAX_COLUMNS ? chooser->n_shown : MAX_COLUMNS;
	memcpy(spec->columns, chooser->column, spec->n_columns * sizeof(*spec->columns));
}
