/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states that a rule goes through for one entity. Knows no metrics, only truths and times. */
#ifndef ALERT_MACHINE_H
#define ALERT_MACHINE_H

#include "alert/condition.h"
#include "alert/rule.h"

/* More changes between firing and not within an hour are one alert that comes and goes. */
#define FLAP_CHANGES 5
#define FLAP_NS (3600 * NSEC_PER_SEC)

enum machine_state {
	MACHINE_INACTIVE,
	MACHINE_PENDING, /* the condition holds, but not for long enough */
	MACHINE_FIRING,
	MACHINE_NODATA, /* what was known is not known any more */
	N_MACHINE_STATES
};

/* All times are CLOCK_MONOTONIC. All zero is a machine that nothing is known of yet. */
struct machine {
	enum machine_state state;
	bool known; /* the condition has been known once */
	bool was_firing; /* when data ended: it is not over, since nobody saw it end */
	bool flapping;
	uint64_t known_ns; /* when it was known last */
	uint64_t since_ns; /* when the condition began to hold */
	uint64_t held_ns; /* when it held last */
	uint64_t fired_ns; /* when it began to fire last */
	uint64_t changes_ns[FLAP_CHANGES + 1]; /* the last ones between firing and not, a ring */
	unsigned n_changes; /* ever */
};

/* Whether it is firing as far as anybody knows, so that `hold` and not `start` decides. */
bool machine_fires(const struct machine *machine);

/*
 * One look at the condition. With `at_once` it fires without waiting. Data that is missing for
 * longer than nodata_ns is a state of its own; whether the condition goes on to hold meanwhile,
 * nobody knows, so that what is pending begins anew.
 */
void machine_step(struct machine *machine, const struct rule *rule, enum truth truth,
	uint64_t now_ns, uint64_t nodata_ns, bool at_once);

/* There is nothing left to look at. */
void machine_end(struct machine *machine, uint64_t now_ns);

#endif
