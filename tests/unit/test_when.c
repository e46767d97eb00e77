/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --at takes, and which time in a recording it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cmd/when.h"

/* 2026-01-31T12:00:00Z */
#define NOON 1769860800
#define HOUR 3600

static void times_are_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t expected_ns;
	} cases[] = {
		{ "2026-01-31T12:00:00Z", NOON * NSEC_PER_SEC },
		{ "2026-01-31T12:00:00.25Z", NOON * NSEC_PER_SEC + NSEC_PER_SEC / 4 },
		{ "2026-01-31T12:00:00.000000001Z", NOON * NSEC_PER_SEC + 1 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "14:30", (NOON + HOUR * 3 / 2) * NSEC_PER_SEC },
		{ "14:30:59", (NOON + HOUR * 3 / 2 + 59) * NSEC_PER_SEC },
		{ "+0", NOON * NSEC_PER_SEC + NSEC_PER_SEC * 40 },
		{ "+90s", (NOON + 40 + 90) * NSEC_PER_SEC },
		{ "+1.5m", (NOON + 40 + 90) * NSEC_PER_SEC },
		{ "+500ms", (NOON + 40) * NSEC_PER_SEC + 500 * NSEC_PER_MSEC },
		/* The minute in which it begins is that of this day, all before is of the next. */
		{ "13:00", NOON * NSEC_PER_SEC },
		{ "13:00:20", (NOON + 20) * NSEC_PER_SEC },
		{ "12:59:59", (NOON + 24 * HOUR - 1) * NSEC_PER_SEC },
		{ "00:00", (NOON + 11 * HOUR) * NSEC_PER_SEC },
	};
	struct when when;

	(void)state;
	setenv("TZ", "UTC-1", 1); /* an hour east of Greenwich */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(when_parse(cases[i].text, &when), 0);
		assert_true(when_in_recording(&when, (NOON + 40) * NSEC_PER_SEC) ==
			    cases[i].expected_ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = { "", "+", "+x", "+-5s", "noon", "12", "12:", "1:00",
		"12:60", "24:00", "12:00:", "12:00:60", "12:00:00.5", "12:00Z", " 12:00", "12:00 ",
		"2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00+01:00",
		"2026-01-31T12:00:00.Z", "2026-01-31T12:00:00Z ", "2026-13-31T12:00:00Z",
		"1969-12-31T23:59:59Z", "9999-01-31T12:00:00Z", "T" };
	struct when when;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (when_parse(cases[i], &when) == 0)
			fail_msg("'%s' was taken for a time", cases[i]);
}

static void a_time_of_day_of_the_next_day_knows_the_summer(void **state)
{
	/* 2026-03-28T23:00:00 in Berlin, two hours before the clocks go from 2 to 3. */
	const uint64_t evening = 1774735200;
	struct when when;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	assert_int_equal(when_parse("08:00", &when), 0);
	assert_true(when_in_recording(&when, evening * NSEC_PER_SEC) ==
		    (evening + 8 * HOUR) * NSEC_PER_SEC);
}

static void a_time_too_far_away_is_the_last_there_is(void **state)
{
	const struct when when = { WHEN_SINCE, UINT64_MAX };

	(void)state;
	assert_true(when_in_recording(&when, NOON * NSEC_PER_SEC) == UINT64_MAX);
}

static void times_are_printed_as_they_are_taken(void **state)
{
	char text[WHEN_TEXT_SIZE];

	(void)state;
	when_print(NOON * NSEC_PER_SEC + 999, text);
	assert_string_equal(text, "2026-01-31T12:00:00Z");
	when_print(UINT64_MAX, text);
	assert_string_equal(text, "2554-07-21T23:34:33Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_understood),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_time_of_day_of_the_next_day_knows_the_summer),
		cmocka_unit_test(a_time_too_far_away_is_the_last_there_is),
		cmocka_unit_test(times_are_printed_as_they_are_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
