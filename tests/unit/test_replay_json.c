/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of JSON as its members. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/replay_json.h"

/* A line and its members, which live in it. */
struct parsed {
	char *text;
	struct members members;
	size_t wrong_at;
	int err;
};

static struct parsed parse(const char *line)
{
	struct parsed parsed = { .text = calloc(1, strlen(line) + MEMBERS_SLACK) };

	assert_non_null(parsed.text);
	memcpy(parsed.text, line, strlen(line) + 1);
	parsed.err = members_parse(&parsed.members, parsed.text, strlen(line), &parsed.wrong_at);
	return parsed;
}

static void release(struct parsed *parsed)
{
	members_done(&parsed->members);
	free(parsed->text);
}

static void assert_member(const struct parsed *parsed, size_t i, const char *name,
	enum member_kind kind, const char *text)
{
	const struct member *member = &parsed->members.all[i];

	assert_true(i < parsed->members.n);
	assert_string_equal(member->name, name);
	assert_int_equal(member->name_size, strlen(name));
	assert_int_equal(member->kind, kind);
	if (text)
		assert_string_equal(member->text, text);
}

static void members_are_those_of_the_object_in_their_order(void **state)
{
	struct parsed parsed = parse(" {\"a\" : 1 ,\"b\":-2.5e+3\t,\"c\":\"x y\",\"d\":null,"
				     "\"e\":true,\"f\":false,\"\":[1,{\"g\":[]}],\"h\":{}} ");

	(void)state;
	assert_int_equal(parsed.err, 0);
	assert_int_equal(parsed.members.n, 8);
	assert_member(&parsed, 0, "a", MEMBER_NUMBER, "1");
	assert_true(parsed.members.all[0].is_whole);
	assert_member(&parsed, 1, "b", MEMBER_NUMBER, "-2.5e+3");
	assert_false(parsed.members.all[1].is_whole);
	assert_member(&parsed, 2, "c", MEMBER_TEXT, "x y");
	assert_member(&parsed, 3, "d", MEMBER_NULL, NULL);
	assert_member(&parsed, 4, "e", MEMBER_BOOLEAN, "true");
	assert_member(&parsed, 5, "f", MEMBER_BOOLEAN, "false");
	assert_member(&parsed, 6, "", MEMBER_LIST, NULL);
	assert_member(&parsed, 7, "h", MEMBER_LIST, NULL);
	release(&parsed);
}

static void an_empty_object_has_none(void **state)
{
	struct parsed parsed = parse("{ }");

	(void)state;
	assert_int_equal(parsed.err, 0);
	assert_int_equal(parsed.members.n, 0);
	release(&parsed);
}

static void escapes_are_what_they_stand_for(void **state)
{
	static const struct {
		const char *written, *meant;
	} cases[] = {
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac" },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "\xc3\xa9\xf0\x9f\x98\x80z", "\xc3\xa9\xf0\x9f\x98\x80z" },
		/* Halves of a character without the other one, and what would end the text. */
		{ "\\ud83dx", "\xef\xbf\xbdx" },
		{ "\\ud83d\\u0041", "\xef\xbf\xbd"
				    "A" },
		{ "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a\\u0000b", "a\xef\xbf\xbd"
			       "b" },
		/* Of a length of eight, and with what is special at each place of the second eight.
		 */
		{ "abcdefgh", "abcdefgh" },
		{ "abcdefgh\\nklmnopq", "abcdefgh\nklmnopq" },
		{ "abcdefghijkl\\\"nopq", "abcdefghijkl\"nopq" },
		{ "abcdefghijklmno\xc3\xa9", "abcdefghijklmno\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128];
		struct parsed parsed;

		snprintf(line, sizeof(line), "{\"%s\":\"%s\"}", cases[i].written, cases[i].written);
		parsed = parse(line);
		assert_int_equal(parsed.err, 0);
		assert_member(&parsed, 0, cases[i].meant, MEMBER_TEXT, cases[i].meant);
		release(&parsed);
	}
}

static void what_is_no_json_is_refused_where_it_begins_to_be_none(void **state)
{
	static const struct {
		const char *line;
		size_t wrong_at;
	} cases[] = {
		{ "", 1 },
		{ "[1]", 1 },
		{ "\"a\"", 1 },
		{ "{", 2 },
		{ "{\"a\":1", 7 },
		{ "{\"a\":1}}", 8 },
		{ "{\"a\":1}{}", 8 },
		{ "{\"a\":1,}", 8 },
		{ "{,\"a\":1}", 2 },
		{ "{\"a\" 1}", 6 },
		{ "{\"a\":1 \"b\":2}", 8 },
		{ "{a:1}", 2 },
		{ "{'a':1}", 2 },
		{ "{\"a\":01}", 7 },
		{ "{\"a\":+1}", 6 },
		{ "{\"a\":.5}", 6 },
		{ "{\"a\":1.}", 8 },
		{ "{\"a\":1e}", 8 },
		{ "{\"a\":-}", 7 },
		{ "{\"a\":NaN}", 6 },
		{ "{\"a\":nul}", 6 },
		{ "{\"a\":True}", 6 },
		{ "{\"a\":[1,]}", 9 },
		{ "{\"a\":[1}", 8 },
		{ "{\"a\":{\"b\"}}", 10 },
		{ "{\"a\":\"b", 8 },
		{ "{\"a\":\"\\x\"}", 8 },
		{ "{\"a\":\"\\u12g4\"}", 9 },
		{ "{\"a\":\"\t\"}", 7 },
		{ "{\"a\":\"\xff\"}", 7 },
		{ "{\"a\":\"\xc0\x80\"}", 7 },
		{ "{\"a\":\"\xed\xa0\x80\"}", 7 },
		{ "{\"a\":\"\xc3\"}", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed parsed = parse(cases[i].line);

		assert_int_equal(parsed.err, -EINVAL);
		if (parsed.wrong_at != cases[i].wrong_at)
			fail_msg("%s: byte %zu, not %zu", cases[i].line, parsed.wrong_at,
				cases[i].wrong_at);
		release(&parsed);
	}
}

static void a_nul_within_is_refused(void **state)
{
	char text[8 + MEMBERS_SLACK] = "{\"a\":1}";
	struct members members = { 0 };
	size_t wrong_at;

	(void)state;
	assert_int_equal(members_parse(&members, text, 8, &wrong_at), -EINVAL);
	assert_int_equal(wrong_at, 8);
	members_done(&members);
}

static void lists_in_lists_end_somewhere(void **state)
{
	char line[200] = "{\"a\":";
	struct parsed parsed;

	(void)state;
	memset(line + 5, '[', 31);
	memset(line + 36, ']', 31);
	strcpy(line + 67, "}");
	parsed = parse(line);
	assert_int_equal(parsed.err, 0);
	release(&parsed);
	memset(line + 5, '[', 32);
	memset(line + 37, ']', 32);
	strcpy(line + 69, "}");
	parsed = parse(line);
	assert_int_equal(parsed.err, -EINVAL);
	release(&parsed);
}

static void a_member_is_found_by_its_name_unless_it_is_null(void **state)
{
	struct parsed parsed = parse("{\"ab\":null,\"a\":1,\"abc\":2,\"a\":3}");

	(void)state;
	assert_string_equal(members_find(&parsed.members, "a")->text, "1");
	assert_string_equal(members_find(&parsed.members, "abc")->text, "2");
	assert_null(members_find(&parsed.members, "ab"));
	assert_null(members_find(&parsed.members, ""));
	release(&parsed);
}

static void the_next_line_takes_the_place_of_the_last(void **state)
{
	char many[13 + MEMBERS_SLACK] = "{\"a\":1,\"b\":2}";
	char one[7 + MEMBERS_SLACK] = "{\"c\":3}";
	struct members members = { 0 };
	size_t wrong_at;

	(void)state;
	assert_int_equal(members_parse(&members, many, 13, &wrong_at), 0);
	assert_int_equal(members_parse(&members, one, 7, &wrong_at), 0);
	assert_int_equal(members.n, 1);
	assert_null(members_find(&members, "a"));
	assert_string_equal(members_find(&members, "c")->text, "3");
	members_done(&members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_those_of_the_object_in_their_order),
		cmocka_unit_test(an_empty_object_has_none),
		cmocka_unit_test(escapes_are_what_they_stand_for),
		cmocka_unit_test(what_is_no_json_is_refused_where_it_begins_to_be_none),
		cmocka_unit_test(a_nul_within_is_refused),
		cmocka_unit_test(lists_in_lists_end_somewhere),
		cmocka_unit_test(a_member_is_found_by_its_name_unless_it_is_null),
		cmocka_unit_test(the_next_line_takes_the_place_of_the_last),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
