/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantiles of the run-latency histograms. */
#include <math.h>

#include "collect/kernel/kernel.h"

/* Seconds at the upper edge of a bucket: no wait counted in it was longer. */
static double upper_edge(unsigned bucket)
{
	return (double)(1ull << (bucket + VMB_LATENCY_SHIFT + 1)) * 1e-9;
}

/* The upper edge of the bucket that holds the quantile, so it is never too low and at most twice
 * too high. */
static double quantile(const uint32_t *buckets, uint64_t total, double q)
{
	uint64_t wanted = (uint64_t)ceil(q * (double)total), seen = 0;
	unsigned bucket = 0;

	for (; bucket < VMB_LATENCY_BUCKETS - 1; bucket++) {
		seen += buckets[bucket];
		if (seen >= wanted)
			break;
	}
	return upper_edge(bucket);
}

void latency_summarise(const uint32_t buckets[static VMB_LATENCY_BUCKETS], uint64_t max_ns,
	struct run_latency *ret)
{
	double max_s = (double)max_ns * 1e-9;
	uint64_t total = 0;

	for (unsigned i = 0; i < VMB_LATENCY_BUCKETS; i++)
		total += buckets[i];
	*ret = (struct run_latency){ NAN, NAN, NAN };
	if (total == 0)
		return;
	ret->p50_s = fmin(quantile(buckets, total, 0.50), max_s);
	ret->p99_s = fmin(quantile(buckets, total, 0.99), max_s);
	ret->max_s = max_s;
}
