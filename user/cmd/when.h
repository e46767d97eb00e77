/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times in a recording, as people write them. */
#ifndef CMD_WHEN_H
#define CMD_WHEN_H

#include <stdint.h>

#include "vmbpf/config.h"

/* What when_parse() takes, for a message. */
#define WHEN_FORMS "a time like 2026-01-31T12:00:00Z, 12:00 or 12:00:30 (local time), or +5m"

/* -EINVAL, -ERANGE. */
int when_parse(const char *text, struct when *ret);

/*
 * CLOCK_REALTIME of it in a recording that begins at first_ns. A time of day is that of the day of
 * the first tick, or of the next day where it is before the minute of the first tick.
 */
uint64_t when_in_recording(const struct when *when, uint64_t first_ns);

/* CLOCK_REALTIME as the first of these forms, in whole seconds. */
#define WHEN_TEXT_SIZE sizeof("2026-01-31T12:00:00Z")
void when_print(uint64_t real_ns, char text[static WHEN_TEXT_SIZE]);

#endif
