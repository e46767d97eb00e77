/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what may reach the terminal, and how it is coloured. */
#include "sink/tui/canvas.h"

#include <stdio.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/figure.h"
#include "sink/grid.h"

#define BAR_CELLS 20

/*
 * Of the 256 colours of xterm, whose contrast with black and with white is 4 to 1 or nearly so. Of
 * the eight there are everywhere, magenta is one of those; yellow cannot be read on white. What is
 * behind them is not asked: few terminals say so, and less of them through sudo or tmux.
 */
enum { ORANGE = 166, RED = 196 };

enum { PAIR_WARNING = 1, PAIR_CRITICAL };

void canvas_prepare(const struct tui *tui)
{
	if (!tui->spec.colour || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_WARNING, (short)(COLORS >= 256 ? ORANGE : COLOR_MAGENTA), -1);
	init_pair(PAIR_CRITICAL, (short)(COLORS >= 256 ? RED : COLOR_RED), -1);
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

void canvas_cell(
	struct canvas *canvas, const struct cell *cell, int width, bool right, attr_t style)
{
	attr_t attributes = style | canvas_attribute(canvas->tui, cell->level);
	const char *text = grid_cut(canvas->arena, cell->text ? cell->text : "", width);
	int padding = width - unit_text_width(text);

	if (right)
		canvas_blanks(canvas, padding, style);
	canvas_text(canvas, text, attributes);
	canvas_text(canvas, arena_printf(canvas->arena, "%c", cell->mark ? cell->mark : ' '),
		attributes);
	canvas_blanks(canvas, CANVAS_GAP - 1 + (right ? 0 : padding), style);
}

/* A cell that is filled to that many eighths, or not at all or as a whole. */
static const char *const eighths[] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };
static const char *const wholes[] = { " ", "|" };

#define CELL_BYTES 3

static size_t bar_parts(double percent, size_t all)
{
	double parts = percent / 100 * (double)all + 0.5;

	if (!(parts > 0))
		return 0;
	return parts < (double)all ? (size_t)parts : all;
}

const char *canvas_bar(const struct canvas *canvas, double percent)
{
	const char *const *parts = canvas->tui->spec.utf8 ? eighths : wholes;
	size_t per_cell = canvas->tui->spec.utf8 ? 8 : 1;
	size_t left = bar_parts(percent, per_cell * BAR_CELLS);
	char cells[BAR_CELLS * CELL_BYTES + 1];
	size_t size = 0;

	for (int i = 0; i < BAR_CELLS; i++) {
		size_t part = left < per_cell ? left : per_cell;

		size += (size_t)snprintf(cells + size, sizeof(cells) - size, "%s", parts[part]);
		left -= part;
	}
	return arena_printf(canvas->arena, "[%s]", cells);
}
