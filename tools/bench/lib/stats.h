/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Robust statistics of few, noisy measurements. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

/* More measurements than any benchmark takes of one thing. */
#define STATS_MAX 1024

struct spread {
	double p25, median, p75;
};

/* The value below which that share (0 to 1) of `values` lies; n from 1 to STATS_MAX. */
double stats_percentile(const double *values, size_t n, double share);
struct spread stats_spread(const double *values, size_t n);

/* Of what could be measured only once. */
struct spread spread_of_one(double value);

/* Of what a and b, measured in the same rounds, differ by; and of a as a multiple of b. */
struct spread stats_differences(const double *a, const double *b, size_t n);
struct spread stats_ratios(const double *a, const double *b, size_t n);

/* Each element times `factor`, which is positive. */
struct spread spread_scale(struct spread spread, double factor);

void stats_shuffle(unsigned *order, unsigned n);

#endif
