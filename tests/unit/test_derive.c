/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is computed from the counters of vCPUs, of exits and of those who held CPUs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "vmbpf/metric.h"

#define MSEC NSEC_PER_MSEC

/* Two ticks, two seconds apart, of a VM of two vCPUs; all counters were zero at the first. */
struct scene {
	struct snapshot *before, *now;
	struct vm *was, *vm;
	struct vcpu *busy, *idle;
	struct exit *exit;
};

static const uint32_t all_sources = SRC_TICK | SRC_SCHED | SRC_EVENTS | SRC_KVM | SRC_GUEST;

static struct vm *fill(struct snapshot *snap, uint64_t seconds)
{
	struct vm *vm = snapshot_add_vm(snap);
	struct exit *exit = snapshot_add_exit(snap, vm);

	snap->mono_ns = snap->boot_ns = seconds * NSEC_PER_SEC;
	vm->pid = 10;
	vm->n_vcpus = 2;
	vm->e.have |= SRC_SCHED | SRC_EVENTS;
	for (unsigned i = 0; i < 2; i++) {
		struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);

		vcpu->index = i;
		vcpu->e.have = all_sources;
	}
	exit->e.have |= SRC_EXITS;
	exit->reason = "EPT_VIOLATION";
	return vm;
}

static int set_up(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .before = snapshot_new(), .now = snapshot_new() };
	scene.was = fill(scene.before, 100);
	scene.vm = fill(scene.now, 102);
	scene.busy = scene.vm->vcpus;
	scene.idle = scene.busy->next;
	scene.exit = scene.vm->exits_by_reason;
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

static void finish(struct scene *scene)
{
	snapshot_finish(scene->before, NULL);
	snapshot_finish(scene->now, scene->before);
}

/* NAN where it is absent. */
static double number(const struct scene *scene, const char *name, const void *entity)
{
	struct column column;
	struct value value;

	assert_int_equal(column_find(name, SCOPE_VM, &column), 0);
	value = column_value(&column, scene->now, entity);
	assert_int_not_equal(value.kind, VALUE_TEXT);
	return value.kind == VALUE_NUMBER ? value.number : NAN;
}

static void assert_near(double number, double expected)
{
	assert_true(fabs(number - expected) < 1e-9);
}

static void assert_absent(double number)
{
	assert_true(isnan(number));
}

static void hypervisor_is_what_is_left_of_run(void **state)
{
	struct scene *scene = *state;

	/* 1500 - 1000 - (200 + 100) = 200 ms of 2 s. */
	scene->busy->sched.run_ns = 1500 * MSEC;
	scene->busy->guest_ns = 1000 * MSEC;
	scene->busy->totals.poll_success_ns = 200 * MSEC;
	scene->busy->totals.poll_fail_ns = 100 * MSEC;
	/* And 400 - 300 = 100 ms of the other vCPU. */
	scene->idle->sched.run_ns = 400 * MSEC;
	scene->idle->guest_ns = 300 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.hypervisor", scene->busy), 10);
	assert_near(number(scene, "vcpu.halt_poll", scene->busy), 15);
	assert_near(number(scene, "vcpu.guest", scene->busy), 50);
	assert_near(number(scene, "vcpu.cpu", scene->busy), 10 + 15 + 50);
	assert_near(number(scene, "hypervisor", scene->vm), 15);
}

/* The clock ticks that find a CPU in the guest are samples. */
static void hypervisor_is_never_negative(void **state)
{
	struct scene *scene = *state;

	scene->busy->sched.run_ns = 1500 * MSEC;
	scene->busy->guest_ns = 1504 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.hypervisor", scene->busy), 0);
	assert_near(number(scene, "hypervisor", scene->vm), 0);
}

static void hypervisor_is_absent_when_polling_or_guest_is_not_known(void **state)
{
	struct scene *scene = *state;

	scene->busy->sched.run_ns = 1500 * MSEC;
	scene->busy->totals.poll_success_ns = NOT_REPORTED;
	scene->idle->e.have &= ~(uint32_t)SRC_GUEST;
	finish(scene);
	assert_absent(number(scene, "vcpu.hypervisor", scene->busy));
	assert_absent(number(scene, "vcpu.hypervisor", scene->idle));
	assert_absent(number(scene, "hypervisor", scene->vm));
}

static void demand_leaves_polling_out(void **state)
{
	struct scene *scene = *state;

	/* 1000 + 500 - 500 = 1000 ms of 2 s, or of 4 s for both vCPUs. */
	scene->busy->sched.run_ns = 1000 * MSEC;
	scene->busy->sched.ready_ns = 500 * MSEC;
	scene->busy->totals.poll_success_ns = 100 * MSEC;
	scene->busy->totals.poll_fail_ns = 400 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.demand", scene->busy), 50);
	assert_near(number(scene, "demand", scene->vm), 25);
}

static void demand_is_never_negative(void **state)
{
	struct scene *scene = *state;

	scene->busy->sched.run_ns = 10 * MSEC;
	scene->busy->totals.poll_fail_ns = 11 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.demand", scene->busy), 0);
}

static void demand_of_an_emulated_vcpu_is_run_and_ready(void **state)
{
	struct scene *scene = *state;

	for (struct vcpu *vcpu = scene->vm->vcpus; vcpu; vcpu = vcpu->next)
		vcpu->e.have = SRC_TICK | SRC_SCHED;
	for (struct vcpu *vcpu = scene->was->vcpus; vcpu; vcpu = vcpu->next)
		vcpu->e.have = SRC_TICK | SRC_SCHED;
	scene->busy->sched.run_ns = 600 * MSEC;
	scene->busy->sched.ready_ns = 200 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.demand", scene->busy), 40);
	assert_near(number(scene, "demand", scene->vm), 20);
}

static void demand_is_absent_when_a_counter_restarts(void **state)
{
	struct scene *scene = *state;

	scene->was->vcpus->sched.ready_ns = 500 * MSEC;
	scene->busy->sched.run_ns = 100 * MSEC;
	finish(scene);
	assert_absent(number(scene, "vcpu.demand", scene->busy));
	assert_absent(number(scene, "demand", scene->vm));
}

/* When KVM's record of the vCPU has only just been found, what was polled before is not known. */
static void demand_is_absent_while_the_polling_before_is_not_known(void **state)
{
	struct scene *scene = *state;

	scene->was->vcpus->e.have &= ~(uint32_t)(SRC_KVM | SRC_GUEST);
	scene->busy->sched.run_ns = 100 * MSEC;
	scene->busy->totals.poll_fail_ns = 5000 * MSEC;
	finish(scene);
	assert_absent(number(scene, "vcpu.demand", scene->busy));
	assert_absent(number(scene, "vcpu.halt_poll", scene->busy));
}

static void blocked_is_wait_without_halts(void **state)
{
	struct scene *scene = *state;

	/* 1200 - 1000 = 200 ms of 2 s; the other vCPU has halted all the time. */
	scene->busy->sched.wait_ns = 1200 * MSEC;
	scene->busy->totals.idle_ns = 1000 * MSEC;
	scene->idle->sched.wait_ns = 2000 * MSEC;
	scene->idle->totals.idle_ns = 2001 * MSEC;
	finish(scene);
	assert_near(number(scene, "vcpu.blocked", scene->busy), 10);
	assert_near(number(scene, "vcpu.idle", scene->busy), 50);
	assert_near(number(scene, "vcpu.blocked", scene->idle), 0);
	assert_near(number(scene, "blocked", scene->vm), 9.95);
}

static void blocked_is_absent_when_halts_are_not_known(void **state)
{
	struct scene *scene = *state;

	scene->busy->sched.wait_ns = 1200 * MSEC;
	scene->busy->totals.idle_ns = NOT_REPORTED;
	finish(scene);
	assert_absent(number(scene, "vcpu.blocked", scene->busy));
	assert_absent(number(scene, "vcpu.idle", scene->busy));
	assert_near(number(scene, "vcpu.wait", scene->busy), 60);
}

static void mean_time_of_exits_is_that_of_the_interval(void **state)
{
	struct scene *scene = *state;

	scene->was->exits_by_reason->count = 1000;
	scene->was->exits_by_reason->handling_ns = 7000 * MSEC;
	scene->exit->count = 1010;
	scene->exit->handling_ns = 7020 * MSEC;
	finish(scene);
	/* 10 exits and 20 ms in 2 s. */
	assert_near(number(scene, "exit.exits", scene->exit), 5);
	assert_near(number(scene, "exit.exit_handling", scene->exit), 1);
	assert_near(number(scene, "exit.exit_handling_mean", scene->exit), 0.002);
}

static void exits_that_did_not_happen_have_no_mean_time(void **state)
{
	struct scene *scene = *state;

	finish(scene);
	assert_near(number(scene, "exit.exits", scene->exit), 0);
	assert_absent(number(scene, "exit.exit_handling_mean", scene->exit));
}

static void exits_whose_end_is_not_seen_have_a_count_alone(void **state)
{
	struct scene *scene = *state;

	scene->exit->count = 4;
	scene->exit->handling_ns = NOT_REPORTED;
	finish(scene);
	assert_near(number(scene, "exit.exits", scene->exit), 2);
	assert_absent(number(scene, "exit.exit_handling", scene->exit));
	assert_absent(number(scene, "exit.exit_handling_mean", scene->exit));
}

static void exits_of_all_vcpus_together_are_of_none(void **state)
{
	struct scene *scene = *state;

	finish(scene);
	assert_absent(number(scene, "exit.vcpu", scene->exit));
	scene->exit->vcpu = 3;
	assert_near(number(scene, "exit.vcpu", scene->exit), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hypervisor_is_what_is_left_of_run),
		TEST(hypervisor_is_never_negative),
		TEST(hypervisor_is_absent_when_polling_or_guest_is_not_known),
		TEST(demand_leaves_polling_out),
		TEST(demand_is_never_negative),
		TEST(demand_of_an_emulated_vcpu_is_run_and_ready),
		TEST(demand_is_absent_when_a_counter_restarts),
		TEST(demand_is_absent_while_the_polling_before_is_not_known),
		TEST(blocked_is_wait_without_halts),
		TEST(blocked_is_absent_when_halts_are_not_known),
		TEST(mean_time_of_exits_is_that_of_the_interval),
		TEST(exits_that_did_not_happen_have_no_mean_time),
		TEST(exits_whose_end_is_not_seen_have_a_count_alone),
		TEST(exits_of_all_vcpus_together_are_of_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
