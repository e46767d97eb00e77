/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small text files and the numbers in them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED 77

static int file_with(const char *content)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void file_that_fits_is_read_whole(void **state)
{
	AUTO_FD int fd = file_with("one 1\ntwo 2");
	char text[16];

	(void)state;
	assert_int_equal(buf_read_fd(fd, text, sizeof(text)), 0);
	assert_string_equal(text, "one 1\ntwo 2");
}

static void file_that_is_too_long_loses_its_cut_line(void **state)
{
	AUTO_FD int fd = file_with("one 1\ntwo 222\n");
	char text[12]; /* room for "one 1\ntwo 2", which is not what the file says */

	(void)state;
	assert_int_equal(buf_read_fd(fd, text, sizeof(text)), 0);
	assert_string_equal(text, "one 1\n");
}

static void line_longer_than_the_buffer_leaves_nothing(void **state)
{
	AUTO_FD int fd = file_with("1234567890");
	char text[8] = "before";

	(void)state;
	assert_int_equal(buf_read_fd(fd, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void open_file_can_be_read_again(void **state)
{
	AUTO_FD int fd = file_with("old 1\n");
	char text[16];

	(void)state;
	assert_int_equal(buf_read_fd(fd, text, sizeof(text)), 0);
	assert_int_equal(pwrite(fd, "new 2\n", 6, 0), 6);
	assert_int_equal(buf_read_fd(fd, text, sizeof(text)), 0);
	assert_string_equal(text, "new 2\n");
}

static void file_that_is_missing_or_no_file_is_an_error(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(buf_read(AT_FDCWD, "/no/such/file", text, sizeof(text)), -ENOENT);
	assert_int_equal(buf_read(AT_FDCWD, "/", text, sizeof(text)), -EISDIR);
	assert_int_equal(buf_read(AT_FDCWD, "/dev/null", text, 0), -EINVAL);
}

static void number_is_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
		const char *rest;
	} cases[] = {
		{ "0", 0, 0, "" },
		{ " \t42 43", 0, 42, " 43" },
		{ "42\n43", 0, 42, "\n43" },
		{ "18446744073709551615", 0, UINT64_MAX, "" },
		{ "18446744073709551616", -ERANGE, UNTOUCHED, "18446744073709551616" },
		{ "99999999999999999999999", -ERANGE, UNTOUCHED, "99999999999999999999999" },
		{ "", -ENODATA, UNTOUCHED, "" },
		{ "  \n5", -ENODATA, UNTOUCHED, "  \n5" },
		{ "-5", -EINVAL, UNTOUCHED, "-5" },
		{ "+5", -EINVAL, UNTOUCHED, "+5" },
		{ "5x", -EINVAL, UNTOUCHED, "5x" },
		{ "0x5", -EINVAL, UNTOUCHED, "0x5" },
		{ "5.0", -EINVAL, UNTOUCHED, "5.0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text;
		uint64_t value = UNTOUCHED;

		assert_int_equal(buf_u64(&text, &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
		assert_string_equal(text, cases[i].rest);
	}
}

static void words_are_skipped_within_their_line(void **state)
{
	const char *text = "  a -1 b\nc";

	(void)state;
	assert_int_equal(buf_skip(&text, 2), 0);
	assert_string_equal(text, " b\nc");
	assert_int_equal(buf_skip(&text, 2), -ENODATA);
	assert_string_equal(text, " b\nc");
	assert_int_equal(buf_skip(&text, 0), 0);
	assert_string_equal(text, " b\nc");
}

static void value_is_found_by_the_whole_first_word_of_a_line(void **state)
{
	static const char text[] = "cpu0 10\nxcpu 11\nName: cpu 12\ncpu 13\ncpu 14\nempty\nbad x\n";
	static const struct {
		const char *key;
		int result;
		uint64_t value;
	} cases[] = {
		{ "cpu", 0, 13 },
		{ "cpu0", 0, 10 },
		{ "cp", -ENOENT, UNTOUCHED },
		{ "none", -ENOENT, UNTOUCHED },
		{ "empty", -ENODATA, UNTOUCHED },
		{ "bad", -EINVAL, UNTOUCHED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t value = UNTOUCHED;

		assert_int_equal(buf_value(text, cases[i].key, &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

static void kilobytes_need_their_unit_and_must_fit(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} cases[] = {
		{ "VmRSS:\t    3 kB\n", 0, 3072 },
		{ "VmRSS:\t    3 kB", 0, 3072 },
		{ "VmRSS:\t    3\n", -EINVAL, UNTOUCHED },
		{ "VmRSS:\t    3 k", -EINVAL, UNTOUCHED },
		{ "VmRSS:\t    3 kBps\n", -EINVAL, UNTOUCHED },
		{ "VmRSS:\n", -ENODATA, UNTOUCHED },
		{ "VmHWM:\t    3 kB\n", -ENOENT, UNTOUCHED },
		{ "", -ENOENT, UNTOUCHED },
		/* 2^54 kB are 2^64 bytes, one more than there is room for. */
		{ "VmRSS: 18014398509481983 kB\n", 0, 18446744073709550592u },
		{ "VmRSS: 18014398509481984 kB\n", -ERANGE, UNTOUCHED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t value = UNTOUCHED;

		assert_int_equal(buf_value_kb(cases[i].text, "VmRSS:", &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_that_fits_is_read_whole),
		cmocka_unit_test(file_that_is_too_long_loses_its_cut_line),
		cmocka_unit_test(line_longer_than_the_buffer_leaves_nothing),
		cmocka_unit_test(open_file_can_be_read_again),
		cmocka_unit_test(file_that_is_missing_or_no_file_is_an_error),
		cmocka_unit_test(number_is_read_or_refused),
		cmocka_unit_test(words_are_skipped_within_their_line),
		cmocka_unit_test(value_is_found_by_the_whole_first_word_of_a_line),
		cmocka_unit_test(kilobytes_need_their_unit_and_must_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
