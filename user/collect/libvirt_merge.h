/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How what libvirt knows is merged into a snapshot; the collector does this once a tick. */
#ifndef COLLECT_LIBVIRT_MERGE_H
#define COLLECT_LIBVIRT_MERGE_H

#include "base/table.h"
#include "collect/cgroup.h"
#include "collect/domain_list.h"
#include "vmbpf/model.h"

/* What root has on record of a process. */
struct identity {
	pid_t pid;
	uint64_t start_ns;
	struct cgroup_info cgroup; /* domain_id -1: in no domain's group */
	char uuid[VIR_UUID_STRING_BUFLEN]; /* by its PID file; empty: there is none */
	unsigned asked; /* times that nothing was found */
};

/* Fills cgroup and uuid of *ret by its pid. */
typedef void identify_fn(struct identity *ret);

/* What one merge leaves for the next. Zero-initialise but for `identify`; merger_done(). */
struct merger {
	identify_fn *identify;
	struct identity *known; /* of the processes of the last snapshot, in its order */
	size_t n_known;
	struct table by_id; /* the running domains */
	uint64_t mono_ns; /* of the last snapshot */
};

/*
 * Adds to the snapshot what the list tells: names the VMs found as processes, where it is proven
 * which domain they are, and adds the domains without a process. Leaves hints in the list.
 */
void merger_merge(struct merger *merger, struct domain_list *list, struct snapshot *snap);
void merger_done(struct merger *merger);

#endif
