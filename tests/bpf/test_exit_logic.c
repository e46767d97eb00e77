/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel side makes of exits and entries, run by the kernel itself on chosen events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "vmbpf/wire.h"
#include "bpf/exit_logic.h"
#include "exit_logic.skel.h"

#define N_SLOTS 4
#define N_TABLES 3 /* 0 is nobody's, 1 the test's, 2 can be taken */

#define HLT vmb_exit_key(VMB_EXIT_GUEST, (__u64)VMB_ISA_VMX << VMB_EXIT_ISA_SHIFT | 12)
#define IO vmb_exit_key(VMB_EXIT_GUEST, (__u64)VMB_ISA_VMX << VMB_EXIT_ISA_SHIFT | 30)
#define TO_USER vmb_exit_key(VMB_EXIT_USERSPACE, 2)
#define PORT vmb_exit_key(VMB_EXIT_PIO, VMB_EXIT_WRITE | 0x80)
#define PAGE(number) vmb_exit_key(VMB_EXIT_MMIO, (number))

struct fixture {
	struct exit_logic_bpf *logic;
	struct vmb_exit_table *table; /* that of the test */
	void *tables;
};

static void run_program(const struct bpf_program *program, void *argument, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = argument, .ctx_size_in = (__u32)size);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	assert_int_equal(options.retval, 0);
}

#define run(state, name, argument) \
	run_program(((struct fixture *)(state))->logic->progs.name, (argument), sizeof(*(argument)))

static void leave(void *state, __u64 key, __u64 now, __u64 delay_ns)
{
	struct event_case event = { .key = key, .now = now, .delay_ns = delay_ns };

	run(state, run_leave, &event);
}

static void enter(void *state, __u64 now, __u64 delay_ns)
{
	struct event_case event = { .now = now, .delay_ns = delay_ns };

	run(state, run_enter, &event);
}

static void count_access(void *state, __u64 key)
{
	struct event_case event = { .key = key };

	run(state, run_count, &event);
}

static const struct vmb_exit_row *find_row(const struct fixture *fixture, __u64 key)
{
	static const struct vmb_exit_row none;

	for (unsigned i = 0; i < VMB_EXIT_ROWS; i++)
		if (fixture->table->rows[i].key == key)
			return &fixture->table->rows[i];
	return &none;
}

static size_t tables_size(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (N_TABLES * sizeof(struct vmb_exit_table) + page - 1) / page * page;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	struct exit_logic_bpf *logic = exit_logic_bpf__open();
	struct bpf_program *program;

	if (!logic)
		return -1;
	bpf_object__for_each_program(program, logic->obj)
	{
		if (strncmp(bpf_program__name(program), "on_", 3) == 0)
			bpf_program__set_autoload(program, false);
	}
	bpf_map__set_max_entries(logic->maps.slots, N_SLOTS);
	bpf_map__set_max_entries(logic->maps.tids, 4194304 / VMB_CELLS + 1);
	bpf_map__set_max_entries(logic->maps.exit_tables, N_TABLES);
	if (exit_logic_bpf__load(logic))
		return -1;
	fixture.logic = logic;
	fixture.tables = mmap(NULL, tables_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
		bpf_map__fd(logic->maps.exit_tables), 0);
	if (fixture.tables == MAP_FAILED)
		return -1;
	fixture.table = (struct vmb_exit_table *)fixture.tables + LOGIC_TABLE;
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->tables, tables_size());
	exit_logic_bpf__destroy(fixture->logic);
	return 0;
}

static int empty_table(void **state)
{
	struct fixture *fixture = *state;

	memset(fixture->table, 0, sizeof(*fixture->table));
	fixture->logic->bss->exit_control.interval = 1;
	return 0;
}

static void the_time_from_an_exit_to_the_next_entry_is_that_of_its_reason(void **state)
{
	const struct fixture *fixture = *state;
	const struct vmb_exit_row *row;

	enter(*state, 1000, 0);
	leave(*state, IO, 5000, 0);
	enter(*state, 8000, 0);
	row = find_row(fixture, IO);
	assert_int_equal(row->count, 1);
	assert_int_equal(row->handling_ns, 3000);
	assert_int_equal(row->max_ns[1], 3000);
	assert_int_equal(row->latency[2], 1); /* 2^11 <= 3000 < 2^12 */
	assert_int_equal(fixture->table->guest_ns, 4000);
}

static void what_an_exit_turned_out_to_be_has_its_time_as_well(void **state)
{
	const struct fixture *fixture = *state;
	const __u64 keys[] = { IO, TO_USER, PORT };

	enter(*state, 1000, 0);
	leave(*state, IO, 2000, 0);
	count_access(*state, PORT);
	count_access(*state, TO_USER);
	enter(*state, 9000, 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(find_row(fixture, keys[i])->count, 1);
		assert_int_equal(find_row(fixture, keys[i])->handling_ns, 7000);
	}
}

static void of_two_accesses_in_one_exit_the_first_has_the_time(void **state)
{
	const struct fixture *fixture = *state;

	leave(*state, IO, 2000, 0);
	count_access(*state, PAGE(1));
	count_access(*state, PAGE(2));
	enter(*state, 3000, 0);
	assert_int_equal(find_row(fixture, PAGE(1))->handling_ns, 1000);
	assert_int_equal(find_row(fixture, PAGE(2))->count, 1);
	assert_int_equal(find_row(fixture, PAGE(2))->handling_ns, 0);
}

static void an_access_of_the_exit_before_has_none_of_the_time(void **state)
{
	const struct fixture *fixture = *state;

	leave(*state, IO, 2000, 0);
	count_access(*state, PORT);
	enter(*state, 3000, 0);
	leave(*state, HLT, 4000, 0);
	enter(*state, 9000, 0);
	assert_int_equal(find_row(fixture, PORT)->handling_ns, 1000);
	assert_int_equal(find_row(fixture, HLT)->handling_ns, 5000);
}

/* Older kernels report an exit only when the thread may have lost its CPU already. */
static void waiting_for_a_cpu_is_no_time_in_the_guest(void **state)
{
	const struct fixture *fixture = *state;

	enter(*state, 1000, 500);
	leave(*state, IO, 9000, 5500);
	assert_int_equal(fixture->table->guest_ns, 3000);
}

static void an_entry_whose_exit_was_not_reported_goes_on_with_the_stay(void **state)
{
	const struct fixture *fixture = *state;

	enter(*state, 1000, 0);
	enter(*state, 5000, 0);
	leave(*state, IO, 9000, 0);
	assert_int_equal(fixture->table->guest_ns, 8000);
	assert_int_equal(find_row(fixture, IO)->handling_ns, 0);
}

static void an_exit_that_comes_first_ends_no_known_stay(void **state)
{
	const struct fixture *fixture = *state;

	leave(*state, HLT, 9000, 700);
	assert_int_equal(fixture->table->guest_ns, 0);
	assert_int_equal(find_row(fixture, HLT)->count, 1);
}

static void without_exits_and_entries_accesses_are_counted_and_have_no_time(void **state)
{
	const struct fixture *fixture = *state;

	count_access(*state, PORT);
	count_access(*state, PORT);
	assert_int_equal(find_row(fixture, PORT)->count, 2);
	assert_int_equal(find_row(fixture, PORT)->handling_ns, 0);
}

static void accesses_beyond_the_room_are_one_row_and_leave_reasons_theirs(void **state)
{
	const struct fixture *fixture = *state;
	const __u64 other = vmb_exit_key(VMB_EXIT_MMIO, VMB_EXIT_OTHER);

	for (unsigned i = 0; i < VMB_EXIT_ACCESSES + 8; i++)
		count_access(*state, PAGE(i));
	leave(*state, HLT, 1000, 0);
	assert_int_equal(find_row(fixture, PAGE(0))->count, 1);
	assert_int_equal(find_row(fixture, other)->count, 8);
	assert_int_equal(find_row(fixture, HLT)->count, 1);
}

static void the_longest_time_is_of_one_interval(void **state)
{
	struct fixture *fixture = *state;
	const struct vmb_exit_row *row;

	leave(*state, IO, 1000, 0);
	enter(*state, 4000, 0);
	fixture->logic->bss->exit_control.interval = 2;
	leave(*state, IO, 5000, 0);
	enter(*state, 6000, 0);
	fixture->logic->bss->exit_control.interval = 3;
	leave(*state, IO, 7000, 0);
	enter(*state, 7500, 0);
	row = find_row(fixture, IO);
	assert_int_equal(row->max_interval[0], 2);
	assert_int_equal(row->max_ns[0], 1000);
	assert_int_equal(row->max_interval[1], 3);
	assert_int_equal(row->max_ns[1], 500);
}

static void a_reason_is_freed_of_what_was_the_case_beside_it(void **state)
{
	static const struct {
		__u32 isa, reason, kept;
	} cases[] = {
		{ VMB_ISA_VMX, 12, 12 },
		{ VMB_ISA_VMX, 0x04000030, 0x30 }, /* a bus lock was held */
		{ VMB_ISA_VMX, 0x08000002, 2 }, /* in an enclave */
		{ VMB_ISA_VMX, 0x80000021, 0x80000021 }, /* the entry failed */
		{ VMB_ISA_SVM, 0x400, 0x400 },
		{ VMB_ISA_SVM, 0xffffffff, 0xffffffff },
		{ 7, 0x123456, 0x123456 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct guest_key_case test = { .isa = cases[i].isa, .reason = cases[i].reason };

		run(*state, run_guest_key, &test);
		assert_int_equal(test.key,
			vmb_exit_key(VMB_EXIT_GUEST,
				(__u64)cases[i].isa << VMB_EXIT_ISA_SHIFT | cases[i].kept));
	}
}

static void an_exit_to_user_space_that_was_interrupted_is_one_by_a_signal(void **state)
{
	static const struct {
		__u32 reason;
		int error;
		__u64 what;
	} cases[] = {
		{ 2, 0, 2 },
		{ 2, -EINTR, 10 }, /* KVM_EXIT_INTR */
		{ 2, -EFAULT, VMB_EXIT_FAILED },
		{ 5, 1, 5 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct userspace_key_case test = {
			.reason = cases[i].reason,
			.error = cases[i].error,
		};

		run(*state, run_userspace_key, &test);
		assert_int_equal(test.key, vmb_exit_key(VMB_EXIT_USERSPACE, cases[i].what));
	}
}

static void an_access_is_known_by_its_port_or_page_and_direction(void **state)
{
	struct access_key_case write = { .address = 0xfee000b0, .write = 1 };
	struct access_key_case read = { .address = 0xfffffffffffff, .write = 0 };

	run(*state, run_access_key, &write);
	assert_int_equal(write.pio, vmb_exit_key(VMB_EXIT_PIO, VMB_EXIT_WRITE | 0x00b0));
	assert_int_equal(write.mmio, vmb_exit_key(VMB_EXIT_MMIO, VMB_EXIT_WRITE | 0xfee00));
	run(*state, run_access_key, &read);
	assert_int_equal(read.mmio, vmb_exit_key(VMB_EXIT_MMIO, 0xffffffffff));
}

static void a_thread_without_a_table_is_counted_as_lost(void **state)
{
	struct fixture *fixture = *state;
	int free_tables = bpf_map__fd(fixture->logic->maps.free_tables);
	struct table_case test = { 0 };
	__u32 number = 2;

	run(*state, run_my_table, &test);
	assert_false(test.found);
	assert_int_equal(test.number, VMB_NO_EXITS);
	assert_int_equal(fixture->logic->bss->exit_control.lost, 1);
	/* It does not ask again: others may need it more. */
	assert_int_equal(bpf_map_update_elem(free_tables, NULL, &number, BPF_ANY), 0);
	run(*state, run_my_table, &test);
	assert_false(test.found);
	assert_int_equal(fixture->logic->bss->exit_control.lost, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			the_time_from_an_exit_to_the_next_entry_is_that_of_its_reason, empty_table),
		cmocka_unit_test_setup(
			what_an_exit_turned_out_to_be_has_its_time_as_well, empty_table),
		cmocka_unit_test_setup(
			of_two_accesses_in_one_exit_the_first_has_the_time, empty_table),
		cmocka_unit_test_setup(
			an_access_of_the_exit_before_has_none_of_the_time, empty_table),
		cmocka_unit_test_setup(waiting_for_a_cpu_is_no_time_in_the_guest, empty_table),
		cmocka_unit_test_setup(
			an_entry_whose_exit_was_not_reported_goes_on_with_the_stay, empty_table),
		cmocka_unit_test_setup(an_exit_that_comes_first_ends_no_known_stay, empty_table),
		cmocka_unit_test_setup(
			without_exits_and_entries_accesses_are_counted_and_have_no_time,
			empty_table),
		cmocka_unit_test_setup(
			accesses_beyond_the_room_are_one_row_and_leave_reasons_theirs, empty_table),
		cmocka_unit_test_setup(the_longest_time_is_of_one_interval, empty_table),
		cmocka_unit_test(a_reason_is_freed_of_what_was_the_case_beside_it),
		cmocka_unit_test(an_exit_to_user_space_that_was_interrupted_is_one_by_a_signal),
		cmocka_unit_test(an_access_is_known_by_its_port_or_page_and_direction),
		cmocka_unit_test(a_thread_without_a_table_is_counted_as_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	libbpf_set_print(NULL);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
