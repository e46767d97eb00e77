/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of columns: which there are, in which order, and what stays selected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/tui/chooser.h"

static struct column find(const char *name)
{
	struct column column;

	assert_int_equal(column_find(name, SCOPE_VM, &column), 0);
	return column;
}

/* A screen of these columns, sorted by the first. */
static void make(struct view_spec *spec, const char *const *names)
{
	*spec = (struct view_spec){ 0 };
	for (; names[spec->n_columns]; spec->n_columns++)
		spec->columns[spec->n_columns] = find(names[spec->n_columns]);
	if (spec->n_columns)
		spec->sort = spec->columns[0];
}

static const char *name_of(const struct chooser *chooser, unsigned at)
{
	return chooser->column[at].metric->name;
}

static void assert_shown(const struct chooser *chooser, const char *const *names)
{
	unsigned n = 0;

	while (names[n]) {
		assert_true(n < chooser->n_shown);
		assert_string_equal(name_of(chooser, n), names[n]);
		n++;
	}
	assert_int_equal(chooser->n_shown, n);
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static unsigned count_of_vms(void)
{
	enum view view = VIEW_TOTAL;
	struct column column;
	unsigned n = 0;
	size_t i = 0;

	while (column_next(SCOPE_VM, &i, &view, &column))
		n++;
	return n;
}

/* The chooser of a screen of three columns. */
static struct chooser *of_three(struct view_spec *spec)
{
	struct chooser *chooser = calloc(1, sizeof(*chooser));

	assert_non_null(chooser);
	make(spec, NAMES("ready", "cpu", "vcpus"));
	chooser_list_columns(chooser, spec);
	return chooser;
}

static void shown_columns_come_first_and_each_is_listed_once(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec);

	(void)state;
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus"));
	assert_int_equal(chooser->n, count_of_vms());
	assert_int_equal(chooser->selected, 0);
	free(chooser);
}

static void a_column_of_the_host_is_listed_while_it_is_shown(void **state)
{
	struct chooser *chooser = calloc(1, sizeof(*chooser));
	struct view_spec spec;

	(void)state;
	assert_non_null(chooser);
	make(&spec, NAMES("cpu", "host.cpus", "cpu"));
	chooser_list_columns(chooser, &spec);
	assert_shown(chooser, NAMES("cpu", "cpus"));
	assert_int_equal(chooser->n, count_of_vms() + 1);
	free(chooser);
}

static void a_column_that_is_shown_is_the_last_and_stays_selected(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec);

	(void)state;
	assert_true(chooser_search(chooser, "memory_rss", false));
	assert_true(chooser_toggle(chooser));
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus", "memory_rss"));
	assert_int_equal(chooser->selected, 3);
	chooser_shift(chooser, -1);
	chooser_apply(chooser, &spec);
	assert_int_equal(spec.n_columns, 4);
	assert_string_equal(spec.columns[2].metric->name, "memory_rss");
	free(chooser);
}

static void a_column_that_is_hidden_is_back_in_its_place(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec), *before = of_three(&spec);

	(void)state;
	chooser_move(chooser, 1);
	assert_true(chooser_toggle(chooser));
	assert_shown(chooser, NAMES("ready", "vcpus"));
	assert_int_equal(chooser->selected, 1);
	assert_true(chooser_search(chooser, "cpu_percent", false));
	assert_true(chooser_toggle(chooser));
	chooser_shift(chooser, -1);
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus"));
	for (unsigned i = 0; i < before->n; i++)
		assert_string_equal(name_of(chooser, i), name_of(before, i));
	free(before);
	free(chooser);
}

static void all_columns_can_be_hidden_and_all_shown(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(chooser_toggle(chooser));
	assert_int_equal(chooser->n_shown, 0);
	chooser_apply(chooser, &spec);
	assert_int_equal(spec.n_columns, 0);
	while (chooser->n_shown < chooser->n) {
		chooser_move(chooser, (int)chooser->n);
		assert_true(chooser_toggle(chooser));
	}
	chooser_apply(chooser, &spec);
	assert_int_equal(spec.n_columns, count_of_vms());
	free(chooser);
}

static void moving_ends_at_the_ends(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec);

	(void)state;
	chooser_shift(chooser, -1);
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus"));
	chooser_move(chooser, 2);
	chooser_shift(chooser, 1);
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus"));
	chooser_move(chooser, 1);
	chooser_shift(chooser, -1);
	assert_shown(chooser, NAMES("ready", "cpu", "vcpus"));
	chooser_move(chooser, -1000);
	assert_int_equal(chooser->selected, 0);
	chooser_move(chooser, 1000);
	assert_int_equal(chooser->selected, chooser->n - 1);
	chooser_scroll(chooser, 10);
	assert_int_equal(chooser->first, chooser->n - 10);
	free(chooser);
}

static void orders_are_the_name_and_the_columns_and_the_present_one_is_selected(void **state)
{
	struct chooser *chooser = calloc(1, sizeof(*chooser));
	struct view_spec spec;

	(void)state;
	assert_non_null(chooser);
	make(&spec, NAMES("ready", "cpu"));
	chooser_list_orders(chooser, &spec);
	assert_int_equal(chooser->n, 3);
	assert_string_equal(name_of(chooser, 0), "name");
	assert_int_equal(chooser->selected, 1);
	spec.sort = find("memory_rss");
	chooser_list_orders(chooser, &spec);
	assert_int_equal(chooser->n, 4);
	assert_int_equal(chooser->selected, 3);
	assert_string_equal(name_of(chooser, 3), "memory_rss");
	free(chooser);
}

static void a_search_goes_on_around_the_end(void **state)
{
	struct view_spec spec;
	struct chooser *chooser = of_three(&spec);

	(void)state;
	assert_true(chooser_search(chooser, "VCPU", false));
	assert_int_equal(chooser->selected, 0); /* its help speaks of vCPUs */
	assert_true(chooser_search(chooser, "virtual cpus", true));
	assert_int_equal(chooser->selected, 2);
	assert_true(chooser_search(chooser, "ready_percent", true));
	assert_int_equal(chooser->selected, 0);
	assert_false(chooser_search(chooser, "no such thing", false));
	assert_int_equal(chooser->selected, 0);
	free(chooser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_columns_come_first_and_each_is_listed_once),
		cmocka_unit_test(a_column_of_the_host_is_listed_while_it_is_shown),
		cmocka_unit_test(a_column_that_is_shown_is_the_last_and_stays_selected),
		cmocka_unit_test(a_column_that_is_hidden_is_back_in_its_place),
		cmocka_unit_test(all_columns_can_be_hidden_and_all_shown),
		cmocka_unit_test(moving_ends_at_the_ends),
		cmocka_unit_test(
			orders_are_the_name_and_the_columns_and_the_present_one_is_selected),
		cmocka_unit_test(a_search_goes_on_around_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
