/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Who had the CPU while a thread of a VM waited for it. Each CPU keeps its last slices; a wait that
 * ends is held against them. It takes neither a clock nor a program on wake-ups: the scheduler
 * remembers since when a thread is ready, and forgets it only after the switch.
 */
#ifndef VMBPF_BLAME_BPF_H
#define VMBPF_BLAME_BPF_H

#include "maps.bpf.h"

/* A slice lasts until the next one of its ring begins; the newest is in progress. */
struct slice {
	__u64 begin; /* run-queue clock */
	__u64 comm[2];
	__u32 vm; /* 0: a task of no VM, VMB_IDLE: nobody */
	__u32 flags; /* of the task, PF_* */
};

/*
 * Waits that reach back further are attributed in part. A power of two. These cover 20 ms of a CPU
 * that switches 50,000 times a second, as one at work for the network does.
 */
#define SLICES 1024

/* Within this time the order of the slices of two that take turns is not kept. */
#define TURNS_NS 250000

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

static __always_inline bool is_of_one(const struct slice *one, const struct slice *other)
{
	if (one->vm != other->vm)
		return false;
	return one->vm || (one->comm[0] == other->comm[0] && one->comm[1] == other->comm[1]);
}

/* Whether the slice to come makes four of two holders in turn, within so short a time. */
static __always_inline bool take_turns(struct ring *ring, const struct slice *next)
{
	const struct slice *first = slice_at(ring, ring->n - 3);

	return next->begin - first->begin < TURNS_NS &&
	       is_of_one(slice_at(ring, ring->n - 2), next) &&
	       is_of_one(first, slice_at(ring, ring->n - 1));
}

/*
 * The slice that has been written behind the newest one begins. Threads of one VM that follow each
 * other, or tasks of one name, are one slice. Of two that take turns, the former gets its time in
 * one piece before that of the latter, so that a fast exchange does not fill the ring.
 */
static __always_inline void ring_publish(struct ring *ring)
{
	struct slice *next = slice_at(ring, ring->n), *newest = slice_at(ring, ring->n - 1);

	if (is_of_one(newest, next))
		return;
	if (take_turns(ring, next)) {
		slice_at(ring, ring->n - 2)->begin += next->begin - newest->begin;
		ring->n--;
		return;
	}
	barrier();
	ring->n++;
}

/* The slice of `task`, which begins now on the CPU of this ring. `slot` is its slot, or NULL. */
static __always_inline void ring_push(
	struct ring *ring, struct task_struct *task, const struct vmb_slot *slot, __u64 clock)
{
	struct slice *slice = slice_at(ring, ring->n);

	slice->begin = clock;
	slice->comm[0] = *(__u64 *)&task->comm[0];
	slice->comm[1] = *(__u64 *)&task->comm[8];
	slice->flags = task->flags;
	if (slot)
		slice->vm = slot->vm;
	else
		slice->vm = task->pid ? 0 : VMB_IDLE;
	ring_publish(ring);
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
	__u8 separator = slice->flags & PF_KTHREAD ? '/' : '\0';
	__u64 kept = bytes_before_end(holder->comm[0], separator);

	holder->comm[0] &= kept;
	holder->comm[1] &= ~kept ? 0 : bytes_before_end(holder->comm[1], separator);
}

static __always_inline struct holder holder_of(const struct slice *slice)
{
	struct holder holder = { .vm = slice->vm };

	if (holder.vm)
		return holder;
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
	if (slice->vm == VMB_IDLE) {
		slot->cpu.held_ns[VMB_BY_NOBODY] += ns;
		return;
	}
	if (slice->vm && slice->vm == slot->vm) {
		slot->cpu.held_ns[VMB_BY_SELF] += ns;
		return;
	}
	slot->cpu.held_ns[slice->vm ? VMB_BY_VM : VMB_BY_HOST] += ns;
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
