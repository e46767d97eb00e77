/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules, held against one snapshot after the other. All times are those of the snapshots, so that a
 * recording gives the same each time.
 */
#ifndef ALERT_ENGINE_H
#define ALERT_ENGINE_H

#include "alert/record.h"
#include "alert/summary.h"

struct engine;

struct engine_setup {
	const struct rules *rules; /* must outlive the engine */
	const char *const *domains; /* globs, one of which a VM's name matches; n_domains 0: all */
	size_t n_domains;
	bool at_once; /* `for` is not waited for, and windows are the interval of the tick */
	bool accounts; /* keep what engine_summary() tells */
	/* The record and all in it are gone when this returns. */
	void (*emit)(void *context, const struct alert_record *record);
	void *context;
};

struct engine *engine_new(const struct engine_setup *setup); /* NULL without memory */
void engine_free(struct engine *engine); /* accepts NULL */

/*
 * Looks at a snapshot, and tells what is new. Missing data is a state of its own after three ticks
 * and no less than ten seconds.
 */
void engine_tick(struct engine *engine, const struct snapshot *snap);

/* How things stand after the last tick. */
struct engine_status {
	size_t n_vms; /* that are looked at */
	size_t n_firing; /* muted ones included */
	size_t n_nodata;
	enum severity worst; /* of those firing */
	uint64_t changes; /* grows whenever engine_save() would write something else */
};
void engine_status(const struct engine *engine, struct engine_status *ret);

/* A rule that some VMs, or the host, could not be held against up to now. */
struct unmeasured {
	const struct rule *rule;
	const struct metric *metric;
	size_t n; /* VMs (or 1: the host) that nothing is known of */
	size_t n_known; /* and that something is */
	const char *names[3]; /* of the first of them */
};

/* Fills `ret`, which has room for all rules; returns how many there are. */
size_t engine_unmeasured(const struct engine *engine, struct unmeasured *ret);

/*
 * One row for each VM that ran and each rule, in the order in which they were first seen, with
 * `accounts`. Lives as long as the engine and until the next tick.
 */
void engine_summary(struct engine *engine, struct summary *ret);

/*
 * What would be lost with the engine, as JSON, to be freed: what fires, since when, and what has
 * been told of it. NULL without memory.
 */
char *engine_save(const struct engine *engine, size_t *size);

/*
 * Before the first tick: goes on from there, by the clocks as they are now (CLOCK_MONOTONIC and
 * CLOCK_REALTIME). What was pending begins anew, since nobody saw whether it went on. Alerts of
 * rules that are no more or say something else are left out; *n_left counts them. -EINVAL, with
 * `error` saying what is wrong.
 */
#define ENGINE_ERROR_MAX 200
int engine_load(struct engine *engine, const char *text, size_t size, uint64_t mono_ns,
	uint64_t real_ns, size_t *n_left, char error[static ENGINE_ERROR_MAX]);

#endif
