/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.c - a bucket's number is the exponent and the first bits of the mantissa.
 */
#include "histogram.h"

#define STEP_BITS 6

static unsigned bucket_of(uint64_t ns)
{
	unsigned shift, bucket;

	if (ns < HISTOGRAM_STEPS)
		return (unsigned)ns;
	shift = 63u - (unsigned)__builtin_clzll(ns) - STEP_BITS;
	bucket = (shift + 1) * HISTOGRAM_STEPS + ((unsigned)(ns >> shift) - HISTOGRAM_STEPS);
	return bucket < 40 * HISTOGRAM_STEPS ? bucket : 40 * HISTOGRAM_STEPS - 1;
}

/* The lowest value of a bucket. */
static uint64_t value_of(unsigned bucket)
{
	unsigned shift;

	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	shift = bucket / HISTOGRAM_STEPS - 1;
	return (uint64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) << shift;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	histogram->count++;
	histogram->buckets[bucket_of(ns)]++;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t below = 0;
	uint64_t want = (uint64_t)((double)histogram->count * percent / 100);

	for (unsigned i = 0; i < 40 * HISTOGRAM_STEPS; i++) {
		below += histogram->buckets[i];
		if (histogram->buckets[i] && below >= want)
			return value_of(i);
	}
	return 0;
}
