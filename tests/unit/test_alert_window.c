/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a number over a window. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/window.h"
#include "base/clock.h"

#define SECOND NSEC_PER_SEC
#define BEGIN (1000 * SECOND)

static void assert_close(double value, double expected)
{
	if (!(fabs(value - expected) < 1e-9))
		fail_msg("%.12g is not %.12g", value, expected);
}

/* The same values in a window of each kind. */
struct windows {
	struct window of[N_OVERS];
};

static void init_all(struct windows *windows, uint64_t length_ns)
{
	for (enum over over = OVER_AVG; over < N_OVERS; over++)
		window_init(&windows->of[over], over, length_ns);
}

static void done_all(struct windows *windows)
{
	for (enum over over = OVER_AVG; over < N_OVERS; over++)
		window_done(&windows->of[over]);
}

static void add(struct windows *windows, double value, uint64_t now_ns, uint64_t ns)
{
	for (enum over over = OVER_AVG; over < N_OVERS; over++)
		window_add(&windows->of[over], value, now_ns, ns);
}

static double value_of(struct windows *windows, enum over over, uint64_t now_ns)
{
	double value;

	assert_true(window_value(&windows->of[over], now_ns, &value));
	return value;
}

static bool is_known(struct windows *windows, enum over over, uint64_t now_ns)
{
	double value;

	return window_value(&windows->of[over], now_ns, &value);
}

/* A value a second; the last one is at *now_ns. */
static void add_all(
	struct windows *windows, const double *values, size_t n, uint64_t *now_ns, uint64_t step_ns)
{
	for (size_t i = 0; i < n; i++) {
		*now_ns += step_ns;
		add(windows, values[i], *now_ns, step_ns);
	}
}

static void nothing_is_known_before_the_window_is_full(void **state)
{
	static const double values[] = { 1, 2, 3, 4 };
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 5 * SECOND);
	assert_false(is_known(&windows, OVER_AVG, now_ns));
	add_all(&windows, values, 4, &now_ns, SECOND);
	assert_false(is_known(&windows, OVER_MAX, now_ns));
	add_all(&windows, values, 1, &now_ns, SECOND);
	assert_close(value_of(&windows, OVER_MAX, now_ns), 4);
	done_all(&windows);
}

static void mean_largest_smallest_and_change_are_those_of_the_window(void **state)
{
	/* The first two are out of the window in the end. */
	static const double values[] = { 900, -900, 10, 30, 20, 50 };
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 4 * SECOND);
	add_all(&windows, values, 6, &now_ns, SECOND);
	assert_close(value_of(&windows, OVER_AVG, now_ns), 27.5);
	assert_close(value_of(&windows, OVER_MAX, now_ns), 50);
	assert_close(value_of(&windows, OVER_MIN, now_ns), 10);
	/* From 10 to 50 in the three seconds between the first and the last. */
	assert_close(value_of(&windows, OVER_RATE, now_ns), 40.0 / 3);
	done_all(&windows);
}

static void the_mean_is_weighted_by_time(void **state)
{
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 10 * SECOND);
	now_ns += 8 * SECOND;
	add(&windows, 100, now_ns, 8 * SECOND);
	now_ns += 2 * SECOND;
	add(&windows, 0, now_ns, 2 * SECOND);
	assert_close(value_of(&windows, OVER_AVG, now_ns), 80);
	done_all(&windows);
}

static void gaps_of_more_than_a_tenth_make_it_unknown(void **state)
{
	static const double ones[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 10 * SECOND);
	add_all(&windows, ones, 10, &now_ns, SECOND);
	now_ns += SECOND; /* nobody knows */
	assert_close(value_of(&windows, OVER_AVG, now_ns), 1);
	now_ns += SECOND;
	assert_false(is_known(&windows, OVER_AVG, now_ns));
	done_all(&windows);
}

/* Ticks come a little early or late; the window must not lose one of six for that. */
static void ticks_that_are_not_on_time_do_not_make_it_unknown(void **state)
{
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 60 * SECOND);
	for (unsigned i = 0; i < 12; i++) {
		uint64_t step_ns = 10 * SECOND + (i % 2 ? 3000000 : -2000000);

		now_ns += step_ns;
		add(&windows, i, now_ns, step_ns);
	}
	assert_true(is_known(&windows, OVER_AVG, now_ns));
	assert_close(value_of(&windows, OVER_MIN, now_ns), 6);
	done_all(&windows);
}

/* An hour at a value a second is kept in 120 parts of half a minute. */
static void long_windows_are_kept_in_parts(void **state)
{
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 3600 * SECOND);
	for (unsigned i = 0; i < 3 * 3600; i++) {
		now_ns += SECOND;
		add(&windows, i, now_ns, SECOND);
	}
	/* The last hour is 7200 to 10799; its edge is exact to a part. */
	assert_true(fabs(value_of(&windows, OVER_AVG, now_ns) - 8999.5) <= 15);
	assert_close(value_of(&windows, OVER_MAX, now_ns), 10799);
	assert_true(fabs(value_of(&windows, OVER_MIN, now_ns) - 7200) <= 30);
	assert_close(value_of(&windows, OVER_RATE, now_ns), 1);
	done_all(&windows);
}

/* Requests that there were none of have no latency, and that is known. */
static void what_did_not_happen_is_no_gap(void **state)
{
	static const double none[] = { NAN, NAN, NAN, NAN, NAN };
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 5 * SECOND);
	add_all(&windows, none, 5, &now_ns, SECOND);
	assert_true(isnan(value_of(&windows, OVER_AVG, now_ns)));
	assert_true(isnan(value_of(&windows, OVER_MAX, now_ns)));
	now_ns += SECOND;
	add(&windows, 30, now_ns, SECOND);
	add_all(&windows, none, 2, &now_ns, SECOND);
	assert_close(value_of(&windows, OVER_AVG, now_ns), 30);
	assert_close(value_of(&windows, OVER_MIN, now_ns), 30);
	done_all(&windows);
}

static void a_tick_may_be_longer_than_the_window(void **state)
{
	uint64_t now_ns = BEGIN + 10 * SECOND;
	struct windows windows;

	(void)state;
	init_all(&windows, 5 * SECOND);
	add(&windows, 7, now_ns, 10 * SECOND);
	assert_close(value_of(&windows, OVER_AVG, now_ns), 7);
	assert_true(isnan(value_of(&windows, OVER_RATE, now_ns)));
	done_all(&windows);
}

/* The last six of them, from the latest back, as one would add them up each time. */
static void assert_window_is_of(struct windows *windows, const double *latest, uint64_t now_ns)
{
	double sum = 0, min = INFINITY, max = -INFINITY;
	unsigned n = 0;

	for (unsigned i = 0; i < 6; i++) {
		if (isnan(latest[-(int)i]))
			continue;
		n++;
		sum += latest[-(int)i];
		min = fmin(min, latest[-(int)i]);
		max = fmax(max, latest[-(int)i]);
	}
	assert_close(value_of(windows, OVER_AVG, now_ns), sum / n);
	assert_close(value_of(windows, OVER_MIN, now_ns), min);
	assert_close(value_of(windows, OVER_MAX, now_ns), max);
}

/* Large values leave no error behind when they are out of the window. */
static void a_window_that_moves_on_is_what_adding_up_anew_gives(void **state)
{
	double values[1000];
	uint64_t now_ns = BEGIN;
	struct windows windows;

	(void)state;
	init_all(&windows, 6 * SECOND);
	for (unsigned i = 0; i < 1000; i++) {
		values[i] = i % 100 == 50 ? 1e15 : i % 7 == 3 ? NAN : i * 7919 % 1009 * 0.125;
		now_ns += SECOND;
		add(&windows, values[i], now_ns, SECOND);
		if (i >= 5)
			assert_window_is_of(&windows, &values[i], now_ns);
	}
	done_all(&windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_window_is_full),
		cmocka_unit_test(mean_largest_smallest_and_change_are_those_of_the_window),
		cmocka_unit_test(the_mean_is_weighted_by_time),
		cmocka_unit_test(gaps_of_more_than_a_tenth_make_it_unknown),
		cmocka_unit_test(ticks_that_are_not_on_time_do_not_make_it_unknown),
		cmocka_unit_test(long_windows_are_kept_in_parts),
		cmocka_unit_test(what_did_not_happen_is_no_gap),
		cmocka_unit_test(a_tick_may_be_longer_than_the_window),
		cmocka_unit_test(a_window_that_moves_on_is_what_adding_up_anew_gives),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
