/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From which value on a number deserves attention: what operators of hypervisors commonly use. */
#ifndef SINK_THRESHOLD_H
#define SINK_THRESHOLD_H

#include "vmbpf/metric.h"

enum level { LEVEL_NORMAL, LEVEL_WARNING, LEVEL_CRITICAL };

struct threshold {
	double warning, critical; /* in the column's unit; what is above is meant */
	struct column of_vcpus; /* where a VM is judged by its worst vCPU; metric NULL elsewhere */
};

/* False where there is none for that column. */
bool threshold_find(const struct column *column, struct threshold *ret);

/* The level of an item, whose value of the column is given. */
enum level threshold_level(const struct threshold *threshold, const struct snapshot *snap,
	const struct item *item, const struct value *value);

#endif
