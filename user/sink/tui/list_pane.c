/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns how the list looks. Only what is visible is made into text: 4,500 rows are scrolled as fast
 * as ten.
 */
#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"
#include "sink/select.h"
#include "sink/tui/canvas.h"
#include "sink/tui/order.h"
#include "sink/tui/pane.h"

#define MIN_NAME 12

/* The list being drawn. */
struct board {
	struct canvas *canvas;
	struct grid grid;
};

/* One after the last that has room in a grid; no terminal is as wide. */
static unsigned end_column(const struct tui *tui)
{
	unsigned most = tui->shift + MAX_GRID_COLUMNS - 1;

	return tui->spec.n_columns < most ? tui->spec.n_columns : most;
}

static void put_value(struct board *board, struct cell *cells, unsigned at,
	const struct list_row *row, const struct column *column)
{
	const struct canvas *canvas = board->canvas;
	const struct snapshot *snap = canvas->tui->snap;
	struct value value = select_value(column, snap, row->scope, &row->item);
	enum level level = LEVEL_NORMAL;
	struct threshold threshold;
	const struct unit_style style = canvas->tui->style;
	char text[UNIT_TEXT_MAX];

	grid_put(&board->grid, cells, at,
		value.kind == VALUE_TEXT ? canvas_safe(canvas, value.text)
					 : unit_format_as(column, &value, &style, text));
	if (threshold_find(column, &threshold))
		level = threshold_level(&threshold, snap, &row->item, &value);
	grid_mark(&board->grid, cells, at, level_marks[level], level);
}

/* What a row below a VM hangs on: without UTF-8 or with it, the others and the last one. */
static const char *const branches[2][2] = { { "|-", "`-" }, { "├─", "└─" } };

/* What libvirt tells of one that it cannot answer for is as old as that. */
static const char *vm_name(const struct canvas *canvas, const struct vm *vm)
{
	const char *name = canvas_safe(canvas, vm->name);
	char text[UNIT_TEXT_MAX];
	struct column column;
	struct value age;

	if (vm->stale != 1 || column_find("age_seconds", SCOPE_VM, &column) < 0)
		return name;
	age = column_value(&column, canvas->tui->snap, &vm->e);
	return arena_printf(canvas->arena, "%s %s", name, unit_format(&column, &age, text));
}

/* What the row is called, below the VM with where it hangs. */
static const char *row_name(const struct canvas *canvas, const struct list_row *row)
{
	const char *what = scopes[row->scope].name;
	const char *branch = branches[canvas->tui->spec.utf8][row->last];
	struct value key;

	if (row->scope == SCOPE_VM)
		return vm_name(canvas, row->item.vm);
	key = select_key(row->scope, &row->item);
	if (key.kind == VALUE_TEXT)
		return arena_printf(canvas->arena, "%s %s", branch, canvas_safe(canvas, key.text));
	if (row->scope == SCOPE_THREAD)
		what = role_names[((const struct thread *)(const void *)row->item.entity)->role];
	return arena_printf(canvas->arena, "%s %s %llu", branch, what, (unsigned long long)key.raw);
}

/* What a row of another scope has in that column; false where it has none. */
static bool column_of(enum scope scope, const struct column *column, struct column *ret)
{
	const char *name = column->metric->views[column->view];

	*ret = *column;
	return scope == column->metric->scope || column_find(name, scope, ret) == 0;
}

static void put_row(struct board *board, const struct list_row *row)
{
	const struct canvas *canvas = board->canvas;
	const struct view_spec *spec = &canvas->tui->spec;
	struct cell *cells = grid_add_row(&board->grid);
	struct column column;

	grid_put(&board->grid, cells, 0, row_name(canvas, row));
	if (row->scope == SCOPE_VM)
		grid_mark(&board->grid, cells, 0, figure_vm_mark(row->item.vm), LEVEL_NORMAL);
	for (unsigned i = canvas->tui->shift; i < end_column(canvas->tui); i++)
		if (column_of(row->scope, &spec->columns[i], &column))
			put_value(board, cells, 1 + i - canvas->tui->shift, row, &column);
}

static char sort_mark(const struct view_spec *spec)
{
	return spec->ascending ? '^' : 'v';
}

static void put_headings(struct board *board)
{
	const struct tui *tui = board->canvas->tui;
	const struct view_spec *spec = &tui->spec;
	struct cell *cells = grid_add_row(&board->grid);

	grid_put(&board->grid, cells, 0, "NAME");
	if (order_is_by_name(spec))
		grid_mark(&board->grid, cells, 0, sort_mark(spec), LEVEL_NORMAL);
	for (unsigned i = tui->shift; i < end_column(tui); i++) {
		const struct column *column = &spec->columns[i];
		unsigned at = 1 + i - tui->shift;

		grid_put(&board->grid, cells, at, figure_title(column));
		board->grid.right[at] = column->metric->kind != TEXT;
		if (order_is_by(spec, column))
			grid_mark(&board->grid, cells, at, sort_mark(spec), LEVEL_NORMAL);
	}
}

/* What moves from tick to tick cannot be read: a column stays as wide as it was. */
static void keep_widths(struct board *board)
{
	struct tui *tui = board->canvas->tui;
	struct placement *placed = &tui->placed;

	if (placed->screen_lines != LINES || placed->screen_cells != COLS)
		tui_forget_widths(tui);
	placed->screen_lines = LINES;
	placed->screen_cells = COLS;
	for (unsigned i = 0; i < board->grid.n_columns; i++) {
		int *widest = &placed->widths[i ? i + tui->shift : 0];

		if (*widest < board->grid.widths[i])
			*widest = board->grid.widths[i];
		board->grid.widths[i] = *widest;
	}
}

/* The width left for the names, where all columns do not fit. */
static int name_width(const struct grid *grid)
{
	int others = 0, width = grid->widths[0];

	for (unsigned i = 1; i < grid->n_columns; i++)
		others += grid->widths[i] + CANVAS_GAP;
	if (width + others >= COLS)
		width = COLS - others - 1;
	return width > MIN_NAME ? width : grid->widths[0] < MIN_NAME ? grid->widths[0] : MIN_NAME;
}

/* Half a number would be another number: what does not fit is left out. */
static void draw_row(struct board *board, const struct cell *cells, attr_t style)
{
	struct canvas *canvas = board->canvas;
	struct placement *placed = &canvas->tui->placed;
	const struct grid *grid = &board->grid;
	int width = name_width(grid), at = width + CANVAS_GAP;

	canvas_cell(canvas, &cells[0], width, false, style);
	placed->end[0] = at;
	for (placed->n = 1; placed->n < grid->n_columns; placed->n++) {
		unsigned i = placed->n;

		if (at + grid->widths[i] + 1 > COLS)
			break;
		canvas_cell(canvas, &cells[i], grid->widths[i], grid->right[i], style);
		at += grid->widths[i] + CANVAS_GAP;
		placed->end[i] = at;
	}
	canvas_blanks(canvas, COLS - at, style);
}

static void draw_rows(struct board *board, size_t first, size_t n)
{
	struct canvas *canvas = board->canvas;
	const struct list *list = &canvas->tui->list;

	for (size_t i = 0; i <= n; i++) {
		bool selected = i && first + i - 1 == list->selected;

		canvas_begin(canvas, canvas->line);
		draw_row(board, board->grid.cells + i * board->grid.n_columns,
			i == 0 || selected ? A_REVERSE : A_NORMAL);
		canvas->line++;
	}
}

static void draw_list(struct canvas *canvas)
{
	struct board board = { .canvas = canvas };
	struct tui *tui = canvas->tui;
	size_t n, first;

	tui->placed.headings = canvas->line;
	tui->height = LINES - canvas->line - 2;
	if (tui->height < 1)
		tui->height = 1;
	list_scroll(&tui->list, (size_t)tui->height);
	first = tui->list.first;
	n = tui->list.n - first;
	if (n > (size_t)tui->height)
		n = (size_t)tui->height;
	grid_init(&board.grid, canvas->arena, 1 + end_column(tui) - tui->shift, n + 1);
	put_headings(&board);
	for (size_t i = 0; i < n; i++)
		put_row(&board, &tui->list.row[first + i]);
	keep_widths(&board);
	draw_rows(&board, first, n);
}

static void draw_nothing(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;

	if (tui->list.n || canvas->line >= LINES - 1)
		return;
	canvas_begin(canvas, canvas->line);
	canvas_text(canvas,
		tui->snap->vms ? "nothing matches the filter"
			       : "no VMs found (vmbpf doctor tells what this host offers)",
		A_NORMAL);
	canvas->line++;
}

static void draw(struct canvas *canvas)
{
	draw_list(canvas);
	draw_nothing(canvas);
}

static void click_heading(struct tui *tui, int cell)
{
	struct view_spec *spec = &tui->spec;
	struct column name;
	unsigned i = 0;

	while (i < tui->placed.n && cell >= tui->placed.end[i])
		i++;
	if (i > 0 && i < tui->placed.n)
		order_by_heading(spec, &spec->columns[tui->shift + i - 1]);
	else if (i == 0 && column_find("name", SCOPE_VM, &name) == 0)
		order_by_heading(spec, &name);
}

/* A row selected already unfolds, or folds. */
static void click_row(struct tui *tui, size_t line)
{
	struct list *list = &tui->list;
	size_t row = list->first + line;

	if (line >= (size_t)tui->height || row >= list->n)
		return;
	if (row == list->selected)
		list_toggle(list);
	else
		list_choose(list, row);
}

static void click(struct tui *tui, int line, int cell)
{
	int below = line - tui->placed.headings;

	if (below == 0)
		click_heading(tui, cell);
	else if (below > 0)
		click_row(tui, (size_t)below - 1);
}

const struct pane list_pane = { .draw = draw, .click = click };
