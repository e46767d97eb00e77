/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the variants under one load. */
#include "lib/compare.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define CLOCK_ROUNDS 12
#define STATISTICS_ROUNDS 6
#define STATISTICS_VISITS 8
#define QUICK_VISIT 0.2
#define MAX_ROUNDS CLOCK_ROUNDS

struct series {
	double values[N_VARIANTS][MAX_ROUNDS];
};

typedef int visit_fn(const struct comparison *comparison, enum variant variant, double *ret);

static int visit_by_clock(const struct comparison *comparison, enum variant variant, double *ret)
{
	(void)variant;
	return comparison->measure(comparison->state, ret);
}

/* Nanoseconds of one run; 0 when there was none. */
static int measure_run(const char *const *names, measure_fn *measure, void *state, double *ret)
{
	uint64_t ns_before, runs_before, ns, runs;
	double unused;
	int err = program_runs(names, &ns_before, &runs_before);

	if (!err)
		err = measure(state, &unused);
	if (!err)
		err = program_runs(names, &ns, &runs);
	if (!err)
		*ret = runs > runs_before ? (double)(ns - ns_before) / (double)(runs - runs_before)
					  : 0;
	return err;
}

/* Of several, the quick ones: what others do to the caches is not the program's. */
int measure_runs(const char *const *names, measure_fn *measure, void *state, double *ret)
{
	double run_ns[STATISTICS_VISITS];
	int err = 0;

	for (int i = 0; i < STATISTICS_VISITS && !err; i++)
		err = measure_run(names, measure, state, &run_ns[i]);
	if (!err)
		*ret = stats_percentile(run_ns, STATISTICS_VISITS, QUICK_VISIT);
	return err;
}

static int visit_by_statistics(
	const struct comparison *comparison, enum variant variant, double *ret)
{
	const char *const *names =
		variant == EMPTY ? comparison->empty_programs : comparison->our_programs;

	return measure_runs(names, comparison->measure, comparison->state, ret);
}

static int become(
	const struct comparison *comparison, enum variant variant, struct attached *attached)
{
	if (variant == OF_VM)
		return variant_become_vm(attached, comparison->tap);
	return variant_set_apart(attached, variant, comparison->holder);
}

static int visit_variants(const struct comparison *comparison, enum variant variant,
	visit_fn *visit, unsigned round, struct series *series)
{
	struct attached attached;
	int err = variant_enter(variant, comparison->events, &attached);

	if (!err)
		err = visit(comparison, variant, &series->values[variant][round]);
	for (enum variant next = OF_VM; variant == OF_NO_VM && next < N_VARIANTS && !err; next++) {
		if (!comparison->by_clock[next].what[0])
			continue;
		err = become(comparison, next, &attached);
		if (!err)
			err = visit(comparison, next, &series->values[next][round]);
		if (!err && next > OF_VM && !variant_has_blamed(&attached))
			err = -ENODATA;
	}
	variant_leave(&attached);
	return err;
}

/* Ends the program when a variant cannot be measured: nothing could be compared with it. */
static void run_rounds(const struct comparison *comparison, const struct row *rows, visit_fn *visit,
	unsigned n_rounds, struct series *series)
{
	unsigned order[] = { NOTHING, LIGHT, EMPTY, OF_NO_VM };
	const unsigned n = sizeof(order) / sizeof(*order);

	for (unsigned round = 0; round < n_rounds; round++) {
		fprintf(stderr, "bench: %s, round %u of %u\n", comparison->title, round + 1,
			n_rounds);
		stats_shuffle(order, n);
		for (unsigned i = 0; i < n; i++) {
			const struct row *row = &rows[order[i]];
			int err = 0;

			if (row->what[0])
				err = visit_variants(comparison, order[i], visit, round, series);
			if (err)
				errx(EX_UNAVAILABLE, "%s: %s: %s", comparison->title, row->what,
					strerror(-err));
		}
	}
}

/* What runs no program is so near to nothing that it is compared with the load itself. */
static bool runs_nothing(const struct comparison *comparison, enum variant variant)
{
	return variant == LIGHT || !comparison->our_programs;
}

static void compare_by_clock(struct comparison *comparison)
{
	struct row *rows = comparison->by_clock;
	struct series series = { 0 };
	const double *nothing = series.values[NOTHING];
	struct spread empty;
	bool noisy;

	run_rounds(comparison, rows, visit_by_clock, CLOCK_ROUNDS, &series);
	rows[NOTHING].value = stats_spread(nothing, CLOCK_ROUNDS);
	empty = stats_differences(series.values[EMPTY], nothing, CLOCK_ROUNDS);
	noisy = empty.median <= 0 || empty.p75 - empty.p25 > empty.median;
	for (enum variant variant = LIGHT; variant < N_VARIANTS; variant++) {
		const double *values = series.values[variant];
		struct row *row = &rows[variant];

		if (!row->what[0])
			continue;
		row->value = stats_differences(values, nothing, CLOCK_ROUNDS);
		row->ratio = runs_nothing(comparison, variant)
				     ? stats_ratios(values, nothing, CLOCK_ROUNDS)
				     : spread_scale(row->value, 1 / empty.median);
		row_judge(row, noisy && variant != LIGHT);
	}
}

static bool always_ran(const double *run_ns, unsigned n_rounds)
{
	for (unsigned round = 0; round < n_rounds; round++) {
		if (run_ns[round] <= 0)
			return false;
	}
	return true;
}

void row_compare_runs(
	struct row *row, const double *run_ns, const double *empty_ns, unsigned n_rounds)
{
	row->value = stats_spread(run_ns, n_rounds);
	row->ratio = stats_ratios(run_ns, empty_ns, n_rounds);
	row_judge(row, false);
	if (!always_ran(run_ns, n_rounds))
		row_fail(row, "never ran");
}

/* In passes of their own: the statistics cost as much as a program. */
static void compare_by_statistics(struct comparison *comparison)
{
	struct row *rows = comparison->by_statistics;
	int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct series series = { 0 };

	if (statistics < 0)
		err(EX_UNAVAILABLE, "statistics of BPF programs");
	run_rounds(comparison, rows, visit_by_statistics, STATISTICS_ROUNDS, &series);
	close(statistics);
	for (enum variant variant = EMPTY; variant < N_VARIANTS; variant++) {
		if (rows[variant].what[0])
			row_compare_runs(&rows[variant], series.values[variant],
				series.values[EMPTY], STATISTICS_ROUNDS);
	}
}

enum verdict compare(void *state)
{
	struct comparison *comparison = state;
	enum verdict by_clock, by_statistics;

	compare_by_clock(comparison);
	if (comparison->our_programs)
		compare_by_statistics(comparison);
	by_clock = rows_worst(comparison->by_clock, N_VARIANTS);
	by_statistics = rows_worst(comparison->by_statistics, N_VARIANTS);
	return by_clock > by_statistics ? by_clock : by_statistics;
}

static void print_rows(const struct row *rows)
{
	for (enum variant variant = NOTHING; variant < N_VARIANTS; variant++) {
		if (rows[variant].what[0])
			row_print(&rows[variant]);
	}
}

void comparison_print(const struct comparison *comparison)
{
	rows_print_head(comparison->title, comparison->our_programs ? "to empty" : "to nothing");
	print_rows(comparison->by_clock);
	print_rows(comparison->by_statistics);
}
