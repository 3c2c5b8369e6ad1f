/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.h - latencies, in buckets of at most 1.6 % width, for percentiles.
 */
#ifndef PROBE_HISTOGRAM_H
#define PROBE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 64 /* buckets for each power of two */

struct histogram {
	uint64_t count;
	uint64_t buckets[40 * HISTOGRAM_STEPS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* The value below which so many percent lie, in ns; 0 if nothing was added. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
