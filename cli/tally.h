/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - sums over the files of a walk: by what decided about them, and by size. Each
 * thread of a walk adds to a tally of its own, and they are summed afterwards.
 */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fsdax/fsdax.h>

#include "sizeclass.h"

/* Sums over some files. */
struct count {
	uint64_t files;
	uint64_t bytes;
	uint64_t chunks;      /* of the DAX window, if all are mapped as a whole */
	uint64_t descriptors; /* bytes of page descriptors of these chunks */
	uint64_t page_cache;  /* bytes they take in the page cache, if all are read instead */
};

struct tally {
	struct count *groups;			/* by what decided: see tally_group() */
	struct count sizes[SIZECLASS_COUNT][2]; /* by size, and by the verdict */
	uint64_t others;			/* what is neither a regular file nor a folder */
};

/* The tallies of all threads. */
struct tallies {
	const struct fsdax_policy *policy; /* borrowed */
	uint32_t n_rules;
	size_t n_groups;
	size_t n_threads;
	size_t stride; /* bytes from one thread's tally to the next: whole cache lines */
	char *memory;
};

/* -ENOMEM. tallies_free() is fine after that too. */
int tallies_init(struct tallies *tallies, const struct fsdax_policy *policy, size_t n_threads);
void tallies_free(struct tallies *tallies);

/* The tally of one thread, from 0. */
struct tally *tallies_of(const struct tallies *tallies, size_t thread);

/* Add a regular file. */
void tally_add(const struct tallies *tallies, struct tally *tally,
	       const struct fsdax_decision *decision, uint64_t size);

/* Add all threads' tallies to the first one, and return that. */
struct tally *tallies_sum(struct tallies *tallies);

/*
 * Groups: one for each rule, in their order, and behind them one for each other reason and
 * verdict. tally_group() tells which one a decision belongs to, and tally_decision() the
 * other way round.
 */
size_t tally_group(const struct tallies *tallies, const struct fsdax_decision *decision);
struct fsdax_decision tally_decision(const struct tallies *tallies, size_t group);

/* The sum of a tally's files with one verdict. */
struct count tally_verdict(const struct tally *tally, bool dax);

void count_file(struct count *count, const struct fsdax_policy *policy, uint64_t size);
void count_add(struct count *to, const struct count *from);

#endif
