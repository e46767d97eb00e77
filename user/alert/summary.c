/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the order of a summary, worst first, and its table. */
#include "alert/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alert/summary_report.h"
#include "alert/text.h"
#include "base/arena.h"
#include "base/clock.h"
#include "model/unit.h"
#include "sink/grid.h"

/* In a longer table rows of rules that never came true are left out. */
#define MANY_ROWS 20

/* Of the time, in percent: what was beyond for less is not worth a sentence unless it fired. */
#define NOTICEABLE 1.0

double share_beyond(const struct summary_row *row)
{
	const struct tally *tally = row->tally;

	return tally->measured_ns ? (double)tally->above_ns / (double)tally->measured_ns * 100 : 0;
}

static bool is_notable(const struct summary_row *row)
{
	return row->n_alerts > 0 || row->firing || share_beyond(row) >= NOTICEABLE;
}

const char *report_safe(const struct report *report, const char *text)
{
	size_t size = strlen(text) + 1;
	char *safe = arena_alloc(report->arena, size);

	unit_terminal_text(text, report->summary->utf8, safe, size);
	return *safe ? safe : "?";
}

const char *report_metric(const struct report *report, const struct column *column)
{
	char name[COLUMN_NAME_MAX];

	return arena_printf(report->arena, "%s.%s", scopes[column->metric->scope].name,
		column_name(column, name));
}

void report_line(const struct report *report, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = arena_alloc(report->arena, (size_t)size + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)size + 1, format, arguments);
	va_end(arguments);
	writer_string(report->writer, text);
	writer_char(report->writer, '\n');
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Rows of one VM lie side by side then; those of the host come first. */
static int compare_vms(const struct summary_row *a, const struct summary_row *b)
{
	int order = (a->vm != NULL) - (b->vm != NULL);

	if (order == 0)
		order = compare_texts(a->vm, b->vm);
	return order ? order : compare_texts(a->uuid, b->uuid);
}

/* What still fires is worse than what fired, and that than what was beyond for a while. */
static int compare_badness(const struct summary_row *a, const struct summary_row *b)
{
	double share_a = share_beyond(a), share_b = share_beyond(b);

	if (a->firing != b->firing)
		return a->firing ? -1 : 1;
	if ((a->n_alerts > 0) != (b->n_alerts > 0))
		return a->n_alerts ? -1 : 1;
	if (a->rule->severity != b->rule->severity && a->n_alerts)
		return a->rule->severity > b->rule->severity ? -1 : 1;
	if (share_a != share_b)
		return share_a > share_b ? -1 : 1;
	return strcmp(a->rule->name, b->rule->name);
}

static int compare_rows(const void *left, const void *right)
{
	const struct summary_row *const *a = left, *const *b = right;
	int order = compare_vms(*a, *b);

	return order ? order : compare_badness(*a, *b);
}

/* VMs are as bad as their worst row is. */
static int compare_chapters(const void *left, const void *right)
{
	const struct chapter *a = left, *b = right;
	int order = compare_badness(a->rows[0], b->rows[0]);

	return order ? order : compare_vms(a->rows[0], b->rows[0]);
}

static const struct summary_row **sort_rows(struct arena *arena, const struct summary *summary)
{
	const struct summary_row **rows = arena_alloc(arena, summary->n * sizeof(*rows));

	for (size_t i = 0; i < summary->n; i++)
		rows[i] = &summary->rows[i];
	qsort(rows, summary->n, sizeof(*rows), compare_rows);
	return rows;
}

static void add_row(struct chapter *chapter, const struct summary_row *row)
{
	chapter->n++;
	chapter->n_notable += is_notable(row);
	chapter->n_measured += row->tally->n > 0;
}

static void divide(struct report *report)
{
	const struct summary *summary = report->summary;
	const struct summary_row **rows = sort_rows(report->arena, summary);
	struct chapter *chapters = arena_alloc(report->arena, summary->n * sizeof(*chapters));

	for (size_t i = 0; i < summary->n; i++) {
		if (i == 0 || compare_vms(rows[i - 1], rows[i]) != 0)
			chapters[report->n++] =
				(struct chapter){ .vm = rows[i]->vm, .rows = &rows[i] };
		add_row(&chapters[report->n - 1], rows[i]);
	}
	qsort(chapters, report->n, sizeof(*chapters), compare_chapters);
	report->chapters = chapters;
}

static const char *const headings[] = { "VM", "RULE", "METRIC", "MAX", "P95", "BEYOND", "ALERTS" };

#define N_COLUMNS (sizeof(headings) / sizeof(headings[0]))
#define FIRST_NUMBER 3
#define ALERTS 6

static const char *quantity(
	const struct report *report, const struct summary_row *row, double number)
{
	if (row->tally->n == 0 || isnan(number))
		return "-";
	return alert_quantity(report->arena, &row->column, number);
}

/* "3m 20s (80 %)" */
static const char *time_beyond(const struct report *report, const struct summary_row *row)
{
	if (row->tally->measured_ns == 0)
		return "-";
	if (row->tally->above_ns == 0)
		return "0";
	return arena_printf(report->arena, "%s (%.0f %%)",
		alert_duration(report->arena, row->tally->above_ns), share_beyond(row));
}

static void put_row(const struct report *report, struct grid *grid, const struct summary_row *row)
{
	const char *const texts[N_COLUMNS] = {
		row->vm ? report_safe(report, row->vm) : "(host)",
		report_safe(report, row->rule->name),
		report_metric(report, &row->column),
		quantity(report, row, row->tally->max),
		quantity(report, row, tally_percentile(row->tally, 95)),
		time_beyond(report, row),
		arena_printf(report->arena, "%" PRIu64, row->n_alerts),
	};
	static const enum level levels[N_SEVERITIES] = {
		[SEVERITY_WARNING] = LEVEL_WARNING,
		[SEVERITY_CRITICAL] = LEVEL_CRITICAL,
	};
	struct cell *cells = grid_add_row(grid);

	for (unsigned i = 0; i < N_COLUMNS; i++)
		grid_put(grid, cells, i, texts[i]);
	if (row->n_alerts || row->firing)
		grid_mark(
			grid, cells, ALERTS, row->firing ? '!' : '\0', levels[row->rule->severity]);
}

static bool is_shown(const struct summary *summary, const struct summary_row *row)
{
	return summary->n <= MANY_ROWS || row->n_alerts || row->firing || row->tally->above_ns;
}

static void fill_grid(const struct report *report, struct grid *grid)
{
	struct cell *cells;

	grid_init(grid, report->arena, N_COLUMNS, 1 + report->summary->n);
	cells = grid_add_row(grid);
	for (unsigned i = 0; i < N_COLUMNS; i++) {
		grid_put(grid, cells, i, headings[i]);
		grid->right[i] = i >= FIRST_NUMBER;
	}
	for (size_t i = 0; i < report->n; i++)
		for (size_t k = 0; k < report->chapters[i].n; k++)
			if (is_shown(report->summary, report->chapters[i].rows[k]))
				put_row(report, grid, report->chapters[i].rows[k]);
}

static void write_table(const struct report *report)
{
	size_t left_out;
	struct grid grid;
	bool firing = false;

	fill_grid(report, &grid);
	left_out = report->summary->n + 1 - grid.n_rows;
	if (grid.n_rows > 1)
		grid_write(&grid, report->writer, 0, report->summary->colour, true);
	for (size_t i = 0; i < report->summary->n; i++)
		firing |= report->summary->rows[i].firing;
	if (firing)
		report_line(report, "! still fires at the end");
	if (left_out)
		report_line(report, "%zu %s left out that %s never beyond the threshold.", left_out,
			left_out == 1 ? "row is" : "rows are", left_out == 1 ? "was" : "were");
	report_line(report, "%s", "");
}

static size_t count_vms(const struct report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->chapters[i].vm != NULL;
	return n;
}

static uint64_t count_alerts(const struct summary *summary)
{
	uint64_t n = 0;

	for (size_t i = 0; i < summary->n; i++)
		n += summary->rows[i].n_alerts;
	return n;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void write_title(const struct report *report)
{
	const struct summary *summary = report->summary;
	uint64_t alerts = count_alerts(summary);
	size_t vms = count_vms(report);
	const char *count = alerts ? arena_printf(report->arena, "%" PRIu64, alerts) : "no";

	report_line(report, "In %s (%" PRIu64 " tick%s) %zu VM%s watched, and %s alert%s fired%s",
		alert_duration(report->arena, summary->seconds * NSEC_PER_SEC), summary->n_ticks,
		plural(summary->n_ticks), vms, vms == 1 ? " was" : "s were", count,
		alerts ? plural(alerts) : "", summary->n ? ":" : ".");
	if (summary->n)
		report_line(report, "%s", "");
}

int summary_print(FILE *out, const struct summary *summary)
{
	struct writer writer;
	struct report report = { arena_new(), summary, &writer, NULL, 0 };
	int err;

	if (!report.arena)
		return -ENOMEM;
	writer_init(&writer, out);
	divide(&report);
	write_title(&report);
	if (summary->n) {
		write_table(&report);
		report_conclude(&report);
	}
	err = writer_flush(&writer);
	arena_free(report.arena);
	return err;
}
