/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned columns of text, cut at the width of the terminal. Knows nothing of metrics. */
#ifndef SINK_GRID_H
#define SINK_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "sink/threshold.h"
#include "sink/writer.h"
#include "vmbpf/sink.h"

struct arena;

/* As many as can be asked for, behind what tells the rows apart. */
#define MAX_GRID_COLUMNS (MAX_COLUMNS + 2)

struct cell {
	const char *text;
	int width; /* in cells of the terminal */
	enum level level; /* its colour */
	char mark; /* shown after the text, 0 for none */
};

struct grid {
	struct arena *arena; /* of the caller; what is put into the grid lives in it */
	unsigned n_columns;
	size_t n_rows;
	struct cell *cells;
	int widths[MAX_GRID_COLUMNS]; /* marks excluded */
	bool marked[MAX_GRID_COLUMNS]; /* some cell has a mark */
	bool right[MAX_GRID_COLUMNS]; /* aligned to the right */
};

/* An empty grid of at most `rows` rows. */
void grid_init(struct grid *grid, struct arena *arena, unsigned columns, size_t rows);

/* Appends an empty row; returns its cells for grid_put(). */
struct cell *grid_add_row(struct grid *grid);

/*
 * Sets a cell of the row to a copy of the text, which must be valid UTF-8 without control
 * characters. What is longer than 40 cells ends in ~ there.
 */
void grid_put(struct grid *grid, struct cell *row, unsigned column, const char *text);

/* Draws the eye to a cell: a mark after its text, 0 for none, and a colour. */
void grid_mark(struct grid *grid, struct cell *row, unsigned column, char mark, enum level level);

/*
 * Writes all rows. Where they are wider than `limit` (0: no limit) the first column gives way down
 * to 12 cells, then the rows are cut: texts anywhere, numbers never within one. `heading`: the
 * first row is one.
 */
void grid_write(
	const struct grid *grid, struct writer *writer, int limit, bool colour, bool heading);

/* Such a text in at most so many cells; one that is longer ends in ~. */
const char *grid_cut(struct arena *arena, const char *text, int cells);

/* One line of such text, cut likewise. */
void grid_write_line(struct arena *arena, struct writer *writer, int limit, const char *text);

#endif
