/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a recording into the snapshot of its tick. */
#ifndef COLLECT_REPLAY_LINE_H
#define COLLECT_REPLAY_LINE_H

#include "collect/replay_json.h"
#include "vmbpf/metric.h"

/* Which members the rows of the catalogue have; NULL without memory. _free() accepts NULL. */
struct replay_rows;
struct replay_rows *replay_rows_new(void);
void replay_rows_free(struct replay_rows *rows);

/* What is wrong with a line: this member must be something else. Static texts. */
struct fault {
	const char *member, *right;
};

/* A line on its way into the snapshot of its tick. */
struct reading {
	const struct members *line;
	struct replay_rows *rows;
	struct snapshot *snap; /* whose mono_ns is set */
	struct fault *fault;
};

/*
 * Adds what the line is about to the snapshot. Types that are not of this version's scopes are
 * passed over, as members are. 0 or -EINVAL.
 */
int replay_line_read(const struct reading *reading);

/*
 * Sets every field of the entity whose row of the catalogue is in the line, and `have` to the
 * sources of what is not null. Rows of the field at offset `key`, by which the entity was found,
 * are passed over. 0 or -EINVAL.
 */
int replay_rows_read(
	const struct reading *reading, enum scope scope, size_t key, struct entity *entity);

#endif
