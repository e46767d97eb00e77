/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are run for alerts: what they are told, and that they end. Real scripts. */
#include "alert_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/exec_outlet.h"
#include "alert/exec_path.h"
#include "base/buf.h"
#include "base/sandbox.h"

#define TEXT_MAX 65536
#define PATH_SIZE 128

struct place {
	char *folder; /* taken for safe, though it is in /tmp */
	char script[PATH_SIZE], out[PATH_SIZE];
	char alive[PATH_SIZE]; /* a pipe: scripts hold its writing end */
	int alive_fd; /* its reading end */
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	place->folder = fixture_folder();
	snprintf(place->script, PATH_SIZE, "%s/hook", place->folder);
	snprintf(place->out, PATH_SIZE, "%s/out", place->folder);
	snprintf(place->alive, PATH_SIZE, "%s/alive", place->folder);
	/* Whoever the script runs as writes there. */
	if (mkdir(place->out, 0777) < 0 || chmod(place->out, 0777) < 0 ||
		mkfifo(place->alive, 0666) < 0 || chmod(place->alive, 0666) < 0)
		return -1;
	place->alive_fd = open(place->alive, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	close(place->alive_fd);
	fixture_remove(place->folder);
	free(place);
	return 0;
}

/* A script whose working folder is `out`, so that its text needs no path. */
static void write_script(const struct place *place, const char *text)
{
	FILE *file = fopen(place->script, "we");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\npwd > %s/pwd; cd %s\n%s\n", place->out, place->out, text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(place->script, 0755), 0);
}

static const char *read_out(const struct place *place, const char *name, char text[static TEXT_MAX])
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", place->out, name);
	memset(text, 0, TEXT_MAX);
	assert_int_equal(buf_read(AT_FDCWD, path, text, TEXT_MAX), 0);
	return text;
}

static int try_open(const struct place *place, uint64_t term_ns, struct outlet **ret,
	char why[static OUTLET_WHY_MAX])
{
	const struct exec_limits limits = { term_ns, 100 * MSEC, place->folder };

	return exec_outlet_open_limited(place->script, "nobody", &limits, ret, why);
}

/* One that gives scripts so long. */
static struct outlet *open_exec_for(const struct place *place, uint64_t term_ns)
{
	struct outlet *outlet = NULL;
	char why[OUTLET_WHY_MAX] = "";

	assert_int_equal(try_open(place, term_ns, &outlet, why), 0);
	assert_string_equal(outlet_name(outlet), "exec");
	assert_string_equal(outlet_label(outlet), place->script);
	return outlet;
}

static struct outlet *open_exec(const struct place *place)
{
	struct outlet *outlet = open_exec_for(place, 60 * SECOND);

	assert_int_equal(outlet_start(outlet), 0);
	return outlet;
}

static void push_record(struct outlet *outlet, const struct alert_record *record)
{
	struct shared_record *shared = record_share(record);

	outlet_push(outlet, shared);
	record_drop(shared);
}

/* Until a script has written to the pipe. */
static void await_start(const struct place *place)
{
	struct pollfd alive = { .fd = place->alive_fd, .events = POLLIN };
	char c;

	assert_int_equal(poll(&alive, 1, 60000), 1);
	assert_int_equal(read(place->alive_fd, &c, 1), 1);
}

/* Until nobody is left that could. */
static void await_end(const struct place *place)
{
	struct pollfd alive = { .fd = place->alive_fd };

	assert_int_equal(poll(&alive, 1, 60000), 1);
	assert_int_equal(alive.revents, POLLHUP);
}

static void a_program_gets_the_alert_as_json_on_its_input(void **state)
{
	const struct place *place = *state;
	struct alert_record record = fixture_record();
	struct json_object *object, *vm;
	struct outlet_counts counts;
	struct outlet *outlet;
	char text[TEXT_MAX];

	write_script(place, "cat > json");
	outlet = open_exec(place);
	record.vm = "web\n$(id) \"1\"";
	push_record(outlet, &record);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
	object = json_tokener_parse(read_out(place, "json", text));
	assert_non_null(object);
	assert_true(json_object_object_get_ex(object, "vm", &vm));
	assert_string_equal(json_object_get_string(vm), "web\n$(id) \"1\"");
	json_object_put(object);
	assert_string_equal(text + strlen(text) - 2, "}\n");
	assert_string_equal(read_out(place, "pwd", text), "/\n");
}

/* With newlines for the zeros between its variables. */
static void assert_environment(const struct place *place, const char *expected)
{
	char text[TEXT_MAX];

	read_out(place, "environ", text);
	for (size_t i = 0; text[i] || text[i + 1]; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	assert_string_equal(text, expected);
}

static void its_environment_is_a_path_and_the_alert_and_nothing_else(void **state)
{
	const struct place *place = *state;
	struct alert_record record = fixture_record();
	struct outlet *outlet;

	write_script(place, "cat /proc/$$/environ > environ");
	setenv("LD_LIBRARY_PATH", "/nowhere", 1);
	outlet = open_exec(place);
	record.vm = "web\nPATH=/tmp\x1b$(touch x)\xff";
	push_record(outlet, &record);
	fixture_end(outlet);
	assert_environment(place,
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin\nVMBPF_ALERT_NAME=VmReady\n"
		"VMBPF_ALERT_STATE=firing\nVMBPF_ALERT_SEVERITY=critical\nVMBPF_ALERT_HOST=hv01\n"
		"VMBPF_ALERT_SCOPE=vcpu\n"
		"VMBPF_ALERT_VM=web?PATH=/tmp?$(touch x)?\n"
		"VMBPF_ALERT_UUID=6f1c9b54-0d3e-4b53-8a53-2f9a4c1f0a11\nVMBPF_ALERT_KEY=1\n"
		"VMBPF_ALERT_METRIC=vcpu.ready_percent\nVMBPF_ALERT_VALUE=23.4\n"
		"VMBPF_ALERT_THRESHOLD=10\nVMBPF_ALERT_SINCE=2026-01-31T11:59:00.000000000Z\n"
		"VMBPF_ALERT_REASON=\nVMBPF_ALERT_CAUSE=db-2 holds its CPU\nVMBPF_ALERT_SUGGESTION=move one of them");
}

static void what_is_absent_is_an_empty_variable(void **state)
{
	const struct alert_record bare = { .value = NAN, .threshold = NAN };
	const struct place *place = *state;
	struct outlet *outlet;
	char text[TEXT_MAX];

	write_script(place, "set -u; echo \"$VMBPF_ALERT_VM|$VMBPF_ALERT_VALUE|$VMBPF_ALERT_SINCE|"
			    "$VMBPF_ALERT_CAUSE|\" > values");
	outlet = open_exec(place);
	push_record(outlet, &bare);
	fixture_end(outlet);
	assert_string_equal(read_out(place, "values", text), "||||\n");
}

static void it_inherits_no_file_of_vmbpf(void **state)
{
	const struct place *place = *state;
	int inherited = dup(STDERR_FILENO); /* not close-on-exec */
	struct outlet *outlet;
	char text[TEXT_MAX];

	/* The fourth is of the folder that ls reads. */
	write_script(place, "readlink /proc/$$/fd/1 /proc/$$/fd/2 > out; ls /proc/self/fd > fds");
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	fixture_end(outlet);
	close(inherited);
	assert_string_equal(read_out(place, "fds", text), "0\n1\n2\n3\n");
	assert_non_null(strstr(read_out(place, "out", text), "/dev/null\n"));
}

static void it_runs_without_rights_and_can_gain_none(void **state)
{
	const struct place *place = *state;
	struct outlet *outlet;
	char text[TEXT_MAX], uid[32];

	write_script(place, "cat /proc/self/status > status");
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	fixture_end(outlet);
	read_out(place, "status", text);
	assert_non_null(strstr(text, "\nCapEff:\t0000000000000000\n"));
	assert_non_null(strstr(text, "\nCapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
	snprintf(uid, sizeof(uid), "\nUid:\t%u\t", geteuid() ? (unsigned)geteuid() : 65534);
	assert_non_null(strstr(text, uid));
}

static void assert_trouble(const struct place *place, const char *script, const char *expected)
{
	char trouble[OUTLET_WHY_MAX];
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, script);
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	counts = fixture_end(outlet);
	snprintf(trouble, sizeof(trouble), "%s: %s", place->script, expected);
	assert_string_equal(counts.trouble, trouble);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(counts.dropped, 1);
}

static void a_program_that_fails_is_told_and_not_run_again(void **state)
{
	assert_trouble(*state, "exit 3", "exit status 3");
	assert_trouble(*state, "kill -9 $$", "ended by signal 9 (Killed)");
}

static void of_several_only_those_that_fail_count_as_lost(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, "[ $VMBPF_ALERT_NAME != b ]");
	outlet = open_exec_for(place, 60 * SECOND);
	fixture_push(outlet, "a");
	fixture_push(outlet, "b");
	fixture_push(outlet, "c");
	assert_int_equal(outlet_start(outlet), 0);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 2);
	assert_int_equal(counts.dropped, 1);
}

static void four_run_at_once(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	/* Each waits for the three others. */
	write_script(place, "echo x >> started\n"
			    "while [ $(wc -l < started) -lt 4 ]; do sleep 0.01; done");
	outlet = open_exec_for(place, 60 * SECOND);
	for (unsigned i = 0; i < 4; i++)
		fixture_push(outlet, "a");
	assert_int_equal(outlet_start(outlet), 0);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 4);
}

static void one_that_hangs_is_ended_with_all_it_has_started(void **state)
{
	const struct place *place = *state;
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place,
		"exec 3> ../alive; trap 'echo x > termed' TERM; sleep 100 & echo x >&3\n"
		"while :; do sleep 100; done");
	outlet = open_exec_for(place, SECOND);
	assert_int_equal(outlet_start(outlet), 0);
	fixture_push(outlet, "a");
	await_start(place);
	counts = fixture_end(outlet);
	await_end(place);
	assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns >= 1100 * MSEC); /* TERM, then KILL */
	assert_non_null(strstr(counts.trouble, "hook: took longer than 1 s"));
	assert_int_equal(counts.dropped, 1);
}

static void what_a_program_leaves_behind_ends_with_it(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, "exec 3> ../alive; echo x >&3; sleep 100 & exit 0");
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	await_start(place);
	await_end(place);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
}

static void what_runs_ends_with_the_outlet(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, "exec 3> ../alive; trap '' TERM; sleep 100 & echo x >&3; sleep 100");
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	await_start(place);
	outlet_free(outlet, 0, &counts);
	await_end(place);
	assert_int_equal(counts.dropped, 1);
}

static void what_runs_ends_with_vmbpf_whatever_ended_that(void **state)
{
	const struct place *place = *state;
	char why[OUTLET_WHY_MAX];
	struct outlet *outlet;
	pid_t child;

	write_script(place, "exec 3> ../alive; sleep 100 & echo x >&3; sleep 100");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (try_open(place, 60 * SECOND, &outlet, why) || outlet_start(outlet))
			_exit(1);
		fixture_push(outlet, "a");
		pause();
		_exit(1);
	}
	await_start(place);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	await_end(place);
}

static void a_runner_that_is_gone_is_told_and_not_waited_for(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, "exec 3> ../alive; echo x >&3; kill -9 $PPID; exec sleep 100");
	outlet = open_exec(place);
	fixture_push(outlet, "a");
	await_start(place);
	counts = fixture_await_trouble(outlet);
	assert_non_null(strstr(counts.trouble, "/hook is gone"));
	assert_int_equal(outlet_broken(outlet), -EPIPE);
	fixture_push(outlet, "b");
	counts = fixture_end(outlet);
	assert_int_equal(counts.dropped, 2);
}

static void programs_are_run_from_within_the_sandbox(void **state)
{
	const struct place *place = *state;
	char why[OUTLET_WHY_MAX];
	struct outlet *outlet;
	pid_t child;
	int status;

	write_script(place, "cat > json");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (try_open(place, 60 * SECOND, &outlet, why) || sandbox_enter() ||
			outlet_start(outlet))
			_exit(2);
		fixture_push(outlet, "a");
		_exit(fixture_end(outlet).delivered != 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void push_long(struct outlet *outlet, size_t size)
{
	struct alert_record record = fixture_record();
	char *cause = calloc(1, size + 1);

	memset(cause, 'x', size);
	record.cause = cause;
	push_record(outlet, &record);
	free(cause);
}

static void a_program_need_not_read_its_input(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;

	write_script(place, "exit 0");
	outlet = open_exec(place);
	push_long(outlet, 30000);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
}

static void an_alert_that_is_too_long_is_refused(void **state)
{
	const struct place *place = *state;
	struct outlet_counts counts;
	struct outlet *outlet;
	char text[TEXT_MAX];

	write_script(place, "wc -c > size");
	outlet = open_exec(place);
	push_long(outlet, 30000);
	push_long(outlet, 70000);
	counts = fixture_end(outlet);
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.dropped, 1);
	assert_true(atoi(read_out(place, "size", text)) > 30000);
}

static void assert_refused(const char *program, const char *trusted, int err, const char *expected)
{
	char path[PATH_MAX], why[OUTLET_WHY_MAX] = "";

	assert_int_equal(exec_path_check(program, trusted, path, why), err);
	assert_string_equal(why, expected);
}

static void assert_modes_refused(const struct place *place, const char *path, mode_t mode)
{
	char expected[OUTLET_WHY_MAX];
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(chmod(path, mode), 0);
	snprintf(expected, sizeof(expected),
		"%s can be written to by others, who could change what is run (chmod go-w)", path);
	assert_refused(
		place->script, path == place->folder ? "/tmp" : place->folder, -EPERM, expected);
	assert_int_equal(chmod(path, status.st_mode & 07777), 0);
}

static void what_others_could_change_is_not_run(void **state)
{
	const struct place *place = *state;

	write_script(place, "exit 0");
	assert_modes_refused(place, place->script, 0775);
	assert_modes_refused(place, place->script, 0757);
	assert_modes_refused(place, place->folder, 0777);
	assert_modes_refused(place, place->folder, 01777);
	assert_refused(place->script, NULL, -EPERM,
		"/tmp can be written to by others, who could change what is run (chmod go-w)");
}

static void the_file_that_a_link_leads_to_is_what_counts(void **state)
{
	const struct place *place = *state;
	char link[PATH_SIZE + 8], path[PATH_MAX], why[OUTLET_WHY_MAX];

	write_script(place, "exit 0");
	snprintf(link, sizeof(link), "%s/link", place->out); /* which anybody may write to */
	assert_int_equal(symlink(place->script, link), 0);
	assert_int_equal(exec_path_check(link, place->folder, path, why), 0);
	assert_string_equal(path, place->script);
}

static void what_is_no_program_is_refused(void **state)
{
	const struct place *place = *state;
	char expected[OUTLET_WHY_MAX];

	assert_refused("hook", NULL, -EINVAL, "hook is not an absolute path (it begins with /)");
	assert_refused("/no/such\n", NULL, -ENOENT, "/no/such? cannot be found");
	assert_refused("/usr", NULL, -EACCES, "/usr is not a file");
	write_script(place, "exit 0");
	assert_int_equal(chmod(place->script, 0644), 0);
	snprintf(expected, sizeof(expected), "%s is not executable (chmod +x)", place->script);
	assert_refused(place->script, place->folder, -EACCES, expected);
}

static void a_program_that_belongs_to_somebody_else_is_not_run(void **state)
{
	const struct place *place = *state;
	char expected[2 * OUTLET_WHY_MAX];

	if (geteuid() != 0) {
		print_message("# only root can give a file away\n");
		skip();
	}
	write_script(place, "exit 0");
	assert_int_equal(chown(place->script, 65534, 65534), 0);
	snprintf(expected, sizeof(expected),
		"%s belongs to somebody else, who could change what is run (it must belong to "
		"root)",
		place->script);
	assert_refused(place->script, place->folder, -EPERM, expected);
}

static void a_program_that_the_user_may_not_run_is_refused_at_once(void **state)
{
	const struct place *place = *state;
	char why[OUTLET_WHY_MAX] = "", expected[OUTLET_WHY_MAX];
	struct outlet *outlet = NULL;

	if (geteuid() != 0) {
		print_message("# only root runs it as another user\n");
		skip();
	}
	write_script(place, "exit 0");
	assert_int_equal(chmod(place->script, 0700), 0);
	assert_int_equal(try_open(place, SECOND, &outlet, why), -EACCES);
	snprintf(expected, sizeof(expected), "user nobody cannot run %s: Permission denied",
		place->script);
	assert_string_equal(why, expected);
	assert_null(outlet);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_program_gets_the_alert_as_json_on_its_input),
		IN_PLACE(its_environment_is_a_path_and_the_alert_and_nothing_else),
		IN_PLACE(what_is_absent_is_an_empty_variable),
		IN_PLACE(it_inherits_no_file_of_vmbpf),
		IN_PLACE(it_runs_without_rights_and_can_gain_none),
		IN_PLACE(a_program_that_fails_is_told_and_not_run_again),
		IN_PLACE(of_several_only_those_that_fail_count_as_lost),
		IN_PLACE(four_run_at_once),
		IN_PLACE(one_that_hangs_is_ended_with_all_it_has_started),
		IN_PLACE(what_a_program_leaves_behind_ends_with_it),
		IN_PLACE(what_runs_ends_with_the_outlet),
		IN_PLACE(what_runs_ends_with_vmbpf_whatever_ended_that),
		IN_PLACE(a_runner_that_is_gone_is_told_and_not_waited_for),
		IN_PLACE(programs_are_run_from_within_the_sandbox),
		IN_PLACE(a_program_need_not_read_its_input),
		IN_PLACE(an_alert_that_is_too_long_is_refused),
		IN_PLACE(what_others_could_change_is_not_run),
		IN_PLACE(the_file_that_a_link_leads_to_is_what_counts),
		IN_PLACE(what_is_no_program_is_refused),
		IN_PLACE(a_program_that_belongs_to_somebody_else_is_not_run),
		IN_PLACE(a_program_that_the_user_may_not_run_is_refused_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
