/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replay is the inverse of the recording, and says what is wrong with one that is broken. */
#include "replay_fixture.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/replay.h"

/* Reads the next tick into *snap and drops the one before it. Returns what replay_read() does. */
static int step(struct replay *replay, struct snapshot **before, struct snapshot **snap)
{
	int r;

	snapshot_free(*before);
	*before = *snap;
	*snap = snapshot_new();
	r = replay_read(replay, *snap);
	if (r == 1)
		snapshot_finish(*snap, *before);
	return r;
}

static char *record_again(const char *path, unsigned *n_ticks)
{
	struct snapshot *snap = NULL, *before = NULL;
	struct replay *replay;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(replay_open(path, &replay), 0);
	for (*n_ticks = 0; step(replay, &before, &snap) == 1; ++*n_ticks)
		assert_int_equal(sink_find("json")->tick(out, &all_scopes, snap), 0);
	assert_string_equal(replay_error(replay), "");
	assert_false(replay_was_cut(replay));
	snapshot_free(snap);
	snapshot_free(before);
	replay_close(replay);
	fclose(out);
	return text;
}

/* So that a difference is shown as the two lines and not as two files. */
static void assert_same_lines(char *text, char *again)
{
	char *line, *other;

	while ((line = strsep(&text, "\n")) && (other = strsep(&again, "\n")))
		assert_string_equal(line, other);
	assert_null(text);
	assert_null(again);
}

static void recording_a_replay_gives_the_same_bytes(void **state)
{
	size_t size;
	char *text = make_recording(&size), *path = make_file(text, size), *again;
	unsigned n_ticks;

	(void)state;
	again = record_again(path, &n_ticks);
	assert_int_equal(n_ticks, N_TICKS);
	assert_int_equal(strlen(again), size);
	assert_same_lines(text, again);
	unlink(path);
	free(path);
	free(text);
	free(again);
}

/* The value of a column of the VM of that name. */
static double vm_number(const struct snapshot *snap, const char *name, const char *column_name)
{
	struct column column = fixture_column(column_name, SCOPE_VM);
	struct value value = { 0 };

	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		if (strcmp(vm->name, name) == 0)
			value = column_value(&column, snap, &vm->e);
	return value.kind == VALUE_NUMBER ? value.number : NAN;
}

static void replayed_rates_are_those_of_the_recorded_ticks(void **state)
{
	struct snapshot *snap = NULL, *before = NULL;
	struct replay *replay;
	size_t size;
	char *text = make_recording(&size), *path = make_file(text, size);

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	for (unsigned n = 0; n <= 2; n++)
		assert_int_equal(step(replay, &before, &snap), 1);
	/* Born 0.5 s before this tick, 0.25 s of CPU time in an interval of 1 s and 3 ns. */
	assert_float_equal(vm_number(snap, "passing", "cpu_percent"), 25, 0.0001);
	assert_int_equal(step(replay, &before, &snap), 1);
	/* This tick brought no new poll: the rate is still that between the last two, 4096 bytes
	 * in 1 s - 1 ns, and the NIC's counter went back. */
	assert_float_equal(vm_number(snap, "web", "disk_read"), 4096, 0.001);
	assert_true(isnan(vm_number(snap, "web", "net_rx")));
	snapshot_free(snap);
	snapshot_free(before);
	replay_close(replay);
	unlink(path);
	free(path);
	free(text);
}

/* The last tick of the recording, read back. To be freed with the one before. */
static struct snapshot *replay_last(struct snapshot **before)
{
	struct snapshot *snap = NULL;
	struct replay *replay;
	size_t size;
	char *text = make_recording(&size), *path = make_file(text, size);

	*before = NULL;
	assert_int_equal(replay_open(path, &replay), 0);
	for (unsigned n = 0; n < N_TICKS; n++)
		assert_int_equal(step(replay, before, &snap), 1);
	replay_close(replay);
	unlink(path);
	free(path);
	free(text);
	return snap;
}

static struct vm *find_web(const struct snapshot *snap)
{
	return snapshot_find_uuid(snap, WEB_UUID);
}

static void a_replayed_blame_is_the_recorded_one(void **state)
{
	struct snapshot *before, *snap = replay_last(&before);
	const struct blame *blame = find_web(snap)->blames;

	(void)state;
	assert_int_equal(blame->kind, HOLDER_VM);
	assert_string_equal(blame->holder, "renamed");
	assert_string_equal(blame->holder_uuid, HOG_UUID);
	assert_int_equal(blame->holder_pid, 999);
	assert_true(blame->start_ns == FIXTURE_BOOT_NS - 1);
	assert_true(blame->held_ns == (N_TICKS - 1) * 123456789ull);
	assert_ptr_equal(blame->e.before, find_web(before)->blames);
	blame = blame->next;
	assert_int_equal(blame->kind, HOLDER_HOST);
	assert_null(blame->holder_uuid);
	assert_int_equal(blame->holder_pid, 0);
	assert_int_equal(blame->start_ns, 0);
	assert_null(blame->next);
	snapshot_free(snap);
	snapshot_free(before);
}

static void a_replayed_exit_is_the_recorded_one(void **state)
{
	struct snapshot *before, *snap = replay_last(&before);
	const struct exit *exit = find_web(snap)->exits_by_reason;

	(void)state;
	assert_int_equal(exit->kind, EXIT_PIO);
	assert_string_equal(exit->reason, "0x3f8");
	assert_int_equal(exit->vcpu, -1);
	assert_true(exit->count == UINT64_MAX - 10 + N_TICKS - 1);
	assert_true(exit->handling_ns == NOT_REPORTED);
	assert_true(isnan(exit->p99_s));
	exit = exit->next;
	assert_int_equal(exit->kind, EXIT_GUEST);
	assert_int_equal(exit->vcpu, 1);
	assert_true(exit->start_ns == FIXTURE_BOOT_NS + SECOND + 1);
	assert_int_equal(exit->handling_ns, 4000001 * (N_TICKS - 1));
	assert_float_equal(exit->max_s, 0.1 / 3, 1e-9); /* nanoseconds were written */
	assert_null(exit->next);
	snapshot_free(snap);
	snapshot_free(before);
}

#define HEAD(type) \
	"{\"type\":\"" type "\",\"schema\":1,\"time\":\"2026-01-31T12:00:00.000000001Z\"," \
	"\"interval_seconds\":null,\"host\":\"h\""
#define VM HEAD("vm") ",\"vm\":\"v\",\"uuid\":null,\"pid\":9}\n"

/* What reading all of a file ends with; the number of ticks in *n. */
static int read_all(
	const char *content, size_t size, unsigned *n, char error[static 256], bool *cut)
{
	char *path = make_file(content, size);
	struct snapshot *snap = NULL, *before = NULL;
	struct replay *replay;
	int r;

	assert_int_equal(replay_open(path, &replay), 0);
	for (*n = 0; (r = step(replay, &before, &snap)) == 1;)
		++*n;
	snprintf(error, 256, "%s", replay_error(replay) + (r < 0 ? strlen(path) : 0));
	*cut = replay_was_cut(replay);
	snapshot_free(snap);
	snapshot_free(before);
	replay_close(replay);
	unlink(path);
	free(path);
	return r;
}

static void broken_lines_are_refused_with_their_number_and_what_would_be_right(void **state)
{
	static const struct {
		const char *content, *error;
	} cases[] = {
		{ "nonsense\n", ":1: the line must be one JSON object" },
		{ VM "\n", ":2: the line must be one JSON object" },
		{ VM "[1]\n", ":2: the line must be one JSON object" },
		{ HEAD("vm") "}{}\n", ":1: the line must be one JSON object" },
		{ HEAD("vm") ",\"vm\":\"\xff\"}\n", ":1: the line must be one JSON object" },
		{ "{}\n", ":1: there is no \"schema\"" },
		{ "{\"schema\":2}\n", ":1: schema 2 is not known, this version of vmbpf reads 1" },
		{ "{\"schema\":1,\"type\":\"vm\"}\n", ":1: \"type\" and \"time\" must be texts" },
		{ "{\"schema\":1,\"type\":\"vm\",\"time\":\"noon\"}\n",
			":1: \"time\" must be like 2026-01-31T12:00:00.000000000Z" },
		{ "{\"schema\":1,\"type\":\"vm\",\"time\":\"2026-01-31T12:00:00.-00000001Z\"}\n",
			":1: \"time\" must be like" },
		{ HEAD("vm") ",\"pid\":-1}\n", ":1: \"pid\" must be a process ID, or null" },
		{ HEAD("vm") ",\"pid\":4294967396}\n", ":1: \"pid\" must be a process ID" },
		{ HEAD("vm") ",\"state\":\"dancing\"}\n",
			":1: \"state\" must be one of the words" },
		{ HEAD("vm") ",\"title\":1}\n", ":1: \"title\" must be a text, or null" },
		{ HEAD("vm") ",\"cpu_seconds_total\":\"1\"}\n",
			":1: \"cpu_seconds_total\" must be a number that is not negative" },
		{ HEAD("vm") ",\"cpu_seconds_total\":-7.7e-08}\n", ":1: \"cpu_seconds_total\"" },
		{ HEAD("vm") ",\"cpu_seconds_total\":1e300}\n", ":1: \"cpu_seconds_total\"" },
		{ HEAD("vm") ",\"cpu_seconds_total\":18446744073.709551616}\n",
			":1: \"cpu_seconds_total\"" },
		{ HEAD("vm") ",\"memory_rss_bytes\":18446744073709551615}\n",
			":1: \"memory_rss_bytes\"" },
		{ HEAD("vm") ",\"memory_rss_bytes\":1.5}\n", ":1: \"memory_rss_bytes\"" },
		{ HEAD("vm") ",\"run_latency_p50_seconds\":1e999}\n",
			":1: \"run_latency_p50_seconds\"" },
		{ HEAD("vm") ",\"age_seconds\":9999999999}\n", ":1: \"age_seconds\"" },
		{ VM HEAD("vcpu") ",\"vm_pid\":9}\n",
			":2: \"vcpu\" must be the number of the vCPU" },
		{ VM HEAD("thread") ",\"vm_pid\":9}\n", ":2: \"tid\" must be a thread ID" },
		{ VM HEAD("nic") ",\"vm_pid\":9,\"nic\":null}\n", ":2: \"nic\" must be" },
		{ VM HEAD("disk") ",\"vm_pid\":9,\"disk\":7}\n", ":2: \"disk\" must be" },
		{ VM HEAD("exit") ",\"vm_pid\":9,\"reason\":null}\n", ":2: \"reason\" must be" },
		{ VM HEAD("exit") ",\"vm_pid\":9,\"reason\":\"HLT\",\"vcpu\":-1}\n",
			":2: \"vcpu\" must be the number of a vCPU, or null" },
		{ VM HEAD("exit") ",\"vm_pid\":9,\"reason\":\"HLT\",\"vcpu\":2147483648}\n",
			":2: \"vcpu\" must be" },
		{ VM HEAD("exit") ",\"vm_pid\":9,\"reason\":\"HLT\",\"kind\":\"odd\"}\n",
			":2: \"kind\" must be one of the words" },
		{ VM HEAD("exit") ",\"vm_pid\":9,\"reason\":\"HLT\",\"start_seconds\":-1}\n",
			":2: \"start_seconds\" must be a number of seconds" },
		{ VM HEAD("blame") ",\"vm_pid\":9,\"holder\":1}\n", ":2: \"holder\" must be" },
		{ VM HEAD("blame") ",\"vm_pid\":9,\"holder\":\"h\",\"holder_pid\":-1}\n",
			":2: \"holder_pid\" must be a process ID" },
		{ VM HEAD("nic") ",\"vm_pid\":\"9\",\"nic\":\"t\"}\n", ":2: \"vm_pid\" must be" },
	};
	char error[256];
	unsigned n;
	bool cut;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *content = cases[i].content;

		assert_int_equal(read_all(content, strlen(content), &n, error, &cut), -EINVAL);
		error[strlen(cases[i].error)] = '\0'; /* what follows is more of the same */
		assert_string_equal(error, cases[i].error);
	}
}

static void a_line_of_more_than_one_mebibyte_is_refused(void **state)
{
	size_t size = (1u << 20) + 2;
	char *content = malloc(size), error[256];
	unsigned n;
	bool cut;

	(void)state;
	memset(content, ' ', size);
	assert_int_equal(read_all(content, size, &n, error, &cut), -EINVAL);
	assert_string_equal(error, ":1: the line is longer than 1048576 bytes");
	free(content);
}

static void a_nul_byte_is_refused(void **state)
{
	static const char content[] = HEAD("vm") ",\"vm\":\"a\0b\"}\n";
	char error[256];
	unsigned n;
	bool cut;

	(void)state;
	assert_int_equal(read_all(content, sizeof(content) - 1, &n, error, &cut), -EINVAL);
}

static void a_recording_cut_in_the_middle_of_a_line_ends_with_the_tick_before(void **state)
{
	size_t size;
	char *text = make_recording(&size), error[256];
	unsigned n;
	bool cut;

	(void)state;
	assert_int_equal(read_all(text, size - 10, &n, error, &cut), 0);
	assert_int_equal(n, N_TICKS - 1);
	assert_true(cut);
	assert_int_equal(read_all(text, size, &n, error, &cut), 0);
	assert_int_equal(n, N_TICKS);
	assert_false(cut);
	free(text);
}

static void an_empty_recording_has_no_tick(void **state)
{
	char error[256];
	unsigned n;
	bool cut;

	(void)state;
	assert_int_equal(read_all("", 0, &n, error, &cut), 0);
	assert_int_equal(n, 0);
}

static void a_last_line_without_newline_is_read_when_it_is_whole(void **state)
{
	static const char content[] = HEAD("vm") ",\"vm\":\"v\",\"pid\":9}";
	char error[256];
	unsigned n;
	bool cut;

	(void)state;
	assert_int_equal(read_all(content, strlen(content), &n, error, &cut), 0);
	assert_int_equal(n, 1);
	assert_false(cut);
}

static void members_and_types_that_are_not_known_are_passed_over(void **state)
{
	static const char content[] = HEAD("vm") ",\"vm\":\"v\",\"pid\":9,\"colour\":[{}]}\n" HEAD(
		"flow") ",\"reason\":\"HLT\"}\n";
	char *path = make_file(content, strlen(content));
	struct snapshot *snap = snapshot_new();
	struct replay *replay;

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	assert_int_equal(replay_read(replay, snap), 1);
	assert_int_equal(snap->vms->pid, 9);
	assert_null(snap->vms->next);
	snapshot_free(snap);
	replay_close(replay);
	unlink(path);
	free(path);
}

static void a_line_below_a_vm_finds_it_wherever_it_stands(void **state)
{
	static const char content[] =
		HEAD("vm") ",\"vm\":\"a\",\"uuid\":\"u\",\"pid\":8}\n" HEAD("vm") ",\"vm\":\"a\",\"uuid\":null,\"pid\":9}\n" HEAD("nic") ",\"vm\":\"a\",\"uuid\":\"u\",\"vm_pid\":8,\"nic\":\"tap8\"}\n" HEAD(
			"nic") ",\"vm\":\"a\",\"uuid\":null,\"vm_pid\":9,\"nic\":\"tap9\"}\n" HEAD("nic") ",\"vm\":\"b\",\"uuid\":null,\"vm_pid\":10,\"nic\":\"tap10\"}\n";
	static const char *const devices[] = { "tap8", "tap9", "tap10" };
	char *path = make_file(content, strlen(content));
	struct snapshot *snap = snapshot_new();
	struct replay *replay;
	size_t n = 0;

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	assert_int_equal(replay_read(replay, snap), 1);
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		assert_string_equal(vm->nics->device, devices[n++]);
	assert_int_equal(n, 3);
	snapshot_free(snap);
	replay_close(replay);
	unlink(path);
	free(path);
}

static volatile sig_atomic_t stop;

static void set_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

/* A pipe whose other end sends a signal while it is waited for, and then one tick. */
static pid_t open_pipe(struct replay **ret)
{
	static const char content[] = HEAD("host") "}\n";
	const struct timespec pause = { .tv_nsec = 100 * MSEC };
	const struct sigaction action = { .sa_handler = set_stop };
	char path[32];
	int fds[2];
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		nanosleep(&pause, NULL);
		kill(getppid(), SIGUSR1);
		nanosleep(&pause, NULL);
		_exit(write(fds[1], content, strlen(content)) < 0);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(replay_open(path, ret), 0);
	close(fds[0]);
	return pid;
}

/* Such as that of another size of the window. */
static void a_signal_does_not_end_a_recording(void **state)
{
	struct snapshot *snap = snapshot_new();
	struct replay *replay;
	pid_t pid = open_pipe(&replay);

	(void)state;
	assert_int_equal(replay_read(replay, snap), 1);
	snapshot_free(snap);
	replay_close(replay);
	waitpid(pid, NULL, 0);
}

static void one_that_stops_ends_the_wait_for_a_pipe(void **state)
{
	struct snapshot *snap = snapshot_new();
	struct replay *replay;
	pid_t pid = open_pipe(&replay);

	(void)state;
	stop = 0;
	replay_stop_by(replay, &stop);
	assert_int_equal(replay_read(replay, snap), -EINTR);
	snapshot_free(snap);
	replay_close(replay);
	waitpid(pid, NULL, 0);
}

static void one_that_came_just_before_the_wait_ends_it_too(void **state)
{
	struct snapshot *snap = snapshot_new();
	struct replay *replay;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(replay_open(path, &replay), 0);
	stop = 1;
	replay_stop_by(replay, &stop);
	assert_int_equal(replay_read(replay, snap), -EINTR);
	snapshot_free(snap);
	replay_close(replay);
	close(fds[0]);
	close(fds[1]);
}

/* jq writes 0.000000077 as the first, and 5007.000000001 as the second. */
static void numbers_as_other_programs_write_them_are_rounded(void **state)
{
	static const char content[] = HEAD("vm") ",\"vm\":\"v\",\"pid\":9,\"vcpus\":1,"
						 "\"ready_seconds_total\":7.7e-08,"
						 "\"cpu_seconds_total\":5007.0000000009999}\n";
	char *path = make_file(content, strlen(content));
	struct snapshot *snap = snapshot_new();
	struct replay *replay;

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	assert_int_equal(replay_read(replay, snap), 1);
	assert_int_equal(snap->vms->sched.ready_ns, 77);
	assert_true(snap->vms->cpu_ns == 5007000000001);
	snapshot_free(snap);
	replay_close(replay);
	unlink(path);
	free(path);
}

static void sums_stay_known_when_only_vms_were_recorded(void **state)
{
	static const char content[] = HEAD("vm") ",\"vm\":\"v\",\"pid\":9,\"vcpus\":2,"
						 "\"ready_seconds_total\":1.500000000,"
						 "\"halt_poll_seconds_total\":0.250000000}\n";
	char *path = make_file(content, strlen(content));
	struct snapshot *snap = snapshot_new();
	struct replay *replay;

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	assert_int_equal(replay_read(replay, snap), 1);
	snapshot_finish(snap, NULL);
	assert_float_equal(vm_number(snap, "v", "ready_seconds_total"), 1.5, 0);
	assert_float_equal(vm_number(snap, "v", "halt_poll_seconds_total"), 0.25, 0);
	assert_true(isnan(vm_number(snap, "v", "net_rx_bytes_total")));
	snapshot_free(snap);
	replay_close(replay);
	unlink(path);
	free(path);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct replay *replay;

	(void)state;
	assert_int_equal(replay_open("/nonexistent/recording", &replay), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recording_a_replay_gives_the_same_bytes),
		cmocka_unit_test(replayed_rates_are_those_of_the_recorded_ticks),
		cmocka_unit_test(a_replayed_blame_is_the_recorded_one),
		cmocka_unit_test(a_replayed_exit_is_the_recorded_one),
		cmocka_unit_test(
			broken_lines_are_refused_with_their_number_and_what_would_be_right),
		cmocka_unit_test(a_line_of_more_than_one_mebibyte_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(a_recording_cut_in_the_middle_of_a_line_ends_with_the_tick_before),
		cmocka_unit_test(an_empty_recording_has_no_tick),
		cmocka_unit_test(a_last_line_without_newline_is_read_when_it_is_whole),
		cmocka_unit_test(members_and_types_that_are_not_known_are_passed_over),
		cmocka_unit_test(a_line_below_a_vm_finds_it_wherever_it_stands),
		cmocka_unit_test(a_signal_does_not_end_a_recording),
		cmocka_unit_test(one_that_stops_ends_the_wait_for_a_pipe),
		cmocka_unit_test(one_that_came_just_before_the_wait_ends_it_too),
		cmocka_unit_test(numbers_as_other_programs_write_them_are_rounded),
		cmocka_unit_test(sums_stay_known_when_only_vms_were_recorded),
		cmocka_unit_test(a_file_that_is_not_there_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
