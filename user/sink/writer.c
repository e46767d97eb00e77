/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for machines: exact numbers and times, buffered. */
#include "sink/writer.h"

#include <err.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"

void writer_init(struct writer *writer, FILE *out)
{
	writer->out = out;
	writer->error = 0;
	writer->used = 0;
}

static void empty_buffer(struct writer *writer)
{
	size_t used = writer->used;

	writer->used = 0;
	if (writer->error || used == 0)
		return;
	errno = 0;
	if (fwrite(writer->buffer, 1, used, writer->out) != used)
		writer->error = errno ? -errno : -EIO;
}

void writer_bytes(struct writer *writer, const char *bytes, size_t size)
{
	while (size > sizeof(writer->buffer) - writer->used) {
		size_t room = sizeof(writer->buffer) - writer->used;

		memcpy(writer->buffer + writer->used, bytes, room);
		writer->used += room;
		empty_buffer(writer);
		bytes += room;
		size -= room;
	}
	memcpy(writer->buffer + writer->used, bytes, size);
	writer->used += size;
}

void writer_string(struct writer *writer, const char *text)
{
	writer_bytes(writer, text, strlen(text));
}

void writer_char(struct writer *writer, char c)
{
	writer_bytes(writer, &c, 1);
}

/* Decimal with at least `least` digits. */
static void write_digits(struct writer *writer, uint64_t number, int least)
{
	char digits[20];
	size_t at = sizeof(digits);

	for (; number || least > 0; least--) {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	writer_bytes(writer, digits + at, sizeof(digits) - at);
}

void writer_u64(struct writer *writer, uint64_t number)
{
	write_digits(writer, number, 1);
}

void writer_seconds(struct writer *writer, uint64_t ns)
{
	writer_u64(writer, ns / NSEC_PER_SEC);
	writer_char(writer, '.');
	write_digits(writer, ns % NSEC_PER_SEC, 9);
}

/* "0.25", with at most six or nine decimals and none that are zero at the end. */
static void write_decimal(struct writer *writer, double number, bool nine)
{
	const uint64_t one = nine ? 1000000000 : 1000000;
	int digits = nine ? 9 : 6;
	double size = fabs(number);
	uint64_t whole, part;

	if (size >= 0x1p63) { /* beyond what the integers below hold, and whole anyhow */
		char text[DBL_MAX_10_EXP + 4];

		snprintf(text, sizeof(text), "%.0f", number);
		writer_string(writer, text);
		return;
	}
	whole = (uint64_t)size;
	part = (uint64_t)llrint((size - (double)whole) * (double)one);
	if (part == one) {
		whole++;
		part = 0;
	}
	if (number < 0 && (whole || part))
		writer_char(writer, '-');
	writer_u64(writer, whole);
	if (part == 0)
		return;
	for (; part % 10 == 0; digits--)
		part /= 10;
	writer_char(writer, '.');
	write_digits(writer, part, digits);
}

void writer_decimal(struct writer *writer, double number)
{
	write_decimal(writer, number, false);
}

void writer_number(struct writer *writer, const struct column *column, const struct value *value)
{
	const struct metric *metric = column->metric;
	bool seconds = metric->unit == UNIT_SECONDS && column->view == VIEW_TOTAL;

	if (metric->field.type != FIELD_U64 || metric->derive || column->view == VIEW_RATE)
		write_decimal(writer, value->number, seconds);
	else if (seconds)
		writer_seconds(writer, value->raw);
	else
		writer_u64(writer, value->raw);
}

void writer_time(struct writer *writer, uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };
	char text[64];

	gmtime_r(&seconds, &tm);
	writer_bytes(writer, text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm));
	write_digits(writer, real_ns % NSEC_PER_SEC, 9);
	writer_char(writer, 'Z');
}

int writer_flush(struct writer *writer)
{
	empty_buffer(writer);
	errno = 0;
	if (!writer->error && fflush(writer->out) != 0)
		writer->error = errno ? -errno : -EIO;
	return writer->error;
}

const char *writer_text(struct arena *arena, void (*write)(struct writer *writer, const void *data),
	const void *data)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct writer writer;

	if (!stream)
		errx(EX_OSERR, "out of memory");
	writer_init(&writer, stream);
	write(&writer, data);
	if (writer_flush(&writer) < 0 || fclose(stream) != 0)
		errx(EX_OSERR, "out of memory");
	return arena_strndup(arena, text, size);
}
