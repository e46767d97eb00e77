/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two real-time threads that share one CPU and do nothing but switch to each other. They live as
 * long as the load, so that whoever wants to know them can find them before they are measured.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <pthread.h>
#include <sys/types.h>

struct load;

/* NULL with errno where there is no right to real-time threads. `kind` is "yield" or "pipe". */
struct load *load_new(const char *kind, int cpu);
void load_free(struct load *load); /* accepts NULL */

/* The one of the two threads that only accompanies the other. */
pid_t load_partner(const struct load *load);

/*
 * Nanoseconds for each context switch: the 20th percentile of chunks of about 1 ms, which steps
 * around whatever else the machine does. -EIO where the threads did not switch to each other.
 */
int load_measure(struct load *load, unsigned chunks, double *ret);

/* A thread that has one CPU and runs there before all others of lower priority. An errno. */
int start_realtime(
	pthread_t *ret, int cpu, int priority, void *(*run)(void *context), void *context);

/*
 * Moves the calling thread to the first CPU it may use and returns the last, which is the one to
 * measure on; the same where there is only one. To be called once, before any thread is made.
 */
int cpus_divide(void);

#endif
