/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts to a syslog daemon, of which there is the socket. */
#include "alert_fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "alert/outlets.h"

#define MESSAGE_MAX 8192

struct daemon {
	char *folder;
	struct sockaddr_un address;
	int fd;
};

static void daemon_start(struct daemon *daemon)
{
	daemon->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(daemon->fd >= 0);
	assert_int_equal(bind(daemon->fd, (const struct sockaddr *)&daemon->address,
				 sizeof(daemon->address)),
		0);
}

static void daemon_end(struct daemon *daemon)
{
	close(daemon->fd);
	unlink(daemon->address.sun_path);
}

static int make_daemon(void **state)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	setenv("TZ", "UTC", 1);
	tzset();
	daemon->folder = fixture_folder();
	daemon->address.sun_family = AF_UNIX;
	snprintf(daemon->address.sun_path, sizeof(daemon->address.sun_path), "%s/log",
		daemon->folder);
	daemon_start(daemon);
	*state = daemon;
	return 0;
}

static int remove_daemon(void **state)
{
	struct daemon *daemon = *state;

	daemon_end(daemon);
	fixture_remove(daemon->folder);
	free(daemon);
	return 0;
}

static struct outlet *open_syslog(const struct daemon *daemon)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(syslog_outlet_open(daemon->address.sun_path, &outlet, why), 0);
	assert_string_equal(outlet_name(outlet), "syslog");
	assert_string_equal(outlet_label(outlet), daemon->address.sun_path);
	assert_int_equal(outlet_start(outlet), 0);
	return outlet;
}

static const char *receive(const struct daemon *daemon, char message[static MESSAGE_MAX])
{
	ssize_t size = recv(daemon->fd, message, MESSAGE_MAX - 1, 0);

	assert_true(size > 0);
	message[size] = '\0';
	return message;
}

static void a_message_has_priority_time_program_and_the_alert_in_logfmt(void **state)
{
	const struct daemon *daemon = *state;
	struct outlet *outlet = open_syslog(daemon);
	char message[MESSAGE_MAX], expected[256];

	fixture_push(outlet, "VmReady");
	receive(daemon, message);
	fixture_end(outlet);
	/* facility 3 (daemon) times 8, and 2 (critical) */
	snprintf(expected, sizeof(expected),
		"<26>Jan 31 12:00:00 vmbpf[%d]: ts=2026-01-31T12:00:00.123456789Z "
		"level=critical event=alert state=firing alert=VmReady host=hv01 ",
		(int)getpid());
	assert_int_equal(strncmp(message, expected, strlen(expected)), 0);
}

static void the_priority_is_that_of_the_severity_while_it_fires(void **state)
{
	static const struct {
		enum alert_state state;
		enum severity severity;
		const char *priority;
	} cases[] = {
		{ ALERT_FIRING, SEVERITY_INFO, "<30>" },
		{ ALERT_FIRING, SEVERITY_WARNING, "<28>" },
		{ ALERT_FIRING, SEVERITY_CRITICAL, "<26>" },
		{ ALERT_RESOLVED, SEVERITY_CRITICAL, "<30>" },
		{ ALERT_NODATA, SEVERITY_CRITICAL, "<28>" },
	};
	const struct daemon *daemon = *state;
	struct outlet *outlet = open_syslog(daemon);
	char message[MESSAGE_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alert_record record = fixture_record();
		struct shared_record *shared;

		record.state = cases[i].state;
		record.severity = cases[i].severity;
		shared = record_share(&record);
		outlet_push(outlet, shared);
		record_drop(shared);
		assert_int_equal(strncmp(receive(daemon, message), cases[i].priority, 4), 0);
	}
	fixture_end(outlet);
}

static void a_name_with_a_newline_does_not_begin_another_message(void **state)
{
	const struct daemon *daemon = *state;
	struct outlet *outlet = open_syslog(daemon);
	struct alert_record record = fixture_record();
	struct shared_record *shared;
	char message[MESSAGE_MAX];

	record.vm = "web\n<0>kernel: panic";
	shared = record_share(&record);
	outlet_push(outlet, shared);
	record_drop(shared);
	receive(daemon, message);
	fixture_end(outlet);
	assert_null(strchr(message, '\n'));
	assert_non_null(strstr(message, " vm=\"web\\n<0>kernel: panic\" "));
}

static void a_daemon_that_was_started_anew_is_found_again(void **state)
{
	struct daemon *daemon = *state;
	struct outlet *outlet = open_syslog(daemon);
	struct outlet_counts counts;
	char message[MESSAGE_MAX];

	fixture_push(outlet, "a");
	fixture_await_delivered(outlet, 1);
	daemon_end(daemon);
	daemon_start(daemon);
	fixture_push(outlet, "b");
	assert_non_null(strstr(receive(daemon, message), " alert=b "));
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 2);
	assert_int_equal(counts.retries, 0);
}

static void while_there_is_no_daemon_messages_wait(void **state)
{
	struct daemon *daemon = *state;
	struct outlet *outlet = open_syslog(daemon);
	struct outlet_counts counts;
	char message[MESSAGE_MAX];

	daemon_end(daemon);
	fixture_push(outlet, "a");
	counts = fixture_await_trouble(outlet);
	assert_non_null(strstr(counts.trouble, "/log: No such file or directory"));
	assert_int_equal(counts.waiting, 1);
	daemon_start(daemon);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
	assert_non_null(strstr(receive(daemon, message), " alert=a "));
}

static void assert_refused(const char *path, int err, const char *expected)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(syslog_outlet_open(path, &outlet, why), err);
	assert_string_equal(why, expected);
	assert_null(outlet);
}

static void a_socket_that_cannot_be_reached_is_refused_with_advice(void **state)
{
	char path[200];

	(void)state;
	assert_refused("/no/such/socket", -ENOENT,
		"cannot reach /no/such/socket: No such file or directory "
		"(is a syslog daemon or journald running?)");
	assert_refused("/dev/null", -ECONNREFUSED,
		"cannot reach /dev/null: Connection refused "
		"(is a syslog daemon or journald running?)");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_refused(path, -ENAMETOOLONG, "the name of a socket has at most 107 bytes");
}

int main(void)
{
#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, make_daemon, remove_daemon)
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(a_message_has_priority_time_program_and_the_alert_in_logfmt),
		WITH_DAEMON(the_priority_is_that_of_the_severity_while_it_fires),
		WITH_DAEMON(a_name_with_a_newline_does_not_begin_another_message),
		WITH_DAEMON(a_daemon_that_was_started_anew_is_found_again),
		WITH_DAEMON(while_there_is_no_daemon_messages_wait),
		cmocka_unit_test(a_socket_that_cannot_be_reached_is_refused_with_advice),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
