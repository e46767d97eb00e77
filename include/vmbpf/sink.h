/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an output is: one file under user/sink/ and one row in sinks[]. */
#ifndef VMBPF_SINK_H
#define VMBPF_SINK_H

#include <stdio.h>

#include "vmbpf/metric.h"

struct filter;

#define MAX_COLUMNS 256

/* What of a snapshot is shown, and how. */
struct view_spec {
	uint32_t scopes; /* 1u << enum scope */
	struct column columns[MAX_COLUMNS]; /* of the table and CSV; JSON lines always carry all */
	unsigned n_columns; /* 0: all columns of the scope */
	struct column sort; /* metric NULL: in snapshot order */
	bool ascending;
	const struct filter *filter; /* NULL: everything */
	bool headers;
	bool vcpu_rows; /* under each VM, in the table */
	bool vm_rows; /* above what is below each VM, in the table */
	int width; /* columns of the terminal, 0: no limit */
	bool colour;
	bool utf8;
};

/*
 * begin and end may be NULL. Every function returns 0 or -errno of a failed write; tick writes one
 * snapshot and flushes.
 */
struct sink {
	const char *name;
	int (*begin)(FILE *out, const struct view_spec *spec);
	int (*tick)(FILE *out, const struct view_spec *spec, const struct snapshot *snap);
	int (*end)(FILE *out, const struct view_spec *spec);
};

extern const struct sink *const sinks[]; /* NULL-terminated */

/* NULL where there is none of that name. */
const struct sink *sink_find(const char *name);

#endif
