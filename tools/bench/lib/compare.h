/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares the variants under one load: end to end by the clock, and inside the programs by the
 * kernel's own statistics.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include <stdbool.h>

#include "lib/row.h"
#include "lib/variant.h"

/* One measurement of a load, or -errno. */
typedef int measure_fn(void *state, double *ret_ns);

/* What a load is and what is said about it. Rows are [enum variant]; one without text is left out.
 */
struct comparison {
	const char *title;
	enum events events;
	int tap; /* as for variant_become_vm() */
	pid_t holder; /* the thread of the load that is set apart, where rows say so */
	measure_fn *measure;
	void *state;
	/* NULL-terminated. Where vmbpf has no program it is compared with the load itself. */
	const char *const *empty_programs, *const *our_programs;
	struct row by_clock[N_VARIANTS]; /* NOTHING: the load itself, others: added to it */
	struct row by_statistics[N_VARIANTS];
};

/*
 * In each round every variant once, in an order of chance, and only what was measured in the same
 * round is compared. For measure_repeatedly(); `state` is a struct comparison. Ends the program
 * when the kernel refuses.
 */
enum verdict compare(void *state);

/*
 * Nanoseconds of one run of programs of this process, by name, under that load; 0 when there was
 * none. For while statistics are on; -errno.
 */
int measure_runs(const char *const *names, measure_fn *measure, void *state, double *ret);

/*
 * Compares a program with the empty one by their measure_runs() in each round. A round without a
 * run is a failure.
 */
void row_compare_runs(
	struct row *row, const double *run_ns, const double *empty_ns, unsigned n_rounds);

void comparison_print(const struct comparison *comparison);

#endif
