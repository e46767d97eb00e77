/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people are told is wrong with a VM. */
#include "sink_fixture.h"

#include "base/arena.h"
#include "sink/verdict.h"

/* Two ticks of a VM with one vCPU: its counters of the second are those of the interval. */
struct story {
	uint64_t run_ns, ready_ns, held_ns; /* the last by another VM */
	uint64_t memory_swap_bytes;
	uint64_t reads, read_ns; /* of its disk */
	enum vm_state state;
};

static void add_vm(struct snapshot *snap, const struct story *story, unsigned tick)
{
	struct vm *vm = fixture_vm(snap, "web", 100);
	struct vcpu *vcpu = fixture_vcpu(snap, vm, 0);
	struct blame *blame = snapshot_add_blame(snap, vm);
	struct disk *disk = snapshot_disk(snap, vm, "vda");

	vm->state = story->state;
	vm->e.have |= SRC_PROC;
	vm->memory_swap_bytes = story->memory_swap_bytes;
	vm->cpu_ns = vm->role_ns[ROLE_VCPU] = tick * story->run_ns;
	vcpu->sched.run_ns = tick * story->run_ns;
	vcpu->sched.ready_ns = tick * story->ready_ns;
	blame->kind = HOLDER_VM;
	blame->holder = "db-2";
	blame->holder_pid = 200;
	blame->e.have |= SRC_EVENTS;
	blame->held_ns = tick * story->held_ns;
	disk->e.have |= SRC_BLOCK;
	disk->e.polled_ns = snap->mono_ns;
	disk->io.read_requests = tick * story->reads;
	disk->io.read_ns = tick * story->read_ns;
}

static enum level judge(const struct story *story, char text[static 512])
{
	struct snapshot *before = fixture_tick(0), *now = fixture_tick(1);
	struct arena *arena = arena_new();
	enum level level;
	struct item item;

	add_vm(before, story, 0);
	add_vm(now, story, 1);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	item = (struct item){ .entity = &now->vms->e, .vm = now->vms };
	snprintf(text, 512, "%s", verdict_of(arena, true, now, &item, &level));
	arena_free(arena);
	snapshot_free(now);
	snapshot_free(before);
	return level;
}

static void assert_verdict(const struct story *story, enum level level, const char *expected)
{
	char text[512];

	assert_int_equal(judge(story, text), level);
	assert_string_equal(text, expected);
}

static void a_vm_that_nothing_holds_back_is_said_to_be_well(void **state)
{
	(void)state;
	assert_verdict(&(struct story){ .run_ns = 120 * MSEC, .ready_ns = 3 * MSEC }, LEVEL_NORMAL,
		"nothing holds it back: its vCPUs run 12.0 % of the time and wait 0.3 %");
}

static void a_neighbour_is_named(void **state)
{
	(void)state;
	assert_verdict(
		&(struct story){
			.run_ns = 120 * MSEC, .ready_ns = 200 * MSEC, .held_ns = 150 * MSEC },
		LEVEL_CRITICAL,
		"it waits for a CPU 20.0 % of the time (per vCPU): 75 % of it for db-2, 25 % "
		"unknown");
}

static void a_slow_disk_is_named(void **state)
{
	(void)state;
	assert_verdict(&(struct story){ .run_ns = MSEC, .reads = 10, .read_ns = 400 * MSEC },
		LEVEL_WARNING, "its storage is slow: reads from vda take 40.0ms");
}

static void a_busy_vm_is_its_own_reason(void **state)
{
	(void)state;
	assert_verdict(&(struct story){ .run_ns = 970 * MSEC }, LEVEL_WARNING,
		"it is busy itself: its vCPUs run 97.0 % of the time");
}

static void what_is_worse_comes_first(void **state)
{
	(void)state;
	assert_verdict(&(struct story){ .run_ns = 10 * MSEC,
			       .ready_ns = 60 * MSEC,
			       .held_ns = 60 * MSEC,
			       .memory_swap_bytes = 3 << 20 },
		LEVEL_WARNING,
		"it waits for a CPU 6.0 % of the time (per vCPU): 100 % of it for db-2; "
		"the host has swapped out 3.00M of it");
}

static void a_vm_that_does_not_run_is_not_judged(void **state)
{
	(void)state;
	assert_verdict(&(struct story){ .run_ns = 970 * MSEC, .state = VM_PAUSED }, LEVEL_NORMAL,
		"it does not run: it is paused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vm_that_nothing_holds_back_is_said_to_be_well),
		cmocka_unit_test(a_neighbour_is_named),
		cmocka_unit_test(a_slow_disk_is_named),
		cmocka_unit_test(a_busy_vm_is_its_own_reason),
		cmocka_unit_test(what_is_worse_comes_first),
		cmocka_unit_test(a_vm_that_does_not_run_is_not_judged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
