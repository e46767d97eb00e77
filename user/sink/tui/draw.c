/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns how the screen looks. Only what is visible is made into text: 4,500 rows are scrolled as
 * fast as ten.
 */
#include <errno.h>
#include <string.h>

#include <curses.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"
#include "sink/select.h"
#include "sink/tui/key.h"
#include "sink/tui/state.h"

#define MIN_LINES 5
#define MIN_COLUMNS 20
#define BAR_CELLS 20
#define MIN_NAME 12

/* Between two columns: room for a mark, and a blank. */
#define GAP 2

/* Pairs of colours. What they say is also said by a mark or a word. */
enum { PAIR_WARNING = 1, PAIR_CRITICAL };

/* A screen being drawn. */
struct canvas {
	struct tui *tui;
	struct arena *arena;
	int line;
	struct grid grid;
};

static attr_t attribute_of(const struct tui *tui, enum level level)
{
	if (level == LEVEL_NORMAL)
		return A_NORMAL;
	if (!tui->spec.colour || !has_colors())
		return A_BOLD;
	return level == LEVEL_CRITICAL ? A_BOLD | (attr_t)COLOR_PAIR(PAIR_CRITICAL)
				       : (attr_t)COLOR_PAIR(PAIR_WARNING);
}

static const char *safe(const struct canvas *canvas, const char *text)
{
	char buffer[FIGURE_TEXT_MAX];

	return arena_strdup(canvas->arena,
		unit_terminal_text(text, canvas->tui->spec.utf8, buffer, sizeof(buffer)));
}

/* As much of the text as there is room for in the line. */
static void put_text(struct canvas *canvas, const char *text, attr_t attributes)
{
	int y, x;

	getyx(stdscr, y, x);
	if (y != canvas->line || x >= COLS)
		return;
	attrset(attributes);
	addstr(grid_cut(canvas->arena, text, COLS - x));
	attrset(A_NORMAL);
}

static void begin_line(struct canvas *canvas, int line)
{
	canvas->line = line;
	move(line, 0);
	clrtoeol();
}

/* "[|||||     ]", of a share of 100. */
static const char *bar(const struct canvas *canvas, double percent)
{
	int full = percent > 0 ? (int)(percent / 100 * BAR_CELLS + 0.5) : 0;
	char cells[BAR_CELLS + 1];

	if (full > BAR_CELLS)
		full = BAR_CELLS;
	memset(cells, ' ', BAR_CELLS);
	memset(cells, '|', (size_t)full);
	cells[BAR_CELLS] = '\0';
	return arena_printf(canvas->arena, "[%s]", cells);
}

static double host_number(const struct snapshot *snap, const char *name)
{
	struct column column;
	struct value value;

	if (column_find(name, SCOPE_HOST, &column) < 0)
		return 0;
	value = column_value(&column, snap, &snap->host.e);
	return value.kind == VALUE_NUMBER ? value.number : 0;
}

#define FIGURE(name) figure_host(canvas->arena, canvas->tui->snap, name)

static void draw_header(struct canvas *canvas)
{
	const struct snapshot *snap = canvas->tui->snap;
	double total = host_number(snap, "memory_total"),
	       used = host_number(snap, "memory_used_bytes");

	begin_line(canvas, 0);
	put_text(canvas,
		arena_printf(canvas->arena,
			"%s %s: %s of %s VMs running, %s vCPUs on %s CPUs, load %s%s",
			figure_time(canvas->arena, snap->real_ns), safe(canvas, snap->host.name),
			FIGURE("vms_running"), FIGURE("vms"), FIGURE("vcpus"), FIGURE("cpus"),
			FIGURE("load_1m"), canvas->tui->held ? "  HELD (z)" : ""),
		A_NORMAL);
	begin_line(canvas, 1);
	put_text(canvas,
		arena_printf(canvas->arena,
			"CPU    %s %s %% busy, VMs %s %% of it; vmbpf %s %% CPU, %s; "
			"lost events %s",
			bar(canvas, host_number(snap, "cpu_busy")), FIGURE("cpu_busy"),
			FIGURE("cpu_vms"), FIGURE("self_cpu_percent"), FIGURE("self_memory"),
			FIGURE("lost_events_total")),
		A_NORMAL);
	begin_line(canvas, 2);
	put_text(canvas,
		arena_printf(canvas->arena, "memory %s %s of %s",
			bar(canvas, total > 0 ? used / total * 100 : 0),
			FIGURE("memory_used_bytes"), FIGURE("memory_total")),
		A_NORMAL);
	canvas->line++;
}

/* In red, as many as there are: a number that is missing has its reason here. */
static void draw_down_sources(struct canvas *canvas)
{
	const struct snapshot *snap = canvas->tui->snap;

	for (unsigned i = 0; i < snap->n_sources; i++) {
		const struct source_status *source = &snap->sources[i];

		if (source->up || canvas->line >= LINES / 2)
			continue;
		begin_line(canvas, canvas->line);
		put_text(canvas,
			arena_printf(canvas->arena, "%s is down: %s", safe(canvas, source->name),
				source->reason ? safe(canvas, source->reason)
					       : "the reason is not known"),
			attribute_of(canvas->tui, LEVEL_CRITICAL));
		canvas->line++;
	}
}

static void put_value(struct canvas *canvas, struct cell *cells, unsigned at,
	const struct list_row *row, const struct column *column)
{
	const struct snapshot *snap = canvas->tui->snap;
	struct value value = select_value(column, snap, row->scope, &row->item);
	enum level level = LEVEL_NORMAL;
	struct threshold threshold;
	char text[UNIT_TEXT_MAX];

	grid_put(&canvas->grid, cells, at,
		value.kind == VALUE_TEXT ? safe(canvas, value.text)
					 : unit_format(column, &value, text));
	if (threshold_find(column, &threshold))
		level = threshold_level(&threshold, snap, &row->item, &value);
	grid_mark(&canvas->grid, cells, at, level_marks[level], level);
}

/* What the row is called, below the VM with where it hangs. */
static const char *row_name(const struct canvas *canvas, const struct list_row *row)
{
	const char *what = scopes[row->scope].name, *branch = row->last ? "`-" : "|-";
	struct value key;

	if (row->scope == SCOPE_VM)
		return safe(canvas, row->item.vm->name);
	key = select_key(row->scope, &row->item);
	if (key.kind == VALUE_TEXT)
		return arena_printf(canvas->arena, "%s %s", branch, safe(canvas, key.text));
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

static void put_row(struct canvas *canvas, const struct list_row *row)
{
	const struct view_spec *spec = &canvas->tui->spec;
	struct cell *cells = grid_add_row(&canvas->grid);
	struct column column;

	grid_put(&canvas->grid, cells, 0, row_name(canvas, row));
	if (row->scope == SCOPE_VM)
		grid_mark(&canvas->grid, cells, 0, figure_vm_mark(row->item.vm), LEVEL_NORMAL);
	for (unsigned i = canvas->tui->shift; i < spec->n_columns; i++)
		if (column_of(row->scope, &spec->columns[i], &column))
			put_value(canvas, cells, 1 + i - canvas->tui->shift, row, &column);
}

static void put_headings(struct canvas *canvas)
{
	const struct view_spec *spec = &canvas->tui->spec;
	struct cell *cells = grid_add_row(&canvas->grid);

	grid_put(&canvas->grid, cells, 0, "NAME");
	for (unsigned i = canvas->tui->shift; i < spec->n_columns; i++) {
		const struct column *column = &spec->columns[i];
		bool sorted =
			spec->sort.metric == column->metric && spec->sort.view == column->view;
		unsigned at = 1 + i - canvas->tui->shift;

		grid_put(&canvas->grid, cells, at, figure_title(column));
		canvas->grid.right[at] = column->metric->kind != TEXT;
		if (sorted)
			grid_mark(&canvas->grid, cells, at, spec->ascending ? '^' : 'v',
				LEVEL_NORMAL);
	}
}

static void put_blanks(struct canvas *canvas, int n, attr_t attributes)
{
	put_text(canvas, arena_printf(canvas->arena, "%*s", n, ""), attributes);
}

/* The width left for the names, where all columns do not fit. */
static int name_width(const struct grid *grid)
{
	int others = 0, width = grid->widths[0];

	for (unsigned i = 1; i < grid->n_columns; i++)
		others += grid->widths[i] + GAP;
	if (width + others > COLS)
		width = COLS - others;
	return width > MIN_NAME ? width : grid->widths[0] < MIN_NAME ? grid->widths[0] : MIN_NAME;
}

/* The column has a mark's place and a blank behind it. */
static void draw_cell(
	struct canvas *canvas, const struct cell *cell, int width, bool right, attr_t style)
{
	attr_t attributes = style | attribute_of(canvas->tui, cell->level);
	const char *text = grid_cut(canvas->arena, cell->text ? cell->text : "", width);
	int padding = width - unit_text_width(text);

	if (right)
		put_blanks(canvas, padding, style);
	put_text(canvas, text, attributes);
	put_text(canvas, arena_printf(canvas->arena, "%c", cell->mark ? cell->mark : ' '),
		attributes);
	put_blanks(canvas, GAP - 1 + (right ? 0 : padding), style);
}

/* Half a number would be another number: what does not fit is left out. */
static void draw_row(struct canvas *canvas, const struct cell *cells, attr_t style)
{
	const struct grid *grid = &canvas->grid;
	int width = name_width(grid), at = width + GAP;

	draw_cell(canvas, &cells[0], width, false, style);
	for (unsigned i = 1; i < grid->n_columns; i++) {
		if (at + grid->widths[i] + 1 > COLS)
			break;
		draw_cell(canvas, &cells[i], grid->widths[i], grid->right[i], style);
		at += grid->widths[i] + GAP;
	}
	put_blanks(canvas, COLS - at, style);
}

static void draw_rows(struct canvas *canvas, size_t first, size_t n)
{
	struct tui *tui = canvas->tui;

	for (size_t i = 0; i <= n; i++) {
		bool selected = i && first + i - 1 == tui->list.selected;

		begin_line(canvas, canvas->line);
		draw_row(canvas, canvas->grid.cells + i * canvas->grid.n_columns,
			i == 0 || selected ? A_REVERSE : A_NORMAL);
		canvas->line++;
	}
}

static void draw_list(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;
	size_t n, first;

	tui->height = LINES - canvas->line - 2;
	if (tui->height < 1)
		tui->height = 1;
	list_scroll(&tui->list, (size_t)tui->height);
	first = tui->list.first;
	n = tui->list.n - first;
	if (n > (size_t)tui->height)
		n = (size_t)tui->height;
	grid_init(&canvas->grid, canvas->arena, 1 + tui->spec.n_columns - tui->shift, n + 1);
	put_headings(canvas);
	for (size_t i = 0; i < n; i++)
		put_row(canvas, &tui->list.row[first + i]);
	draw_rows(canvas, first, n);
}

static const char *prompt_word(enum asking asking)
{
	switch (asking) {
	case ASK_SEARCH:
		return "search: ";
	case ASK_FILTER:
		return "filter: ";
	default:
		return "seconds between ticks: ";
	}
}

/* The last line: what is being typed, what went wrong, or what there is. */
static void draw_foot(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;

	begin_line(canvas, LINES - 1);
	curs_set(tui->prompt.asking != ASK_NOTHING);
	if (tui->prompt.asking) {
		put_text(canvas, prompt_word(tui->prompt.asking), A_BOLD);
		put_text(canvas, safe(canvas, tui->prompt.text), A_NORMAL);
		return;
	}
	if (tui->message[0]) {
		put_text(canvas, safe(canvas, tui->message), attribute_of(tui, LEVEL_WARNING));
		return;
	}
	for (enum screen_id id = 0; id < N_SCREENS; id++) {
		const struct key_row *key = &key_rows[REQUEST_SCREEN_OVERVIEW + id];

		put_text(canvas,
			arena_printf(canvas->arena, "%.1s %s", key->keys, screens[id].title),
			id == tui->screen ? A_REVERSE : A_NORMAL);
		put_text(canvas, "  ", A_NORMAL);
	}
	put_text(canvas, "? help  q end", A_NORMAL);
	if (tui->spec.filter)
		put_text(canvas, "  (filtered)", A_BOLD);
}

static void draw_help(struct canvas *canvas)
{
	enum request request = 1 + canvas->tui->help_first;
	int line = 0;

	begin_line(canvas, line++);
	put_text(canvas, "Keys. Up and Down scroll, any other key goes back.", A_REVERSE);
	for (; request < N_REQUESTS && line < LINES - 1; request++, line++) {
		begin_line(canvas, line);
		put_text(canvas, arena_printf(canvas->arena, "  %-12s", key_rows[request].keys),
			A_BOLD);
		put_text(canvas, key_rows[request].help, A_NORMAL);
	}
	canvas->line = line;
}

static void draw_nothing(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;

	if (tui->list.n || canvas->line >= LINES - 1)
		return;
	begin_line(canvas, canvas->line);
	put_text(canvas,
		tui->snap->vms ? "nothing matches the filter"
			       : "no VMs found (vmbpf doctor tells what this host offers)",
		A_NORMAL);
	canvas->line++;
}

static void draw_all(struct canvas *canvas)
{
	if (LINES < MIN_LINES || COLS < MIN_COLUMNS) {
		begin_line(canvas, 0);
		put_text(canvas, "too small", A_NORMAL);
		return;
	}
	if (canvas->tui->help) {
		draw_help(canvas);
	} else {
		draw_header(canvas);
		draw_down_sources(canvas);
		draw_list(canvas);
		draw_nothing(canvas);
	}
	draw_foot(canvas);
}

void tui_prepare(const struct tui *tui)
{
	if (!tui->spec.colour || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_WARNING, COLOR_YELLOW, -1);
	init_pair(PAIR_CRITICAL, COLOR_RED, -1);
}

int tui_draw(struct tui *tui)
{
	struct canvas canvas = { .tui = tui, .arena = arena_new() };

	if (!canvas.arena)
		return -ENOMEM;
	erase();
	if (tui->snap)
		draw_all(&canvas);
	else
		mvaddstr(0, 0, "looking for VMs...");
	refresh();
	arena_free(canvas.arena);
	return 0;
}
