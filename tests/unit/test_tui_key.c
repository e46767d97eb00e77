/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys: each key asks for one thing, and all that is listed is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curses.h>

#include "sink/tui/key.h"
#include "sink/tui/screen.h"
#include "vmbpf/metric.h"

static void keys_ask_for_what_the_table_says(void **state)
{
	static const struct {
		int code;
		enum request expected;
	} cases[] = {
		{ 'q', REQUEST_QUIT },
		{ KEY_F(10), REQUEST_QUIT },
		{ '?', REQUEST_HELP },
		{ 'c', REQUEST_SCREEN_CPU },
		{ '\r', REQUEST_OPEN },
		{ KEY_ENTER, REQUEST_OPEN },
		{ KEY_NPAGE, REQUEST_PAGE_DOWN },
		{ ' ', REQUEST_REFRESH },
		{ '\\', REQUEST_FILTER },
		{ 'R', REQUEST_SORT_READY },
		{ 'r', REQUEST_SORT_REVERSE },
		{ 'k', REQUEST_UP },
		{ 'a', REQUEST_ALERTS },
		{ 27, REQUEST_LEAVE },
		{ 'I', REQUEST_OF_HOST },
		{ KEY_LEFT, REQUEST_TICK_BACK },
		{ KEY_SLEFT, REQUEST_LEFT },
		{ ',', REQUEST_MINUTE_BACK },
		{ '.', REQUEST_MINUTE_ON },
		{ KEY_RESIZE, REQUEST_NONE },
		{ 0, REQUEST_NONE },
		{ 'Z', REQUEST_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(key_request(cases[i].code), cases[i].expected);
}

/* Of a word of the table, how many rows it is in. */
static unsigned count_rows(const char *word, size_t size)
{
	unsigned n = 0;

	for (enum request request = 1; request < N_REQUESTS; request++) {
		const char *keys = key_rows[request].keys;

		for (; *keys; keys += strcspn(keys, " "), keys += *keys == ' ')
			n += strcspn(keys, " ") == size && strncmp(keys, word, size) == 0;
	}
	return n;
}

static bool is_understood(const char *word, size_t size, enum request request)
{
	if (size == 1)
		return key_request(*word) == request;
	for (int code = 0; code < KEY_MAX; code++)
		if (key_request(code) == request && key_is_called(code, word, size))
			return true;
	return false;
}

static void each_key_is_listed_once_and_understood(void **state)
{
	(void)state;
	for (enum request request = 1; request < N_REQUESTS; request++) {
		const char *keys = key_rows[request].keys;

		assert_true(*keys && *key_rows[request].help);
		while (*keys) {
			size_t size = strcspn(keys, " ");

			assert_int_equal(count_rows(keys, size), 1);
			assert_true(is_understood(keys, size, request));
			keys += size + (keys[size] == ' ');
		}
	}
}

static void screens_show_columns_of_the_catalogue(void **state)
{
	char name[COLUMN_NAME_MAX];
	struct column column;

	(void)state;
	for (enum screen_id id = 0; id < N_SCREENS; id++) {
		const char *list = screens[id].fields;

		assert_int_equal(column_find(screens[id].sort, SCOPE_VM, &column), 0);
		while (*list) {
			size_t size = strcspn(list, ",");

			snprintf(name, sizeof(name), "%.*s", (int)size, list);
			if (column_find(name, SCOPE_VM, &column) < 0)
				fail_msg("%s: there is no %s", screens[id].title, name);
			list += size + (list[size] == ',');
		}
	}
}

static void the_manual_lists_all_keys(void **state)
{
	FILE *file = fopen("user/man/vmbpf.8", "r");
	char line[256], *text = NULL;
	size_t size = 0;
	FILE *all = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	assert_non_null(all);
	while (fgets(line, sizeof(line), file))
		fputs(line, all);
	fclose(file);
	fclose(all);
	for (enum request request = 1; request < N_REQUESTS; request++) {
		snprintf(line, sizeof(line), "\n%s\n", key_rows[request].help);
		if (!strstr(text, line))
			fail_msg("the manual does not say: %s", key_rows[request].help);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_ask_for_what_the_table_says),
		cmocka_unit_test(each_key_is_listed_once_and_understood),
		cmocka_unit_test(screens_show_columns_of_the_catalogue),
		cmocka_unit_test(the_manual_lists_all_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
