/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a number over a window of time. */
#ifndef ALERT_WINDOW_H
#define ALERT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/filter_tree.h"

/* A window is kept in so many parts, so that its edge is exact to one of them. */
#define WINDOW_PARTS 120

/* What became of the number in some time. */
struct span {
	uint64_t measured_ns; /* how long its values held, or it was known that there was none */
	uint64_t valued_ns; /* how long its values held */
	double sum; /* of values by the seconds they held */
	double min, max, first;
	uint64_t first_ns; /* when the first one was known */
};

struct window_part {
	uint64_t begin_ns; /* of the first value in it */
	uint64_t middle_ns;
	struct span span; /* of it alone or, of those that are summed, of it and those after it */
};

/* Zero-initialise, then window_init(). */
struct window {
	uint64_t length_ns;
	struct window_part *parts; /* a ring, made at the first value */
	unsigned oldest, n;
	unsigned n_summed; /* of the oldest */
	struct span between; /* those after the summed ones, the newest left out */
	uint64_t begun_ns; /* from when on it has been measured; 0: not yet */
	double last;
	uint64_t last_ns;
};

void window_init(struct window *window, uint64_t length_ns);
void window_done(struct window *window);

/*
 * One value that held for `ns` up to `now_ns`, CLOCK_MONOTONIC; NAN where nothing happened
 * meanwhile that would have had one.
 */
void window_add(struct window *window, double value, uint64_t now_ns, uint64_t ns);

/*
 * The mean weighted by time, the largest, the smallest, or the change per second. False until the
 * window has been full once, and while less than nine tenths of it were measured. *ret is NAN where
 * nothing happened in all of it. Time does not go back: what is too old is forgotten.
 */
bool window_value(struct window *window, enum over over, uint64_t now_ns, double *ret);

#endif
