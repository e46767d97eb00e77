/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how foreign text is made safe to print and measured. */
#include "model/unit.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

/*
 * What a terminal would obey instead of showing it: control characters, line separators, marks
 * that turn the direction of the text around them, and what joins or changes its neighbours
 * without being seen, which one terminal draws in two cells and another in eight.
 */
static bool is_control(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0x61c, 0x61c },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x2069 },
		{ 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

char *unit_safe_text(const char *text, char *safe, size_t size)
{
	uint32_t character = 0;
	size_t used = 0, read, written;
	bool shown;

	if (size == 0)
		return safe;
	for (; text && *text; text += read) {
		read = utf8_decode(text, &character);
		shown = read != 0 && !is_control(character);
		written = shown ? read : 1;
		if (used + written >= size)
			break;
		memcpy(safe + used, shown ? text : "?", written);
		used += written;
		read = read ? read : 1;
	}
	safe[used] = '\0';
	return safe;
}

char *unit_terminal_text(const char *text, bool utf8, char *safe, size_t size)
{
	unit_safe_text(text, safe, size);
	for (char *at = safe; !utf8 && size && *at; at++)
		if (*at & 0x80)
			*at = '?';
	return safe;
}

size_t unit_safe_length(const char *text)
{
	uint32_t character = 0;
	size_t length = utf8_decode(text, &character);

	return length && !is_control(character) ? length : 0;
}

int unit_text_width(const char *text)
{
	uint32_t character = 0;
	size_t length;
	int width = 0, cells;

	for (; *text; text += length ? length : 1) {
		length = utf8_decode(text, &character);
		cells = length ? wcwidth((wchar_t)character) : 1;
		width += cells < 0 ? 1 : cells;
	}
	return width;
}
