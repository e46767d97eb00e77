/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process in the sandbox can and cannot do. Each case has its own process. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sandbox.h"

/* The wait status of a child that entered the sandbox and then made the check. */
static int status_after_check(bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_enter())
			_exit(2);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool holds_in_sandbox(bool (*check)(void))
{
	int status = status_after_check(check);

	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 2);
	return WEXITSTATUS(status) == 0;
}

static bool is_refused(long returned)
{
	return returned == -1 && errno == EPERM;
}

static bool runs_no_program(void)
{
	char name[] = "/bin/true";
	char *const argv[] = { name, NULL };

	return is_refused(execv(name, argv)) && is_refused(execv("/no/such/program", argv));
}

static bool opens_for_reading_only(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && directory >= 0 &&
	       openat(directory, "dev/null", O_RDONLY | O_CLOEXEC) >= 0 &&
	       is_refused(open("/dev/null", O_WRONLY | O_CLOEXEC)) &&
	       is_refused(open("/dev/null", O_RDWR | O_CLOEXEC)) &&
	       is_refused(openat(directory, "dev/null", O_WRONLY | O_CLOEXEC)) &&
	       is_refused(open("/dev/null", O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static bool changes_no_file(void)
{
	return is_refused(chmod("/dev/null", 0666)) &&
	       is_refused(rename("/dev/null", "/dev/null")) && is_refused(mkdir("/dev", 0700)) &&
	       is_refused(truncate("/dev/null", 0)) &&
	       is_refused(symlink("/dev/null", "/dev/null"));
}

static bool signals_no_other(void)
{
	return is_refused(kill(getppid(), 0)) && is_refused(kill(getpid(), 0)) &&
	       is_refused(syscall(SYS_tgkill, getppid(), getppid(), 0)) &&
	       is_refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)) &&
	       syscall(SYS_tgkill, getpid(), gettid(), 0) == 0;
}

static bool changes_nothing_of_the_host(void)
{
	return is_refused(mount("none", "/", NULL, MS_REMOUNT, NULL)) &&
	       is_refused(syscall(SYS_reboot, 0, 0, 0, NULL)) && is_refused(sethostname("", 0)) &&
	       is_refused(syscall(SYS_setns, -1, 0));
}

static void *try_to_signal(void *refused)
{
	*(bool *)refused = is_refused(kill(getppid(), 0));
	return NULL;
}

static bool holds_for_its_threads(void)
{
	bool refused = false;
	pthread_t thread;

	return pthread_create(&thread, NULL, try_to_signal, &refused) == 0 &&
	       pthread_join(thread, NULL) == 0 && refused;
}

static bool aborts(void)
{
	abort();
}

static void it_runs_no_other_program(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(runs_no_program));
}

static void files_are_opened_for_reading_only(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(opens_for_reading_only));
}

static void no_file_is_changed(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(changes_no_file));
}

static void no_other_process_is_signalled(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(signals_no_other));
}

static void nothing_of_the_host_is_changed(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(changes_nothing_of_the_host));
}

static void its_threads_are_in_it_too(void **state)
{
	(void)state;
	assert_true(holds_in_sandbox(holds_for_its_threads));
}

static void abort_still_ends_it(void **state)
{
	int status = status_after_check(aborts);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_no_other_program),
		cmocka_unit_test(files_are_opened_for_reading_only),
		cmocka_unit_test(no_file_is_changed),
		cmocka_unit_test(no_other_process_is_signalled),
		cmocka_unit_test(nothing_of_the_host_is_changed),
		cmocka_unit_test(its_threads_are_in_it_too),
		cmocka_unit_test(abort_still_ends_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
