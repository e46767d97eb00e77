/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a text is written in JSON. */
#include "sink/json.h"

#include <stdbool.h>

#include "base/utf8.h"

/* U+FFFD as itself, so that it is the same when it is read and written again. */
#define REPLACEMENT "\xef\xbf\xbd"

static void write_control(struct writer *writer, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char text[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	writer_bytes(writer, text, sizeof(text));
}

/* U+2028 and U+2029 end a line in JavaScript, so that a line with them would not be one line. */
static bool is_separator(const unsigned char *text)
{
	return text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9);
}

/* U+0080 to U+009F: what a terminal may obey. */
static bool is_late_control(const unsigned char *text)
{
	return text[0] == 0xc2 && text[1] < 0xa0;
}

/* Writes the one character that cannot stand for itself; returns its bytes. */
static size_t write_escaped(struct writer *writer, const unsigned char *text)
{
	uint32_t character;
	size_t size = 1;

	if (*text == '"' || *text == '\\') {
		writer_char(writer, '\\');
		writer_char(writer, (char)*text);
		return size;
	}
	if (*text < 0x80) {
		write_control(writer, *text);
		return size;
	}
	size = utf8_decode((const char *)text, &character);
	if (size == 0) {
		writer_string(writer, REPLACEMENT);
		return 1;
	}
	if (is_late_control(text))
		write_control(writer, text[1]);
	else if (is_separator(text))
		writer_string(writer, text[2] == 0xa8 ? "\\u2028" : "\\u2029");
	else
		writer_bytes(writer, (const char *)text, size);
	return size;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_text(struct writer *writer, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	writer_char(writer, '"');
	while (*at) {
		const unsigned char *begin = at;

		while (is_plain(*at))
			at++;
		writer_bytes(writer, (const char *)begin, (size_t)(at - begin));
		if (*at)
			at += write_escaped(writer, at);
	}
	writer_char(writer, '"');
}
