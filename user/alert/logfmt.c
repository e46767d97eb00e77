/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how values are quoted in logfmt. */
#include "alert/logfmt.h"

#include <string.h>

#include "model/unit.h"
#include "sink/writer.h"

/* Not isalnum(), which obeys the locale. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:/%+";

/* What has an escape of its own, and its letter. */
static const struct {
	char c, letter;
} escapes[] = {
	{ '"', '"' },
	{ '\\', '\\' },
	{ '\n', 'n' },
	{ '\r', 'r' },
	{ '\t', 't' },
};

static void write_name(struct writer *writer, const char *name)
{
	for (; *name; name++)
		writer_char(writer, strchr(letters, *name) ? *name : '_');
}

static void write_byte(struct writer *writer, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	const char text[] = { '\\', 'x', hex[byte >> 4], hex[byte & 15] };

	writer_bytes(writer, text, sizeof(text));
}

/* Writes one character, or one byte of what is none. Returns the bytes it took. */
static size_t write_character(struct writer *writer, const char *at)
{
	size_t length = unit_safe_length(at);

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		if (*at != escapes[i].c)
			continue;
		writer_char(writer, '\\');
		writer_char(writer, escapes[i].letter);
		return 1;
	}
	if (length)
		writer_bytes(writer, at, length);
	else
		write_byte(writer, (unsigned char)*at);
	return length ? length : 1;
}

static void write_value(struct writer *writer, const char *value)
{
	if (*value && value[strspn(value, plain)] == '\0') {
		writer_string(writer, value);
		return;
	}
	writer_char(writer, '"');
	while (*value)
		value += write_character(writer, value);
	writer_char(writer, '"');
}

static void write_pairs(struct writer *writer, const void *data)
{
	const struct pairs *pairs = data;
	bool first = true;

	for (size_t i = 0; i < pairs->n; i++) {
		if (!pairs->pair[i].value)
			continue;
		if (!first)
			writer_char(writer, ' ');
		first = false;
		write_name(writer, pairs->pair[i].name);
		writer_char(writer, '=');
		write_value(writer, pairs->pair[i].value);
	}
}

const char *logfmt_text(struct arena *arena, const struct pairs *pairs)
{
	return writer_text(arena, write_pairs, pairs);
}
