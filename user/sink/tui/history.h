/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last samples of every VM, for the lines that show how a number went. */
#ifndef TUI_HISTORY_H
#define TUI_HISTORY_H

#include "base/table.h"
#include "vmbpf/metric.h"

#define HISTORY_SAMPLES 120

/* What is kept of a VM: one row of series[] each. */
enum series {
	SERIES_CPU,
	SERIES_READY,
	SERIES_MEMORY,
	SERIES_NET_RX,
	SERIES_NET_TX,
	SERIES_DISK_READ,
	SERIES_DISK_WRITE,
	N_SERIES
};

struct series_row {
	const char *title;
	/* By their catalogue names; the second where the first is absent, may be NULL. */
	const char *columns[2];
	double least; /* what at least the height of its picture stands for */
};

extern const struct series_row series_rows[N_SERIES];

/* Zero-initialise, then history_done(). Memory is that of the VMs of the last 120 samples. */
struct history {
	struct vm_history *vms;
	struct table by_identity;
	uint64_t times[HISTORY_SAMPLES]; /* real time of each sample, a ring */
	unsigned newest, n;
};

void history_done(struct history *history);

/*
 * Adds a snapshot. Samples that are not older than it are forgotten: a recording may be played
 * backwards.
 */
void history_add(struct history *history, const struct snapshot *snap);

/*
 * The samples of a VM, by its identity, oldest first, NAN where it had none. Returns how many there
 * are, which is the same for all VMs; 0 for one that is not known.
 */
unsigned history_get(const struct history *history, uint64_t vm, enum series series,
	float samples[static HISTORY_SAMPLES]);

/* The value of a series now, and the column it is of. */
struct value series_value(enum series series, const struct snapshot *snap, const struct vm *vm,
	struct column *column);

#endif
