/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of YAML, where things are, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/yaml.h"
#include "base/arena.h"
#include "base/cleanup.h"

static int setup(void **state)
{
	*state = arena_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static const struct yaml_node *read_text(struct arena *arena, const char *text)
{
	char error[YAML_ERROR_MAX] = "";
	const struct yaml_node *root = NULL;
	int err = yaml_parse(arena, text, strlen(text), &root, error);

	assert_string_equal(error, "");
	assert_int_equal(err, 0);
	return root;
}

static void assert_refused(struct arena *arena, const char *text, size_t size, const char *expected)
{
	/* A piece of memory of just that size: what is read beyond it is seen. */
	AUTO_FREE char *exact = malloc(size ? size : 1);
	char error[YAML_ERROR_MAX] = "";
	const struct yaml_node *root = NULL;

	assert_non_null(exact);
	memcpy(exact, text, size);
	assert_int_equal(yaml_parse(arena, exact, size, &root, error), -EINVAL);
	assert_string_equal(error, expected);
	assert_null(root);
}

static void assert_at(const struct yaml_node *node, unsigned line, unsigned column)
{
	assert_non_null(node);
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void assert_scalar(
	const struct yaml_node *node, const char *text, unsigned line, unsigned column)
{
	assert_at(node, line, column);
	assert_int_equal(node->kind, YAML_SCALAR);
	assert_string_equal(node->text, text);
}

static void what_is_nested_becomes_a_tree_in_its_order(void **state)
{
	const struct yaml_node *root = read_text(*state, "# a list\n"
							 "b: [1, two]\n"
							 "a:\n"
							 "  - c: d\n"
							 "    e: f\n");
	const struct yaml_node *list = root->first, *rules = list->next, *rule = rules->first;

	assert_at(root, 2, 1);
	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->n, 2);
	assert_scalar(list->key, "b", 2, 1);
	assert_at(list, 2, 4);
	assert_int_equal(list->kind, YAML_SEQUENCE);
	assert_int_equal(list->n, 2);
	assert_scalar(list->first, "1", 2, 5);
	assert_scalar(list->first->next, "two", 2, 8);
	assert_null(list->first->next->next);
	assert_scalar(rules->key, "a", 3, 1);
	assert_null(rules->next);
	assert_at(rule, 4, 5);
	assert_scalar(yaml_find(rule, "c"), "d", 4, 8);
	assert_scalar(yaml_find(rule, "e"), "f", 5, 8);
	assert_scalar(yaml_find(rule, "e")->key, "e", 5, 5);
	assert_null(yaml_find(rule, "g"));
}

static void texts_are_told_from_words_by_their_quotes(void **state)
{
	static const struct {
		const char *yaml, *text;
		bool plain;
	} rows[] = {
		{ "30s", "30s", true },
		{ "\"30s\"", "30s", false },
		{ "'it''s'", "it's", false },
		{ "\"a\\tb\\u00e4\"", "a\tb\xc3\xa4", false },
		{ "|\n two\n lines\n", "two\nlines\n", false },
		{ ">\n one\n line\n", "one line\n", false },
		{ "ready > 5% # why", "ready > 5%", true },
		{ "~", "~", true },
		{ "\"\"", "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct yaml_node *root = read_text(*state, rows[i].yaml);

		assert_scalar(root, rows[i].text, 1, 1);
		assert_int_equal(root->plain, rows[i].plain);
	}
}

static void nothing_is_an_empty_word(void **state)
{
	static const char *const texts[] = { "", "\n", "# only a comment\n", "---\n",
		"\xef\xbb\xbf" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct yaml_node *root = read_text(*state, texts[i]);

		assert_int_equal(root->kind, YAML_SCALAR);
		assert_true(root->plain);
		assert_string_equal(root->text, "");
	}
}

static void line_ends_of_other_systems_and_a_byte_order_mark_change_nothing(void **state)
{
	const struct yaml_node *root = read_text(*state, "\xef\xbb\xbf"
							 "a: b\r\n"
							 "c:\r\n"
							 "- d\r\n");

	assert_scalar(root->first, "b", 1, 4);
	assert_scalar(root->first->next->first, "d", 3, 3);
}

static void columns_count_characters(void **state)
{
	assert_scalar(read_text(*state, "\xc3\xa4\xe2\x82\xac: b")->first, "b", 1, 5);
}

static void an_error_tells_its_place_in_plain_words(void **state)
{
	static const struct {
		const char *yaml, *error;
	} rows[] = {
		{ "a: b: c", "1:5: no ': ' is expected here; a text that has one in it must be in "
			     "quotes" },
		{ "a: b\nc d\ne: f\n", "2:1: a ':' is missing after this key" },
		{ "a: \"b\" > 5\n",
			"1:8: '>' and '|' begin a text of several lines here; a text with quotes "
			"in it must be in quotes as a whole" },
		{ "a: \"b\" c\n", "1:8: a key is expected here, below those of the same mapping; a "
				  "text with quotes in it must be in quotes as a whole" },
		{ "a: 'b\nc: d\n", "1:4: this quote is not closed" },
		{ "a:\n\t- b\n",
			"2:1: a text cannot begin with this character: put it in quotes; indent by "
			"spaces, not tabs" },
		{ "a: @b",
			"1:4: a text cannot begin with this character: put it in quotes; indent by "
			"spaces, not tabs" },
		{ "a: \"\\q\"", "1:5: no such escape; in 'single quotes' a backslash is only a "
				"backslash" },
		{ "a: [b, c}", "1:9: a ',' or ']' is expected here" },
		{ "- a\nb: c\n", "2:1: a '-' is expected here, below those of the same list" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(*state, rows[i].yaml, strlen(rows[i].yaml), rows[i].error);
}

static void what_is_not_needed_is_refused(void **state)
{
	static const struct {
		const char *yaml, *error;
	} rows[] = {
		{ "a: &b c", "1:4: anchors are not understood; a text that begins with '&' must be "
			     "in quotes" },
		{ "a: &b\n  - c\n", "1:4: anchors are not understood; a text that begins with '&' "
				    "must be in quotes" },
		{ "a: *b",
			"1:4: aliases are not understood; a text that begins with '*' must be in "
			"quotes" },
		{ "a: *", "1:4: a text that begins with '*' or '&' must be in quotes" },
		{ "a:\n  <<: *b\n", "2:7: aliases are not understood; a text that begins with '*' "
				    "must be in quotes" },
		{ "a: !!python/object/apply:os.system ['true']",
			"1:4: tags are not understood; a text that begins with '!' must be in quotes" },
		{ "!x {a: b}",
			"1:1: tags are not understood; a text that begins with '!' must be in quotes" },
		{ "a: !h!b c",
			"1:4: tags are not understood; a text that begins with '!' must be in quotes" },
		{ "%YAML 1.1\n---\na: b\n",
			"1:1: directives, lines that begin with '%', are not understood" },
		{ "%TAG ! tag:x,1:\n---\na: b\n",
			"1:1: directives, lines that begin with '%', are not understood" },
		{ "a: b\n---\nc: d\n", "2:1: a second document begins here; one is expected" },
		{ "a: b\nc: d\na: e\n", "3:1: the key 'a' is also on line 1" },
		{ "{a: b, \"a\": c}", "1:8: the key 'a' is also on line 1" },
		{ "? [a, b]\n: c\n", "1:3: a key must be a single word" },
		{ "{{a: b}: c}", "1:2: a key must be a single word" },
		{ "a: \"\\0\"", "1:4: a NUL is not allowed in a text" },
		{ "a: \"\\ud800\"", "1:7: no character has this number" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(*state, rows[i].yaml, strlen(rows[i].yaml), rows[i].error);
}

#define REFUSE(literal, error) assert_refused(*state, literal, sizeof(literal) - 1, error)

static void what_is_no_text_is_refused_where_it_stops_being_one(void **state)
{
	REFUSE("a: b\nc: \0d", "2:4: a control character; this is no text");
	REFUSE("a: \x1b[2J", "1:4: a control character; this is no text");
	REFUSE("a: b\r\nc: \xff", "2:4: this is not UTF-8");
	REFUSE("\xc3\xa4: \xc3", "1:4: this is not UTF-8");
	REFUSE("\xed\xa0\x80", "1:1: this is not UTF-8"); /* half a pair of surrogates */
	REFUSE("\xc0\xaf", "1:1: this is not UTF-8"); /* a longer form of '/' */
	REFUSE("\xff\xfe"
	       "a\0",
		"1:1: this is not UTF-8"); /* UTF-16 */
	REFUSE("\x7f"
	       "ELF\2\1\1",
		"1:1: a control character; this is no text");
}

/* Levels of brackets, opened and closed. */
static char *nest(size_t levels)
{
	char *text = calloc(1, 2 * levels + 1);

	assert_non_null(text);
	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	return text;
}

static void sixteen_levels_are_read_and_seventeen_refused(void **state)
{
	AUTO_FREE char *good = nest(16), *bad = nest(17);

	read_text(*state, good);
	assert_refused(*state, bad, 34, "1:17: nested deeper than 16 levels");
}

/* Whatever is wrong with them first; none of them takes long. */
static void a_megabyte_of_one_thing_is_refused_soon(void **state)
{
	static const char *const pieces[] = { "[", "{", "- ", "? ", "a: ", "\"", "&a ", "!", "[a, ",
		"{a, ", "'\n" };
	AUTO_FREE char *text = malloc(YAML_SIZE_MAX);
	char error[YAML_ERROR_MAX];
	const struct yaml_node *root;

	assert_non_null(text);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (size_t at = 0; at < YAML_SIZE_MAX; at++)
			text[at] = pieces[i][at % strlen(pieces[i])];
		error[0] = '\0';
		if (yaml_parse(*state, text, YAML_SIZE_MAX, &root, error) != -EINVAL)
			fail_msg("%s was read", pieces[i]);
		assert_true(strlen(error) > strlen("1:1: "));
	}
}

static void a_mebibyte_is_read_and_a_byte_more_is_refused(void **state)
{
	AUTO_FREE char *text = malloc(YAML_SIZE_MAX + 1);
	char error[YAML_ERROR_MAX];
	const struct yaml_node *root;

	assert_non_null(text);
	memset(text, 'a', YAML_SIZE_MAX + 1);
	assert_int_equal(yaml_parse(*state, text, YAML_SIZE_MAX, &root, error), 0);
	assert_int_equal(strlen(root->text), 1048576);
	assert_refused(*state, text, YAML_SIZE_MAX + 1, "1:1: longer than 1048576 bytes");
}

static void more_keys_than_anybody_writes_are_refused(void **state)
{
	char text[1024] = "";

	for (int i = 0; i < 64; i++)
		sprintf(text + strlen(text), "k%d: v\n", i);
	assert_int_equal(read_text(*state, text)->n, 64);
	strcat(text, "k64: v\n");
	assert_refused(*state, text, strlen(text), "65:1: more than 64 keys in one mapping");
}

static void what_an_error_quotes_is_safe_to_print(void **state)
{
	const char *text = "\"\\e[2J\": a\n\"\\e[2J\": b\n";

	assert_refused(*state, text, strlen(text), "2:1: the key '?[2J' is also on line 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_nested_becomes_a_tree_in_its_order),
		cmocka_unit_test(texts_are_told_from_words_by_their_quotes),
		cmocka_unit_test(nothing_is_an_empty_word),
		cmocka_unit_test(line_ends_of_other_systems_and_a_byte_order_mark_change_nothing),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(an_error_tells_its_place_in_plain_words),
		cmocka_unit_test(what_is_not_needed_is_refused),
		cmocka_unit_test(what_is_no_text_is_refused_where_it_stops_being_one),
		cmocka_unit_test(sixteen_levels_are_read_and_seventeen_refused),
		cmocka_unit_test(a_megabyte_of_one_thing_is_refused_soon),
		cmocka_unit_test(a_mebibyte_is_read_and_a_byte_more_is_refused),
		cmocka_unit_test(more_keys_than_anybody_writes_are_refused),
		cmocka_unit_test(what_an_error_quotes_is_safe_to_print),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
