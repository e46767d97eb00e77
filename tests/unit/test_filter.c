/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: what they mean, and what is said of those that mean nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/filter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GIB (1024ull * 1024 * 1024)

/*
 * One VM after two seconds: web-1, 20 % ready, 3 GiB of 4 GiB used, resident 1 GiB, no title, one
 * vCPU that is 10 % ready, a NIC, 3 halts a second, and a task that took 5 % from it.
 */
struct scene {
	struct snapshot *before, *now;
	struct vm *vm;
};

/* After so many seconds. */
static void add_exit(struct snapshot *snap, struct vm *vm, uint64_t seconds)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->e.have |= SRC_EXITS;
	exit->reason = "HLT";
	exit->count = 3 * seconds;
}

static void add_blame(struct snapshot *snap, struct vm *vm, uint64_t seconds)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->e.have |= SRC_EVENTS;
	blame->kind = HOLDER_HOST;
	blame->holder = "backup";
	blame->held_ns = 50 * NSEC_PER_MSEC * seconds;
}

static struct vm *add_vm(struct snapshot *snap, uint64_t seconds)
{
	struct vm *vm = snapshot_add_vm(snap);

	snap->mono_ns = seconds * NSEC_PER_SEC;
	vm->name = "web-1";
	vm->uuid = "6F1ED002-0000-4000-8000-000000000001";
	vm->pid = 4711;
	vm->n_vcpus = 2;
	vm->e.have |= SRC_SCHED | SRC_PROC | SRC_BALLOON | SRC_LIBVIRT;
	vm->memory_rss_bytes = GIB;
	vm->memory_available_bytes = 4 * GIB;
	vm->memory_usable_bytes = GIB;
	snapshot_add_vcpu(snap, vm)->e.have |= SRC_SCHED;
	snapshot_nic(snap, vm, "tap0")->e.have |= SRC_NET;
	add_exit(snap, vm, seconds);
	add_blame(snap, vm, seconds);
	return vm;
}

static int set_up(void **state)
{
	static struct scene scene;

	scene.before = snapshot_new();
	scene.now = snapshot_new();
	add_vm(scene.before, 100);
	scene.vm = add_vm(scene.now, 102);
	scene.vm->vcpus->sched.ready_ns = NSEC_PER_SEC / 5;
	snapshot_finish(scene.before, NULL);
	snapshot_finish(scene.now, scene.before);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	snapshot_free(scene->now);
	snapshot_free(scene->before);
	return 0;
}

static struct filter *parse(const char *text)
{
	char error[FILTER_ERROR_MAX] = "";
	struct filter *filter = NULL;

	if (filter_parse(text, SCOPE_VM, &filter, error) != 0)
		fail_msg("%s: %s", text, error);
	return filter;
}

static bool matches(const struct scene *scene, const char *text, enum scope scope)
{
	const struct vm *vm = scene->vm;
	const struct item items[N_SCOPES] = {
		[SCOPE_HOST] = { &scene->now->host.e, NULL },
		[SCOPE_VM] = { &vm->e, vm },
		[SCOPE_VCPU] = { &vm->vcpus->e, vm },
		[SCOPE_NIC] = { &vm->nics->e, vm },
		[SCOPE_EXIT] = { &vm->exits_by_reason->e, vm },
		[SCOPE_BLAME] = { &vm->blames->e, vm },
	};
	struct filter *filter = parse(text);
	bool match = filter_match(filter, scene->now, scope, &items[scope]);

	filter_free(filter);
	return match;
}

struct match_case {
	const char *text;
	bool expected;
};

static void check_matches(const struct scene *scene, const struct match_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (matches(scene, cases[i].text, SCOPE_VM) != cases[i].expected)
			fail_msg("%s: not %d", cases[i].text, cases[i].expected);
}

static void numbers_are_compared(void **state)
{
	static const struct match_case cases[] = {
		{ "ready > 5", true },
		{ "ready>10", false },
		{ "ready >= 10%", true },
		{ "ready < 10", false },
		{ "ready <= 10", true },
		{ "ready = 10", true },
		{ "ready == 10", true },
		{ "ready != 10", false },
		{ "vm.ready_percent > 9.99", true },
		{ "ready_seconds_total > 199ms", true },
		{ "ready_seconds_total > 201ms", false },
		{ "memory_rss = 1GiB", true },
		{ "memory_rss > 1G", true },
		{ "memory_rss > 1.1GB", false },
		{ "vcpus = 2", true },
		{ "pid = 4711", true },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void percent_of_a_name_means_its_share(void **state)
{
	static const struct match_case cases[] = {
		{ "memory_used > 74%", true },
		{ "memory_used > 76%", false },
		{ "memory_used > 2.9Gi", true },
		{ "memory_used_percent = 75", true },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void texts_are_compared_as_a_whole_or_as_a_glob(void **state)
{
	static const struct match_case cases[] = {
		{ "state = running", true },
		{ "state != running", false },
		{ "state = run", false },
		{ "name ~ web-*", true },
		{ "name~'web-[0-9]'", true },
		{ "name ~ web-[!0-9]", false },
		{ "name ~ web", false },
		{ "state = \"no libvirt\"", false },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void word_is_a_glob_or_a_part_of_the_name_or_the_start_of_the_uuid(void **state)
{
	static const struct match_case cases[] = {
		{ "web", true },
		{ "eb-", true },
		{ "db", false },
		{ "web*", true },
		{ "eb*", false },
		{ "web-?", true },
		{ "6f1ed002", true },
		{ "1ed002", false },
		{ "'web-1'", true },
		{ "\"and\"", false },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void not_binds_before_and_and_and_before_or(void **state)
{
	static const struct match_case cases[] = {
		{ "web or db and db", true },
		{ "(web or db) and db", false },
		{ "not web or web", true },
		{ "not (web or web)", false },
		{ "not not web", true },
		{ "!db && web", true },
		{ "!(db || web)", false },
		{ "db||web", true },
		{ "db && web || web", true },
		{ "((((web))))", true },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void test_of_an_absent_value_is_false_and_so_is_its_opposite(void **state)
{
	static const struct match_case cases[] = {
		{ "title = x", false },
		{ "title != x", false },
		{ "title ~ *", false },
		{ "run_latency_p99 > 0", false },
		{ "run_latency_p99 <= 0", false },
		{ "run_latency_p99 != 0", false },
		{ "not run_latency_p99 > 0", true },
	};

	check_matches(*state, cases, COUNT(cases));
}

static void tests_of_the_vm_hold_for_what_is_below_it(void **state)
{
	assert_true(matches(*state, "web", SCOPE_VCPU));
	assert_false(matches(*state, "db", SCOPE_VCPU));
	assert_true(matches(*state, "ready > 5", SCOPE_NIC));
	assert_false(matches(*state, "ready > 50", SCOPE_NIC));
	assert_true(matches(*state, "vcpu.ready > 5 and web", SCOPE_VCPU));
	assert_false(matches(*state, "vcpu.ready > 50 and web", SCOPE_VCPU));
}

static void exits_and_holders_are_matched_by_what_they_are(void **state)
{
	assert_true(matches(*state, "exit.reason = HLT and exit.exits > 2", SCOPE_EXIT));
	assert_false(matches(*state, "exit.exits > 3 and web", SCOPE_EXIT));
	assert_false(matches(*state, "exit.vcpu = 0", SCOPE_EXIT)); /* it is of all vCPUs */
	assert_true(matches(*state, "blame.kind = host and blame.holder ~ 'b*'", SCOPE_BLAME));
	assert_true(matches(*state, "blame.held >= 5%", SCOPE_BLAME));
	assert_false(matches(*state, "blame.holder_pid > 0", SCOPE_BLAME));
}

static void test_of_another_scope_is_left_out(void **state)
{
	assert_true(matches(*state, "vcpu.ready > 50", SCOPE_VM));
	assert_true(matches(*state, "not vcpu.ready > 50", SCOPE_VM));
	assert_true(matches(*state, "vcpu.ready > 50 and web", SCOPE_VM));
	assert_false(matches(*state, "vcpu.ready > 50 and db", SCOPE_VM));
	assert_false(matches(*state, "vcpu.ready > 50 or db", SCOPE_VM));
	assert_true(matches(*state, "db", SCOPE_HOST));
	assert_true(matches(*state, "ready > 50", SCOPE_HOST));
}

static void error_says_where_and_what_would_be_right(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "at character 1: a test is missing, such as ready>5 or a VM's name" },
		{ "web and", "at character 8: a test is missing, such as ready>5 or a VM's name" },
		{ "web db", "at character 5: \"and\", \"or\" or the end is expected here" },
		{ "(web", "at character 5: \")\" is missing for the \"(\" at character 1" },
		{ "web)", "at character 4: \"and\", \"or\" or the end is expected here" },
		{ "redy > 5",
			"at character 1: no metric is called \"redy\" (did you mean ready?)" },
		{ "web and thermonuclear > 5",
			"at character 9: no metric is called \"thermonuclear\" (vmbpf metrics lists "
			"all)" },
		{ "ready >", "at character 8: a value is missing for \"ready\"" },
		{ "ready > 5ms",
			"at character 9: \"5ms\" is not a value of ready: use a percentage "
			"such as 5 or 5%" },
		{ "ready > high", "at character 9: \"high\" is not a value of ready: use a "
				  "percentage such as 5 or 5%" },
		{ "memory_rss > 5ms", "at character 14: \"5ms\" is not a value of memory_rss: use "
				      "bytes such as 500M or 2GiB" },
		{ "ready ~ 5", "at character 9: \"ready\" is a number: use < <= > >= = or !=" },
		{ "state > running", "at character 9: \"state\" is text: use = != or ~" },
		{ "'ready' > 5", "at character 2: a metric's name is not written in quotes" },
		{ "name = 'web", "at character 8: this quote is not closed" },
		{ "web & db", "at character 5: \"&\" has no meaning here" },
		{ "caf\xc3\xa9 and > 5",
			"at character 10: a test is missing, such as ready>5 or a VM's name" },
		{ "\x1b[31m > 5",
			"at character 1: no metric is called \"?[31m\" (vmbpf metrics lists all)" },
	};
	char error[FILTER_ERROR_MAX];
	struct filter *filter = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(filter_parse(cases[i].text, SCOPE_VM, &filter, error), -EINVAL);
		assert_string_equal(error, cases[i].expected);
		assert_null(filter);
	}
}

/* `n` times `open`, a test, and `n` times `close`. */
static int parse_nested(const char *open, const char *close, int n, char *error)
{
	struct filter *filter = NULL;
	char text[512] = "";
	int err;

	for (int i = 0; i < n; i++)
		strcat(text, open);
	strcat(text, "web");
	for (int i = 0; i < n; i++)
		strcat(text, close);
	err = filter_parse(text, SCOPE_VM, &filter, error);
	filter_free(filter);
	return err;
}

static void nesting_is_limited(void **state)
{
	char error[FILTER_ERROR_MAX];

	(void)state;
	assert_int_equal(parse_nested("(", ")", 32, error), 0);
	assert_int_equal(parse_nested("(", ")", 33, error), -EINVAL);
	assert_string_equal(error, "at character 33: nested deeper than 32 levels");
	assert_int_equal(parse_nested("not ", "", 32, error), 0);
	assert_int_equal(parse_nested("!", "", 33, error), -EINVAL);
}

static void length_is_limited(void **state)
{
	char text[4098], error[FILTER_ERROR_MAX];
	struct filter *filter = NULL;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[4097] = '\0';
	assert_int_equal(filter_parse(text, SCOPE_VM, &filter, error), -EINVAL);
	assert_string_equal(error, "at character 1: longer than 4096 bytes");
	text[4096] = '\0';
	assert_int_equal(filter_parse(text, SCOPE_VM, &filter, error), 0);
	filter_free(filter);
	filter_free(NULL);
}

static void a_filter_can_be_narrowed_down_to_a_vm_by_any_word(void **state)
{
	static const struct {
		const char *filter, *word;
		bool expected;
	} cases[] = {
		{ NULL, "web-1", true },
		{ NULL, "web", true },
		{ NULL, "w*1", true },
		{ NULL, "6f1ed002", true },
		{ NULL, "db", false },
		{ NULL, "\"web\" or 'web'", false }, /* a name like any other */
		{ "ready > 5", "web-1", true },
		{ "ready > 5", "db", false },
		{ "ready > 50", "web-1", false },
		{ "ready > 50 or ready > 5", "web-1", true },
	};
	const struct scene *scene = *state;
	const struct item vm = { &scene->vm->e, scene->vm };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct filter *filter = cases[i].filter ? parse(cases[i].filter) : NULL;

		assert_int_equal(filter_add_vm(&filter, cases[i].word), 0);
		assert_int_equal(
			filter_match(filter, scene->now, SCOPE_VM, &vm), cases[i].expected);
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_compared),
		cmocka_unit_test(percent_of_a_name_means_its_share),
		cmocka_unit_test(texts_are_compared_as_a_whole_or_as_a_glob),
		cmocka_unit_test(word_is_a_glob_or_a_part_of_the_name_or_the_start_of_the_uuid),
		cmocka_unit_test(a_filter_can_be_narrowed_down_to_a_vm_by_any_word),
		cmocka_unit_test(not_binds_before_and_and_and_before_or),
		cmocka_unit_test(test_of_an_absent_value_is_false_and_so_is_its_opposite),
		cmocka_unit_test(tests_of_the_vm_hold_for_what_is_below_it),
		cmocka_unit_test(exits_and_holders_are_matched_by_what_they_are),
		cmocka_unit_test(test_of_another_scope_is_left_out),
		cmocka_unit_test(error_says_where_and_what_would_be_right),
		cmocka_unit_test(nesting_is_limited),
		cmocka_unit_test(length_is_limited),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
