// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Lets the kernel run the functions behind the programs on arguments of the test's choice. */
#include "../../bpf/sched.bpf.c"
#include "logic.h"

SEC("syscall")
int run_latency_bucket(struct bucket_case *test)
{
	test->bucket = latency_bucket(test->wait_ns);
	return 0;
}

SEC("syscall")
int run_nic_hash(struct hash_case *test)
{
	test->hash = vmb_nic_hash(test->ifindex, test->netns);
	return 0;
}

/* The slices of one thread, in a slot that nobody else uses. */
SEC("syscall")
int run_slice(struct slice_case *test)
{
	__u32 number = LOGIC_SLOT;
	struct vmb_slot *slot = bpf_map_lookup_elem(&slots, &number);

	if (!slot)
		return 1;
	account_slice(slot, test->clock, test->arrival, test->run_delay);
	slot->cpu.sched.ready_ns = test->run_delay;
	slot->cpu.end_clock = test->clock;
	return 0;
}

/* Gives the calling thread a slot. */
SEC("syscall")
int run_slot_new(struct slot_case *test)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct vmb_slot *slot = slot_new(me, me->group_leader->start_boottime, 1, test->clock);

	test->number = slot ? slot->number : 0;
	return 0;
}

SEC("syscall")
int run_slot_of(struct slot_case *test)
{
	struct vmb_slot *slot = slot_of(bpf_get_current_task_btf());

	test->number = slot ? slot->number : 0;
	return 0;
}

SEC("syscall")
int run_forget(struct slot_case *test)
{
	struct vmb_slot *slot = slot_of(bpf_get_current_task_btf());

	test->number = slot ? slot->number : 0;
	if (slot)
		forget(slot);
	return 0;
}

/* The slice of a task of the test's choice. */
SEC("syscall")
int run_push(struct push_case *test)
{
	struct ring *ring = ring_of(test->cpu);
	__u64 whose = test->vm;

	if (!ring)
		return 1;
	if (test->vm && ring_is_of(ring, test->vm))
		return 0;
	if (!whose)
		whose = (__u64)test->tid << 32 | (test->kthread ? PF_KTHREAD : 0);
	ring_begin(ring, whose, test->comm, test->begin);
	return 0;
}

/* Pushes the slice of the calling thread. */
SEC("syscall")
int run_push_me(struct push_case *test)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct ring *ring = ring_of(test->cpu);

	if (!ring)
		return 1;
	ring_begin(ring, whose_is(me, NULL), me->comm, test->begin);
	return 0;
}

SEC("syscall")
int run_wait(struct wait_case *test)
{
	const struct wait wait = {
		.queued = test->queued,
		.elsewhere_ns = test->elsewhere_ns,
		.moves = test->moves,
	};
	struct ring *ring = ring_of(test->cpu);
	__u32 number = LOGIC_SLOT;
	struct vmb_slot *slot = bpf_map_lookup_elem(&slots, &number);

	if (!ring || !slot)
		return 1;
	charge_wait(ring, slot, &wait, test->clock);
	return 0;
}
