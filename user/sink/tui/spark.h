/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as pictures in a line of text. */
#ifndef TUI_SPARK_H
#define TUI_SPARK_H

#include <stdbool.h>

struct arena;

/* One cell for each sample, from nothing to `most`; blank where it is NAN. */
const char *spark_line(
	struct arena *arena, const float *samples, unsigned n, double most, bool utf8);

/* A part of a whole that is drawn as a bar. */
struct spark_part {
	char letter; /* what its cells are filled with */
	double share; /* of 1; NAN as 0 */
};

/*
 * "[GGGGHHP....]": so many cells for the whole, those of no part dots. A part that is more than
 * nothing gets its cells by where its end falls, so that the parts together are never longer than
 * their sum.
 */
const char *spark_bar(
	struct arena *arena, const struct spark_part *parts, unsigned n, unsigned cells);

#endif
