/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the last step of a tick: has entities linked to their past, adds up, puts in order. */
#include "vmbpf/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/link.h"

/* Counters that a VM adds up from its children. They consist of uint64_t and nothing else. */
struct sum {
	const struct kind *kind;
	size_t children; /* offset of the list in the VM */
	size_t part; /* offset of the counters in a child */
	size_t whole; /* and in the VM */
	size_t size;
	uint32_t sources;
	uint32_t passed_on; /* those that the VM has because a child has */
	bool of_all; /* ... because every child has: what some vCPUs did says little of a VM */
	bool polled;
};

static const struct sum sums[] = {
	{
		.kind = &vcpu_kind,
		.children = offsetof(struct vm, vcpus),
		.part = offsetof(struct vcpu, sched),
		.whole = offsetof(struct vm, sched),
		.size = sizeof(struct sched_counters),
		.sources = SRC_SCHED | SRC_EVENTS,
	},
	{
		.kind = &vcpu_kind,
		.children = offsetof(struct vm, vcpus),
		.part = offsetof(struct vcpu, totals),
		.whole = offsetof(struct vm, totals),
		.size = sizeof(struct kvm_counters),
		.sources = SRC_KVM,
		.passed_on = SRC_KVM,
		.of_all = true,
	},
	{
		.kind = &vcpu_kind,
		.children = offsetof(struct vm, vcpus),
		.part = offsetof(struct vcpu, exits),
		.whole = offsetof(struct vm, exits),
		.size = sizeof(struct exit_counters),
		.sources = SRC_EXITS,
		.passed_on = SRC_EXITS,
		.of_all = true,
	},
	{
		.kind = &vcpu_kind,
		.children = offsetof(struct vm, vcpus),
		.part = offsetof(struct vcpu, guest_ns),
		.whole = offsetof(struct vm, guest_ns),
		.size = sizeof(uint64_t),
		.sources = SRC_GUEST,
		.passed_on = SRC_GUEST,
		.of_all = true,
	},
	{
		.kind = &nic_kind,
		.children = offsetof(struct vm, nics),
		.part = offsetof(struct nic, net),
		.whole = offsetof(struct vm, net),
		.size = sizeof(struct net_counters),
		.sources = SRC_NET | SRC_NET_DEVICE,
		.passed_on = SRC_NET | SRC_NET_DEVICE,
	},
	{
		.kind = &disk_kind,
		.children = offsetof(struct vm, disks),
		.part = offsetof(struct disk, io),
		.whole = offsetof(struct vm, io),
		.size = sizeof(struct disk_counters),
		.sources = SRC_BLOCK,
		.passed_on = SRC_BLOCK,
		.polled = true,
	},
	{
		.kind = &disk_kind,
		.children = offsetof(struct vm, disks),
		.part = offsetof(struct disk, storage),
		.whole = offsetof(struct vm, storage),
		.size = sizeof(struct storage),
		.sources = SRC_STORAGE,
		.passed_on = SRC_STORAGE,
		.polled = true,
	},
};

#define N_SUMS (sizeof(sums) / sizeof(sums[0]))

/* A sum of which one part was not reported is not known either. */
static void add(uint64_t *sum, uint64_t part)
{
	*sum = *sum == NOT_REPORTED || part == NOT_REPORTED ? NOT_REPORTED : *sum + part;
}

static void add_counters(const struct sum *sum, struct vm *vm, const void *child)
{
	uint64_t *whole = (uint64_t *)((char *)vm + sum->whole);
	const uint64_t *part = (const uint64_t *)((const char *)child + sum->part);

	for (size_t i = 0; i < sum->size / sizeof(*whole); i++)
		add(&whole[i], part[i]);
}

static void *first_child(const struct sum *sum, const struct vm *vm)
{
	void *child;

	memcpy(&child, (const char *)vm + sum->children, sizeof(child));
	return child;
}

static bool has_parts(const struct sum *sum, const struct vm *vm)
{
	const struct entity *child = first_child(sum, vm);

	while (child && !(child->have & sum->sources))
		child = kind_next(sum->kind, child);
	return child != NULL;
}

static void add_up(const struct sum *sum, struct vm *vm)
{
	const struct entity *child;
	uint32_t lacking = 0;

	memset((char *)vm + sum->whole, 0, sum->size);
	for (child = first_child(sum, vm); child; child = kind_next(sum->kind, child)) {
		lacking |= sum->sources & ~child->have;
		if (!(child->have & sum->sources))
			continue;
		add_counters(sum, vm, child);
		vm->e.have |= child->have & sum->passed_on;
	}
	if (sum->of_all)
		vm->e.have &= ~lacking;
}

/*
 * Makes `base`, a copy of what the VM was, the sum of what its present children were. Sources that
 * a child has now but had not then are taken from it.
 */
static void add_up_before(const struct sum *sum, const struct vm *vm, struct vm *base)
{
	const struct entity *child, *was;

	memset((char *)base + sum->whole, 0, sum->size);
	for (child = first_child(sum, vm); child; child = kind_next(sum->kind, child)) {
		was = sum->polled ? child->polled_before : child->before;
		base->e.have &= ~(child->have & sum->sources & ~(was ? was->have : 0));
		if (was && child->have & sum->sources)
			add_counters(sum, base, was);
	}
}

/* A recording may hold the sums alone, which are then left as they are. */
static void add_up_vm(struct snapshot *snap, struct vm *vm)
{
	struct vm *before = NULL, *polled_before = NULL, *base;

	if (!vm->vcpus && !vm->nics && !vm->disks)
		return;
	if (vm->e.before)
		vm->e.before = before = kind_copy(snap, &vm_kind, vm->e.before);
	if (vm->e.polled_before)
		vm->e.polled_before = polled_before =
			kind_copy(snap, &vm_kind, vm->e.polled_before);
	for (size_t i = 0; i < N_SUMS; i++) {
		if (!has_parts(&sums[i], vm))
			continue;
		add_up(&sums[i], vm);
		base = sums[i].polled ? polled_before : before;
		if (base)
			add_up_before(&sums[i], vm, base);
	}
}

static void add_up_switches(struct sched_counters *sched)
{
	sched->switches = sched->voluntary;
	add(&sched->switches, sched->involuntary);
}

static void add_up_polling(struct kvm_counters *kvm)
{
	kvm->poll_ns = kvm->poll_success_ns;
	add(&kvm->poll_ns, kvm->poll_fail_ns);
}

/* A sum is measured as its worst part is. */
static void find_guest_source(struct vm *vm)
{
	const struct vcpu *vcpu;
	bool found = false;

	for (vcpu = vm->vcpus; vcpu; vcpu = vcpu->next) {
		if (!(vcpu->e.have & SRC_GUEST))
			continue;
		if (!found || vcpu->guest_by < vm->guest_by)
			vm->guest_by = vcpu->guest_by;
		found = true;
	}
}

static void complete_vm(struct snapshot *snap, struct vm *vm)
{
	struct vcpu *vcpu;
	struct thread *thread;

	if (!vm->name)
		vm->name = arena_printf(snap->arena, "pid %d", (int)vm->pid);
	vm->age_s = NAN;
	if (vm->e.polled_ns && vm->e.polled_ns <= snap->mono_ns)
		vm->age_s = (double)(snap->mono_ns - vm->e.polled_ns) * 1e-9;
	for (vcpu = vm->vcpus; vcpu; vcpu = vcpu->next) {
		add_up_switches(&vcpu->sched);
		add_up_polling(&vcpu->totals);
	}
	find_guest_source(vm);
	for (thread = vm->threads; thread; thread = thread->next)
		add_up_switches(&thread->sched);
}

/* Only when all VMs are complete is it known what the one that held the CPU is called. */
static void name_holders(struct vm *vm)
{
	for (struct blame *blame = vm->blames; blame; blame = blame->next) {
		if (!blame->vm)
			continue;
		blame->holder = blame->vm->name;
		blame->holder_uuid = blame->vm->uuid;
		blame->holder_pid = blame->vm->pid;
	}
}

/*
 * Ticks and events count the guest's time from different beginnings: when one takes over from the
 * other, there is no past. Before its birth an entity had no such time by either.
 */
static void forget_other_measure(
	struct snapshot *snap, const struct kind *kind, struct entity *now, size_t guest_by)
{
	const struct entity *was = now->before;
	struct entity *base;

	if (!was || was == kind->unborn || !(was->have & SRC_GUEST))
		return;
	if (memcmp((const char *)now + guest_by, (const char *)was + guest_by,
		    sizeof(enum guest_source)) == 0)
		return;
	base = kind_copy(snap, kind, was);
	base->have &= ~(uint32_t)SRC_GUEST;
	now->before = base;
}

static void forget_other_measures(struct snapshot *snap, struct vm *vm)
{
	struct vcpu *vcpu;

	forget_other_measure(snap, &vm_kind, &vm->e, offsetof(struct vm, guest_by));
	for (vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		forget_other_measure(snap, &vcpu_kind, &vcpu->e, offsetof(struct vcpu, guest_by));
}

static bool is_running(const struct vm *vm)
{
	return vm->pid != 0 &&
	       (vm->state == VM_RUNNING || vm->state == VM_BLOCKED || vm->state == VM_NO_LIBVIRT);
}

static void count_vm(struct host *host, const struct vm *vm)
{
	host->n_vms++;
	host->n_running += is_running(vm);
	add(&host->n_vcpus, vm->pid ? vm->n_vcpus : 0);
	add(&host->vm_ns, vm->e.have & SRC_SCHED ? vm->cpu_ns : 0);
	host->e.have |= vm->e.have & SRC_SCHED;
}

/* A recording may hold the host alone: its counts are kept. */
static void add_up_host(struct snapshot *snap)
{
	struct host *host = &snap->host;
	const struct vm *vm;

	if (snap->vms)
		host->n_vms = host->n_running = host->n_vcpus = host->vm_ns = 0;
	for (vm = snap->vms; vm; vm = vm->next)
		count_vm(host, vm);
	if (snap->n_sources)
		host->n_down = 0;
	for (unsigned i = 0; i < snap->n_sources; i++)
		host->n_down += !snap->sources[i].up;
}

/* As add_up_before(): VMs that have gone take nothing away from the rate of the host. */
static void link_host(struct snapshot *snap)
{
	struct host *base = kind_copy(snap, &host_kind, &snap->before->host);
	const struct vm *vm, *was;

	if (snap->vms)
		base->vm_ns = 0;
	for (vm = snap->vms; vm; vm = vm->next) {
		was = vm->e.before;
		base->e.have &= ~(vm->e.have & SRC_SCHED & ~(was ? was->e.have : 0));
		add(&base->vm_ns, was && vm->e.have & SRC_SCHED ? was->cpu_ns : 0);
	}
	snap->host.e.before = base;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_vms(const void *a, const void *b)
{
	const struct vm *one = *(const struct vm *const *)a, *other = *(const struct vm *const *)b;
	int order = compare_text(one->name, other->name);

	if (order == 0)
		order = compare_text(one->uuid, other->uuid);
	return order ? order : (one->pid > other->pid) - (one->pid < other->pid);
}

/* As they are in a recording. */
static bool are_sorted(const struct vm *vm)
{
	while (vm && vm->next && compare_vms(&vm, &vm->next) <= 0)
		vm = vm->next;
	return !vm || !vm->next;
}

static void sort_vms(struct snapshot *snap)
{
	size_t n = 0, i = 0;
	struct vm *vm, **order;

	if (are_sorted(snap->vms))
		return;
	for (vm = snap->vms; vm; vm = vm->next)
		n++;
	order = arena_alloc(snap->arena, n * sizeof(*order));
	for (vm = snap->vms; vm; vm = vm->next)
		order[i++] = vm;
	qsort(order, n, sizeof(*order), compare_vms);
	snap->vms_tail = &snap->vms;
	for (i = 0; i < n; i++) {
		*snap->vms_tail = order[i];
		snap->vms_tail = &order[i]->next;
	}
	*snap->vms_tail = NULL;
}

void snapshot_finish(struct snapshot *snap, const struct snapshot *before)
{
	struct vm *vm;

	snap->before = before;
	if (before && snap->mono_ns > before->mono_ns)
		snap->interval_ns = snap->mono_ns - before->mono_ns;
	for (vm = snap->vms; vm; vm = vm->next)
		complete_vm(snap, vm);
	for (vm = snap->vms; vm; vm = vm->next) {
		name_holders(vm);
		if (before)
			link_vm(snap, vm);
		forget_other_measures(snap, vm);
		add_up_vm(snap, vm);
	}
	add_up_host(snap);
	if (before)
		link_host(snap);
	sort_vms(snap);
	snapshot_index_vms(snap);
}
