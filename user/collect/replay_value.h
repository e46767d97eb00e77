/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the replay share: exact values out of members. */
#ifndef COLLECT_REPLAY_VALUE_H
#define COLLECT_REPLAY_VALUE_H

#include <stdint.h>

#include "collect/replay_json.h"

/* The member as a text, or NULL where it is none. Lives as long as the line. */
const char *replay_text(const struct members *line, const char *name);

/* In these a member may be NULL, and is then no number. */

/*
 * Decimal seconds to nanoseconds: of up to nine decimals without rounding, of all else that JSON
 * calls a number the nearest. -EINVAL, -ERANGE.
 */
int replay_seconds(const struct member *member, uint64_t *ret);

/* -EINVAL where it is not a whole number, -ERANGE where it is not in [0, max]. */
int replay_whole(const struct member *member, uint64_t max, uint64_t *ret);

/* -EINVAL where it is no number, or beyond all that a double can be. */
int replay_double(const struct member *member, double *ret);

#endif
