/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has columns in an esxtop CSV: the host, VMs, and their vCPUs, NICs and disks. */
#ifndef SINK_ESXTOP_INSTANCE_H
#define SINK_ESXTOP_INSTANCE_H

#include "sink/esxtop.h"
#include "vmbpf/metric.h"

struct arena;

struct esxtop_instance {
	struct esxtop_instance *next;
	enum scope scope;
	pid_t pid; /* of the VM's process, 0: the host */
	uint64_t start_ns; /* of the VM */
	pid_t tid; /* of a vCPU, as is the next, else 0 */
	uint64_t index;
	const char *device; /* of a NIC or disk, else "" */
	const char *label; /* what its VM is called in names of columns, and no other VM */
	bool late; /* it came after the columns were decided on, and has none */
	const struct entity *entity; /* in the present snapshot, NULL once it has gone */
};

/* Zero-initialised by instances_init(). */
struct esxtop_instances {
	struct arena *arena;
	void *tree; /* of all, for tsearch() */
	struct esxtop_instance *first, **tail; /* those that have columns */
	bool closed; /* set once the columns are decided on: what comes now is late */
	struct esxtop_late late;
};

/* -ENOMEM. */
int instances_init(struct esxtop_instances *instances);
void instances_done(struct esxtop_instances *instances);

/*
 * Sets the entities of all instances to those of a snapshot, in which they may be read as long as
 * it lives, and adds or notes those it does not know. As in esxtop, a VM that does not run is none.
 * -ENOMEM.
 */
int instances_place(struct esxtop_instances *instances, const struct snapshot *snap);

#endif
