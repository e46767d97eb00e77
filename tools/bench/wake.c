/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs to wake a thread up while vmbpf is there, which has nothing attached to that: the
 * switches that follow are the subject of switch.c and are kept out of the measurement. A real-time
 * thread wakes many of lower priority on its own CPU, where none of them can run before it sleeps.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sysexits.h>

#include "base/clock.h"
#include "lib/compare.h"
#include "lib/load.h"

#define SLEEPERS 64
#define CHUNKS 200
#define WARM_UP 50
#define QUICK_CHUNK 0.2

/* The last one sleeps only after all others do, and says so. */
enum { LAST_PRIORITY = 1, SLEEPER_PRIORITY, WAKER_PRIORITY };

struct sleeper {
	pthread_t thread;
	int event;
	int done; /* to be told, -1: nobody */
};

struct bench {
	struct sleeper sleepers[SLEEPERS], last;
	pthread_t waker;
	int all_asleep;
	sem_t go, measured;
	double result;
	int err;
};

static void *sleep_and_sleep(void *context)
{
	const struct sleeper *sleeper = context;
	eventfd_t unused;

	for (;;) {
		if (sleeper->done >= 0)
			eventfd_write(sleeper->done, 1);
		if (eventfd_read(sleeper->event, &unused))
			return NULL;
	}
}

/* Wakes the last one, which has the lowest priority of all, and sleeps meanwhile. */
static int let_all_sleep(struct bench *bench)
{
	eventfd_t unused;

	if (eventfd_write(bench->last.event, 1) || eventfd_read(bench->all_asleep, &unused))
		return -errno;
	return 0;
}

static uint64_t wake_all(struct bench *bench)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	for (int i = 0; i < SLEEPERS; i++) {
		if (eventfd_write(bench->sleepers[i].event, 1))
			bench->err = -errno;
	}
	return clock_ns(CLOCK_MONOTONIC) - start;
}

static void measure_chunks(struct bench *bench)
{
	double chunks[CHUNKS];

	bench->err = 0;
	for (int i = -WARM_UP; i < CHUNKS && !bench->err; i++) {
		double ns = (double)wake_all(bench) / SLEEPERS;

		if (i >= 0)
			chunks[i] = ns;
		if (!bench->err)
			bench->err = let_all_sleep(bench);
	}
	if (!bench->err)
		bench->result = stats_percentile(chunks, CHUNKS, QUICK_CHUNK);
}

static void *wake_and_measure(void *context)
{
	struct bench *bench = context;

	for (;;) {
		sem_wait(&bench->go);
		measure_chunks(bench);
		sem_post(&bench->measured);
	}
	return NULL;
}

static int measure(void *state, double *ret)
{
	struct bench *bench = state;

	sem_post(&bench->go);
	sem_wait(&bench->measured);
	*ret = bench->result;
	return bench->err;
}

static void start_thread(
	pthread_t *thread, int cpu, int priority, void *(*run)(void *context), void *context)
{
	errno = start_realtime(thread, cpu, priority, run, context);
	if (errno)
		err(EX_NOPERM, "real-time threads");
}

static void start_sleeper(struct sleeper *sleeper, int cpu, int priority, int done)
{
	sleeper->event = eventfd(0, EFD_CLOEXEC);
	sleeper->done = done;
	if (sleeper->event < 0)
		err(EX_OSERR, "eventfd");
	start_thread(&sleeper->thread, cpu, priority, sleep_and_sleep, sleeper);
}

/* They live as long as the program. */
static void start(struct bench *bench, int cpu)
{
	eventfd_t unused;

	bench->all_asleep = eventfd(0, EFD_CLOEXEC);
	if (bench->all_asleep < 0)
		err(EX_OSERR, "eventfd");
	sem_init(&bench->go, 0, 0);
	sem_init(&bench->measured, 0, 0);
	for (int i = 0; i < SLEEPERS; i++)
		start_sleeper(&bench->sleepers[i], cpu, SLEEPER_PRIORITY, -1);
	start_sleeper(&bench->last, cpu, LAST_PRIORITY, bench->all_asleep);
	start_thread(&bench->waker, cpu, WAKER_PRIORITY, wake_and_measure, bench);
	if (eventfd_read(bench->all_asleep, &unused))
		err(EX_OSERR, "eventfd");
}

int main(void)
{
	static const char *const empty[] = { "empty_wakeup", NULL };
	static struct bench bench;
	struct comparison comparison = {
		.title = "one wake-up",
		.events = ON_WAKEUP,
		.tap = -1,
		.measure = measure,
		.state = &bench,
		.empty_programs = empty,
		.by_clock = {
			[NOTHING] = { .what = "nothing attached", .unit = "ns" },
			[EMPTY] = { .what = "empty program on wake-ups, added", .unit = "ns" },
			[OF_NO_VM] = { .what = "vmbpf, threads of no VM, added", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.02 },
			[OF_VM] = { .what = "vmbpf, threads of a VM, added", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.02 },
		},
	};
	int status;

	start(&bench, cpus_divide());
	status = measure_repeatedly(compare, &comparison);
	comparison_print(&comparison);
	return status;
}
