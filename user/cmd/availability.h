/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sources of data this host has now, found out by asking them. */
#ifndef CMD_AVAILABILITY_H
#define CMD_AVAILABILITY_H

#include <stdbool.h>

#include "vmbpf/metric.h"

struct availability {
	bool here;
	const char *reason; /* why not, NULL while it is; lives as long as the snapshot */
};

/* Of every source, in the order of sources[]. */
void availability_find(const struct snapshot *snap, struct availability ret[static N_SOURCES]);

/* Of a row of the catalogue: that of the first source it needs and has not. */
struct availability availability_of(
	const struct metric *metric, const struct availability known[static N_SOURCES]);

#endif
