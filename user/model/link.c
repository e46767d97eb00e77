/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns identity from tick to tick: which entity is the same, which is new, which was polled. */
#include "model/link.h"

#include <string.h>

#include "base/arena.h"

static bool same_thread(const void *a, const void *b)
{
	const struct thread *one = a, *other = b;

	return one->tid == other->tid && one->start_ns == other->start_ns;
}

static bool same_vcpu(const void *a, const void *b)
{
	const struct vcpu *one = a, *other = b;

	return one->index == other->index && one->start_ns == other->start_ns;
}

static bool same_nic(const void *a, const void *b)
{
	const struct nic *one = a, *other = b;

	return strcmp(one->device, other->device) == 0;
}

static bool same_disk(const void *a, const void *b)
{
	const struct disk *one = a, *other = b;

	return strcmp(one->target, other->target) == 0;
}

static bool same_exit(const void *a, const void *b)
{
	const struct exit *one = a, *other = b;

	return one->kind == other->kind && one->vcpu == other->vcpu &&
	       strcmp(one->reason, other->reason) == 0;
}

static bool same_blame(const void *a, const void *b)
{
	const struct blame *one = a, *other = b;

	if (one->kind != other->kind || one->holder_pid != other->holder_pid)
		return false;
	return one->holder_pid || strcmp(one->holder, other->holder) == 0;
}

/*
 * A tap or an image may be older than the VM that uses it, hence no counter of theirs began with
 * the VM's birth.
 */
#define BORN_WITH_VM \
	(SRC_TICK | SRC_SCHED | SRC_EVENTS | SRC_NET_THREAD | SRC_PROC | SRC_KVM | SRC_GUEST | \
		SRC_EXITS)

static const struct vm unborn_vm = { .e.have = BORN_WITH_VM };
static const struct thread unborn_thread = { .e.have = BORN_WITH_VM };
static const struct vcpu unborn_vcpu = { .e.have = BORN_WITH_VM };
static const struct exit unborn_exit = { .e.have = BORN_WITH_VM };
static const struct blame unborn_blame = { .e.have = BORN_WITH_VM };

const struct kind host_kind = { .size = sizeof(struct host) };
const struct kind vm_kind = {
	.size = sizeof(struct vm),
	.start_ns = offsetof(struct vm, start_ns),
	.unborn = &unborn_vm,
};
const struct kind thread_kind = {
	.size = sizeof(struct thread),
	.next = offsetof(struct thread, next),
	.start_ns = offsetof(struct thread, start_ns),
	.same = same_thread,
	.unborn = &unborn_thread,
};
const struct kind vcpu_kind = {
	.size = sizeof(struct vcpu),
	.next = offsetof(struct vcpu, next),
	.start_ns = offsetof(struct vcpu, start_ns),
	.same = same_vcpu,
	.unborn = &unborn_vcpu,
};
const struct kind nic_kind = {
	.size = sizeof(struct nic),
	.next = offsetof(struct nic, next),
	.same = same_nic,
};
const struct kind disk_kind = {
	.size = sizeof(struct disk),
	.next = offsetof(struct disk, next),
	.same = same_disk,
};

const struct kind exit_kind = {
	.size = sizeof(struct exit),
	.next = offsetof(struct exit, next),
	.start_ns = offsetof(struct exit, start_ns),
	.same = same_exit,
	.unborn = &unborn_exit,
};
const struct kind blame_kind = {
	.size = sizeof(struct blame),
	.next = offsetof(struct blame, next),
	.start_ns = offsetof(struct blame, start_ns),
	.same = same_blame,
	.unborn = &unborn_blame,
};

void *kind_next(const struct kind *kind, const void *child)
{
	void *next;

	memcpy(&next, (const char *)child + kind->next, sizeof(next));
	return next;
}

static bool born_since(const struct kind *kind, const void *child, const struct snapshot *before)
{
	const char *start = (const char *)child + kind->start_ns;

	return kind->start_ns && before->boot_ns && *(const uint64_t *)start > before->boot_ns;
}

void *kind_copy(struct snapshot *snap, const struct kind *kind, const void *source)
{
	struct entity *copy = arena_alloc(snap->arena, kind->size);

	memcpy(copy, source, kind->size);
	copy->before = NULL;
	copy->polled_before = NULL;
	return copy;
}

/*
 * The entity as the poll before the present one left it. Always a copy: it may be needed for longer
 * than the snapshot it was first seen in lives.
 */
static const void *last_poll(struct snapshot *snap, const struct kind *kind,
	const struct entity *now, const struct entity *was)
{
	if (!was || now->polled_ns == 0)
		return NULL;
	if (was->polled_ns == now->polled_ns)
		was = was->polled_before;
	if (!was || was->polled_ns == 0)
		return NULL;
	return kind_copy(snap, kind, was);
}

/* `was` is the same entity in the snapshot before, or NULL where there is none. */
static void link_entity(
	struct snapshot *snap, const struct kind *kind, struct entity *now, const void *was)
{
	now->polled_before = last_poll(snap, kind, now, was);
	now->before = was;
	if (!was && born_since(kind, now, snap->before))
		now->before = kind->unborn;
}

/*
 * Lists seldom change between two ticks, so the search goes on after the last one found and only
 * then from the start.
 */
static const void *find_sibling(
	const struct kind *kind, const void *child, const void *list, const void **position)
{
	const void *was;

	for (was = *position; was; was = kind_next(kind, was))
		if (kind->same(child, was))
			break;
	for (; !was && list != *position; list = kind_next(kind, list))
		if (kind->same(child, list))
			was = list;
	if (was)
		*position = kind_next(kind, was);
	return was;
}

static void link_list(
	struct snapshot *snap, const struct kind *kind, void *children, const void *list)
{
	const void *position = list;
	void *child;

	for (child = children; child; child = kind_next(kind, child))
		link_entity(snap, kind, child, find_sibling(kind, child, list, &position));
}

static const struct vm *find_vm(const struct snapshot *before, const struct vm *vm)
{
	const struct vm *was;

	if (vm->pid == 0)
		return vm->uuid ? snapshot_find_uuid(before, vm->uuid) : NULL;
	was = snapshot_find_pid(before, vm->pid);
	return was && was->start_ns == vm->start_ns ? was : NULL;
}

void link_vm(struct snapshot *snap, struct vm *vm)
{
	const struct vm *was = find_vm(snap->before, vm);

	link_entity(snap, &vm_kind, &vm->e, was);
	link_list(snap, &vcpu_kind, vm->vcpus, was ? was->vcpus : NULL);
	link_list(snap, &thread_kind, vm->threads, was ? was->threads : NULL);
	link_list(snap, &nic_kind, vm->nics, was ? was->nics : NULL);
	link_list(snap, &disk_kind, vm->disks, was ? was->disks : NULL);
	link_list(snap, &exit_kind, vm->exits_by_reason, was ? was->exits_by_reason : NULL);
	link_list(snap, &blame_kind, vm->blames, was ? was->blames : NULL);
}
