/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the screen: their order, what is unfolded, and that the selection follows the VM. */
#include "sink_fixture.h"

#include "sink/tui/list.h"

#define VCPUS (1u << SCOPE_VCPU)

/* VMs of these names with two vCPUs each, the first with the most memory, the last with the least.
 */
static struct snapshot *make_vms(const char *const *names)
{
	struct snapshot *snap = fixture_tick(0);
	size_t n = 0;

	while (names[n])
		n++;
	for (size_t i = 0; i < n; i++) {
		/* A pid that stays with the name wherever it stands. */
		struct vm *vm = fixture_vm(snap, names[i], (pid_t)names[i][0]);

		vm->e.have |= SRC_PROC;
		vm->memory_rss_bytes = (n - i) << 20;
		fixture_vcpu(snap, vm, 0);
		fixture_vcpu(snap, vm, 1);
	}
	snapshot_finish(snap, NULL);
	return snap;
}

static struct view_spec by_memory(void)
{
	return (struct view_spec){ .sort = fixture_column("memory_rss", SCOPE_VM) };
}

static void fill(struct list *list, const struct snapshot *snap)
{
	struct view_spec spec = by_memory();

	assert_int_equal(list_fill(list, &spec, VCPUS, snap), 0);
}

/* The rows, "a" for the VM and "a0" for its vCPU. To be freed. */
static char *describe(const struct list *list)
{
	char *text = calloc(list->n + 1, 4);
	size_t size = 0;

	assert_non_null(text);
	for (size_t i = 0; i < list->n; i++) {
		const struct list_row *row = &list->row[i];
		const struct vcpu *vcpu = (const void *)row->item.entity;

		size += (size_t)sprintf(text + size, "%s%c", i ? " " : "", row->item.vm->name[0]);
		if (row->scope == SCOPE_VCPU)
			size += (size_t)sprintf(text + size, "%u", (unsigned)vcpu->index);
	}
	return text;
}

static void assert_rows(const struct list *list, const char *expected)
{
	char *text = describe(list);

	assert_string_equal(text, expected);
	free(text);
}

static const char *selected_name(const struct list *list)
{
	const struct list_row *row = list_selected(list);

	return row ? row->item.vm->name : "";
}

static void rows_are_the_vms_in_the_order_of_the_column(void **state)
{
	struct snapshot *snap = make_vms((const char *const[]){ "c", "a", "b", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, snap);
	assert_rows(&list, "c a b");
	assert_string_equal(selected_name(&list), "c");
	list_done(&list);
	snapshot_free(snap);
}

static void what_is_unfolded_stands_below_its_vm(void **state)
{
	struct snapshot *snap = make_vms((const char *const[]){ "a", "b", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, snap);
	list_move(&list, 1);
	list_toggle(&list);
	fill(&list, snap);
	assert_rows(&list, "a b b0 b1");
	assert_false(list.row[2].last);
	assert_true(list.row[3].last);
	/* From below its VM as well. */
	list_move(&list, 2);
	list_toggle(&list);
	fill(&list, snap);
	assert_rows(&list, "a b");
	assert_string_equal(selected_name(&list), "b");
	list.folds.all = true;
	fill(&list, snap);
	assert_rows(&list, "a a0 a1 b b0 b1");
	list_done(&list);
	snapshot_free(snap);
}

static void the_selection_and_what_is_unfolded_follow_the_vm(void **state)
{
	struct snapshot *before = make_vms((const char *const[]){ "a", "b", "c", NULL });
	struct snapshot *now = make_vms((const char *const[]){ "c", "a", "b", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, before);
	list_move(&list, 1);
	list_toggle(&list);
	fill(&list, before);
	list_move(&list, 2);
	fill(&list, now);
	assert_rows(&list, "c a b b0 b1");
	assert_int_equal(list.selected, 4);
	list_done(&list);
	snapshot_free(now);
	snapshot_free(before);
}

static void where_the_selected_vm_is_gone_its_place_is_selected(void **state)
{
	struct snapshot *before = make_vms((const char *const[]){ "a", "b", "c", NULL });
	struct snapshot *fewer = make_vms((const char *const[]){ "a", "c", NULL });
	struct snapshot *none = make_vms((const char *const[]){ NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, before);
	list_move(&list, 1);
	fill(&list, fewer);
	assert_string_equal(selected_name(&list), "c");
	fill(&list, none);
	assert_null(list_selected(&list));
	list_toggle(&list);
	assert_false(list_search(&list, "a", false));
	fill(&list, before);
	assert_non_null(list_selected(&list));
	list_done(&list);
	snapshot_free(none);
	snapshot_free(fewer);
	snapshot_free(before);
}

static void another_vm_of_the_same_name_is_another(void **state)
{
	struct snapshot *before = make_vms((const char *const[]){ "a", "b", NULL });
	struct snapshot *now = make_vms((const char *const[]){ "a", "b", NULL });
	struct list list = { 0 };

	(void)state;
	now->vms->start_ns += SECOND;
	fill(&list, before);
	list_toggle(&list);
	fill(&list, before);
	assert_rows(&list, "a a0 a1 b");
	fill(&list, now);
	assert_rows(&list, "a b");
	list_done(&list);
	snapshot_free(now);
	snapshot_free(before);
}

static void moving_ends_at_the_first_and_the_last_row(void **state)
{
	static const struct {
		long rows;
		size_t expected;
	} cases[] = { { -1, 0 }, { 1, 1 }, { 100, 2 }, { 1, 2 }, { -1, 1 }, { -100, 0 } };
	struct snapshot *snap = make_vms((const char *const[]){ "a", "b", "c", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, snap);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		list_move(&list, cases[i].rows);
		assert_int_equal(list.selected, cases[i].expected);
	}
	list_done(&list);
	snapshot_free(snap);
}

static void the_selected_row_is_always_in_sight(void **state)
{
	static const struct {
		size_t selected, height, first;
	} cases[] = { { 0, 3, 0 }, { 2, 3, 0 }, { 3, 3, 1 }, { 2, 3, 1 }, { 0, 3, 0 }, { 5, 3, 3 },
		{ 5, 10, 0 }, { 5, 1, 5 } };
	struct snapshot *snap =
		make_vms((const char *const[]){ "a", "b", "c", "d", "e", "f", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, snap);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		list.selected = cases[i].selected;
		list_scroll(&list, cases[i].height);
		assert_int_equal(list.first, cases[i].first);
	}
	list_done(&list);
	snapshot_free(snap);
}

static void a_search_goes_on_and_begins_anew_at_the_end(void **state)
{
	struct snapshot *snap = make_vms((const char *const[]){ "Web-1", "db", "xweb-2", NULL });
	struct list list = { 0 };

	(void)state;
	fill(&list, snap);
	assert_true(list_search(&list, "web", false));
	assert_string_equal(selected_name(&list), "Web-1");
	assert_true(list_search(&list, "web", true));
	assert_string_equal(selected_name(&list), "xweb-2");
	assert_true(list_search(&list, "web", true));
	assert_string_equal(selected_name(&list), "Web-1");
	assert_true(list_search(&list, "DB", false));
	assert_string_equal(selected_name(&list), "db");
	assert_false(list_search(&list, "nobody", false));
	assert_string_equal(selected_name(&list), "db");
	list_done(&list);
	snapshot_free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_the_vms_in_the_order_of_the_column),
		cmocka_unit_test(what_is_unfolded_stands_below_its_vm),
		cmocka_unit_test(the_selection_and_what_is_unfolded_follow_the_vm),
		cmocka_unit_test(where_the_selected_vm_is_gone_its_place_is_selected),
		cmocka_unit_test(another_vm_of_the_same_name_is_another),
		cmocka_unit_test(moving_ends_at_the_first_and_the_last_row),
		cmocka_unit_test(the_selected_row_is_always_in_sight),
		cmocka_unit_test(a_search_goes_on_and_begins_anew_at_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
