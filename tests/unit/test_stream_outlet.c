/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts on a stream whose reader reads, does not keep up, or goes. */
#include "alert_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "alert/outlets.h"

#define TEXT_MAX 4096

static const struct stream_style json_style = { .format = STREAM_JSON };
static const struct stream_style line_style = { .format = STREAM_LINE, .utf8 = true };

struct pipe {
	int reader, writer;
};

static int make_pipe(void **state)
{
	struct pipe *ends = calloc(1, sizeof(*ends));
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	*ends = (struct pipe){ fds[0], fds[1] };
	*state = ends;
	return 0;
}

static int remove_pipe(void **state)
{
	struct pipe *ends = *state;

	close(ends->reader);
	close(ends->writer);
	free(ends);
	return 0;
}

static struct outlet *open_stream(int fd, const struct stream_style *style)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(stream_outlet_open(fd, style, &outlet, why), 0);
	assert_int_equal(outlet_start(outlet), 0);
	return outlet;
}

static size_t read_all(int fd, char text[static TEXT_MAX])
{
	ssize_t size = read(fd, text, TEXT_MAX - 1);

	assert_true(size > 0);
	text[size] = '\0';
	return (size_t)size;
}

static void each_alert_is_a_line(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &line_style);
	char text[TEXT_MAX], *second;

	fixture_push(outlet, "First");
	fixture_push(outlet, "Second");
	fixture_end(outlet);
	assert_int_equal(fcntl(ends->writer, F_GETFD), FD_CLOEXEC); /* not closed */
	read_all(ends->reader, text);
	second = strchr(text, '\n') + 1;
	assert_int_equal(strncmp(text + 8, " FIRING   critical web 1 vcpu 1: First: ", 40), 0);
	assert_int_equal(strncmp(second + 8, " FIRING   critical web 1 vcpu 1: Second: ", 41), 0);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void or_a_json_object(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &json_style);
	char text[TEXT_MAX];

	fixture_push(outlet, "First");
	fixture_end(outlet);
	read_all(ends->reader, text);
	assert_int_equal(strncmp(text, "{\"type\":\"alert\",\"schema\":1,", 27), 0);
	assert_string_equal(strchr(text, '\n') - 1, "}\n");
}

/* Leaves no room, without making the writer's end one that does not block. */
static void fill(const struct pipe *ends)
{
	static const char page[PIPE_BUF];

	assert_int_equal(fcntl(ends->writer, F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
	assert_int_equal(write(ends->writer, page, sizeof(page)), sizeof(page));
}

static void a_reader_that_does_not_read_does_not_keep_it_from_ending(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &line_style);
	struct outlet_counts counts;

	fill(ends);
	fixture_push(outlet, "First");
	outlet_free(outlet, clock_ns(CLOCK_MONOTONIC) + 20 * MSEC, &counts);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(counts.dropped, 1);
	assert_int_equal(fcntl(ends->writer, F_GETFL) & O_NONBLOCK, 0);
}

static void a_reader_that_reads_at_last_gets_all(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &json_style);
	struct outlet_counts counts;
	char text[TEXT_MAX + 1];

	fill(ends);
	fixture_push(outlet, "First");
	assert_int_equal(read(ends->reader, text, PIPE_BUF), PIPE_BUF);
	read_all(ends->reader, text);
	assert_int_equal(strncmp(text, "{\"type\":\"alert\",", 16), 0);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
}

static void a_line_longer_than_the_pipe_is_written_in_parts(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &json_style);
	struct alert_record record = fixture_record();
	struct shared_record *shared;
	char cause[20001], text[TEXT_MAX];
	size_t size = 0;

	assert_int_equal(fcntl(ends->writer, F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
	memset(cause, 'x', 20000);
	cause[20000] = '\0';
	record.cause = cause;
	shared = record_share(&record);
	outlet_push(outlet, shared);
	record_drop(shared);
	do
		size += read_all(ends->reader, text);
	while (!strchr(text, '\n'));
	assert_true(size > 20000);
	fixture_end(outlet);
}

static void the_owner_learns_that_the_reader_is_gone(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &line_style);
	struct outlet_counts counts;

	assert_int_equal(outlet_broken(outlet), 0);
	close(ends->reader);
	fixture_push(outlet, "First");
	counts = fixture_await_trouble(outlet);
	assert_string_equal(counts.trouble, "Broken pipe");
	assert_int_equal(outlet_broken(outlet), -EPIPE);
	fixture_push(outlet, "Second");
	counts = fixture_end(outlet);
	assert_int_equal(counts.dropped, 2);
	ends->reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The end itself may be what breaks it. */
static void the_owner_learns_at_the_end_that_it_broke(void **state)
{
	struct pipe *ends = *state;
	struct outlet *outlet = open_stream(ends->writer, &json_style);

	close(ends->reader);
	fixture_push(outlet, "First");
	assert_int_equal(fixture_end(outlet).broken, -EPIPE);
	ends->reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* As what is put in the place of a standard output that is closed. */
static void what_is_not_for_writing_is_not_opened_anew_for_it(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct outlet *outlet = open_stream(fd, &json_style);
	struct outlet_counts counts;

	(void)state;
	fixture_push(outlet, "First");
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(counts.broken, -EBADF);
	close(fd);
}

int main(void)
{
#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, make_pipe, remove_pipe)
	const struct CMUnitTest tests[] = {
		WITH_PIPE(each_alert_is_a_line),
		WITH_PIPE(or_a_json_object),
		WITH_PIPE(a_reader_that_does_not_read_does_not_keep_it_from_ending),
		WITH_PIPE(a_reader_that_reads_at_last_gets_all),
		WITH_PIPE(a_line_longer_than_the_pipe_is_written_in_parts),
		WITH_PIPE(the_owner_learns_that_the_reader_is_gone),
		WITH_PIPE(the_owner_learns_at_the_end_that_it_broke),
		cmocka_unit_test(what_is_not_for_writing_is_not_opened_anew_for_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
