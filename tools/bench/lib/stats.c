/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Robust statistics of few, noisy measurements. */
#include "lib/stats.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_percentile(const double *values, size_t n, double share)
{
	double sorted[STATS_MAX], place = share * (double)(n - 1);
	size_t below = (size_t)place;

	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct spread stats_spread(const double *values, size_t n)
{
	return (struct spread){
		.p25 = stats_percentile(values, n, 0.25),
		.median = stats_percentile(values, n, 0.5),
		.p75 = stats_percentile(values, n, 0.75),
	};
}

struct spread spread_of_one(double value)
{
	return (struct spread){ value, value, value };
}

struct spread stats_differences(const double *a, const double *b, size_t n)
{
	double differences[STATS_MAX];

	for (size_t i = 0; i < n; i++)
		differences[i] = a[i] - b[i];
	return stats_spread(differences, n);
}

struct spread stats_ratios(const double *a, const double *b, size_t n)
{
	double ratios[STATS_MAX];

	for (size_t i = 0; i < n; i++)
		ratios[i] = a[i] / b[i];
	return stats_spread(ratios, n);
}

struct spread spread_scale(struct spread spread, double factor)
{
	return (struct spread){ spread.p25 * factor, spread.median * factor, spread.p75 * factor };
}

void stats_shuffle(unsigned *order, unsigned n)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned other = (unsigned)random() % i, value = order[i - 1];

		order[i - 1] = order[other];
		order[other] = value;
	}
}
