/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pattern.h - a whole pattern, as a policy has it, taken apart: braces are expanded,
 * and each alternative is split into components.
 */
#ifndef LIB_PATTERN_H
#define LIB_PATTERN_H

#include "glob.h"

enum {
	PATTERN_LONGEST = 4095,     /* bytes of a pattern */
	PATTERN_ALTERNATIVES = 1000 /* that one pattern may expand to */
};

/* One component: '**', or a glob. */
struct component {
	bool any_depth; /* '**' */
	struct glob glob;
	const char *text; /* as written, in memory of the caller's caller: see below */
	size_t len;
};

/*
 * Called once for each alternative. The components (and their texts) live for the call;
 * their globs live in the arena. Components are as the matcher wants them: a pattern
 * without a slash has '**' in front, and '**' never stands twice in a row.
 * Returns 0 or -ENOMEM.
 */
typedef int pattern_fn(void *data, const struct component *components, size_t n);

/*
 * Take a pattern apart; text has no '!' in front.
 * Returns 0, -EINVAL with *mistake, or -ENOMEM.
 */
int pattern_parse(struct arena *arena, const char *text, size_t len, pattern_fn *fn, void *data,
		  struct mistake *mistake);

#endif
