/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of an alert: plain data that no longer depends on a snapshot. */
#ifndef ALERT_RECORD_H
#define ALERT_RECORD_H

#include "alert/rule.h"

enum alert_state { ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED, ALERT_NODATA, N_ALERT_STATES };

extern const char *const alert_state_names[N_ALERT_STATES];

/* Why a record is made. */
enum occasion {
	OCCASION_CHANGE, /* another state */
	OCCASION_REPEAT, /* still firing, as the rule's repeat_interval asks */
	/* Nothing new, for receivers that forget what is not told again: firing, or just over. */
	OCCASION_REFRESH,
};

extern const char *const occasion_names[];

/* Names and texts are as somebody chose them: not safe to print. Absent texts are NULL. */
struct alert_record {
	enum alert_state state;
	enum occasion occasion;
	enum severity severity;
	enum scope scope;
	const char *alert; /* name of the rule */
	const char *host;
	const char *vm, *uuid; /* NULL for the host */
	const char *key_name, *key; /* "vcpu" and "1"; NULL for the host and VMs */
	const char *metric; /* of the comparison that decided: "vm.cpu_used_percent" */
	const char *relation; /* ">" */
	double value, threshold; /* in the metric's unit; NAN where there is none */
	const char *value_text, *threshold_text; /* for people, with the unit: "97.2 %" */
	uint64_t real_ns; /* of the tick, as all times of CLOCK_REALTIME */
	uint64_t interval_ns; /* of the tick, 0: unknown */
	/* When the condition began to hold; of ALERT_NODATA, when there was data last. */
	uint64_t since_ns;
	uint64_t fired_ns; /* when it began to fire, 0: it never did */
	uint64_t for_ns; /* of the rule */
	bool flapping; /* it comes and goes too often to be told each time */
	const char *reason; /* why it is over, or why there is no data */
	const char *cause, *suggestion;
	struct pairs labels, annotations; /* of the rule */
};

/*
 * A copy that owns all it points to, shared by those who hold a reference. The last one to let go
 * frees it, in whatever thread. NULL without memory.
 */
struct shared_record;
struct shared_record *record_share(const struct alert_record *record);
struct shared_record *record_hold(struct shared_record *shared);
void record_drop(struct shared_record *shared); /* accepts NULL */
const struct alert_record *record_of(const struct shared_record *shared);

#endif
