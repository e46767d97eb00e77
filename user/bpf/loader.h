/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side, loaded: opens the BPF objects, sizes and shares their maps, chooses the form of
 * each program that this kernel takes, loads and attaches them. Nothing stays in the kernel when
 * the process ends.
 */
#ifndef BPF_LOADER_H
#define BPF_LOADER_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmbpf/config.h"
#include "vmbpf/wire.h"

/* What a part of the kernel side is for, and why it is absent. */
struct loader_part {
	bool on;
	char why[200]; /* a sentence, "" while it is on */
};

struct loader {
	/* Shared memory. slots[0] is unused. */
	struct vmb_slot *slots;
	struct vmb_control *control;
	struct vmb_blame_row *blames; /* VMB_MAX_VMS, NULL without `events` */
	struct vmb_nic *nics; /* n_nic_places, NULL without `net` */
	struct vmb_net *traffic; /* [slot * n_cpus + cpu], n_nics slots, NULL without `net` */
	struct vmb_exit_table *exit_tables; /* n_exit_tables, NULL without `exits` */
	volatile struct vmb_exit_control *exit_control; /* NULL without `exits` */
	unsigned n_slots; /* the first free number is 1 */
	unsigned n_seen; /* slots that are in memory: those up to the highest one ever used */
	unsigned n_tids;
	unsigned n_nics;
	unsigned n_nic_places; /* power of two */
	unsigned n_cpus;
	unsigned n_exit_tables; /* the first free number is 1 */
	unsigned n_attached; /* programs attached to events */

	struct loader_part events; /* on sched_switch and task_newtask */
	struct loader_part net; /* on the network tracepoints */
	struct loader_part exits; /* on KVM's, if config->exits */
	bool exit_times; /* both of kvm_exit and kvm_entry are among them */

	struct loader_objects *objects;
};

/*
 * Loads what config asks for. The walk is indispensable: without it -errno, and `why` says what to
 * do. Parts that cannot be had are off, with their reason.
 */
int loader_open(const struct config *config, struct loader *loader, char *why, size_t size);
void loader_close(struct loader *loader);

/* One walk. Afterwards control and the walk's halves of the slots are those of one instant. -errno.
 */
int loader_walk(struct loader *loader);

/*
 * How often the attached programs ran and what that took, by the kernel's statistics. False while
 * these are off, as they usually are.
 */
bool loader_statistics(const struct loader *loader, __u64 *runs, __u64 *run_ns);

/* Gives a slot back; the caller has zeroed it. */
int loader_free_slot(struct loader *loader, __u32 number);

/* The same for a table of exits. */
int loader_free_exits(struct loader *loader, __u32 number);

/* The number of the slot that a tid leads to, 0: none. */
unsigned loader_slot_of(const struct loader *loader, __u32 tid);

/* Takes a tid out of the table, if it still leads to that slot. */
void loader_forget_tid(const struct loader *loader, __u32 tid, __u32 number);

/* What is thought of a process. -errno; -ENOENT where nothing is. */
int loader_get_process(struct loader *loader, pid_t pid, struct vmb_process *ret);
int loader_set_process(struct loader *loader, pid_t pid, const struct vmb_process *process);
int loader_forget_process(struct loader *loader, pid_t pid);

/* What a process holds open: at most `max` records into `files`; returns their number or -errno. */
int loader_files(struct loader *loader, pid_t pid, struct vmb_file *files, unsigned max);

#endif
