/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the start of a program, its input, its environment, its time and its end. */
#include "alert/exec_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/unit.h"

/* What programs commonly get. */
#define FILES_MAX 1024

/* Only these, whatever it is asked: what reaches a program's environment is decided here. */
static const char *const names[N_RUN_TEXTS] = {
	[RUN_NAME] = "VMBPF_ALERT_NAME",
	[RUN_STATE] = "VMBPF_ALERT_STATE",
	[RUN_SEVERITY] = "VMBPF_ALERT_SEVERITY",
	[RUN_HOST] = "VMBPF_ALERT_HOST",
	[RUN_SCOPE] = "VMBPF_ALERT_SCOPE",
	[RUN_VM] = "VMBPF_ALERT_VM",
	[RUN_UUID] = "VMBPF_ALERT_UUID",
	[RUN_KEY] = "VMBPF_ALERT_KEY",
	[RUN_METRIC] = "VMBPF_ALERT_METRIC",
	[RUN_VALUE] = "VMBPF_ALERT_VALUE",
	[RUN_THRESHOLD] = "VMBPF_ALERT_THRESHOLD",
	[RUN_SINCE] = "VMBPF_ALERT_SINCE",
	[RUN_REASON] = "VMBPF_ALERT_REASON",
	[RUN_CAUSE] = "VMBPF_ALERT_CAUSE",
	[RUN_SUGGESTION] = "VMBPF_ALERT_SUGGESTION",
};

static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/* A newline in the name of a VM must not look like another variable or line to a script. */
static char *make_variable(const char *name, const char *text)
{
	size_t used = strlen(name) + 1, size = strlen(text) + 1;
	char *variable = malloc(used + size);

	if (!variable)
		_exit(127);
	snprintf(variable, used + size, "%s=", name);
	unit_safe_text(text, variable + used, size);
	return variable;
}

/* vmbpf may have as many as the system grants; old programs try to close every one of them. */
static void limit_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= FILES_MAX)
		return;
	files.rlim_cur = FILES_MAX;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the process that becomes the program. It ends with its parent, whatever ended that. */
__attribute__((noreturn)) static void become_program(
	const struct runner_plan *plan, int input, const char *const texts[static N_RUN_TEXTS])
{
	char *argv[] = { (char *)plan->program, NULL };
	char *environment[N_RUN_TEXTS + 1] = { path_variable };

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = RUN_JSON + 1; i < N_RUN_TEXTS; i++)
		environment[i] = make_variable(names[i], texts[i]);
	reset_signals();
	limit_files();
	if (dup2(input, STDIN_FILENO) < 0)
		_exit(127);
	closefrom(STDERR_FILENO + 1);
	execve(plan->path, argv, environment);
	_exit(127);
}

/* `pipe`: the ends of its standard input, of which it takes over the second. */
static int fork_program(const struct runner_plan *plan, struct run *run, const int pipe[static 2],
	const char *const texts[static N_RUN_TEXTS])
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_program(plan, pipe[0], texts);
	setpgid(pid, pid); /* whichever of the two comes first */
	*run = (struct run){ .pid = pid, .input = pipe[1], .text = strdup(texts[RUN_JSON]) };
	run->pidfd = child_pidfd(pid);
	run->signal_ns = clock_ns(CLOCK_MONOTONIC) + plan->term_ns;
	if (!run->text)
		return -ENOMEM;
	run->size = strlen(run->text);
	return run->pidfd < 0 ? run->pidfd : 0;
}

static void end_input(struct run *run)
{
	if (run->input >= 0)
		close(run->input);
	run->input = -1;
}

/* Its number is its own until it is waited for. */
int run_end(struct run *run)
{
	int status = 0;

	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	end_input(run);
	if (run->pidfd >= 0)
		close(run->pidfd);
	free(run->text);
	*run = (struct run){ 0 };
	return status;
}

int run_start(const struct runner_plan *plan, struct run *run,
	const char *const texts[static N_RUN_TEXTS])
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* The program's own end waits, as programs expect. */
	err = fcntl(ends[0], F_SETFL, 0) < 0 ? -errno : fork_program(plan, run, ends, texts);
	close(ends[0]);
	if (run->pid && err)
		run_end(run);
	else if (err)
		close(ends[1]);
	return err;
}

/* A program that does not read its input is none the worse for it. */
void run_feed(struct run *run)
{
	ssize_t part = write(run->input, run->text + run->written, run->size - run->written);

	if (part > 0)
		run->written += (size_t)part;
	if (run->written == run->size || (part < 0 && errno != EAGAIN && errno != EINTR))
		end_input(run);
}

void run_remind(const struct runner_plan *plan, struct run *run, uint64_t now_ns)
{
	if (now_ns < run->signal_ns)
		return;
	kill(-run->pid, run->n_signals ? SIGKILL : SIGTERM);
	run->n_signals++;
	run->signal_ns = now_ns + plan->kill_ns;
}
