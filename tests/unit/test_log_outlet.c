/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts appended to a file: whole lines only, also when the disk is full or the file is rotated.
 */
#include "alert_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/outlets.h"
#include "base/buf.h"
#include "base/sandbox.h"

#define TEXT_MAX 16384

struct place {
	char *folder;
	char path[128], moved[128];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	place->folder = fixture_folder();
	snprintf(place->path, sizeof(place->path), "%s/alerts.log", place->folder);
	snprintf(place->moved, sizeof(place->moved), "%s/alerts.log.1", place->folder);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	fixture_remove(place->folder);
	free(place);
	return 0;
}

static struct outlet *open_log(const char *path)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(log_outlet_open(path, &outlet, why), 0);
	assert_string_equal(outlet_name(outlet), "log");
	assert_string_equal(outlet_label(outlet), path);
	assert_int_equal(outlet_start(outlet), 0);
	return outlet;
}

static const char *read_log(const char *path, char text[static TEXT_MAX])
{
	assert_int_equal(buf_read(AT_FDCWD, path, text, TEXT_MAX), 0);
	return text;
}

/* Every line is one of those alerts, in this order: "a b ". */
static void assert_alerts(const char *path, const char *expected)
{
	char text[TEXT_MAX], names[TEXT_MAX] = "", *rest = text, *line;

	read_log(path, text);
	assert_true(*text == '\0' || text[strlen(text) - 1] == '\n');
	while ((line = strsep(&rest, "\n")) && *line) {
		const char *name = strstr(line, " alert=");

		assert_int_equal(strncmp(line, "ts=2026-01-31T12:00:00.123456789Z ", 34), 0);
		assert_non_null(name);
		assert_string_equal(strrchr(line, '='), "=\"move one of them\"");
		strncat(names, name + 7, strcspn(name + 7, " ") + 1);
	}
	assert_string_equal(names, expected);
}

static void each_alert_is_a_line_at_the_end(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;
	struct stat status;

	for (unsigned run = 1; run <= 2; run++) {
		outlet = open_log(place->path);
		fixture_push(outlet, "a");
		fixture_push(outlet, "b");
		counts = fixture_end(outlet);
		assert_int_equal(counts.delivered, 2);
	}
	assert_alerts(place->path, "a b a b ");
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07777 & ~0640, 0);
}

static void after_rotation_lines_go_to_a_new_file(void **state)
{
	const struct place *place = *state;
	struct outlet *outlet = open_log(place->path);

	fixture_push(outlet, "a");
	fixture_await_delivered(outlet, 1);
	assert_int_equal(rename(place->path, place->moved), 0);
	fixture_push(outlet, "b");
	fixture_await_delivered(outlet, 2);
	outlet_reopen(outlet);
	fixture_push(outlet, "c");
	fixture_end(outlet);
	assert_alerts(place->moved, "a b ");
	assert_alerts(place->path, "c ");
}

static void until_there_can_be_a_new_file_lines_go_to_the_old_one(void **state)
{
	const struct place *place = *state;
	struct outlet *outlet = open_log(place->path);
	struct outlet_counts counts;

	assert_int_equal(rename(place->path, place->moved), 0);
	assert_int_equal(mkdir(place->path, 0755), 0);
	outlet_reopen(outlet);
	fixture_push(outlet, "a");
	counts = fixture_await_trouble(outlet);
	assert_int_equal(counts.delivered, 1);
	assert_non_null(strstr(counts.trouble, "anew: Is a directory; alerts go on to the file"));
	assert_int_equal(rmdir(place->path), 0);
	fixture_push(outlet, "b");
	counts = fixture_end(outlet);
	assert_string_equal(counts.trouble, "");
	assert_alerts(place->moved, "a ");
	assert_alerts(place->path, "b ");
}

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_finds_no_room_is_taken_back_and_written_later(void **state)
{
	const struct place *place = *state;
	struct outlet *outlet = open_log(place->path);
	struct outlet_counts counts;
	struct stat status;

	signal(SIGXFSZ, SIG_IGN);
	fixture_push(outlet, "a");
	fixture_await_delivered(outlet, 1);
	assert_int_equal(stat(place->path, &status), 0);
	limit_file_size((rlim_t)status.st_size + 40);
	fixture_push(outlet, "b");
	counts = fixture_await_trouble(outlet);
	limit_file_size(RLIM_INFINITY);
	assert_non_null(strstr(counts.trouble, "/alerts.log: File too large"));
	assert_int_equal(counts.waiting, 1);
	assert_alerts(place->path, "a ");
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 2);
	assert_alerts(place->path, "a b ");
}

/* A pipe with little room, which takes a part of a long line that cannot be taken back. */
static void after_half_a_line_that_stays_the_next_begins_on_its_own(void **state)
{
	const struct place *place = *state;
	struct alert_record record = fixture_record();
	char cause[5001], text[TEXT_MAX] = "";
	struct shared_record *shared;
	struct outlet *outlet;
	int reader;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	reader = open(place->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(fcntl(reader, F_SETPIPE_SZ, 4096), 4096);
	outlet = open_log(place->path);
	memset(cause, 'x', 5000);
	cause[5000] = '\0';
	record.cause = cause;
	shared = record_share(&record);
	outlet_push(outlet, shared);
	record_drop(shared);
	fixture_await_trouble(outlet);
	assert_int_equal(read(reader, text, sizeof(text)), 4096);
	assert_int_equal(fcntl(reader, F_SETPIPE_SZ, 65536), 65536);
	fixture_end(outlet);
	assert_true(read(reader, text, sizeof(text) - 1) > 5000);
	assert_int_equal(strncmp(text, "\nts=2026-01-31T", 15), 0);
	close(reader);
}

static void a_full_device_is_told_and_tried_again(void **state)
{
	struct outlet *outlet = open_log("/dev/full");
	struct outlet_counts counts;

	(void)state;
	fixture_push(outlet, "a");
	counts = fixture_await_trouble(outlet);
	assert_string_equal(counts.trouble, "cannot write to /dev/full: No space left on device");
	assert_int_equal(counts.waiting, 1);
	outlet_free(outlet, 0, &counts);
	assert_int_equal(counts.dropped, 1);
}

static void assert_refused(const char *path, int err, const char *expected)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(log_outlet_open(path, &outlet, why), err);
	assert_string_equal(why, expected);
	assert_null(outlet);
}

static void a_path_that_cannot_be_opened_is_refused_with_advice(void **state)
{
	(void)state;
	assert_refused("/no/such/folder/alerts.log", -ENOENT,
		"cannot open /no/such/folder/alerts.log: No such file or directory "
		"(make its folder first)");
	assert_refused("/tmp", -EISDIR, "cannot open /tmp: Is a directory (name a file in it)");
	assert_refused("/no\n\x1b[2J/x", -ENOENT,
		"cannot open /no??[2J/x: No such file or directory (make its folder first)");
}

static void a_relative_path_is_meant_from_where_vmbpf_was_started(void **state)
{
	const struct place *place = *state;
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "", before[256];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(place->folder), 0);
	assert_int_equal(log_outlet_open("alerts.log", &outlet, why), 0);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(outlet_start(outlet), 0);
	fixture_push(outlet, "a");
	fixture_end(outlet);
	assert_alerts(place->path, "a ");
}

/* What it does in a process of its own, that has given up the right to open files for writing. */
static int rotate_in_sandbox(const struct place *place)
{
	char why[OUTLET_WHY_MAX] = "";
	struct outlet_counts counts;
	struct outlet *outlet;

	if (log_outlet_open(place->path, &outlet, why) || sandbox_enter() || outlet_start(outlet))
		return 2;
	outlet_reopen(outlet);
	fixture_push(outlet, "a");
	counts = fixture_end(outlet);
	return counts.delivered != 1 || counts.trouble[0];
}

static void it_is_opened_anew_from_within_the_sandbox(void **state)
{
	const struct place *place = *state;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(rotate_in_sandbox(place));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_alerts(place->path, "a ");
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(each_alert_is_a_line_at_the_end),
		IN_PLACE(after_rotation_lines_go_to_a_new_file),
		IN_PLACE(until_there_can_be_a_new_file_lines_go_to_the_old_one),
		IN_PLACE(a_line_that_finds_no_room_is_taken_back_and_written_later),
		IN_PLACE(after_half_a_line_that_stays_the_next_begins_on_its_own),
		cmocka_unit_test(a_full_device_is_told_and_tried_again),
		cmocka_unit_test(a_path_that_cannot_be_opened_is_refused_with_advice),
		IN_PLACE(a_relative_path_is_meant_from_where_vmbpf_was_started),
		IN_PLACE(it_is_opened_anew_from_within_the_sandbox),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
