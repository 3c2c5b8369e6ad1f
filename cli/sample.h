/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sample.h - a sample of the names of a tree that tells whether two scans went over the same
 * files: of the hashes of all paths, the least ones. The sample of two scans together is
 * the least of both samples, and so does not depend on how the tree was cut into parts.
 */
#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Of two lists of any length that share one file in a hundred, 10 files are in both samples. */
#define SAMPLE_SIZE 1024

/* Start from {0}. */
struct sample {
	uint64_t hashes[2 * SAMPLE_SIZE]; /* of 53 bits, which every reader of JSON can hold */
	size_t n;
	uint64_t limit; /* no hash from here on belongs here; 0: any does */
};

/* A name in a folder; both as they are below the share's root. */
void sample_name(struct sample *sample, const char *folder, const char *name);
void sample_hash(struct sample *sample, uint64_t hash);
void sample_merge(struct sample *to, const struct sample *from);

/* Sort it, and leave no more than belongs here. Before it is read or compared. */
void sample_settle(struct sample *sample);

/* How many hashes are in both. Both are settled. */
size_t sample_common(const struct sample *a, const struct sample *b);

#endif
