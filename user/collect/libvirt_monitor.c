/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns the statistics that QEMU itself must be asked for: balloon and disks.
 *
 * libvirtd asks one domain after the other, each through its monitor, and waits for the answer
 * without limit. While it waits it holds that domain's job lock, so a second caller who does not
 * want to wait (NOWAIT) gets all others. Hence: one thread makes the call; once it is late, another
 * takes over with a connection of its own. A call that comes back late has nothing to tell that is
 * still true, and its thread ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "collect/libvirt_shared.h"

#define GROUPS (VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_BLOCK)
#define FLAGS (VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)

/* How much longer than the last call one may take. */
#define PATIENCE_NS (500 * NSEC_PER_MSEC)
/* A call that was held up longer does not say how long the next one will take. */
#define USUAL_MAX_NS (10 * NSEC_PER_SEC)

/* What one call brought. */
struct answers {
	size_t n;
	struct answer {
		char uuid[VIR_UUID_STRING_BUFLEN];
		int64_t id;
		struct domain_stats *stats;
	} * all;
};

static void release_answers(struct answers *answers)
{
	for (size_t i = 0; i < answers->n; i++)
		domain_stats_free(answers->all[i].stats);
	free(answers->all);
}

/* Domains that another call still waits for are left out. */
static int take_answer(const virDomainStatsRecord *record, struct answer *ret)
{
	unsigned id = virDomainGetID(record->dom);

	if (id == (unsigned)-1 || virDomainGetUUIDString(record->dom, ret->uuid) < 0)
		return -ENOENT;
	ret->id = id;
	return domain_stats_parse(record->params, record->nparams, &ret->stats);
}

static void collect_answers(virConnectPtr connection, struct answers *ret)
{
	virDomainStatsRecordPtr *records = NULL;
	int n = virConnectGetAllDomainStats(connection, GROUPS, &records, FLAGS);

	if (n > 0)
		ret->all = calloc((size_t)n, sizeof(*ret->all));
	for (int i = 0; ret->all && i < n; i++)
		if (take_answer(records[i], &ret->all[ret->n]) == 0)
			ret->n++;
	if (n >= 0)
		virDomainStatsRecordListFree(records);
}

static void ask(const char *uri, virConnectPtr *connection, struct answers *ret)
{
	struct libvirt_failure failure;

	/* The lister meets the same failure and reports it. */
	if (*connection && virConnectIsAlive(*connection) != 1) {
		virConnectClose(*connection);
		*connection = NULL;
	}
	if (!*connection && libvirt_connect(uri, connection, &failure) < 0)
		return;
	collect_answers(*connection, ret);
}

/* Gives the statistics to their domains and takes the old ones in exchange. */
static void publish(struct domain_list *list, struct answers *answers, uint64_t taken_ns)
{
	for (size_t i = 0; i < answers->n; i++) {
		struct answer *answer = &answers->all[i];
		struct domain *domain = domain_list_find(list, answer->uuid);

		if (domain && domain->id == answer->id && domain->stats_ns <= taken_ns)
			answer->stats = domain_put_stats(domain, answer->stats, taken_ns);
	}
}

static uint64_t patience_ns(const struct libvirt_thread *thread)
{
	return PATIENCE_NS + thread->usual_ns;
}

static bool await_turn(struct runner *runner)
{
	struct libvirt_thread *thread = runner->thread;
	bool stop;

	pthread_mutex_lock(&thread->lock);
	while (!thread->stop && runner->busy_ns == 0)
		libvirt_thread_wait(thread, UINT64_MAX);
	stop = thread->stop;
	pthread_mutex_unlock(&thread->lock);
	return !stop;
}

/* Another thread waits for work, with a connection open. */
static bool is_spare(const struct runner *runner)
{
	const struct runner *first = &runner->thread->runners[RUNNER_MONITORS], *other;

	for (other = first; other < first + MAX_MONITORS; other++)
		if (other != runner && other->state == RUNNER_RUNNING && other->busy_ns == 0)
			return true;
	return false;
}

/* Whether the thread is needed any longer; one whose answers came too late is not. */
static bool deliver(struct runner *runner, struct answers *answers)
{
	struct libvirt_thread *thread = runner->thread;
	uint64_t took_ns;
	bool late, needed;

	pthread_mutex_lock(&thread->lock);
	took_ns = clock_ns(CLOCK_MONOTONIC) - runner->busy_ns;
	late = took_ns > patience_ns(thread);
	if (!late) {
		publish(thread->list, answers, runner->busy_ns);
		thread->unanswered = false;
	}
	thread->usual_ns = took_ns < USUAL_MAX_NS ? took_ns : USUAL_MAX_NS;
	thread->first_done = true;
	needed = !late && !is_spare(runner);
	if (needed)
		runner->busy_ns = 0; /* free for the next call; else it stays taken to its end */
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	return needed;
}

static void monitor_run(struct runner *runner)
{
	virConnectPtr connection = NULL;
	bool needed = true;

	while (needed && await_turn(runner)) {
		struct answers answers = { 0 };

		ask(runner->thread->uri, &connection, &answers);
		needed = deliver(runner, &answers);
		release_answers(&answers);
	}
	if (connection)
		virConnectClose(connection);
}

/* The call under way that may still be in time, or NULL. */
static const struct runner *find_punctual(const struct libvirt_thread *thread, uint64_t now_ns)
{
	const struct runner *first = &thread->runners[RUNNER_MONITORS], *runner;

	for (runner = first; runner < first + MAX_MONITORS; runner++)
		if (runner->busy_ns != 0 && now_ns <= runner->busy_ns + patience_ns(thread))
			return runner;
	return NULL;
}

/* Who makes the next call, rather one that has a connection already; NULL: all are held up. */
static struct runner *find_idle(struct libvirt_thread *thread)
{
	struct runner *first = &thread->runners[RUNNER_MONITORS], *runner, *idle = NULL;

	for (runner = first; runner < first + MAX_MONITORS; runner++)
		if (runner->busy_ns == 0 && (!idle || runner->state == RUNNER_RUNNING))
			idle = runner;
	return idle;
}

void monitors_ask(struct libvirt_thread *thread)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	struct runner *runner;

	if (find_punctual(thread, now_ns))
		return;
	runner = find_idle(thread);
	thread->unanswered = runner != NULL;
	if (!runner)
		return;
	runner->busy_ns = now_ns;
	if (runner->state != RUNNER_RUNNING && runner_start(runner, monitor_run) < 0)
		runner->busy_ns = 0;
	pthread_cond_broadcast(&thread->changed);
}

uint64_t monitors_watch(struct libvirt_thread *thread)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	const struct runner *runner = find_punctual(thread, now_ns);

	if (!runner && thread->unanswered) {
		monitors_ask(thread);
		runner = find_punctual(thread, now_ns);
	}
	/* Beyond that instant, or the comparison would find it punctual once more. */
	return runner ? runner->busy_ns + patience_ns(thread) + 1 : UINT64_MAX;
}
