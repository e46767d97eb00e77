/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the choice of what a screen is sorted by. */
#include "base/arena.h"
#include "sink/tui/canvas.h"
#include "sink/tui/chooser_view.h"
#include "sink/tui/pane.h"
#include "sink/tui/order.h"

static const char *mark(const struct tui *tui, unsigned at)
{
	if (!order_is_by(&tui->spec, &tui->chooser.column[at]))
		return "";
	return tui->spec.ascending ? " ^" : " v";
}

static void draw(struct canvas *canvas)
{
	chooser_draw(canvas,
		arena_printf(canvas->arena,
			"What to sort %s by. Enter chooses, r turns the order around, Esc goes "
			"back.",
			screens[canvas->tui->screen].title),
		mark);
}

static void open_pane(struct tui *tui)
{
	chooser_list_orders(&tui->chooser, &tui->spec);
}

/* What it is sorted by already keeps its direction. */
static void choose(struct tui *tui)
{
	const struct column *column = &tui->chooser.column[tui->chooser.selected];

	if (tui->chooser.n && !order_is_by(&tui->spec, column))
		order_by(&tui->spec, column);
	tui_show_pane(tui, &list_pane);
}

static bool obey(struct tui *tui, enum request request)
{
	if (chooser_travel(tui, request))
		return true;
	switch (request) {
	case REQUEST_REFRESH:
	case REQUEST_OPEN:
	case REQUEST_UNFOLD:
		choose(tui);
		return true;
	case REQUEST_LEAVE:
	case REQUEST_QUIT:
	case REQUEST_SORT_CHOOSE:
		tui_show_pane(tui, &list_pane);
		return true;
	case REQUEST_SORT_REVERSE:
		return false;
	default:
		return !pane_is_common(request);
	}
}

const struct pane sort_pane = {
	.open = open_pane,
	.draw = draw,
	.obey = obey,
	.search = chooser_search_pane,
	.alone = true,
};
