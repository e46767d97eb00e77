/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns what libvirt knows by itself: which domains there are, their names, states and XML. No QEMU
 * is asked, so none can hold this up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "collect/libvirt_shared.h"

/*
 * Pauses between attempts to reconnect: doubled up to a limit that has vmbpf back within two
 * seconds of libvirtd. An attempt in vain costs a tenth of a millisecond.
 */
#define PAUSE_MIN_NS (250 * NSEC_PER_MSEC)
#define PAUSE_MAX_NS (1500 * NSEC_PER_MSEC)

#define N_EVENTS 6

struct lister {
	struct libvirt_thread *thread;
	virConnectPtr connection; /* NULL: none */
	int callbacks[N_EVENTS]; /* -1: not registered */
	uint64_t pause_ns, retry_ns; /* before and of the next attempt; 0: the last one succeeded */
	uint64_t asked_ns; /* last poll that the tick had asked for */
	bool with_statistics; /* the present one is such a poll */
};

/* Something about the domain has changed: its XML is to be read again. */
static void note_change(virDomainPtr dom, void *data)
{
	struct libvirt_thread *thread = data;
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct domain *domain;

	if (virDomainGetUUIDString(dom, uuid) < 0)
		return;
	pthread_mutex_lock(&thread->lock);
	domain = domain_list_find(thread->list, uuid);
	if (domain)
		domain->changed_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_mutex_unlock(&thread->lock);
}

/* Without waiting for the tick, so that a VM has its name by the time it is first shown. */
static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *data)
{
	struct libvirt_thread *thread = data;

	(void)conn;
	(void)event;
	(void)detail;
	note_change(dom, data);
	pthread_mutex_lock(&thread->lock);
	thread->hinted = true;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	return 0;
}

static void on_device(virConnectPtr conn, virDomainPtr dom, const char *alias, void *data)
{
	(void)conn;
	(void)alias;
	note_change(dom, data);
}

static void on_metadata(
	virConnectPtr conn, virDomainPtr dom, int type, const char *namespace, void *data)
{
	(void)conn;
	(void)type;
	(void)namespace;
	note_change(dom, data);
}

static void on_disk(virConnectPtr conn, virDomainPtr dom, const char *old_path,
	const char *new_path, const char *alias, int reason, void *data)
{
	(void)conn;
	(void)old_path;
	(void)new_path;
	(void)alias;
	(void)reason;
	note_change(dom, data);
}

/* A snapshot or a mirror has made another image the active one. */
static void on_block_job(
	virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status, void *data)
{
	(void)conn;
	(void)disk;
	(void)type;
	(void)status;
	note_change(dom, data);
}

static const struct {
	int id;
	virConnectDomainEventGenericCallback callback;
} events[N_EVENTS] = {
	{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
	{ VIR_DOMAIN_EVENT_ID_DISK_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_disk) },
	{ VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, VIR_DOMAIN_EVENT_CALLBACK(on_block_job) },
};

/* Changes while there was no connection were not announced. */
static void doubt_all_xml(struct libvirt_thread *thread)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	pthread_mutex_lock(&thread->lock);
	for (size_t i = 0; i < thread->list->n; i++)
		thread->list->domains[i].changed_ns = now_ns;
	pthread_mutex_unlock(&thread->lock);
}

/* Where an event cannot be had, the XML is still read once a minute. */
static int dial(struct lister *lister, struct libvirt_failure *failure)
{
	int err;

	if (lister->connection)
		return 0;
	err = libvirt_connect(lister->thread->uri, &lister->connection, failure);
	if (err < 0)
		return err;
	for (size_t i = 0; i < N_EVENTS; i++)
		lister->callbacks[i] = virConnectDomainEventRegisterAny(lister->connection, NULL,
			events[i].id, events[i].callback, lister->thread, NULL);
	doubt_all_xml(lister->thread);
	return 0;
}

/* A connection with callbacks would outlive its closing. */
static void hang_up(struct lister *lister)
{
	if (!lister->connection)
		return;
	for (size_t i = 0; i < N_EVENTS; i++)
		if (lister->callbacks[i] >= 0)
			virConnectDomainEventDeregisterAny(
				lister->connection, lister->callbacks[i]);
	virConnectClose(lister->connection);
	lister->connection = NULL;
}

/* By libvirt's virDomainState. */
static const enum vm_state states[] = {
	[VIR_DOMAIN_NOSTATE] = VM_RUNNING,
	[VIR_DOMAIN_RUNNING] = VM_RUNNING,
	[VIR_DOMAIN_BLOCKED] = VM_BLOCKED,
	[VIR_DOMAIN_PAUSED] = VM_PAUSED,
	[VIR_DOMAIN_SHUTDOWN] = VM_SHUTDOWN,
	[VIR_DOMAIN_SHUTOFF] = VM_SHUTOFF,
	[VIR_DOMAIN_CRASHED] = VM_CRASHED,
	[VIR_DOMAIN_PMSUSPENDED] = VM_SUSPENDED,
};

static void add_domain(struct domain_list *list, const virDomainStatsRecord *record)
{
	int n_states = sizeof(states) / sizeof(states[0]), state = -1;
	unsigned id = virDomainGetID(record->dom);
	char uuid[VIR_UUID_STRING_BUFLEN];
	const char *name = virDomainGetName(record->dom);
	struct domain *domain;

	if (!name || virDomainGetUUIDString(record->dom, uuid) < 0)
		return;
	domain = domain_list_add(list, uuid, name);
	if (!domain)
		return;
	if (id != (unsigned)-1) {
		domain->id = id;
		domain->state = VM_RUNNING;
	}
	virTypedParamsGetInt(record->params, record->nparams, "state.state", &state);
	if (state >= 0 && state < n_states)
		domain->state = states[state];
}

static bool needs_xml(struct libvirt_thread *thread, const struct domain *domain, uint64_t now_ns)
{
	bool needed;

	pthread_mutex_lock(&thread->lock);
	needed = domain_needs_xml(domain, domain_list_find(thread->list, domain->uuid), now_ns);
	pthread_mutex_unlock(&thread->lock);
	return needed;
}

/* A domain that is gone by now keeps what was known of it until the next list, without it. */
static void read_xml(struct libvirt_thread *thread, struct domain *domain, virDomainPtr dom)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	char *text;

	if (!needs_xml(thread, domain, now_ns))
		return;
	text = virDomainGetXMLDesc(dom, 0);
	if (!text)
		return;
	if (domain_xml_parse(text, &domain->xml) == 0) {
		domain->xml_ns = now_ns;
		domain->persistent = virDomainIsPersistent(dom) == 1;
	}
	free(text);
}

static void fill_list(struct libvirt_thread *thread, struct domain_list *list,
	virDomainStatsRecordPtr *records, int n)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	for (int i = 0; i < n; i++)
		add_domain(list, records[i]);
	domain_list_sort(list);
	for (int i = 0; i < n; i++) {
		struct domain *domain = NULL;

		if (virDomainGetUUIDString(records[i]->dom, uuid) == 0)
			domain = domain_list_find(list, uuid);
		if (domain && !domain->xml)
			read_xml(thread, domain, records[i]->dom);
	}
}

/* Why a call has failed, which none should. */
static void explain_call(virConnectPtr connection, struct libvirt_failure *ret)
{
	libvirt_explain(virGetLastError(), ret);
	if (virConnectIsAlive(connection) == 1)
		return;
	snprintf(ret->cause, sizeof(ret->cause),
		"libvirtd has closed the connection, or does not answer");
	ret->remedy = "it is tried again";
}

static int make_list(
	struct lister *lister, struct domain_list **ret, struct libvirt_failure *failure)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	virDomainStatsRecordPtr *records = NULL;
	struct domain_list *list;
	int n = virConnectGetAllDomainStats(
		lister->connection, VIR_DOMAIN_STATS_STATE, &records, 0);

	if (n < 0) {
		explain_call(lister->connection, failure);
		return -EIO;
	}
	list = domain_list_new((size_t)n);
	if (!list) {
		snprintf(failure->cause, sizeof(failure->cause), "out of memory");
		failure->remedy = "free some";
		virDomainStatsRecordListFree(records);
		return -ENOMEM;
	}
	list->taken_ns = now_ns;
	fill_list(lister->thread, list, records, n);
	virDomainStatsRecordListFree(records);
	*ret = list;
	return 0;
}

static bool has_active(const struct domain_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->domains[i].id >= 0)
			return true;
	return false;
}

static void publish_list(struct lister *lister, struct domain_list *list)
{
	struct libvirt_thread *thread = lister->thread;
	struct domain_list *before;

	pthread_mutex_lock(&thread->lock);
	before = thread->list;
	domain_list_inherit(list, before);
	thread->list = list;
	thread->up = true;
	thread->answered_ns = clock_ns(CLOCK_MONOTONIC);
	if (!has_active(list))
		thread->first_done = true;
	else if (lister->with_statistics)
		monitors_ask(thread);
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	domain_list_free(before);
}

static void publish_failure(struct libvirt_thread *thread, const struct libvirt_failure *failure)
{
	pthread_mutex_lock(&thread->lock);
	thread->up = false;
	thread->failure = *failure;
	thread->first_done = true;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
}

static void poll_once(struct lister *lister)
{
	struct libvirt_failure failure = { 0 };
	struct domain_list *list;

	if (dial(lister, &failure) == 0 && make_list(lister, &list, &failure) == 0) {
		lister->pause_ns = lister->retry_ns = 0;
		publish_list(lister, list);
		return;
	}
	publish_failure(lister->thread, &failure);
	hang_up(lister);
	lister->pause_ns = lister->pause_ns ? 2 * lister->pause_ns : PAUSE_MIN_NS;
	if (lister->pause_ns > PAUSE_MAX_NS)
		lister->pause_ns = PAUSE_MAX_NS;
	lister->retry_ns = clock_ns(CLOCK_MONOTONIC) + lister->pause_ns;
}

static bool is_tick_due(const struct lister *lister, uint64_t now_ns)
{
	return lister->thread->wanted && now_ns >= lister->asked_ns + lister->thread->spacing_ns;
}

/* When to call libvirt, or to look again whether to; the lock is held. */
static uint64_t next_turn_ns(const struct lister *lister, uint64_t now_ns)
{
	struct libvirt_thread *thread = lister->thread;
	uint64_t watch_ns;

	if (lister->retry_ns)
		return lister->retry_ns;
	if (thread->hinted || is_tick_due(lister, now_ns))
		return now_ns;
	watch_ns = monitors_watch(thread);
	if (thread->wanted && lister->asked_ns + thread->spacing_ns < watch_ns)
		return lister->asked_ns + thread->spacing_ns;
	return watch_ns;
}

/* Whether it is time, and for what; the lock is held. */
static bool take_turn(struct lister *lister, uint64_t now_ns)
{
	struct libvirt_thread *thread = lister->thread;
	bool tick_due = is_tick_due(lister, now_ns);

	if (now_ns < lister->retry_ns || !(lister->retry_ns || thread->hinted || tick_due))
		return false;
	lister->with_statistics = tick_due;
	if (tick_due) {
		lister->asked_ns = now_ns;
		thread->wanted = false;
	}
	thread->hinted = false;
	return true;
}

/* False when the thread is to end. */
static bool await_turn(struct lister *lister, struct runner *runner)
{
	struct libvirt_thread *thread = lister->thread;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	bool stop;

	pthread_mutex_lock(&thread->lock);
	runner->busy_ns = 0;
	while (!thread->stop && !take_turn(lister, now_ns)) {
		libvirt_thread_wait(thread, next_turn_ns(lister, now_ns));
		now_ns = clock_ns(CLOCK_MONOTONIC);
	}
	runner->busy_ns = now_ns;
	stop = thread->stop;
	pthread_mutex_unlock(&thread->lock);
	return !stop;
}

void lister_run(struct runner *runner)
{
	struct lister lister = { .thread = runner->thread };

	while (await_turn(&lister, runner))
		poll_once(&lister);
	hang_up(&lister);
}
