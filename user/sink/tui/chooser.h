/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of columns to choose from. Knows no terminal. */
#ifndef TUI_CHOOSER_H
#define TUI_CHOOSER_H

#include <stdbool.h>

#include "vmbpf/sink.h"

/* All of the VMs', and whatever else is shown. */
#define MAX_CHOICES (2 * MAX_COLUMNS)

struct chooser {
	struct column column[MAX_CHOICES];
	unsigned n;
	unsigned n_shown; /* these come first, in the order of the screen */
	unsigned selected; /* less than n */
	unsigned first; /* the topmost one that is drawn */
};

/* The columns that are shown, and after them all others of VMs as in the catalogue. */
void chooser_list_columns(struct chooser *chooser, const struct view_spec *spec);

/* The name, the columns that are shown, and what is sorted by, which is selected. */
void chooser_list_orders(struct chooser *chooser, const struct view_spec *spec);

/* By so many lines, up where negative; it ends at the first and the last one. */
void chooser_move(struct chooser *chooser, int lines);

/* Scrolls as little as is needed for the selected one to be among `height` lines. */
void chooser_scroll(struct chooser *chooser, unsigned height);

/* Selects as list_search() does; the text is part of the title, the name or the help. */
bool chooser_search(struct chooser *chooser, const char *text, bool again);

/*
 * Shows the selected column as the last one, or hides it. A column that is shown stays selected, to
 * be moved; where one was hidden, the next one is. False where there are too many.
 */
bool chooser_toggle(struct chooser *chooser);

/* Moves the selected column, if it is shown, by one place: left where negative. */
void chooser_shift(struct chooser *chooser, int step);

/* The columns that are shown become those of the screen. */
void chooser_apply(const struct chooser *chooser, struct view_spec *spec);

#endif
