/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose line it is, and what only some types of lines have. */
#include "collect/replay_line.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "collect/replay_value.h"

/* For entities that are not found by a field: host and VM. */
#define NO_KEY SIZE_MAX

static int wrong(struct fault *fault, const char *member, const char *right)
{
	*fault = (struct fault){ member, right };
	return -EINVAL;
}

/* A time in seconds; left as it is where it is null. */
static int read_seconds(
	struct json_object *line, const char *member, uint64_t *ret, struct fault *fault)
{
	struct json_object *time = json_object_object_get(line, member);

	if (time && replay_seconds(time, ret) < 0)
		return wrong(fault, member, "a number of seconds, or null");
	return 0;
}

/* "source_libvirt_up": 0 with "source_libvirt_reason": why. */
static void read_source(
	struct json_object *line, struct snapshot *snap, const char *member, struct json_object *up)
{
	char name[32] = "", reason[64];
	int read = 0;

	if (sscanf(member, "source_%31[a-z0-9]_up%n", name, &read) != 1 || read == 0 ||
		member[read])
		return;
	snprintf(reason, sizeof(reason), "source_%s_reason", name);
	snapshot_source(snap, name, json_object_get_int(up) != 0, replay_text(line, reason));
}

static int read_host(struct json_object *line, struct snapshot *snap, struct fault *fault)
{
	int err = read_seconds(line, "uptime_seconds", &snap->boot_ns, fault);

	json_object_object_foreach(line, member, value) read_source(line, snap, member, value);
	return err ? err : replay_rows_read(line, snap, SCOPE_HOST, NO_KEY, &snap->host.e, fault);
}

/* The age of what libvirt said tells when it was polled. */
static int read_age(
	struct json_object *line, const struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	uint64_t age_ns = UINT64_MAX;
	int err = read_seconds(line, "age_seconds", &age_ns, fault);

	if (err || age_ns == UINT64_MAX)
		return err;
	if (age_ns >= snap->mono_ns)
		return wrong(fault, "age_seconds", "less than 30 years");
	vm->e.polled_ns = snap->mono_ns - age_ns;
	return 0;
}

static int read_vm(struct json_object *line, struct snapshot *snap, struct fault *fault)
{
	struct vm *vm = snapshot_add_vm(snap);
	int err;

	vm->name = snapshot_text(snap, replay_text(line, "vm"));
	err = replay_rows_read(line, snap, SCOPE_VM, NO_KEY, &vm->e, fault);
	if (!err)
		err = read_seconds(line, "start_seconds", &vm->start_ns, fault);
	return err ? err : read_age(line, snap, vm, fault);
}

static bool is_vm(const struct vm *vm, const char *uuid, pid_t pid)
{
	if (uuid || vm->uuid)
		return uuid && vm->uuid && strcmp(uuid, vm->uuid) == 0;
	return vm->pid == pid;
}

static struct vm *last_vm(const struct snapshot *snap)
{
	if (!snap->vms)
		return NULL;
	return (struct vm *)((char *)snap->vms_tail - offsetof(struct vm, next));
}

/* The VM that a line is below: as a rule the last one read. Added where it has no line itself. */
static int find_vm(
	struct json_object *line, struct snapshot *snap, struct vm **ret, struct fault *fault)
{
	struct json_object *pid = json_object_object_get(line, "vm_pid");
	const char *uuid = replay_text(line, "uuid");
	uint64_t number = 0;
	struct vm *vm = last_vm(snap);

	if (pid && replay_whole(pid, INT_MAX, &number) < 0)
		return wrong(fault, "vm_pid", "a process ID, or null");
	if (!vm || !is_vm(vm, uuid, (pid_t)number))
		vm = uuid ? snapshot_find_uuid(snap, uuid) : snapshot_find_pid(snap, (pid_t)number);
	if (!vm) {
		vm = snapshot_add_vm(snap);
		vm->name = snapshot_text(snap, replay_text(line, "vm"));
		vm->uuid = snapshot_text(snap, uuid);
		vm->pid = (pid_t)number;
	}
	*ret = vm;
	return 0;
}

static int read_vcpu(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	struct json_object *index = json_object_object_get(line, "vcpu");
	struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);
	int err;

	if (replay_whole(index, NOT_REPORTED - 1, &vcpu->index) < 0)
		return wrong(fault, "vcpu", "the number of the vCPU");
	err = read_seconds(line, "start_seconds", &vcpu->start_ns, fault);
	if (err)
		return err;
	return replay_rows_read(
		line, snap, SCOPE_VCPU, offsetof(struct vcpu, index), &vcpu->e, fault);
}

static int read_thread(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	struct json_object *index = json_object_object_get(line, "vcpu");
	struct thread *thread = snapshot_add_thread(snap, vm);
	uint64_t tid, vcpu;
	int err;

	if (replay_whole(json_object_object_get(line, "tid"), INT_MAX, &tid) < 0)
		return wrong(fault, "tid", "a thread ID");
	thread->tid = (pid_t)tid;
	if (index && replay_whole(index, INT_MAX, &vcpu) < 0)
		return wrong(fault, "vcpu", "the number of a vCPU, or null");
	if (index)
		thread->vcpu = (int)vcpu;
	err = read_seconds(line, "start_seconds", &thread->start_ns, fault);
	if (err)
		return err;
	return replay_rows_read(
		line, snap, SCOPE_THREAD, offsetof(struct thread, tid), &thread->e, fault);
}

static int read_nic(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	const char *device = replay_text(line, "nic");
	struct nic *nic;

	if (!device)
		return wrong(fault, "nic", "the device of the NIC");
	nic = snapshot_nic(snap, vm, device);
	return replay_rows_read(
		line, snap, SCOPE_NIC, offsetof(struct nic, device), &nic->e, fault);
}

/* Disks are polled together with their VM. */
static int read_disk(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	const char *target = replay_text(line, "disk");
	struct disk *disk;

	if (!target)
		return wrong(fault, "disk", "the target of the disk");
	disk = snapshot_disk(snap, vm, target);
	disk->e.polled_ns = vm->e.polled_ns;
	return replay_rows_read(
		line, snap, SCOPE_DISK, offsetof(struct disk, target), &disk->e, fault);
}

static int read_exit(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	struct json_object *index = json_object_object_get(line, "vcpu");
	const char *reason = replay_text(line, "reason");
	struct exit *exit;
	uint64_t vcpu;
	int err;

	if (!reason)
		return wrong(fault, "reason", "the reason of the exit");
	if (index && replay_whole(index, INT_MAX, &vcpu) < 0)
		return wrong(fault, "vcpu", "the number of a vCPU, or null");
	exit = snapshot_add_exit(snap, vm);
	exit->reason = snapshot_text(snap, reason);
	if (index)
		exit->vcpu = (int64_t)vcpu;
	err = read_seconds(line, "start_seconds", &exit->start_ns, fault);
	if (err)
		return err;
	return replay_rows_read(
		line, snap, SCOPE_EXIT, offsetof(struct exit, reason), &exit->e, fault);
}

static int read_blame(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault)
{
	const char *holder = replay_text(line, "holder");
	struct blame *blame;
	int err;

	if (!holder)
		return wrong(fault, "holder", "who had the CPU");
	blame = snapshot_add_blame(snap, vm);
	blame->holder = snapshot_text(snap, holder);
	err = read_seconds(line, "start_seconds", &blame->start_ns, fault);
	if (err)
		return err;
	return replay_rows_read(
		line, snap, SCOPE_BLAME, offsetof(struct blame, holder), &blame->e, fault);
}

/* What a line below a VM adds to it. */
static int (*const readers[N_SCOPES])(
	struct json_object *line, struct snapshot *snap, struct vm *vm, struct fault *fault) = {
	[SCOPE_VCPU] = read_vcpu,
	[SCOPE_THREAD] = read_thread,
	[SCOPE_NIC] = read_nic,
	[SCOPE_DISK] = read_disk,
	[SCOPE_EXIT] = read_exit,
	[SCOPE_BLAME] = read_blame,
};

int replay_line_read(struct json_object *line, struct snapshot *snap, struct fault *fault)
{
	const char *type = replay_text(line, "type");
	struct vm *vm = NULL;
	enum scope scope;
	int err;

	if (!type || scope_find(type, &scope) < 0)
		return 0;
	if (scope == SCOPE_HOST)
		return read_host(line, snap, fault);
	if (scope == SCOPE_VM)
		return read_vm(line, snap, fault);
	err = find_vm(line, snap, &vm, fault);
	return err ? err : readers[scope](line, snap, vm, fault);
}
