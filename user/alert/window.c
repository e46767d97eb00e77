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

/* Of a ring; doubled as often as it must be. */
#define SIZE_MIN 8

static struct span no_span(const struct window *window)
{
	static const double values[N_OVERS] = { [OVER_MAX] = -INFINITY, [OVER_MIN] = INFINITY };

	return (struct span){ .value = values[window->over] };
}

void window_init(struct window *window, enum over over, uint64_t length_ns)
{
	*window = (struct window){ .over = over, .length_ns = length_ns };
	window->between = window->newest.span = no_span(window);
}

void window_done(struct window *window)
{
	free(window->parts);
	*window = (struct window){ 0 };
}

static struct window_part *part_at(const struct window *window, unsigned i)
{
	unsigned at = window->oldest + i;

	return &window->parts[at < window->size ? at : at - window->size];
}

static double join_values(enum over over, const struct span *span, const struct span *newer)
{
	switch (over) {
	case OVER_AVG:
		return span->value + newer->value;
	case OVER_MAX:
		return span->value > newer->value ? span->value : newer->value;
	case OVER_MIN:
		return span->value < newer->value ? span->value : newer->value;
	default:
		return span->valued_ns ? span->value : newer->value;
	}
}

/* Makes a span include one that comes after it. */
static void extend(enum over over, struct span *span, const struct span *newer)
{
	span->value = join_values(over, span, newer);
	if (!span->valued_ns)
		span->first_ns = newer->first_ns;
	span->measured_ns += newer->measured_ns;
	span->valued_ns += newer->valued_ns;
}

/*
 * From the newest back to the oldest: each then holds the sum of itself and of all after it, so
 * that the oldest one goes without a subtraction, which would leave an error behind. A part is
 * summed once.
 */
static void sum_up(struct window *window)
{
	for (unsigned i = window->n - 1; i > 0; i--)
		extend(window->over, &part_at(window, i - 1)->span, &part_at(window, i)->span);
	window->n_summed = window->n;
	window->between = no_span(window);
}

static void drop_oldest(struct window *window)
{
	if (window->n_summed == 0)
		sum_up(window);
	window->n_summed--;
	window->n--;
	window->oldest = window->oldest + 1 < window->size ? window->oldest + 1 : 0;
}

/* Ticks are not on time to the nanosecond: what is within for the most part is within. */
static void drop_old(struct window *window, uint64_t now_ns)
{
	uint64_t from_ns = now_ns > window->length_ns ? now_ns - window->length_ns : 0;

	while (window->n && part_at(window, 0)->middle_ns < from_ns)
		drop_oldest(window);
	if (window->newest.middle_ns < from_ns)
		window->newest = (struct window_part){ .span = no_span(window) };
}

/* Ticks that are far apart need few parts. */
static void grow(struct window *window)
{
	unsigned size = window->size ? 2 * window->size : SIZE_MIN;
	struct window_part *parts = must(calloc(size, sizeof(*parts)));

	for (unsigned i = 0; i < window->n; i++)
		parts[i] = *part_at(window, i);
	free(window->parts);
	window->parts = parts;
	window->size = size;
	window->oldest = 0;
}

static void close_newest(struct window *window)
{
	if (window->n == WINDOW_PARTS)
		drop_oldest(window);
	if (window->n == window->size)
		grow(window);
	*part_at(window, window->n++) = window->newest;
	extend(window->over, &window->between, &window->newest.span);
	window->newest = (struct window_part){ .span = no_span(window) };
}

/* The first value of a part decides when it begins, so that no part is cut in two by the clock. */
static void begin_part(struct window *window, uint64_t begin_ns)
{
	bool is_open = window->newest.span.measured_ns;

	if (is_open && begin_ns < window->newest_begin_ns + window->length_ns / WINDOW_PARTS)
		return;
	if (is_open)
		close_newest(window);
	window->newest_begin_ns = begin_ns;
}

static void add_value(struct window *window, double value, uint64_t now_ns, uint64_t ns)
{
	const struct span span = {
		.valued_ns = ns,
		.value = window->over == OVER_AVG ? value * (double)ns * 1e-9 : value,
		.first_ns = now_ns,
	};

	extend(window->over, &window->newest.span, &span);
	window->last = value;
	window->last_ns = now_ns;
}

void window_add(struct window *window, double value, uint64_t now_ns, uint64_t ns)
{
	if (!window->begun_ns)
		window->begun_ns = now_ns - ns;
	begin_part(window, now_ns - ns);
	if (!isnan(value))
		add_value(window, value, now_ns, ns);
	window->newest.span.measured_ns += ns;
	window->newest.middle_ns = window->newest_begin_ns + window->newest.span.measured_ns / 2;
}

/* All parts as one, which begins as the oldest does. */
static struct span add_up(const struct window *window)
{
	struct span all = window->n_summed ? part_at(window, 0)->span : no_span(window);

	extend(window->over, &all, &window->between);
	extend(window->over, &all, &window->newest.span);
	return all;
}

static double change_per_second(const struct window *window, const struct span *all)
{
	double seconds = (double)(window->last_ns - all->first_ns) * 1e-9;

	return seconds > 0 ? (window->last - all->value) / seconds : NAN;
}

static double value_of(const struct window *window, const struct span *all)
{
	if (all->valued_ns == 0)
		return NAN;
	if (window->over == OVER_AVG)
		return all->value / ((double)all->valued_ns * 1e-9);
	return window->over == OVER_RATE ? change_per_second(window, all) : all->value;
}

static bool has_been_full(const struct window *window, uint64_t now_ns)
{
	return window->begun_ns &&
	       now_ns - window->begun_ns >= window->length_ns - window->length_ns / LATE_PART;
}

bool window_value(struct window *window, uint64_t now_ns, double *ret)
{
	struct span all;

	drop_old(window, now_ns);
	all = add_up(window);
	if (!has_been_full(window, now_ns) ||
		all.measured_ns * 10 < window->length_ns * MEASURED_MIN)
		return false;
	*ret = value_of(window, &all);
	return true;
}
