/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters of UTF-8, by hand, because what is valid must not depend on the locale. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What stands for a character that is none. */
#define UTF8_REPLACEMENT 0xfffd

/* The longest character. */
#define UTF8_MAX 4

/*
 * Reads one character of a text that ends with a NUL. Returns its length, or 0 where the bytes are
 * not valid UTF-8: cut short, overlong, a surrogate or beyond U+10FFFF.
 */
size_t utf8_decode(const char *text, uint32_t *ret);

/* Writes a character that is at most U+10FFFF. Returns its length. */
size_t utf8_encode(uint32_t character, char text[static UTF8_MAX]);

#endif
