/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPU limits took from a VM and its vCPUs. The scheduler keeps the account by cgroup: libvirt
 * gives each vCPU one of its own, while a QEMU that was started otherwise has one for all.
 */
#include "base/arena.h"
#include "collect/kernel/kernel.h"

/* A cgroup of a VM, or all those above it. */
struct group {
	struct group *next;
	uint64_t id;
	bool above;
	uint64_t throttled_ns;
	unsigned n_threads;
	struct vcpu *vcpu; /* that is in it, NULL: none */
};

static struct group *find_group(
	struct snapshot *snap, struct process *process, uint64_t id, bool above)
{
	struct group *group;

	for (group = process->groups; group; group = group->next)
		if (group->id == id && group->above == above)
			return group;
	group = arena_alloc(snap->arena, sizeof(*group));
	*group = (struct group){ .next = process->groups, .id = id, .above = above };
	process->groups = group;
	return group;
}

void limit_note(struct snapshot *snap, struct process *process, const struct vmb_slot *slot,
	struct vcpu *vcpu)
{
	struct group *group;

	if (slot->walk.throttled_ns == VMB_ABSENT)
		return;
	group = find_group(snap, process, slot->walk.group, false);
	group->throttled_ns = slot->walk.throttled_ns;
	group->n_threads++;
	group->vcpu = vcpu;
	group = find_group(snap, process, slot->walk.group_above, true);
	group->throttled_ns = slot->walk.throttled_above_ns;
}

/* Those above hold all threads of the VM: what they took from whom cannot be told. */
static bool was_held_back_above(const struct process *process)
{
	for (const struct group *group = process->groups; group; group = group->next)
		if (group->above && group->throttled_ns)
			return true;
	return false;
}

/* Nor can it of a group with other threads in it. */
void limit_fill(struct process *process)
{
	bool above = was_held_back_above(process);
	struct vm *vm = process->vm;

	for (const struct group *group = process->groups; group; group = group->next) {
		vm->e.have |= SRC_LIMIT;
		vm->throttled_ns += group->throttled_ns;
		if (above || group->above || group->n_threads != 1 || !group->vcpu)
			continue;
		group->vcpu->throttled_ns = group->throttled_ns;
		group->vcpu->e.have |= SRC_LIMIT;
	}
}
