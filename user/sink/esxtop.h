/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CSV of esxtop's batch mode, which is that of the logs of Windows' performance monitor: the
 * first line names the columns, and each further one is a tick.
 *
 * It is none of sinks[], which keep nothing between two ticks: the columns are those of what runs
 * at the first tick and is measured then. They stay, with empty fields, when it has gone.
 */
#ifndef SINK_ESXTOP_H
#define SINK_ESXTOP_H

#include <stdio.h>

#include "vmbpf/model.h"

struct esxtop;

/* What came after the first line was written and therefore has no columns. */
struct esxtop_late {
	size_t n_vms;
	size_t n_devices; /* vCPUs, NICs and disks of VMs that do have columns */
	bool more; /* than there was room to tell apart */
	char names[256]; /* of the first five of these VMs, safe to print */
};

/* NULL with errno. esxtop_free() accepts NULL. */
struct esxtop *esxtop_new(void);
void esxtop_free(struct esxtop *esxtop);

/*
 * Writes one tick to the stream, before it the names if it is the first, and flushes. -ENOMEM, or
 * -errno of a failed write.
 */
int esxtop_tick(struct esxtop *esxtop, FILE *out, const struct snapshot *snap);

const struct esxtop_late *esxtop_late(const struct esxtop *esxtop);

#endif
