// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Why vCPUs leave the guest, how long it takes until they enter it again, and how long they stay in
 * it. Attached only while somebody looks at exits.
 *
 * Each vCPU thread has a table of its own, so that an exit costs two clock reads and no hash, no
 * lock and no atomic. What an exit turns out to be is counted when it is known; the time goes to
 * all of that at the next entry.
 */
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile struct vmb_exit_control exit_control;

/* exit_tables[0] is nobody's, so that 0 can mean none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct vmb_exit_table);
} exit_tables SEC(".maps");

/* Numbers of free tables. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 256);
	__type(value, __u32);
} free_tables SEC(".maps");

/* A thread for which there is no table is not asked for again at each of its exits. */
static __noinline __u32 take_table(struct vmb_slot *slot)
{
	__u32 number;

	if (bpf_map_pop_elem(&free_tables, &number))
		number = VMB_NO_EXITS;
	slot->cpu.exits = number;
	return number;
}

/* The table of the running thread, or NULL: a thread of no VM, or one without a table. */
static __always_inline struct vmb_exit_table *my_table(struct task_struct *me)
{
	struct vmb_slot *slot = slot_of(me);
	struct vmb_exit_table *table;
	__u32 number;

	if (!slot)
		return NULL;
	number = slot->cpu.exits;
	if (!number)
		number = take_table(slot);
	table = bpf_map_lookup_elem(&exit_tables, &number);
	if (!table)
		__sync_fetch_and_add(&exit_control.lost, 1);
	return table;
}

static __always_inline __u32 kind_of(__u64 key)
{
	return (key >> VMB_EXIT_KIND_SHIFT) - 1;
}

/* Guests choose what they access: whatever that is, their reasons keep rows of their own. */
static __always_inline __u32 first_row(__u64 key)
{
	return kind_of(key) < VMB_EXIT_PIO ? VMB_EXIT_KINDS : VMB_EXIT_KINDS + VMB_EXIT_REASONS;
}

_Static_assert(VMB_EXIT_REASONS == VMB_EXIT_ACCESSES, "both are searched alike");

/*
 * The row of a key, which becomes its own if it has none. Not static, so that the verifier looks at
 * it once.
 */
__noinline int find_row(struct vmb_exit_table *table, __u64 key)
{
	__u32 hash = key * 0x9e3779b97f4a7c15ull >> 40, at;

	if (!table)
		return 0;
	for (__u32 i = 0; i < VMB_EXIT_REASONS; i++) {
		at = first_row(key) + (hash + i) % VMB_EXIT_REASONS;
		barrier_var(at);
		if (at >= VMB_EXIT_ROWS)
			return 0;
		if (!table->rows[at].key)
			table->rows[at].key = key;
		if (table->rows[at].key == key)
			return at;
	}
	at = kind_of(key);
	if (at >= VMB_EXIT_KINDS)
		return 0;
	table->rows[at].key = vmb_exit_key(at, VMB_EXIT_OTHER);
	return at;
}

/* Of several accesses in one exit the first one has the time. */
static __always_inline void count(struct vmb_exit_table *table, __u64 key)
{
	__u32 at = find_row(table, key), kind = kind_of(key);

	barrier_var(at); /* the verifier does not know what find_row() returns */
	if (at >= VMB_EXIT_ROWS || kind >= VMB_EXIT_KINDS)
		return;
	table->rows[at].count++;
	if (!table->pending[kind])
		table->pending[kind] = at + 1;
}

/* As find_row() not static. */
__noinline int add_time(struct vmb_exit_row *row, __u64 ns)
{
	__u32 bucket = latency_bucket(ns), present = exit_control.interval, side = present & 1;

	if (!row)
		return 0;
	row->handling_ns += ns;
	barrier_var(bucket);
	if (bucket < VMB_LATENCY_BUCKETS)
		row->latency[bucket]++;
	if (row->max_interval[side] != present) {
		row->max_interval[side] = present;
		row->max_ns[side] = 0;
	}
	if (ns > row->max_ns[side])
		row->max_ns[side] = ns;
	return 0;
}

/*
 * Until 6.4, KVM for AMD reports an exit only when the host's interrupts are enabled again, so that
 * the thread may have lost its CPU in between. It was ready all that time, which the scheduler has
 * measured: `delay_ns` is what it ever was.
 */
static __always_inline void leave_guest(
	struct vmb_exit_table *table, __u64 key, __u64 now, __u64 delay_ns)
{
	__s64 stay = now - table->entered_ns - (delay_ns - table->delay_ns);
	bool was_inside = table->entered_ns;

	table->entered_ns = 0;
	barrier();
	if (was_inside && stay > 0)
		table->guest_ns += stay;
	for (__u32 kind = 0; kind < VMB_EXIT_KINDS; kind++)
		table->pending[kind] = 0;
	count(table, key);
	table->exited_ns = now;
}

/* An entry without an exit since the last one: what was in between was not reported. */
static __always_inline void enter_guest(struct vmb_exit_table *table, __u64 now, __u64 delay_ns)
{
	__u64 ns = now - table->exited_ns;
	__u32 at;

	for (__u32 kind = 0; kind < VMB_EXIT_KINDS && table->exited_ns; kind++) {
		at = table->pending[kind] - 1;
		barrier_var(at);
		if (at < VMB_EXIT_ROWS)
			add_time(&table->rows[at], ns);
	}
	table->exited_ns = 0;
	if (table->entered_ns)
		return;
	table->delay_ns = delay_ns;
	table->entered_ns = now;
}

/* Bits beside the reason say what else was the case; of these one is a failure of its own. */
static __always_inline __u64 guest_key(__u32 isa, __u32 reason)
{
	if (isa == VMB_ISA_VMX)
		reason &= VMB_VMX_FAILED_ENTRY | 0xffff;
	return vmb_exit_key(VMB_EXIT_GUEST, (__u64)(isa & 0xffff) << VMB_EXIT_ISA_SHIFT | reason);
}

/* Other back ends keep their reasons elsewhere: these exits are counted all the same. */
static __always_inline __u64 reason_of(struct kvm_vcpu *vcpu, __u32 isa)
{
	__u32 reason;

	if (isa == VMB_ISA_VMX && kvm_vmx_reason(vcpu, &reason))
		return guest_key(isa, reason);
	if (isa == VMB_ISA_SVM && kvm_svm_reason(vcpu, &reason))
		return guest_key(isa, reason);
	return vmb_exit_key(VMB_EXIT_GUEST, VMB_EXIT_UNKNOWN);
}

static __always_inline void note(__u64 key)
{
	struct vmb_exit_table *table = my_table(bpf_get_current_task_btf());

	if (table)
		count(table, key);
}

/* Read by all CPUs, so it is written once. */
static __always_inline void note_firing(void)
{
	if (!exit_control.fires)
		exit_control.fires = 1;
}

static __always_inline void note_exit(__u64 key)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct vmb_exit_table *table = my_table(me);

	note_firing();
	if (table)
		leave_guest(table, key, bpf_ktime_get_ns(), me->sched_info.run_delay);
}

/* Where KVM is a module, the verifier wants to see every vCPU compared with NULL. */
SEC("tp_btf/kvm_exit")
int BPF_PROG(on_exit, struct kvm_vcpu *vcpu, __u32 isa)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct vmb_exit_table *table;
	__u64 now;

	if (!vcpu)
		return 0;
	note_firing();
	table = my_table(me);
	if (!table)
		return 0;
	now = bpf_ktime_get_ns();
	leave_guest(table, reason_of(vcpu, isa), now, me->sched_info.run_delay);
	return 0;
}

/* Its form until 5.15. */
SEC("tp_btf/kvm_exit")
int BPF_PROG(on_exit_with_reason, __u32 reason, struct kvm_vcpu *vcpu, __u32 isa)
{
	note_exit(guest_key(isa, reason));
	return 0;
}

/* Of forms that are not known, as other architectures have, at least that it happened. */
SEC("tp_btf/kvm_exit")
int BPF_PROG(on_exit_of_any_form)
{
	note_exit(vmb_exit_key(VMB_EXIT_GUEST, VMB_EXIT_UNKNOWN));
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(on_entry)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct vmb_exit_table *table = my_table(me);

	note_firing();
	if (table)
		enter_guest(table, bpf_ktime_get_ns(), me->sched_info.run_delay);
	return 0;
}

/* Interrupted by a signal, the reason is that of some exit before. */
#define EINTR 4
#define KVM_EXIT_INTR 10

static __always_inline __u64 userspace_key(__u32 reason, int error)
{
	if (error == -EINTR)
		return vmb_exit_key(VMB_EXIT_USERSPACE, KVM_EXIT_INTR);
	if (error < 0)
		return vmb_exit_key(VMB_EXIT_USERSPACE, VMB_EXIT_FAILED);
	return vmb_exit_key(VMB_EXIT_USERSPACE, reason);
}

SEC("tp_btf/kvm_userspace_exit")
int BPF_PROG(on_userspace_exit, __u32 reason, int error)
{
	note(userspace_key(reason, error));
	return 0;
}

static __always_inline __u64 pio_key(__u32 port, bool write)
{
	return vmb_exit_key(VMB_EXIT_PIO, (port & 0xffff) | (write ? VMB_EXIT_WRITE : 0));
}

/* Guests have at most 52 bits of physical addresses, so a page fits below the flags. */
static __always_inline __u64 mmio_key(__u64 address, bool write)
{
	return vmb_exit_key(VMB_EXIT_MMIO,
		VMB_EXIT_WHAT(address >> VMB_MMIO_PAGE_SHIFT) | (write ? VMB_EXIT_WRITE : 0));
}

SEC("tp_btf/kvm_pio")
int BPF_PROG(on_pio, unsigned int write, unsigned int port)
{
	note(pio_key(port, write));
	return 0;
}

/* include/trace/events/kvm.h: a read that QEMU has to serve is reported before and after. */
#define KVM_TRACE_MMIO_READ_UNSATISFIED 0
#define KVM_TRACE_MMIO_WRITE 2

SEC("tp_btf/kvm_mmio")
int BPF_PROG(on_mmio, int type, int length, __u64 address)
{
	if (type != KVM_TRACE_MMIO_READ_UNSATISFIED)
		note(mmio_key(address, type == KVM_TRACE_MMIO_WRITE));
	return 0;
}

/* Writes that wake up somebody else and need no answer, as those of virtio. */
SEC("tp_btf/kvm_fast_mmio")
int BPF_PROG(on_fast_mmio, __u64 address)
{
	note(mmio_key(address, true));
	return 0;
}
