/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/table.h"

static void empty_table_holds_nothing(void **state)
{
	struct table table = { 0 };

	(void)state;
	assert_null(table_find(&table, 0, NULL));
	table_clear(&table);
	table_done(&table);
}

static void every_value_is_found_after_growing(void **state)
{
	static char values[10000];
	struct table table = { 0 };

	(void)state;
	for (uint64_t key = 0; key < sizeof(values); key++)
		table_add(&table, key << 12, &values[key]);
	for (uint64_t key = 0; key < sizeof(values); key++)
		assert_ptr_equal(table_find(&table, key << 12, NULL), &values[key]);
	assert_null(table_find(&table, 1, NULL));
	table_done(&table);
}

static void equal_keys_are_walked_one_by_one(void **state)
{
	static char values[100], other;
	char seen[100] = { 0 };
	struct table table = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(values); i++) {
		table_add(&table, 7, &values[i]);
		table_add(&table, i + 8, &other);
	}
	for (char *value = table_find(&table, 7, NULL); value;
		value = table_find(&table, 7, value), n++)
		seen[value - values]++;
	assert_int_equal(n, sizeof(values));
	for (size_t i = 0; i < sizeof(values); i++)
		assert_int_equal(seen[i], 1);
	table_done(&table);
}

static void cleared_table_is_empty_and_usable(void **state)
{
	struct table table = { 0 };
	char value;

	(void)state;
	table_add(&table, 1, &value);
	table_clear(&table);
	assert_null(table_find(&table, 1, NULL));
	table_add(&table, 2, &value);
	assert_ptr_equal(table_find(&table, 2, NULL), &value);
	table_done(&table);
}

/* The values are those of the published test suite of FNV-1a. */
/* All that could be made of three letters, at all places of a word of eight bytes and beyond it. */
static void hashes_of_bytes_differ_where_the_bytes_do(void **state)
{
	struct table table = { 0 };
	static char text[3 * 26 * 14][16];
	size_t n = 0;

	(void)state;
	for (size_t size = 1; size < 15; size++) {
		for (int letter = 0; letter < 3 * 26; letter++) {
			memset(text[n], 'a', size);
			text[n][letter % 3 * size / 3] = (char)('a' + letter / 3);
			text[n][size] = '\0';
			if (!table_find(&table, table_hash_bytes(text[n], size), NULL))
				table_add(&table, table_hash_bytes(text[n], size), text[n]);
			assert_string_equal(
				table_find(&table, table_hash_bytes(text[n], size), NULL), text[n]);
			n++;
		}
	}
	assert_true(table_hash_bytes("a", 1) != table_hash_bytes("a\0", 2));
	assert_true(table_hash("a") == table_hash_bytes("a", 1));
	table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_table_holds_nothing),
		cmocka_unit_test(every_value_is_found_after_growing),
		cmocka_unit_test(equal_keys_are_walked_one_by_one),
		cmocka_unit_test(cleared_table_is_empty_and_usable),
		cmocka_unit_test(hashes_of_bytes_differ_where_the_bytes_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
