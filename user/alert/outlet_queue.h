/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records that wait for one outlet, oldest first, some of which are being delivered. */
#ifndef ALERT_OUTLET_QUEUE_H
#define ALERT_OUTLET_QUEUE_H

#include "alert/outlet.h"

struct waiting_record {
	struct shared_record *record; /* a reference */
	uint64_t pushed_ns;
};

/* Zero-initialise. Not locked. */
struct outlet_queue {
	struct waiting_record waiting[OUTLET_QUEUE_MAX];
	size_t n;
	size_t n_busy; /* the first ones, which are being delivered: nobody may drop them */
};

/*
 * All that drop something return how many records were dropped that count, which refreshes do not.
 */

/* Takes a reference. Where there is no room, refreshes go first, then the oldest. */
size_t queue_push(struct outlet_queue *queue, struct shared_record *record, uint64_t now_ns);

/* Those that have been there for so long. None may be busy. */
size_t queue_drop_old(struct outlet_queue *queue, uint64_t now_ns, uint64_t age_ns);

size_t queue_drop_all(struct outlet_queue *queue);

/* Marks the oldest ones as busy, `most` of them at most, and lists them. Returns how many. */
size_t queue_take(struct outlet_queue *queue, size_t most, const struct alert_record **ret);

/*
 * Removes those of the busy ones that were delivered or refused. None is busy then. How many of
 * them count is added to the counts.
 */
void queue_settle(struct outlet_queue *queue, const enum delivery *results, uint64_t *delivered,
	uint64_t *dropped);

/* How many wait that count. */
size_t queue_length(const struct outlet_queue *queue);

#endif
