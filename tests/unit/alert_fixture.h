/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of alerts' texts and outlets share: a record like a real one. */
#ifndef TESTS_ALERT_FIXTURE_H
#define TESTS_ALERT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/outlet.h"
#include "base/clock.h"

#define SECOND NSEC_PER_SEC
#define MSEC NSEC_PER_MSEC

/* 2026-01-31T12:00:00Z */
#define FIXTURE_REAL_NS (1769860800 * SECOND)

static inline struct alert_record fixture_record(void)
{
	return (struct alert_record){
		.state = ALERT_FIRING,
		.severity = SEVERITY_CRITICAL,
		.scope = SCOPE_VCPU,
		.alert = "VmReady",
		.host = "hv01",
		.vm = "web 1",
		.uuid = "6f1c9b54-0d3e-4b53-8a53-2f9a4c1f0a11",
		.key_name = "vcpu",
		.key = "1",
		.metric = "vcpu.ready_percent",
		.relation = ">",
		.value = 23.4,
		.threshold = 10,
		.value_text = "23.4 %",
		.threshold_text = "10.0 %",
		.real_ns = FIXTURE_REAL_NS + 123456789,
		.interval_ns = SECOND,
		.since_ns = FIXTURE_REAL_NS - 60 * SECOND,
		.fired_ns = FIXTURE_REAL_NS,
		.for_ns = 60 * SECOND,
		.cause = "db-2 holds its CPU",
		.suggestion = "move one of them",
	};
}

/* To be dropped. */
static inline struct shared_record *fixture_share(const char *alert, enum occasion occasion)
{
	struct alert_record record = fixture_record();
	struct shared_record *shared;

	record.alert = alert;
	record.occasion = occasion;
	shared = record_share(&record);
	assert_non_null(shared);
	return shared;
}

static inline void fixture_push(struct outlet *outlet, const char *alert)
{
	struct shared_record *shared = fixture_share(alert, OCCASION_CHANGE);

	outlet_push(outlet, shared);
	record_drop(shared);
}

/* Longer than anything here takes, even where every instruction is checked. */
static inline uint64_t fixture_deadline(void)
{
	return clock_ns(CLOCK_MONOTONIC) + 60 * SECOND;
}

/* Until so many were delivered. */
static inline void fixture_await_delivered(struct outlet *outlet, uint64_t n)
{
	struct outlet_counts counts;

	do {
		sched_yield();
		outlet_count(outlet, &counts);
	} while (counts.delivered < n);
}

/* Until something is wrong. Returns what. */
static inline struct outlet_counts fixture_await_trouble(struct outlet *outlet)
{
	struct outlet_counts counts;

	do {
		sched_yield();
		outlet_count(outlet, &counts);
	} while (counts.trouble[0] == '\0');
	return counts;
}

/* A new folder of the test's own; all others may look into it. To be removed and freed. */
static inline char *fixture_folder(void)
{
	char *folder = strdup("/tmp/vmbpf-alert-XXXXXX");

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	return folder;
}

static inline void fixture_remove(char *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	free(folder);
}

/* Lets it deliver all that waits, and ends it. */
static inline struct outlet_counts fixture_end(struct outlet *outlet)
{
	struct outlet_counts counts;

	outlet_free(outlet, fixture_deadline(), &counts);
	return counts;
}

#endif
