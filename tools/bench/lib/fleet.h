/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many VMs for a benchmark, made by tests/live/stub_vms, and the ways to read what their threads
 * did that vmbpf is compared with.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct snapshot;

struct fleet {
	pid_t stub; /* the process that made them, 0: none */
	int stop; /* closing this ends them */
	pid_t *pids; /* of the VMs */
	unsigned n_vms;
	unsigned n_vcpus; /* that KVM knows */
	int *schedstats; /* one open file for each thread */
	unsigned n_threads;
	uint64_t sum; /* of what was read, so that it is read */
};

/*
 * Starts `vms` VMs of `vcpus` vCPUs each and waits until they are there. Unless `halted`, KVM knows
 * nothing of their vCPUs, which then are threads and no more. -errno.
 */
int fleet_start(struct fleet *fleet, unsigned vms, unsigned vcpus, bool halted);
void fleet_stop(struct fleet *fleet);

/* Takes all VMs of a snapshot, started here or not, for what is to be read. -errno. */
int fleet_list(struct fleet *fleet, const struct snapshot *snap);

/* What a monitor does that reads everything of each thread: opendir, stat, schedstat, status. */
void fleet_read_proc(struct fleet *fleet);

/* The cheapest way /proc allows: files kept open, schedstat alone. */
void fleet_read_cached(struct fleet *fleet);

#endif
