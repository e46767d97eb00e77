/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps that the objects share, and how a thread finds its slot. Each object declares them; the
 * loader creates them once and hands them to the others. Sizes are set between open and load.
 */
#ifndef VMBPF_MAPS_BPF_H
#define VMBPF_MAPS_BPF_H

#include "kernel.bpf.h"
#include "vmbpf/wire.h"

/* slots[0] is nobody's, so that 0 can mean none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct vmb_slot);
} slots SEC(".maps");

/* tid -> slot */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 32768 / VMB_CELLS);
	__type(key, __u32);
	__type(value, struct vmb_cells);
} tids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vmb_control);
} control SEC(".maps");

static __always_inline struct vmb_control *get_control(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/*
 * The slot of a thread, or NULL: a thread of no VM. This is what every context switch of the host
 * pays for, so it is two array lookups that the kernel inlines, and one comparison.
 */
static __always_inline struct vmb_slot *slot_of(struct task_struct *task)
{
	__u32 tid = task->pid;
	__u32 row = tid / VMB_CELLS;
	struct vmb_cells *cells = bpf_map_lookup_elem(&tids, &row);
	struct vmb_slot *slot;
	__u32 number;

	if (!cells)
		return NULL;
	number = cells->slot[tid % VMB_CELLS];
	if (!number)
		return NULL;
	slot = bpf_map_lookup_elem(&slots, &number);
	if (!slot || slot->start_ns != task->start_boottime)
		return NULL;
	return slot;
}

/* One step of a binary search. The barrier keeps the compiler from testing twice. */
#define LOG2_STEP(value, log, bits) \
	do { \
		if ((value) >> (bits)) { \
			(value) >>= (bits); \
			(log) += (bits); \
			barrier_var(value); \
		} \
	} while (0)

/* floor(log2(value)), 0 for 0. */
static __always_inline __u32 log2_u64(__u64 value)
{
	__u32 log = 0;

	LOG2_STEP(value, log, 32);
	LOG2_STEP(value, log, 16);
	LOG2_STEP(value, log, 8);
	LOG2_STEP(value, log, 4);
	LOG2_STEP(value, log, 2);
	return log + (value >> 1);
}

/* The bucket of a run-latency histogram that a wait belongs to. */
static __always_inline __u32 latency_bucket(__u64 wait_ns)
{
	__u32 log = log2_u64(wait_ns);
	__u32 bucket = log > VMB_LATENCY_SHIFT ? log - VMB_LATENCY_SHIFT : 0;

	return bucket < VMB_LATENCY_BUCKETS ? bucket : VMB_LATENCY_BUCKETS - 1;
}

#endif
