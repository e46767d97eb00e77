/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that talk to libvirt: with its driver for tests, and with sockets that do not answer.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collect/libvirt_connection.h"
#include "collect/libvirt_thread.h"

#define SECOND NSEC_PER_SEC

#ifdef __SANITIZE_THREAD__
/* These libraries are not instrumented, so what they do under their own locks looks like a race. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libglib-2.0.so\n"
	       "called_from_lib:libvirt.so\n"
	       "called_from_lib:libgobject-2.0.so\n"
	       "called_from_lib:libgio-2.0.so\n"
	       "race:libglib-2.0.so\n"
	       "race:libvirt.so\n";
}
#endif

/* A socket in a folder of its own. */
struct fixture {
	char folder[32], path[64], uri[128];
	int fd; /* bound to the path, -1: nothing is */
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	strcpy(fixture->folder, "/tmp/vmbpf-test-XXXXXX");
	if (!mkdtemp(fixture->folder))
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/sock", fixture->folder);
	snprintf(
		fixture->uri, sizeof(fixture->uri), "qemu+unix:///system?socket=%s", fixture->path);
	fixture->fd = -1;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->fd >= 0)
		close(fixture->fd);
	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void bind_socket(struct fixture *fixture)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, fixture->path);
	fixture->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fixture->fd >= 0);
	assert_int_equal(bind(fixture->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void assert_reason(struct libvirt_thread *thread, uint64_t now_ns, const char *part)
{
	struct libvirt_status status = { .up = true };

	libvirt_thread_status(thread, now_ns, &status);
	assert_false(status.up);
	if (!strstr(status.reason, part))
		fail_msg("\"%s\" does not say \"%s\"", status.reason, part);
}

static void a_poll_lists_the_domains_with_their_xml(void **state)
{
	struct libvirt_thread *thread;
	struct libvirt_status status;
	const struct domain_list *list;

	(void)state;
	assert_int_equal(libvirt_thread_start("test:///default", 0, &thread), 0);
	libvirt_thread_await_first(thread, 60 * SECOND);
	list = libvirt_thread_lock(thread);
	assert_int_equal(list->n, 1);
	assert_string_equal(list->domains[0].name, "test");
	assert_int_equal(list->domains[0].id, 1);
	assert_int_equal(list->domains[0].state, VM_RUNNING);
	assert_non_null(list->domains[0].xml);
	assert_true(list->domains[0].persistent);
	assert_null(list->domains[0].stats);
	libvirt_thread_unlock(thread);
	libvirt_thread_status(thread, clock_ns(CLOCK_MONOTONIC), &status);
	assert_true(status.up);
	libvirt_thread_poll(thread);
	libvirt_thread_stop(thread);
}

static void a_missing_libvirtd_is_said_to_be_missing(void **state)
{
	struct fixture *fixture = *state;
	struct libvirt_thread *thread;

	assert_int_equal(libvirt_thread_start(fixture->uri, 0, &thread), 0);
	libvirt_thread_await_first(thread, 60 * SECOND);
	assert_reason(thread, clock_ns(CLOCK_MONOTONIC), "not running: its socket is missing");
	libvirt_thread_stop(thread);
}

static void a_socket_that_nobody_serves_is_told_apart(void **state)
{
	struct fixture *fixture = *state;
	struct libvirt_thread *thread;

	bind_socket(fixture);
	assert_int_equal(libvirt_thread_start(fixture->uri, 0, &thread), 0);
	libvirt_thread_await_first(thread, 60 * SECOND);
	assert_reason(thread, clock_ns(CLOCK_MONOTONIC), "not running: nobody serves its socket");
	libvirt_thread_stop(thread);
}

/* The thread that waits is left behind; the test's end is what ends it. */
static void nothing_waits_for_a_libvirtd_that_hangs(void **state)
{
	struct fixture *fixture = *state;
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	struct libvirt_thread *thread;

	bind_socket(fixture);
	assert_int_equal(listen(fixture->fd, 8), 0);
	assert_int_equal(libvirt_thread_start(fixture->uri, 0, &thread), 0);
	libvirt_thread_await_first(thread, SECOND / 10);
	assert_reason(thread, begin_ns, "waiting for libvirtd's first answer");
	assert_reason(thread, begin_ns + 65 * SECOND, "has not answered for 6");
	libvirt_thread_poll(thread);
	assert_int_equal(libvirt_thread_lock(thread)->n, 0);
	libvirt_thread_unlock(thread);
	libvirt_thread_stop(thread);
	assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns < 5 * SECOND);
	fixture->fd = -1; /* closing it would let the thread go on */
}

static void only_a_uri_of_this_machine_is_taken(void **state)
{
	static const struct {
		const char *uri;
		bool expected;
	} rows[] = {
		{ "qemu:///system", true },
		{ "qemu:///session", true },
		{ "qemu+unix:///system?socket=/run/x+ssh", true },
		{ "test:///default", true },
		{ "qemu://host/system", false },
		{ "qemu+ssh://host/system", false },
		{ "qemu+ssh:///system", false },
		{ "qemu+ext:///system?command=/bin/sh", false },
		{ "qemu", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(libvirt_uri_is_local(rows[i].uri), rows[i].expected);
}

static void every_error_has_a_cause_and_a_remedy(void **state)
{
	char words[] = "two\nlines";
	const struct {
		virError error;
		const char *cause;
	} rows[] = {
		{ { .code = VIR_ERR_SYSTEM_ERROR, .int1 = ENOENT }, "its socket is missing" },
		{ { .code = VIR_ERR_SYSTEM_ERROR, .int1 = EACCES }, "permission denied" },
		{ { .code = VIR_ERR_AUTH_UNAVAILABLE }, "refuses this user" },
		{ { .code = VIR_ERR_INTERNAL_ERROR, .domain = VIR_FROM_DBUS }, "polkit" },
		{ { .code = VIR_ERR_SYSTEM_ERROR, .int1 = EIO, .message = words },
			"libvirt: two lines" },
		{ { .code = VIR_ERR_INTERNAL_ERROR }, "the connection failed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct libvirt_failure failure = { 0 };

		libvirt_explain(&rows[i].error, &failure);
		assert_non_null(strstr(failure.cause, rows[i].cause));
		assert_non_null(failure.remedy);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_poll_lists_the_domains_with_their_xml),
		TEST(a_missing_libvirtd_is_said_to_be_missing),
		TEST(a_socket_that_nobody_serves_is_told_apart),
		TEST(nothing_waits_for_a_libvirtd_that_hangs),
		cmocka_unit_test(only_a_uri_of_this_machine_is_taken),
		cmocka_unit_test(every_error_has_a_cause_and_a_remedy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
