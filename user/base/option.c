/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how a command line is read and explained, from a table of options. */
#include "base/option.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* getopt_long returns this plus the row's number for a long option: no character is as large. */
#define LONG_VALUE 256

/* What getopt_long wants to know, made from a table. */
struct getopt_tables {
	char keys[2 + 2 * MAX_OPTIONS + 1];
	struct option longs[MAX_OPTIONS + 1];
};

static void fill_tables(const struct option_row *rows, struct getopt_tables *tables)
{
	char *key = tables->keys;
	int i;

	*key++ = ':'; /* tells a missing argument from an unknown option */
	for (i = 0; i < MAX_OPTIONS && rows[i].name; i++) {
		tables->longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = LONG_VALUE + i,
		};
		if (!rows[i].key)
			continue;
		*key++ = rows[i].key;
		if (rows[i].argument)
			*key++ = ':';
	}
	*key = '\0';
	tables->longs[i] = (struct option){ 0 };
}

/* The row that a return value of getopt_long, or its `optopt`, means. */
static const struct option_row *row_of(const struct option_row *rows, int value)
{
	if (value >= LONG_VALUE)
		return &rows[value - LONG_VALUE];
	for (; rows->name; rows++)
		if (value && rows->key == value)
			return rows;
	return NULL;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

#define WORD_MAX 31

/* Optimal string alignment: edits are a character more, less or other, and two exchanged. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_size = strlen(a), b_size = strlen(b);

	for (size_t i = 0; i <= a_size; i++) {
		for (size_t j = 0; j <= b_size; j++) {
			if (i == 0 || j == 0) {
				cost[i][j] = i + j;
				continue;
			}
			cost[i][j] = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			cost[i][j] = smaller(cost[i][j], cost[i - 1][j] + 1);
			cost[i][j] = smaller(cost[i][j], cost[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost[i][j] = smaller(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	}
	return cost[a_size][b_size];
}

const char *option_nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t best, length = strlen(word);
	const char *nearest = NULL;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	best = length / 3 + 2; /* one edit in a short word, more in a long one */
	for (size_t i = 0; i < n; i++) {
		size_t distance;

		if (strlen(candidates[i]) > WORD_MAX)
			continue;
		/* The beginning of a word is as near as one wrong letter. */
		distance = length > 1 && strncmp(word, candidates[i], length) == 0
				   ? 1
				   : edit_distance(word, candidates[i]);
		if (distance < best && distance < length) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

static const char *nearest_option(const struct option_row *rows, const char *word)
{
	const char *names[MAX_OPTIONS];
	size_t n = 0;

	for (; rows->name && n < MAX_OPTIONS; rows++)
		names[n++] = rows->name;
	return option_nearest(word, names, n);
}

/* `word` is a long option that getopt_long did not accept, with its dashes. */
static void complain_long(const char *command, const struct option_row *rows, const char *word)
{
	char name[WORD_MAX + 1];
	const char *nearest;

	word += strspn(word, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	nearest = nearest_option(rows, name);
	if (nearest)
		log_error("%s: unknown option --%s, did you mean --%s? (see vmbpf help %s)",
			command, name, nearest, command);
	else
		log_error("%s: unknown option --%s (see vmbpf help %s)", command, name, command);
}

/* getopt_long returned ':' or '?'. */
static void complain(
	const char *command, const struct option_row *rows, int result, const char *word)
{
	const struct option_row *row = row_of(rows, optopt);

	if (row && result == ':')
		log_error("%s: option --%s needs an argument: %s (see vmbpf help %s)", command,
			row->name, row->argument, command);
	else if (row)
		log_error("%s: option --%s takes no argument", command, row->name);
	else if (optopt)
		log_error("%s: unknown option -%c (see vmbpf help %s)", command, optopt, command);
	else
		complain_long(command, rows, word);
}

int option_parse(
	const char *command, const struct option_row *rows, void *target, int argc, char **argv)
{
	struct getopt_tables tables;
	int result;

	fill_tables(rows, &tables);
	opterr = 0;
	optind = 0; /* has GNU getopt start anew */
	while ((result = getopt_long(argc, argv, tables.keys, tables.longs, NULL)) != -1) {
		const struct option_row *row = row_of(rows, result);
		const char *expected;

		if (result == '?' || result == ':' || !row) {
			complain(command, rows, result, argv[optind - 1]);
			return -1;
		}
		expected = row->set((char *)target + row->field, row->argument ? optarg : NULL);
		if (expected) {
			log_error("%s: --%s: '%s' is not %s", command, row->name,
				optarg ? optarg : "", expected);
			return -1;
		}
	}
	return optind;
}

#define HELP_COLUMN 26
#define HELP_WIDTH 79

/* What stands left of the help of an option; returns its width. */
static int print_name(const struct option_row *row, char left[static 64])
{
	int used = row->key ? snprintf(left, 64, "  -%c, --%s", row->key, row->name)
			    : snprintf(left, 64, "      --%s", row->name);

	if (row->argument)
		used += snprintf(left + used, 64 - (size_t)used, " %s", row->argument);
	return used;
}

/* Behind the longest of them. */
static int help_column(const struct option_row *rows)
{
	int column = HELP_COLUMN;
	char left[64];

	for (; rows->name; rows++)
		if (!rows->advanced && print_name(rows, left) + 2 > column)
			column = print_name(rows, left) + 2;
	return column;
}

static void print_row(FILE *out, const struct option_row *row, int column)
{
	char left[64];

	print_name(row, left);
	fprintf(out, "%-*s%s\n", column, left, row->help);
}

void option_print_help(FILE *out, const struct option_row *rows)
{
	int column = help_column(rows), at = 0;

	for (const struct option_row *row = rows; row->name; row++)
		if (!row->advanced)
			print_row(out, row, column);
	for (const struct option_row *row = rows; row->name; row++) {
		char text[64];
		int size;

		if (!row->advanced)
			continue;
		size = snprintf(text, sizeof(text), " --%s%s%s", row->name,
			row->argument ? " " : "", row->argument ? row->argument : "");
		if (at == 0 || at + size > HELP_WIDTH)
			at = fprintf(out, "%s", at ? "\n       " : "  Also:") - (at > 0);
		fputs(text, out);
		at += size;
	}
	if (at)
		fputc('\n', out);
}

const char *option_set_flag(void *field, const char *text)
{
	(void)text;
	*(bool *)field = true;
	return NULL;
}

const char *option_set_text(void *field, const char *text)
{
	*(const char **)field = text;
	return *text ? NULL : "a text with at least one character";
}

/* Steps over digits; -EINVAL where there are none, -ERANGE where they do not fit. */
static int take_digits(const char **text, uint64_t *ret)
{
	uint64_t number = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
			__builtin_add_overflow(number, (unsigned)(**text - '0'), &number))
			return -ERANGE;
	*ret = number;
	return 0;
}

/* Steps over ".5", which becomes 500000000; what is below a billionth is dropped. */
static int take_fraction(const char **text, uint64_t *ret)
{
	uint64_t fraction = 0, worth = 100000000;

	if (**text != '.')
		return 0;
	(*text)++;
	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++, worth /= 10)
		fraction += (uint64_t)(**text - '0') * worth;
	*ret = fraction;
	return 0;
}

static int take_unit(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", NSEC_PER_SEC },
		{ "ns", 1 },
		{ "ms", NSEC_PER_MSEC },
		{ "s", NSEC_PER_SEC },
		{ "m", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].name) == 0) {
			*ret = units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret)
{
	uint64_t number, fraction = 0, unit, ns;
	int err = take_digits(&text, &number);

	if (!err)
		err = take_fraction(&text, &fraction);
	if (!err)
		err = take_unit(text, &unit);
	if (err)
		return err;
	/*
	 * Every unit but the nanosecond, of which there is no fraction, is a multiple of a
	 * microsecond, so this is exact and does not overflow.
	 */
	fraction = fraction * (unit / 1000000) / 1000;
	if (__builtin_mul_overflow(number, unit, &ns) || __builtin_add_overflow(ns, fraction, &ns))
		return -ERANGE;
	if (ns < min_ns || ns > max_ns)
		return -ERANGE;
	*ret = ns;
	return 0;
}

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t number;
	int err = take_digits(&text, &number);

	if (err)
		return err;
	if (*text)
		return -EINVAL;
	if (number < min || number > max)
		return -ERANGE;
	*ret = number;
	return 0;
}
