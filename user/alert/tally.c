/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns the histogram of a number: buckets within each power of two are equally wide, so that the
 * exponent and the leading bits of a number say which is its own, without a logarithm.
 */
#include "alert/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many buckets to a power of two, the widest of which is 1/32 of its least number. */
#define PER_OCTAVE 32

/* Numbers of the catalogue are within these; what is not is counted as one of these. */
#define LEAST 1e-12
#define LARGEST 1e18

void tally_done(struct tally *tally)
{
	free(tally->counts);
	*tally = (struct tally){ 0 };
}

/* Of a number above 0. */
static int bucket_of(double value)
{
	int exponent;
	double mantissa = frexp(fmin(fmax(value, LEAST), LARGEST), &exponent);

	return exponent * PER_OCTAVE + (int)((mantissa - 0.5) * 2 * PER_OCTAVE);
}

/* The power of two that the bucket is in. */
static int octave_of(int bucket)
{
	return bucket >= 0 ? bucket / PER_OCTAVE : -((PER_OCTAVE - 1 - bucket) / PER_OCTAVE);
}

/* Its middle: no number in it is farther from there than 1.6 % of itself. */
static double middle_of(int bucket)
{
	int exponent = octave_of(bucket);
	int rest = bucket - exponent * PER_OCTAVE;

	return ldexp(0.5 + (rest + 0.5) / (2 * PER_OCTAVE), exponent);
}

/* Whole octaves, so that numbers that wander do not make it grow each time. */
static bool make_room(struct tally *tally, int bucket)
{
	int first = octave_of(bucket) * PER_OCTAVE, end = first + PER_OCTAVE;
	uint32_t *counts;

	if (tally->n_counts) {
		int last_end = tally->first + (int)tally->n_counts;

		first = tally->first < first ? tally->first : first;
		end = last_end > end ? last_end : end;
	}
	counts = calloc((size_t)(end - first), sizeof(*counts));
	if (!counts)
		return false;
	if (tally->n_counts)
		memcpy(counts + (tally->first - first), tally->counts,
			tally->n_counts * sizeof(*counts));
	free(tally->counts);
	tally->counts = counts;
	tally->first = first;
	tally->n_counts = (unsigned)(end - first);
	return true;
}

/* False where that cannot be counted any more. */
static bool count_value(struct tally *tally, double value)
{
	int bucket = bucket_of(value);
	unsigned at = (unsigned)(bucket - tally->first); /* what is below is far above, too */

	if (at >= tally->n_counts) {
		if (!make_room(tally, bucket))
			return false;
		at = (unsigned)(bucket - tally->first);
	}
	if (tally->counts[at] == UINT32_MAX)
		return false;
	tally->counts[at]++;
	return true;
}

void tally_add(struct tally *tally, double value, uint64_t ns, bool above)
{
	if (isnan(value))
		return;
	tally->measured_ns += ns;
	tally->above_ns += above ? ns : 0;
	if (tally->n == 0 || value > tally->max)
		tally->max = value;
	if (value > 0 && !count_value(tally, value))
		return;
	tally->n++;
}

static uint64_t count_above_zero(const struct tally *tally)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < tally->n_counts; i++)
		sum += tally->counts[i];
	return sum;
}

double tally_percentile(const struct tally *tally, double percent)
{
	double rank = fmax(ceil((double)tally->n * percent / 100), 1);
	uint64_t below;

	if (tally->n == 0)
		return NAN;
	if (rank >= (double)tally->n)
		return tally->max;
	below = tally->n - count_above_zero(tally);
	if ((double)below >= rank)
		return fmin(tally->max, 0);
	for (unsigned i = 0; i < tally->n_counts; i++) {
		below += tally->counts[i];
		if ((double)below >= rank)
			return fmin(middle_of(tally->first + (int)i), tally->max);
	}
	return tally->max;
}
