/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.h - files by size, in buckets as wide as a sixteenth of the power of two below
 * them: of a constant number, and fine enough to choose a size from.
 */
#ifndef CLI_HISTOGRAM_H
#define CLI_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 976u

/* The bucket of a size: below HISTOGRAM_BUCKETS. */
static inline unsigned int histogram_bucket(uint64_t bytes)
{
	unsigned int shift;

	if (bytes < 16)
		return (unsigned int)bytes;
	shift = 59 - (unsigned int)__builtin_clzll(bytes);
	return 16 * shift + (unsigned int)(bytes >> shift);
}

/* The least size in a bucket. The next bucket's least is its end. */
static inline uint64_t histogram_from(unsigned int bucket)
{
	if (bucket < 32)
		return bucket;
	return (16ull + bucket % 16) << (bucket / 16 - 1);
}

#endif
