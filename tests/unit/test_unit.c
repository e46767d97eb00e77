/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How numbers are written for people and read from them, and how foreign text is made safe. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

struct format_case {
	double number;
	const char *expected;
};

static struct column column_of(const char *name)
{
	struct column column;

	assert_int_equal(column_find(name, SCOPE_VM, &column), 0);
	return column;
}

static void check_formats(const char *name, const struct format_case *cases, size_t n)
{
	struct column column = column_of(name);
	char text[UNIT_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		struct value value = { .kind = VALUE_NUMBER, .number = cases[i].number };

		assert_string_equal(unit_format(&column, &value, text), cases[i].expected);
	}
}

static void bytes_have_three_digits_and_a_binary_unit(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 512, "512" },
		{ 999, "999" },
		{ 1000, "0.98K" },
		{ 1023.9, "1.00K" },
		{ 1024, "1.00K" },
		{ 1234, "1.21K" },
		{ 9.99 * KIB, "9.99K" },
		{ 9.996 * KIB, "10.0K" },
		{ 34.5 * MIB, "34.5M" },
		{ 99.96 * MIB, "100M" },
		{ 999.4 * MIB, "999M" },
		{ 999.95 * MIB, "0.98G" },
		{ 1 * GIB, "1.00G" },
		{ 64 * GIB, "64.0G" },
		{ 18446744073709551615.0, "16.0E" },
		{ -2048, "-2.00K" },
	};

	(void)state;
	check_formats("memory_rss", cases, COUNT(cases));
	check_formats("net_rx", cases, COUNT(cases));
}

static void bytes_are_written_as_one_prefers(void **state)
{
	static const struct {
		enum byte_style style;
		const char *name;
		double number;
		const char *expected;
	} cases[] = {
		{ BYTES_DECIMAL, "memory_rss", 999, "999" },
		{ BYTES_DECIMAL, "memory_rss", 1024, "1.02k" },
		{ BYTES_DECIMAL, "net_rx", 12.34e6, "12.3M" },
		{ BYTES_EXACT, "memory_rss", 1 * GIB, "1073741824" },
		{ BYTES_EXACT, "memory_rss", 18446744073709549568.0, "18446744073709549568" },
		{ BYTES_EXACT, "memory_rss", 1e300, "1.0e+300" },
		{ BYTES_NET_BITS, "net_rx", 0, "0" },
		{ BYTES_NET_BITS, "net_rx", 125, "1.00kb" },
		{ BYTES_NET_BITS, "net_tx", 1.25e6, "10.0Mb" },
		{ BYTES_NET_BITS, "net_rx_bytes_total", 1024, "1.00K" },
		{ BYTES_NET_BITS, "disk_read", 1024, "1.00K" },
		{ BYTES_NET_BITS, "net_rx_packets", 1024, "1024" },
		{ BYTES_EXACT, "switches", 1e8, "100M" },
	};
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct value value = { .kind = VALUE_NUMBER, .number = cases[i].number };
		struct unit_style style = { .bytes = cases[i].style };
		struct column column = column_of(cases[i].name);

		assert_string_equal(
			unit_format_as(&column, &value, &style, text), cases[i].expected);
	}
}

static void time_of_cpus_can_be_a_share_of_the_host(void **state)
{
	static const struct {
		const char *name, *expected;
	} cases[] = {
		{ "vm.cpu", "40.0" },
		{ "vcpu.ready", "40.0" },
		{ "thread.cpu", "40.0" },
		{ "vm.cpu_used", "160.0" }, /* of the VM's own vCPUs */
		{ "vm.cpu_seconds_total", "2m40s" },
		{ "host.pressure_cpu", "160.0" },
		{ "vm.switches", "160" },
	};
	const struct value value = { .kind = VALUE_NUMBER, .number = 160 };
	const struct unit_style style = { .cpus = 4 };
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct column column = column_of(cases[i].name);

		assert_string_equal(
			unit_format_as(&column, &value, &style, text), cases[i].expected);
	}
}

static void percent_has_one_decimal(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0.0" },
		{ 0.04, "0.0" },
		{ 0.06, "0.1" },
		{ 99.96, "100.0" },
		{ 12800, "12800.0" },
	};

	(void)state;
	check_formats("cpu", cases, COUNT(cases));
	check_formats("cpu_used", cases, COUNT(cases));
}

static void things_are_whole_up_to_seven_digits(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0" },
		{ 8, "8" },
		{ 0.5, "0.50" },
		{ 12.34, "12.3" },
		{ 99.96, "100" },
		{ 340.4, "340" },
		{ 4194304, "4194304" },
		{ 9999999, "9999999" },
		{ 10000000, "10.0M" },
		{ 12345678, "12.3M" },
		{ 1.5e10, "15.0G" },
	};

	(void)state;
	check_formats("switches", cases, COUNT(cases));
	check_formats("pid", cases, COUNT(cases));
}

static void time_has_the_unit_that_suits_it(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0s" },
		{ 250e-9, "250ns" },
		{ 999.6e-9, "1us" },
		{ 850e-6, "850us" },
		{ 999.6e-6, "1.0ms" },
		{ 12.34e-3, "12.3ms" },
		{ 99.96e-3, "100ms" },
		{ 999.6e-3, "1.0s" },
		{ 4.5, "4.5s" },
		{ 59.94, "59.9s" },
		{ 59.96, "1m00s" },
		{ 200, "3m20s" },
		{ 3599.4, "59m59s" },
		{ 3599.6, "1h00m" },
		{ 86399, "23h59m" },
		{ 86400, "1d00h" },
		{ 191000, "2d05h" },
		{ 1e12, "1.0e+12s" },
	};

	(void)state;
	check_formats("run_latency_p99", cases, COUNT(cases));
}

static void absent_values_and_no_numbers_are_a_dash(void **state)
{
	static const char *const names[] = { "cpu", "memory_rss", "switches", "age", "name" };
	const struct value values[] = {
		{ .kind = VALUE_ABSENT },
		{ .kind = VALUE_NUMBER, .number = NAN },
		{ .kind = VALUE_NUMBER, .number = INFINITY },
		{ .kind = VALUE_NUMBER, .number = -INFINITY },
	};
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t k = 0; k < COUNT(values); k++) {
			struct column column = column_of(names[i]);

			assert_string_equal(unit_format(&column, &values[k], text), "-");
		}
	}
}

static void any_number_fits(void **state)
{
	static const double numbers[] = { 1e300, -1e300, 5e-324, 1e15, -1 };
	static const char *const names[] = { "cpu", "memory_rss", "switches", "age" };
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		for (size_t k = 0; k < COUNT(names); k++) {
			struct value value = { .kind = VALUE_NUMBER, .number = numbers[i] };
			struct column column = column_of(names[k]);

			assert_in_range(
				strlen(unit_format(&column, &value, text)), 1, UNIT_TEXT_MAX - 1);
		}
	}
}

static void text_values_are_made_safe(void **state)
{
	const struct value value = { .kind = VALUE_TEXT, .text = "a\033[31mb" };
	struct column column = column_of("name");
	char text[UNIT_TEXT_MAX];

	(void)state;
	assert_string_equal(unit_format(&column, &value, text), "a?[31mb");
}

static void numbers_are_read_in_the_unit_of_their_column(void **state)
{
	static const struct {
		const char *name, *text;
		double expected; /* NAN: refused */
	} cases[] = {
		{ "ready", "5", 5 },
		{ "ready", "5%", 5 },
		{ "ready", "0.25%", 0.25 },
		{ "ready", "5ms", NAN },
		{ "ready", "5k", NAN },
		{ "run_latency_p99", "10ms", 0.010 },
		{ "run_latency_p99", "1.5s", 1.5 },
		{ "run_latency_p99", "20us", 20e-6 },
		{ "run_latency_p99", "7ns", 7e-9 },
		{ "run_latency_p99", "7%", NAN },
		{ "memory_rss", "2GiB", 2147483648 },
		{ "memory_rss", "2Gi", 2147483648 },
		{ "memory_rss", "2G", 2e9 },
		{ "memory_rss", "1.5KiB", 1536 },
		{ "memory_rss", "3TB", 3e12 },
		{ "memory_rss", "4M/s", NAN },
		{ "memory_rss", "100B", 100 },
		{ "net_rx", "4MB/s", 4e6 },
		{ "net_rx", "4Mi", 4194304 },
		{ "switches", "20k", 20000 },
		{ "switches", "20k/s", 20000 },
		{ "switches", "20kB", NAN },
		{ "pid", "-1", -1 },
		{ "pid", "", NAN },
		{ "pid", "-", NAN },
		{ "pid", "1.", NAN },
		{ "pid", ".5", NAN },
		{ "pid", "0x10", NAN },
		{ "pid", "inf", NAN },
		{ "pid", "1e3", NAN },
		{ "pid", "1 2", NAN },
	};
	double number;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct column column = column_of(cases[i].name);
		int err = unit_parse(&column, cases[i].text, &number);

		assert_int_equal(err, isnan(cases[i].expected) ? -EINVAL : 0);
		if (!err)
			assert_true(fabs(number - cases[i].expected) < 1e-12);
	}
}

static void text_is_made_safe(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "plain", "plain" }, { "", "" }, { "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "a\tb\nc\x7f", "a?b?c?" }, { "\033]0;title\007", "?]0;title?" },
		{ "\xc2\x9b"
		  "31m",
			"?31m" }, /* C1: CSI as one character */
		{ "\x9b"
		  "31m",
			"?31m" }, /* and as one byte */
		{ "\xc0\xaf", "??" }, /* overlong / */
		{ "\xe0\x80\xaf", "???" }, { "\xed\xa0\x80", "???" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond U+10FFFF */
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" }, /* U+10FFFF itself */
		{ "\xf8\x88\x80\x80\x80", "?????" }, { "\xe2\x82", "??" }, /* cut short */
		{ "a\xe2\x80\xae"
		  "b",
			"a?b" }, /* right-to-left override */
		{ "\xe2\x81\xa6x\xe2\x80\xa8", "?x?" },
		{ "e\xcc\x81", "e\xcc\x81" }, /* a combining accent */
		{ "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
			"\xf0\x9f\x91\xa9?\xf0\x9f\x91\xa7" }, /* joined to one picture */
		{ "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4?" }, /* made a wide one */
	};
	char safe[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
			unit_safe_text(cases[i].text, safe, sizeof(safe)), cases[i].expected);
	assert_string_equal(unit_safe_text(NULL, safe, sizeof(safe)), "");
}

static void safe_text_is_never_cut_within_a_character(void **state)
{
	static const char *const expected[] = { "", "a", "a", "a", "a\xe2\x82\xac",
		"a\xe2\x82\xac"
		"b",
		"a\xe2\x82\xac"
		"b" };
	char safe[16];

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		memset(safe, 'x', sizeof(safe));
		unit_safe_text("a\xe2\x82\xac"
			       "b",
			safe, i + 1);
		assert_string_equal(safe, expected[i]);
		assert_int_equal(safe[i + 1], 'x');
	}
	safe[0] = 'x';
	unit_safe_text("a", safe, 0);
	assert_int_equal(safe[0], 'x');
}

static void width_is_counted_in_cells(void **state)
{
	(void)state;
	assert_int_equal(unit_text_width(""), 0);
	assert_int_equal(unit_text_width("plain"), 5);
	assert_int_equal(unit_text_width("\xff\xfe"), 2);
	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		print_message("# no locale C.UTF-8: wide characters are not checked\n");
		skip();
	}
	assert_int_equal(unit_text_width("caf\xc3\xa9"), 4);
	assert_int_equal(unit_text_width("e\xcc\x81"), 1);
	assert_int_equal(unit_text_width("\xe4\xb8\xad"), 2);
}

static void one_character_is_measured_unless_it_is_not_safe(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{ "", 0 },
		{ "ab", 1 },
		{ "\n", 0 },
		{ "\xc3\xa9!", 2 },
		{ "\xe4\xba\x91", 3 },
		{ "\xf0\x9f\x92\xa9", 4 },
		{ "\xc2\x9b", 0 }, /* C1 */
		{ "\xe2\x80\xae", 0 }, /* turns the direction */
		{ "\xe2\x80\xa8", 0 }, /* ends a line */
		{ "\xc3(", 0 },
		{ "\xff", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(unit_safe_length(cases[i].text), cases[i].length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_three_digits_and_a_binary_unit),
		cmocka_unit_test(bytes_are_written_as_one_prefers),
		cmocka_unit_test(time_of_cpus_can_be_a_share_of_the_host),
		cmocka_unit_test(percent_has_one_decimal),
		cmocka_unit_test(things_are_whole_up_to_seven_digits),
		cmocka_unit_test(time_has_the_unit_that_suits_it),
		cmocka_unit_test(absent_values_and_no_numbers_are_a_dash),
		cmocka_unit_test(any_number_fits),
		cmocka_unit_test(text_values_are_made_safe),
		cmocka_unit_test(numbers_are_read_in_the_unit_of_their_column),
		cmocka_unit_test(text_is_made_safe),
		cmocka_unit_test(safe_text_is_never_cut_within_a_character),
		cmocka_unit_test(width_is_counted_in_cells),
		cmocka_unit_test(one_character_is_measured_unless_it_is_not_safe),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
