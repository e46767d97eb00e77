/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From slots to threads and vCPUs of the snapshot; takes slots back when their threads have ended.
 */
#include <string.h>

#include "base/arena.h"
#include "collect/kernel/kernel.h"

/* A thread that ends is out of sight of the walk before it leaves its CPU for the last time. */
#define WALKS_UNSEEN 2

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Not reused before the next tick: the kernel side may just be writing to it. */
static void release(struct kernel_side *side, struct vmb_slot *slot)
{
	loader_forget_tid(&side->loader, slot->tid, slot->number);
	slot->state = VMB_SLOT_FREE;
	side->slots[slot->number] = (struct slot_memory){ 0 };
	side->freed[side->n_freed++] = slot->number;
}

static void give_back(struct kernel_side *side)
{
	for (unsigned i = 0; i < side->n_freed; i++) {
		exits_give_back(side, &side->loader.slots[side->freed[i]]);
		memset(&side->loader.slots[side->freed[i]], 0, sizeof(struct vmb_slot));
		loader_free_slot(&side->loader, side->freed[i]);
	}
	side->n_freed = 0;
}

unsigned end_of_slots(const struct kernel_side *side)
{
	uint64_t end = side->loader.control->highest_slot + 1;

	return end < side->loader.n_seen ? (unsigned)end : side->loader.n_seen;
}

void release_slots_of(struct kernel_side *side, pid_t pid)
{
	for (unsigned number = 1; number < end_of_slots(side); number++) {
		struct vmb_slot *slot = &side->loader.slots[number];

		if (slot->state != VMB_SLOT_FREE && slot->tgid == (__u32)pid)
			release(side, slot);
	}
}

/* The VM that a slot's thread works for, or NULL. */
static struct process *owner_of(const struct kernel_side *side, const struct vmb_slot *slot)
{
	struct process *process = find_process(side, (pid_t)slot->tgid);

	if (process && process->owner)
		process = find_process(side, process->owner);
	return process && process->vm ? process : NULL;
}

static bool has_ended(const struct kernel_side *side, const struct vmb_slot *slot)
{
	return slot->state == VMB_SLOT_DEAD ||
	       slot->walk.epoch + WALKS_UNSEEN <= side->loader.control->epoch;
}

/* What was counted since the last tick. */
static void take_latency(const struct vmb_slot *slot, struct slot_memory *memory,
	uint32_t interval[static VMB_LATENCY_BUCKETS])
{
	for (unsigned i = 0; i < VMB_LATENCY_BUCKETS; i++) {
		uint32_t now = slot->cpu.latency[i];

		interval[i] = now - memory->latency[i];
		memory->latency[i] = now;
	}
}

/* All as of the instant of the walk, so that what is on and off the CPU adds up. */
static void fill_sched(const struct vmb_slot *slot, struct sched_counters *ret)
{
	ret->run_ns = slot->walk.sched.run_ns;
	ret->ready_ns = slot->walk.sched.ready_ns;
	ret->overlap_ns = slot->walk.overlap_ns;
	ret->wait_ns = slot->walk.wait_ns;
	ret->voluntary = slot->walk.sched.voluntary;
	ret->involuntary = slot->walk.sched.involuntary;
	ret->migrations = slot->walk.sched.migrations;
	ret->wakeups = slot->walk.wakeups;
	ret->stolen_by_vm_ns = slot->walk.held_ns[VMB_BY_VM];
	ret->stolen_by_host_ns = slot->walk.held_ns[VMB_BY_HOST];
	ret->stolen_by_self_ns = slot->walk.held_ns[VMB_BY_SELF];
	ret->uncontended_ns = slot->walk.held_ns[VMB_BY_NOBODY];
}

/* What this kernel does not count is NOT_REPORTED there, as it is VMB_ABSENT here. */
static void fill_kvm(const struct vmb_slot *slot, struct kvm_counters *ret)
{
	const __u64 *totals = slot->walk.kvm;

	*ret = (struct kvm_counters){
		.exits = totals[VMB_KVM_EXITS],
		.io_exits = totals[VMB_KVM_IO_EXITS],
		.mmio_exits = totals[VMB_KVM_MMIO_EXITS],
		.halt_exits = totals[VMB_KVM_HALT_EXITS],
		.irq_exits = totals[VMB_KVM_IRQ_EXITS],
		.irq_window_exits = totals[VMB_KVM_IRQ_WINDOW_EXITS],
		.nmi_window_exits = totals[VMB_KVM_NMI_WINDOW_EXITS],
		.request_irq_exits = totals[VMB_KVM_REQUEST_IRQ_EXITS],
		.signal_exits = totals[VMB_KVM_SIGNAL_EXITS],
		.hypercalls = totals[VMB_KVM_HYPERCALLS],
		.emulated = totals[VMB_KVM_INSN_EMULATION],
		.poll_success_ns = totals[VMB_KVM_POLL_SUCCESS_NS],
		.poll_fail_ns = totals[VMB_KVM_POLL_FAIL_NS],
		.idle_ns = totals[VMB_KVM_IDLE_NS],
	};
}

static uint32_t sources_of(const struct kernel_side *side)
{
	const struct loader *loader = &side->loader;

	return SRC_TICK | SRC_SCHED | (loader->events.on ? SRC_EVENTS : 0u) |
	       (loader->net.on ? SRC_NET_THREAD : 0u);
}

/* `thread` is the one that runs the vCPU, `slot` its slot. */
static struct vcpu *add_vcpu(struct snapshot *snap, struct vm *vm, const struct thread *thread,
	const struct vmb_slot *slot)
{
	struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);

	vcpu->e.have = thread->e.have;
	vcpu->index = (uint64_t)thread->vcpu;
	vcpu->tid = thread->tid;
	vcpu->start_ns = thread->start_ns;
	vcpu->host_cpu = thread->host_cpu;
	vcpu->sched = thread->sched;
	vcpu->latency = thread->latency;
	vcpu->net_rx_bytes = thread->net_rx_bytes;
	vcpu->net_tx_bytes = thread->net_tx_bytes;
	if (slot->walk.kvm_vcpu) {
		vcpu->e.have |= SRC_KVM | SRC_GUEST;
		vcpu->guest_ns = slot->walk.guest_ns;
		vcpu->guest_by = GUEST_BY_TICKS;
		fill_kvm(slot, &vcpu->totals);
	}
	return vcpu;
}

static struct thread *add_thread(const struct kernel_side *side, struct snapshot *snap,
	struct vm *vm, const struct vmb_slot *slot, const struct slot_memory *memory)
{
	struct thread *thread = snapshot_add_thread(snap, vm);
	char comm[VMB_COMM_LEN + 1] = "";

	memcpy(comm, slot->walk.comm, VMB_COMM_LEN);
	thread->e.have = sources_of(side);
	thread->tid = (pid_t)slot->tid;
	thread->start_ns = slot->start_ns;
	thread->comm = snapshot_text(snap, comm);
	thread->role = memory->role;
	thread->evidence = memory->evidence;
	thread->vcpu = memory->vcpu;
	thread->host_cpu = slot->walk.host_cpu;
	thread->net_rx_bytes = slot->cpu.rx_bytes;
	thread->net_tx_bytes = slot->cpu.tx_bytes;
	fill_sched(slot, &thread->sched);
	return thread;
}

static void collect_one(struct kernel_side *side, struct snapshot *snap, struct process *process,
	struct vmb_slot *slot)
{
	struct slot_memory *memory = &side->slots[slot->number];
	uint32_t interval[VMB_LATENCY_BUCKETS];
	struct vm *vm = process->vm;
	struct vcpu *vcpu = NULL;
	struct thread *thread;

	decide_role(process, slot, memory);
	thread = add_thread(side, snap, vm, slot, memory);
	take_latency(slot, memory, interval);
	latency_summarise(interval, slot->walk.max_ready_ns, &thread->latency);
	process->n_threads++;
	vm->cpu_ns += thread->sched.run_ns;
	vm->role_ns[thread->role] += thread->sched.run_ns;
	slot->victim = thread->role == ROLE_VCPU ? process->number : 0;
	if (thread->role == ROLE_VCPU)
		vcpu = add_vcpu(snap, vm, thread, slot);
	limit_note(snap, process, slot, vcpu);
	if (!vcpu)
		return;
	exits_note(side, snap, process, slot, vcpu);
	for (unsigned i = 0; i < VMB_LATENCY_BUCKETS; i++)
		process->latency[i] += interval[i];
	process->max_ready_ns = max_u64(process->max_ready_ns, slot->walk.max_ready_ns);
}

/* Its CPU time stays with the VM, and what its waits were charged to with them. */
static void retire(struct kernel_side *side, struct process *process, struct vmb_slot *slot)
{
	uint64_t run_ns = max_u64(slot->walk.sched.run_ns, slot->cpu.sched.run_ns);
	enum role role;

	decide_role(process, slot, &side->slots[slot->number]);
	role = side->slots[slot->number].role;
	process->ended_ns[role] += run_ns;
	for (unsigned i = 0; role == ROLE_VCPU && i < VMB_HOLDERS; i++)
		process->ended_held_ns[i] += slot->cpu.held_ns[i];
	release(side, slot);
}

static void begin_vm(const struct kernel_side *side, struct snapshot *snap, struct process *process)
{
	struct vm *vm = snapshot_add_vm(snap);

	process->vm = vm;
	process->groups = NULL;
	process->exit_sums = NULL;
	process->n_threads = 0;
	process->max_ready_ns = 0;
	memset(process->latency, 0, sizeof(process->latency));
	vm->e.have = sources_of(side);
	vm->name = snapshot_text(snap, process->name);
	if (process->proxmox_id[0])
		vm->tags = arena_printf(snap->arena, "proxmox=%s", process->proxmox_id);
	vm->id = -1;
	vm->pid = process->pid;
	vm->start_ns = process->start_ns;
	vm->state = VM_NO_LIBVIRT;
	vm->kvm = process->kvm;
}

/* After its threads, since one may have ended just now. */
static void end_vm(struct process *process)
{
	struct vm *vm = process->vm;

	for (unsigned role = 0; role < N_ROLES; role++) {
		vm->role_ns[role] += process->ended_ns[role];
		vm->cpu_ns += process->ended_ns[role];
	}
	vm->n_threads = process->n_threads;
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		vm->n_vcpus++;
	latency_summarise(process->latency, process->max_ready_ns, &vm->latency);
	limit_fill(process);
	exits_fill(process);
}

void collect_threads(struct kernel_side *side, struct snapshot *snap)
{
	give_back(side);
	side->n_vms = 0;
	for (struct process *process = side->processes; process; process = process->next) {
		process->vm = NULL;
		if (!process->is_vm || process->owner)
			continue;
		begin_vm(side, snap, process);
		side->n_vms++;
	}
	for (unsigned number = 1; number < end_of_slots(side); number++) {
		struct vmb_slot *slot = &side->loader.slots[number];
		struct process *process;

		if (slot->state == VMB_SLOT_FREE)
			continue;
		process = owner_of(side, slot);
		if (process && !has_ended(side, slot))
			collect_one(side, snap, process, slot);
		else if (process)
			retire(side, process, slot);
		else
			release(side, slot);
	}
	for (struct process *process = side->processes; process; process = process->next) {
		if (process->vm)
			end_vm(process);
	}
}
