/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the list of what is beyond a threshold looks. */
#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"
#include "sink/select.h"
#include "sink/tui/canvas.h"
#include "sink/identity.h"
#include "sink/tui/pane.h"

#define MIN_NAME 12

enum { CELL_LEVEL, CELL_VM, CELL_WHERE, CELL_WHAT, CELL_VALUE, CELL_LIMIT, N_CELLS };

static const char *const headings[N_CELLS] = {
	[CELL_LEVEL] = "LEVEL",
	[CELL_VM] = "NAME",
	[CELL_WHERE] = "WHERE",
	[CELL_WHAT] = "WHAT",
	[CELL_VALUE] = "VALUE",
	[CELL_LIMIT] = "ABOVE",
};

static const char *const level_words[] = {
	[LEVEL_NORMAL] = "",
	[LEVEL_WARNING] = "warning",
	[LEVEL_CRITICAL] = "critical",
};

/* A lone percentage says that it is one. */
static const char *format(
	const struct canvas *canvas, const struct alert *alert, const struct value *value)
{
	const struct unit_style style = { .bytes = canvas->tui->style.bytes };
	const char *sign = column_unit(&alert->column) == UNIT_SHARE ? " %" : "";
	char text[UNIT_TEXT_MAX];

	return arena_printf(
		canvas->arena, "%s%s", unit_format_as(&alert->column, value, &style, text), sign);
}

/* "vcpu 1", "disk vda"; nothing of the VM itself. */
static const char *where_it_is(const struct canvas *canvas, const struct alert *alert)
{
	struct value key = select_key(alert->scope, &alert->item);
	const char *scope = scopes[alert->scope].name;

	if (key.kind == VALUE_TEXT)
		return arena_printf(canvas->arena, "%s %s", scope, canvas_safe(canvas, key.text));
	if (key.kind == VALUE_NUMBER)
		return arena_printf(canvas->arena, "%s %llu", scope, (unsigned long long)key.raw);
	return "";
}

static void put_alert(const struct canvas *canvas, struct grid *grid, const struct alert *alert)
{
	const struct value limit = { .kind = VALUE_NUMBER, .number = alert->limit };
	struct cell *cells = grid_add_row(grid);

	if (alert->source)
		return; /* a line of its own */
	grid_put(grid, cells, CELL_LEVEL, level_words[alert->level]);
	cells[CELL_LEVEL].level = alert->level;
	if (alert->item.vm)
		grid_put(grid, cells, CELL_VM, canvas_safe(canvas, alert->item.vm->name));
	grid_put(grid, cells, CELL_WHERE, where_it_is(canvas, alert));
	grid_put(grid, cells, CELL_WHAT, alert->column.metric->name);
	grid_put(grid, cells, CELL_VALUE, format(canvas, alert, &alert->value));
	cells[CELL_VALUE].level = alert->level;
	grid_put(grid, cells, CELL_LIMIT, format(canvas, alert, &limit));
}

static void draw_source(struct canvas *canvas, const struct source_status *source, attr_t style)
{
	canvas_text(canvas,
		arena_printf(canvas->arena, "%s is down: %s", canvas_safe(canvas, source->name),
			source->reason ? canvas_safe(canvas, source->reason)
				       : "the reason is not known"),
		style | canvas_attribute(canvas->tui, LEVEL_CRITICAL));
}

static void draw_cells(
	struct canvas *canvas, const struct grid *grid, const struct cell *cells, attr_t style)
{
	int at = 0;

	for (unsigned i = 0; i < grid->n_columns && at + grid->widths[i] <= COLS; i++) {
		canvas_cell(canvas, &cells[i], grid->widths[i], grid->right[i], style);
		at += grid->widths[i] + CANVAS_GAP;
	}
}

static void draw_row(struct canvas *canvas, const struct grid *grid, size_t row)
{
	const struct alerts *alerts = &canvas->tui->alerts;
	size_t at = alerts->list.first + row;
	attr_t style = at == alerts->list.selected ? A_REVERSE : A_NORMAL;

	canvas_begin(canvas, canvas->line);
	if (alerts->alert[at].source)
		draw_source(canvas, alerts->alert[at].source, style);
	else
		draw_cells(canvas, grid, grid->cells + (1 + row) * grid->n_columns, style);
	canvas_blanks(canvas, COLS - getcurx(stdscr), style);
	canvas->line++;
}

static void draw_headings(struct canvas *canvas, struct grid *grid)
{
	canvas_begin(canvas, canvas->line);
	draw_cells(canvas, grid, grid->cells, A_REVERSE);
	canvas_blanks(canvas, COLS - getcurx(stdscr), A_REVERSE);
	canvas->line++;
}

/* Where not all fits the name gives way: it is what can be told from its beginning. */
static void fit(struct grid *grid)
{
	int *name = &grid->widths[CELL_VM], total = 0;

	for (unsigned i = 0; i < grid->n_columns; i++)
		total += grid->widths[i] + CANVAS_GAP;
	if (total - CANVAS_GAP > COLS)
		*name -= total - CANVAS_GAP - COLS;
	if (*name < MIN_NAME)
		*name = MIN_NAME;
}

static void draw_table(struct canvas *canvas, size_t n)
{
	const struct alerts *alerts = &canvas->tui->alerts;
	struct cell *cells;
	struct grid grid;

	grid_init(&grid, canvas->arena, N_CELLS, n + 1);
	cells = grid_add_row(&grid);
	for (unsigned i = 0; i < N_CELLS; i++)
		grid_put(&grid, cells, i, headings[i]);
	grid.right[CELL_VALUE] = grid.right[CELL_LIMIT] = true;
	for (size_t i = 0; i < n; i++)
		put_alert(canvas, &grid, &alerts->alert[alerts->list.first + i]);
	fit(&grid);
	draw_headings(canvas, &grid);
	for (size_t i = 0; i < n; i++)
		draw_row(canvas, &grid, i);
}

static void draw(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;
	struct list *list = &tui->alerts.list;
	size_t n;

	canvas_begin(canvas, 0);
	canvas_text(canvas,
		arena_printf(canvas->arena,
			"%s %s: %zu beyond a threshold or down. Enter shows the VM, Esc goes back.",
			figure_time(canvas->arena, tui->snap->real_ns),
			canvas_safe(canvas, tui->snap->host.name), list->n),
		A_NORMAL);
	canvas->line++;
	tui->height = LINES - canvas->line - 2;
	list_scroll(list, (size_t)tui->height);
	n = list->n - list->first;
	draw_table(canvas, n < (size_t)tui->height ? n : (size_t)tui->height);
	if (list->n)
		return;
	canvas_begin(canvas, canvas->line);
	canvas_text(canvas, "nothing is beyond its threshold", A_NORMAL);
	canvas->line++;
}

static int fill(struct tui *tui)
{
	return alerts_fill(&tui->alerts, tui->snap);
}

static void go_to_vm(struct tui *tui)
{
	const struct alert *alert = alerts_selected(&tui->alerts);

	if (!alert || !alert->item.vm)
		return;
	tui->pane = &list_pane;
	if (!list_choose_identity(&tui->list, identity_of(SCOPE_VM, &alert->item)))
		tui_say(tui, "the filter hides that VM");
}

static bool is_screen(enum request request)
{
	return request >= REQUEST_SCREEN_OVERVIEW && request <= REQUEST_SCREEN_EXITS;
}

static bool leads_back(enum request request)
{
	return request == REQUEST_QUIT || request == REQUEST_LEAVE || request == REQUEST_ALERTS ||
	       is_screen(request);
}

/* What is about VMs' rows means nothing here; a screen of VMs leads back to them. */
static bool obey(struct tui *tui, enum request request)
{
	if (request >= REQUEST_UP && request <= REQUEST_LAST)
		list_move(&tui->alerts.list, tui_steps(tui, request, tui->alerts.list.n));
	else if (request == REQUEST_OPEN)
		go_to_vm(tui);
	else if (leads_back(request))
		tui->pane = &list_pane;
	return request < REQUEST_INTERVAL && request != REQUEST_HELP && !is_screen(request);
}

/* As in the list of VMs: what is selected already is followed. */
static void click(struct tui *tui, int line, int cell)
{
	struct list *list = &tui->alerts.list;
	size_t row = list->first + (size_t)line - 2; /* below the title and the headings */

	(void)cell;
	if (line < 2 || line >= 2 + tui->height)
		return;
	if (row == list->selected)
		go_to_vm(tui);
	else
		list_choose(list, row);
}

const struct pane alert_pane = {
	.fill = fill,
	.draw = draw,
	.obey = obey,
	.click = click,
	.alone = true,
};
