/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a thread of a VM is: by what the kernel knows (KVM's link from thread to vCPU, threads that
 * the kernel made itself, the main thread), else by where libvirt has put it, else by its name.
 */
#include <stdio.h>
#include <string.h>

#include "collect/cgroup.h"
#include "collect/kernel/kernel.h"

/* libvirt moves a new thread into its cgroup a moment after QEMU made it: how often to look, once a
 * tick. */
#define TIMES_TO_ASK 8

struct name_row {
	const char *prefix;
	enum role role;
};

/* QEMU's names with debug-threads=on, as libvirt sets it. */
static const struct name_row names[] = {
	{ "IO mon_iothread", ROLE_EMULATOR },
	{ "IO ", ROLE_IOTHREAD },
	{ "worker", ROLE_WORKER },
	{ "iou-wrk-", ROLE_WORKER },
	{ "call_rcu", ROLE_EMULATOR },
	{ "qemu-system", ROLE_EMULATOR },
	{ "qemu-kvm", ROLE_EMULATOR },
};

enum role role_of_name(const char *comm, int *vcpu)
{
	char accelerator[8];
	int index;

	if (sscanf(comm, "CPU %d/%7s", &index, accelerator) == 2 && index >= 0) {
		*vcpu = index;
		return ROLE_VCPU;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(comm, names[i].prefix, strlen(names[i].prefix)) == 0)
			return names[i].role;
	}
	return ROLE_OTHER;
}

static void set_role(struct slot_memory *memory, enum role role, enum evidence evidence, int vcpu)
{
	memory->role = role;
	memory->evidence = evidence;
	memory->vcpu = vcpu;
}

void role_from_kvm(struct kernel_side *side, uint32_t tgid, uint32_t tid, int vcpu)
{
	unsigned number = loader_slot_of(&side->loader, tid);
	const struct vmb_slot *slot = &side->loader.slots[number];

	if (!number || number >= side->loader.n_seen)
		return;
	if (slot->tid == tid && slot->tgid == tgid &&
		side->slots[number].start_ns == slot->start_ns)
		set_role(&side->slots[number], ROLE_VCPU, BY_KERNEL, vcpu);
}

static bool decide_by_kernel(const struct vmb_slot *slot, struct slot_memory *memory)
{
	if (slot->walk.vcpu >= 0) {
		set_role(memory, ROLE_VCPU, BY_KERNEL, slot->walk.vcpu);
		return true;
	}
	if (slot->flags & VMB_IO_WORKER) {
		set_role(memory, ROLE_WORKER, BY_KERNEL, -1);
		return true;
	}
	if (slot->flags & (VMB_KTHREAD | VMB_USER_WORKER)) {
		/* The kernel itself gave these threads their names. */
		set_role(memory,
			strncmp(slot->walk.comm, "vhost-", 6) == 0 ? ROLE_VHOST : ROLE_OTHER,
			BY_KERNEL, -1);
		return true;
	}
	if (slot->tid == slot->tgid) {
		set_role(memory, ROLE_EMULATOR, BY_KERNEL, -1);
		return true;
	}
	return false;
}

static bool decide_by_libvirt(const struct vmb_slot *slot, struct slot_memory *memory)
{
	struct cgroup_info info;

	memory->asked++;
	if (cgroup_read((pid_t)slot->tgid, (pid_t)slot->tid, &info) || info.domain_id < 0)
		return false;
	if (info.kind == CGROUP_VCPU)
		set_role(memory, ROLE_VCPU, BY_LIBVIRT, info.index);
	else if (info.kind == CGROUP_IOTHREAD)
		set_role(memory, ROLE_IOTHREAD, BY_LIBVIRT, -1);
	else
		return false;
	return true;
}

void decide_role(
	const struct process *process, const struct vmb_slot *slot, struct slot_memory *memory)
{
	bool is_new = memory->start_ns != slot->start_ns;
	bool renamed = strncmp(memory->comm, slot->walk.comm, VMB_COMM_LEN) != 0;
	enum role role;
	int vcpu = -1;

	if (is_new) {
		*memory = (struct slot_memory){ .start_ns = slot->start_ns };
		set_role(memory, ROLE_OTHER, BY_NAME, -1);
	}
	if (!is_new && memory->evidence == BY_KERNEL && memory->vcpu == slot->walk.vcpu)
		return;
	if (decide_by_kernel(slot, memory))
		return;
	if (memory->evidence != BY_NAME)
		return;
	if (process->of_libvirt && memory->asked < TIMES_TO_ASK && decide_by_libvirt(slot, memory))
		return;
	if (!is_new && !renamed)
		return;
	memcpy(memory->comm, slot->walk.comm, VMB_COMM_LEN);
	role = role_of_name(slot->walk.comm, &vcpu);
	set_role(memory, role, BY_NAME, vcpu);
}
