/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is released at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 4096, 100000, 3, 5000000, 1 };
	struct arena *arena = arena_new();
	unsigned char *piece;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		piece = arena_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(piece[k], 0);
		memset(piece, 0xff, sizes[i]);
	}
	arena_free(arena);
}

static void content_of_a_piece_survives_those_after_it(void **state)
{
	struct arena *arena = arena_new();
	const char *first = arena_strdup(arena, "first");

	(void)state;
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(arena, 1000), 0xff, 1000);
	assert_string_equal(first, "first");
	arena_free(arena);
}

static void reset_keeps_the_memory_and_zeroes_it_again(void **state)
{
	struct arena *arena = arena_new();
	unsigned char *piece;
	size_t held;

	(void)state;
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(arena, 1000), 0xff, 1000);
	held = arena_size(arena);
	arena_reset(arena);
	for (int i = 0; i < 100; i++) {
		piece = arena_alloc(arena, 1000);
		assert_int_equal(piece[0], 0);
		assert_int_equal(piece[999], 0);
		memset(piece, 0xff, 1000);
	}
	assert_int_equal(arena_size(arena), held);
	arena_free(arena);
}

static void copies_end_where_they_are_told_to(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_null(arena_strdup(arena, NULL));
	assert_null(arena_strndup(arena, NULL, 5));
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "machine", 4), "mach");
	assert_string_equal(arena_strndup(arena, "vm", 4), "vm");
	assert_string_equal(arena_strndup(arena, "vm", 0), "");
	assert_string_equal(arena_printf(arena, "%s-%d", "vm", 12), "vm-12");
	assert_int_equal(strlen(arena_printf(arena, "%5000d", 1)), 5000);
	arena_free(arena);
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	arena_free(NULL);
	arena_free(arena_new());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(content_of_a_piece_survives_those_after_it),
		cmocka_unit_test(reset_keeps_the_memory_and_zeroes_it_again),
		cmocka_unit_test(copies_end_where_they_are_told_to),
		cmocka_unit_test(nothing_can_be_freed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
