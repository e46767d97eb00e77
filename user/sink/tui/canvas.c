/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what may reach the terminal, and how it is coloured. */
#include "sink/tui/canvas.h"

#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"

#define BAR_CELLS 20

enum { PAIR_WARNING = 1, PAIR_CRITICAL };

void canvas_prepare(const struct tui *tui)
{
	if (!tui->spec.colour || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_WARNING, COLOR_YELLOW, -1);
	init_pair(PAIR_CRITICAL, COLOR_RED, -1);
}

attr_t canvas_attribute(const struct tui *tui, enum level level)
{
	if (level == LEVEL_NORMAL)
		return A_NORMAL;
	if (!tui->spec.colour || !has_colors())
		return A_BOLD;
	return level == LEVEL_CRITICAL ? A_BOLD | (attr_t)COLOR_PAIR(PAIR_CRITICAL)
				       : (attr_t)COLOR_PAIR(PAIR_WARNING);
}

const char *canvas_safe(const struct canvas *canvas, const char *text)
{
	char buffer[FIGURE_TEXT_MAX];

	return arena_strdup(canvas->arena,
		unit_terminal_text(text, canvas->tui->spec.utf8, buffer, sizeof(buffer)));
}

void canvas_text(struct canvas *canvas, const char *text, attr_t attributes)
{
	int y, x;

	getyx(stdscr, y, x);
	if (y != canvas->line || x >= COLS)
		return;
	attrset(attributes);
	addstr(grid_cut(canvas->arena, text, COLS - x));
	attrset(A_NORMAL);
}

void canvas_begin(struct canvas *canvas, int line)
{
	canvas->line = line;
	move(line, 0);
	clrtoeol();
}

void canvas_blanks(struct canvas *canvas, int n, attr_t attributes)
{
	canvas_text(canvas, arena_printf(canvas->arena, "%*s", n, ""), attributes);
}

const char *canvas_bar(const struct canvas *canvas, double percent)
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
