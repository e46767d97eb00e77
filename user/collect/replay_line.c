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

static int wrong(const struct reading *reading, const char *member, const char *right)
{
	*reading->fault = (struct fault){ member, right };
	return -EINVAL;
}

/* A time in seconds; left as it is where it is null. */
static int read_seconds(const struct reading *reading, const char *name, uint64_t *ret)
{
	const struct member *time = members_find(reading->line, name);

	if (time && replay_seconds(time, ret) < 0)
		return wrong(reading, name, "a number of seconds, or null");
	return 0;
}

/* "source_libvirt_up": 0 with "source_libvirt_reason": why. False where it is something else. */
static bool read_source(const struct reading *reading, const struct member *member)
{
	char name[32] = "", reason[64];
	double up = 0;
	int read = 0;

	if (sscanf(member->name, "source_%31[a-z0-9]_up%n", name, &read) != 1 || read == 0 ||
		member->name[read])
		return false;
	snprintf(reason, sizeof(reason), "source_%s_reason", name);
	replay_double(member, &up);
	snapshot_source(reading->snap, name, up != 0, replay_text(reading->line, reason));
	return true;
}

static int read_host(const struct reading *reading)
{
	struct snapshot *snap = reading->snap;
	int err = read_seconds(reading, "uptime_seconds", &snap->boot_ns);
	unsigned n = 0;

	for (size_t i = 0; i < reading->line->n && n < MAX_SOURCES; i++)
		n += read_source(reading, &reading->line->all[i]);
	return err ? err : replay_rows_read(reading, SCOPE_HOST, NO_KEY, &snap->host.e);
}

/* The age of what libvirt said tells when it was polled. */
static int read_age(const struct reading *reading, struct vm *vm)
{
	uint64_t mono_ns = reading->snap->mono_ns, age_ns = UINT64_MAX;
	int err = read_seconds(reading, "age_seconds", &age_ns);

	if (err || age_ns == UINT64_MAX)
		return err;
	if (age_ns >= mono_ns)
		return wrong(reading, "age_seconds", "less than 30 years");
	vm->e.polled_ns = mono_ns - age_ns;
	return 0;
}

static int read_vm(const struct reading *reading)
{
	struct vm *vm = snapshot_add_vm(reading->snap);
	int err;

	vm->name = snapshot_text(reading->snap, replay_text(reading->line, "vm"));
	err = replay_rows_read(reading, SCOPE_VM, NO_KEY, &vm->e);
	if (!err)
		err = read_seconds(reading, "start_seconds", &vm->start_ns);
	return err ? err : read_age(reading, vm);
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
static int find_vm(const struct reading *reading, struct vm **ret)
{
	const struct member *pid = members_find(reading->line, "vm_pid");
	const char *uuid = replay_text(reading->line, "uuid");
	struct snapshot *snap = reading->snap;
	uint64_t number = 0;
	struct vm *vm = last_vm(snap);

	if (pid && replay_whole(pid, INT_MAX, &number) < 0)
		return wrong(reading, "vm_pid", "a process ID, or null");
	if (!vm || !is_vm(vm, uuid, (pid_t)number))
		vm = uuid ? snapshot_find_uuid(snap, uuid) : snapshot_find_pid(snap, (pid_t)number);
	if (!vm) {
		vm = snapshot_add_vm(snap);
		vm->name = snapshot_text(snap, replay_text(reading->line, "vm"));
		vm->uuid = snapshot_text(snap, uuid);
		vm->pid = (pid_t)number;
	}
	*ret = vm;
	return 0;
}

static int read_vcpu(const struct reading *reading, struct vm *vm)
{
	const struct member *index = members_find(reading->line, "vcpu");
	struct vcpu *vcpu = snapshot_add_vcpu(reading->snap, vm);
	int err;

	if (replay_whole(index, NOT_REPORTED - 1, &vcpu->index) < 0)
		return wrong(reading, "vcpu", "the number of the vCPU");
	err = read_seconds(reading, "start_seconds", &vcpu->start_ns);
	if (err)
		return err;
	return replay_rows_read(reading, SCOPE_VCPU, offsetof(struct vcpu, index), &vcpu->e);
}

static int read_thread(const struct reading *reading, struct vm *vm)
{
	const struct member *index = members_find(reading->line, "vcpu");
	struct thread *thread = snapshot_add_thread(reading->snap, vm);
	uint64_t tid, vcpu;
	int err;

	if (replay_whole(members_find(reading->line, "tid"), INT_MAX, &tid) < 0)
		return wrong(reading, "tid", "a thread ID");
	thread->tid = (pid_t)tid;
	if (index && replay_whole(index, INT_MAX, &vcpu) < 0)
		return wrong(reading, "vcpu", "the number of a vCPU, or null");
	if (index)
		thread->vcpu = (int)vcpu;
	err = read_seconds(reading, "start_seconds", &thread->start_ns);
	if (err)
		return err;
	return replay_rows_read(reading, SCOPE_THREAD, offsetof(struct thread, tid), &thread->e);
}

static int read_nic(const struct reading *reading, struct vm *vm)
{
	const char *device = replay_text(reading->line, "nic");
	struct nic *nic;

	if (!device)
		return wrong(reading, "nic", "the device of the NIC");
	nic = snapshot_nic(reading->snap, vm, device);
	return replay_rows_read(reading, SCOPE_NIC, offsetof(struct nic, device), &nic->e);
}

/* Disks are polled together with their VM. */
static int read_disk(const struct reading *reading, struct vm *vm)
{
	const char *target = replay_text(reading->line, "disk");
	struct disk *disk;

	if (!target)
		return wrong(reading, "disk", "the target of the disk");
	disk = snapshot_disk(reading->snap, vm, target);
	disk->e.polled_ns = vm->e.polled_ns;
	return replay_rows_read(reading, SCOPE_DISK, offsetof(struct disk, target), &disk->e);
}

static int read_exit(const struct reading *reading, struct vm *vm)
{
	const struct member *index = members_find(reading->line, "vcpu");
	const char *reason = replay_text(reading->line, "reason");
	struct exit *exit;
	uint64_t vcpu;
	int err;

	if (!reason)
		return wrong(reading, "reason", "the reason of the exit");
	if (index && replay_whole(index, INT_MAX, &vcpu) < 0)
		return wrong(reading, "vcpu", "the number of a vCPU, or null");
	exit = snapshot_add_exit(reading->snap, vm);
	exit->reason = snapshot_text(reading->snap, reason);
	if (index)
		exit->vcpu = (int64_t)vcpu;
	err = read_seconds(reading, "start_seconds", &exit->start_ns);
	if (err)
		return err;
	return replay_rows_read(reading, SCOPE_EXIT, offsetof(struct exit, reason), &exit->e);
}

static int read_blame(const struct reading *reading, struct vm *vm)
{
	const char *holder = replay_text(reading->line, "holder");
	struct blame *blame;
	int err;

	if (!holder)
		return wrong(reading, "holder", "who had the CPU");
	blame = snapshot_add_blame(reading->snap, vm);
	blame->holder = snapshot_text(reading->snap, holder);
	err = read_seconds(reading, "start_seconds", &blame->start_ns);
	if (err)
		return err;
	return replay_rows_read(reading, SCOPE_BLAME, offsetof(struct blame, holder), &blame->e);
}

/* What a line below a VM adds to it. */
static int (*const readers[N_SCOPES])(const struct reading *reading, struct vm *vm) = {
	[SCOPE_VCPU] = read_vcpu,
	[SCOPE_THREAD] = read_thread,
	[SCOPE_NIC] = read_nic,
	[SCOPE_DISK] = read_disk,
	[SCOPE_EXIT] = read_exit,
	[SCOPE_BLAME] = read_blame,
};

int replay_line_read(const struct reading *reading)
{
	const char *type = replay_text(reading->line, "type");
	struct vm *vm = NULL;
	enum scope scope;
	int err;

	if (!type || scope_find(type, &scope) < 0)
		return 0;
	if (scope == SCOPE_HOST)
		return read_host(reading);
	if (scope == SCOPE_VM)
		return read_vm(reading);
	err = find_vm(reading, &vm);
	return err ? err : readers[scope](reading, vm);
}
