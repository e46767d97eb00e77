/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a number did over a whole run: its largest value, its percentiles, how long it was beyond.
 */
#ifndef ALERT_TALLY_H
#define ALERT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A histogram whose buckets are about 2 % wide, kept only where there are values. Zero-initialise,
 * then tally_done().
 */
struct tally {
	double max; /* of no meaning while n is 0 */
	uint64_t n; /* values; those that no bucket has were not above 0 */
	uint64_t measured_ns, above_ns;
	uint32_t *counts; /* of the buckets from `first` on */
	int first;
	unsigned n_counts;
};

void tally_done(struct tally *tally);

/* One value that held for so long. One that is not a number is passed over. */
void tally_add(struct tally *tally, double value, uint64_t ns, bool above);

/* The value that `percent` of all are not above, exact to 2 %; NAN without any. */
double tally_percentile(const struct tally *tally, double percent);

#endif
