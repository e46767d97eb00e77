/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a list of columns to choose from is drawn and moved about in. */
#ifndef TUI_CHOOSER_VIEW_H
#define TUI_CHOOSER_VIEW_H

#include "sink/tui/key.h"

struct canvas;
struct column;
struct tui;

/* On the whole screen; before each column what `mark` says of it, in at most three cells. */
void chooser_draw(struct canvas *canvas, const char *heading,
	const char *(*mark)(const struct tui *tui, unsigned at));

/* Whether the request was one of the keys that move. */
bool chooser_travel(struct tui *tui, enum request request);

/* As `search` of a pane. */
bool chooser_search_pane(struct tui *tui, const char *text, bool again);

#endif
