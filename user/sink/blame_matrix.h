/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waited for a CPU and who had it meanwhile: the numbers of one snapshot, for an output. */
#ifndef SINK_BLAME_MATRIX_H
#define SINK_BLAME_MATRIX_H

#include "vmbpf/sink.h"

struct arena;

/* Who had CPUs. A VM is told from others by its pid, a task of the host by its name. */
struct holder {
	enum holder_kind kind;
	pid_t pid;
	const char *name; /* as it is: not safe to print */
	double percent; /* of one CPU */
};

/* A VM whose vCPUs waited. All times are those of its vCPUs together, in percent of one CPU. */
struct waiter {
	struct item item;
	double ready;
	double throttled; /* NAN where that is not known */
	unsigned n_vcpus; /* at least 1 */
	const struct holder *holders; /* of `ready`, largest part first */
	size_t n_holders;
	double unknown; /* the part of `ready` that nobody was found for; NAN: nothing was measured
			 */
};

struct blame_matrix {
	struct waiter *waiters; /* in the order of the view_spec */
	size_t n_waiters;
	struct holder *holders; /* VMs and tasks of the host, with what they took from all */
	size_t n_holders;
};

/*
 * The VMs that match the filter and waited long enough to be shown, in the order of spec->sort.
 * Everything lives in the arena, names in the snapshot. -ENOMEM.
 */
int blame_matrix_fill(const struct view_spec *spec, const struct snapshot *snap,
	struct arena *arena, struct blame_matrix *ret);

/*
 * The same for one VM. False where it did not wait long enough to speak of, or nobody measured it;
 * *ret is untouched then.
 */
bool waiter_fill(const struct snapshot *snap, struct arena *arena, const struct item *item,
	struct waiter *ret);

bool holder_is_same(const struct holder *one, const struct holder *other);

/* The part of that holder in what the waiter waited, NULL where there is none. */
const struct holder *waiter_find(const struct waiter *waiter, const struct holder *holder);

#endif
