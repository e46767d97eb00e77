/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's numbers out of /proc, from fixture trees and from this machine. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "collect/host.h"
#include "collect/registry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALL (SRC_PROC | SRC_PRESSURE | SRC_SELF)

static void read_fixture(const char *path, struct host *ret)
{
	AUTO_FD int dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		fail_msg("%s: %s (run from the top folder)", path, strerror(errno));
	host_read(dirfd, ret);
}

static void host_is_read_from_proc(void **state)
{
	struct host host = { 0 };

	(void)state;
	read_fixture("tests/fixtures/proc/host", &host);
	assert_int_equal(host.e.have, ALL);
	/* user nice system irq softirq steal: 1000 + 20 + 300 + 7 + 80 + 9 ticks of 10 ms */
	assert_int_equal(host.busy_ns, 14160000000);
	assert_int_equal(host.memory_total_bytes, 24684084ull * 1024);
	assert_int_equal(host.memory_available_bytes, 22947608ull * 1024);
	assert_int_equal(host.swap_used_bytes, 97148ull * 1024);
	assert_float_equal(host.load_1m, 3.77, 1e-9);
	assert_int_equal(host.pressure_cpu_ns, 215853301000);
	assert_int_equal(host.pressure_memory_ns, 7238972000);
	assert_int_equal(host.pressure_io_ns, 42000);
	assert_int_equal(host.self_memory_bytes, 414 * sysconf(_SC_PAGESIZE));
}

static void pressure_is_absent_on_a_kernel_without_it(void **state)
{
	struct host host = { 0 };

	(void)state;
	read_fixture("tests/fixtures/proc/old", &host);
	assert_int_equal(host.e.have, SRC_PROC | SRC_SELF);
}

static void nothing_is_believed_of_a_broken_proc(void **state)
{
	struct host host = { 0 };

	(void)state;
	read_fixture("tests/fixtures/proc/hostile", &host);
	assert_int_equal(host.e.have, 0);
}

static void nothing_is_there_without_proc(void **state)
{
	struct host host = { 0 };

	(void)state;
	read_fixture("tests/fixtures", &host);
	assert_int_equal(host.e.have, 0);
}

static const struct host_file *find_file(const char *name)
{
	for (size_t i = 0; i < n_host_files; i++) {
		if (strcmp(host_files[i].name, name) == 0)
			return &host_files[i];
	}
	fail_msg("no such file: %s", name);
	return NULL;
}

static void text_that_the_kernel_never_writes_is_refused(void **state)
{
	static const struct {
		const char *file;
		const char *text;
	} cases[] = {
		{ "stat", "" },
		{ "stat", "cpu0 1 2 3 4 5 6 7 8 9 10\n" },
		{ "stat", "cpu  1 2 3 4 5 6 7\n8\n" },
		{ "stat", "cpu  1 2 3 -4 5 6 7 8 9 10\n" },
		{ "loadavg", "" },
		{ "loadavg", "-1.00 0 0 1/1 1\n" },
		{ "loadavg", "1,00 0 0 1/1 1\n" },
		{ "loadavg", "1.0 0 0 1/1 1\n" },
		{ "loadavg", "1.000 0 0 1/1 1\n" },
		{ "loadavg", "99999999999999999999.00 0 0 1/1 1\n" },
		{ "pressure/io", "some avg10=0.00\nfull avg10=0.00 total=5\n" },
		{ "pressure/io", "some avg10=0.00 subtotal=5\n" },
		{ "pressure/io", "some avg10=0.00 total=\n" },
		{ "pressure/io", "full avg10=0.00 total=5\n" },
		/* Microseconds that do not fit 64 bits as nanoseconds. */
		{ "pressure/io", "some avg10=0.00 total=18446744073709552\n" },
		{ "self/statm", "765\n" },
		{ "self/statm", "765 18446744073709551615 400\n" },
		{ "meminfo",
			"MemTotal: 5 kB\nMemAvailable: 4 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n" },
		{ "meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nSwapTotal: 2 kB\nSwapFree: 2 kB\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host host = { 0 };

		if (find_file(cases[i].file)->parse(cases[i].text, &host) != -EBADMSG)
			fail_msg("%s accepts: %s", cases[i].file, cases[i].text);
	}
}

static void collector_tells_about_this_machine(void **state)
{
	const struct config config = { 0 };
	struct snapshot *snap = snapshot_new();
	const char *why = NULL;
	void *collector;

	(void)state;
	assert_non_null(snap);
	assert_int_equal(host_collector.open(&config, &collector, &why), 0);
	host_collector.collect(collector, snap);
	host_collector.close(collector);
	assert_int_equal(snap->host.e.have & (SRC_PROC | SRC_SELF), SRC_PROC | SRC_SELF);
	assert_int_equal(snap->host.n_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(snap->host.self_ns > 0);
	assert_true(snap->host.self_memory_bytes > 0);
	assert_true(snap->host.memory_available_bytes < snap->host.memory_total_bytes);
	assert_non_null(snap->host.name);
	snapshot_free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_is_read_from_proc),
		cmocka_unit_test(pressure_is_absent_on_a_kernel_without_it),
		cmocka_unit_test(nothing_is_believed_of_a_broken_proc),
		cmocka_unit_test(nothing_is_there_without_proc),
		cmocka_unit_test(text_that_the_kernel_never_writes_is_refused),
		cmocka_unit_test(collector_tells_about_this_machine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
