/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A buffered stream of text that machines read: what JSON lines and CSV have in common. Errors are
 * kept until writer_flush(), so that nothing has to be checked in between.
 */
#ifndef SINK_WRITER_H
#define SINK_WRITER_H

#include <stdio.h>

#include "vmbpf/metric.h"

struct arena;

struct writer {
	FILE *out;
	int error; /* 0 or -errno of the first failed write */
	size_t used;
	char buffer[16384];
};

void writer_init(struct writer *writer, FILE *out);
void writer_bytes(struct writer *writer, const char *bytes, size_t size);
void writer_string(struct writer *writer, const char *text); /* as it is */
void writer_char(struct writer *writer, char c);
void writer_u64(struct writer *writer, uint64_t number);

/* Nanoseconds as seconds with all nine decimals. */
void writer_seconds(struct writer *writer, uint64_t ns);

/* At most six decimals, and none that are zero at the end. */
void writer_decimal(struct writer *writer, double number);

/*
 * The number of a column's value. What is an integer in the model is exact, nanoseconds included.
 * Everything else has at most six decimals, nine in seconds, so that what is read back and written
 * again is the same text.
 */
void writer_number(struct writer *writer, const struct column *column, const struct value *value);

/* CLOCK_REALTIME nanoseconds as RFC 3339 in UTC, without quotes. */
void writer_time(struct writer *writer, uint64_t real_ns);

/* Hands everything to the stream and flushes it. 0 or -errno of the first failed write. */
int writer_flush(struct writer *writer);

/* What `write` writes of `data`, as a text of the arena; ends the program as that does. */
const char *writer_text(struct arena *arena, void (*write)(struct writer *writer, const void *data),
	const void *data);

#endif
