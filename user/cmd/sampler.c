/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the life of the collectors, and the taking of a snapshot. */
#include "cmd/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/privilege.h"
#include "cmd/cmd.h"
#include "cmd/rights.h"
#include "vmbpf/collector.h"

/* One collector, in use. */
struct feed {
	const struct collector *collector;
	void *state;
	int err; /* 0 while it is open */
	char why[256];
};

struct sampler {
	struct feed *feeds;
	unsigned n_feeds;
};

/* What the exit status tells of a source that vmbpf cannot do without. */
static int status_of(int err)
{
	static const struct {
		int err, status;
	} known[] = {
		{ -EPERM, EX_NOPERM },
		{ -EACCES, EX_NOPERM },
		{ -ENOMEM, EX_OSERR },
		{ -EMFILE, EX_OSERR },
		{ -ENFILE, EX_OSERR },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].err == err)
			return known[i].status;
	return EX_UNAVAILABLE;
}

static void open_feed(const struct config *config, struct feed *feed)
{
	const char *why = NULL;

	feed->err = feed->collector->open(config, &feed->state, &why);
	if (feed->err && (!why || feed->err == -ENOMEM))
		snprintf(feed->why, sizeof(feed->why), "cannot open the source '%s': %s",
			feed->collector->name, strerror(-feed->err));
	else if (feed->err)
		snprintf(feed->why, sizeof(feed->why), "%s", why);
}

/* 0 unless a required source is missing. */
static int open_feeds(const struct config *config, bool tolerant, struct sampler *sampler)
{
	for (unsigned i = 0; i < sampler->n_feeds; i++) {
		struct feed *feed = &sampler->feeds[i];

		open_feed(config, feed);
		if (!feed->err || tolerant)
			continue;
		if (feed->collector->required) {
			log_error("%s", feed->why);
			return status_of(feed->err);
		}
		log_warning("%s", feed->why);
	}
	return 0;
}

static void start_feeds(struct sampler *sampler)
{
	for (unsigned i = 0; i < sampler->n_feeds; i++) {
		struct feed *feed = &sampler->feeds[i];

		if (feed->err || !feed->collector->start)
			continue;
		feed->err = feed->collector->start(feed->state);
		if (!feed->err)
			continue;
		feed->collector->close(feed->state);
		snprintf(feed->why, sizeof(feed->why), "cannot start what asks the source '%s': %s",
			feed->collector->name, strerror(-feed->err));
		log_warning("%s", feed->why);
	}
}

static struct sampler *sampler_new(void)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));
	unsigned n = 0;

	while (collectors[n])
		n++;
	if (!sampler)
		return NULL;
	sampler->feeds = calloc(n + 1, sizeof(*sampler->feeds));
	if (!sampler->feeds) {
		free(sampler);
		return NULL;
	}
	for (; sampler->n_feeds < n; sampler->n_feeds++) {
		struct feed *feed = &sampler->feeds[sampler->n_feeds];

		feed->collector = collectors[sampler->n_feeds];
		feed->err = -ENODATA; /* not opened yet */
	}
	return sampler;
}

int sampler_open(const struct config *config, bool tolerant, struct sampler **ret)
{
	struct sampler *sampler = sampler_new();
	sigset_t all, before;
	int status;

	if (!sampler) {
		log_error("out of memory");
		return EX_OSERR;
	}
	privilege_raise_limits();
	/* Threads inherit this: signals are for the main one, whose waits they end. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	status = open_feeds(config, tolerant, sampler);
	if (!status)
		status = rights_drop(config);
	if (!status)
		start_feeds(sampler);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (status) {
		sampler_close(sampler);
		return status;
	}
	*ret = sampler;
	return 0;
}

/* In reverse, so that what was opened for others outlives them. */
void sampler_close(struct sampler *sampler)
{
	if (!sampler)
		return;
	while (sampler->n_feeds--) {
		struct feed *feed = &sampler->feeds[sampler->n_feeds];

		if (!feed->err)
			feed->collector->close(feed->state);
	}
	free(sampler->feeds);
	free(sampler);
}

const char *sampler_missing(const struct sampler *sampler, int *status)
{
	for (unsigned i = 0; i < sampler->n_feeds; i++) {
		const struct feed *feed = &sampler->feeds[i];

		if (!feed->err || !feed->collector->required)
			continue;
		*status = status_of(feed->err);
		return feed->why;
	}
	return NULL;
}

struct snapshot *sampler_take(struct sampler *sampler, const struct snapshot *before, double tick_s)
{
	struct snapshot *snap = snapshot_new();

	if (!snap)
		return NULL;
	snap->mono_ns = clock_ns(CLOCK_MONOTONIC);
	snap->boot_ns = clock_ns(CLOCK_BOOTTIME);
	snap->real_ns = clock_ns(CLOCK_REALTIME);
	snap->host.tick_s = tick_s;
	for (unsigned i = 0; i < sampler->n_feeds; i++) {
		struct feed *feed = &sampler->feeds[i];

		if (feed->err)
			snapshot_source(snap, feed->collector->name, false, feed->why);
		else
			feed->collector->collect(feed->state, snap);
	}
	snapshot_finish(snap, before);
	return snap;
}
