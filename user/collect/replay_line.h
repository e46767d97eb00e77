/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a recording into the snapshot of its tick. */
#ifndef COLLECT_REPLAY_LINE_H
#define COLLECT_REPLAY_LINE_H

#include <json-c/json.h>

#include "vmbpf/metric.h"

/* What is wrong with a line: this member must be something else. Static texts. */
struct fault {
	const char *member, *right;
};

/*
 * Adds what the line is about to the snapshot, whose mono_ns is set. Types that are not of this
 * version's scopes are passed over, as members are. 0 or -EINVAL.
 */
int replay_line_read(struct json_object *line, struct snapshot *snap, struct fault *fault);

/*
 * Sets every field of the entity whose row of the catalogue is in the line, and `have` to the
 * sources of what is not null. Rows of the field at offset `key`, by which the entity was found,
 * are passed over. 0 or -EINVAL.
 */
int replay_rows_read(struct json_object *line, struct snapshot *snap, enum scope scope, size_t key,
	struct entity *entity, struct fault *fault);

#endif
