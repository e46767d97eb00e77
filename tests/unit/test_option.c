/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, and what is said about those that are wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/option.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED 77
#define MAX_WORDS 8

struct target {
	const char *name;
	uint64_t number;
	bool flag;
};

static const char *set_number(void *field, const char *text)
{
	return parse_number(text, 1, 9, field) ? "a digit from 1 to 9" : NULL;
}

static const struct option_row rows[] = {
	{ .name = "name",
		.key = 'n',
		.argument = "NAME",
		.help = "a text",
		.set = option_set_text,
		.field = offsetof(struct target, name) },
	{ .name = "number",
		.argument = "N",
		.help = "a digit",
		.set = set_number,
		.field = offsetof(struct target, number) },
	{ .name = "flag",
		.key = 'f',
		.help = "a flag",
		.set = option_set_flag,
		.field = offsetof(struct target, flag) },
	{ .name = "seldom",
		.argument = "N",
		.help = "not shown",
		.set = option_set_text,
		.field = offsetof(struct target, name),
		.advanced = true },
	{ 0 },
};

/* Parses words that spaces separate. What is written to standard error meanwhile goes to `said`. */
static int parse(const char *line, struct target *target, char *said, size_t size)
{
	char words[256], *argv[MAX_WORDS + 1] = { NULL }, *rest = words;
	AUTO_FD int stream = memfd_create("stderr", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	int argc = 0, result;
	ssize_t got;

	snprintf(words, sizeof(words), "%s", line);
	while (argc < MAX_WORDS && (argv[argc] = strsep(&rest, " ")))
		argc++;
	dup2(stream, STDERR_FILENO);
	result = option_parse("try", rows, target, argc, argv);
	dup2(saved, STDERR_FILENO);
	got = pread(stream, said, size - 1, 0);
	assert_true(got >= 0);
	said[got] = '\0';
	return result;
}

static void options_fill_their_fields_in_any_spelling(void **state)
{
	static const struct {
		const char *line, *name;
		uint64_t number;
		bool flag;
	} cases[] = {
		{ "try", NULL, 0, false },
		{ "try -f", NULL, 0, true },
		{ "try --flag", NULL, 0, true },
		{ "try -n a", "a", 0, false },
		{ "try -na", "a", 0, false },
		{ "try -fna", "a", 0, true },
		{ "try --name=a", "a", 0, false },
		{ "try --name a --number 3", "a", 3, false },
		{ "try --num 3", NULL, 3, false }, /* unambiguous beginnings will do */
		{ "try -n a -n b", "b", 0, false },
		{ "try -- -f", NULL, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct target target = { 0 };
		char said[256];

		assert_true(parse(cases[i].line, &target, said, sizeof(said)) >= 1);
		assert_string_equal(said, "");
		assert_int_equal(target.number, cases[i].number);
		assert_int_equal(target.flag, cases[i].flag);
		if (cases[i].name)
			assert_string_equal(target.name, cases[i].name);
		else
			assert_null(target.name);
	}
}

static void operands_come_after_the_options_wherever_they_stood(void **state)
{
	struct target target = { 0 };
	char said[256];

	(void)state;
	/* try -f one two: the first operand is the third word. */
	assert_int_equal(parse("try one -f two", &target, said, sizeof(said)), 2);
	assert_true(target.flag);
}

static void mistakes_are_named_in_one_line_with_what_would_be_right(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{ "try --nme a",
			"vmbpf: try: unknown option --nme, did you mean --name? (see vmbpf help try)\n" },
		{ "try --zzzzzz", "vmbpf: try: unknown option --zzzzzz (see vmbpf help try)\n" },
		{ "try --flagg=3",
			"vmbpf: try: unknown option --flagg, did you mean --flag? (see vmbpf help try)\n" },
		{ "try -z", "vmbpf: try: unknown option -z (see vmbpf help try)\n" },
		{ "try -fz", "vmbpf: try: unknown option -z (see vmbpf help try)\n" },
		{ "try --name",
			"vmbpf: try: option --name needs an argument: NAME (see vmbpf help try)\n" },
		{ "try -n",
			"vmbpf: try: option --name needs an argument: NAME (see vmbpf help try)\n" },
		{ "try --flag=1", "vmbpf: try: option --flag takes no argument\n" },
		{ "try --number 10", "vmbpf: try: --number: '10' is not a digit from 1 to 9\n" },
		{ "try --name=",
			"vmbpf: try: --name: '' is not a text with at least one character\n" },
		/* "n" may be name or number. */
		{ "try --n a", "vmbpf: try: unknown option --n (see vmbpf help try)\n" },
		{ "try --\033[2J", "vmbpf: try: unknown option --?[2J (see vmbpf help try)\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct target target = { 0 };
		char said[256];

		assert_int_equal(parse(cases[i].line, &target, said, sizeof(said)), -1);
		assert_string_equal(said, cases[i].said);
	}
}

static void help_has_a_line_for_each_option_and_names_the_advanced_ones(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	option_print_help(out, rows);
	fclose(out);
	assert_string_equal(text, "  -n, --name NAME         a text\n"
				  "      --number N          a digit\n"
				  "  -f, --flag              a flag\n"
				  "  Also: --seldom N\n");
	free(text);
}

static void nearest_word_is_suggested_only_when_it_is_near(void **state)
{
	static const char *const words[] = { "top", "stream", "list", "record", "metrics" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "strem", "stream" }, /* a letter is missing */
		{ "lits", "list" }, /* two are exchanged */
		{ "topp", "top" },
		{ "rec", "record" }, /* the beginning of it */
		{ "metric", "metrics" },
		{ "xyz", NULL },
		{ "t", NULL }, /* nothing of it need be right */
		{ "", NULL },
		{ "a word that is much too long to be any of these", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *nearest = option_nearest(cases[i].word, words, COUNT(words));

		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
}

static void duration_is_exact_in_every_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "1", NSEC_PER_SEC },
		{ "1.5", 1500 * NSEC_PER_MSEC },
		{ "0.1", 100 * NSEC_PER_MSEC },
		{ "0.123456789", 123456789 },
		{ "0.1234567899", 123456789 }, /* what is below a nanosecond is dropped */
		{ "500ms", 500 * NSEC_PER_MSEC },
		{ "2s", 2 * NSEC_PER_SEC },
		{ "0.5m", 30 * NSEC_PER_SEC },
		{ "1h", 3600 * NSEC_PER_SEC },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t ns = UNTOUCHED;

		assert_int_equal(parse_duration(cases[i].text, 0, UINT64_MAX, &ns), 0);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_no_duration_is_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", -EINVAL },
		{ "-1", -EINVAL },
		{ "+1", -EINVAL },
		{ " 1", -EINVAL },
		{ "1 ", -EINVAL },
		{ "1.", -EINVAL },
		{ ".5", -EINVAL },
		{ "1e3", -EINVAL },
		{ "0x10", -EINVAL },
		{ "inf", -EINVAL },
		{ "nan", -EINVAL },
		{ "1d", -EINVAL },
		{ "1,5", -EINVAL },
		{ "99999999999999999999", -ERANGE }, /* more than 64 bits */
		{ "18446744073709551615", -ERANGE }, /* fits, but not as nanoseconds */
		{ "0.099", -ERANGE }, /* below the least that is allowed here */
		{ "3601", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t ns = UNTOUCHED;

		assert_int_equal(parse_duration(cases[i].text, 100 * NSEC_PER_MSEC,
					 3600 * NSEC_PER_SEC, &ns),
			cases[i].err);
		assert_int_equal(ns, UNTOUCHED);
	}
}

static void number_is_decimal_and_within_its_range(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t number;
	} cases[] = {
		{ "1", 0, 1 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, UNTOUCHED },
		{ "0", -ERANGE, UNTOUCHED },
		{ "-1", -EINVAL, UNTOUCHED },
		{ "1.0", -EINVAL, UNTOUCHED },
		{ "1k", -EINVAL, UNTOUCHED },
		{ "", -EINVAL, UNTOUCHED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t number = UNTOUCHED;

		assert_int_equal(parse_number(cases[i].text, 1, UINT64_MAX, &number), cases[i].err);
		assert_int_equal(number, cases[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_fill_their_fields_in_any_spelling),
		cmocka_unit_test(operands_come_after_the_options_wherever_they_stood),
		cmocka_unit_test(mistakes_are_named_in_one_line_with_what_would_be_right),
		cmocka_unit_test(help_has_a_line_for_each_option_and_names_the_advanced_ones),
		cmocka_unit_test(nearest_word_is_suggested_only_when_it_is_near),
		cmocka_unit_test(duration_is_exact_in_every_unit),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(number_is_decimal_and_within_its_range),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
