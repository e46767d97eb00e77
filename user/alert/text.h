/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms in which an alert is written. */
#ifndef ALERT_TEXT_H
#define ALERT_TEXT_H

#include "alert/record.h"

struct arena;

/* How grave it is: a firing alert's severity, a warning without data, information once it is over.
 */
enum severity alert_level(const struct alert_record *record);

/*
 * For people, without a newline: the local time, state, severity, VM and key, rule, value and
 * threshold, cause, suggestion. Nothing in it steers a terminal.
 */
const char *alert_line(
	struct arena *arena, bool utf8, bool colour, const struct alert_record *record);

/*
 * logfmt, without a newline: ts level event state alert host vm uuid in front, always in this
 * order. Texts are quoted, and what is not printable in them is escaped.
 */
const char *alert_logfmt(struct arena *arena, const struct alert_record *record);

/* One JSON object on one line, without a newline; see the type `alert` in the manual. */
const char *alert_json(struct arena *arena, const struct alert_record *record);

/* RFC 3339, UTC, nanoseconds. */
const char *alert_time(struct arena *arena, uint64_t real_ns);

/* Six decimals at most, none that are zero at the end. NULL for what is no number. */
const char *alert_number(struct arena *arena, double number);

/* A number of a column as people read it, with its unit: "97.2 %", "1.50G/s", "40.0ms". */
const char *alert_quantity(struct arena *arena, const struct column *column, double number);

/* The two greatest units that are not zero: "45s", "3m 20s", "2d 5h". */
const char *alert_duration(struct arena *arena, uint64_t ns);

#endif
