/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the replay share: exact values out of JSON. */
#ifndef COLLECT_REPLAY_VALUE_H
#define COLLECT_REPLAY_VALUE_H

#include <json-c/json.h>
#include <stdint.h>

/* The member as a text, or NULL where it is none. Lives as long as the line. */
const char *replay_text(struct json_object *line, const char *member);

/*
 * Decimal seconds to nanoseconds: of up to nine decimals without rounding, of all else that JSON
 * calls a number the nearest. -EINVAL, -ERANGE.
 */
int replay_seconds(struct json_object *number, uint64_t *ret);

/* -EINVAL where it is not a whole number, -ERANGE where it is not in [0, max]. */
int replay_whole(struct json_object *number, uint64_t max, uint64_t *ret);

int replay_double(struct json_object *number, double *ret);

#endif
