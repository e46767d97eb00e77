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
	/* By what the window is for: the sum of values by the seconds they held, the largest, the
	 * smallest, or the first. */
	double value;
	uint64_t first_ns; /* when the first one was known */
};

/* A part of the window; its span is of it alone or, once summed, of it and those after it. */
struct window_part {
	uint64_t middle_ns;
	struct span span;
};

/* Zero-initialise, then window_init(). */
struct window {
	enum over over;
	unsigned oldest, n, size; /* of the ring */
	unsigned n_summed; /* of the oldest ones */
	uint64_t length_ns;
	struct window_part *parts; /* a ring: those that are whole */
	struct span between; /* those of them that are not summed */
	struct window_part newest; /* the one that is being filled */
	uint64_t newest_begin_ns; /* of the first value in it */
	uint64_t begun_ns; /* from when on it has been measured; 0: not yet */
	double last;
	uint64_t last_ns;
};

/* OVER_AVG: the mean weighted by time; MAX, MIN; RATE: the change per second. */
void window_init(struct window *window, enum over over, uint64_t length_ns);
void window_done(struct window *window);

/*
 * One value that held for `ns` up to `now_ns`, CLOCK_MONOTONIC; NAN where nothing happened
 * meanwhile that would have had one.
 */
void window_add(struct window *window, double value, uint64_t now_ns, uint64_t ns);

/*
 * What the window is for. False until it has been full once, and while less than nine tenths of it
 * were measured. *ret is NAN where nothing happened in all of it. Time does not go back: what is
 * too old is forgotten.
 */
bool window_value(struct window *window, uint64_t now_ns, double *ret);

#endif
