/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two real-time threads that do nothing but switch to each other. */
#include "lib/load.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/stats.h"

/* Chunks until both threads are there and the CPU has left its sleep. */
#define WARM_UP 30
#define CHUNK_NS NSEC_PER_MSEC
#define PRIORITY 10
#define QUICK_CHUNK 0.2
#define GO_ON 'g'
#define REST 'r'

struct load {
	pthread_t leader, partner;
	pid_t partner_tid;
	sem_t leader_go, partner_go, done;
	int to_partner[2], to_leader[2];
	void (*turn)(struct load *load); /* there and back: two switches */
	void (*accompany)(struct load *load); /* what the partner does meanwhile */
	void (*dismiss)(struct load *load); /* ends it */
	atomic_bool resting;
	bool ending;
	unsigned turns; /* of a chunk, 0 before the first measurement */
	unsigned chunks;
	double result;
	int err;
};

static void yield_turn(struct load *load)
{
	(void)load;
	sched_yield();
}

static void yield_accompany(struct load *load)
{
	while (!atomic_load_explicit(&load->resting, memory_order_relaxed))
		sched_yield();
}

static void yield_dismiss(struct load *load)
{
	atomic_store(&load->resting, true);
}

static void pipe_send(struct load *load, int fd, char byte)
{
	if (write(fd, &byte, 1) != 1)
		load->err = -errno;
}

static char pipe_receive(struct load *load, int fd)
{
	char byte = REST;

	if (read(fd, &byte, 1) != 1)
		load->err = -errno;
	return byte;
}

static void pipe_turn(struct load *load)
{
	pipe_send(load, load->to_partner[1], GO_ON);
	pipe_receive(load, load->to_leader[0]);
}

static void pipe_accompany(struct load *load)
{
	while (pipe_receive(load, load->to_partner[0]) == GO_ON)
		pipe_send(load, load->to_leader[1], GO_ON);
}

static void pipe_dismiss(struct load *load)
{
	pipe_send(load, load->to_partner[1], REST);
}

static const struct {
	const char *name;
	void (*turn)(struct load *load), (*accompany)(struct load *load),
		(*dismiss)(struct load *load);
} kinds[] = {
	{ "yield", yield_turn, yield_accompany, yield_dismiss },
	{ "pipe", pipe_turn, pipe_accompany, pipe_dismiss },
};

static uint64_t time_chunk(struct load *load, unsigned turns)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < turns; i++)
		load->turn(load);
	return clock_ns(CLOCK_MONOTONIC) - start;
}

/* Doubles the turns until they take about a chunk's time. */
static void calibrate(struct load *load)
{
	load->turns = 16;
	while (time_chunk(load, load->turns) < CHUNK_NS / 2 && load->turns < 1u << 20)
		load->turns *= 2;
}

static long own_switches(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void lead(struct load *load)
{
	double chunks[STATS_MAX];
	long before, turns;

	if (!load->turns)
		calibrate(load);
	for (unsigned i = 0; i < WARM_UP; i++)
		time_chunk(load, load->turns);
	before = own_switches();
	for (unsigned i = 0; i < load->chunks; i++)
		chunks[i] = (double)time_chunk(load, load->turns) / (2.0 * load->turns);
	turns = (long)load->chunks * load->turns;
	if (own_switches() - before < turns * 9 / 10)
		load->err = -EIO;
	load->result = stats_percentile(chunks, load->chunks, QUICK_CHUNK);
}

static void *leader(void *context)
{
	struct load *load = context;

	for (;;) {
		sem_wait(&load->leader_go);
		if (load->ending)
			return NULL;
		lead(load);
		load->dismiss(load);
		sem_post(&load->done);
	}
}

static void *partner(void *context)
{
	struct load *load = context;

	/* By the name of its leader it would pass for the same task of the host. */
	prctl(PR_SET_NAME, "partner");
	load->partner_tid = (pid_t)syscall(SYS_gettid);
	sem_post(&load->done);
	for (;;) {
		sem_wait(&load->partner_go);
		if (load->ending)
			return NULL;
		load->accompany(load);
		sem_post(&load->done);
	}
}

int start_realtime(
	pthread_t *ret, int cpu, int priority, void *(*run)(void *context), void *context)
{
	struct sched_param parameters = { .sched_priority = priority };
	pthread_attr_t attributes;
	cpu_set_t cpus;
	int err;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &parameters);
	pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	err = pthread_create(ret, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	return err;
}

static int prepare(struct load *load, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, kind) != 0)
			continue;
		load->turn = kinds[i].turn;
		load->accompany = kinds[i].accompany;
		load->dismiss = kinds[i].dismiss;
	}
	if (!load->turn)
		return EINVAL;
	sem_init(&load->leader_go, 0, 0);
	sem_init(&load->partner_go, 0, 0);
	sem_init(&load->done, 0, 0);
	return pipe(load->to_partner) || pipe(load->to_leader) ? errno : 0;
}

/* A load that cannot be made ends the program: the little it holds is not released first. */
struct load *load_new(const char *kind, int cpu)
{
	struct load *load = calloc(1, sizeof(*load));
	int err;

	if (!load)
		return NULL;
	err = prepare(load, kind);
	if (!err)
		err = start_realtime(&load->leader, cpu, PRIORITY, leader, load);
	if (!err)
		err = start_realtime(&load->partner, cpu, PRIORITY, partner, load);
	if (!err)
		sem_wait(&load->done);
	errno = err;
	return err ? NULL : load;
}

void load_free(struct load *load)
{
	if (!load)
		return;
	load->ending = true;
	sem_post(&load->leader_go);
	sem_post(&load->partner_go);
	pthread_join(load->leader, NULL);
	pthread_join(load->partner, NULL);
	for (int i = 0; i < 2; i++) {
		close(load->to_partner[i]);
		close(load->to_leader[i]);
	}
	free(load);
}

pid_t load_partner(const struct load *load)
{
	return load->partner_tid;
}

int load_measure(struct load *load, unsigned chunks, double *ret)
{
	load->chunks = chunks;
	load->err = 0;
	atomic_store(&load->resting, false);
	sem_post(&load->partner_go);
	sem_post(&load->leader_go);
	sem_wait(&load->done);
	sem_wait(&load->done);
	if (load->err)
		return load->err;
	*ret = load->result;
	return 0;
}

int cpus_divide(void)
{
	int first = -1, last = 0;
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		if (first < 0)
			first = cpu;
		last = cpu;
	}
	CPU_ZERO(&cpus);
	CPU_SET(first, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	return last;
}
