/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the threads that talk to libvirt: their start, their end and what passes between them. */
#include "collect/libvirt_thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/libvirt_shared.h"

/* A call that only asks libvirt itself takes milliseconds; while a domain ends, up to two seconds.
 */
#define SILENT_NS (2500 * NSEC_PER_MSEC)

#define STOP_NS (300 * NSEC_PER_MSEC)
#define STOP_EVENTS_NS (100 * NSEC_PER_MSEC)

void libvirt_thread_wait(struct libvirt_thread *thread, uint64_t until_ns)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(until_ns % NSEC_PER_SEC),
	};

	if (until_ns == UINT64_MAX)
		pthread_cond_wait(&thread->changed, &thread->lock);
	else
		pthread_cond_timedwait(&thread->changed, &thread->lock, &until);
}

static void *runner_main(void *data)
{
	struct runner *runner = data;
	struct libvirt_thread *thread = runner->thread;

	runner->run(runner);
	pthread_mutex_lock(&thread->lock);
	runner->state = RUNNER_ENDED;
	runner->busy_ns = 0;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	return NULL;
}

/* Signals are for the main thread. */
static int create(struct runner *runner)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&runner->id, NULL, runner_main, runner);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void reap(struct runner *runner)
{
	if (runner->state == RUNNER_ENDED)
		pthread_join(runner->id, NULL);
	runner->state = RUNNER_FREE;
}

int runner_start(struct runner *runner, void (*run)(struct runner *runner))
{
	int err;

	/* Of a thread that has ended only its last instructions, without the lock, may be left. */
	reap(runner);
	runner->run = run;
	err = create(runner);
	if (err == 0)
		runner->state = RUNNER_RUNNING;
	return err;
}

static void run_events(struct runner *runner)
{
	struct libvirt_thread *thread = runner->thread;
	bool stop = false;

	while (!stop) {
		virEventRunDefaultImpl();
		pthread_mutex_lock(&thread->lock);
		stop = thread->stop;
		pthread_mutex_unlock(&thread->lock);
	}
}

/* The loop has been woken up; it looks by itself whether it is to stop. */
static void on_alarm(int timer, void *data)
{
	(void)data;
	virEventUpdateTimeout(timer, -1);
}

static int init_lock(struct libvirt_thread *thread)
{
	pthread_condattr_t attributes;
	int err;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	err = pthread_cond_init(&thread->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (err == 0)
		err = pthread_mutex_init(&thread->lock, NULL);
	return -err;
}

static void release(struct libvirt_thread *thread)
{
	pthread_cond_destroy(&thread->changed);
	pthread_mutex_destroy(&thread->lock);
	domain_list_free(thread->list);
	free(thread->uri);
	free(thread);
}

static struct libvirt_thread *new_thread(const char *uri, uint64_t spacing_ns)
{
	struct libvirt_thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	thread->uri = strdup(uri);
	thread->spacing_ns = spacing_ns;
	thread->list = domain_list_new(0);
	if (!thread->uri || !thread->list || init_lock(thread) < 0) {
		domain_list_free(thread->list);
		free(thread->uri);
		free(thread);
		return NULL;
	}
	for (size_t i = 0; i < N_RUNNERS; i++)
		thread->runners[i].thread = thread;
	thread->answered_ns = clock_ns(CLOCK_MONOTONIC);
	thread->wanted = true;
	return thread;
}

int libvirt_thread_start(const char *uri, uint64_t spacing_ns, struct libvirt_thread **ret)
{
	struct libvirt_thread *thread;
	int err = libvirt_setup();

	if (err < 0)
		return err;
	thread = new_thread(uri, spacing_ns);
	if (!thread)
		return -ENOMEM;
	thread->alarm = virEventAddTimeout(-1, on_alarm, NULL, NULL);
	pthread_mutex_lock(&thread->lock);
	err = runner_start(&thread->runners[RUNNER_EVENTS], run_events);
	if (err == 0)
		err = runner_start(&thread->runners[RUNNER_LISTER], lister_run);
	pthread_mutex_unlock(&thread->lock);
	if (err < 0) {
		libvirt_thread_stop(thread);
		return err;
	}
	*ret = thread;
	return 0;
}

void libvirt_thread_await_first(struct libvirt_thread *thread, uint64_t timeout_ns)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + timeout_ns;

	pthread_mutex_lock(&thread->lock);
	while (!thread->first_done && clock_ns(CLOCK_MONOTONIC) < until_ns)
		libvirt_thread_wait(thread, until_ns);
	pthread_mutex_unlock(&thread->lock);
}

void libvirt_thread_poll(struct libvirt_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	if (thread->runners[RUNNER_LISTER].busy_ns == 0) {
		thread->wanted = true;
		pthread_cond_broadcast(&thread->changed);
	}
	pthread_mutex_unlock(&thread->lock);
}

struct domain_list *libvirt_thread_lock(struct libvirt_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	return thread->list;
}

void libvirt_thread_unlock(struct libvirt_thread *thread)
{
	pthread_mutex_unlock(&thread->lock);
}

static void describe(
	const struct libvirt_thread *thread, uint64_t now_ns, char *reason, size_t size)
{
	const char *lost = thread->list->taken_ns
				   ? "names, states, memory and disks of VMs are the last known"
				   : "names, states, memory and disks of VMs are absent";
	uint64_t busy_ns = thread->runners[RUNNER_LISTER].busy_ns;

	if (busy_ns && now_ns > busy_ns + SILENT_NS)
		snprintf(reason, size,
			"libvirtd has not answered for %llu s; %s (see whether it hangs)",
			(unsigned long long)((now_ns - thread->answered_ns) / NSEC_PER_SEC), lost);
	else if (thread->failure.remedy)
		snprintf(reason, size, "%s; %s (%s)", thread->failure.cause, lost,
			thread->failure.remedy);
	else
		snprintf(reason, size, "waiting for libvirtd's first answer; %s", lost);
}

void libvirt_thread_status(
	struct libvirt_thread *thread, uint64_t now_ns, struct libvirt_status *ret)
{
	uint64_t busy_ns;

	pthread_mutex_lock(&thread->lock);
	busy_ns = thread->runners[RUNNER_LISTER].busy_ns;
	ret->up = thread->up && !(busy_ns && now_ns > busy_ns + SILENT_NS);
	ret->reason[0] = '\0';
	if (!ret->up)
		describe(thread, now_ns, ret->reason, sizeof(ret->reason));
	pthread_mutex_unlock(&thread->lock);
}

/* Waits for some of the threads to end; the lock is held. False where one did not in time. */
static bool await_end(struct libvirt_thread *thread, int first, int end, uint64_t timeout_ns)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + timeout_ns;

	for (int i = first; i < end; i++) {
		struct runner *runner = &thread->runners[i];

		while (runner->state == RUNNER_RUNNING && clock_ns(CLOCK_MONOTONIC) < until_ns)
			libvirt_thread_wait(thread, until_ns);
		if (runner->state == RUNNER_RUNNING)
			return false;
	}
	return true;
}

void libvirt_thread_stop(struct libvirt_thread *thread)
{
	bool all_ended;

	if (!thread)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->stop = true;
	pthread_cond_broadcast(&thread->changed);
	/* The event loop goes last: connections are closed with its help. */
	all_ended = await_end(thread, RUNNER_LISTER, N_RUNNERS, STOP_NS);
	virEventUpdateTimeout(thread->alarm, 0);
	all_ended &= await_end(thread, RUNNER_EVENTS, RUNNER_LISTER, STOP_EVENTS_NS);
	pthread_mutex_unlock(&thread->lock);
	if (!all_ended)
		return;
	for (size_t i = 0; i < N_RUNNERS; i++)
		reap(&thread->runners[i]);
	virEventRemoveTimeout(thread->alarm);
	release(thread);
}
