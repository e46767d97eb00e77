/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where alerts go. Each outlet has a thread, a bounded queue, its own retries and its own count of
 * what was dropped, so that none delays another, and none a tick.
 */
#ifndef ALERT_OUTLET_H
#define ALERT_OUTLET_H

#include <stdatomic.h>

#include "alert/record.h"

#define OUTLET_QUEUE_MAX 256
#define OUTLET_WHY_MAX 200
#define OUTLET_BATCH_MAX 64

/* What a delivery came to. */
enum delivery {
	DELIVERED,
	DELIVERY_RETRY, /* later, it may go */
	DELIVERY_REFUSED, /* never: it is dropped */
	DELIVERY_BROKEN, /* nor will any other; errno says why */
};

/* A kind of outlet: one file each. All functions but close() run in the outlet's thread. */
struct outlet_type {
	const char *name; /* "webhook" */
	unsigned batch; /* records at most in one delivery, up to OUTLET_BATCH_MAX */
	bool wants_refreshes; /* OCCASION_REFRESH too */
	/*
	 * Blocks for ten seconds at most (a program that has to be ended: for twelve), and returns
	 * soon when *stop becomes true. `why` is empty
	 * at first; unless it delivered, it then says what happened, in words for people. It may
	 * also say what is wrong though it delivered. A batch is delivered as a whole or not at
	 * all.
	 */
	enum delivery (*deliver)(void *state, const struct alert_record *const *records, size_t n,
		const atomic_bool *stop, char why[static OUTLET_WHY_MAX]);
	/*
	 * Instead of deliver(), for types whose batches may succeed in part: results[i] is what
	 * became of records[i].
	 */
	void (*deliver_each)(void *state, const struct alert_record *const *records, size_t n,
		const atomic_bool *stop, enum delivery *results, char why[static OUTLET_WHY_MAX]);
	void (*reopen)(void *state); /* what was moved away is made anew; may be NULL */
	void (*close)(void *state); /* frees the state; may be NULL */
};

/*
 * An OCCASION_REFRESH is in none of these: its loss is made good by the next one. Of all others,
 * delivered + dropped + waiting is what was pushed, at any time.
 */
struct outlet_counts {
	uint64_t delivered, dropped, retries; /* records, records, attempts */
	size_t waiting; /* what is being delivered is among them */
	char trouble[OUTLET_WHY_MAX]; /* why the last attempt failed; empty: it did not */
	int broken; /* as outlet_broken(), but also what the end of it came to */
};

struct outlet;

/*
 * `label` says which one it is, safe to print ("https://host/path"). Takes the state over. NULL
 * without memory; the state is closed then, too.
 */
struct outlet *outlet_new(const struct outlet_type *type, const char *label, void *state);

/*
 * The same for who opens one: 0 with *ret, or -ENOMEM with that in `why`, which the other returns,
 * too.
 */
int outlet_make(const struct outlet_type *type, const char *label, void *state, struct outlet **ret,
	char why[static OUTLET_WHY_MAX]);
int outlet_no_memory(char why[static OUTLET_WHY_MAX]);

/* When it is tried again. */
struct outlet_timing {
	uint64_t first_ns; /* after the first failure; from then on twice as long each time */
	uint64_t most_ns; /* but not longer */
	uint64_t give_up_ns; /* how long after it was pushed a record may be tried again */
};

/* With other times than those below. */
struct outlet *outlet_new_timed(const struct outlet_type *type, const char *label, void *state,
	const struct outlet_timing *timing);

/* Starts the thread, once rights are given up. It keeps no capability. 0 or -errno. */
int outlet_start(struct outlet *outlet);

/*
 * Never blocks. The outlet holds a reference of its own. Records that wait are dropped from the
 * oldest on when there are too many, refreshes before all others. What cannot be delivered is tried
 * again after 1, 2, 4... at most 30 s, or somewhat sooner so that not all come at once, for five
 * minutes. A type without wants_refreshes is not told of refreshes.
 */
void outlet_push(struct outlet *outlet, struct shared_record *record);

/*
 * Waits until that time (CLOCK_MONOTONIC) for room for one more record, so that none is dropped for
 * it: for alerts of a recording, which come as fast as it can be read. True when there is room, or
 * the outlet fails, which is not waited for.
 */
bool outlet_wait_for_room(struct outlet *outlet, uint64_t until_ns);

/* Asks for reopen() before the next delivery. */
void outlet_reopen(struct outlet *outlet);

void outlet_count(struct outlet *outlet, struct outlet_counts *ret);
const char *outlet_name(const struct outlet *outlet); /* of its type */
const char *outlet_label(const struct outlet *outlet);

/*
 * 0, or the -errno after which nothing is tried any more: -EPIPE when the reader of standard output
 * is gone. All that is pushed is dropped then.
 */
int outlet_broken(const struct outlet *outlet);

/*
 * Ends the outlet: what waits is delivered until that time (CLOCK_MONOTONIC), beginning with an
 * attempt at once, and dropped then. *ret, which may be NULL, is the final count. Accepts NULL.
 */
void outlet_free(struct outlet *outlet, uint64_t deadline_ns, struct outlet_counts *ret);

#endif
