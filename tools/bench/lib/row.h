/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One measurement, what it says about its limit, and the row of the Markdown table that shows it.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdbool.h>

#include "lib/stats.h"

enum verdict { NO_GATE, PASSED, INCONCLUSIVE, FAILED };

enum gate { GATE_NONE, RATIO_AT_MOST, RATIO_AT_LEAST, VALUE_AT_MOST };

struct row {
	char what[96]; /* "": no row */
	const char *remark; /* why it failed, or NULL */
	struct spread value;
	const char *unit;
	int decimals; /* of the value */
	struct spread ratio; /* to what the table compares with; not shown unless positive */
	enum gate gate;
	double limit;
	enum verdict verdict;
};

/*
 * Passed when the median keeps the limit, failed when not even the better quartile does; between
 * these, and when the machine was too noisy, inconclusive.
 */
void row_judge(struct row *row, bool noisy);

/* A program that did not run has cost nothing: that is a failure, whatever was measured. */
void row_fail(struct row *row, const char *why);

void rows_print_head(const char *title, const char *compared_with);
void row_print(const struct row *row);

/* Of all rows; NO_GATE where none has a gate. */
enum verdict rows_worst(const struct row *rows, unsigned n);

#define ATTEMPTS 3

/*
 * Measures again, at most ATTEMPTS times in all, while the verdict is "failed" or "inconclusive".
 * The last one counts; returns the exit status of the program.
 */
int measure_repeatedly(enum verdict (*measure)(void *state), void *state);

#endif
