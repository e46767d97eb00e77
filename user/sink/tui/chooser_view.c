/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how columns to choose from look. */
#include "sink/tui/chooser_view.h"

#include <string.h>

#include "base/arena.h"
#include "sink/figure.h"
#include "sink/grid.h"
#include "sink/tui/canvas.h"

#define TITLE_CELLS 8

/* The heading is left out where it is the name, of the total of a counter. */
static void draw_line(struct canvas *canvas, unsigned at, const char *mark)
{
	const struct chooser *chooser = &canvas->tui->chooser;
	const struct column *column = &chooser->column[at];
	attr_t style = at == chooser->selected ? A_REVERSE : A_NORMAL;
	const char *title = figure_title(column);
	char name[COLUMN_NAME_MAX];

	column_name(column, name);
	if (strcmp(title, name) == 0)
		title = "";
	canvas_begin(canvas, canvas->line);
	canvas_text(canvas,
		arena_printf(canvas->arena, "%-3s %-*s %-33s %s", mark, TITLE_CELLS, title, name,
			column->metric->help),
		style);
	canvas_blanks(canvas, COLS - getcurx(stdscr), style);
	canvas->line++;
}

void chooser_draw(struct canvas *canvas, const char *heading,
	const char *(*mark)(const struct tui *tui, unsigned at))
{
	struct chooser *chooser = &canvas->tui->chooser;
	unsigned height = LINES > 2 ? (unsigned)LINES - 2 : 1;

	canvas->tui->height = (int)height;
	chooser_scroll(chooser, height);
	canvas_begin(canvas, 0);
	canvas_text(canvas, heading, A_REVERSE);
	canvas->line = 1;
	for (unsigned at = chooser->first; at < chooser->n && at - chooser->first < height; at++)
		draw_line(canvas, at, mark(canvas->tui, at));
}

bool chooser_travel(struct tui *tui, enum request request)
{
	if (request < REQUEST_UP || request > REQUEST_LAST)
		return false;
	chooser_move(&tui->chooser, (int)tui_steps(tui, request, tui->chooser.n));
	return true;
}

bool chooser_search_pane(struct tui *tui, const char *text, bool again)
{
	return chooser_search(&tui->chooser, text, again);
}
