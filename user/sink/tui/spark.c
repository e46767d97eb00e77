/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how numbers look as pictures. */
#include "sink/tui/spark.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

#define LEVELS 8
#define LEVEL_BYTES 4 /* of the longest, its end included */

static const char blocks[LEVELS][LEVEL_BYTES] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char ascii[LEVELS][LEVEL_BYTES] = { "_", ".", "-", "~", "=", "+", "*", "#" };

static const char *level_of(double sample, double most, bool utf8)
{
	const double share = most > 0 ? sample / most : 0;
	int level = (int)(share * LEVELS);

	if (isnan(sample))
		return " ";
	if (level < 0)
		level = 0;
	if (level >= LEVELS)
		level = LEVELS - 1;
	return utf8 ? blocks[level] : ascii[level];
}

const char *spark_line(
	struct arena *arena, const float *samples, unsigned n, double most, bool utf8)
{
	char *line = arena_alloc(arena, (size_t)n * LEVEL_BYTES + 1), *end = line;

	for (unsigned i = 0; i < n; i++)
		end = stpcpy(end, level_of((double)samples[i], most, utf8));
	return line;
}

const char *spark_bar(
	struct arena *arena, const struct spark_part *parts, unsigned n, unsigned cells)
{
	char *bar = arena_alloc(arena, cells + 1);
	unsigned at = 0;
	double sum = 0;

	memset(bar, '.', cells);
	for (unsigned i = 0; i < n; i++) {
		if (parts[i].share > 0)
			sum += parts[i].share;
		while (at < cells && at + 0.5 < sum * cells)
			bar[at++] = parts[i].letter;
	}
	return arena_printf(arena, "[%s]", bar);
}
