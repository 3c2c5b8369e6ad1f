/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - sums over the files of a walk: by what decided about them, by size, and by folder.
 * Each thread of a walk adds to a tally of its own, and they are summed afterwards.
 */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fsdax/fsdax.h>

#include "counts.h"
#include "histogram.h"
#include "sample.h"
#include "sizeclass.h"
#include "trees.h"

struct tally {
	struct count *groups;			   /* by what decided: see tally_group() */
	struct count buckets[HISTOGRAM_BUCKETS][2]; /* by size, and by the verdict */
	struct trees trees;			   /* by folder, and by the verdict */
	struct sample names;
	uint64_t others; /* what is neither a regular file nor a folder */
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

/* A name of a regular file, and the folder it is in, below the share's root. 0 or -ENOMEM. */
int tally_name(struct tally *tally, const char *folder, const char *name);

/* Add a regular file, once; folder: of the name that it counts for. 0 or -ENOMEM. */
int tally_add(const struct tallies *tallies, struct tally *tally, const char *folder,
	      const struct fsdax_decision *decision, uint64_t size);

/* Add a tally of tallies of the same policy. 0 or -ENOMEM. */
int tally_merge(const struct tallies *tallies, struct tally *to, const struct tally *from);

/* Add all threads' tallies to the first one, and set *sum to that. 0 or -ENOMEM. */
int tallies_sum(struct tallies *tallies, struct tally **sum);

/*
 * Groups: one for each rule, in their order, and behind them one for each other reason and
 * verdict. tally_group() tells which one a decision belongs to, and tally_decision() the
 * other way round.
 */
size_t tally_group(const struct tallies *tallies, const struct fsdax_decision *decision);
struct fsdax_decision tally_decision(const struct tallies *tallies, size_t group);

/* The sum of a tally's files with one verdict. */
struct count tally_verdict(const struct tally *tally, bool dax);

/* The files of a size from one on, and below another; UINT64_MAX: all from there on. */
struct count tally_sizes(const struct tally *tally, bool dax, uint64_t from, uint64_t below);

/* The files of a class of sizeclass.h. */
struct count tally_class(const struct tally *tally, bool dax, unsigned int class);

/* From this size on, DAX costs less than the page cache: what one chunk costs. */
uint64_t tally_break_even(const struct fsdax_policy *policy);

#endif
