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

/* When something was, by both clocks: others are told the same time for as long as it is told. */
struct moment {
	uint64_t mono_ns; /* CLOCK_MONOTONIC, as all times without another word */
	uint64_t real_ns; /* CLOCK_REALTIME */
};

/* All zero is a machine that nothing is known of yet. */
struct machine {
	enum machine_state state;
	bool was_firing; /* when data ended: it is not over, since nobody saw it end */
	bool flapping;
	struct moment known; /* when it was known last; mono_ns 0: never */
	struct moment since; /* when the condition began to hold */
	struct moment fired; /* when it began to fire last */
	struct moment lost; /* when there was data last, before there was none */
	uint64_t held_ns; /* when it held last */
	uint64_t changes_ns[FLAP_CHANGES + 1]; /* the last ones between firing and not, a ring */
	unsigned n_changes; /* ever */
};

/* Whether it is firing as far as anybody knows, so that `hold` and not `start` decides. */
bool machine_fires(const struct machine *machine);

/* One look at the condition of a rule. */
struct look {
	enum truth truth;
	struct moment now;
	uint64_t nodata_ns; /* data that is missing for longer is a state of its own */
	uint64_t early_ns; /* by which a tick may come too early to be counted as on time */
	bool at_once; /* it fires without waiting */
};

/*
 * Whether the condition goes on to hold while data is missing, nobody knows, so that what is
 * pending begins anew.
 */
void machine_step(struct machine *machine, const struct rule *rule, const struct look *look);

/* There is nothing left to look at. */
void machine_end(struct machine *machine, uint64_t now_ns);

#endif
