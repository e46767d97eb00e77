/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the merging of libvirt's domains into a snapshot. */
#include "collect/libvirt_merge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

/* A process is put into its domain's group about when it starts: how often to look, once a tick. */
#define TIMES_TO_ASK 8

/*
 * Data is older than two ticks when a whole poll was missed: one of two ticks ago, asked for right
 * after that tick, is a little less than two intervals old.
 */
#define STALE_MIN_NS (2 * NSEC_PER_SEC)
#define STALE_MARGIN_NS (250 * NSEC_PER_MSEC)

/* What one merge works with. */
struct merge {
	struct merger *merger;
	struct domain_list *list;
	struct snapshot *snap;
	uint64_t stale_ns; /* data older than this is stale */
	bool *matched; /* which domains have a process */
};

static bool is_identified(const struct identity *identity)
{
	return identity->cgroup.domain_id >= 0 || identity->uuid[0];
}

/* Processes seldom change places, so the search goes on after the last one found. */
static const struct identity *find_known(
	const struct merger *merger, const struct vm *vm, size_t *position)
{
	for (size_t i = 0; i < merger->n_known; i++) {
		size_t at = (*position + i) % merger->n_known;
		const struct identity *known = &merger->known[at];

		if (known->pid != vm->pid || known->start_ns != vm->start_ns)
			continue;
		*position = at + 1;
		return known;
	}
	return NULL;
}

static struct identity recall(const struct merger *merger, const struct vm *vm, size_t *position)
{
	const struct identity *known = find_known(merger, vm, position);
	struct identity identity = { .pid = vm->pid, .start_ns = vm->start_ns };

	if (known)
		identity = *known;
	if (known && (is_identified(known) || known->asked >= TIMES_TO_ASK))
		return identity;
	merger->identify(&identity);
	identity.asked++;
	return identity;
}

/* Learns who the processes of the snapshot are, and forgets those of the last one. */
static void learn(struct merger *merger, const struct snapshot *snap)
{
	size_t n = 0, position = 0;
	struct identity *known;
	const struct vm *vm;

	for (vm = snap->vms; vm; vm = vm->next)
		n += vm->pid != 0;
	known = calloc(n ? n : 1, sizeof(*known));
	n = 0;
	for (vm = snap->vms; known && vm; vm = vm->next)
		if (vm->pid != 0)
			known[n++] = recall(merger, vm, &position);
	free(merger->known);
	merger->known = known;
	merger->n_known = n;
}

static void index_by_id(struct merger *merger, struct domain_list *list)
{
	table_clear(&merger->by_id);
	for (size_t i = 0; i < list->n; i++)
		if (list->domains[i].id >= 0)
			table_add(&merger->by_id, (uint64_t)list->domains[i].id, &list->domains[i]);
}

/* The next character of a name that libvirt would keep in that of a group. */
static const char *next_kept(const char *name)
{
	while (*name && (!isascii((unsigned char)*name) || !isalnum((unsigned char)*name)))
		name++;
	return name;
}

/*
 * Whether the name in that of a group is this domain's, shortened. IDs alone could mislead: after
 * its restart libvirtd may use one again that an older list still has.
 */
static bool is_short_for(const char *group, const char *name)
{
	for (group = next_kept(group); *group; group = next_kept(group + 1)) {
		name = next_kept(name);
		if (*name++ != *group)
			return false;
	}
	return true;
}

static struct domain *find_domain(const struct merge *merge, const struct identity *identity)
{
	int64_t id = identity->cgroup.domain_id;
	struct domain *domain;

	if (id >= 0) {
		domain = table_find(&merge->merger->by_id, (uint64_t)id, NULL);
		return domain && is_short_for(identity->cgroup.name, domain->name) ? domain : NULL;
	}
	if (!identity->uuid[0])
		return NULL;
	domain = domain_list_find(merge->list, identity->uuid);
	return domain && domain->id >= 0 ? domain : NULL;
}

static uint64_t known_or(uint64_t value, uint64_t otherwise)
{
	return value != NOT_REPORTED ? value : otherwise;
}

static void fill_record(struct snapshot *snap, struct vm *vm, const struct domain_xml *xml)
{
	vm->title = snapshot_text(snap, xml->title);
	vm->owner_name = snapshot_text(snap, xml->owner_name);
	vm->owner_project = snapshot_text(snap, xml->owner_project);
	vm->owner_flavour = snapshot_text(snap, xml->owner_flavour);
	vm->tags = snapshot_text(snap, xml->tags);
	vm->n_vcpus = known_or(xml->n_vcpus, vm->n_vcpus);
	vm->memory_maximum_bytes = xml->memory_maximum_bytes;
	/* What is off has been given nothing. */
	vm->memory_assigned_bytes = vm->id >= 0 ? xml->memory_assigned_bytes : 0;
}

static void fill_balloon(struct snapshot *snap, struct vm *vm, const struct domain_stats *stats)
{
	const struct balloon_stats *balloon = &stats->balloon;
	double age_s = (double)snap->real_ns * 1e-9 - (double)balloon->last_update_s;

	vm->memory_assigned_bytes = known_or(balloon->assigned_bytes, vm->memory_assigned_bytes);
	vm->memory_maximum_bytes = known_or(balloon->maximum_bytes, vm->memory_maximum_bytes);
	if (!domain_stats_has_guest_view(stats))
		return;
	vm->memory_available_bytes = balloon->available_bytes;
	vm->memory_unused_bytes = balloon->unused_bytes;
	vm->memory_usable_bytes = balloon->usable_bytes;
	vm->memory_cached_bytes = balloon->cached_bytes;
	vm->guest_faults_minor = balloon->faults_minor;
	vm->guest_faults_major = balloon->faults_major;
	vm->guest_swap_in_bytes = balloon->swap_in_bytes;
	vm->guest_swap_out_bytes = balloon->swap_out_bytes;
	vm->memory_guest_age_s = age_s > 0 ? age_s : 0;
	vm->e.have |= SRC_BALLOON;
}

static void fill_disk(struct snapshot *snap, struct vm *vm, const struct disk_stats *stats)
{
	struct disk *disk;

	if (!stats->target)
		return;
	disk = snapshot_disk(snap, vm, stats->target);
	disk->e.polled_ns = vm->e.polled_ns;
	disk->io = stats->io;
	disk->storage = stats->storage;
	if (stats->path)
		disk->path = snapshot_text(snap, stats->path);
	if (stats->io.read_requests != NOT_REPORTED)
		disk->e.have |= SRC_BLOCK;
	if (stats->storage.capacity_bytes != NOT_REPORTED)
		disk->e.have |= SRC_STORAGE;
	disk->e.have |= SRC_LIBVIRT;
}

static void fill_stats(struct snapshot *snap, struct vm *vm, const struct domain_stats *stats)
{
	fill_balloon(snap, vm, stats);
	for (unsigned i = 0; i < stats->n_disks; i++)
		fill_disk(snap, vm, &stats->disks[i]);
}

static void fill_devices(struct snapshot *snap, struct vm *vm, const struct domain_xml *xml)
{
	for (const struct xml_nic *from = xml->nics; from; from = from->next) {
		struct nic *nic = snapshot_nic(snap, vm, from->device);

		nic->mac = snapshot_text(snap, from->mac);
		nic->source = snapshot_text(snap, from->source);
		nic->e.have |= SRC_LIBVIRT;
	}
	for (const struct xml_disk *from = xml->disks; from; from = from->next) {
		struct disk *disk = snapshot_disk(snap, vm, from->target);

		disk->e.polled_ns = vm->e.polled_ns;
		disk->path = snapshot_text(snap, from->path);
		disk->e.have |= SRC_LIBVIRT;
	}
}

/*
 * When the oldest of the VM's data was taken: the statistics where there are any, since those of a
 * QEMU that hangs stay behind.
 */
static uint64_t taken_ns(const struct domain_list *list, const struct domain *domain)
{
	return domain->stats && domain->stats_ns < list->taken_ns ? domain->stats_ns
								  : list->taken_ns;
}

static bool is_older(const struct snapshot *snap, uint64_t since_ns, uint64_t age_ns)
{
	return snap->mono_ns > since_ns && snap->mono_ns - since_ns > age_ns;
}

static void fill_vm(const struct merge *merge, struct vm *vm, const struct domain *domain)
{
	struct snapshot *snap = merge->snap;

	vm->name = snapshot_text(snap, domain->name);
	vm->uuid = snapshot_text(snap, domain->uuid);
	vm->id = domain->id;
	vm->state = domain->state;
	vm->memory_assigned_bytes = vm->memory_maximum_bytes = NOT_REPORTED;
	vm->e.polled_ns = domain->stats ? domain->stats_ns : merge->list->taken_ns;
	vm->stale = is_older(snap, taken_ns(merge->list, domain), merge->stale_ns);
	if (domain->xml) {
		fill_record(snap, vm, domain->xml);
		fill_devices(snap, vm, domain->xml);
	}
	if (domain->stats)
		fill_stats(snap, vm, domain->stats);
	vm->e.have |= SRC_LIBVIRT;
}

/* No event tells of a vCPU that was plugged in: another number of its threads does. */
static void compare_vcpus(const struct snapshot *snap, const struct vm *vm, struct domain *domain)
{
	const struct vcpu *vcpu;
	uint64_t n = 0;

	for (vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		n++;
	if (domain->n_vcpus_seen != n)
		domain->changed_ns = snap->mono_ns;
	domain->n_vcpus_seen = n;
}

static void merge_processes(struct merge *merge)
{
	const struct identity *identity = merge->merger->known;
	struct vm *vm;

	for (vm = merge->snap->vms; vm; vm = vm->next) {
		struct domain *domain;
		size_t index;

		if (vm->pid == 0 || !identity)
			continue;
		domain = find_domain(merge, identity++);
		if (!domain)
			continue;
		index = (size_t)(domain - merge->list->domains);
		if (merge->matched[index])
			continue; /* a helper of QEMU in the same group */
		merge->matched[index] = true;
		domain->had_process = true;
		compare_vcpus(merge->snap, vm, domain);
		fill_vm(merge, vm, domain);
	}
}

/*
 * A domain that libvirt says runs, and that had a process, but has none any more: it takes libvirt
 * seconds to notice. A persistent domain is off then, a transient one is no more.
 */
static bool has_ended(const struct domain *domain)
{
	return domain->id >= 0 && domain->had_process;
}

static void add_domain(const struct merge *merge, struct domain domain)
{
	struct vm *vm = snapshot_add_vm(merge->snap);

	if (has_ended(&domain)) {
		domain.id = -1;
		domain.state = VM_SHUTOFF;
		domain.stats = NULL;
	}
	vm->n_vcpus = NOT_REPORTED;
	fill_vm(merge, vm, &domain);
}

static void add_domains(const struct merge *merge)
{
	for (size_t i = 0; i < merge->list->n; i++) {
		const struct domain *domain = &merge->list->domains[i];

		if (!merge->matched[i] && (!has_ended(domain) || domain->persistent))
			add_domain(merge, *domain);
	}
}

static uint64_t stale_after_ns(struct merger *merger, const struct snapshot *snap)
{
	uint64_t limit_ns = 0;

	if (merger->mono_ns)
		limit_ns = 2 * (snap->mono_ns - merger->mono_ns);
	merger->mono_ns = snap->mono_ns;
	return (limit_ns > STALE_MIN_NS ? limit_ns : STALE_MIN_NS) - STALE_MARGIN_NS;
}

void merger_merge(struct merger *merger, struct domain_list *list, struct snapshot *snap)
{
	struct merge merge = {
		.merger = merger,
		.list = list,
		.snap = snap,
		.stale_ns = stale_after_ns(merger, snap),
		.matched = arena_alloc(snap->arena, list->n * sizeof(bool)),
	};

	learn(merger, snap);
	index_by_id(merger, list);
	merge_processes(&merge);
	add_domains(&merge);
}

void merger_done(struct merger *merger)
{
	free(merger->known);
	table_done(&merger->by_id);
}
