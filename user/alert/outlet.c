/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the thread of an outlet: what is delivered when, and how that ended. */
#include "alert/outlet.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alert/outlet_queue.h"
#include "base/clock.h"
#include "base/privilege.h"

struct outlet {
	const struct outlet_type *type;
	char *label;
	void *state;
	struct outlet_timing timing;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	atomic_int broken;

	pthread_mutex_t lock; /* of all below; not held while something is delivered */
	pthread_cond_t changed;
	struct outlet_queue queue;
	struct outlet_counts counts; /* but `waiting` */
	bool reopening, ending, ended;
	unsigned failures; /* attempts in a row */
	uint64_t retry_ns; /* nothing is tried until then */
};

static const struct outlet_timing normal_timing = {
	.first_ns = NSEC_PER_SEC,
	.most_ns = 30 * NSEC_PER_SEC,
	.give_up_ns = 300 * NSEC_PER_SEC,
};

static int init_lock(struct outlet *outlet)
{
	pthread_condattr_t attributes;
	int err;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	err = pthread_cond_init(&outlet->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (err)
		return -err;
	err = pthread_mutex_init(&outlet->lock, NULL);
	if (err)
		pthread_cond_destroy(&outlet->changed);
	return -err;
}

static void close_state(const struct outlet_type *type, void *state)
{
	if (type->close)
		type->close(state);
}

struct outlet *outlet_new_timed(const struct outlet_type *type, const char *label, void *state,
	const struct outlet_timing *timing)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	char *copy = strdup(label);

	if (!outlet || !copy || init_lock(outlet) < 0) {
		free(copy);
		free(outlet);
		close_state(type, state);
		return NULL;
	}
	outlet->type = type;
	outlet->label = copy;
	outlet->state = state;
	outlet->timing = *timing;
	atomic_init(&outlet->stop, false);
	atomic_init(&outlet->broken, 0);
	return outlet;
}

struct outlet *outlet_new(const struct outlet_type *type, const char *label, void *state)
{
	return outlet_new_timed(type, label, state, &normal_timing);
}

int outlet_no_memory(char why[static OUTLET_WHY_MAX])
{
	snprintf(why, OUTLET_WHY_MAX, "%s", strerror(ENOMEM));
	return -ENOMEM;
}

int outlet_make(const struct outlet_type *type, const char *label, void *state, struct outlet **ret,
	char why[static OUTLET_WHY_MAX])
{
	struct outlet *outlet = outlet_new(type, label, state);

	if (!outlet)
		return outlet_no_memory(why);
	*ret = outlet;
	return 0;
}

static void wait_until(struct outlet *outlet, uint64_t until_ns)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(until_ns % NSEC_PER_SEC),
	};

	if (until_ns == UINT64_MAX)
		pthread_cond_wait(&outlet->changed, &outlet->lock);
	else
		pthread_cond_timedwait(&outlet->changed, &outlet->lock, &until);
}

/* Up to a quarter sooner, so that what failed together is not tried again together. */
static uint64_t vary(uint64_t delay_ns)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		return delay_ns;
	return delay_ns - (uint64_t)((double)delay_ns / 4 * random / UINT32_MAX);
}

static uint64_t choose_delay(const struct outlet *outlet)
{
	uint64_t delay_ns = outlet->timing.first_ns;

	for (unsigned i = 1; i < outlet->failures && delay_ns < outlet->timing.most_ns; i++)
		delay_ns *= 2;
	return vary(delay_ns < outlet->timing.most_ns ? delay_ns : outlet->timing.most_ns);
}

/* Not locked. */
static void call_type(struct outlet *outlet, const struct alert_record *const *records, size_t n,
	enum delivery *results, char why[static OUTLET_WHY_MAX])
{
	const struct outlet_type *type = outlet->type;
	enum delivery result;

	errno = 0;
	if (type->deliver_each) {
		type->deliver_each(outlet->state, records, n, &outlet->stop, results, why);
		return;
	}
	result = type->deliver(outlet->state, records, n, &outlet->stop, why);
	for (size_t i = 0; i < n; i++)
		results[i] = result;
}

static bool has(const enum delivery *results, size_t n, enum delivery wanted)
{
	for (size_t i = 0; i < n; i++)
		if (results[i] == wanted)
			return true;
	return false;
}

static void note_results(struct outlet *outlet, const enum delivery *results, size_t n, int error)
{
	queue_settle(&outlet->queue, results, &outlet->counts.delivered, &outlet->counts.dropped);
	if (has(results, n, DELIVERY_BROKEN))
		atomic_store(&outlet->broken, error ? -error : -EIO);
	outlet->retry_ns = 0;
	if (!has(results, n, DELIVERY_RETRY)) {
		outlet->failures = 0;
		return;
	}
	outlet->failures++;
	outlet->counts.retries++;
	outlet->retry_ns = clock_ns(CLOCK_MONOTONIC) + choose_delay(outlet);
}

/* The records stay in the queue meanwhile, where nobody drops them. */
static void deliver(struct outlet *outlet)
{
	const struct alert_record *records[OUTLET_BATCH_MAX];
	enum delivery results[OUTLET_BATCH_MAX];
	char why[OUTLET_WHY_MAX] = "";
	size_t n = queue_take(&outlet->queue, outlet->type->batch, records);
	int error;

	pthread_mutex_unlock(&outlet->lock);
	call_type(outlet, records, n, results, why);
	error = errno;
	pthread_mutex_lock(&outlet->lock);
	memcpy(outlet->counts.trouble, why, sizeof(why));
	note_results(outlet, results, n, error);
	pthread_cond_broadcast(&outlet->changed);
}

static void reopen(struct outlet *outlet)
{
	outlet->reopening = false;
	if (!outlet->type->reopen)
		return;
	pthread_mutex_unlock(&outlet->lock);
	outlet->type->reopen(outlet->state);
	pthread_mutex_lock(&outlet->lock);
}

/*
 * Only while it fails: what waits for its turn behind others that are delivered is not given up.
 */
static void give_up_old(struct outlet *outlet, uint64_t now_ns)
{
	if (outlet->failures)
		outlet->counts.dropped +=
			queue_drop_old(&outlet->queue, now_ns, outlet->timing.give_up_ns);
}

/* When there is something to do unless something changes. */
static uint64_t next_ns(const struct outlet *outlet)
{
	uint64_t old_ns;

	if (outlet->queue.n == 0)
		return UINT64_MAX;
	old_ns = outlet->queue.waiting[0].pushed_ns + outlet->timing.give_up_ns;
	return old_ns < outlet->retry_ns ? old_ns : outlet->retry_ns;
}

static void work(struct outlet *outlet)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	give_up_old(outlet, now_ns);
	if (outlet->reopening)
		reopen(outlet);
	else if (outlet->queue.n && now_ns >= outlet->retry_ns)
		deliver(outlet);
	else if (!outlet->ending || outlet->queue.n)
		wait_until(outlet, next_ns(outlet));
}

static bool is_over(const struct outlet *outlet)
{
	if (atomic_load(&outlet->stop) || atomic_load(&outlet->broken))
		return true;
	return outlet->ending && outlet->queue.n == 0;
}

static void *outlet_main(void *data)
{
	struct outlet *outlet = data;
	char name[16];

	snprintf(name, sizeof(name), "vmbpf-%s", outlet->type->name);
	pthread_setname_np(pthread_self(), name);
	atomic_store(&outlet->broken, privilege_drop_capabilities());
	pthread_mutex_lock(&outlet->lock);
	while (!is_over(outlet))
		work(outlet);
	outlet->counts.dropped += queue_drop_all(&outlet->queue);
	outlet->ended = true;
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
	return NULL;
}

/* Signals are for the main thread. */
int outlet_start(struct outlet *outlet)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&outlet->thread, NULL, outlet_main, outlet);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	outlet->started = err == 0;
	return -err;
}

void outlet_push(struct outlet *outlet, struct shared_record *record)
{
	bool refresh = record_of(record)->occasion == OCCASION_REFRESH;

	if (refresh && !outlet->type->wants_refreshes)
		return;
	pthread_mutex_lock(&outlet->lock);
	if (outlet->ended)
		outlet->counts.dropped += !refresh;
	else
		outlet->counts.dropped +=
			queue_push(&outlet->queue, record, clock_ns(CLOCK_MONOTONIC));
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
}

static bool has_room(const struct outlet *outlet)
{
	return !outlet->started || outlet->ended || outlet->failures ||
	       outlet->queue.n < OUTLET_QUEUE_MAX;
}

bool outlet_wait_for_room(struct outlet *outlet, uint64_t until_ns)
{
	bool room;

	pthread_mutex_lock(&outlet->lock);
	while (!has_room(outlet) && clock_ns(CLOCK_MONOTONIC) < until_ns)
		wait_until(outlet, until_ns);
	room = has_room(outlet);
	pthread_mutex_unlock(&outlet->lock);
	return room;
}

void outlet_reopen(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->reopening = true;
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
}

void outlet_count(struct outlet *outlet, struct outlet_counts *ret)
{
	pthread_mutex_lock(&outlet->lock);
	*ret = outlet->counts;
	ret->waiting = queue_length(&outlet->queue);
	ret->broken = outlet_broken(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

const char *outlet_name(const struct outlet *outlet)
{
	return outlet->type->name;
}

const char *outlet_label(const struct outlet *outlet)
{
	return outlet->label;
}

int outlet_broken(const struct outlet *outlet)
{
	return atomic_load(&outlet->broken);
}

static void end_thread(struct outlet *outlet, uint64_t deadline_ns)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->ending = true;
	outlet->failures = 0;
	outlet->retry_ns = 0;
	pthread_cond_broadcast(&outlet->changed);
	while (!outlet->ended && clock_ns(CLOCK_MONOTONIC) < deadline_ns)
		wait_until(outlet, deadline_ns);
	atomic_store(&outlet->stop, true);
	pthread_cond_broadcast(&outlet->changed);
	pthread_mutex_unlock(&outlet->lock);
	pthread_join(outlet->thread, NULL);
}

void outlet_free(struct outlet *outlet, uint64_t deadline_ns, struct outlet_counts *ret)
{
	if (!outlet)
		return;
	if (outlet->started)
		end_thread(outlet, deadline_ns);
	outlet->counts.dropped += queue_drop_all(&outlet->queue);
	if (ret)
		outlet_count(outlet, ret);
	close_state(outlet->type, outlet->state);
	pthread_cond_destroy(&outlet->changed);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet->label);
	free(outlet);
}
