/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How snapshots are built, searched, added up and linked to the one before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "vmbpf/model.h"

/* Both clocks of these snapshots show the same, counted in seconds. */
static struct snapshot *snapshot_at(uint64_t seconds)
{
	struct snapshot *snap = snapshot_new();

	assert_non_null(snap);
	snap->mono_ns = snap->boot_ns = seconds * NSEC_PER_SEC;
	return snap;
}

static struct vm *add_vm(struct snapshot *snap, const char *name, pid_t pid, uint64_t start_s)
{
	struct vm *vm = snapshot_add_vm(snap);

	vm->name = snapshot_text(snap, name);
	vm->pid = pid;
	vm->start_ns = start_s * NSEC_PER_SEC;
	return vm;
}

static struct vcpu *add_vcpu(struct snapshot *snap, struct vm *vm, uint64_t index, uint64_t start_s)
{
	struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);

	vcpu->index = index;
	vcpu->start_ns = start_s * NSEC_PER_SEC;
	return vcpu;
}

static struct thread *add_thread(struct snapshot *snap, struct vm *vm, pid_t tid, uint64_t start_s)
{
	struct thread *thread = snapshot_add_thread(snap, vm);

	thread->tid = tid;
	thread->start_ns = start_s * NSEC_PER_SEC;
	return thread;
}

static struct nic *add_nic(
	struct snapshot *snap, struct vm *vm, const char *device, uint64_t rx_bytes)
{
	struct nic *nic = snapshot_nic(snap, vm, device);

	nic->e.have |= SRC_NET;
	nic->net.rx_bytes = rx_bytes;
	return nic;
}

static struct disk *add_disk(
	struct snapshot *snap, struct vm *vm, const char *target, uint64_t read_bytes)
{
	struct disk *disk = snapshot_disk(snap, vm, target);

	disk->e.have |= SRC_BLOCK;
	disk->e.polled_ns = vm->e.polled_ns;
	disk->io.read_bytes = read_bytes;
	return disk;
}

static struct exit *add_exit(
	struct snapshot *snap, struct vm *vm, enum exit_kind kind, const char *reason, int64_t vcpu)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->kind = kind;
	exit->reason = reason;
	exit->vcpu = vcpu;
	return exit;
}

static struct blame *add_task_blame(struct snapshot *snap, struct vm *vm, const char *comm)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->kind = HOLDER_HOST;
	blame->holder = snapshot_text(snap, comm);
	return blame;
}

/* As the kernel-side collector does it: what the holder is called is filled in later. */
static struct blame *add_vm_blame(struct snapshot *snap, struct vm *vm, const struct vm *holder)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->kind = HOLDER_VM;
	blame->vm = holder;
	return blame;
}

static void vm_is_found_by_pid_and_uuid_even_when_they_came_later(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *web = add_vm(snap, "web", 0, 0), *db = add_vm(snap, "db", 20, 0);

	(void)state;
	assert_null(snapshot_find_pid(snap, 10));
	assert_null(snapshot_find_uuid(snap, "u-web"));
	web->pid = 10;
	web->uuid = "u-web";
	assert_ptr_equal(snapshot_find_pid(snap, 10), web);
	assert_ptr_equal(snapshot_find_pid(snap, 20), db);
	assert_ptr_equal(snapshot_find_uuid(snap, "u-web"), web);
	web->pid = 11;
	assert_null(snapshot_find_pid(snap, 10));
	assert_ptr_equal(snapshot_find_pid(snap, 11), web);
	snapshot_free(snap);
}

static void vm_without_a_process_is_not_found_by_pid_zero(void **state)
{
	struct snapshot *snap = snapshot_at(1);

	(void)state;
	add_vm(snap, "off", 0, 0);
	assert_null(snapshot_find_pid(snap, 0));
	assert_null(snapshot_find_pid(snap, -1));
	snapshot_free(snap);
}

static void nic_and_disk_of_a_key_exist_once(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);

	(void)state;
	assert_ptr_equal(snapshot_nic(snap, vm, "tap0"), snapshot_nic(snap, vm, "tap0"));
	assert_ptr_not_equal(snapshot_nic(snap, vm, "tap0"), snapshot_nic(snap, vm, "tap1"));
	assert_ptr_equal(snapshot_disk(snap, vm, "vda"), snapshot_disk(snap, vm, "vda"));
	assert_ptr_not_equal(snapshot_disk(snap, vm, "vda"), snapshot_disk(snap, vm, "vdb"));
	assert_string_equal(vm->nics->next->device, "tap1");
	snapshot_free(snap);
}

static void children_stay_in_the_order_they_were_added(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);

	(void)state;
	add_thread(snap, vm, 12, 0);
	add_thread(snap, vm, 11, 0);
	add_vcpu(snap, vm, 0, 0);
	add_vcpu(snap, vm, 1, 0);
	assert_int_equal(vm->threads->tid, 12);
	assert_int_equal(vm->threads->next->tid, 11);
	assert_int_equal(vm->vcpus->next->index, 1);
	assert_null(vm->vcpus->next->next);
	snapshot_free(snap);
}

static void sources_are_named_once_and_those_down_are_counted(void **state)
{
	struct snapshot *snap = snapshot_at(1);

	(void)state;
	snapshot_source(snap, "sched", true, "ignored");
	snapshot_source(snap, "libvirt", true, NULL);
	snapshot_source(snap, "libvirt", false, "it does not run");
	snapshot_finish(snap, NULL);
	assert_int_equal(snap->n_sources, 2);
	assert_null(snap->sources[0].reason);
	assert_string_equal(snap->sources[1].reason, "it does not run");
	assert_int_equal(snap->host.n_down, 1);
	snapshot_free(snap);
}

static void too_many_sources_are_left_out(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	char name[16];

	(void)state;
	for (int i = 0; i < MAX_SOURCES + 3; i++) {
		snprintf(name, sizeof(name), "source%d", i);
		snapshot_source(snap, name, false, "down");
	}
	assert_int_equal(snap->n_sources, MAX_SOURCES);
	snapshot_free(snap);
}

static void vms_are_ordered_by_name_then_uuid_then_pid(void **state)
{
	static const pid_t expected[] = { 5, 4, 3, 2, 1 };
	struct snapshot *snap = snapshot_at(1);
	const struct vm *vm;
	size_t i = 0;

	(void)state;
	add_vm(snap, "web", 1, 0)->uuid = "b";
	add_vm(snap, "web", 2, 0)->uuid = "a";
	add_vm(snap, "web", 3, 0);
	add_vm(snap, "db", 5, 0);
	add_vm(snap, "db2", 4, 0);
	snapshot_finish(snap, NULL);
	for (vm = snap->vms; vm; vm = vm->next)
		assert_int_equal(vm->pid, expected[i++]);
	assert_int_equal(i, 5);
	snapshot_free(snap);
}

static void vm_without_a_name_is_called_by_its_pid(void **state)
{
	struct snapshot *snap = snapshot_at(1);

	(void)state;
	snapshot_add_vm(snap)->pid = 123;
	snapshot_finish(snap, NULL);
	assert_string_equal(snap->vms->name, "pid 123");
	snapshot_free(snap);
}

static void children_are_added_up(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);
	struct vcpu *one = add_vcpu(snap, vm, 0, 0), *two = add_vcpu(snap, vm, 1, 0);
	struct disk *disk = snapshot_disk(snap, vm, "vda");

	(void)state;
	one->e.have |= SRC_SCHED;
	one->sched = (struct sched_counters){ .run_ns = 5, .voluntary = 3, .involuntary = 4 };
	two->e.have |= SRC_SCHED;
	two->sched = (struct sched_counters){ .run_ns = 7, .voluntary = 1, .involuntary = 1 };
	disk->e.have |= SRC_STORAGE;
	disk->storage.capacity_bytes = 100;
	add_nic(snap, vm, "tap0", 10);
	add_nic(snap, vm, "tap1", 20);
	snapshot_finish(snap, NULL);
	assert_int_equal(vm->sched.run_ns, 12);
	assert_int_equal(one->sched.switches, 7);
	assert_int_equal(vm->sched.switches, 9);
	assert_int_equal(vm->net.rx_bytes, 30);
	assert_int_equal(vm->storage.capacity_bytes, 100);
	assert_int_equal(vm->e.have, SRC_TICK | SRC_NET | SRC_STORAGE);
	snapshot_free(snap);
}

static void sum_of_what_one_child_did_not_report_is_not_known(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);

	(void)state;
	add_disk(snap, vm, "vda", 10)->io.flushes = NOT_REPORTED;
	add_disk(snap, vm, "vdb", 20)->io.flushes = 3;
	snapshot_finish(snap, NULL);
	assert_int_equal(vm->io.read_bytes, 30);
	assert_true(vm->io.flushes == NOT_REPORTED);
	snapshot_free(snap);
}

static void totals_of_all_vcpus_are_added_up(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);
	struct vcpu *one = add_vcpu(snap, vm, 0, 0), *two = add_vcpu(snap, vm, 1, 0);

	(void)state;
	one->e.have |= SRC_KVM | SRC_GUEST | SRC_EXITS;
	one->totals = (struct kvm_counters){ .exits = 5, .poll_success_ns = 1, .poll_fail_ns = 2 };
	one->exits.handling_ns = 10;
	one->guest_ns = 100;
	two->e.have |= SRC_KVM | SRC_GUEST | SRC_EXITS;
	two->totals = (struct kvm_counters){ .exits = 7, .poll_success_ns = 3, .poll_fail_ns = 4 };
	two->exits.handling_ns = 20;
	two->guest_ns = 200;
	snapshot_finish(snap, NULL);
	assert_int_equal(vm->e.have, SRC_TICK | SRC_KVM | SRC_GUEST | SRC_EXITS);
	assert_int_equal(vm->totals.exits, 12);
	assert_int_equal(two->totals.poll_ns, 7);
	assert_int_equal(vm->totals.poll_ns, 10);
	assert_int_equal(vm->totals.poll_success_ns, 4);
	assert_int_equal(vm->exits.handling_ns, 30);
	assert_int_equal(vm->guest_ns, 300);
	snapshot_free(snap);
}

static void totals_that_one_vcpu_lacks_are_absent_for_the_vm(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);
	struct vcpu *one = add_vcpu(snap, vm, 0, 0), *two = add_vcpu(snap, vm, 1, 0);

	(void)state;
	one->e.have |= SRC_KVM | SRC_GUEST | SRC_EXITS;
	two->e.have |= SRC_KVM;
	one->totals = (struct kvm_counters){ .exits = 5, .hypercalls = 6 };
	two->totals = (struct kvm_counters){ .exits = 7, .hypercalls = NOT_REPORTED };
	snapshot_finish(snap, NULL);
	assert_int_equal(vm->e.have, SRC_TICK | SRC_KVM);
	assert_int_equal(vm->totals.exits, 12);
	assert_true(vm->totals.hypercalls == NOT_REPORTED);
	snapshot_free(snap);
}

static void polling_is_not_known_unless_both_its_outcomes_are(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);
	struct vcpu *vcpu = add_vcpu(snap, vm, 0, 0);

	(void)state;
	vcpu->e.have |= SRC_KVM;
	vcpu->totals.poll_success_ns = 5;
	vcpu->totals.poll_fail_ns = NOT_REPORTED;
	snapshot_finish(snap, NULL);
	assert_true(vcpu->totals.poll_ns == NOT_REPORTED);
	assert_true(vm->totals.poll_ns == NOT_REPORTED);
	assert_int_equal(vm->totals.poll_success_ns, 5);
	snapshot_free(snap);
}

static void guest_time_of_a_vm_is_measured_as_that_of_its_worst_vcpu(void **state)
{
	static const struct {
		enum guest_source one, two, expected;
	} cases[] = {
		{ GUEST_BY_EVENTS, GUEST_BY_EVENTS, GUEST_BY_EVENTS },
		{ GUEST_BY_EVENTS, GUEST_BY_TICKS, GUEST_BY_TICKS },
		{ GUEST_BY_TICKS, GUEST_BY_EVENTS, GUEST_BY_TICKS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot *snap = snapshot_at(1);
		struct vm *vm = add_vm(snap, "web", 10, 0);
		struct vcpu *one = add_vcpu(snap, vm, 0, 0), *two = add_vcpu(snap, vm, 1, 0);

		one->e.have |= SRC_GUEST;
		one->guest_by = cases[i].one;
		two->e.have |= SRC_GUEST;
		two->guest_by = cases[i].two;
		snapshot_finish(snap, NULL);
		assert_int_equal(vm->guest_by, cases[i].expected);
		snapshot_free(snap);
	}
}

static void switches_are_not_known_unless_both_sorts_are(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);
	struct vcpu *vcpu = add_vcpu(snap, vm, 0, 0);

	(void)state;
	vcpu->sched.voluntary = NOT_REPORTED;
	vcpu->sched.involuntary = 5;
	snapshot_finish(snap, NULL);
	assert_true(vcpu->sched.switches == NOT_REPORTED);
	snapshot_free(snap);
}

static void sums_without_parts_are_kept(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);

	(void)state;
	vm->e.have |= SRC_NET | SRC_SCHED;
	vm->net.rx_bytes = 42;
	vm->sched.run_ns = 43;
	snapshot_finish(snap, NULL);
	assert_int_equal(vm->net.rx_bytes, 42);
	assert_int_equal(vm->sched.run_ns, 43);
	snapshot_free(snap);
}

static void host_counts_what_runs(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *web = add_vm(snap, "web", 10, 0), *paused = add_vm(snap, "paused", 11, 0);
	struct vm *off = add_vm(snap, "off", 0, 0);

	(void)state;
	web->e.have |= SRC_SCHED;
	web->cpu_ns = 100;
	web->n_vcpus = 2;
	paused->e.have |= SRC_SCHED;
	paused->cpu_ns = 11;
	paused->n_vcpus = 4;
	paused->state = VM_PAUSED;
	off->state = VM_SHUTOFF;
	off->n_vcpus = 8;
	snapshot_finish(snap, NULL);
	assert_int_equal(snap->host.n_vms, 3);
	assert_int_equal(snap->host.n_running, 1);
	assert_int_equal(snap->host.n_vcpus, 6);
	assert_int_equal(snap->host.vm_ns, 111);
	assert_true(snap->host.e.have & SRC_SCHED);
	snapshot_free(snap);
}

static void first_tick_has_no_past(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0);

	(void)state;
	add_thread(snap, vm, 10, 0);
	snapshot_finish(snap, NULL);
	assert_int_equal(snap->interval_ns, 0);
	assert_null(snap->host.e.before);
	assert_null(vm->e.before);
	assert_null(vm->threads->e.before);
	snapshot_free(snap);
}

static void a_step_of_the_wall_clock_changes_no_interval(void **state)
{
	static const int64_t steps[] = { -3600, 3600, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct snapshot *before = snapshot_at(100), *now = snapshot_at(101);

		before->real_ns = 1000000 * NSEC_PER_SEC;
		now->real_ns = before->real_ns + NSEC_PER_SEC +
			       (uint64_t)(steps[i] * (int64_t)NSEC_PER_SEC);
		snapshot_finish(before, NULL);
		snapshot_finish(now, before);
		assert_int_equal(now->interval_ns, NSEC_PER_SEC);
		snapshot_free(now);
		snapshot_free(before);
	}
}

static void entities_are_linked_by_their_keys(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "old name", 10, 50), *vm = add_vm(now, "new name", 10, 50);
	struct vm *off = add_vm(before, "off", 0, 0), *still_off = add_vm(now, "off", 0, 0);

	(void)state;
	off->uuid = still_off->uuid = "u-off";
	off->memory_assigned_bytes = 7;
	was->cpu_ns = 5;
	add_thread(before, was, 10, 50);
	add_thread(before, was, 11, 51);
	add_vcpu(before, was, 0, 51);
	add_vcpu(before, was, 1, 51);
	add_thread(now, vm, 11, 51);
	add_thread(now, vm, 10, 50);
	add_vcpu(now, vm, 1, 51);
	add_nic(before, was, "tap0", 0);
	add_nic(now, vm, "tap0", 0);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_int_equal(now->interval_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(((const struct vm *)vm->e.before)->cpu_ns, 5);
	assert_int_equal(((const struct vm *)still_off->e.before)->memory_assigned_bytes, 7);
	assert_ptr_equal(vm->threads->e.before, was->threads->next);
	assert_ptr_equal(vm->threads->next->e.before, was->threads);
	assert_ptr_equal(vm->vcpus->e.before, was->vcpus->next);
	assert_ptr_equal(vm->nics->e.before, was->nics);
	snapshot_free(now);
	snapshot_free(before);
}

static void exits_are_linked_by_kind_reason_and_vcpu(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	const struct exit *pio, *mmio, *of_vcpu, *of_all;

	(void)state;
	pio = add_exit(before, was, EXIT_PIO, "0x3f8", -1);
	mmio = add_exit(before, was, EXIT_MMIO, "0x3f8", -1);
	of_vcpu = add_exit(before, was, EXIT_GUEST, "HLT", 0);
	of_all = add_exit(before, was, EXIT_GUEST, "HLT", -1);
	snapshot_finish(before, NULL);
	assert_ptr_equal(was->exits_by_reason, pio);
	add_exit(now, vm, EXIT_GUEST, "HLT", -1);
	add_exit(now, vm, EXIT_GUEST, "HLT", 0);
	add_exit(now, vm, EXIT_MMIO, "0x3f8", -1);
	add_exit(now, vm, EXIT_GUEST, "HLT", 1);
	snapshot_finish(now, before);
	assert_ptr_equal(vm->exits_by_reason->e.before, of_all);
	assert_ptr_equal(vm->exits_by_reason->next->e.before, of_vcpu);
	assert_ptr_equal(vm->exits_by_reason->next->next->e.before, mmio);
	assert_null(vm->exits_by_reason->next->next->next->e.before);
	snapshot_free(now);
	snapshot_free(before);
}

static void an_exit_reason_that_is_new_began_at_zero(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm = add_vm(now, "web", 10, 50);
	struct exit *recent, *old;
	const struct exit *was;

	(void)state;
	add_vm(before, "web", 10, 50);
	recent = add_exit(now, vm, EXIT_GUEST, "CPUID", -1);
	recent->start_ns = 100 * NSEC_PER_SEC + 1;
	old = add_exit(now, vm, EXIT_GUEST, "HLT", -1);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	was = recent->e.before;
	assert_non_null(was);
	assert_int_equal(was->count, 0);
	assert_true(was->e.have & SRC_EXITS);
	assert_null(old->e.before); /* nobody knows since when it has been counted */
	snapshot_free(now);
	snapshot_free(before);
}

static void a_holder_is_known_by_its_pid(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	struct vm *hog_was = add_vm(before, "hog", 20, 50), *hog = add_vm(now, "renamed", 20, 50);
	struct vm *other = add_vm(now, "hog", 30, 50);
	const struct blame *held;

	(void)state;
	held = add_vm_blame(before, was, hog_was);
	add_task_blame(before, was, "hog");
	add_vm_blame(now, vm, other);
	add_vm_blame(now, vm, hog);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_null(vm->blames->e.before);
	assert_ptr_equal(vm->blames->next->e.before, held);
	snapshot_free(now);
	snapshot_free(before);
}

static void a_task_that_held_a_cpu_is_known_by_its_name(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	const struct blame *backup, *self;
	struct blame *recent;

	(void)state;
	backup = add_task_blame(before, was, "backup");
	self = add_task_blame(before, was, "self");
	((struct blame *)self)->kind = HOLDER_SELF;
	add_task_blame(now, vm, "self"); /* a task that calls itself so */
	add_task_blame(now, vm, "backup");
	recent = add_task_blame(now, vm, "cron");
	recent->start_ns = 101 * NSEC_PER_SEC;
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_null(vm->blames->e.before);
	assert_ptr_equal(vm->blames->next->e.before, backup);
	assert_true(((const struct blame *)recent->e.before)->e.have & SRC_EVENTS);
	assert_int_equal(((const struct blame *)recent->e.before)->held_ns, 0);
	snapshot_free(now);
	snapshot_free(before);
}

/* The VM that held the CPU stands behind the one that waited, and libvirt came after both. */
static void a_holder_is_called_as_it_is_in_the_end(void **state)
{
	struct snapshot *snap = snapshot_at(1);
	struct vm *vm = add_vm(snap, "web", 10, 0), *hog = add_vm(snap, NULL, 20, 0);
	struct blame *blame = add_vm_blame(snap, vm, hog);

	(void)state;
	hog->uuid = "u-hog";
	snapshot_finish(snap, NULL);
	assert_string_equal(blame->holder, "pid 20");
	assert_string_equal(blame->holder_uuid, "u-hog");
	assert_int_equal(blame->holder_pid, 20);
	snapshot_free(snap);
}

/* At 100 s by ticks, at 102 s by events: of the vCPU itself and of the sum. */
static void guest_time_has_no_past_when_another_measure_takes_over(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	struct vcpu *vcpu = add_vcpu(now, vm, 0, 50), *newborn = add_vcpu(now, vm, 1, 101);

	(void)state;
	add_vcpu(before, was, 0, 50)->e.have |= SRC_GUEST | SRC_KVM;
	vcpu->e.have |= SRC_GUEST | SRC_KVM;
	vcpu->guest_by = GUEST_BY_EVENTS;
	newborn->e.have |= SRC_GUEST | SRC_KVM;
	newborn->guest_by = GUEST_BY_EVENTS;
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_int_equal(
		((const struct entity *)vcpu->e.before)->have & (SRC_GUEST | SRC_KVM), SRC_KVM);
	assert_int_equal(
		((const struct entity *)vm->e.before)->have & (SRC_GUEST | SRC_KVM), SRC_KVM);
	assert_true(((const struct entity *)newborn->e.before)->have & SRC_GUEST);
	assert_true(was->vcpus->e.have & SRC_GUEST);
	snapshot_free(now);
	snapshot_free(before);
}

static void reused_pid_or_tid_is_another_entity(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 101);
	struct vm *same_was = add_vm(before, "db", 20, 50), *same = add_vm(now, "db", 20, 50);

	(void)state;
	was->cpu_ns = 1000;
	add_thread(before, same_was, 21, 60)->sched.run_ns = 1000;
	add_thread(now, same, 21, 101);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_int_equal(((const struct vm *)vm->e.before)->cpu_ns, 0);
	assert_int_equal(((const struct thread *)same->threads->e.before)->sched.run_ns, 0);
	snapshot_free(now);
	snapshot_free(before);
}

static void entity_born_within_the_interval_began_at_zero(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm = add_vm(now, "web", 10, 101);
	const struct vm *was;

	(void)state;
	add_thread(now, vm, 10, 101);
	add_nic(now, vm, "tap0", 1000);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	was = vm->e.before;
	assert_non_null(was);
	assert_int_equal(was->cpu_ns, 0);
	assert_true(was->e.have & SRC_SCHED);
	assert_non_null(vm->threads->e.before);
	/* The tap may have counted before the VM used it. */
	assert_null(vm->nics->e.before);
	assert_false(was->e.have & SRC_NET);
	snapshot_free(now);
	snapshot_free(before);
}

static void entity_found_late_has_no_past(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm = add_vm(now, "web", 10, 99);

	(void)state;
	add_thread(now, vm, 10, 99);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_null(vm->e.before);
	assert_null(vm->threads->e.before);
	snapshot_free(now);
	snapshot_free(before);
}

static void without_a_boot_clock_nothing_is_taken_for_newborn(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm = add_vm(now, "web", 10, 101);

	(void)state;
	before->boot_ns = 0;
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_null(vm->e.before);
	snapshot_free(now);
	snapshot_free(before);
}

static void unplugged_nic_takes_nothing_from_the_past_of_the_sum(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	const struct vm *base;

	(void)state;
	add_nic(before, was, "tap0", 1000);
	add_nic(before, was, "tap1", 50);
	add_nic(now, vm, "tap1", 80);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	base = vm->e.before;
	assert_int_equal(vm->net.rx_bytes, 80);
	assert_int_equal(base->net.rx_bytes, 50);
	assert_true(base->e.have & SRC_NET);
	assert_int_equal(was->net.rx_bytes, 1050);
	snapshot_free(now);
	snapshot_free(before);
}

static void nic_without_a_past_leaves_the_sum_without_one(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *was = add_vm(before, "web", 10, 50), *vm = add_vm(now, "web", 10, 50);
	const struct vm *base;

	(void)state;
	was->e.have |= SRC_SCHED;
	vm->e.have |= SRC_SCHED;
	add_nic(before, was, "tap0", 10);
	add_nic(now, vm, "tap0", 20);
	add_nic(now, vm, "tap1", 1000000);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	base = vm->e.before;
	assert_false(base->e.have & SRC_NET);
	assert_true(base->e.have & SRC_SCHED);
	snapshot_free(now);
	snapshot_free(before);
}

static void ended_vm_takes_nothing_from_the_past_of_the_host(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *web = add_vm(before, "web", 10, 50), *db = add_vm(before, "db", 20, 50);
	struct vm *still = add_vm(now, "db", 20, 50), *born = add_vm(now, "new", 30, 101);

	(void)state;
	web->e.have = db->e.have = still->e.have = born->e.have = SRC_TICK | SRC_SCHED;
	web->cpu_ns = 1000;
	db->cpu_ns = 50;
	still->cpu_ns = 60;
	born->cpu_ns = 5;
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_int_equal(now->host.vm_ns, 65);
	assert_int_equal(((const struct host *)now->host.e.before)->vm_ns, 50);
	snapshot_free(now);
	snapshot_free(before);
}

/* A tick a second, libvirt polled at 100 s, 103 s and 105 s. */
static void past_of_polled_data_is_the_poll_before(void **state)
{
	static const struct {
		uint64_t second, polled, read_bytes, expected_polled, expected_bytes;
	} ticks[] = {
		{ 100, 100, 10, 0, 0 },
		{ 101, 100, 10, 0, 0 },
		{ 102, 100, 10, 0, 0 },
		{ 103, 103, 40, 100, 10 },
		{ 104, 103, 40, 100, 10 },
		{ 105, 105, 45, 103, 40 },
		{ 106, 105, 45, 103, 40 },
		{ 107, 105, 45, 103, 40 },
	};
	struct snapshot *before = NULL, *now;
	const struct disk *was;
	const struct vm *sum;
	struct vm *vm;

	(void)state;
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		now = snapshot_at(ticks[i].second);
		vm = add_vm(now, "web", 10, 50);
		vm->e.polled_ns = ticks[i].polled * NSEC_PER_SEC;
		add_disk(now, vm, "vda", ticks[i].read_bytes);
		snapshot_finish(now, before);
		snapshot_free(before);
		before = now;
		was = vm->disks->e.polled_before;
		sum = vm->e.polled_before;
		assert_int_equal(
			was ? was->e.polled_ns : 0, ticks[i].expected_polled * NSEC_PER_SEC);
		assert_int_equal(was ? was->io.read_bytes : 0, ticks[i].expected_bytes);
		assert_int_equal(sum ? sum->io.read_bytes : 0, ticks[i].expected_bytes);
		assert_true(vm->age_s == (double)(ticks[i].second - ticks[i].polled));
	}
	snapshot_free(before);
}

static void nothing_polled_has_no_age_and_no_poll_before(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm;

	(void)state;
	add_vm(before, "web", 10, 50);
	vm = add_vm(now, "web", 10, 50);
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_true(vm->age_s != vm->age_s);
	assert_null(vm->e.polled_before);
	snapshot_free(now);
	snapshot_free(before);
}

static void first_poll_has_none_before_it(void **state)
{
	struct snapshot *before = snapshot_at(100), *now = snapshot_at(102);
	struct vm *vm;

	(void)state;
	add_vm(before, "web", 10, 50);
	vm = add_vm(now, "web", 10, 50);
	vm->e.polled_ns = 101 * NSEC_PER_SEC;
	snapshot_finish(before, NULL);
	snapshot_finish(now, before);
	assert_null(vm->e.polled_before);
	snapshot_free(now);
	snapshot_free(before);
}

static struct snapshot *large_snapshot(uint64_t seconds)
{
	struct snapshot *snap = snapshot_at(seconds);
	char name[32];
	struct vm *vm;

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "vm%d", i * 7919 % 500);
		vm = add_vm(snap, name, 1000 + i * 20, 1);
		for (int k = 0; k < 12; k++)
			add_thread(snap, vm, 1000 + i * 20 + k, 1);
		for (unsigned k = 0; k < 8; k++)
			add_vcpu(snap, vm, k, 1);
	}
	return snap;
}

static void five_hundred_vms_are_finished_in_milliseconds(void **state)
{
	struct snapshot *before = large_snapshot(100), *now;
	uint64_t start_ns, best_ns = UINT64_MAX;

	(void)state;
	snapshot_finish(before, NULL);
	for (uint64_t i = 0; i < 5; i++) {
		now = large_snapshot(101 + i);
		start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		snapshot_finish(now, before);
		start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
		best_ns = start_ns < best_ns ? start_ns : best_ns;
		assert_non_null(now->vms->e.before);
		snapshot_free(before);
		before = now;
	}
	snapshot_free(before);
	print_message("# finished in %llu us\n", (unsigned long long)best_ns / 1000);
	/* About 1 ms; the rest is for sanitizers and slow machines. Quadratic would be 100 ms. */
	assert_true(best_ns < 30 * NSEC_PER_MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_is_found_by_pid_and_uuid_even_when_they_came_later),
		cmocka_unit_test(vm_without_a_process_is_not_found_by_pid_zero),
		cmocka_unit_test(nic_and_disk_of_a_key_exist_once),
		cmocka_unit_test(children_stay_in_the_order_they_were_added),
		cmocka_unit_test(sources_are_named_once_and_those_down_are_counted),
		cmocka_unit_test(too_many_sources_are_left_out),
		cmocka_unit_test(vms_are_ordered_by_name_then_uuid_then_pid),
		cmocka_unit_test(vm_without_a_name_is_called_by_its_pid),
		cmocka_unit_test(children_are_added_up),
		cmocka_unit_test(sum_of_what_one_child_did_not_report_is_not_known),
		cmocka_unit_test(totals_of_all_vcpus_are_added_up),
		cmocka_unit_test(totals_that_one_vcpu_lacks_are_absent_for_the_vm),
		cmocka_unit_test(polling_is_not_known_unless_both_its_outcomes_are),
		cmocka_unit_test(guest_time_of_a_vm_is_measured_as_that_of_its_worst_vcpu),
		cmocka_unit_test(switches_are_not_known_unless_both_sorts_are),
		cmocka_unit_test(sums_without_parts_are_kept),
		cmocka_unit_test(host_counts_what_runs),
		cmocka_unit_test(first_tick_has_no_past),
		cmocka_unit_test(a_step_of_the_wall_clock_changes_no_interval),
		cmocka_unit_test(entities_are_linked_by_their_keys),
		cmocka_unit_test(exits_are_linked_by_kind_reason_and_vcpu),
		cmocka_unit_test(an_exit_reason_that_is_new_began_at_zero),
		cmocka_unit_test(a_holder_is_known_by_its_pid),
		cmocka_unit_test(a_task_that_held_a_cpu_is_known_by_its_name),
		cmocka_unit_test(a_holder_is_called_as_it_is_in_the_end),
		cmocka_unit_test(guest_time_has_no_past_when_another_measure_takes_over),
		cmocka_unit_test(reused_pid_or_tid_is_another_entity),
		cmocka_unit_test(entity_born_within_the_interval_began_at_zero),
		cmocka_unit_test(entity_found_late_has_no_past),
		cmocka_unit_test(without_a_boot_clock_nothing_is_taken_for_newborn),
		cmocka_unit_test(unplugged_nic_takes_nothing_from_the_past_of_the_sum),
		cmocka_unit_test(nic_without_a_past_leaves_the_sum_without_one),
		cmocka_unit_test(ended_vm_takes_nothing_from_the_past_of_the_host),
		cmocka_unit_test(past_of_polled_data_is_the_poll_before),
		cmocka_unit_test(nothing_polled_has_no_age_and_no_poll_before),
		cmocka_unit_test(first_poll_has_none_before_it),
		cmocka_unit_test(five_hundred_vms_are_finished_in_milliseconds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
