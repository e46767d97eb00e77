/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel-side collector: which processes are VMs, what their threads did and what their taps
 * moved, from the BPF programs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/kernel/kernel.h"
#include "collect/registry.h"

static void kernel_close(void *state)
{
	struct kernel_side *side = state;
	struct process *process;

	while ((process = side->processes)) {
		side->processes = process->next;
		free(process);
	}
	table_done(&side->by_pid);
	loader_close(&side->loader);
	free(side->slots);
	free(side->freed);
	free(side->nic_used);
	free(side->files);
	free(side->exits);
	free(side);
}

static int kernel_open(const struct config *config, void **state, const char **why)
{
	static char reason[200];
	struct kernel_side *side = calloc(1, sizeof(*side));
	int err;

	if (!side)
		return -ENOMEM;
	side->exits_wanted = config->exits;
	side->exits_by_vcpu = config->exits_by_vcpu;
	side->last_boot_ns = clock_ns(CLOCK_BOOTTIME);
	err = loader_open(config, &side->loader, reason, sizeof(reason));
	if (err) {
		*why = reason;
		free(side);
		return err;
	}
	side->slots = calloc(side->loader.n_slots, sizeof(*side->slots));
	side->freed = calloc(side->loader.n_slots, sizeof(*side->freed));
	side->nic_used = calloc(side->loader.n_nics, sizeof(*side->nic_used));
	side->files = calloc(MAX_FILES, sizeof(*side->files));
	side->exits = calloc(side->loader.n_exit_tables, sizeof(*side->exits));
	if (!side->slots || !side->freed || !side->nic_used || !side->files ||
		(side->loader.exits.on && !side->exits)) {
		kernel_close(side);
		return -ENOMEM;
	}
	*state = side;
	return 0;
}

static void describe(struct kernel_side *side, struct snapshot *snap, int err)
{
	const struct loader *loader = &side->loader;
	__u64 runs, run_ns;
	char why[100];

	snprintf(why, sizeof(why), "the walk over the tasks failed: %s", strerror(-err));
	snapshot_source(snap, "walk", !err, why);
	snapshot_source(snap, "events", loader->events.on, loader->events.why);
	snapshot_source(snap, "net", loader->net.on, loader->net.why);
	exits_describe(side, snap);
	snap->host.bpf_programs = loader->n_attached;
	snap->host.lost_events = loader->control->lost_slots + loader->control->lost_tids +
				 loader->control->torn + side->lost_taps +
				 (loader->exits.on ? loader->exit_control->lost : 0);
	snap->host.e.have |= SRC_TICK;
	if (!loader_statistics(loader, &runs, &run_ns))
		return;
	snap->host.bpf_events = runs;
	snap->host.bpf_ns = run_ns;
	snap->host.e.have |= SRC_BPF_STATS;
}

/* The snapshot is of the instant of its last walk: judging new VMs takes a while, and a walk more.
 */
static void move_to_walk(struct snapshot *snap, const struct vmb_control *control)
{
	uint64_t late_ns = control->mono_ns - snap->mono_ns;

	snap->mono_ns += late_ns;
	snap->boot_ns += late_ns;
	snap->real_ns += late_ns;
}

static void kernel_collect(void *state, struct snapshot *snap)
{
	struct kernel_side *side = state;
	int err = loader_walk(&side->loader);

	side->tick++;
	if (!err) {
		drop_gone_processes(side);
		/* The threads of new VMs are to be seen in this tick, not in the next. */
		while (judge_candidates(side) && !err)
			err = loader_walk(&side->loader);
		move_to_walk(snap, side->loader.control);
		exits_begin(side);
		scan_files(side);
		collect_threads(side, snap);
		collect_taps(side, snap);
		collect_blames(side, snap);
	}
	describe(side, snap, err);
}

const struct collector kernel_collector = {
	.name = "kernel",
	.open = kernel_open,
	.collect = kernel_collect,
	.close = kernel_close,
	.required = true,
};
