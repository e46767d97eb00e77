/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Who had the CPU while a thread of a VM waited for it. Each CPU keeps its last slices; a wait that
 * ends is held against them. It takes neither a clock nor a program on wake-ups: the scheduler
 * remembers since when a thread is ready, and forgets it only after the switch.
 */
#ifndef VMBPF_BLAME_BPF_H
#define VMBPF_BLAME_BPF_H

#include "maps.bpf.h"

/*
 * A slice lasts until the next one of its ring begins; the newest is in progress. Whose it is, in
 * one number: of a VM its own; of other tasks the upper half is the id and the lower are the flags.
 * The idle task has no id, and flags beyond all numbers of VMs, being a thread of the kernel.
 */
struct slice {
	__u64 begin; /* run-queue clock */
	__u64 whose;
	__u64 comm[2]; /* means something for a task of no VM */
};

/*
 * Waits that reach back further are attributed in part. A power of two. These cover 40 ms of a CPU
 * that switches 50,000 times a second, as one at work for the network does.
 */
#define SLICES 2048

struct ring {
	__u64 n; /* slices so far */
	struct slice slices[SLICES];
};

/* One for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ring);
} rings SEC(".maps");

/* One row for each VM, by its number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VMB_MAX_VMS);
	__type(key, __u32);
	__type(value, struct vmb_blame_row);
} blames SEC(".maps");

static __always_inline struct ring *ring_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline struct slice *slice_at(struct ring *ring, __u64 number)
{
	return &ring->slices[number & (SLICES - 1)];
}

static __always_inline bool is_of_task(__u64 whose)
{
	return whose >> 32;
}

static __always_inline bool is_of_nobody(__u64 whose)
{
	return !is_of_task(whose) && whose >= VMB_MAX_VMS;
}

/* `slot` is the slot of the task, or NULL. */
static __always_inline __u64 whose_is(struct task_struct *task, const struct vmb_slot *slot)
{
	return slot ? slot->vm : (__u64)task->pid << 32 | task->flags;
}

/*
 * Whether the slice in progress is of that VM. Its slices that follow each other can be one, so
 * that an exchange between a vCPU and the thread that serves it does not fill the ring. Tasks of no
 * VM are not asked: that would cost each of their switches more than to write.
 */
static __always_inline bool ring_is_of(struct ring *ring, __u32 vm)
{
	return slice_at(ring, ring->n - 1)->whose == vm;
}

/* A slice begins. */
static __always_inline void ring_begin(
	struct ring *ring, __u64 whose, const char *comm, __u64 clock)
{
	struct slice *slice = slice_at(ring, ring->n);

	slice->begin = clock;
	slice->whose = whose;
	slice->comm[0] = *(__u64 *)&comm[0];
	slice->comm[1] = *(__u64 *)&comm[8];
	barrier();
	ring->n++;
}

/* What a row knows of a holder. */
struct holder {
	__u64 comm[2]; /* zero for a VM */
	__u32 vm;
};

/*
 * The bytes of a text in front of its first zero byte or `separator`, as a mask; the first byte is
 * the lowest. Without a loop or a branch, which the verifier would follow byte by byte: all ones
 * where there is no such byte, since a lone 1 is then missing to be taken off.
 */
static __always_inline __u64 bytes_before_end(__u64 text, __u8 separator)
{
	const __u64 ones = 0x0101010101010101ull, tops = ones << 7;
	__u64 other = text ^ ones * separator;
	__u64 ends = (((text - ones) & ~text) | ((other - ones) & ~other)) & tops;

	return ((ends & -ends) >> 7) - 1;
}

/*
 * What follows the end of a name is not always zero. The kernel's own threads are called after
 * their CPU or queue ("kworker/3:1"), and all of one kind are one holder.
 */
static __always_inline void name_holder(const struct slice *slice, struct holder *holder)
{
	__u8 separator = slice->whose & PF_KTHREAD ? '/' : '\0';
	__u64 kept = bytes_before_end(holder->comm[0], separator);

	holder->comm[0] &= kept;
	holder->comm[1] &= ~kept ? 0 : bytes_before_end(holder->comm[1], separator);
}

static __always_inline struct holder holder_of(const struct slice *slice)
{
	struct holder holder = { 0 };

	if (!is_of_task(slice->whose)) {
		holder.vm = slice->whose;
		return holder;
	}
	holder.comm[0] = slice->comm[0];
	holder.comm[1] = slice->comm[1];
	name_holder(slice, &holder);
	return holder;
}

static __always_inline __u32 hash_of(const struct holder *holder)
{
	__u64 key = holder->vm + holder->comm[0] + holder->comm[1] * 31;

	return key * 0x9e3779b97f4a7c15ull >> 40;
}

static __always_inline bool is_of(const struct vmb_blame *cell, const struct holder *holder)
{
	const __u64 *comm = (const __u64 *)cell->comm;

	return cell->state == VMB_BLAME_READY && cell->vm == holder->vm &&
	       comm[0] == holder->comm[0] && comm[1] == holder->comm[1];
}

/* True when the cell was free and is this holder's now. */
static __always_inline bool claim(struct vmb_blame *cell, const struct holder *holder)
{
	__u64 *comm = (__u64 *)cell->comm;

	if (cell->state != VMB_BLAME_FREE ||
		__sync_val_compare_and_swap(&cell->state, VMB_BLAME_FREE, VMB_BLAME_CLAIMED) !=
			VMB_BLAME_FREE)
		return false;
	cell->vm = holder->vm;
	comm[0] = holder->comm[0];
	comm[1] = holder->comm[1];
	cell->ns = 0; /* an addition may have been late when it was freed */
	barrier();
	cell->state = VMB_BLAME_READY;
	return true;
}

/* The vCPUs of a VM may be charged on several CPUs at once, hence the only atomic addition. */
static __always_inline void charge_holder(__u32 victim, const struct slice *slice, __u64 ns)
{
	struct vmb_blame_row *row = bpf_map_lookup_elem(&blames, &victim);
	struct holder holder = holder_of(slice);
	__u32 hash = hash_of(&holder), at;
	struct vmb_blame *cell;

	if (!row)
		return;
	for (__u32 i = 0; i < VMB_BLAME_PROBES; i++) {
		at = (hash + i) % VMB_BLAMES;
		barrier_var(at);
		if (at >= VMB_BLAME_OTHER)
			continue;
		cell = &row->cells[at];
		if (is_of(cell, &holder) || claim(cell, &holder)) {
			__sync_fetch_and_add(&cell->ns, ns);
			return;
		}
	}
	__sync_fetch_and_add(&row->cells[VMB_BLAME_OTHER].ns, ns);
}

static __always_inline void charge_slice(struct vmb_slot *slot, const struct slice *slice, __u64 ns)
{
	if (is_of_nobody(slice->whose)) {
		slot->cpu.held_ns[VMB_BY_NOBODY] += ns;
		return;
	}
	if (slice->whose == slot->vm) {
		slot->cpu.held_ns[VMB_BY_SELF] += ns;
		return;
	}
	slot->cpu.held_ns[is_of_task(slice->whose) ? VMB_BY_HOST : VMB_BY_VM] += ns;
	if (slot->victim)
		charge_holder(slot->victim, slice, ns);
}

/*
 * Charges what of the slice lies between `from` and `until`, and returns where that begins: the end
 * of what is left. This and ring_charge() are not static, so that the verifier looks at each of
 * them once; what charge() returns is any number to it, so that the paths through one slice are
 * one path again for the next.
 */
__noinline __u64 charge(struct vmb_slot *slot, struct slice *slice, __u64 from, __u64 until)
{
	__u64 begin;

	if (!slot || !slice)
		return until;
	begin = slice->begin > from ? slice->begin : from;
	if (begin >= until)
		return until;
	charge_slice(slot, slice, until - begin);
	return begin;
}

/*
 * Charges the time from `from` to `until` to those who ran meanwhile on the CPU of this ring, from
 * the newest slice back. Another CPU's ring may grow while it is read.
 */
__noinline int ring_charge(struct ring *ring, struct vmb_slot *slot, __u64 from, __u64 until)
{
	__u64 n;

	if (!ring || !slot)
		return 0;
	n = ring->n;
	barrier_var(n);
	for (__u64 i = 1; i < SLICES && i <= n && from < until; i++)
		until = charge(slot, slice_at(ring, n - i), from, until);
	return 0;
}

/* The scheduler's account of a wait that ends now. */
struct wait {
	__u64 queued; /* run-queue clock since when the thread has waited on this CPU */
	__u64 elsewhere_ns; /* and how long it had waited before that, since it last ran */
	__u64 moves; /* to other CPUs since then */
};

/*
 * What a thread waited before it was moved: with one move since it left a CPU, that was there. With
 * more it is not known where, and nobody is blamed.
 */
static __always_inline void charge_wait(
	struct ring *here, struct vmb_slot *slot, const struct wait *wait, __u64 clock)
{
	const struct slice *newest = slice_at(here, here->n - 1);
	struct ring *there = here;

	if (!wait->queued || wait->queued > clock)
		return;
	/* Mostly one slice covers the wait, and a call costs as much as all that is done in it. */
	if (here->n && newest->begin <= wait->queued)
		charge_slice(slot, newest, clock - wait->queued);
	else
		ring_charge(here, slot, wait->queued, clock);
	if (!wait->elsewhere_ns || wait->moves > 1)
		return;
	if (wait->moves)
		there = ring_of(slot->cpu.host_cpu);
	if (there)
		ring_charge(there, slot, wait->queued - wait->elsewhere_ns, wait->queued);
}

/* The wait of `task`, which is about to run on the CPU of this ring. */
static __always_inline void account_wait(
	struct ring *ring, struct vmb_slot *slot, struct task_struct *task, __u64 clock)
{
	const struct wait wait = {
		.queued = task->sched_info.last_queued,
		.elsewhere_ns = task->sched_info.run_delay - slot->cpu.sched.ready_ns,
		.moves = task->se.nr_migrations - slot->cpu.sched.migrations,
	};

	charge_wait(ring, slot, &wait, clock);
}

#endif
