/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exact values out of members. */
#include "collect/replay_value.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"

const char *replay_text(const struct members *line, const char *name)
{
	const struct member *member = members_find(line, name);

	return member && member->kind == MEMBER_TEXT ? member->text : NULL;
}

/* No number of so many digits overflows. */
#define SAFE_DIGITS 19

/* Appends a digit. False when it overflows. */
static bool append(uint64_t *number, unsigned digit)
{
	return !__builtin_mul_overflow(*number, 10u, number) &&
	       !__builtin_add_overflow(*number, digit, number);
}

/*
 * Appends the decimal digits at *text to *number, at most so many; there have been *n before, and
 * *n becomes how many there are in all. -ERANGE when it overflows.
 */
static int parse_digits(const char **text, int most, uint64_t *number, int *n)
{
	for (; most > 0 && **text >= '0' && **text <= '9'; ++*text, ++*n, most--) {
		unsigned digit = (unsigned)(**text - '0');

		if (*n < SAFE_DIGITS)
			*number = *number * 10 + digit;
		else if (!append(number, digit))
			return -ERANGE;
	}
	return 0;
}

/* A decimal number times 10 to the power of `decimals`; more decimals than that are refused. */
static int parse_decimal(const char *text, int decimals, uint64_t *ret)
{
	uint64_t number = 0;
	int n = 0, n_before, err = parse_digits(&text, INT_MAX, &number, &n);

	if (err)
		return err;
	if (n == 0)
		return -EINVAL;
	n_before = n;
	if (*text == '.' && decimals > 0) {
		text++;
		err = parse_digits(&text, decimals, &number, &n);
	}
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	for (n -= n_before; n < decimals; n++)
		if (!append(&number, 0))
			return -ERANGE;
	*ret = number;
	return 0;
}

static bool is_number(const struct member *member)
{
	return member && member->kind == MEMBER_NUMBER;
}

/* As other programs write numbers: 7.7e-08, or with more decimals than there are. */
static int round_seconds(const struct member *member, uint64_t *ret)
{
	double ns = round(strtod(member->text, NULL) * NSEC_PER_SEC);

	if (!(ns >= 0))
		return -EINVAL;
	if (ns >= (double)UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)ns;
	return 0;
}

int replay_seconds(const struct member *member, uint64_t *ret)
{
	int err;

	if (!is_number(member))
		return -EINVAL;
	err = parse_decimal(member->text, 9, ret);
	return err == -EINVAL ? round_seconds(member, ret) : err;
}

int replay_whole(const struct member *member, uint64_t max, uint64_t *ret)
{
	uint64_t whole;
	int err = -EINVAL;

	if (is_number(member) && member->is_whole)
		err = parse_decimal(member->text, 0, &whole);
	if (err)
		return err;
	if (whole > max)
		return -ERANGE;
	*ret = whole;
	return 0;
}

int replay_double(const struct member *member, double *ret)
{
	double value;

	if (!is_number(member))
		return -EINVAL;
	value = strtod(member->text, NULL);
	if (!isfinite(value))
		return -EINVAL;
	*ret = value;
	return 0;
}
