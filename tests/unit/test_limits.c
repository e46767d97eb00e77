/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPU limits took, from the cgroups that the threads of a VM are in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/kernel/kernel.h"

/* Cgroups as libvirt makes them: one for each vCPU and one for all else, below that of the VM. */
enum { VM_GROUP = 1, EMULATOR_GROUP, VCPU0_GROUP, VCPU1_GROUP };

#define NO_VCPU (-1)

struct member {
	int vcpu; /* index, or NO_VCPU */
	uint32_t group;
	uint64_t throttled_ns, throttled_above_ns;
	uint32_t group_above;
};

struct scene {
	struct snapshot *snap;
	struct process process;
	struct vcpu *vcpus[2];
};

static int set_up(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .snap = snapshot_new() };
	scene.process.vm = snapshot_add_vm(scene.snap);
	for (unsigned i = 0; i < 2; i++)
		scene.vcpus[i] = snapshot_add_vcpu(scene.snap, scene.process.vm);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	snapshot_free(((struct scene *)*state)->snap);
	return 0;
}

static void note(struct scene *scene, const struct member *member)
{
	struct vmb_slot slot = { 0 };

	slot.walk.group = member->group;
	slot.walk.throttled_ns = member->throttled_ns;
	slot.walk.group_above = member->group_above;
	slot.walk.throttled_above_ns = member->throttled_above_ns;
	limit_note(scene->snap, &scene->process, &slot,
		member->vcpu == NO_VCPU ? NULL : scene->vcpus[member->vcpu]);
}

static void collect(struct scene *scene, const struct member *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		note(scene, &members[i]);
	limit_fill(&scene->process);
}

#define COLLECT(scene, members) collect(scene, members, sizeof(members) / sizeof((members)[0]))

static bool has_limit(const struct vcpu *vcpu)
{
	return vcpu->e.have & SRC_LIMIT;
}

static void a_vcpu_alone_in_its_cgroup_has_what_its_limit_took(void **state)
{
	static const struct member members[] = {
		{ NO_VCPU, EMULATOR_GROUP, 5, 0, VM_GROUP },
		{ 0, VCPU0_GROUP, 30, 0, VM_GROUP },
		{ 1, VCPU1_GROUP, 0, 0, VM_GROUP },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_true(has_limit(scene->vcpus[0]));
	assert_int_equal(scene->vcpus[0]->throttled_ns, 30);
	assert_true(has_limit(scene->vcpus[1]));
	assert_int_equal(scene->vcpus[1]->throttled_ns, 0);
}

static void vcpus_that_share_a_cgroup_have_none_each(void **state)
{
	static const struct member members[] = {
		{ 0, VM_GROUP, 30, 0, 0 },
		{ 1, VM_GROUP, 30, 0, 0 },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_false(has_limit(scene->vcpus[0]));
	assert_false(has_limit(scene->vcpus[1]));
	assert_true(scene->process.vm->e.have & SRC_LIMIT);
	assert_int_equal(scene->process.vm->throttled_ns, 30);
}

/* In either order. */
static void a_vcpu_that_shares_its_cgroup_with_another_thread_has_none(void **state)
{
	static const struct member members[] = {
		{ 0, VCPU0_GROUP, 30, 0, 0 },
		{ NO_VCPU, VCPU0_GROUP, 30, 0, 0 },
		{ NO_VCPU, VCPU1_GROUP, 4, 0, 0 },
		{ 1, VCPU1_GROUP, 4, 0, 0 },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_false(has_limit(scene->vcpus[0]));
	assert_false(has_limit(scene->vcpus[1]));
	assert_int_equal(scene->process.vm->throttled_ns, 34);
}

static void each_cgroup_and_those_above_count_once_for_the_vm(void **state)
{
	static const struct member members[] = {
		{ NO_VCPU, EMULATOR_GROUP, 5, 100, VM_GROUP },
		{ NO_VCPU, EMULATOR_GROUP, 5, 100, VM_GROUP },
		{ 0, VCPU0_GROUP, 30, 100, VM_GROUP },
		{ 1, VCPU1_GROUP, 7, 100, VM_GROUP },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_true(scene->process.vm->e.have & SRC_LIMIT);
	assert_int_equal(scene->process.vm->throttled_ns, 5 + 30 + 7 + 100);
}

static void what_a_limit_above_took_is_not_told_for_a_vcpu(void **state)
{
	static const struct member members[] = {
		{ 0, VCPU0_GROUP, 0, 100, VM_GROUP },
		{ 1, VCPU1_GROUP, 0, 100, VM_GROUP },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_false(has_limit(scene->vcpus[0]));
	assert_false(has_limit(scene->vcpus[1]));
	assert_int_equal(scene->process.vm->throttled_ns, 100);
}

static void a_kernel_without_limits_has_no_such_source(void **state)
{
	static const struct member members[] = {
		{ 0, 0, VMB_ABSENT, VMB_ABSENT, 0 },
		{ 1, 0, VMB_ABSENT, VMB_ABSENT, 0 },
	};
	struct scene *scene = *state;

	COLLECT(scene, members);
	assert_false(scene->process.vm->e.have & SRC_LIMIT);
	assert_false(has_limit(scene->vcpus[0]));
	assert_int_equal(scene->process.vm->throttled_ns, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_vcpu_alone_in_its_cgroup_has_what_its_limit_took),
		TEST(vcpus_that_share_a_cgroup_have_none_each),
		TEST(a_vcpu_that_shares_its_cgroup_with_another_thread_has_none),
		TEST(each_cgroup_and_those_above_count_once_for_the_vm),
		TEST(what_a_limit_above_took_is_not_told_for_a_vcpu),
		TEST(a_kernel_without_limits_has_no_such_source),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
