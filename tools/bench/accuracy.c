/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far cpu_seconds and ready_seconds of threads of a VM are from the scheduler's own account in
 * /proc/PID/task/TID/schedstat over the same ten seconds. The VM is this process: two threads that
 * fight for one CPU and one that sleeps and wakes there.
 *
 * schedstat is brought up to date only now and then, and knows no wait that has not ended. So both
 * are read around the walk until a moment is found at which they must agree: the thread was on its
 * CPU, or slept, from before the walk until after it.
 */
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "lib/load.h"
#include "lib/row.h"
#include "lib/variant.h"

#define SECONDS 10
#define LIMIT_MS 2
#define LIMIT_POINTS 1
#define TRIES 4000
#define TRY_PAUSE_US 500
#define BURST_NS NSEC_PER_MSEC

enum { BUSY, RIVAL, BURSTY, N_THREADS };

static const char *const thread_names[N_THREADS] = {
	[BUSY] = "busy",
	[RIVAL] = "busy, same CPU",
	[BURSTY] = "bursty, same CPU",
};

/* What the scheduler says of a thread. */
struct account {
	uint64_t run_ns, ready_ns, slices;
	char state;
};

/* What both say of the same moment; the truth of run_ns lies within run_width_ns. */
struct moment {
	struct vmb_sched ours;
	uint64_t run_ns, run_width_ns, ready_ns;
	uint64_t wait_ns, overlap_ns, clock_ns; /* ours alone */
};

struct subject {
	pthread_t thread;
	pid_t tid;
	bool bursty;
	const struct vmb_slot *slot;
};

struct bench {
	struct attached attached;
	struct subject subjects[N_THREADS];
	struct row rows[N_THREADS][3];
};

static atomic_bool stop;

static void spin(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + ns;

	while (clock_ns(CLOCK_MONOTONIC) < end)
		;
}

static void *be_subject(void *context)
{
	struct subject *subject = context;

	__atomic_store_n(&subject->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (!atomic_load(&stop)) {
		spin(BURST_NS);
		if (subject->bursty)
			usleep(BURST_NS / 1000);
	}
	return NULL;
}

static void start_subjects(struct bench *bench, int cpu)
{
	pthread_attr_t attributes;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	bench->subjects[BURSTY].bursty = true;
	for (int i = 0; i < N_THREADS; i++) {
		struct subject *subject = &bench->subjects[i];

		if (pthread_create(&subject->thread, &attributes, be_subject, subject))
			errx(EX_OSERR, "cannot start a thread");
		while (!__atomic_load_n(&subject->tid, __ATOMIC_ACQUIRE))
			usleep(1000);
	}
	pthread_attr_destroy(&attributes);
}

static void find_slots(struct bench *bench)
{
	const struct loader *loader = &bench->attached.loader;

	for (int i = 0; i < N_THREADS; i++) {
		struct subject *subject = &bench->subjects[i];

		for (unsigned number = 1; number < loader->n_seen; number++) {
			if (loader->slots[number].tid == (__u32)subject->tid)
				subject->slot = &loader->slots[number];
		}
		if (!subject->slot)
			errx(EX_SOFTWARE, "the walk has not found a thread");
	}
}

/* Reading the CPU clock of a thread brings its account up to date. */
static void read_account(const struct subject *subject, struct account *ret)
{
	char path[64], text[1024];
	const char *at = text;
	clockid_t clock;

	pthread_getcpuclockid(subject->thread, &clock);
	clock_ns(clock);
	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", subject->tid);
	if (buf_read(AT_FDCWD, path, text, sizeof(text)) || buf_u64(&at, &ret->run_ns) ||
		buf_u64(&at, &ret->ready_ns) || buf_u64(&at, &ret->slices))
		errx(EX_UNAVAILABLE, "%s", path);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", subject->tid);
	if (buf_read(AT_FDCWD, path, text, sizeof(text)))
		errx(EX_UNAVAILABLE, "%s", path);
	at = strrchr(text, ')');
	ret->state = at && at[1] ? at[2] : '?';
}

/* Whether the thread did one thing all the time between the first two readings. */
static bool agrees(
	const struct account *before, const struct account *after, const struct account *later)
{
	if (before->slices != after->slices || after->slices != later->slices)
		return false;
	if (before->state == 'S' && after->state == 'S')
		return before->run_ns == after->run_ns;
	return later->run_ns > after->run_ns;
}

static bool try_moment(struct bench *bench, const struct subject *subject, struct moment *ret)
{
	struct loader *loader = &bench->attached.loader;
	struct account before, after, later;
	int err;

	read_account(subject, &before);
	err = loader_walk(loader);
	if (err)
		errx(EX_SOFTWARE, "walk: %s", strerror(-err));
	read_account(subject, &after);
	read_account(subject, &later);
	*ret = (struct moment){
		.ours = subject->slot->walk.sched,
		.run_ns = before.run_ns / 2 + after.run_ns / 2,
		.run_width_ns = after.run_ns - before.run_ns,
		.ready_ns = after.ready_ns,
		.wait_ns = subject->slot->walk.wait_ns,
		.overlap_ns = subject->slot->walk.overlap_ns,
		.clock_ns = loader->control->clock,
	};
	return agrees(&before, &after, &later);
}

static void find_moments(struct bench *bench, struct moment *moments)
{
	for (int i = 0; i < N_THREADS; i++) {
		int tries = 0;

		while (!try_moment(bench, &bench->subjects[i], &moments[i])) {
			if (++tries == TRIES)
				errx(EX_TEMPFAIL, "a thread is never left in peace");
			usleep(TRY_PAUSE_US);
		}
	}
}

static double difference_ms(uint64_t ours, uint64_t theirs)
{
	return fabs((double)(int64_t)(ours - theirs)) * 1e-6;
}

static struct row make_row(const char *name, const char *what, double value, const char *unit)
{
	struct row row = {
		.value = spread_of_one(value),
		.unit = unit,
		.decimals = 3,
		.gate = VALUE_AT_MOST,
	};

	snprintf(row.what, sizeof(row.what), "%s: %s", name, what);
	return row;
}

static void judge(struct bench *bench, int i, const struct moment *start, const struct moment *end)
{
	uint64_t run_ns = end->ours.run_ns - start->ours.run_ns;
	uint64_t ready_ns = end->ours.ready_ns - start->ours.ready_ns;
	uint64_t whole_ns = end->clock_ns - start->clock_ns;
	uint64_t sum_ns = run_ns + ready_ns + end->wait_ns - start->wait_ns;
	struct row *rows = bench->rows[i];
	char what[64];

	snprintf(what, sizeof(what), "error in %.3f s of cpu_seconds", (double)run_ns * 1e-9);
	rows[0] = make_row(
		thread_names[i], what, difference_ms(run_ns, end->run_ns - start->run_ns), "ms");
	snprintf(what, sizeof(what), "error in %.3f s of ready_seconds", (double)ready_ns * 1e-9);
	rows[1] = make_row(thread_names[i], what,
		difference_ms(ready_ns, end->ready_ns - start->ready_ns), "ms");
	rows[2] = make_row(thread_names[i], "run + ready + wait, off 100 %",
		100 * fabs((double)sum_ns / (double)whole_ns - 1), "points");
	rows[0].limit = rows[1].limit = LIMIT_MS;
	rows[2].limit = LIMIT_POINTS;
	row_judge(&rows[0], start->run_width_ns + end->run_width_ns > LIMIT_MS * NSEC_PER_MSEC);
	row_judge(&rows[1], false);
	row_judge(&rows[2], false);
}

static enum verdict measure(void *state)
{
	struct moment start[N_THREADS], end[N_THREADS];
	struct bench *bench = state;

	fprintf(stderr, "bench: accuracy over %d s\n", SECONDS);
	find_moments(bench, start);
	sleep(SECONDS);
	find_moments(bench, end);
	for (int i = 0; i < N_THREADS; i++)
		judge(bench, i, &start[i], &end[i]);
	return rows_worst(bench->rows[0], N_THREADS * 3);
}

static void print_rows(const struct bench *bench)
{
	rows_print_head("vmbpf against schedstat over 10 s", "");
	for (int i = 0; i < N_THREADS; i++) {
		for (int j = 0; j < 3; j++)
			row_print(&bench->rows[i][j]);
	}
}

int main(void)
{
	struct bench bench = { 0 };
	int cpu = cpus_divide(), err, status;

	start_subjects(&bench, cpu);
	err = variant_enter(OF_NO_VM, ON_SWITCH, &bench.attached);
	if (!err)
		err = variant_become_vm(&bench.attached, -1);
	if (err)
		errx(EX_UNAVAILABLE, "the kernel side: %s", strerror(-err));
	find_slots(&bench);
	status = measure_repeatedly(measure, &bench);
	print_rows(&bench);
	atomic_store(&stop, true);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(bench.subjects[i].thread, NULL);
	variant_leave(&bench.attached);
	return status;
}
