/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is beyond a threshold, and which sources are down. Knows no terminal. */
#ifndef TUI_ALERTS_H
#define TUI_ALERTS_H

#include "sink/threshold.h"
#include "sink/tui/list.h"

struct alert {
	const struct source_status *source; /* that is down; NULL: the rest holds */
	enum scope scope;
	struct item item;
	struct column column;
	struct value value;
	double limit; /* that it is beyond */
	enum level level;
	size_t index; /* place before sorting */
	double excess; /* how many times the limit it is, what they are ordered by */
};

/* Zero-initialise, then alerts_done(). */
struct alerts {
	struct alert *alert;
	size_t n, capacity;
	struct list
		list; /* a row for each, in the same order: which is selected, how far scrolled */
};

void alerts_done(struct alerts *alerts);

/*
 * Of a snapshot, the worst first: sources that are down, since what they would tell is unknown,
 * what is critical, what is a warning. The selection follows what is selected. -ENOMEM.
 */
int alerts_fill(struct alerts *alerts, const struct snapshot *snap);

/* NULL where there is none. */
const struct alert *alerts_selected(const struct alerts *alerts);

#endif
