/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory and faults of processes: the parsers on fixtures, the collector on children of this test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "collect/process.h"
#include "collect/registry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PROC "tests/fixtures/proc/"

static void read_fixture(const char *path, char *text, size_t size)
{
	int r = buf_read(AT_FDCWD, path, text, size);

	if (r < 0)
		fail_msg("%s: %s (run from the top folder)", path, strerror(-r));
}

static int parse_stat(const char *path, struct process_usage *ret)
{
	char text[4096];

	read_fixture(path, text, sizeof(text));
	return process_parse_stat(text, ret);
}

static int parse_status(const char *path, struct process_usage *ret)
{
	char text[4096];

	read_fixture(path, text, sizeof(text));
	return process_parse_status(text, ret);
}

static void faults_and_start_are_read_after_the_name(void **state)
{
	static const char *const paths[] = { PROC "host/4242/stat", PROC "hostile/name/stat" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct process_usage usage = { 0 };

		assert_int_equal(parse_stat(paths[i], &usage), 0);
		assert_int_equal(usage.faults_minor, 2612);
		assert_int_equal(usage.faults_major, 17);
		assert_int_equal(usage.start_ticks, 251235);
	}
}

static void huge_pages_are_part_of_the_memory(void **state)
{
	struct process_usage usage = { 0 };

	(void)state;
	assert_int_equal(parse_status(PROC "host/4242/status", &usage), 0);
	assert_int_equal(usage.rss_bytes, (34816 + 32768) * 1024);
	assert_int_equal(usage.swap_bytes, 128 * 1024);
}

static void memory_is_read_without_a_line_for_huge_pages(void **state)
{
	struct process_usage usage = { 0 };

	(void)state;
	assert_int_equal(parse_status(PROC "hostile/name/status", &usage), 0);
	assert_int_equal(usage.rss_bytes, 34816 * 1024);
	assert_int_equal(usage.swap_bytes, 128 * 1024);
}

static void broken_text_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		const char *path;
		int (*parse)(const char *path, struct process_usage *ret);
		int result;
	} cases[] = {
		{ PROC "hostile/truncated/stat", parse_stat, -EBADMSG },
		{ PROC "hostile/huge/stat", parse_stat, -EBADMSG },
		{ PROC "hostile/missing/stat", parse_stat, -EBADMSG },
		{ PROC "hostile/truncated/status", parse_status, -EBADMSG },
		{ PROC "hostile/huge/status", parse_status, -EBADMSG },
		{ PROC "hostile/missing/status", parse_status, -EBADMSG },
		{ PROC "hostile/zombie/status", parse_status, -ENODATA },
	};
	const struct process_usage before = { 1, 2, 3, 4, 5 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct process_usage usage = before;

		assert_int_equal(cases[i].parse(cases[i].path, &usage), cases[i].result);
		assert_memory_equal(&usage, &before, sizeof(usage));
	}
}

/* A child that does nothing until it is killed. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static uint64_t start_of(pid_t pid)
{
	struct process_usage usage = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	assert_int_equal(parse_stat(path, &usage), 0);
	return usage.start_ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void *open_collector(void)
{
	const struct config config = { 0 };
	const char *why = NULL;
	void *collector = NULL;

	assert_int_equal(process_collector.open(&config, &collector, &why), 0);
	return collector;
}

static unsigned count_fds(void)
{
	AUTO_DIR DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n;
}

/* One tick in which one VM is known. */
static struct vm collect_one(void *collector, pid_t pid, uint64_t start_ns, uint64_t *lost)
{
	struct snapshot *snap = snapshot_new();
	struct vm *vm, ret;

	assert_non_null(snap);
	vm = snapshot_add_vm(snap);
	vm->pid = pid;
	vm->start_ns = start_ns;
	process_collector.collect(collector, snap);
	ret = *vm;
	if (lost)
		*lost = snap->host.lost_events;
	snapshot_free(snap);
	return ret;
}

static void collector_reads_a_process_until_it_ends(void **state)
{
	void *collector = open_collector();
	unsigned fds = count_fds();
	pid_t child = start_child();
	uint64_t start_ns = start_of(child), lost = 0;
	struct vm vm = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		vm = collect_one(collector, child, start_ns, &lost);
		assert_true(vm.e.have & SRC_PROC);
		assert_true(vm.memory_rss_bytes > 0);
		assert_int_equal(count_fds(), fds + 2);
	}
	end_child(child);
	vm = collect_one(collector, child, start_ns, &lost);
	assert_false(vm.e.have & SRC_PROC);
	assert_int_equal(lost, 0);
	assert_int_equal(count_fds(), fds);
	process_collector.close(collector);
	assert_int_equal(count_fds(), fds - 1);
}

static uint64_t own_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_minflt;
}

static void faults_are_those_the_kernel_charges(void **state)
{
	void *collector = open_collector();
	uint64_t start_ns = start_of(getpid()), before = own_faults();
	struct vm vm = collect_one(collector, getpid(), start_ns, NULL);

	(void)state;
	assert_true(before > 0);
	assert_true(vm.faults_minor >= before);
	assert_true(vm.faults_minor <= own_faults());
	process_collector.close(collector);
}

static void pid_of_another_process_is_not_read(void **state)
{
	void *collector = open_collector();
	unsigned fds = count_fds();
	pid_t child = start_child();
	uint64_t start_ns = start_of(child);
	struct vm vm = collect_one(collector, child, start_ns - 10000000, NULL);

	(void)state;
	assert_false(vm.e.have & SRC_PROC);
	assert_int_equal(count_fds(), fds);
	/* The kernel's start time is finer than the tick that /proc tells. */
	vm = collect_one(collector, child, start_ns + 9999999, NULL);
	assert_true(vm.e.have & SRC_PROC);
	end_child(child);
	process_collector.close(collector);
}

static void vm_that_does_not_run_is_left_alone(void **state)
{
	void *collector = open_collector();
	uint64_t lost = 1;
	struct vm vm = collect_one(collector, 0, 0, &lost);

	(void)state;
	assert_false(vm.e.have & SRC_PROC);
	assert_int_equal(lost, 0);
	process_collector.close(collector);
}

static void files_are_closed_when_the_vm_leaves(void **state)
{
	void *collector = open_collector();
	unsigned fds = count_fds();
	pid_t child = start_child();

	(void)state;
	collect_one(collector, child, start_of(child), NULL);
	assert_int_equal(count_fds(), fds + 2);
	collect_one(collector, 0, 0, NULL);
	assert_int_equal(count_fds(), fds);
	end_child(child);
	process_collector.close(collector);
}

static void thousand_vms_leave_no_file_open(void **state)
{
	void *collector = open_collector();
	unsigned fds = count_fds();

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		pid_t child = start_child();

		collect_one(collector, child, start_of(child), NULL);
		end_child(child);
	}
	collect_one(collector, 0, 0, NULL);
	assert_int_equal(count_fds(), fds);
	process_collector.close(collector);
}

/* Runs in a child of its own, for the limits it sets. Returns what is wrong, or NULL. */
static const char *read_at_fd_limit(rlim_t limit, bool expected)
{
	const struct rlimit limits = { limit, limit };
	pid_t self = getpid();
	uint64_t start_ns = start_of(self), lost = 0;
	void *collector;
	struct vm vm;

	if (setrlimit(RLIMIT_NOFILE, &limits) < 0)
		return "cannot set the limit";
	collector = open_collector();
	while (!expected && dup(0) >= 0)
		;
	for (unsigned i = 1; i <= 3; i++) {
		vm = collect_one(collector, self, start_ns, &lost);
		if (!(vm.e.have & SRC_PROC) == expected)
			return expected ? "the VM is absent" : "the VM was read";
		if (lost != (expected ? 0 : i))
			return "the loss is counted wrong";
	}
	process_collector.close(collector);
	return NULL;
}

static void check_fd_limit(rlim_t limit, bool expected)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		const char *wrong = read_at_fd_limit(limit, expected);

		if (wrong)
			fprintf(stderr, "# %s\n", wrong);
		_exit(wrong != NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void vm_is_read_without_keeping_files_when_few_may_be_open(void **state)
{
	(void)state;
	check_fd_limit(32, true);
}

static void vm_is_absent_and_counted_when_no_file_can_be_opened(void **state)
{
	(void)state;
	check_fd_limit(32, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_and_start_are_read_after_the_name),
		cmocka_unit_test(huge_pages_are_part_of_the_memory),
		cmocka_unit_test(memory_is_read_without_a_line_for_huge_pages),
		cmocka_unit_test(broken_text_is_refused_and_changes_nothing),
		cmocka_unit_test(collector_reads_a_process_until_it_ends),
		cmocka_unit_test(faults_are_those_the_kernel_charges),
		cmocka_unit_test(pid_of_another_process_is_not_read),
		cmocka_unit_test(vm_that_does_not_run_is_left_alone),
		cmocka_unit_test(files_are_closed_when_the_vm_leaves),
		cmocka_unit_test(thousand_vms_leave_no_file_open),
		cmocka_unit_test(vm_is_read_without_keeping_files_when_few_may_be_open),
		cmocka_unit_test(vm_is_absent_and_counted_when_no_file_can_be_opened),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
