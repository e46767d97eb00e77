/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how a snapshot is built and searched; finish.c completes it. */
#include "vmbpf/model.h"

#include <string.h>

#include "base/arena.h"
#include "base/table.h"

/*
 * What has been found so far. Collectors may still change a VM's pid and UUID, so a hit is compared
 * again and a miss falls back on the list.
 */
struct snapshot_index {
	struct table by_pid, by_uuid;
};

const char *const role_names[N_ROLES] = {
	[ROLE_VCPU] = "vcpu",
	[ROLE_EMULATOR] = "emulator",
	[ROLE_IOTHREAD] = "iothread",
	[ROLE_WORKER] = "worker",
	[ROLE_VHOST] = "vhost",
	[ROLE_OTHER] = "other",
};

const char *const evidence_names[N_EVIDENCES] = {
	[BY_KERNEL] = "kernel",
	[BY_LIBVIRT] = "libvirt",
	[BY_NAME] = "name",
};

const char *const vm_state_names[N_VM_STATES] = {
	[VM_RUNNING] = "running",
	[VM_BLOCKED] = "blocked",
	[VM_PAUSED] = "paused",
	[VM_SHUTDOWN] = "shutdown",
	[VM_SHUTOFF] = "shutoff",
	[VM_CRASHED] = "crashed",
	[VM_SUSPENDED] = "suspended",
	[VM_NO_LIBVIRT] = "no libvirt",
};

const char *const guest_source_names[N_GUEST_SOURCES] = {
	[GUEST_BY_TICKS] = "ticks",
	[GUEST_BY_EVENTS] = "events",
};

const char *const exit_kind_names[N_EXIT_KINDS] = {
	[EXIT_GUEST] = "guest",
	[EXIT_USERSPACE] = "userspace",
	[EXIT_PIO] = "pio",
	[EXIT_MMIO] = "mmio",
};

const char *const holder_kind_names[N_HOLDER_KINDS] = {
	[HOLDER_VM] = "vm",
	[HOLDER_HOST] = "host",
	[HOLDER_SELF] = "self",
	[HOLDER_NOBODY] = "nobody",
	[HOLDER_OTHER] = "other",
};

struct snapshot *snapshot_new(void)
{
	struct arena *arena = arena_new();
	struct snapshot *snap;

	if (!arena)
		return NULL;
	snap = arena_alloc(arena, sizeof(*snap));
	snap->arena = arena;
	snap->index = arena_alloc(arena, sizeof(*snap->index));
	snap->vms_tail = &snap->vms;
	snap->host.e.have = SRC_TICK;
	return snap;
}

void snapshot_free(struct snapshot *snap)
{
	if (!snap)
		return;
	table_done(&snap->index->by_pid);
	table_done(&snap->index->by_uuid);
	arena_free(snap->arena);
}

struct vm *snapshot_add_vm(struct snapshot *snap)
{
	struct vm *vm = arena_alloc(snap->arena, sizeof(*vm));

	vm->e.have = SRC_TICK;
	vm->id = -1;
	vm->vcpus_tail = &vm->vcpus;
	vm->exits_tail = &vm->exits_by_reason;
	vm->blames_tail = &vm->blames;
	vm->threads_tail = &vm->threads;
	*snap->vms_tail = vm;
	snap->vms_tail = &vm->next;
	return vm;
}

struct thread *snapshot_add_thread(struct snapshot *snap, struct vm *vm)
{
	struct thread *thread = arena_alloc(snap->arena, sizeof(*thread));

	thread->e.have = SRC_TICK;
	thread->vcpu = -1;
	*vm->threads_tail = thread;
	vm->threads_tail = &thread->next;
	return thread;
}

struct vcpu *snapshot_add_vcpu(struct snapshot *snap, struct vm *vm)
{
	struct vcpu *vcpu = arena_alloc(snap->arena, sizeof(*vcpu));

	vcpu->e.have = SRC_TICK;
	*vm->vcpus_tail = vcpu;
	vm->vcpus_tail = &vcpu->next;
	return vcpu;
}

struct exit *snapshot_add_exit(struct snapshot *snap, struct vm *vm)
{
	struct exit *exit = arena_alloc(snap->arena, sizeof(*exit));

	exit->e.have = SRC_TICK;
	exit->vcpu = -1;
	*vm->exits_tail = exit;
	vm->exits_tail = &exit->next;
	return exit;
}

struct blame *snapshot_add_blame(struct snapshot *snap, struct vm *vm)
{
	struct blame *blame = arena_alloc(snap->arena, sizeof(*blame));

	blame->e.have = SRC_TICK;
	*vm->blames_tail = blame;
	vm->blames_tail = &blame->next;
	return blame;
}

struct nic *snapshot_nic(struct snapshot *snap, struct vm *vm, const char *device)
{
	struct nic **link = &vm->nics;

	for (; *link; link = &(*link)->next)
		if (strcmp((*link)->device, device) == 0)
			return *link;
	*link = arena_alloc(snap->arena, sizeof(**link));
	(*link)->e.have = SRC_TICK;
	(*link)->device = arena_strdup(snap->arena, device);
	return *link;
}

struct disk *snapshot_disk(struct snapshot *snap, struct vm *vm, const char *target)
{
	struct disk **link = &vm->disks;

	for (; *link; link = &(*link)->next)
		if (strcmp((*link)->target, target) == 0)
			return *link;
	*link = arena_alloc(snap->arena, sizeof(**link));
	(*link)->e.have = SRC_TICK;
	(*link)->target = arena_strdup(snap->arena, target);
	return *link;
}

static struct vm *indexed_pid(const struct snapshot *snap, pid_t pid)
{
	const struct table *table = &snap->index->by_pid;
	uint64_t key = (uint64_t)pid;
	struct vm *vm;

	for (vm = table_find(table, key, NULL); vm; vm = table_find(table, key, vm))
		if (vm->pid == pid)
			return vm;
	return NULL;
}

struct vm *snapshot_find_pid(const struct snapshot *snap, pid_t pid)
{
	struct vm *vm;

	if (pid <= 0)
		return NULL;
	vm = indexed_pid(snap, pid);
	if (vm)
		return vm;
	for (vm = snap->vms; vm && vm->pid != pid;)
		vm = vm->next;
	if (vm)
		table_add(&snap->index->by_pid, (uint64_t)pid, vm);
	return vm;
}

static bool has_uuid(const struct vm *vm, const char *uuid)
{
	return vm->uuid && strcmp(vm->uuid, uuid) == 0;
}

static struct vm *indexed_uuid(const struct snapshot *snap, const char *uuid)
{
	const struct table *table = &snap->index->by_uuid;
	uint64_t key = table_hash(uuid);
	struct vm *vm;

	for (vm = table_find(table, key, NULL); vm; vm = table_find(table, key, vm))
		if (has_uuid(vm, uuid))
			return vm;
	return NULL;
}

struct vm *snapshot_find_uuid(const struct snapshot *snap, const char *uuid)
{
	struct vm *vm = indexed_uuid(snap, uuid);

	if (vm)
		return vm;
	for (vm = snap->vms; vm && !has_uuid(vm, uuid);)
		vm = vm->next;
	if (vm)
		table_add(&snap->index->by_uuid, table_hash(uuid), vm);
	return vm;
}

void snapshot_index_vms(struct snapshot *snap)
{
	for (struct vm *vm = snap->vms; vm; vm = vm->next) {
		if (vm->pid > 0 && !indexed_pid(snap, vm->pid))
			table_add(&snap->index->by_pid, (uint64_t)vm->pid, vm);
		if (vm->uuid && !indexed_uuid(snap, vm->uuid))
			table_add(&snap->index->by_uuid, table_hash(vm->uuid), vm);
	}
}

const char *snapshot_text(struct snapshot *snap, const char *text)
{
	return arena_strdup(snap->arena, text);
}

void snapshot_source(struct snapshot *snap, const char *name, bool up, const char *reason)
{
	unsigned i = 0;

	while (i < snap->n_sources && strcmp(snap->sources[i].name, name) != 0)
		i++;
	if (i == MAX_SOURCES)
		return;
	if (i == snap->n_sources)
		snap->n_sources++;
	snap->sources[i] = (struct source_status){
		.name = snapshot_text(snap, name),
		.up = up,
		.reason = up ? NULL : snapshot_text(snap, reason),
	};
}
