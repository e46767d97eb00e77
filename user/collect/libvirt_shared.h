/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the threads that talk to libvirt share. Included by libvirt_*.c only. */
#ifndef COLLECT_LIBVIRT_SHARED_H
#define COLLECT_LIBVIRT_SHARED_H

#include <pthread.h>

#include "collect/libvirt_connection.h"
#include "collect/libvirt_thread.h"

/*
 * Connections for statistics, hence of QEMUs that may hang at once before those of others are no
 * longer delivered. libvirtd has 20 threads for all its clients and each of these can take one.
 */
#define MAX_MONITORS 4

enum { RUNNER_EVENTS, RUNNER_LISTER, RUNNER_MONITORS, N_RUNNERS = RUNNER_MONITORS + MAX_MONITORS };

enum runner_state { RUNNER_FREE, RUNNER_RUNNING, RUNNER_ENDED };

/* One thread. */
struct runner {
	struct libvirt_thread *thread;
	void (*run)(struct runner *runner);
	pthread_t id;
	enum runner_state state;
	uint64_t busy_ns; /* since when it has been talking to libvirt, 0: it waits for work */
};

/* All but the first two are protected by the lock. Times are CLOCK_MONOTONIC. */
struct libvirt_thread {
	char *uri;
	uint64_t spacing_ns;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of the following */
	struct runner runners[N_RUNNERS];
	bool stop;
	bool wanted; /* a poll, by the tick */
	bool hinted; /* at one, by an event: of the list alone */
	bool first_done;
	struct domain_list *list; /* only the lister replaces it */
	bool up;
	struct libvirt_failure failure;
	uint64_t answered_ns; /* when libvirt answered last, or the start */
	bool unanswered; /* statistics were asked for and did not come in time yet */
	uint64_t usual_ns; /* what the last collection of statistics took */
	int alarm; /* timer of the event loop that makes it look whether to stop */
};

/* Starts a thread; the lock is held. 0 or -errno. */
int runner_start(struct runner *runner, void (*run)(struct runner *runner));

/* Waits for a change, or until then (UINT64_MAX: no limit); the lock is held. */
void libvirt_thread_wait(struct libvirt_thread *thread, uint64_t until_ns);

/* libvirt_lister.c: the thread that lists the domains and reads their XML. */
void lister_run(struct runner *runner);

/* libvirt_monitor.c: has the statistics of the running domains collected; the lock is held. */
void monitors_ask(struct libvirt_thread *thread);

/* Has another thread ask once the first is late. Returns when to call again; the lock is held. */
uint64_t monitors_watch(struct libvirt_thread *thread);

#endif
