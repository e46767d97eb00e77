/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine keeps of everything that rules are held against. Its own files only. */
#ifndef ALERT_TARGET_H
#define ALERT_TARGET_H

#include "alert/account.h"
#include "alert/machine.h"
#include "alert/record.h"
#include "base/table.h"

/* What the receivers believe. */
enum told {
	TOLD_NOTHING,
	TOLD_FIRING,
	TOLD_LOST, /* it was firing, and there is no data any more */
	TOLD_NODATA, /* there is no data any more */
	TOLD_NODATA_OF_MANY, /* the same, together with others */
	N_TOLDS
};

/* One rule, held against one entity. */
struct instance {
	const struct rule *rule;
	size_t rule_number;
	struct machine machine;
	struct window *windows; /* those of rule->hold */
	struct account *account; /* NULL: none is kept */
	bool measured; /* the number that the rule is about has been known once */
	const struct node *test; /* the comparison that decided last */
	double value; /* and what it compared */
	enum told told;
	bool told_flapping;
	uint64_t told_ns; /* CLOCK_MONOTONIC, as is the next */
	uint64_t refreshed_ns;
	char *cause, *suggestion; /* of when it fired; NULL: not known */
};

/* An entity that rules are held against. Names are its own copies. */
struct target {
	struct target *next;
	enum scope scope;
	uint64_t identity; /* see sink/identity.h */
	uint64_t by_process; /* the same by its process, 0 without one */
	char *vm, *uuid, *key; /* NULL where there is none */
	pid_t pid; /* of the VM */
	uint64_t start_ns; /* of the VM, CLOCK_BOOTTIME */
	uint64_t tick; /* number of the one that it was seen in last */
	bool restored; /* from a saved state, and not seen yet */
	bool accounted; /* its accounts are open, or there was no room for them */
	struct item item; /* while that is the present tick */
	const char *end_reason; /* why there is nothing to look at, NULL: there is */
	size_t n;
	struct instance instances[];
};

struct targets {
	struct target *first, **last;
	struct table by_identity;
	struct target *expected; /* they come in the same order at each tick */
	size_t n;
};

void targets_init(struct targets *targets);
void targets_done(struct targets *targets);

/* The target of an entity, by its UUID or, where that has become known only now, its process. */
struct target *targets_find(struct targets *targets, enum scope scope, const struct item *item);

/* A target with an instance for each rule of that scope, at the end of the list. */
struct target *targets_add(
	struct targets *targets, const struct rules *rules, enum scope scope, uint64_t identity);

/* What the entity is called now. */
void target_update(struct targets *targets, struct target *target, const struct item *item);

/* Takes out those that have ended, whose tick is not that one, and of which nothing is to be told.
 */
void targets_remove_ended(struct targets *targets, uint64_t tick);

#endif
