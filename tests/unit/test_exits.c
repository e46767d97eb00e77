/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collector makes of the tables of exits that the kernel side has filled. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/kernel/kernel.h"

#define N_VCPUS 2
#define N_NUMBERS (N_VCPUS + 1) /* of slots and tables: 0 is nobody's */
#define BOOT_NS 5000

#define VMX(reason) \
	vmb_exit_key(VMB_EXIT_GUEST, (__u64)VMB_ISA_VMX << VMB_EXIT_ISA_SHIFT | (reason))
#define HLT VMX(12)
#define IO VMX(30)
#define UNREADABLE vmb_exit_key(VMB_EXIT_GUEST, VMB_EXIT_UNKNOWN)
#define PORT vmb_exit_key(VMB_EXIT_PIO, VMB_EXIT_WRITE | 0x80)

/* A kernel side with one VM of two vCPUs, each of which has the slot and the table of its number.
 */
struct fixture {
	struct kernel_side *side;
	struct vmb_slot slots[N_NUMBERS];
	struct vmb_exit_table tables[N_NUMBERS];
	struct vmb_control control;
	struct vmb_exit_control exit_control;
	struct process process;
	struct snapshot *snap;
	uint64_t guest_ticks_ns, kvm_exits; /* of each vCPU, by other means */
};

static int set_up(void **state)
{
	struct fixture *fixture = aligned_alloc(64, sizeof(*fixture));
	struct kernel_side *side = calloc(1, sizeof(*side));

	if (!fixture || !side)
		return -1;
	memset(fixture, 0, sizeof(*fixture));
	fixture->side = side;
	fixture->exit_control.interval = 1;
	fixture->control.highest_slot = N_VCPUS;
	fixture->control.mono_ns = 1000000;
	side->loader = (struct loader){
		.slots = fixture->slots,
		.control = &fixture->control,
		.exit_tables = fixture->tables,
		.exit_control = &fixture->exit_control,
		.n_slots = N_NUMBERS,
		.n_seen = N_NUMBERS,
		.n_exit_tables = N_NUMBERS,
		.exits.on = true,
		.exit_times = true,
	};
	side->slots = calloc(N_NUMBERS, sizeof(*side->slots));
	side->exits = calloc(N_NUMBERS, sizeof(*side->exits));
	side->exits_wanted = true;
	side->last_boot_ns = BOOT_NS;
	for (unsigned i = 1; i <= N_VCPUS; i++) {
		fixture->slots[i].number = fixture->slots[i].cpu.exits = i;
		fixture->slots[i].state = VMB_SLOT_LIVE;
	}
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	snapshot_free(fixture->snap);
	free(fixture->side->slots);
	free(fixture->side->exits);
	free(fixture->side);
	free(fixture);
	return 0;
}

/* One tick of the collector. Returns the VM as it is then. */
static struct vm *tick(struct fixture *fixture)
{
	struct process *process = &fixture->process;
	struct vm *vm;

	snapshot_free(fixture->snap);
	fixture->snap = snapshot_new();
	assert_non_null(fixture->snap);
	fixture->snap->boot_ns = fixture->side->last_boot_ns + 1000;
	vm = process->vm = snapshot_add_vm(fixture->snap);
	process->exit_sums = NULL;
	exits_begin(fixture->side);
	for (unsigned i = 1; i <= N_VCPUS; i++) {
		struct vcpu *vcpu = snapshot_add_vcpu(fixture->snap, vm);

		vcpu->index = i - 1;
		vcpu->e.have |= SRC_KVM | SRC_GUEST;
		vcpu->guest_ns = fixture->guest_ticks_ns;
		vcpu->totals.exits = fixture->kvm_exits;
		exits_note(fixture->side, fixture->snap, process, &fixture->slots[i], vcpu);
	}
	exits_fill(process);
	exits_describe(fixture->side, fixture->snap);
	return vm;
}

/* Adds exits, of `ns` each, to the row of a key in the table of a vCPU, as the kernel side does. */
static void add_exits(struct fixture *fixture, unsigned vcpu, uint64_t key, unsigned n, uint64_t ns)
{
	struct vmb_exit_table *table = &fixture->tables[vcpu + 1];
	struct vmb_exit_row *row = table->rows;
	unsigned side = fixture->exit_control.interval & 1, bucket = 0;

	while (row->key && row->key != key)
		row++;
	while (ns >> (bucket + VMB_LATENCY_SHIFT + 1))
		bucket++;
	row->key = key;
	row->count += n;
	row->handling_ns += n * ns;
	row->latency[bucket] += n;
	row->max_interval[side] = fixture->exit_control.interval;
	row->max_ns[side] = ns;
	fixture->exit_control.fires = 1;
}

static const struct exit *find_exit(const struct vm *vm, const char *reason, int64_t vcpu)
{
	const struct exit *exit = vm->exits_by_reason;

	while (exit && (strcmp(exit->reason, reason) != 0 || exit->vcpu != vcpu))
		exit = exit->next;
	assert_non_null(exit);
	return exit;
}

static unsigned count_rows(const struct vm *vm)
{
	unsigned n = 0;

	for (const struct exit *exit = vm->exits_by_reason; exit; exit = exit->next)
		n++;
	return n;
}

static void exits_of_a_reason_are_added_up_over_the_vcpus(void **state)
{
	struct fixture *fixture = *state;
	const struct exit *exit;
	const struct vm *vm;

	add_exits(fixture, 0, IO, 98, 3000);
	add_exits(fixture, 1, IO, 2, 40000);
	add_exits(fixture, 1, PORT, 5, 3000);
	vm = tick(fixture);
	assert_int_equal(count_rows(vm), 2);
	exit = find_exit(vm, "IO_INSTRUCTION", -1);
	assert_int_equal(exit->kind, EXIT_GUEST);
	assert_int_equal(exit->count, 100);
	assert_int_equal(exit->handling_ns, 98 * 3000 + 2 * 40000);
	/* The 99th of 100 is one of the long ones, whose bucket ends at 2^16 ns, beyond the
	 * longest.
	 */
	assert_true(exit->p99_s == 40000e-9);
	assert_true(exit->max_s == 40000e-9);
	assert_int_equal(find_exit(vm, "0x80:POUT", -1)->kind, EXIT_PIO);
}

static void exits_can_be_told_apart_by_vcpu(void **state)
{
	struct fixture *fixture = *state;
	const struct vm *vm;

	fixture->side->exits_by_vcpu = true;
	add_exits(fixture, 0, IO, 98, 3000);
	add_exits(fixture, 1, IO, 2, 40000);
	vm = tick(fixture);
	assert_int_equal(count_rows(vm), 2);
	assert_int_equal(find_exit(vm, "IO_INSTRUCTION", 0)->count, 98);
	assert_int_equal(find_exit(vm, "IO_INSTRUCTION", 1)->count, 2);
	assert_true(find_exit(vm, "IO_INSTRUCTION", 0)->max_s == 3000e-9);
}

static void an_interval_in_which_nothing_ended_has_no_quantile_and_no_longest_time(void **state)
{
	struct fixture *fixture = *state;
	const struct exit *exit;

	add_exits(fixture, 0, IO, 10, 3000);
	tick(fixture);
	exit = find_exit(tick(fixture), "IO_INSTRUCTION", -1);
	assert_int_equal(exit->count, 10);
	assert_true(isnan(exit->p99_s));
	assert_true(isnan(exit->max_s));
}

static void the_longest_time_is_of_the_interval(void **state)
{
	struct fixture *fixture = *state;
	const struct exit *exit;

	add_exits(fixture, 0, IO, 10, 90000);
	tick(fixture);
	add_exits(fixture, 0, IO, 10, 3000);
	exit = find_exit(tick(fixture), "IO_INSTRUCTION", -1);
	assert_true(exit->max_s == 3000e-9);
	assert_true(exit->p99_s == 3000e-9);
}

static void a_reason_that_is_new_began_after_the_last_tick(void **state)
{
	struct fixture *fixture = *state;
	const struct vm *vm;

	add_exits(fixture, 0, HLT, 1, 1000);
	vm = tick(fixture);
	assert_int_equal(find_exit(vm, "HLT", -1)->start_ns, BOOT_NS + 1);
	add_exits(fixture, 0, IO, 1, 1000);
	vm = tick(fixture);
	assert_int_equal(find_exit(vm, "IO_INSTRUCTION", -1)->start_ns, BOOT_NS + 1000 + 1);
	vm = tick(fixture);
	assert_int_equal(find_exit(vm, "HLT", -1)->start_ns, BOOT_NS + 1);
	assert_int_equal(find_exit(vm, "IO_INSTRUCTION", -1)->start_ns, BOOT_NS + 1000 + 1);
}

static void halts_are_no_handling(void **state)
{
	struct fixture *fixture = *state;
	const struct vcpu *vcpu;

	add_exits(fixture, 0, HLT, 3, 50000000);
	add_exits(fixture, 0, IO, 10, 3000);
	add_exits(fixture, 0, PORT, 10, 3000); /* the same exits seen from another side */
	vcpu = tick(fixture)->vcpus;
	assert_true(vcpu->e.have & SRC_EXITS);
	assert_int_equal(vcpu->exits.handling_ns, 30000);
}

static void without_reasons_it_cannot_be_told_what_was_no_halt(void **state)
{
	struct fixture *fixture = *state;
	const struct vm *vm;

	add_exits(fixture, 0, UNREADABLE, 3, 50000000);
	vm = tick(fixture);
	assert_int_equal(vm->vcpus->exits.handling_ns, NOT_REPORTED);
	assert_int_equal(find_exit(vm, "unknown", -1)->handling_ns, 150000000);
}

/* As with a paravirtual KVM: accesses are reported, exits and entries are not. */
static void without_entries_nothing_has_a_time_and_that_is_said(void **state)
{
	struct fixture *fixture = *state;
	const struct vm *vm;

	add_exits(fixture, 0, PORT, 7, 0);
	fixture->exit_control.fires = 0;
	fixture->kvm_exits = 100;
	vm = tick(fixture);
	assert_true(fixture->snap->sources[0].up); /* KVM may have had nothing to report yet */
	fixture->kvm_exits = 120;
	vm = tick(fixture);
	assert_int_equal(find_exit(vm, "0x80:POUT", -1)->count, 7);
	assert_int_equal(find_exit(vm, "0x80:POUT", -1)->handling_ns, NOT_REPORTED);
	assert_false(vm->vcpus->e.have & SRC_EXITS);
	assert_string_equal(fixture->snap->sources[0].name, "exits");
	assert_false(fixture->snap->sources[0].up);
}

static void an_idle_vm_is_no_silent_kvm(void **state)
{
	struct fixture *fixture = *state;

	fixture->kvm_exits = 100;
	tick(fixture);
	tick(fixture);
	assert_true(fixture->snap->sources[0].up);
}

static void time_in_the_guest_includes_the_stay_in_progress(void **state)
{
	struct fixture *fixture = *state;
	const struct vcpu *vcpu;

	add_exits(fixture, 0, IO, 1, 1000);
	fixture->tables[1].guest_ns = 300;
	fixture->tables[1].entered_ns = fixture->control.mono_ns - 50;
	vcpu = tick(fixture)->vcpus;
	assert_int_equal(vcpu->guest_by, GUEST_BY_EVENTS);
	assert_int_equal(vcpu->guest_ns, 350);
}

static void time_in_the_guest_never_goes_back(void **state)
{
	struct fixture *fixture = *state;

	add_exits(fixture, 0, IO, 1, 1000);
	fixture->tables[1].entered_ns = fixture->control.mono_ns - 50;
	assert_int_equal(tick(fixture)->vcpus->guest_ns, 50);
	/* The exit has been taken note of, its stay has not been added yet. */
	fixture->tables[1].entered_ns = 0;
	assert_int_equal(tick(fixture)->vcpus->guest_ns, 50);
}

static void a_vcpu_without_a_table_keeps_to_the_ticks(void **state)
{
	struct fixture *fixture = *state;
	const struct vm *vm;

	add_exits(fixture, 0, IO, 1, 1000);
	fixture->slots[2].cpu.exits = VMB_NO_EXITS;
	fixture->guest_ticks_ns = 100;
	vm = tick(fixture);
	assert_int_equal(vm->vcpus->guest_by, GUEST_BY_EVENTS);
	assert_int_equal(vm->vcpus->next->guest_by, GUEST_BY_TICKS);
	assert_int_equal(vm->vcpus->next->guest_ns, 100);
}

static void reasons_are_written_as_perf_writes_them(void **state)
{
	const struct {
		uint64_t key;
		const char *reason;
		enum exit_kind kind;
	} cases[] = {
		{ VMX(12), "HLT", EXIT_GUEST },
		{ VMX(5), "0x5", EXIT_GUEST },
		{ VMX(0x80000021), "INVALID_STATE FAILED_VMENTRY", EXIT_GUEST },
		{ vmb_exit_key(VMB_EXIT_GUEST, (__u64)VMB_ISA_SVM << VMB_EXIT_ISA_SHIFT | 0x400),
			"npf", EXIT_GUEST },
		{ vmb_exit_key(VMB_EXIT_GUEST, 7ull << VMB_EXIT_ISA_SHIFT | 0x99), "0x99",
			EXIT_GUEST },
		{ UNREADABLE, "unknown", EXIT_GUEST },
		{ vmb_exit_key(VMB_EXIT_USERSPACE, 2), "IO", EXIT_USERSPACE },
		{ vmb_exit_key(VMB_EXIT_USERSPACE, 999), "0x3e7", EXIT_USERSPACE },
		{ vmb_exit_key(VMB_EXIT_USERSPACE, VMB_EXIT_FAILED), "error", EXIT_USERSPACE },
		{ PORT, "0x80:POUT", EXIT_PIO },
		{ vmb_exit_key(VMB_EXIT_PIO, 0xcfc), "0xcfc:PIN", EXIT_PIO },
		{ vmb_exit_key(VMB_EXIT_PIO, VMB_EXIT_OTHER), "other", EXIT_PIO },
		{ vmb_exit_key(VMB_EXIT_MMIO, VMB_EXIT_WRITE | 0xfee00), "0xfee00000:W",
			EXIT_MMIO },
		{ vmb_exit_key(VMB_EXIT_MMIO, 0xffffffffff), "0xffffffffff000:R", EXIT_MMIO },
	};
	struct fixture *fixture = *state;
	const struct vm *vm;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		add_exits(fixture, 0, cases[i].key, 1, 1000);
	vm = tick(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(find_exit(vm, cases[i].reason, -1)->kind, cases[i].kind);
}

static void nothing_is_said_where_nobody_wants_exits(void **state)
{
	struct fixture *fixture = *state;

	fixture->side->loader.exits.on = false;
	fixture->side->exits_wanted = false;
	fixture->guest_ticks_ns = 100;
	assert_int_equal(tick(fixture)->vcpus->guest_ns, 100);
	assert_int_equal(fixture->snap->n_sources, 0);
}

#define test_case(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_case(exits_of_a_reason_are_added_up_over_the_vcpus),
		test_case(exits_can_be_told_apart_by_vcpu),
		test_case(an_interval_in_which_nothing_ended_has_no_quantile_and_no_longest_time),
		test_case(the_longest_time_is_of_the_interval),
		test_case(a_reason_that_is_new_began_after_the_last_tick),
		test_case(halts_are_no_handling),
		test_case(without_reasons_it_cannot_be_told_what_was_no_halt),
		test_case(without_entries_nothing_has_a_time_and_that_is_said),
		test_case(an_idle_vm_is_no_silent_kvm),
		test_case(time_in_the_guest_includes_the_stay_in_progress),
		test_case(time_in_the_guest_never_goes_back),
		test_case(a_vcpu_without_a_table_keeps_to_the_ticks),
		test_case(reasons_are_written_as_perf_writes_them),
		test_case(nothing_is_said_where_nobody_wants_exits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
