/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel side's logic, run by the kernel itself on chosen arguments. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "vmbpf/wire.h"
#include "bpf/logic.h"
#include "logic.skel.h"

#define N_SLOTS 16

struct fixture {
	struct logic_bpf *logic;
	struct vmb_slot *slots;
};

static void run_program(const struct bpf_program *program, void *argument, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = argument, .ctx_size_in = (__u32)size);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	assert_int_equal(options.retval, 0);
}

#define run(state, name, argument) \
	run_program(((struct fixture *)(state))->logic->progs.name, (argument), sizeof(*(argument)))

static int set_up(void **state)
{
	static struct fixture fixture;
	struct logic_bpf *logic = logic_bpf__open();

	if (!logic)
		return -1;
	bpf_program__set_autoload(logic->progs.on_switch, false);
	bpf_program__set_autoload(logic->progs.on_newtask, false);
	bpf_map__set_max_entries(logic->maps.slots, N_SLOTS);
	bpf_map__set_max_entries(logic->maps.tids, 4194304 / VMB_CELLS + 1);
	bpf_map__set_max_entries(logic->maps.rings, LOGIC_CPUS);
	if (logic_bpf__load(logic))
		return -1;
	fixture.logic = logic;
	fixture.slots = mmap(NULL, N_SLOTS * sizeof(struct vmb_slot), PROT_READ | PROT_WRITE,
		MAP_SHARED, bpf_map__fd(logic->maps.slots), 0);
	*state = &fixture;
	return fixture.slots == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->slots, N_SLOTS * sizeof(struct vmb_slot));
	logic_bpf__destroy(fixture->logic);
	return 0;
}

static void a_wait_is_counted_in_the_bucket_of_its_power_of_two(void **state)
{
	static const struct bucket_case cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 1023, 0 },
		{ 1024, 1 },
		{ 2047, 1 },
		{ 2048, 2 },
		{ 1000000, 10 }, /* 2^19 <= 1e6 < 2^20 */
		{ 4294967296, 23 }, /* 2^32 */
		{ 34359738367, 25 }, /* 2^35 - 1 */
		{ 34359738368, 26 }, /* 2^35: the last bucket */
		{ UINT64_MAX, 26 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bucket_case test = { .wait_ns = cases[i].wait_ns };

		run(*state, run_latency_bucket, &test);
		assert_int_equal(test.bucket, cases[i].bucket);
	}
}

static void both_sides_hash_an_interface_alike(void **state)
{
	static const struct hash_case cases[] = { { 1, 0, 0 }, { 13, 4026531840u, 0 },
		{ UINT32_MAX, UINT32_MAX, 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hash_case test = cases[i];

		run(*state, run_nic_hash, &test);
		assert_int_equal(test.hash, vmb_nic_hash(test.ifindex, test.netns));
	}
}

static struct vmb_slot *fresh_slot(struct fixture *fixture, uint64_t clock)
{
	struct vmb_slot *slot = &fixture->slots[LOGIC_SLOT];

	memset(slot, 0, sizeof(*slot));
	slot->cpu.begin_clock = slot->cpu.end_clock = clock;
	return slot;
}

static void a_slice_is_split_into_sleep_wait_and_run(void **state)
{
	struct vmb_slot *slot = fresh_slot(*state, 1000000);
	/* Off at 1 ms, woken at 3 ms, on at 3.5 ms, off again at 5 ms. */
	struct slice_case slice = { .clock = 5000000, .arrival = 3500000, .run_delay = 500000 };

	run(*state, run_slice, &slice);
	assert_int_equal(slot->cpu.wait_ns, 2000000);
	assert_int_equal(slot->cpu.on_ns, 1500000);
	assert_int_equal(slot->cpu.max_ready_ns, 500000);
	assert_int_equal(slot->cpu.latency[9], 1); /* 2^18 <= 500000 < 2^19 */
	assert_int_equal(slot->cpu.begin_clock, 5000000);
}

static void a_preempted_thread_does_not_sleep(void **state)
{
	struct vmb_slot *slot = fresh_slot(*state, 1000000);
	struct slice_case slice = { .clock = 9000000, .arrival = 4000000, .run_delay = 3000000 };

	run(*state, run_slice, &slice);
	assert_int_equal(slot->cpu.wait_ns, 0);
	assert_int_equal(slot->cpu.on_ns, 5000000);
}

static void clocks_of_two_cpus_that_differ_give_no_negative_sleep(void **state)
{
	struct vmb_slot *slot = fresh_slot(*state, 1000000);
	struct slice_case slice = { .clock = 2000000, .arrival = 1000500, .run_delay = 1000 };

	run(*state, run_slice, &slice);
	assert_int_equal(slot->cpu.wait_ns, 0);
}

static void the_longest_wait_is_that_of_the_interval(void **state)
{
	struct vmb_slot *slot = fresh_slot(*state, 0);
	struct slice_case long_wait = { .clock = 9000, .arrival = 8000, .run_delay = 8000 };
	struct slice_case short_wait = { .clock = 20000, .arrival = 10000, .run_delay = 9000 };

	slot->walk.epoch = 1;
	run(*state, run_slice, &long_wait);
	assert_int_equal(slot->cpu.max_ready_ns, 8000);
	slot->walk.epoch = 2;
	run(*state, run_slice, &short_wait);
	assert_int_equal(slot->cpu.max_ready_ns, 1000);
	assert_int_equal(slot->cpu.max_epoch, 2);
}

static void push_free_slot(struct fixture *fixture, __u32 number)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(fixture->logic->maps.free_slots), NULL,
				 &number, BPF_ANY),
		0);
}

static struct vmb_control read_control(struct fixture *fixture)
{
	struct vmb_control control;
	__u32 zero = 0;
	int fd = bpf_map__fd(fixture->logic->maps.control);

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &control), 0);
	return control;
}

static void a_thread_is_found_in_its_slot_until_it_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	struct slot_case test = { .clock = 42 };

	push_free_slot(fixture, 3);
	run(fixture, run_slot_of, &test);
	assert_int_equal(test.number, 0);
	run(fixture, run_slot_new, &test);
	assert_int_equal(test.number, 3);
	assert_int_equal(fixture->slots[3].tid, syscall(SYS_gettid));
	assert_int_equal(fixture->slots[3].cpu.begin_clock, 42);
	assert_true(read_control(fixture).highest_slot >= 3);
	run(fixture, run_slot_of, &test);
	assert_int_equal(test.number, 3);
	run(fixture, run_forget, &test);
	assert_int_equal(fixture->slots[3].state, VMB_SLOT_DEAD);
	run(fixture, run_slot_of, &test);
	assert_int_equal(test.number, 0);
}

static void a_reused_tid_is_not_charged_to_the_old_slot(void **state)
{
	struct fixture *fixture = *state;
	struct slot_case test = { .clock = 42 };

	push_free_slot(fixture, 4);
	run(fixture, run_slot_new, &test);
	assert_int_equal(test.number, 4);
	fixture->slots[4].start_ns--; /* as if an older thread had had this tid */
	run(fixture, run_slot_of, &test);
	assert_int_equal(test.number, 0);
}

static void a_thread_without_a_slot_is_counted_as_lost(void **state)
{
	struct fixture *fixture = *state;
	struct slot_case test = { .clock = 42 };
	__u64 lost = read_control(fixture).lost_slots;

	run(fixture, run_slot_new, &test);
	assert_int_equal(test.number, 0);
	assert_int_equal(read_control(fixture).lost_slots, lost + 1);
}

/* The VM that waits, and others. */
#define WAITER 5
#define OTHER_VM 6

/* In place of a VM: the flags of an idle task, PF_KTHREAD and PF_IDLE. */
#define IDLE 0x200002

static void write_row(struct fixture *fixture, const struct vmb_blame_row *row)
{
	__u32 number = WAITER;
	int fd = bpf_map__fd(fixture->logic->maps.blames);

	assert_int_equal(bpf_map_update_elem(fd, &number, row, BPF_ANY), 0);
}

static struct vmb_blame_row read_row(struct fixture *fixture)
{
	struct vmb_blame_row row;
	__u32 number = WAITER;
	int fd = bpf_map__fd(fixture->logic->maps.blames);

	assert_int_equal(bpf_map_lookup_elem(fd, &number, &row), 0);
	return row;
}

static void empty_rings(struct fixture *fixture)
{
	const struct bpf_map *rings = fixture->logic->maps.rings;
	void *empty = calloc(1, bpf_map__value_size(rings));

	assert_non_null(empty);
	for (__u32 cpu = 0; cpu < LOGIC_CPUS; cpu++)
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(rings), &cpu, empty, BPF_ANY), 0);
	free(empty);
}

/* A vCPU of the waiting VM that left CPU 0, empty rings and an empty row. */
static struct vmb_slot *fresh_waiter(struct fixture *fixture)
{
	struct vmb_slot *slot = fresh_slot(fixture, 0);
	const struct vmb_blame_row empty = { 0 };

	empty_rings(fixture);
	write_row(fixture, &empty);
	slot->vm = slot->victim = WAITER;
	return slot;
}

static void push(struct fixture *fixture, __u32 cpu, __u64 begin, __u32 vm, const char *comm)
{
	struct push_case test = { .cpu = cpu, .begin = begin, .vm = vm, .tid = 1 };

	strncpy(test.comm, comm, sizeof(test.comm));
	run(fixture, run_push, &test);
}

/* What is held by a task of the host, or by another VM: 0 where it has no cell. */
static __u64 held_by(struct fixture *fixture, __u32 vm, const char *comm)
{
	struct vmb_blame_row row = read_row(fixture);
	__u64 ns = 0;

	for (unsigned i = 0; i < VMB_BLAME_OTHER; i++) {
		const struct vmb_blame *cell = &row.cells[i];

		if (cell->state == VMB_BLAME_READY && cell->vm == vm &&
			strncmp(cell->comm, comm, VMB_COMM_LEN) == 0)
			ns += cell->ns;
	}
	return ns;
}

static unsigned cells_in_use(struct fixture *fixture)
{
	struct vmb_blame_row row = read_row(fixture);
	unsigned n = 0;

	for (unsigned i = 0; i < VMB_BLAME_OTHER; i++)
		n += row.cells[i].state == VMB_BLAME_READY;
	return n;
}

static __u64 held_in_all(const struct vmb_slot *slot)
{
	__u64 ns = 0;

	for (unsigned i = 0; i < VMB_HOLDERS; i++)
		ns += slot->cpu.held_ns[i];
	return ns;
}

static void a_wait_is_split_among_those_who_ran_meanwhile(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct wait_case wait = { .queued = 2000, .clock = 7000 };

	push(*state, 0, 500, 0, "gone before");
	push(*state, 0, 1000, OTHER_VM, "");
	push(*state, 0, 4000, 0, "ksmd");
	run(*state, run_wait, &wait);
	assert_int_equal(held_by(*state, OTHER_VM, ""), 2000);
	assert_int_equal(held_by(*state, 0, "ksmd"), 3000);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_VM], 2000);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_HOST], 3000);
	assert_int_equal(held_in_all(slot), 5000);
	assert_int_equal(cells_in_use(*state), 2);
}

static void who_held_the_cpu_decides_which_sum_a_wait_is_added_to(void **state)
{
	static const struct {
		__u32 vm;
		enum vmb_holder kind;
		unsigned n_cells;
	} cases[] = {
		{ OTHER_VM, VMB_BY_VM, 1 },
		{ 0, VMB_BY_HOST, 1 },
		{ WAITER, VMB_BY_SELF, 0 },
		{ IDLE, VMB_BY_NOBODY, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmb_slot *slot = fresh_waiter(*state);
		struct wait_case wait = { .queued = 100, .clock = 400 };

		push(*state, 0, 100, cases[i].vm, "task");
		run(*state, run_wait, &wait);
		assert_int_equal(slot->cpu.held_ns[cases[i].kind], 300);
		assert_int_equal(held_in_all(slot), 300);
		assert_int_equal(cells_in_use(*state), cases[i].n_cells);
	}
}

/* Of the ring's 2048 slices the oldest may be about to be overwritten. */
static void a_wait_longer_than_the_ring_is_attributed_in_part(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct wait_case wait = { .queued = 1, .clock = 400000 };

	for (__u64 i = 0; i < 4000; i++)
		push(*state, 0, i * 100, i % 4 == 3 ? OTHER_VM : i % 2 ? 0 : IDLE, "task");
	run(*state, run_wait, &wait);
	assert_int_equal(held_in_all(slot), 204700); /* 2047 slices of 100 ns */
	assert_int_equal(slot->cpu.held_ns[VMB_BY_VM], 51200); /* the newest and every fourth */
	assert_int_equal(slot->cpu.held_ns[VMB_BY_HOST], 51200);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_NOBODY], 102300);
}

/* More of them than the ring has. */
static void slices_of_one_vm_that_follow_each_other_are_one(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct wait_case wait = { .queued = 2, .clock = 6000 };

	push(*state, 0, 1, 0, "task");
	for (__u64 i = 0; i < 4000; i++)
		push(*state, 0, 1000 + i, OTHER_VM, "");
	run(*state, run_wait, &wait);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_HOST], 998);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_VM], 5000);
}

static void what_was_before_the_first_slice_is_held_against_nobody(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct wait_case wait = { .queued = 100, .clock = 1000 };

	run(*state, run_wait, &wait);
	assert_int_equal(held_in_all(slot), 0);
	push(*state, 0, 700, OTHER_VM, "");
	run(*state, run_wait, &wait);
	assert_int_equal(held_in_all(slot), 300);
}

/* On CPU 0 another VM runs, on CPU 1 a task of the host, both for long. */
static void a_wait_is_charged_on_the_cpu_where_it_was_waited(void **state)
{
	static const struct {
		struct wait_case wait;
		__u64 by_vm, by_host;
	} cases[] = {
		/* All of it on this CPU. */
		{ { .cpu = 1, .queued = 5000, .clock = 8000 }, 0, 3000 },
		/* Moved once, from the CPU it had left. */
		{ { .cpu = 1, .queued = 5000, .clock = 8000, .elsewhere_ns = 1000, .moves = 1 },
			1000, 3000 },
		/* Taken off the queue and put back, as when it changes its cgroup. */
		{ { .cpu = 1, .queued = 5000, .clock = 8000, .elsewhere_ns = 1000 }, 0, 4000 },
		/* Moved twice: who knows where it waited first. */
		{ { .cpu = 1, .queued = 5000, .clock = 8000, .elsewhere_ns = 1000, .moves = 2 }, 0,
			3000 },
		/* Clocks of two CPUs that differ. */
		{ { .cpu = 1, .queued = 8001, .clock = 8000 }, 0, 0 },
		/* An account that contradicts itself. */
		{ { .cpu = 1, .queued = 5000, .clock = 8000, .elsewhere_ns = 9000, .moves = 1 }, 0,
			3000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmb_slot *slot = fresh_waiter(*state);
		struct wait_case wait = cases[i].wait;

		push(*state, 0, 1000, OTHER_VM, "");
		push(*state, 1, 1000, 0, "ksmd");
		run(*state, run_wait, &wait);
		assert_int_equal(slot->cpu.held_ns[VMB_BY_VM], cases[i].by_vm);
		assert_int_equal(slot->cpu.held_ns[VMB_BY_HOST], cases[i].by_host);
	}
}

static void threads_that_are_no_vcpu_have_sums_but_no_row(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct wait_case wait = { .queued = 100, .clock = 400 };

	slot->victim = 0;
	push(*state, 0, 0, OTHER_VM, "");
	run(*state, run_wait, &wait);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_VM], 300);
	assert_int_equal(cells_in_use(*state), 0);
}

static void one_name_has_one_cell(void **state)
{
	static const struct {
		const char *first, *second; /* of 16 bytes */
		__u32 kthread;
		const char *name;
		unsigned n_cells;
	} cases[] = {
		{ "bash\0\0\0\0\0\0\0\0\0\0\0\0", "bash\0\0\0\0\0\0\0\0\0\0\0\0", 0, "bash", 1 },
		/* A longer name was there before. */
		{ "bash\0\0\0\0\0\0\0\0\0\0\0\0", "bash\0me-longer-n\0", 0, "bash", 1 },
		{ "kworker/0:1\0\0\0\0\0", "kworker/u8:3-ev\0", 1, "kworker", 1 },
		/* What calls itself so is no thread of the kernel. */
		{ "kworker/0:1\0\0\0\0\0", "kworker/u8:3-ev\0", 0, "kworker/0:1", 2 },
		/* As far as a name goes, and further. */
		{ "123456789012345\0", "123456789012345\0", 0, "123456789012345", 1 },
		{ "1234567890123456", "1234567890123456", 0, "1234567890123456", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wait_case wait = { .queued = 100, .clock = 300 };
		struct push_case test = { .begin = 100, .tid = 1, .kthread = cases[i].kthread };

		fresh_waiter(*state);
		memcpy(test.comm, cases[i].first, sizeof(test.comm));
		run(*state, run_push, &test);
		memcpy(test.comm, cases[i].second, sizeof(test.comm));
		test.begin = 200;
		test.tid = 2;
		run(*state, run_push, &test);
		run(*state, run_wait, &wait);
		assert_int_equal(cells_in_use(*state), cases[i].n_cells);
		assert_int_equal(
			held_by(*state, 0, cases[i].name), cases[i].n_cells == 1 ? 200 : 100);
	}
}

static void a_full_row_goes_to_the_last_cell(void **state)
{
	struct vmb_slot *slot = fresh_waiter(*state);
	struct vmb_blame_row row = { 0 };
	struct wait_case wait = { .queued = 100, .clock = 400 };

	for (__u32 i = 0; i < VMB_BLAME_OTHER; i++)
		row.cells[i] = (struct vmb_blame){ .state = VMB_BLAME_READY, .vm = 100 + i };
	write_row(*state, &row);
	push(*state, 0, 0, 0, "late");
	run(*state, run_wait, &wait);
	assert_int_equal(held_by(*state, 0, "late"), 0);
	assert_int_equal(read_row(*state).cells[VMB_BLAME_OTHER].ns, 300);
	assert_int_equal(slot->cpu.held_ns[VMB_BY_HOST], 300);
}

static void a_cell_that_is_claimed_begins_at_nothing(void **state)
{
	struct vmb_blame_row row = { 0 };
	struct wait_case wait = { .queued = 100, .clock = 400 };

	fresh_waiter(*state);
	for (unsigned i = 0; i < VMB_BLAME_OTHER; i++)
		row.cells[i].ns = 55; /* of a holder that has been forgotten meanwhile */
	write_row(*state, &row);
	push(*state, 0, 0, OTHER_VM, "");
	run(*state, run_wait, &wait);
	assert_int_equal(held_by(*state, OTHER_VM, ""), 300);
}

static void the_slice_of_a_task_is_known_by_its_name(void **state)
{
	struct wait_case wait = { .queued = 100, .clock = 400 };
	struct push_case me = { .begin = 50 };
	char name[VMB_COMM_LEN];

	fresh_waiter(*state);
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "odd \"name\"\n");
	run(*state, run_push_me, &me);
	prctl(PR_SET_NAME, name);
	run(*state, run_wait, &wait);
	assert_int_equal(held_by(*state, 0, "odd \"name\"\n"), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_is_counted_in_the_bucket_of_its_power_of_two),
		cmocka_unit_test(both_sides_hash_an_interface_alike),
		cmocka_unit_test(a_slice_is_split_into_sleep_wait_and_run),
		cmocka_unit_test(a_preempted_thread_does_not_sleep),
		cmocka_unit_test(clocks_of_two_cpus_that_differ_give_no_negative_sleep),
		cmocka_unit_test(the_longest_wait_is_that_of_the_interval),
		cmocka_unit_test(a_thread_is_found_in_its_slot_until_it_is_forgotten),
		cmocka_unit_test(a_reused_tid_is_not_charged_to_the_old_slot),
		cmocka_unit_test(a_thread_without_a_slot_is_counted_as_lost),
		cmocka_unit_test(a_wait_is_split_among_those_who_ran_meanwhile),
		cmocka_unit_test(who_held_the_cpu_decides_which_sum_a_wait_is_added_to),
		cmocka_unit_test(a_wait_longer_than_the_ring_is_attributed_in_part),
		cmocka_unit_test(slices_of_one_vm_that_follow_each_other_are_one),
		cmocka_unit_test(what_was_before_the_first_slice_is_held_against_nobody),
		cmocka_unit_test(a_wait_is_charged_on_the_cpu_where_it_was_waited),
		cmocka_unit_test(threads_that_are_no_vcpu_have_sums_but_no_row),
		cmocka_unit_test(one_name_has_one_cell),
		cmocka_unit_test(a_full_row_goes_to_the_last_cell),
		cmocka_unit_test(a_cell_that_is_claimed_begins_at_nothing),
		cmocka_unit_test(the_slice_of_a_task_is_known_by_its_name),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
