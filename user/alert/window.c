/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the past of a number, in parts of equal length. */
#include "alert/window.h"

#include <math.h>
#include <stdlib.h>

#include "base/must.h"

/* How much of a window must have been measured, in tenths. */
#define MEASURED_MIN 9

/* By which part of its length a window may lack time to be full, since ticks are not on time. */
#define LATE_PART 100

void window_init(struct window *window, uint64_t length_ns)
{
	*window = (struct window){ .length_ns = length_ns };
}

void window_done(struct window *window)
{
	free(window->parts);
	*window = (struct window){ 0 };
}

static struct window_part *newest_part(const struct window *window)
{
	return &window->parts[window->newest];
}

/* The first value of a part decides when it begins, so that no part is cut in two by the clock. */
static struct window_part *part_for(struct window *window, uint64_t begin_ns)
{
	uint64_t length_ns = window->length_ns / WINDOW_PARTS;
	struct window_part *part = newest_part(window);

	if (window->n && begin_ns < part->begin_ns + length_ns)
		return part;
	window->newest = (window->newest + 1) % (WINDOW_PARTS + 1);
	window->n += window->n <= WINDOW_PARTS;
	part = newest_part(window);
	*part = (struct window_part){ .begin_ns = begin_ns, .min = INFINITY, .max = -INFINITY };
	return part;
}

void window_add(struct window *window, double value, uint64_t now_ns, uint64_t ns)
{
	struct window_part *part;

	if (!window->parts)
		window->parts = must(calloc(WINDOW_PARTS + 1, sizeof(*window->parts)));
	if (!window->begun_ns)
		window->begun_ns = now_ns - ns;
	part = part_for(window, now_ns - ns);
	part->measured_ns += ns;
	if (isnan(value))
		return;
	if (part->valued_ns == 0) {
		part->first = value;
		part->first_ns = now_ns;
	}
	part->valued_ns += ns;
	part->sum += value * (double)ns * 1e-9;
	part->min = fmin(part->min, value);
	part->max = fmax(part->max, value);
	window->last = value;
	window->last_ns = now_ns;
}

/* Ticks are not on time to the nanosecond: what is within for the most part is within. */
static bool is_within(const struct window_part *part, uint64_t from_ns)
{
	return part->begin_ns + part->measured_ns / 2 >= from_ns;
}

/* All parts that are within the window as one, which begins as the oldest does. */
static struct window_part add_up(const struct window *window, uint64_t from_ns)
{
	struct window_part all = { .min = INFINITY, .max = -INFINITY };

	for (unsigned i = 0; i < window->n; i++) {
		unsigned at = (window->newest + WINDOW_PARTS + 1 - i) % (WINDOW_PARTS + 1);
		const struct window_part *part = &window->parts[at];

		if (!is_within(part, from_ns))
			break;
		all.measured_ns += part->measured_ns;
		if (!part->valued_ns)
			continue;
		all.first = part->first;
		all.first_ns = part->first_ns;
		all.valued_ns += part->valued_ns;
		all.sum += part->sum;
		all.min = fmin(all.min, part->min);
		all.max = fmax(all.max, part->max);
	}
	return all;
}

static double change_per_second(const struct window *window, const struct window_part *all)
{
	double seconds = (double)(window->last_ns - all->first_ns) * 1e-9;

	return seconds > 0 ? (window->last - all->first) / seconds : NAN;
}

static double value_of(const struct window *window, const struct window_part *all, enum over over)
{
	switch (over) {
	case OVER_AVG:
		return all->sum / ((double)all->valued_ns * 1e-9);
	case OVER_MAX:
		return all->max;
	case OVER_MIN:
		return all->min;
	default:
		return change_per_second(window, all);
	}
}

static bool has_been_full(const struct window *window, uint64_t now_ns)
{
	return window->begun_ns &&
	       now_ns - window->begun_ns >= window->length_ns - window->length_ns / LATE_PART;
}

bool window_value(const struct window *window, enum over over, uint64_t now_ns, double *ret)
{
	uint64_t from_ns = now_ns > window->length_ns ? now_ns - window->length_ns : 0;
	struct window_part all = add_up(window, from_ns);

	if (!has_been_full(window, now_ns) ||
		all.measured_ns * 10 < window->length_ns * MEASURED_MIN)
		return false;
	*ret = all.valued_ns ? value_of(window, &all, over) : NAN;
	return true;
}
