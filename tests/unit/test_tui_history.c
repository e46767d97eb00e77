/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of VMs, and how it looks as a picture. */
#include "sink_fixture.h"

#include <math.h>

#include "base/arena.h"
#include "sink/tui/history.h"
#include "sink/identity.h"
#include "sink/tui/spark.h"

#define WEB 100
#define DB 200

/* Adds the n-th tick, in which these VMs have so many MiB resident (0: not there). */
static void add_tick(struct history *history, unsigned n, unsigned web_mib, unsigned db_mib)
{
	const unsigned mib[] = { web_mib, db_mib };
	struct snapshot *snap = fixture_tick(n);

	for (unsigned i = 0; i < 2; i++) {
		struct vm *vm;

		if (!mib[i])
			continue;
		vm = fixture_vm(snap, i ? "db" : "web", i ? DB : WEB);
		vm->e.have |= SRC_PROC;
		vm->memory_rss_bytes = mib[i];
	}
	snapshot_finish(snap, NULL);
	history_add(history, snap);
	snapshot_free(snap);
}

static uint64_t identity_of_pid(pid_t pid)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm = fixture_vm(snap, "any", pid);
	const struct item item = { .entity = &vm->e, .vm = vm };
	uint64_t identity = identity_of(SCOPE_VM, &item);

	snapshot_free(snap);
	return identity;
}

/* "3 4 -" for samples of which the last is absent. */
static void assert_memory(const struct history *history, pid_t pid, const char *expected)
{
	float samples[HISTORY_SAMPLES];
	unsigned n = history_get(history, identity_of_pid(pid), SERIES_MEMORY, samples);
	char text[1024] = "";
	size_t size = 0;

	for (unsigned i = 0; i < n; i++) {
		char sample[16] = "-";

		if (!isnan(samples[i]))
			snprintf(sample, sizeof(sample), "%.0f", (double)samples[i]);
		size += (size_t)snprintf(
			text + size, sizeof(text) - size, "%s%s", i ? " " : "", sample);
	}
	assert_string_equal(text, expected);
}

static void samples_of_all_vms_are_of_the_same_times(void **state)
{
	struct history history = { 0 };

	(void)state;
	add_tick(&history, 0, 1, 0);
	add_tick(&history, 1, 2, 7);
	add_tick(&history, 2, 0, 8);
	assert_memory(&history, WEB, "1 2 -");
	assert_memory(&history, DB, "- 7 8");
	history_done(&history);
}

static void only_the_last_samples_are_kept(void **state)
{
	struct history history = { 0 };
	float samples[HISTORY_SAMPLES];

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		add_tick(&history, i, i + 1, 0);
	assert_int_equal(history_get(&history, identity_of_pid(WEB), SERIES_MEMORY, samples),
		HISTORY_SAMPLES);
	for (unsigned i = 0; i < HISTORY_SAMPLES; i++)
		assert_int_equal((int)samples[i], 300 - HISTORY_SAMPLES + i + 1);
	history_done(&history);
}

static void a_vm_is_forgotten_when_its_samples_are(void **state)
{
	struct history history = { 0 };

	(void)state;
	add_tick(&history, 0, 1, 1);
	for (unsigned i = 1; i <= HISTORY_SAMPLES; i++)
		add_tick(&history, i, 1, 0);
	assert_memory(&history, DB, "");
	history_done(&history);
}

static void going_back_in_time_forgets_what_comes_later(void **state)
{
	struct history history = { 0 };

	(void)state;
	add_tick(&history, 0, 1, 0);
	add_tick(&history, 1, 2, 0);
	add_tick(&history, 2, 3, 0);
	add_tick(&history, 1, 9, 0);
	assert_memory(&history, WEB, "1 9");
	history_done(&history);
}

static void a_line_has_a_cell_for_each_sample(void **state)
{
	const float samples[] = { 0, 50, 100, NAN, 400, -1 };
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(spark_line(arena, samples, 6, 100, true), "▁▅█ █▁");
	assert_string_equal(spark_line(arena, samples, 6, 100, false), "_=# #_");
	arena_free(arena);
}

static void a_line_of_nothing_is_flat(void **state)
{
	const float samples[] = { 0, 0 };
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(spark_line(arena, samples, 2, 0, false), "__");
	arena_free(arena);
}

static void the_parts_of_a_bar_add_up(void **state)
{
	/* Three times a third of a cell: one cell, not three and not none. */
	const struct spark_part small[] = { { 'A', 0.034 }, { 'B', 0.034 }, { 'C', 0.034 } };
	const struct spark_part full[] = { { 'A', 0.5 }, { 'B', 0.5 }, { 'C', 0.5 } };
	const struct spark_part absent[] = { { 'A', NAN }, { 'B', 0.2 } };
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(spark_bar(arena, small, 3, 10), "[B.........]");
	assert_string_equal(spark_bar(arena, full, 3, 10), "[AAAAABBBBB]");
	assert_string_equal(spark_bar(arena, absent, 2, 10), "[BB........]");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_all_vms_are_of_the_same_times),
		cmocka_unit_test(only_the_last_samples_are_kept),
		cmocka_unit_test(a_vm_is_forgotten_when_its_samples_are),
		cmocka_unit_test(going_back_in_time_forgets_what_comes_later),
		cmocka_unit_test(a_line_has_a_cell_for_each_sample),
		cmocka_unit_test(a_line_of_nothing_is_flat),
		cmocka_unit_test(the_parts_of_a_bar_add_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
