/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine consists of. Its own files only. */
#ifndef ALERT_ENGINE_PARTS_H
#define ALERT_ENGINE_PARTS_H

#include "alert/engine.h"
#include "alert/evidence.h"
#include "alert/target.h"

struct arena;

/* VMs that a rule has lost its data of at once, and that are told of together. */
struct crowd {
	size_t n_new; /* at the present tick */
	size_t n; /* that still have none */
	bool told;
	uint64_t since_ns; /* CLOCK_REALTIME */
	uint64_t refreshed_ns; /* CLOCK_MONOTONIC */
};

/* What is told once more for a while after it is over, for receivers that might have missed it. */
struct recent {
	struct recent *next;
	uint64_t identity; /* of the target, which may be gone */
	const struct rule *rule;
	struct shared_record *record;
	uint64_t due_ns, end_ns; /* CLOCK_MONOTONIC */
};

struct engine {
	struct engine_setup setup;
	struct targets targets;
	struct ledgers ledgers;
	struct evidence_memory *memory;
	struct arena *arena; /* for one tick */
	struct crowd *crowds; /* by the number of the rule, as is the next */
	size_t *n_firing; /* entities that it fires for at the present tick */
	struct recent *recents, **recents_tail;
	uint32_t scopes; /* that there are rules of */
	uint64_t tick; /* number of the present one, from 1 on */
	uint64_t begun_ns; /* the first one, CLOCK_MONOTONIC */
	uint64_t mono_ns, real_ns; /* the clocks at the last one, or when a state was read */
	uint64_t changes;
	size_t n_vms;
};

/* Tells what the receivers do not know yet. */
void engine_announce(struct engine *engine, const struct snapshot *snap);

#endif
