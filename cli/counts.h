/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counts.h - what is added up over files.
 */
#ifndef CLI_COUNTS_H
#define CLI_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include <fsdax/fsdax.h>

/* Sums over some files. */
struct count {
	uint64_t files;
	uint64_t bytes;
	uint64_t chunks;      /* of the DAX window, if all are mapped as a whole */
	uint64_t descriptors; /* bytes of page descriptors of these chunks */
	uint64_t page_cache;  /* bytes they take in the page cache, if all are read instead */
};

/* What one file of that size adds. */
struct count count_of_file(const struct fsdax_policy *policy, uint64_t size);
void count_file(struct count *count, const struct fsdax_policy *policy, uint64_t size);

void count_add(struct count *to, const struct count *from);

/* Returns false, and changes nothing, if there is not that much to take away. */
bool count_sub(struct count *from, const struct count *what);

#endif
