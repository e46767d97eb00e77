/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How numbers are written for people, and read from them. All human formatting is here. */
#ifndef MODEL_UNIT_H
#define MODEL_UNIT_H

#include "vmbpf/metric.h"

#define UNIT_TEXT_MAX 32

/* A value of a column in at most 7 cells where possible ("12.3", "1.2G", "340", "-"). Returns
 * `text`. */
const char *unit_format(
	const struct column *column, const struct value *value, char text[static UNIT_TEXT_MAX]);

/* By 1024 with K, M...; by 1000 with k, M...; to the last byte; rates of networks in bits. */
enum byte_style { BYTES_BINARY, BYTES_DECIMAL, BYTES_EXACT, BYTES_NET_BITS, N_BYTE_STYLES };

struct unit_style {
	enum byte_style bytes;
	/* 100 % of the time of VMs, vCPUs and threads is that of so many CPUs; 0: of one. */
	double cpus;
};

/* The same otherwise than by default. */
const char *unit_format_as(const struct column *column, const struct value *value,
	const struct unit_style *style, char text[static UNIT_TEXT_MAX]);

/*
 * Reads a number in the unit of a column, which may be written after it: 5 or 5% for a percentage,
 * 10ms, 20k, 2GiB, 1M/s for a rate. -EINVAL where it is none.
 */
int unit_parse(const struct column *column, const char *text, double *ret);

/* What unit_parse() takes for a column: "a time such as 10ms or 1.5s". */
const char *unit_example(const struct column *column);

/*
 * Makes text safe for a terminal or a log: control characters (C0, DEL, C1, changes of
 * the direction of writing, joiners) and each byte that is not valid UTF-8 become '?'. Writes at
 * most size - 1 bytes, never half a character. Returns `safe`.
 */
char *unit_safe_text(const char *text, char *safe, size_t size);

/* The same; where the terminal knows no UTF-8, each byte that is not ASCII becomes '?', too. */
char *unit_terminal_text(const char *text, bool utf8, char *safe, size_t size);

/* Bytes of the character that `text` begins with; 0 at its end and where that one is not safe. */
size_t unit_safe_length(const char *text);

/* Terminal cells that a valid UTF-8 text takes. */
int unit_text_width(const char *text);

#endif
