/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the process that runs programs: what it is asked, what it waits for, what it answers. */
#include "alert/exec_runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/exec_run.h"
#include "base/clock.h"

/* Of the slot and all texts, each with the zero at its end. */
#define PACKET_MAX 65536

#define READY_NS (5 * NSEC_PER_SEC)

struct runner {
	const struct runner_plan *plan;
	struct run runs[RUNS_MAX];
	char packet[PACKET_MAX];
};

static void answer(unsigned slot, enum run_end end, int number)
{
	const struct run_result result = { slot, end, number };

	send(CHILD_SOCKET, &result, sizeof(result), MSG_NOSIGNAL);
}

/* False where it is none: too few texts, or no zero at the end. */
static bool split(const char *packet, size_t size, const char *texts[static N_RUN_TEXTS])
{
	const char *end = packet + size;

	for (unsigned i = 0; i < N_RUN_TEXTS; i++) {
		if (packet >= end || end[-1] != '\0')
			return false;
		texts[i] = packet;
		packet += strlen(packet) + 1;
	}
	return packet == end;
}

/* False when the other end is closed, or sends what it never would. */
static bool take_request(struct runner *runner)
{
	ssize_t size = recv(CHILD_SOCKET, runner->packet, PACKET_MAX, MSG_TRUNC | MSG_DONTWAIT);
	const char *texts[N_RUN_TEXTS];
	unsigned slot;
	int err;

	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	if (size < 2 || size > PACKET_MAX || !split(runner->packet + 1, (size_t)size - 1, texts))
		return false;
	slot = (unsigned char)runner->packet[0];
	if (slot >= RUNS_MAX || runner->runs[slot].pid)
		return false;
	err = run_start(runner->plan, &runner->runs[slot], texts);
	if (err)
		answer(slot, RUN_NOT_STARTED, -err);
	return true;
}

static void report(struct run *run, unsigned slot)
{
	bool too_long = run->n_signals > 0;
	int status = run_end(run);

	if (too_long)
		answer(slot, RUN_TOO_LONG, 0);
	else if (WIFEXITED(status))
		answer(slot, RUN_EXITED, WEXITSTATUS(status));
	else
		answer(slot, RUN_SIGNALLED, WTERMSIG(status));
}

static void attend(
	struct runner *runner, const struct pollfd *end, const struct pollfd *input, unsigned slot)
{
	struct run *run = &runner->runs[slot];

	if (run->pid == 0)
		return;
	if (end->revents)
		report(run, slot);
	else
		run_remind(runner->plan, run, clock_ns(CLOCK_MONOTONIC));
	if (run->pid && run->input >= 0 && input->revents)
		run_feed(run);
}

/* poll()'s: until the first signal is due, -1 where nothing runs. */
static int timeout_ms(const struct runner *runner)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC), first_ns = UINT64_MAX;

	for (unsigned i = 0; i < RUNS_MAX; i++)
		if (runner->runs[i].pid && runner->runs[i].signal_ns < first_ns)
			first_ns = runner->runs[i].signal_ns;
	if (first_ns == UINT64_MAX)
		return -1;
	return first_ns < now_ns ? 0 : (int)((first_ns - now_ns) / NSEC_PER_MSEC) + 1;
}

/* Requests are looked at last: what runs then was not polled for. */
static void serve(struct runner *runner)
{
	struct pollfd fds[2 * RUNS_MAX + 1];
	struct pollfd *ends = fds, *inputs = fds + RUNS_MAX, *request = fds + 2 * RUNS_MAX;

	do {
		*request = (struct pollfd){ .fd = CHILD_SOCKET, .events = POLLIN };
		for (unsigned i = 0; i < RUNS_MAX; i++) {
			const struct run *run = &runner->runs[i];

			ends[i] = (struct pollfd){ run->pid ? run->pidfd : -1, POLLIN, 0 };
			inputs[i] = (struct pollfd){ run->pid ? run->input : -1, POLLOUT, 0 };
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms(runner)) < 0)
			continue;
		for (unsigned i = 0; i < RUNS_MAX; i++)
			attend(runner, &ends[i], &inputs[i], i);
	} while (!request->revents || take_request(runner));
}

/* Whoever it has become, it has no right beyond that account's. */
static int prepare(const struct runner_plan *plan)
{
	int err = privilege_drop(&plan->user);

	if (!err)
		err = privilege_drop_capabilities();
	if (!err && access(plan->path, X_OK) < 0)
		err = -errno;
	return err;
}

static void run_process(const void *context)
{
	struct runner runner = { .plan = context };
	int err = prepare(context);

	send(CHILD_SOCKET, &err, sizeof(err), MSG_NOSIGNAL);
	if (err)
		return;
	signal(SIGCHLD, SIG_DFL); /* else nobody would learn how a program ended */
	serve(&runner);
	for (unsigned i = 0; i < RUNS_MAX; i++)
		if (runner.runs[i].pid)
			kill(-runner.runs[i].pid, SIGKILL); /* no wait: a disk may hold it */
}

int exec_runner_start(const struct runner_plan *plan, struct child *ret)
{
	struct child child;
	int err = child_start("vmbpf-runner", run_process, plan, &child), ready;

	if (err)
		return err;
	err = child_wait(&child, READY_NS);
	if (!err && recv(child.fd, &ready, sizeof(ready), MSG_DONTWAIT) != sizeof(ready))
		err = -EPIPE;
	if (!err)
		err = ready;
	if (err)
		child_stop(&child);
	else
		*ret = child;
	return err;
}

/* The bytes of a request, 0 where there are too many. */
static size_t pack(unsigned slot, const char *const texts[static N_RUN_TEXTS], char *packet)
{
	size_t used = 1;

	packet[0] = (char)slot;
	for (unsigned i = 0; i < N_RUN_TEXTS; i++) {
		size_t size = strlen(texts[i]) + 1;

		if (size > PACKET_MAX - used)
			return 0;
		memcpy(packet + used, texts[i], size);
		used += size;
	}
	return used;
}

int exec_runner_run(
	struct child *runner, unsigned slot, const char *const texts[static N_RUN_TEXTS])
{
	char *packet = malloc(PACKET_MAX);
	size_t size;
	int err = 0;

	if (!packet)
		return -ENOMEM;
	size = pack(slot, texts, packet);
	if (size == 0)
		err = -EMSGSIZE;
	else if (send(runner->fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		err = -errno;
	free(packet);
	return err;
}

int exec_runner_wait(struct child *runner, uint64_t timeout_ns, struct run_result *ret)
{
	struct run_result result;
	int err = child_wait(runner, timeout_ns);

	if (err)
		return err;
	if (recv(runner->fd, &result, sizeof(result), MSG_DONTWAIT) != sizeof(result) ||
		result.slot >= RUNS_MAX)
		return -EPIPE;
	*ret = result;
	return 0;
}
