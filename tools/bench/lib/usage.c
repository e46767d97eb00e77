/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU time that this process, or a program it runs, takes. */
#include "lib/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* A program that has to load BPF objects on a busy machine needs some seconds. */
#define START_SECONDS 30
#define SETTLE_SECONDS 1

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * 1000;
}

struct usage usage_self(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	return (struct usage){
		.total_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		.user_ns = timeval_ns(usage.ru_utime),
	};
}

struct usage usage_since(struct usage before)
{
	struct usage now = usage_self();

	return (struct usage){
		.total_ns = now.total_ns - before.total_ns,
		.user_ns = now.user_ns - before.user_ns,
	};
}

/* This program is build/bench/NAME. */
char *build_path(const char *name, char *path, size_t size)
{
	char self[1024];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	for (int up = 0; up < 2 && length > 0; up++) {
		self[length] = '\0';
		length = strrchr(self, '/') - self;
	}
	snprintf(path, size, "%.*s/%s", length > 0 ? (int)length : 0, self, name);
	return path;
}

/* Reads and throws away. */
static int read_until(int fd, uint64_t deadline_ns, bool first_only)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char buffer[65536];

	for (;;) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		int left_ms = now < deadline_ns ? (int)((deadline_ns - now) / NSEC_PER_MSEC) : 0;

		if (poll(&wait, 1, left_ms) == 0)
			return first_only ? -ETIMEDOUT : 0;
		if (read(fd, buffer, sizeof(buffer)) <= 0)
			return -ECHILD;
		if (first_only)
			return 0;
	}
}

/* In clock ticks; only their proportion matters. */
static int read_ticks(pid_t pid, uint64_t *user, uint64_t *system)
{
	char path[64], text[1024];
	const char *at;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	err = buf_read(AT_FDCWD, path, text, sizeof(text));
	if (err)
		return err;
	at = strrchr(text, ')');
	if (!at)
		return -EINVAL;
	at++;
	err = buf_skip(&at, 11);
	if (!err)
		err = buf_u64(&at, user);
	return err ? err : buf_u64(&at, system);
}

static int usage_of_process(pid_t pid, struct usage *ret)
{
	uint64_t user = 0, system = 0;
	clockid_t clock;
	int err = read_ticks(pid, &user, &system);

	if (err)
		return err;
	if (clock_getcpuclockid(pid, &clock))
		return -ESRCH;
	ret->total_ns = clock_ns(clock);
	ret->user_ns = user + system ? ret->total_ns / (user + system) * user : 0;
	return 0;
}

static pid_t start(const char *const *argv, int *output)
{
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(pipes[1]);
	*output = pipes[0];
	return pid < 0 ? -errno : pid;
}

static int observe(pid_t pid, int output, double seconds, struct usage *ret)
{
	struct usage before;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int err = read_until(output, now + START_SECONDS * NSEC_PER_SEC, true);

	now = clock_ns(CLOCK_MONOTONIC);
	if (!err)
		err = read_until(output, now + SETTLE_SECONDS * NSEC_PER_SEC, false);
	if (!err)
		err = usage_of_process(pid, &before);
	now = clock_ns(CLOCK_MONOTONIC);
	if (!err)
		err = read_until(output, now + (uint64_t)(seconds * NSEC_PER_SEC), false);
	if (!err)
		err = usage_of_process(pid, ret);
	if (err)
		return err;
	ret->total_ns -= before.total_ns;
	ret->user_ns -= before.user_ns < ret->user_ns ? before.user_ns : ret->user_ns;
	return 0;
}

int usage_of_program(const char *const *argv, double seconds, struct usage *ret)
{
	int output = -1, err;
	pid_t pid = start(argv, &output);

	if (pid < 0)
		return pid;
	err = observe(pid, output, seconds, ret);
	kill(pid, SIGTERM);
	close(output);
	waitpid(pid, NULL, 0);
	return err;
}
