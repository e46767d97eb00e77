/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table for people: a summary of the host, then aligned columns as wide as their content. Rows
 * are cut at the width of the terminal, never wrapped. What is beyond a threshold is marked with
 * '+' or '!' after the number; colour only repeats that.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"
#include "sink/select.h"
#include "sink/sinks.h"

struct shown {
	struct column column; /* metric NULL: nothing to show here */
	bool judged;
	struct threshold threshold;
};

/* One table being made. */
struct table_view {
	struct arena *arena;
	const struct view_spec *spec;
	const struct snapshot *snap;
	enum scope scope; /* that the columns are of */
	enum scope top, below; /* of the rows, and of those under each of them */
	unsigned n_keys; /* columns of the grid that tell the rows apart, before the others */
	unsigned n_columns;
	struct shown columns[MAX_COLUMNS];
	struct shown others[MAX_COLUMNS]; /* what the rows of the other scope have there */
	struct grid grid;
	bool stale, unknown; /* which marks are shown after names */
	double oldest_s; /* of the values of stale VMs */
};

static const char *safe_text(
	const struct view_spec *spec, const char *text, char safe[static FIGURE_TEXT_MAX])
{
	return unit_terminal_text(text, spec->utf8, safe, FIGURE_TEXT_MAX);
}

static void write_line(const struct table_view *view, struct writer *writer, const char *line)
{
	grid_write_line(view->arena, writer, view->spec->width, line);
}

static void write_down_sources(const struct table_view *view, struct writer *writer)
{
	char reason[FIGURE_TEXT_MAX], name[FIGURE_TEXT_MAX];

	for (unsigned i = 0; i < view->snap->n_sources; i++) {
		const struct source_status *source = &view->snap->sources[i];

		if (source->up)
			continue;
		safe_text(view->spec, source->name, name);
		safe_text(view->spec, source->reason, reason);
		write_line(view, writer,
			arena_printf(view->arena, "%s is down: %s", name,
				*reason ? reason : "the reason is not known"));
	}
}

static void write_summary(const struct table_view *view, struct writer *writer)
{
	const struct snapshot *snap = view->snap;
	char name[FIGURE_TEXT_MAX];

	write_line(view, writer,
		arena_printf(view->arena,
			"%s %s: %s of %s VMs running, %s vCPUs on %s CPUs, load %s",
			figure_time(view->arena, snap->real_ns),
			safe_text(view->spec, snap->host.name, name),
			figure_host(view->arena, snap, "vms_running"),
			figure_host(view->arena, snap, "vms"),
			figure_host(view->arena, snap, "vcpus"),
			figure_host(view->arena, snap, "cpus"),
			figure_host(view->arena, snap, "load_1m")));
	write_line(view, writer,
		arena_printf(view->arena,
			"CPU %s %% busy, VMs %s %% of it; memory %s of %s; "
			"vmbpf %s %% CPU, %s; lost events %s",
			figure_host(view->arena, snap, "cpu_busy"),
			figure_host(view->arena, snap, "cpu_vms"),
			figure_host(view->arena, snap, "memory_used_bytes"),
			figure_host(view->arena, snap, "memory_total"),
			figure_host(view->arena, snap, "self_cpu_percent"),
			figure_host(view->arena, snap, "self_memory"),
			figure_host(view->arena, snap, "lost_events_total")));
	write_down_sources(view, writer);
	writer_char(writer, '\n');
}

static struct shown show_column(const struct column *column)
{
	struct shown shown = { .column = *column };

	shown.judged = threshold_find(column, &shown.threshold);
	return shown;
}

static void choose_columns(struct table_view *view)
{
	enum scope other = view->scope == view->top ? view->below : view->top;
	struct column columns[MAX_COLUMNS], column;

	view->n_columns = select_columns(view->spec, view->scope, columns);
	for (unsigned i = 0; i < view->n_columns; i++) {
		const char *name = columns[i].metric->views[columns[i].view];

		view->columns[i] = show_column(&columns[i]);
		if (column_find(name, other, &column) == 0)
			view->others[i] = show_column(&column);
	}
}

static void put_headings(struct table_view *view)
{
	struct grid *grid = &view->grid;
	struct cell *row = grid_add_row(grid);
	struct column key;

	grid_put(grid, row, 0, view->scope == SCOPE_HOST ? "HOST" : "NAME");
	if (view->n_keys > 1 && column_find(scopes[view->top].key, view->top, &key) == 0)
		grid_put(grid, row, 1, figure_title(&key));
	for (unsigned i = 0; i < view->n_columns; i++)
		grid_put(grid, row, view->n_keys + i, figure_title(&view->columns[i].column));
}

static void put_value(struct table_view *view, struct cell *row, unsigned at,
	const struct column *column, const struct value *value)
{
	char text[FIGURE_TEXT_MAX];

	if (value->kind == VALUE_TEXT)
		safe_text(view->spec, value->text, text);
	else
		unit_format(column, value, text);
	grid_put(&view->grid, row, at, text);
}

static void put_values(
	struct table_view *view, struct cell *row, enum scope scope, const struct item *item)
{
	const struct shown *columns = scope == view->scope ? view->columns : view->others;

	for (unsigned i = 0; i < view->n_columns; i++) {
		const struct shown *shown = &columns[i];
		enum level level = LEVEL_NORMAL;
		struct value value;

		if (!shown->column.metric)
			continue;
		value = select_value(&shown->column, view->snap, scope, item);
		put_value(view, row, view->n_keys + i, &shown->column, &value);
		if (shown->judged)
			level = threshold_level(&shown->threshold, view->snap, item, &value);
		grid_mark(&view->grid, row, view->n_keys + i, level_marks[level], level);
	}
}

/* The legend explains the mark. */
static char vm_mark(struct table_view *view, const struct vm *vm)
{
	char mark = figure_vm_mark(vm);

	view->unknown |= mark == MARK_NO_LIBVIRT;
	view->stale |= mark == MARK_STALE;
	if (mark == MARK_STALE)
		view->oldest_s = fmax(view->oldest_s, vm->age_s);
	return mark;
}

static void put_keys(struct table_view *view, struct cell *row, const struct item *item)
{
	struct value key = select_key(view->top, item);
	char text[FIGURE_TEXT_MAX];

	safe_text(view->spec, item->vm ? item->vm->name : view->snap->host.name, text);
	grid_put(&view->grid, row, 0, text);
	if (item->vm)
		grid_mark(&view->grid, row, 0, vm_mark(view, item->vm), LEVEL_NORMAL);
	if (view->n_keys == 1)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, key.raw);
	if (key.kind == VALUE_TEXT)
		safe_text(view->spec, key.text, text);
	grid_put(&view->grid, row, 1, text);
}

static void put_below(struct table_view *view, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct value key = select_key(view->below, &rows[i].item);
		struct cell *row = grid_add_row(&view->grid);
		char name[FIGURE_TEXT_MAX], text[FIGURE_TEXT_MAX];

		if (key.kind == VALUE_TEXT)
			snprintf(name, sizeof(name), "  %.*s", FIGURE_TEXT_MAX - 3,
				safe_text(view->spec, key.text, text));
		else
			snprintf(name, sizeof(name), "  %s %" PRIu64, scopes[view->below].name,
				key.raw);
		grid_put(&view->grid, row, 0, name);
		put_values(view, row, view->below, &rows[i].item);
	}
}

static void fill_grid(struct table_view *view, const struct rows *rows, const struct rows *below)
{
	grid_init(&view->grid, view->arena, view->n_keys + view->n_columns, 1 + rows->n + below->n);
	if (view->spec->headers)
		put_headings(view);
	for (unsigned i = 0; i < view->n_columns; i++)
		view->grid.right[view->n_keys + i] = view->columns[i].column.metric->kind != TEXT;
	view->grid.right[1] |= view->top == SCOPE_VCPU || view->top == SCOPE_THREAD;
	for (size_t i = 0; i < rows->n; i++) {
		const struct item *item = &rows->row[i].item;
		size_t n;
		const struct row *under = rows_of_vm(below, rows->row[i].vm, &n);
		struct cell *row;

		if (view->spec->vm_rows && n == 0)
			continue; /* it has nothing of what is shown */
		row = grid_add_row(&view->grid);
		put_keys(view, row, item);
		put_values(view, row, view->top, item);
		put_below(view, under, n);
	}
}

/* What the marks after the names mean, where there are any. */
static void write_legend(const struct table_view *view, struct writer *writer)
{
	if (view->stale)
		write_line(view, writer,
			arena_printf(view->arena,
				"%c libvirt has not answered: its values are up to %.0f s old",
				MARK_STALE, view->oldest_s));
	if (view->unknown)
		write_line(view, writer,
			arena_printf(
				view->arena, "%c libvirt does not know this VM", MARK_NO_LIBVIRT));
}

static void write_nothing(const struct table_view *view, struct writer *writer)
{
	const char *line = "no VMs found (vmbpf doctor tells what this host offers)";

	if (view->snap->vms)
		line = view->spec->filter ? "nothing matches the filter" : "nothing to show";
	write_line(view, writer, line);
}

static void write_table(struct table_view *view, struct writer *writer, const struct rows *rows,
	const struct rows *below)
{
	size_t n_headings = view->spec->headers;

	fill_grid(view, rows, below);
	if (view->spec->headers)
		write_summary(view, writer);
	grid_write(&view->grid, writer, view->spec->width, view->spec->colour, view->spec->headers);
	if (!view->spec->headers)
		return;
	if (view->grid.n_rows == n_headings)
		write_nothing(view, writer);
	write_legend(view, writer);
}

/* VMs above their children are in the order of what these are sorted by, where they have that. */
static int select_top(const struct table_view *view, struct rows *rows)
{
	struct view_spec spec = *view->spec;
	const struct metric *by = spec.sort.metric;

	if (view->top != view->scope && by &&
		column_find(by->views[spec.sort.view], view->top, &spec.sort) < 0)
		spec.sort.metric = NULL;
	return rows_select(&spec, view->snap, view->top, false, rows);
}

static int select_rows(const struct table_view *view, struct rows *rows, struct rows *below)
{
	int err = select_top(view, rows);

	if (err || view->below == view->top)
		return err;
	return rows_select(view->spec, view->snap, view->below, true, below);
}

/* Which rows stand under which; the same scope twice where there are none. */
static void choose_scopes(struct table_view *view)
{
	const struct view_spec *spec = view->spec;

	view->scope = view->top = view->below = select_scope(spec);
	if (spec->vcpu_rows && view->scope == SCOPE_VM)
		view->below = SCOPE_VCPU;
	if (spec->vm_rows && view->scope > SCOPE_VM)
		view->top = SCOPE_VM;
	view->n_keys = scopes[view->top].key ? 2 : 1;
}

static int table_tick(FILE *out, const struct view_spec *spec, const struct snapshot *snap)
{
	struct table_view view = {
		.arena = arena_new(),
		.spec = spec,
		.snap = snap,
	};
	struct rows rows = { 0 }, below = { 0 };
	struct writer writer;
	int err = view.arena ? 0 : -ENOMEM;

	writer_init(&writer, out);
	choose_scopes(&view);
	choose_columns(&view);
	if (!err)
		err = select_rows(&view, &rows, &below);
	if (!err) {
		write_table(&view, &writer, &rows, &below);
		err = writer_flush(&writer);
	}
	rows_done(&rows);
	rows_done(&below);
	arena_free(view.arena);
	return err;
}

const struct sink table_sink = { .name = "table", .tick = table_tick };
