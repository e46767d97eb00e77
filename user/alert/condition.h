/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the condition of a rule holds for an entity now: yes, no, or nobody knows. */
#ifndef ALERT_CONDITION_H
#define ALERT_CONDITION_H

#include "alert/window.h"

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

/* What a condition is held against. */
struct subject {
	const struct snapshot *snap;
	const struct item *item; /* of the rule's scope */
	enum scope scope;
	struct window *windows; /* of the condition, by their numbers; NULL: the interval alone */
};

/* The comparison that decided, with what it compared; `test` NULL where none of numbers did. */
struct judgement {
	enum truth truth;
	const struct node *test;
	double value; /* NAN: unknown, or nothing happened that it is of */
};

/*
 * Three-valued (Kleene): what is unknown decides nothing that the rest decides. A value that is
 * absent is unknown, and so is one that is older than libvirt's word for its VM may be.
 */
struct judgement condition_check(const struct filter *filter, const struct subject *subject);

/* The first comparison of numbers in it, which there always is. */
const struct node *condition_first_test(const struct filter *filter);

/*
 * The number of a comparison now, its window left aside. False where it is unknown; *ret is NAN
 * where nothing happened in the interval that it is of, so that no comparison with it holds.
 */
bool condition_number(const struct node *test, const struct subject *subject, double *ret);

/* The same of its window, where it has one; a change over the interval alone is unknown. */
bool condition_read(const struct node *test, const struct subject *subject, double *ret);

/* "<", ">=" ... */
const char *condition_relation(const struct node *test);

#endif
