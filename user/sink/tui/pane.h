/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between the header and the last line, and what keys mean there. */
#ifndef TUI_PANE_H
#define TUI_PANE_H

#include <stdbool.h>

#include "sink/tui/key.h"

struct canvas;
struct tui;

struct pane {
	/* Optional: when it comes onto the screen. */
	void (*open)(struct tui *tui);
	/* What is drawn of a snapshot, or NULL. 0 or -ENOMEM. */
	int (*fill)(struct tui *tui);
	/* From canvas->line on; the last line is not its own. */
	void (*draw)(struct canvas *canvas);
	/*
	 * False where the request means the same here as everywhere. NULL: all do.
	 */
	bool (*obey)(struct tui *tui, enum request request);
	/* A click there; NULL: nothing happens. */
	void (*click)(struct tui *tui, int line, int cell);
	/* As list_search(); NULL: that one. */
	bool (*search)(struct tui *tui, const char *text, bool again);
	bool alone; /* without the header */
	const char *foot; /* its last line, NULL: the screens there are */
};

extern const struct pane list_pane, help_pane, detail_pane, columns_pane, sort_pane, alert_pane;

/* detail_pane.c: of the VM that is selected, should there be one. */
void detail_open(struct tui *tui);

/* tui.c */
void tui_show_pane(struct tui *tui, const struct pane *pane);

/* The table goes that many columns to the left where negative, at most one. */
void tui_shift(struct tui *tui, int columns);

/* Whether panes of choices leave that to what it means everywhere. */
bool pane_is_common(enum request request);

/* header.c: leaves canvas->line below it. */
void header_draw(struct canvas *canvas);

#endif
