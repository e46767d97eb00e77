/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who took the CPUs that VMs waited for, for people: a matrix, whose columns are those who took
 * most, and a sentence for each VM that waited noticeably.
 */
#include "sink/blame.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/blame_matrix.h"
#include "sink/blame_sentence.h"
#include "sink/grid.h"

/* Columns for holders, where the terminal does not allow fewer, and what a name may take there. */
#define MAX_HOLDERS 8
#define HEADING_MAX 16
#define NUMBER_WIDTH 5 /* 100.0 */
#define GAP 2

/* Of a waiter's name, what holders do not get. */
#define NAME_WIDTH 20

enum column_kind { TAKEN_BY_SELF, TAKEN_BY_NOBODY, TAKEN_BY_OTHER, UNKNOWN, N_FIXED };

static const char *const fixed_headings[N_FIXED] = {
	[TAKEN_BY_SELF] = "self",
	[TAKEN_BY_NOBODY] = "nobody",
	[TAKEN_BY_OTHER] = "other",
	[UNKNOWN] = "unknown",
};

/* One report being made. */
struct report {
	struct arena *arena;
	const struct view_spec *spec;
	const struct snapshot *snap;
	struct blame_matrix matrix;
	const char *headings[MAX_HOLDERS];
	unsigned n_shown; /* of the holders */
	struct grid grid;
};

static const char *safe_text(const struct report *report, const char *text)
{
	size_t size = strlen(text) + 1;
	char *safe = arena_alloc(report->arena, size);

	unit_terminal_text(text, report->spec->utf8, safe, size);
	return *safe ? safe : "?";
}

/* At most so many cells of the terminal, the last of them '~' where something is missing. */
static const char *shorten(const struct report *report, const char *text, int cells)
{
	char *cut;
	size_t size;

	if (unit_text_width(text) <= cells)
		return text;
	cut = arena_strdup(report->arena, text);
	for (size = strlen(cut); size && unit_text_width(cut) > cells - 1; cut[size] = '\0')
		while (size && (cut[--size] & 0xc0) == 0x80)
			;
	return arena_printf(report->arena, "%s~", cut);
}

static const char *heading_of(const struct report *report, const struct holder *holder)
{
	const char *name = safe_text(report, holder->name);

	if (holder->kind == HOLDER_VM)
		return shorten(report, name, HEADING_MAX);
	return arena_printf(report->arena, "[%s]", shorten(report, name, HEADING_MAX - 2));
}

static int number_width(const char *heading)
{
	int width = unit_text_width(heading);

	return GAP + (width > NUMBER_WIDTH ? width : NUMBER_WIDTH);
}

static int widest_name(const struct report *report)
{
	int widest = 0;

	for (size_t i = 0; i < report->matrix.n_waiters && widest < NAME_WIDTH; i++) {
		const struct vm *vm = report->matrix.waiters[i].item.vm;
		int width = unit_text_width(safe_text(report, vm->name));

		widest = width > widest ? width : widest;
	}
	return widest < NAME_WIDTH ? widest : NAME_WIDTH;
}

/* As many of the holders as there is room for; what the others took is in "other". */
static void choose_holders(struct report *report)
{
	const struct blame_matrix *matrix = &report->matrix;
	int limit = report->spec->width ? report->spec->width : INT_MAX;
	int width = widest_name(report) + number_width("READY%") + 1;

	for (unsigned i = 0; i < N_FIXED; i++)
		width += number_width(fixed_headings[i]);
	for (size_t i = 0; i < matrix->n_holders && i < MAX_HOLDERS; i++) {
		const char *heading = heading_of(report, &matrix->holders[i]);

		width += number_width(heading);
		if (width > limit)
			return;
		report->headings[report->n_shown++] = heading;
	}
}

static const char *number(const struct report *report, double percent)
{
	return isnan(percent) ? "-" : arena_printf(report->arena, "%.1f", percent);
}

static bool has_column(const struct report *report, const struct holder *holder)
{
	for (unsigned i = 0; i < report->n_shown; i++)
		if (holder_is_same(&report->matrix.holders[i], holder))
			return true;
	return false;
}

/* What holders of a kind that have no column took from a waiter. NAN: there are none. */
static double percent_of_kind(
	const struct report *report, const struct waiter *waiter, enum holder_kind kind)
{
	double sum = NAN;

	for (size_t i = 0; i < waiter->n_holders; i++) {
		const struct holder *holder = &waiter->holders[i];

		if (holder->kind == kind && !has_column(report, holder))
			sum = isnan(sum) ? holder->percent : sum + holder->percent;
	}
	return sum;
}

static double add_known(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return a + b;
}

static double fixed_percent(
	const struct report *report, const struct waiter *waiter, enum column_kind kind)
{
	double others;

	switch (kind) {
	case TAKEN_BY_SELF:
		return percent_of_kind(report, waiter, HOLDER_SELF);
	case TAKEN_BY_NOBODY:
		return percent_of_kind(report, waiter, HOLDER_NOBODY);
	case TAKEN_BY_OTHER:
		others = add_known(percent_of_kind(report, waiter, HOLDER_VM),
			percent_of_kind(report, waiter, HOLDER_HOST));
		return add_known(others, percent_of_kind(report, waiter, HOLDER_OTHER));
	default:
		return waiter->unknown;
	}
}

static void put_headings(struct report *report)
{
	struct cell *row = grid_add_row(&report->grid);
	unsigned at = 0;

	grid_put(&report->grid, row, at++, "WAITED");
	grid_put(&report->grid, row, at++, "READY%");
	for (unsigned i = 0; i < report->n_shown; i++)
		grid_put(&report->grid, row, at++, report->headings[i]);
	for (unsigned i = 0; i < N_FIXED; i++)
		grid_put(&report->grid, row, at++, fixed_headings[i]);
}

/* As in the table of vmbpf top. */
static void mark_ready(struct report *report, struct cell *row, const struct waiter *waiter)
{
	static const char marks[] = {
		[LEVEL_NORMAL] = '\0', [LEVEL_WARNING] = '+', [LEVEL_CRITICAL] = '!'
	};
	struct value value = { .kind = VALUE_NUMBER, .number = waiter->ready };
	struct threshold threshold;
	struct column column;
	enum level level;

	if (column_find("ready_percent", SCOPE_VM, &column) < 0 ||
		!threshold_find(&column, &threshold))
		return;
	level = threshold_level(&threshold, report->snap, &waiter->item, &value);
	grid_mark(&report->grid, row, 1, marks[level], level);
}

static void put_waiter(struct report *report, const struct waiter *waiter)
{
	struct grid *grid = &report->grid;
	struct cell *row = grid_add_row(grid);
	unsigned at = 0;

	grid_put(grid, row, at++, safe_text(report, waiter->item.vm->name));
	grid_put(grid, row, at++, number(report, waiter->ready));
	mark_ready(report, row, waiter);
	for (unsigned i = 0; i < report->n_shown; i++) {
		const struct holder *holder = waiter_find(waiter, &report->matrix.holders[i]);

		grid_put(grid, row, at++, holder ? number(report, holder->percent) : "-");
	}
	for (unsigned i = 0; i < N_FIXED; i++)
		grid_put(grid, row, at++, number(report, fixed_percent(report, waiter, i)));
}

static void write_line(const struct report *report, struct writer *writer, const char *line)
{
	grid_write_line(report->arena, writer, report->spec->width, line);
}

static void fill_grid(struct report *report)
{
	struct grid *grid = &report->grid;
	size_t n = report->matrix.n_waiters;

	choose_holders(report);
	grid_init(grid, report->arena, 2 + report->n_shown + N_FIXED, 1 + n);
	for (unsigned i = 1; i < grid->n_columns; i++)
		grid->right[i] = true;
	if (report->spec->headers)
		put_headings(report);
	for (size_t i = 0; i < n; i++)
		put_waiter(report, &report->matrix.waiters[i]);
}

static void write_title(const struct report *report, struct writer *writer)
{
	write_line(report, writer,
		arena_printf(report->arena,
			"Who had the CPU while VMs waited for it, in %% of one CPU, over %.1f s:",
			(double)report->snap->interval_ns * 1e-9));
}

static void write_legend(const struct report *report, struct writer *writer)
{
	bool tasks = false;

	for (unsigned i = 0; i < report->n_shown; i++)
		tasks |= report->matrix.holders[i].kind == HOLDER_HOST;
	if (tasks)
		write_line(report, writer, "[name] is a task of the host.");
}

/* Sentences are not cut: the terminal breaks them. */
static void write_sentences(const struct report *report, struct writer *writer)
{
	unsigned n = 0;

	writer_char(writer, '\n');
	for (size_t i = 0; i < report->matrix.n_waiters; i++) {
		const struct waiter *waiter = &report->matrix.waiters[i];

		if (waiter->ready / waiter->n_vcpus < BLAME_NOTICEABLE)
			continue;
		writer_string(
			writer, arena_printf(report->arena, "%s waited %s",
					safe_text(report, waiter->item.vm->name),
					blame_describe(report->arena, report->spec->utf8, waiter)));
		writer_char(writer, '\n');
		n++;
	}
	if (n == 0)
		write_line(report, writer, "None waited 1 % of the time or more (per vCPU).");
}

static bool has_holders(const struct blame_matrix *matrix)
{
	size_t n = 0;

	for (size_t i = 0; i < matrix->n_waiters; i++)
		n += matrix->waiters[i].n_holders;
	return n > 0;
}

/* Why all of the matrix is absent. */
static void write_absence(const struct report *report, struct writer *writer)
{
	const char *why = "the program on sched_switch was not there";

	for (unsigned i = 0; i < report->snap->n_sources; i++) {
		const struct source_status *source = &report->snap->sources[i];

		if (strcmp(source->name, "events") == 0 && !source->up && source->reason)
			why = source->reason;
	}
	write_line(report, writer,
		arena_printf(report->arena, "Who had the CPU was not measured: %s.",
			safe_text(report, why)));
}

static void write_nothing(const struct report *report, struct writer *writer)
{
	write_line(report, writer,
		arena_printf(report->arena, "%s waited for a CPU over %.1f s.",
			report->spec->filter ? "None of these VMs" : "No VM",
			(double)report->snap->interval_ns * 1e-9));
}

static void write_report(struct report *report, struct writer *writer)
{
	const struct view_spec *spec = report->spec;

	if (report->matrix.n_waiters == 0 && spec->headers)
		write_nothing(report, writer);
	if (report->matrix.n_waiters == 0)
		return;
	fill_grid(report);
	if (spec->headers)
		write_title(report, writer);
	grid_write(&report->grid, writer, spec->width, spec->colour, spec->headers);
	if (!spec->headers)
		return;
	write_legend(report, writer);
	if (!has_holders(&report->matrix))
		write_absence(report, writer);
	write_sentences(report, writer);
}

static int blame_tick(FILE *out, const struct view_spec *spec, const struct snapshot *snap)
{
	struct report report = { .arena = arena_new(), .spec = spec, .snap = snap };
	struct writer writer;
	int err = report.arena ? 0 : -ENOMEM;

	writer_init(&writer, out);
	if (!err)
		err = blame_matrix_fill(spec, snap, report.arena, &report.matrix);
	if (!err) {
		write_report(&report, &writer);
		err = writer_flush(&writer);
	}
	arena_free(report.arena);
	return err;
}

const struct sink blame_sink = { .name = "table", .tick = blame_tick };
