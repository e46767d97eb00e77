/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exact values out of JSON. */
#include "collect/replay_value.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>

#include "base/clock.h"

const char *replay_text(struct json_object *line, const char *member)
{
	struct json_object *value = json_object_object_get(line, member);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* Appends the decimal digits at *text to *number. -ERANGE when it overflows. */
static int parse_digits(const char **text, int most, uint64_t *number, int *n)
{
	for (*n = 0; *n < most && **text >= '0' && **text <= '9'; ++*text, ++*n)
		if (__builtin_mul_overflow(*number, 10u, number) ||
			__builtin_add_overflow(*number, (unsigned)(**text - '0'), number))
			return -ERANGE;
	return 0;
}

/* A decimal number times 10 to the power of `decimals`; more decimals than that are refused. */
static int parse_decimal(const char *text, int decimals, uint64_t *ret)
{
	uint64_t number = 0;
	int digits, err = parse_digits(&text, INT_MAX, &number, &digits);

	if (err)
		return err;
	if (digits == 0)
		return -EINVAL;
	digits = 0;
	if (*text == '.' && decimals > 0) {
		text++;
		err = parse_digits(&text, decimals, &number, &digits);
	}
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	for (; digits < decimals; digits++)
		if (__builtin_mul_overflow(number, 10u, &number))
			return -ERANGE;
	*ret = number;
	return 0;
}

static bool is_number(struct json_object *json)
{
	return json_object_is_type(json, json_type_int) ||
	       json_object_is_type(json, json_type_double);
}

/* As other programs write numbers: 7.7e-08, or with more decimals than there are. */
static int round_seconds(struct json_object *number, uint64_t *ret)
{
	double ns = round(json_object_get_double(number) * NSEC_PER_SEC);

	if (!(ns >= 0))
		return -EINVAL;
	if (ns >= (double)UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)ns;
	return 0;
}

/* json-c keeps the text of what it reads as a double, so what vmbpf wrote has not been rounded. */
int replay_seconds(struct json_object *number, uint64_t *ret)
{
	int err;

	if (!is_number(number))
		return -EINVAL;
	err = parse_decimal(json_object_get_string(number), 9, ret);
	return err == -EINVAL ? round_seconds(number, ret) : err;
}

int replay_whole(struct json_object *number, uint64_t max, uint64_t *ret)
{
	uint64_t whole;
	int err = -EINVAL;

	if (json_object_is_type(number, json_type_int))
		err = parse_decimal(json_object_get_string(number), 0, &whole);
	if (err)
		return err;
	if (whole > max)
		return -ERANGE;
	*ret = whole;
	return 0;
}

int replay_double(struct json_object *number, double *ret)
{
	double value = json_object_get_double(number);

	if (!is_number(number) || !isfinite(value))
		return -EINVAL;
	*ret = value;
	return 0;
}
