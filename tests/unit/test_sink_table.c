/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table for people: order, width, marks, and what it says when there is nothing to show. */
#include "sink_fixture.h"

#include <errno.h>

#include "model/filter.h"
#include "model/unit.h"

/* Rows alone: name and CPU time of what fixture_tick() made of the tick. */
static char *show(const struct snapshot *snap, struct view_spec spec)
{
	if (spec.n_columns == 0)
		spec.columns[spec.n_columns++] = fixture_column("cpu", SCOPE_VM);
	return fixture_text("table", &spec, snap);
}

/* Two ticks a second apart in which three VMs used 10, 30 and 30 % and one nobody measured. */
static struct snapshot *make_vms(struct snapshot **before)
{
	static const struct {
		const char *name;
		uint64_t used_ms;
	} vms[] = { { "c", 10 }, { "b", 30 }, { "a", 30 } };
	struct snapshot *snaps[2] = { fixture_tick(0), fixture_tick(1) };

	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < 3; i++)
			fixture_vm(snaps[n], vms[i].name, 10 + (pid_t)i)->cpu_ns =
				n * 10 * vms[i].used_ms * MSEC;
		fixture_vm(snaps[n], "0", 20)->e.have &= ~(uint32_t)SRC_SCHED;
		for (struct vm *vm = snaps[n]->vms; vm; vm = vm->next)
			vm->state = VM_RUNNING;
		snapshot_finish(snaps[n], n ? snaps[0] : NULL);
	}
	*before = snaps[0];
	return snaps[1];
}

static void rows_are_sorted_with_absent_last_and_equal_ones_by_name(void **state)
{
	static const struct {
		bool ascending;
		const char *expected;
	} cases[] = {
		{ false, "a  30.0\nb  30.0\nc  10.0\n0     -\n" },
		{ true, "c  10.0\na  30.0\nb  30.0\n0     -\n" },
	};
	struct snapshot *before, *snap = make_vms(&before);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = show(snap, (struct view_spec){
						.sort = fixture_column("cpu", SCOPE_VM),
						.ascending = cases[i].ascending,
					});

		assert_string_equal(text, cases[i].expected);
		free(text);
	}
	snapshot_free(snap);
	snapshot_free(before);
}

static void without_a_sort_key_rows_are_in_the_order_of_names(void **state)
{
	struct snapshot *before, *snap = make_vms(&before);
	char *text = show(snap, (struct view_spec){ 0 });

	(void)state;
	assert_string_equal(text, "0     -\na  30.0\nb  30.0\nc  10.0\n");
	free(text);
	snapshot_free(snap);
	snapshot_free(before);
}

static void names_are_made_safe_and_cut_to_fit(void **state)
{
	static const struct {
		const char *name;
		bool utf8;
		int width;
		const char *expected;
	} cases[] = {
		{ "web", true, 0, "web  -\n" },
		{ "\x1b[31m\nx", true, 0, "?[31m?x  -\n" },
		/* 40 cells at most, */
		{ "1234567890123456789012345678901234567890+", true, 0,
			"123456789012345678901234567890123456789~  -\n" },
		/* fewer where the terminal has only 20, */
		{ "1234567890123456789012345678901234567890+", true, 20, "1234567890123456~  -\n" },
		/* but never fewer than 12; then columns are left out. */
		{ "1234567890123456789012345678901234567890+", true, 14, "12345678901~\n" },
		{ "gr\xc3\xbcn", false, 0, "gr??n  -\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot *snap = fixture_tick(0);
		char *text;

		fixture_vm(snap, cases[i].name, 10)->state = VM_RUNNING;
		snapshot_finish(snap, NULL);
		text = show(snap, (struct view_spec){
					  .utf8 = cases[i].utf8,
					  .width = cases[i].width,
				  });
		assert_string_equal(text, cases[i].expected);
		free(text);
		snapshot_free(snap);
	}
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	struct snapshot *before, *snap = make_vms(&before);

	(void)state;
	snapshot_source(snap, "libvirt", false, "a reason that takes more room than there is");
	for (int width = 1; width < 120; width++) {
		struct view_spec spec = { .width = width, .headers = true };
		char *text, *rest, *line;

		spec.columns[spec.n_columns++] = fixture_column("state", SCOPE_VM);
		spec.columns[spec.n_columns++] = fixture_column("cpu", SCOPE_VM);
		spec.columns[spec.n_columns++] = fixture_column("pid", SCOPE_VM);
		text = rest = show(snap, spec);
		while ((line = strsep(&rest, "\n"))) {
			size_t length = strlen(line);

			assert_true(unit_text_width(line) <= width);
			assert_false(length && line[length - 1] == ' ');
		}
		free(text);
	}
	snapshot_free(snap);
	snapshot_free(before);
}

/* A VM whose two vCPUs waited for a CPU 2 % and so many % of the second between two ticks. */
static struct snapshot *make_ready(unsigned percent, struct snapshot **before)
{
	struct snapshot *snaps[2] = { fixture_tick(0), fixture_tick(1) };

	for (unsigned n = 0; n < 2; n++) {
		struct vm *vm = fixture_vm(snaps[n], "vm", 10);

		vm->state = VM_RUNNING;
		fixture_vcpu(snaps[n], vm, 0)->sched.ready_ns = n * 20 * MSEC;
		fixture_vcpu(snaps[n], vm, 1)->sched.ready_ns = n * percent * 10 * MSEC;
		snapshot_finish(snaps[n], n ? snaps[0] : NULL);
	}
	*before = snaps[0];
	return snaps[1];
}

static void ready_time_is_marked_by_the_worst_vcpu_and_not_by_the_sum(void **state)
{
	static const struct {
		unsigned percent;
		bool colour;
		const char *expected;
	} cases[] = {
		{ 4, false, "vm        6.0\n  vcpu 0  2.0\n  vcpu 1  4.0\n" },
		{ 6, false, "vm        8.0+\n  vcpu 0  2.0\n  vcpu 1  6.0+\n" },
		{ 11, false, "vm        13.0!\n  vcpu 0   2.0\n  vcpu 1  11.0!\n" },
		{ 6, true,
			"vm        \033[33m8.0+\033[0m\n  vcpu 0  2.0\n"
			"  vcpu 1  \033[33m6.0+\033[0m\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view_spec spec = { .vcpu_rows = true, .colour = cases[i].colour };
		struct snapshot *before, *snap = make_ready(cases[i].percent, &before);
		char *text;

		spec.columns[spec.n_columns++] = fixture_column("ready", SCOPE_VM);
		text = show(snap, spec);
		assert_string_equal(text, cases[i].expected);
		free(text);
		snapshot_free(snap);
		snapshot_free(before);
	}
}

/* Adds a reason of which there were so many exits in the second between two ticks. */
static void add_exit(struct snapshot *snap, struct vm *vm, const char *reason, uint64_t count)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->e.have |= SRC_EXITS;
	exit->kind = EXIT_GUEST;
	exit->reason = snapshot_text(snap, reason);
	exit->count = count;
}

static void what_is_below_a_vm_can_stand_under_a_row_of_its_vm(void **state)
{
	struct snapshot *snaps[2] = { fixture_tick(0), fixture_tick(1) };
	struct view_spec spec = { .vm_rows = true };
	char *text;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct vm *calm = fixture_vm(snaps[n], "calm", 10);
		struct vm *busy = fixture_vm(snaps[n], "busy", 20);
		struct vm *none = fixture_vm(snaps[n], "none", 30);

		calm->state = busy->state = none->state = VM_RUNNING;
		calm->e.have |= SRC_KVM;
		calm->totals.exits = n * 5;
		busy->e.have |= SRC_KVM;
		busy->totals.exits = n * 90;
		add_exit(snaps[n], calm, "HLT", n * 5);
		add_exit(snaps[n], busy, "CPUID", n * 20);
		add_exit(snaps[n], busy, "\033npf", n * 70);
		snapshot_finish(snaps[n], n ? snaps[0] : NULL);
	}
	fixture_add_columns(&spec, SCOPE_EXIT, (const char *const[]){ "kind", "exits", NULL });
	spec.sort = fixture_column("exits", SCOPE_EXIT);
	text = show(snaps[1], spec);
	assert_string_equal(text, "busy            90\n"
				  "  ?npf   guest  70\n"
				  "  CPUID  guest  20\n"
				  "calm             5\n"
				  "  HLT    guest   5\n");
	free(text);
	snapshot_free(snaps[1]);
	snapshot_free(snaps[0]);
}

static void vms_unknown_to_libvirt_and_stale_ones_are_marked_and_explained(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct vm *vm;
	char *text;

	(void)state;
	fixture_vm(snap, "alone", 10);
	vm = fixture_vm(snap, "old", 20);
	vm->state = VM_RUNNING;
	vm->e.have |= SRC_LIBVIRT;
	vm->e.polled_ns = snap->mono_ns - 12 * SECOND;
	vm->stale = 1;
	snapshot_finish(snap, NULL);
	text = show(snap, (struct view_spec){ .headers = true });
	assert_non_null(strstr(text, "\nalone?    -\n"));
	assert_non_null(strstr(text, "\nold*      -\n"));
	assert_non_null(
		strstr(text, "\n* libvirt has not answered: its values are up to 12 s old\n"));
	assert_non_null(strstr(text, "\n? libvirt does not know this VM\n"));
	free(text);
	snapshot_free(snap);
}

static void a_source_that_is_down_is_named_with_its_reason(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	char *text;

	(void)state;
	snapshot_source(snap, "walk", true, NULL);
	snapshot_source(snap, "libvirt", false, "connection refused");
	snapshot_finish(snap, NULL);
	text = show(snap, (struct view_spec){ .headers = true });
	assert_non_null(strstr(text, "\nlibvirt is down: connection refused\n"));
	assert_null(strstr(text, "walk"));
	free(text);
	snapshot_free(snap);
}

static void an_empty_table_says_why_it_is_empty(void **state)
{
	struct view_spec spec = { .headers = true };
	struct snapshot *snap = fixture_tick(0);
	char error[FILTER_ERROR_MAX], *text;
	struct filter *filter;

	(void)state;
	snapshot_finish(snap, NULL);
	text = show(snap, spec);
	assert_non_null(
		strstr(text, "\nno VMs found (vmbpf doctor tells what this host offers)\n"));
	free(text);
	snapshot_free(snap);

	snap = fixture_tick(0);
	fixture_vm(snap, "web", 10);
	snapshot_finish(snap, NULL);
	assert_int_equal(filter_parse("database", SCOPE_VM, &filter, error), 0);
	spec.filter = filter;
	text = show(snap, spec);
	assert_non_null(strstr(text, "\nnothing matches the filter\n"));
	free(text);
	filter_free(filter);
	snapshot_free(snap);
}

static void the_total_of_a_counter_has_its_own_heading(void **state)
{
	struct view_spec spec = { .headers = true };
	struct snapshot *snap = fixture_tick(0);
	char *text;

	(void)state;
	fixture_vm(snap, "web", 10)->state = VM_RUNNING;
	snapshot_finish(snap, NULL);
	spec.columns[spec.n_columns++] = fixture_column("cpu_seconds_total", SCOPE_VM);
	spec.columns[spec.n_columns++] = fixture_column("cpu", SCOPE_VM);
	text = show(snap, spec);
	assert_non_null(strstr(text, "\nNAME  cpu_seconds_total  CPU%\n"));
	free(text);
	snapshot_free(snap);
}

static void a_failed_write_is_reported(void **state)
{
	struct snapshot *snap = fixture_tick(0);
	struct view_spec spec = { .headers = true };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	snapshot_finish(snap, NULL);
	assert_non_null(full);
	assert_int_equal(sink_find("table")->tick(full, &spec, snap), -ENOSPC);
	fclose(full);
	snapshot_free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_with_absent_last_and_equal_ones_by_name),
		cmocka_unit_test(without_a_sort_key_rows_are_in_the_order_of_names),
		cmocka_unit_test(names_are_made_safe_and_cut_to_fit),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(ready_time_is_marked_by_the_worst_vcpu_and_not_by_the_sum),
		cmocka_unit_test(what_is_below_a_vm_can_stand_under_a_row_of_its_vm),
		cmocka_unit_test(vms_unknown_to_libvirt_and_stale_ones_are_marked_and_explained),
		cmocka_unit_test(a_source_that_is_down_is_named_with_its_reason),
		cmocka_unit_test(an_empty_table_says_why_it_is_empty),
		cmocka_unit_test(the_total_of_a_counter_has_its_own_heading),
		cmocka_unit_test(a_failed_write_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
