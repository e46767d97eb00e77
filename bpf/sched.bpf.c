// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What only events can tell about the threads of VMs: how long each wait for a CPU was, how long
 * they slept and how often they woke up; and that a thread begins or ends.
 *
 * A switch-out copies the scheduler's counters of the thread that leaves. From these and two time
 * stamps that the scheduler keeps, the slice that ends, the wait before it and the sleep before
 * that are all known without reading a clock and without a program on wake-ups.
 */
#include "blame.bpf.h"
#include "slot.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Of the slice that ends at `clock`: the wait before it is what run_delay grew by, and the sleep
 * before that is the rest of the time since the last switch-out.
 */
static __always_inline void account_slice(
	struct vmb_slot *slot, __u64 clock, __u64 arrival, __u64 run_delay)
{
	__u64 ready = run_delay - slot->cpu.sched.ready_ns;
	__s64 slept = arrival - ready - slot->cpu.begin_clock;
	__u32 bucket = latency_bucket(ready);

	slot->cpu.begin_clock = clock;
	barrier();
	slot->cpu.on_ns += clock - arrival;
	if (slept > 0)
		slot->cpu.wait_ns += slept;
	if (slot->cpu.asleep)
		slot->cpu.woken_ready_ns += ready;
	if (bucket < VMB_LATENCY_BUCKETS)
		slot->cpu.latency[bucket]++;
	if (slot->cpu.max_epoch != slot->walk.epoch) {
		slot->cpu.max_epoch = slot->walk.epoch;
		slot->cpu.max_ready_ns = 0;
	}
	if (ready > slot->cpu.max_ready_ns)
		slot->cpu.max_ready_ns = ready;
}

static __always_inline void copy_counters(struct vmb_slot *slot, struct task_struct *task)
{
	slot->cpu.sched.run_ns = task->se.sum_exec_runtime;
	slot->cpu.sched.ready_ns = task->sched_info.run_delay;
	slot->cpu.sched.voluntary = task->nvcsw;
	slot->cpu.sched.involuntary = task->nivcsw;
	slot->cpu.sched.migrations = task->se.nr_migrations;
}

/* The last switch-out of a thread: its number may be given to another from now on. */
static __always_inline void forget(struct vmb_slot *slot)
{
	__u32 row = slot->tid / VMB_CELLS;
	struct vmb_cells *cells = bpf_map_lookup_elem(&tids, &row);

	if (cells)
		cells->slot[slot->tid % VMB_CELLS] = 0;
	slot->state = VMB_SLOT_DEAD;
}

/* A thread of a VM leaves its CPU. */
static __always_inline void leave(
	struct vmb_slot *slot, struct task_struct *task, __u32 cpu, __u64 clock)
{
	/* The scheduler counted this switch already: a voluntary one begins a sleep. */
	__u32 asleep = task->nvcsw != slot->cpu.sched.voluntary;

	slot->cpu.wakeups += asleep;
	account_slice(slot, clock, task->sched_info.last_arrival, task->sched_info.run_delay);
	slot->cpu.asleep = asleep && task_is_in_kvm(task);
	copy_counters(slot, task);
	slot->cpu.host_cpu = cpu;
	barrier();
	slot->cpu.end_clock = clock;
	if (task_is_dead(task))
		forget(slot);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct vmb_slot *slot = slot_of(prev);
	__u64 clock = prev->se.cfs_rq->rq->clock;
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring *ring;

	if (slot)
		leave(slot, prev, cpu, clock);
	ring = ring_of(cpu);
	if (!ring)
		return 0;
	slot = slot_of(next);
	if (slot) {
		account_wait(ring, slot, next, clock);
		if (ring_is_of(ring, slot->vm))
			return 0;
	}
	ring_begin(ring, whose_is(next, slot), next->comm, clock);
	return 0;
}

/* A new thread of a VM gets its slot before its first instruction. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task, __u64 clone_flags)
{
	struct task_struct *leader;
	struct vmb_process *process;

	if (!(clone_flags & CLONE_THREAD))
		return 0;
	leader = task->group_leader;
	process = process_of(leader);
	if (!process || process->verdict != VMB_IS_VM)
		return 0;
	slot_new(task, leader->start_boottime, process->vm,
		bpf_get_current_task_btf()->se.cfs_rq->rq->clock);
	return 0;
}
