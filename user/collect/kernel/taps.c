/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The taps that VMs hold: keeps the kernel side's table of interfaces in step with them, and reads
 * their counters. A tap is known by its network namespace, its index and the address of its device,
 * so that an index that is used again is another tap.
 */
#include <string.h>

#include "collect/kernel/kernel.h"

#define FREE_PLACE 0u
/* Skipped by a search, and used again. */
#define DELETED_PLACE ~0u

static bool is_same(const struct vmb_file *a, const struct vmb_file *b)
{
	return a->ifindex == b->ifindex && a->netns == b->netns && a->address == b->address;
}

static struct vmb_nic *place_for(struct loader *loader, const struct vmb_file *file)
{
	uint32_t at = vmb_nic_hash(file->ifindex, file->netns);

	for (unsigned i = 0; i < VMB_NIC_PROBES; i++) {
		struct vmb_nic *nic = &loader->nics[(at + i) & (loader->n_nic_places - 1)];

		if (nic->ifindex == FREE_PLACE || nic->ifindex == DELETED_PLACE)
			return nic;
	}
	return NULL;
}

static struct vmb_nic *place_of(struct loader *loader, const struct vmb_file *file)
{
	uint32_t at = vmb_nic_hash(file->ifindex, file->netns);

	for (unsigned i = 0; i < VMB_NIC_PROBES; i++) {
		struct vmb_nic *nic = &loader->nics[(at + i) & (loader->n_nic_places - 1)];

		if (nic->ifindex == file->ifindex && nic->netns == file->netns &&
			nic->address == file->address)
			return nic;
	}
	return NULL;
}

static bool take_slot(struct kernel_side *side, unsigned *ret)
{
	for (unsigned slot = 0; slot < side->loader.n_nics; slot++) {
		if (!side->nic_used[slot]) {
			side->nic_used[slot] = true;
			*ret = slot;
			return true;
		}
	}
	return false;
}

/* Counting starts from zero when the place is filled; its index is written last. */
static bool start_counting(struct kernel_side *side, struct tap *tap)
{
	struct loader *loader = &side->loader;
	struct vmb_nic *nic = place_for(loader, &tap->file);

	if (!nic || !take_slot(side, &tap->slot))
		return false;
	memset(&loader->traffic[tap->slot * loader->n_cpus], 0,
		loader->n_cpus * sizeof(*loader->traffic));
	nic->slot = tap->slot;
	nic->netns = tap->file.netns;
	nic->address = tap->file.address;
	__atomic_store_n(&nic->ifindex, tap->file.ifindex, __ATOMIC_RELEASE);
	return true;
}

/* Without the programs on the network tracepoints it is listed all the same. */
static void tap_add(struct kernel_side *side, struct process *process, const struct vmb_file *file)
{
	struct tap *tap;

	if (process->n_taps == MAX_TAPS) {
		side->lost_taps++;
		return;
	}
	tap = &process->taps[process->n_taps++];
	*tap = (struct tap){ .file = *file, .seen = true };
	if (!side->loader.net.on)
		return;
	tap->counted = start_counting(side, tap);
	side->lost_taps += !tap->counted;
}

static void tap_release(struct kernel_side *side, const struct tap *tap)
{
	struct vmb_nic *nic;

	if (!tap->counted)
		return;
	nic = place_of(&side->loader, &tap->file);
	if (nic)
		__atomic_store_n(&nic->ifindex, DELETED_PLACE, __ATOMIC_RELEASE);
	side->nic_used[tap->slot] = false;
}

void tap_release_all(struct kernel_side *side, struct process *process)
{
	for (unsigned i = 0; i < process->n_taps; i++)
		tap_release(side, &process->taps[i]);
	process->n_taps = 0;
}

/* A multi-queue tap is open several times. */
static struct tap *find_tap(struct process *process, const struct vmb_file *file)
{
	for (unsigned i = 0; i < process->n_taps; i++) {
		if (is_same(&process->taps[i].file, file))
			return &process->taps[i];
	}
	return NULL;
}

static void drop_unseen(struct kernel_side *side, struct process *process)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < process->n_taps; i++) {
		if (process->taps[i].seen)
			process->taps[kept++] = process->taps[i];
		else
			tap_release(side, &process->taps[i]);
	}
	process->n_taps = kept;
}

void tap_update(struct kernel_side *side, struct process *process, const struct vmb_file *files,
	unsigned n_files)
{
	for (unsigned i = 0; i < process->n_taps; i++)
		process->taps[i].seen = false;
	for (unsigned i = 0; i < n_files; i++) {
		struct tap *tap;

		if (files[i].kind != VMB_FILE_TAP)
			continue;
		tap = find_tap(process, &files[i]);
		if (tap) {
			tap->file = files[i]; /* its name may have changed */
			tap->seen = true;
		} else {
			tap_add(side, process, &files[i]);
		}
	}
	drop_unseen(side, process);
}

static void read_traffic(const struct loader *loader, unsigned slot, struct net_counters *ret)
{
	const struct vmb_net *counters = &loader->traffic[slot * loader->n_cpus];

	for (unsigned cpu = 0; cpu < loader->n_cpus; cpu++) {
		ret->rx_bytes += counters[cpu].rx_bytes;
		ret->tx_bytes += counters[cpu].tx_bytes;
		ret->rx_packets += counters[cpu].rx_packets;
		ret->tx_packets += counters[cpu].tx_packets;
	}
}

static void add_nic(
	const struct kernel_side *side, struct snapshot *snap, struct vm *vm, const struct tap *tap)
{
	char name[VMB_NAME_LEN + 1] = "";
	struct nic *nic;

	memcpy(name, tap->file.name, VMB_NAME_LEN);
	nic = snapshot_nic(snap, vm, name);
	nic->e.have |= SRC_TICK;
	nic->netns = tap->file.netns;
	if (!tap->counted)
		return;
	nic->e.have |= SRC_NET;
	read_traffic(&side->loader, tap->slot, &nic->net);
}

void collect_taps(struct kernel_side *side, struct snapshot *snap)
{
	for (struct process *process = side->processes; process; process = process->next) {
		for (unsigned i = 0; process->vm && i < process->n_taps; i++)
			add_nic(side, snap, process->vm, &process->taps[i]);
	}
}
