/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned columns of text for a terminal. */
#include "sink/grid.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"

#define MAX_CELL 40
#define MIN_FIRST 12

/* Between two columns: room for the mark of a level, and a blank. */
#define GAP 2

#define BOLD "\033[1m"
#define RESET "\033[0m"

static const char *const level_colours[] = {
	[LEVEL_NORMAL] = NULL,
	[LEVEL_WARNING] = "\033[33m",
	[LEVEL_CRITICAL] = "\033[1;31m",
};

void grid_init(struct grid *grid, struct arena *arena, unsigned columns, size_t rows)
{
	memset(grid, 0, sizeof(*grid));
	grid->arena = arena;
	grid->n_columns = columns;
	grid->cells = arena_alloc(arena, rows * columns * sizeof(*grid->cells));
}

struct cell *grid_add_row(struct grid *grid)
{
	return grid->cells + grid->n_rows++ * grid->n_columns;
}

/* Bytes of the character that begins here. */
static size_t character_size(const char *text)
{
	size_t size = 1;

	while ((text[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Bytes of the longest beginning of the text that fits into so many cells. */
static size_t fitting_size(const char *text, int cells)
{
	size_t size = 0;

	while (text[size]) {
		size_t next = character_size(text + size);
		char character[8] = "";

		memcpy(character, text + size, next < sizeof(character) ? next : 0);
		cells -= unit_text_width(character);
		if (cells < 0)
			break;
		size += next;
	}
	return size;
}

/* The cell's text in at most so many cells; *width becomes what it takes. */
static const char *cut_text(struct arena *arena, const char *text, int cells, int *width)
{
	const char *cut;

	if (*width <= cells)
		return text;
	if (cells < 1) {
		*width = 0;
		return "";
	}
	cut = arena_printf(arena, "%.*s~", (int)fitting_size(text, cells - 1), text);
	*width = unit_text_width(cut);
	return cut;
}

const char *grid_cut(struct arena *arena, const char *text, int cells)
{
	int width = unit_text_width(text);

	return cut_text(arena, text, cells, &width);
}

void grid_put(struct grid *grid, struct cell *row, unsigned column, const char *text)
{
	struct cell *cell = &row[column];

	cell->width = unit_text_width(text);
	cell->text = cut_text(grid->arena, text, MAX_CELL, &cell->width);
	if (cell->text == text)
		cell->text = arena_strdup(grid->arena, text);
	if (cell->width > grid->widths[column])
		grid->widths[column] = cell->width;
}

void grid_mark(struct grid *grid, struct cell *row, unsigned column, char mark, enum level level)
{
	row[column].mark = mark;
	row[column].level = level;
	grid->marked[column] |= mark != '\0';
}

/* A line being written: blanks wait until something follows them, so that none end a line. */
struct line {
	struct writer *writer;
	struct arena *arena;
	int at, limit;
	int blanks;
	bool colour;
};

static void line_text(struct line *line, const char *text, int width, const char *colour)
{
	text = cut_text(line->arena, text, line->limit - line->at - line->blanks, &width);
	if (width == 0)
		return;
	for (; line->blanks; line->blanks--, line->at++)
		writer_char(line->writer, ' ');
	if (colour)
		writer_string(line->writer, colour);
	writer_string(line->writer, text);
	if (colour)
		writer_string(line->writer, RESET);
	line->at += width;
}

/* A cell with its mark and the gap to the next. `style`: of a heading, NULL for others. */
static void line_cell(
	struct line *line, const struct cell *cell, int width, bool right, const char *style)
{
	const char *colour = line->colour && !style ? level_colours[cell->level] : style;
	int padding = width > cell->width ? width - cell->width : 0;
	const char *text = cell->text ? cell->text : "";
	int marks = cell->mark != '\0';

	if (marks)
		text = arena_printf(line->arena, "%s%c", text, cell->mark);
	if (right)
		line->blanks += padding;
	line_text(line, text, cell->width + marks, colour);
	line->blanks += GAP - marks + (right ? 0 : padding);
}

/* The width left for the first column. */
static int first_width(const struct grid *grid, int limit)
{
	int total = -GAP, first = grid->widths[0];

	for (unsigned i = 0; i < grid->n_columns; i++)
		total += grid->widths[i] + GAP;
	if (limit == 0 || total <= limit)
		return first;
	first -= total - limit;
	return first > MIN_FIRST ? first : MIN_FIRST;
}

/* Half a number would be another number. */
static bool has_room(const struct grid *grid, const struct line *line, unsigned column)
{
	int room = line->limit - line->at - line->blanks;

	if (!grid->right[column])
		return room > 0;
	return room >= grid->widths[column] + grid->marked[column];
}

static void write_row(const struct grid *grid, struct line *line, const struct cell *row, int first,
	const char *style)
{
	struct cell cell = row[0];

	if (cell.text)
		cell.text = cut_text(line->arena, cell.text, first, &cell.width);
	line_cell(line, &cell, first, grid->right[0], style);
	for (unsigned i = 1; i < grid->n_columns && has_room(grid, line, i); i++)
		line_cell(line, &row[i], grid->widths[i], grid->right[i], style);
	writer_char(line->writer, '\n');
}

void grid_write(
	const struct grid *grid, struct writer *writer, int limit, bool colour, bool heading)
{
	int first = first_width(grid, limit);

	for (size_t row = 0; row < grid->n_rows; row++) {
		struct line line = {
			.writer = writer,
			.arena = grid->arena,
			.limit = limit ? limit : INT_MAX,
			.colour = colour,
		};

		write_row(grid, &line, grid->cells + row * grid->n_columns, first,
			colour && heading && row == 0 ? BOLD : NULL);
	}
}

void grid_write_line(struct arena *arena, struct writer *writer, int limit, const char *text)
{
	struct line line = { .writer = writer, .arena = arena, .limit = limit ? limit : INT_MAX };

	line_text(&line, text, unit_text_width(text), NULL);
	writer_char(writer, '\n');
}
