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

static const struct span nothing = { .min = INFINITY, .max = -INFINITY };

void window_init(struct window *window, uint64_t length_ns)
{
	*window = (struct window){ .length_ns = length_ns, .between = nothing };
}

void window_done(struct window *window)
{
	free(window->parts);
	*window = (struct window){ 0 };
}

static struct window_part *part_at(const struct window *window, unsigned i)
{
	unsigned at = window->oldest + i;

	return &window->parts[at <= WINDOW_PARTS ? at : at - (WINDOW_PARTS + 1)];
}

static struct window_part *newest_part(const struct window *window)
{
	return part_at(window, window->n - 1);
}

/* Both in one, where `older` ends before `newer` begins. */
static struct span join(const struct span *older, const struct span *newer)
{
	const struct span *first = older->valued_ns ? older : newer;

	return (struct span){
		.measured_ns = older->measured_ns + newer->measured_ns,
		.valued_ns = older->valued_ns + newer->valued_ns,
		.sum = older->sum + newer->sum,
		.min = older->min < newer->min ? older->min : newer->min,
		.max = older->max > newer->max ? older->max : newer->max,
		.first = first->first,
		.first_ns = first->first_ns,
	};
}

/*
 * From the newest but one back to the oldest: each then holds the sum of itself and of all after
 * it, so that the oldest one goes without a subtraction, which would leave an error behind. A part
 * is summed once.
 */
static void sum_up(struct window *window)
{
	window->n_summed = window->n - 1;
	for (unsigned i = window->n_summed; i-- > 1;) {
		struct window_part *part = part_at(window, i - 1);

		part->span = join(&part->span, &part_at(window, i)->span);
	}
	window->between = nothing;
}

static void drop_oldest(struct window *window)
{
	if (window->n_summed == 0)
		sum_up(window);
	window->n_summed -= window->n_summed > 0;
	window->oldest = window->oldest < WINDOW_PARTS ? window->oldest + 1 : 0;
	window->n--;
}

/* Ticks are not on time to the nanosecond: what is within for the most part is within. */
static void drop_old(struct window *window, uint64_t now_ns)
{
	uint64_t from_ns = now_ns > window->length_ns ? now_ns - window->length_ns : 0;

	while (window->n && part_at(window, 0)->middle_ns < from_ns)
		drop_oldest(window);
}

static struct window_part *add_part(struct window *window, uint64_t begin_ns)
{
	struct window_part *part;

	if (window->n > WINDOW_PARTS)
		drop_oldest(window);
	if (window->n)
		window->between = join(&window->between, &newest_part(window)->span);
	window->n++;
	part = newest_part(window);
	*part = (struct window_part){ .begin_ns = begin_ns, .span = nothing };
	return part;
}

/* The first value of a part decides when it begins, so that no part is cut in two by the clock. */
static struct window_part *part_for(struct window *window, uint64_t begin_ns)
{
	uint64_t length_ns = window->length_ns / WINDOW_PARTS;

	if (window->n && begin_ns < newest_part(window)->begin_ns + length_ns)
		return newest_part(window);
	return add_part(window, begin_ns);
}

static void add_value(struct span *span, double value, uint64_t now_ns, uint64_t ns)
{
	const struct span added = {
		.valued_ns = ns,
		.sum = value * (double)ns * 1e-9,
		.min = value,
		.max = value,
		.first = value,
		.first_ns = now_ns,
	};

	*span = join(span, &added);
}

void window_add(struct window *window, double value, uint64_t now_ns, uint64_t ns)
{
	struct window_part *part;

	if (!window->parts)
		window->parts = must(calloc(WINDOW_PARTS + 1, sizeof(*window->parts)));
	if (!window->begun_ns)
		window->begun_ns = now_ns - ns;
	part = part_for(window, now_ns - ns);
	part->span.measured_ns += ns;
	part->middle_ns = part->begin_ns + part->span.measured_ns / 2;
	if (isnan(value))
		return;
	add_value(&part->span, value, now_ns, ns);
	window->last = value;
	window->last_ns = now_ns;
}

/* All parts as one, which begins as the oldest does. */
static struct span add_up(const struct window *window)
{
	struct span all = window->between;

	if (window->n_summed)
		all = join(&part_at(window, 0)->span, &all);
	return window->n ? join(&all, &newest_part(window)->span) : all;
}

static double change_per_second(const struct window *window, const struct span *all)
{
	double seconds = (double)(window->last_ns - all->first_ns) * 1e-9;

	return seconds > 0 ? (window->last - all->first) / seconds : NAN;
}

static double value_of(const struct window *window, const struct span *all, enum over over)
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

bool window_value(struct window *window, enum over over, uint64_t now_ns, double *ret)
{
	struct span all;

	drop_old(window, now_ns);
	all = add_up(window);
	if (!has_been_full(window, now_ns) ||
		all.measured_ns * 10 < window->length_ns * MEASURED_MIN)
		return false;
	*ret = all.valued_ns ? value_of(window, &all, over) : NAN;
	return true;
}
