/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Giving a thread its slot. User space takes slots back, once it has read what the thread left in
 * them. */
#ifndef VMBPF_SLOT_BPF_H
#define VMBPF_SLOT_BPF_H

#include "maps.bpf.h"

/* Numbers of free slots. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 16384);
	__type(value, __u32);
} free_slots SEC(".maps");

/* tgid -> what user space thinks of the process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct vmb_process);
} processes SEC(".maps");

/* The verdict on the process of that leader, or NULL: none yet, or the pid has been reused. */
static __always_inline struct vmb_process *process_of(struct task_struct *leader)
{
	__u32 tgid = leader->tgid;
	struct vmb_process *process = bpf_map_lookup_elem(&processes, &tgid);

	if (!process || process->start_ns != leader->start_boottime)
		return NULL;
	return process;
}

static __always_inline __u32 thread_flags(struct task_struct *task)
{
	__u32 flags = 0;

	if (task->flags & PF_KTHREAD)
		flags |= VMB_KTHREAD;
	else if (task->flags & PF_IO_WORKER)
		flags |= VMB_IO_WORKER;
	else if (task->flags & PF_USER_WORKER)
		flags |= VMB_USER_WORKER;
	return flags;
}

/* User space looks at the slots up to this one. Threads may begin on several CPUs at once. */
static __always_inline void raise_highest_slot(struct vmb_control *self, __u64 number)
{
	__u64 highest;

	for (int i = 0; i < 8; i++) {
		highest = self->highest_slot;
		if (number <= highest || __sync_val_compare_and_swap(
						 &self->highest_slot, highest, number) == highest)
			return;
	}
}

/*
 * The scheduler's own counters reach back to the thread's first instruction; of its sleep until now
 * it keeps no account. That is what is left of the thread's age beside running and being ready.
 * Measured from here on.
 */
static __always_inline void begin_account(
	struct vmb_slot *slot, struct task_struct *task, __u64 clock)
{
	__s64 slept = bpf_ktime_get_boot_ns() - task->start_boottime - task->se.sum_exec_runtime -
		      task->sched_info.run_delay;
	__u64 queued = task->sched_info.last_queued;
	bool running = task->on_cpu && !queued, asleep = !running && !queued;

	slot->cpu.sched.run_ns = task->se.sum_exec_runtime;
	slot->cpu.sched.ready_ns = task->sched_info.run_delay;
	slot->cpu.sched.voluntary = task->nvcsw;
	slot->cpu.sched.involuntary = task->nivcsw;
	slot->cpu.sched.migrations = task->se.nr_migrations;
	slot->cpu.on_ns = task->se.sum_exec_runtime;
	/* The slice in progress will be added as a whole when it ends, and so will the wait. */
	if (running) {
		slot->cpu.on_ns -= clock - task->sched_info.last_arrival;
		slept -= task->se.cfs_rq->rq->clock_task - task->se.exec_start;
	} else if (queued && clock > queued) {
		slept -= clock - queued;
	}
	if (slept > 0)
		slot->cpu.wait_ns = slept;
	slot->cpu.asleep = asleep && task_is_in_kvm(task);
	slot->cpu.wakeups = task->nvcsw - asleep;
	slot->cpu.host_cpu = task_cpu(task);
	slot->cpu.begin_clock = clock;
	slot->cpu.end_clock = clock;
}

/* Takes a free slot for a thread and publishes it. `clock` is now. */
static __always_inline struct vmb_slot *slot_new(
	struct task_struct *task, __u64 leader_start_ns, __u32 vm, __u64 clock)
{
	__u32 tid = task->pid;
	__u32 row = tid / VMB_CELLS;
	struct vmb_cells *cells = bpf_map_lookup_elem(&tids, &row);
	struct vmb_control *self = get_control();
	struct vmb_slot *slot;
	__u32 number;

	if (!self)
		return NULL;
	if (!cells) {
		__sync_fetch_and_add(&self->lost_tids, 1);
		return NULL;
	}
	if (bpf_map_pop_elem(&free_slots, &number)) {
		__sync_fetch_and_add(&self->lost_slots, 1);
		return NULL;
	}
	slot = bpf_map_lookup_elem(&slots, &number);
	if (!slot)
		return NULL;
	raise_highest_slot(self, number);
	slot->start_ns = task->start_boottime;
	slot->leader_start_ns = leader_start_ns;
	slot->tid = tid;
	slot->tgid = task->tgid;
	slot->flags = thread_flags(task);
	slot->number = number;
	slot->vm = vm;
	begin_account(slot, task, clock);
	slot->walk.vcpu = -1;
	slot->state = VMB_SLOT_LIVE;
	barrier_var(number);
	cells->slot[tid % VMB_CELLS] = number;
	return slot;
}

#endif
