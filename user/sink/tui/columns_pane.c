/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the choice of the columns of a screen. What is chosen holds at once. */
#include "base/arena.h"
#include "sink/tui/canvas.h"
#include "sink/tui/chooser_view.h"
#include "sink/tui/pane.h"

static const char *mark(const struct tui *tui, unsigned at)
{
	return at < tui->chooser.n_shown ? "[x]" : "[ ]";
}

static void draw(struct canvas *canvas)
{
	chooser_draw(canvas,
		arena_printf(canvas->arena,
			"Columns of %s. Space shows or hides, [ and ] move one, Esc goes back.",
			screens[canvas->tui->screen].title),
		mark);
}

static void open_pane(struct tui *tui)
{
	chooser_list_columns(&tui->chooser, &tui->spec);
}

/* There is always a column left at the left edge. */
static void apply(struct tui *tui)
{
	unsigned last = tui->chooser.n_shown ? tui->chooser.n_shown - 1 : 0;

	chooser_apply(&tui->chooser, &tui->spec);
	if (tui->shift > last)
		tui->shift = last;
	tui_forget_widths(tui);
}

static bool obey(struct tui *tui, enum request request)
{
	if (chooser_travel(tui, request))
		return true;
	switch (request) {
	case REQUEST_REFRESH:
	case REQUEST_OPEN:
	case REQUEST_UNFOLD:
		if (!chooser_toggle(&tui->chooser))
			tui_say(tui, "a screen cannot have more columns");
		apply(tui);
		return true;
	case REQUEST_COLUMN_LEFT:
	case REQUEST_COLUMN_RIGHT:
		chooser_shift(&tui->chooser, request == REQUEST_COLUMN_LEFT ? -1 : 1);
		apply(tui);
		return true;
	case REQUEST_LEAVE:
	case REQUEST_QUIT:
	case REQUEST_COLUMNS:
		tui_show_pane(tui, &list_pane);
		return true;
	default:
		return !pane_is_common(request);
	}
}

const struct pane columns_pane = {
	.open = open_pane,
	.draw = draw,
	.obey = obey,
	.search = chooser_search_pane,
	.alone = true,
};
