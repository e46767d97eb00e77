/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions of rules: what they add to filters, and when what they began is over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/filter.h"
#include "model/filter_tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct filter *parse(const char *text, enum scope scope)
{
	char error[FILTER_ERROR_MAX] = "";
	struct filter *filter = NULL;

	if (filter_parse_rule(text, scope, &filter, error) != 0)
		fail_msg("%s: %s", text, error);
	return filter;
}

/* The tree of a filter begins with a chain of "or" and one of "and". */
static const struct node *first_test(const struct filter *filter)
{
	const struct node *node = filter->root;

	while (node->first)
		node = node->first;
	return node;
}

static void a_window_has_a_function_a_metric_and_a_time(void **state)
{
	static const struct {
		const char *text;
		enum over over;
		uint64_t window_ns;
		const char *column;
	} cases[] = {
		{ "ready > 5%", OVER_NOTHING, 0, "ready_percent" },
		{ "avg(ready over 5m) > 5%", OVER_AVG, 300 * NSEC_PER_SEC, "ready_percent" },
		{ "max( cpu_used over 90s )>90", OVER_MAX, 90 * NSEC_PER_SEC, "cpu_used_percent" },
		{ "min(memory_used over 1h) > 90%", OVER_MIN, 3600 * NSEC_PER_SEC,
			"memory_used_percent" },
		{ "rate(memory_rss over 10m) > 1M", OVER_RATE, 600 * NSEC_PER_SEC,
			"memory_rss_bytes" },
		/* The rate of what is counted is the mean of its rates. */
		{ "rate(net_rx_bytes_total over 1m) > 1M", OVER_AVG, 60 * NSEC_PER_SEC,
			"net_rx_bytes_per_second" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct filter *filter = parse(cases[i].text, SCOPE_VM);
		const struct node *test = first_test(filter);

		assert_int_equal(test->kind, NODE_NUMBER);
		assert_int_equal(test->over, cases[i].over);
		assert_true(test->window_ns == cases[i].window_ns);
		assert_string_equal(test->column.metric->views[test->column.view], cases[i].column);
		assert_int_equal(filter->n_windows, cases[i].over != OVER_NOTHING);
		filter_free(filter);
	}
}

static void windows_are_numbered_in_the_order_they_are_written(void **state)
{
	struct filter *filter =
		parse("avg(ready over 5m) > 5 and (cpu > 1 or not max(cpu over 1m) > 2)", SCOPE_VM);

	(void)state;
	assert_int_equal(filter->n_windows, 2);
	assert_int_equal(filter->windows[0]->over, OVER_AVG);
	assert_int_equal(filter->windows[0]->window, 0);
	assert_int_equal(filter->windows[1]->over, OVER_MAX);
	assert_int_equal(filter->windows[1]->window, 1);
	filter_free(filter);
}

static void a_vcpu_knows_its_vm_and_the_host(void **state)
{
	(void)state;
	filter_free(parse("ready > 5 and vm.cpu_used > 50% and host.cpu_busy < 50%", SCOPE_VCPU));
}

static void what_makes_no_condition_is_refused_with_what_would(void **state)
{
	static const struct {
		const char *text;
		enum scope scope;
		const char *error;
	} cases[] = {
		{ "web*", SCOPE_VM,
			"at character 1: nothing is compared with a number, such as in ready > 5%" },
		{ "state = paused", SCOPE_VM,
			"at character 1: nothing is compared with a number, such as in ready > 5%" },
		{ "disk.storage_used > 90%", SCOPE_VM,
			"at character 1: this is of the scope disk, and the rule of vm: use a "
			"metric of vm or host" },
		{ "nic.net_rx > 90", SCOPE_DISK,
			"at character 1: this is of the scope nic, and the rule of disk: use a "
			"metric of disk, vm or host" },
		{ "avg(ready) > 5", SCOPE_VM,
			"at character 10: \"over\" and a window are missing, as in avg(ready over "
			"5m)" },
		{ "avg(ready over soon) > 5", SCOPE_VM,
			"at character 16: \"soon\" is no window: use a time from 1s to 24h, such as "
			"5m" },
		{ "avg(ready over 25h) > 5", SCOPE_VM,
			"at character 16: \"25h\" is no window: use a time from 1s to 24h, such as "
			"5m" },
		{ "avg(ready over 5m", SCOPE_VM, "at character 18: \")\" is missing" },
		{ "avg(ready over 5m)", SCOPE_VM,
			"at character 19: a comparison is missing, such as > 5" },
		{ "avg(rady over 5m) > 5", SCOPE_VM,
			"at character 5: no metric is called \"rady\" (did you mean ready?)" },
		{ "avg(state over 5m) = paused", SCOPE_VM,
			"at character 1: \"state\" is text, which has no avg" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char error[FILTER_ERROR_MAX] = "";
		struct filter *filter = NULL;

		assert_int_equal(
			filter_parse_rule(cases[i].text, cases[i].scope, &filter, error), -EINVAL);
		assert_string_equal(error, cases[i].error);
		assert_null(filter);
	}
}

static void a_filter_has_no_windows(void **state)
{
	char error[FILTER_ERROR_MAX] = "";
	struct filter *filter = NULL;

	(void)state;
	assert_int_equal(filter_parse("avg(ready over 5m) > 5", SCOPE_VM, &filter, error), -EINVAL);
	assert_string_equal(error, "at character 1: a filter knows one interval only: avg() is for "
				   "the rules of vmbpf watch");
	/* A VM may be called like a function. */
	assert_int_equal(filter_parse("avg and cpu > 1", SCOPE_VM, &filter, error), 0);
	filter_free(filter);
}

static int parse_clear(const char *text, const struct filter *start, struct filter **ret,
	char error[static FILTER_ERROR_MAX])
{
	return filter_parse_clear(text, start, SCOPE_VM, ret, error);
}

static void a_value_to_clear_at_takes_the_place_of_the_threshold(void **state)
{
	struct filter *start = parse("web* and avg(cpu_used over 1m) > 90%", SCOPE_VM), *hold;
	char error[FILTER_ERROR_MAX] = "";
	const struct node *test;

	(void)state;
	assert_int_equal(parse_clear("80%", start, &hold, error), 0);
	test = first_test(hold)->next;
	assert_null(first_test(start)->next->next);
	while (test && test->kind != NODE_NUMBER)
		test = test->first;
	assert_non_null(test);
	assert_true(test->number == 80);
	assert_int_equal(test->op, OP_GREATER);
	assert_int_equal(test->over, OVER_AVG);
	assert_int_equal(hold->n_windows, 1); /* the same one, which is kept once */
	filter_free(hold);
	filter_free(start);
}

static void a_condition_to_clear_at_has_windows_of_its_own(void **state)
{
	struct filter *start = parse("avg(cpu_used over 1m) > 90%", SCOPE_VM), *hold;
	char error[FILTER_ERROR_MAX] = "";

	(void)state;
	assert_int_equal(parse_clear("max(cpu_used over 5m) < 50%", start, &hold, error), 0);
	assert_int_equal(hold->root->kind, NODE_NOT);
	assert_int_equal(hold->n_windows, 2);
	assert_int_equal(hold->windows[0]->over, OVER_AVG);
	assert_int_equal(hold->windows[1]->over, OVER_MAX);
	assert_int_equal(hold->windows[1]->window, 1);
	filter_free(hold);
	filter_free(start);
}

static void a_value_on_the_wrong_side_is_refused(void **state)
{
	struct filter *above = parse("cpu_used > 90%", SCOPE_VM);
	struct filter *below = parse("cpu_used < 10%", SCOPE_VM);
	struct filter *equal = parse("vcpus = 2", SCOPE_VM), *hold = NULL;
	char error[FILTER_ERROR_MAX] = "";

	(void)state;
	assert_int_equal(parse_clear("95%", above, &hold, error), -EINVAL);
	assert_string_equal(error,
		"at character 1: this is above the threshold, so that what fires would clear at "
		"once: use a value below it");
	assert_int_equal(parse_clear("5%", below, &hold, error), -EINVAL);
	assert_string_equal(error,
		"at character 1: this is below the threshold, so that what fires would clear at "
		"once: use a value above it");
	assert_int_equal(parse_clear("2", equal, &hold, error), -EINVAL);
	assert_string_equal(error, "at character 1: a value to clear at belongs to <, <=, > or >=");
	assert_null(hold);
	filter_free(above);
	filter_free(below);
	filter_free(equal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_has_a_function_a_metric_and_a_time),
		cmocka_unit_test(windows_are_numbered_in_the_order_they_are_written),
		cmocka_unit_test(a_vcpu_knows_its_vm_and_the_host),
		cmocka_unit_test(what_makes_no_condition_is_refused_with_what_would),
		cmocka_unit_test(a_filter_has_no_windows),
		cmocka_unit_test(a_value_to_clear_at_takes_the_place_of_the_threshold),
		cmocka_unit_test(a_condition_to_clear_at_has_windows_of_its_own),
		cmocka_unit_test(a_value_on_the_wrong_side_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
