/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how characters and bytes of UTF-8 become each other. */
#include "base/utf8.h"

/* A character of i + 1 bytes: how the first of them begins, and what needs as many. */
static const struct {
	unsigned char mask, lead;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

size_t utf8_decode(const char *text, uint32_t *ret)
{
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t character;
	size_t i = 0;

	while (i < UTF8_MAX && (bytes[0] & forms[i].mask) != forms[i].lead)
		i++;
	if (i == UTF8_MAX)
		return 0;
	character = bytes[0] & (unsigned char)~forms[i].mask;
	for (size_t k = 1; k <= i; k++) {
		if ((bytes[k] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[k] & 0x3f);
	}
	if (character < forms[i].least || character > 0x10ffff || character >> 11 == 0x1b)
		return 0;
	*ret = character;
	return i + 1;
}

size_t utf8_encode(uint32_t character, char text[static UTF8_MAX])
{
	size_t i = UTF8_MAX - 1;

	while (character < forms[i].least)
		i--;
	for (size_t k = i; k > 0; k--, character >>= 6)
		text[k] = (char)(0x80 | (character & 0x3f));
	text[0] = (char)(forms[i].lead | character);
	return i + 1;
}
