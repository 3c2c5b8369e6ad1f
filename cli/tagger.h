/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tagger.h - what set, clear, copy and apply have in common: which carriers to write, the
 * counters of each thread, the line for each change, the sum, and what to do about errors.
 */
#ifndef CLI_TAGGER_H
#define CLI_TAGGER_H

#include "share.h"
#include "walk.h"

/* Of one thread, and written by that thread alone. */
struct tagger_thread {
	_Alignas(64) uint64_t changed, same;
	bool likely_new; /* the last one had no tag yet, so the next has none either, perhaps */
};

struct tagger {
	const struct share *share;
	const struct options *opts;
	const char *xattr; /* the xattr to write, or NULL: none */
	bool flag;	   /* write the inode flag */
	struct tagger_thread *threads;
};

/* Carriers that the command is to write. */
enum tagger_carriers {
	TAGGER_ONE,  /* one of the two: --by, or else the xattr */
	TAGGER_BOTH, /* unless --by names one: the xattr, and the flag if the policy counts it */
};

/*
 * Open the share, and find the carriers. Returns -1 if the command should go on, else an exit
 * status, after a message. tagger_close() only after -1.
 */
int tagger_open(struct tagger *tagger, struct share *share, const struct options *opts,
		enum share_use use, enum tagger_carriers carriers);
void tagger_close(struct tagger *tagger, struct share *share);

/*
 * Give an entry's carriers a tag (FSDAX_TAG_NONE: take it away). by_policy: as a decision
 * written down. Counts it, and prints its line if asked for. Returns what a callback of the
 * walker returns.
 */
int tagger_write(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		 bool by_policy);

/* One carrier, for those who decide for themselves. Returns 1 (changed), 0, or -errno. */
int tagger_write_xattr(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		       bool by_policy);
int tagger_write_flag(const struct tagger *tagger, const struct walk_entry *entry, bool dax);

/* Count an entry that is done, and print its line if it was changed and that is asked for. */
int tagger_done(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		bool changed);
/* The same where there is a path, and no entry. */
int tagger_done_path(struct tagger *tagger, int thread, const char *path, enum fsdax_tag tag,
		     bool changed);

/* Name an error with what to do about it. Returns what a callback of the walker returns. */
int tagger_failed(const struct tagger *tagger, const struct walk_entry *entry, const char *action,
		  bool by_flag, int err);

/*
 * Something that the user named, but that no daemon will ever map: name it with what to do.
 * Returns what a callback of the walker returns.
 */
int tagger_refuse(const struct walk_entry *entry, const char *action);

/* Whether lines are printed for what changes; then there is no progress line. */
bool tagger_lists(const struct tagger *tagger);

/*
 * Print the sum: verb is such as "tagged yes", and "would be " goes in front of it in a dry
 * run. Returns the exit status.
 */
int tagger_finish(const struct tagger *tagger, const struct walk_result *result, const char *verb);

#endif
