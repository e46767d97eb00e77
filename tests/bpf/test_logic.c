/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel side's logic, run by the kernel itself on chosen arguments. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
