/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the list of keys. */
#include "base/arena.h"
#include "sink/tui/canvas.h"
#include "sink/tui/pane.h"

static void open_pane(struct tui *tui)
{
	tui->help_first = 0;
}

static void draw(struct canvas *canvas)
{
	enum request request = 1 + canvas->tui->help_first;
	int line = 0;

	canvas_begin(canvas, line++);
	canvas_text(canvas, "Keys. Up and Down scroll, any other key goes back.", A_REVERSE);
	for (; request < N_REQUESTS && line < LINES - 1; request++, line++) {
		canvas_begin(canvas, line);
		canvas_text(canvas, arena_printf(canvas->arena, "  %-12s", key_rows[request].keys),
			A_BOLD);
		canvas_text(canvas, key_rows[request].help, A_NORMAL);
	}
	canvas->line = line;
}

/* It is left by any key that does not scroll it. */
static bool obey(struct tui *tui, enum request request)
{
	const unsigned last = N_REQUESTS - 2;

	if (request == REQUEST_UP || request == REQUEST_PAGE_UP)
		tui->help_first -= tui->help_first > 0;
	else if (request == REQUEST_DOWN || request == REQUEST_PAGE_DOWN)
		tui->help_first += tui->help_first < last;
	else
		tui_show_pane(tui, &list_pane);
	return true;
}

const struct pane help_pane = { .open = open_pane, .draw = draw, .obey = obey, .alone = true };
