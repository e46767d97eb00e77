/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen being drawn, line by line from the top. */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <curses.h>

#include "sink/threshold.h"
#include "sink/tui/state.h"

struct arena;
struct cell;

struct canvas {
	struct tui *tui;
	struct arena *arena; /* of this drawing */
	int line; /* the present one */
};

/* Once a terminal has been taken over, the colours there are. */
void canvas_prepare(const struct tui *tui);

/* How a value of that level looks; what it says is also said by a mark or a word. */
attr_t canvas_attribute(const struct tui *tui, enum level level);

/* A text of others without anything that a terminal would obey. */
const char *canvas_safe(const struct canvas *canvas, const char *text);

/* Makes that line the present one, and empties it. */
void canvas_begin(struct canvas *canvas, int line);

/* Adds as much of the text as there is room for in the present line. It must be safe. */
void canvas_text(struct canvas *canvas, const char *text, attr_t attributes);
void canvas_blanks(struct canvas *canvas, int n, attr_t attributes);

/* Between two columns: room for a mark, and a blank. */
#define CANVAS_GAP 2

/* A cell of a row with its gap, in a column of that width. */
void canvas_cell(
	struct canvas *canvas, const struct cell *cell, int width, bool right, attr_t style);

/* "[|||||     ]", of a share of 100. */
const char *canvas_bar(const struct canvas *canvas, double percent);

#endif
