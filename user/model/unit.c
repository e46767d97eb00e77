/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how numbers are written for people, and read from them. */
#include "model/unit.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Three significant digits of a number below 1000; a whole number has no decimals. */
static void format_short(double number, const char *suffix, char text[static UNIT_TEXT_MAX])
{
	int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;

	if (number == floor(number) && *suffix == '\0')
		decimals = 0;
	snprintf(text, UNIT_TEXT_MAX, "%.*f%s", decimals, number, suffix);
}

/* Divides by `base` until three digits are left of the point, after rounding. */
static void format_scaled(double number, double base, const char *const *suffixes, size_t n,
	char text[static UNIT_TEXT_MAX])
{
	size_t i = 0;

	while (number >= 999.5 && i + 1 < n) {
		number /= base;
		i++;
	}
	format_short(number, suffixes[i], text);
}

#define N_SUFFIXES 7

static const char *const binary_suffixes[N_SUFFIXES] = { "", "K", "M", "G", "T", "P", "E" };
static const char *const decimal_suffixes[N_SUFFIXES] = { "", "k", "M", "G", "T", "P", "E" };
static const char *const bit_suffixes[N_SUFFIXES] = { "b", "kb", "Mb", "Gb", "Tb", "Pb", "Eb" };

static void format_bytes(double bytes, char text[static UNIT_TEXT_MAX])
{
	format_scaled(bytes, 1024, binary_suffixes, N_SUFFIXES, text);
}

static void format_bytes_decimal(double bytes, char text[static UNIT_TEXT_MAX])
{
	format_scaled(bytes, 1000, decimal_suffixes, N_SUFFIXES, text);
}

/* All doubles up to there are shown exactly; what is larger is no number of bytes. */
static void format_bytes_exact(double bytes, char text[static UNIT_TEXT_MAX])
{
	snprintf(text, UNIT_TEXT_MAX, bytes < 1e20 ? "%.0f" : "%.1e", bytes);
}

static void format_bits(double bytes, char text[static UNIT_TEXT_MAX])
{
	if (bytes > 0)
		format_scaled(bytes * 8, 1000, bit_suffixes, N_SUFFIXES, text);
	else
		strcpy(text, "0");
}

/* Whole up to seven digits, so that a PID stays one. */
static void format_things(double number, char text[static UNIT_TEXT_MAX])
{
	if (number >= 99.95 && number < 9999999.5)
		snprintf(text, UNIT_TEXT_MAX, "%.0f", number);
	else
		format_scaled(number, 1000, decimal_suffixes, N_SUFFIXES, text);
}

static void format_percent(double percent, char text[static UNIT_TEXT_MAX])
{
	snprintf(text, UNIT_TEXT_MAX, "%.1f", percent);
}

/* From a minute on: the two greatest units, 3m20s or 2d05h. */
static void format_clock(double seconds, char text[static UNIT_TEXT_MAX])
{
	static const struct {
		unsigned below, major, minor;
		char suffixes[2];
	} forms[] = {
		{ 3600, 60, 1, { 'm', 's' } },
		{ 86400, 3600, 60, { 'h', 'm' } },
		{ UINT_MAX, 86400, 3600, { 'd', 'h' } },
	};
	unsigned whole = (unsigned)(seconds + 0.5);
	size_t i = 0;

	while (whole >= forms[i].below)
		i++;
	snprintf(text, UNIT_TEXT_MAX, "%u%c%02u%c", whole / forms[i].major, forms[i].suffixes[0],
		whole % forms[i].major / forms[i].minor, forms[i].suffixes[1]);
}

static void format_seconds(double seconds, char text[static UNIT_TEXT_MAX])
{
	static const struct {
		double below, scale;
		int decimals;
		const char *suffix;
	} forms[] = {
		{ 1e-12, 1, 0, "s" }, /* zero */
		{ 999.5e-9, 1e9, 0, "ns" },
		{ 999.5e-6, 1e6, 0, "us" },
		{ 99.95e-3, 1e3, 1, "ms" },
		{ 999.5e-3, 1e3, 0, "ms" },
		{ 59.95, 1, 1, "s" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (seconds >= forms[i].below)
			continue;
		snprintf(text, UNIT_TEXT_MAX, "%.*f%s", forms[i].decimals, seconds * forms[i].scale,
			forms[i].suffix);
		return;
	}
	if (seconds < 4e9)
		format_clock(seconds, text);
	else
		snprintf(text, UNIT_TEXT_MAX, "%.1es", seconds); /* no clock shows that */
}

typedef void format(double number, char text[static UNIT_TEXT_MAX]);

static format *const formats[] = {
	[UNIT_NONE] = format_things,
	[UNIT_SECONDS] = format_seconds,
	[UNIT_BYTES] = format_bytes,
	[UNIT_SHARE] = format_percent,
};

static format *const byte_formats[N_BYTE_STYLES] = {
	[BYTES_BINARY] = format_bytes,
	[BYTES_DECIMAL] = format_bytes_decimal,
	[BYTES_EXACT] = format_bytes_exact,
	[BYTES_NET_BITS] = format_bytes,
};

static bool is_network_rate(const struct column *column)
{
	return column->view == VIEW_RATE && strncmp(column->metric->name, "net_", 4) == 0;
}

static format *choose_format(const struct column *column, const struct unit_style *style)
{
	if (column_unit(column) != UNIT_BYTES)
		return formats[column_unit(column)];
	if (style->bytes == BYTES_NET_BITS && is_network_rate(column))
		return format_bits;
	return byte_formats[style->bytes];
}

/* Whether 100 % of the column is all the time of one CPU. */
static bool is_of_one_cpu(const struct column *column)
{
	enum scope scope = column->metric->scope;

	return column->view == VIEW_RATE && column->metric->unit == UNIT_SECONDS &&
	       (scope == SCOPE_VM || scope == SCOPE_VCPU || scope == SCOPE_THREAD);
}

const char *unit_format(
	const struct column *column, const struct value *value, char text[static UNIT_TEXT_MAX])
{
	return unit_format_as(column, value, &(struct unit_style){ 0 }, text);
}

const char *unit_format_as(const struct column *column, const struct value *value,
	const struct unit_style *style, char text[static UNIT_TEXT_MAX])
{
	double number = value->number;
	char positive[UNIT_TEXT_MAX];

	if (value->kind == VALUE_TEXT)
		return unit_safe_text(value->text, text, UNIT_TEXT_MAX);
	if (value->kind == VALUE_ABSENT || !isfinite(value->number))
		return strcpy(text, "-");
	if (style->cpus > 0 && is_of_one_cpu(column))
		number /= style->cpus;
	choose_format(column, style)(fabs(number), positive);
	snprintf(text, UNIT_TEXT_MAX, "%s%.*s", number < 0 ? "-" : "", UNIT_TEXT_MAX - 2, positive);
	return text;
}

/* What a number may be followed by. Bytes and things take a multiplier, others have own units. */
struct suffix {
	const char *text;
	double factor;
};

static const struct suffix seconds_suffixes[] = {
	{ "", 1 },
	{ "s", 1 },
	{ "ms", 1e-3 },
	{ "us", 1e-6 },
	{ "ns", 1e-9 },
	{ NULL, 0 },
};

static const struct suffix percent_suffixes[] = { { "", 1 }, { "%", 1 }, { NULL, 0 } };

/* The first that fits is taken, hence Ki before K, and nothing last. */
static const struct suffix multipliers[] = {
	{ "Ki", 1024.0 },
	{ "Mi", 1048576.0 },
	{ "Gi", 1073741824.0 },
	{ "Ti", 1099511627776.0 },
	{ "k", 1e3 },
	{ "K", 1e3 },
	{ "M", 1e6 },
	{ "G", 1e9 },
	{ "T", 1e12 },
	{ "", 1 },
};

/* What each unit takes, for the reader of an error. */
static const char *const examples[] = {
	[UNIT_NONE] = "a number such as 5 or 20k",
	[UNIT_SECONDS] = "a time such as 10ms or 1.5s",
	[UNIT_BYTES] = "bytes such as 500M or 2GiB",
	[UNIT_SHARE] = "a percentage such as 5 or 5%",
};

static int find_suffix(const struct suffix *suffixes, const char *text, double *factor)
{
	for (; suffixes->text; suffixes++) {
		if (strcmp(suffixes->text, text) == 0) {
			*factor = suffixes->factor;
			return 0;
		}
	}
	return -EINVAL;
}

/* k M G Ki Mi Gi, then B where bytes are counted, then /s where a rate is. */
static int find_multiplier(const struct column *column, const char *text, double *factor)
{
	size_t i = 0;

	while (strncmp(multipliers[i].text, text, strlen(multipliers[i].text)) != 0)
		i++;
	text += strlen(multipliers[i].text);
	if (*text == 'B' && column_unit(column) == UNIT_BYTES)
		text++;
	if (column->view == VIEW_RATE && strcmp(text, "/s") == 0)
		text += 2;
	if (*text != '\0')
		return -EINVAL;
	*factor = multipliers[i].factor;
	return 0;
}

static int find_factor(const struct column *column, const char *suffix, double *factor)
{
	switch (column_unit(column)) {
	case UNIT_SECONDS:
		return find_suffix(seconds_suffixes, suffix, factor);
	case UNIT_SHARE:
		return find_suffix(percent_suffixes, suffix, factor);
	default:
		return find_multiplier(column, suffix, factor);
	}
}

/* Digits with at most one point among them; not strtod(), which obeys the locale and knows "inf".
 */
static int read_digits(const char **text, double *ret)
{
	const char *at = *text;
	double number = 0, weight = 1;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++)
		number = number * 10 + (*at - '0');
	if (*at == '.' && isdigit((unsigned char)at[1]))
		for (at++; isdigit((unsigned char)*at); at++)
			number += (*at - '0') * (weight /= 10);
	*text = at;
	*ret = number;
	return 0;
}

int unit_parse(const struct column *column, const char *text, double *ret)
{
	bool negative = *text == '-';
	double number, factor;
	int err;

	text += negative;
	err = read_digits(&text, &number);
	if (!err)
		err = find_factor(column, text, &factor);
	if (err)
		return err;
	*ret = negative ? -number * factor : number * factor;
	return 0;
}

const char *unit_example(const struct column *column)
{
	return examples[column_unit(column)];
}
