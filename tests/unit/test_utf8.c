/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters and their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

/* The least and the largest character of each length. */
static const struct {
	uint32_t character;
	const char *bytes;
	size_t length;
} pairs[] = {
	{ 0x00, "", 1 },
	{ 0x7f, "\x7f", 1 },
	{ 0x80, "\xc2\x80", 2 },
	{ 0x7ff, "\xdf\xbf", 2 },
	{ 0x800, "\xe0\xa0\x80", 3 },
	{ 0xd7ff, "\xed\x9f\xbf", 3 },
	{ 0xe000, "\xee\x80\x80", 3 },
	{ 0xffff, "\xef\xbf\xbf", 3 },
	{ 0x10000, "\xf0\x90\x80\x80", 4 },
	{ 0x10ffff, "\xf4\x8f\xbf\xbf", 4 },
};

#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static void bytes_are_read_as_their_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PAIRS; i++) {
		uint32_t character = 1;

		assert_int_equal(utf8_decode(pairs[i].bytes, &character), pairs[i].length);
		assert_int_equal(character, pairs[i].character);
	}
}

static void characters_are_written_as_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PAIRS; i++) {
		char text[UTF8_MAX];

		assert_int_equal(utf8_encode(pairs[i].character, text), pairs[i].length);
		assert_memory_equal(text, pairs[i].bytes, pairs[i].length);
	}
}

static void other_bytes_are_no_character(void **state)
{
	static const char *const invalid[] = {
		"\x80", /* begins in the middle */
		"\xc3", /* cut short */
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc3(", /* goes on with something else */
		"\xc0\x80", /* longer than it needs to be */
		"\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* half of a pair */
		"\xf4\x90\x80\x80", /* beyond the last one */
		"\xf8\x88\x80\x80\x80",
		"\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		uint32_t character = 1;

		assert_int_equal(utf8_decode(invalid[i], &character), 0);
		assert_int_equal(character, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_read_as_their_character),
		cmocka_unit_test(characters_are_written_as_their_bytes),
		cmocka_unit_test(other_bytes_are_no_character),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
