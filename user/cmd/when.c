/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what --at understands. */
#include "cmd/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/option.h"

/* Two digits, at most `max`. */
static bool take_two(const char **text, unsigned max, unsigned *ret)
{
	const char *digits = *text;

	if (!isdigit((unsigned char)digits[0]) || !isdigit((unsigned char)digits[1]))
		return false;
	*ret = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
	*text += 2;
	return *ret <= max;
}

/* "12:00" or "12:00:30". */
static int parse_time_of_day(const char *text, struct when *ret)
{
	unsigned hour, minute, second = 0;

	if (!take_two(&text, 23, &hour) || *text++ != ':' || !take_two(&text, 59, &minute))
		return -EINVAL;
	if (*text && (*text++ != ':' || !take_two(&text, 59, &second) || *text))
		return -EINVAL;
	*ret = (struct when){ WHEN_OF_DAY, (hour * 3600 + minute * 60 + second) * NSEC_PER_SEC };
	return 0;
}

/* ".123", up to nanoseconds; nothing is zero. */
static int take_fraction(const char **text, uint64_t *ret)
{
	uint64_t unit = NSEC_PER_SEC / 10;

	*ret = 0;
	if (**text != '.')
		return 0;
	for (++*text; isdigit((unsigned char)**text); ++*text, unit /= 10)
		*ret += unit * (uint64_t)(**text - '0');
	return (*text)[-1] == '.' ? -EINVAL : 0;
}

/* RFC 3339 in UTC. */
static int parse_real_time(const char *text, struct when *ret)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t fraction_ns;
	time_t seconds;

	if (!rest || take_fraction(&rest, &fraction_ns) < 0 || strcmp(rest, "Z") != 0)
		return -EINVAL;
	seconds = timegm(&tm);
	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / NSEC_PER_SEC)
		return -ERANGE;
	*ret = (struct when){ WHEN_REAL, (uint64_t)seconds * NSEC_PER_SEC + fraction_ns };
	return 0;
}

int when_parse(const char *text, struct when *ret)
{
	uint64_t ns;
	int err;

	if (*text != '+')
		return strchr(text, 'T') ? parse_real_time(text, ret)
					 : parse_time_of_day(text, ret);
	err = parse_duration(text + 1, 0, UINT64_MAX, &ns);
	if (!err)
		*ret = (struct when){ WHEN_SINCE, ns };
	return err;
}

static uint64_t on_day_of(uint64_t first_ns, unsigned second_of_day)
{
	time_t first = (time_t)(first_ns / NSEC_PER_SEC), time;
	struct tm day = { 0 };

	localtime_r(&first, &day);
	first -= day.tm_sec;
	for (int days = 0; days <= 1; days++) {
		struct tm tm = {
			.tm_year = day.tm_year,
			.tm_mon = day.tm_mon,
			.tm_mday = day.tm_mday + days,
			.tm_hour = (int)(second_of_day / 3600),
			.tm_min = (int)(second_of_day / 60 % 60),
			.tm_sec = (int)(second_of_day % 60),
			.tm_isdst = -1,
		};

		time = mktime(&tm);
		if (time >= first)
			break;
	}
	return time > 0 ? (uint64_t)time * NSEC_PER_SEC : 0;
}

uint64_t when_in_recording(const struct when *when, uint64_t first_ns)
{
	uint64_t ns;

	if (when->kind == WHEN_OF_DAY)
		return on_day_of(first_ns, (unsigned)(when->ns / NSEC_PER_SEC));
	if (when->kind == WHEN_REAL)
		return when->ns;
	return __builtin_add_overflow(first_ns, when->ns, &ns) ? UINT64_MAX : ns;
}

void when_print(uint64_t real_ns, char text[static WHEN_TEXT_SIZE])
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	if (strftime(text, WHEN_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		*text = '\0';
}
