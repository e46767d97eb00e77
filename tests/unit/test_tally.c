/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of a number after a whole run. */
#include "sink_fixture.h"

#include <math.h>

#include "alert/tally.h"

#define N_VALUES 10000

/* Within 2 % of what was expected. */
static void assert_near(double number, double expected)
{
	if (fabs(number - expected) > fabs(expected) * 0.02)
		fail_msg("%g is not within 2 %% of %g", number, expected);
}

static int compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The same numbers each time, spread over nine powers of ten. */
static void make_values(double values[static N_VALUES])
{
	uint32_t seed = 1;

	for (size_t i = 0; i < N_VALUES; i++) {
		seed = seed * 1664525u + 1013904223u;
		values[i] = pow(10, (double)seed / UINT32_MAX * 9 - 4);
	}
}

static void percentiles_are_those_of_the_sorted_values(void **state)
{
	static const double percents[] = { 0.01, 1, 10, 50, 90, 95, 99, 99.9, 100 };
	double values[N_VALUES];
	struct tally tally = { 0 };

	(void)state;
	make_values(values);
	for (size_t i = 0; i < N_VALUES; i++)
		tally_add(&tally, values[i], SECOND, false);
	qsort(values, N_VALUES, sizeof(*values), compare_numbers);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		assert_near(tally_percentile(&tally, percents[i]),
			values[(size_t)ceil(N_VALUES * percents[i] / 100) - 1]);
	assert_true(tally.max == values[N_VALUES - 1]);
	tally_done(&tally);
}

static void every_number_is_in_a_bucket_two_percent_from_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct tally tally = { 0 };
		double value = 2e-12 * pow(1.0135, i);

		tally_add(&tally, value, SECOND, false);
		tally_add(&tally, value * 2, SECOND, false);
		assert_near(tally_percentile(&tally, 50), value);
		tally_done(&tally);
	}
}

static void nothing_has_no_percentile(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	assert_true(isnan(tally_percentile(&tally, 95)));
	tally_add(&tally, NAN, SECOND, true);
	assert_true(isnan(tally_percentile(&tally, 95)));
	assert_int_equal(tally.measured_ns, 0);
	tally_done(&tally);
}

static void zeros_have_a_place_of_their_own(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (unsigned i = 0; i < 96; i++)
		tally_add(&tally, 0, SECOND, false);
	for (unsigned i = 0; i < 4; i++)
		tally_add(&tally, 40, SECOND, true);
	assert_true(tally_percentile(&tally, 95) == 0);
	assert_true(tally_percentile(&tally, 96) == 0);
	assert_near(tally_percentile(&tally, 97), 40);
	tally_done(&tally);
}

static void what_is_below_zero_is_counted(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	tally_add(&tally, -3, SECOND, false);
	tally_add(&tally, -1, SECOND, false);
	assert_int_equal(tally.n, 2);
	assert_true(tally.max == -1);
	assert_true(tally_percentile(&tally, 50) == -1);
	tally_done(&tally);
}

/* The largest and the least that are told apart are a hundred powers of two from each other. */
static void extreme_values_take_little_memory(void **state)
{
	static const double values[] = { 5e-324, 1e-12, 1, 1e18, 1e300, INFINITY };
	struct tally tally = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		tally_add(&tally, values[i], SECOND, false);
	assert_int_equal(tally.n, 6);
	assert_in_range(tally.n_counts, 1, 102 * 32);
	assert_near(tally_percentile(&tally, 17), 1e-12);
	assert_near(tally_percentile(&tally, 50), 1);
	assert_near(tally_percentile(&tally, 67), 1e18);
	assert_true(isinf(tally.max));
	tally_done(&tally);
}

static void values_on_either_side_of_the_first_are_kept(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	tally_add(&tally, 100, SECOND, false);
	tally_add(&tally, 0.001, SECOND, false);
	tally_add(&tally, 100000, SECOND, false);
	assert_near(tally_percentile(&tally, 33), 0.001);
	assert_near(tally_percentile(&tally, 66), 100);
	assert_near(tally_percentile(&tally, 100), 100000);
	tally_done(&tally);
}

static void time_above_is_added_up(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	tally_add(&tally, 95, 2 * SECOND, true);
	tally_add(&tally, 50, SECOND, false);
	tally_add(&tally, 99, 500 * MSEC, true);
	assert_int_equal(tally.above_ns, 2500 * MSEC);
	assert_int_equal(tally.measured_ns, 3500 * MSEC);
	tally_done(&tally);
}

static void many_values_are_counted_quickly(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 40000000; i++)
		tally_add(&tally, i % 1000, SECOND, false);
	assert_int_equal(tally.n, 40000000);
	assert_near(tally_percentile(&tally, 95), 949);
	assert_in_range(tally.n_counts, 1, 10 * 32);
	tally_done(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
		cmocka_unit_test(every_number_is_in_a_bucket_two_percent_from_it),
		cmocka_unit_test(nothing_has_no_percentile),
		cmocka_unit_test(zeros_have_a_place_of_their_own),
		cmocka_unit_test(what_is_below_zero_is_counted),
		cmocka_unit_test(extreme_values_take_little_memory),
		cmocka_unit_test(values_on_either_side_of_the_first_are_kept),
		cmocka_unit_test(time_above_is_added_up),
		cmocka_unit_test(many_values_are_counted_quickly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
