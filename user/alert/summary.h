/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was seen in a whole run, VM by VM, with conclusions and measures in plain words. */
#ifndef ALERT_SUMMARY_H
#define ALERT_SUMMARY_H

#include <stdio.h>

#include "alert/rule.h"
#include "alert/tally.h"

/* One rule and one VM (NULL: the host). */
struct summary_row {
	const char *vm, *uuid;
	const struct rule *rule;
	struct column column; /* of the rule's first comparison */
	const char *relation; /* of that comparison: ">"; NULL: the same */
	double threshold; /* and its number; NAN where there is none */
	const struct tally *tally; /* n is 0 where nobody measured it; above_ns: that it held */
	uint64_t n_alerts; /* times it fired */
	bool firing; /* at the end */
	const char *cause, *suggestion; /* of the last time it fired, NULL: never */
};

struct summary {
	const struct summary_row *rows;
	size_t n;
	uint64_t n_ticks, seconds; /* how long all that took */
	uint64_t n_left_out; /* VMs and parts of VMs that there was no room for */
	bool utf8, colour;
};

/* 0 or -errno of the first failed write. */
int summary_print(FILE *out, const struct summary *summary);

#endif
