/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glob.h - a pattern for one component of a path: what stands between two slashes.
 */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "mistake.h"

enum glob_kind {
	GLOB_EXACT,   /* name: prefix is all of it */
	GLOB_ANY,     /* '*' */
	GLOB_PREFIX,  /* 'lib*' */
	GLOB_SUFFIX,  /* '*.so' */
	GLOB_BOTH,    /* 'lib*.so' */
	GLOB_GENERAL, /* anything else: ops tell */
};

struct glob_op;

/* Immutable. Strings and ops live in the arena of the policy. */
struct glob {
	const char *prefix; /* literal bytes that it starts with */
	const char *suffix; /* literal bytes that it ends in */
	const struct glob_op *ops; /* of GLOB_GENERAL only */
	uint16_t prefix_len, suffix_len;
	uint16_t n_ops;
	uint8_t kind;
};

/*
 * Compile a component; it must not be empty, nor hold '/' or '{' unescaped.
 *
 * at: where in the value each byte of text comes from (braces are expanded before)
 * Returns 0, -EINVAL with *mistake, or -ENOMEM.
 */
int glob_compile(struct arena *arena, const char *text, const uint32_t *at, size_t len,
		 struct glob *glob, struct mistake *mistake);

/* Whether a GLOB_GENERAL matches; glob_match() is the one to call. */
bool glob_match_general(const struct glob *glob, const char *name, size_t len);

static inline bool glob_match(const struct glob *glob, const char *name, size_t len)
{
	if (len < (size_t)glob->prefix_len + glob->suffix_len)
		return false;
	if (memcmp(name, glob->prefix, glob->prefix_len))
		return false;
	if (memcmp(name + len - glob->suffix_len, glob->suffix, glob->suffix_len))
		return false;
	if (glob->kind == GLOB_EXACT)
		return len == glob->prefix_len;
	return glob->kind != GLOB_GENERAL || glob_match_general(glob, name, len);
}

/* The same, for a name whose first and last 8 bytes are known to fit the literal ends. */
static inline bool glob_match_rest(const struct glob *glob, const char *name, size_t len)
{
	if (glob->kind == GLOB_GENERAL)
		return glob_match_general(glob, name, len);
	return glob_match(glob, name, len);
}

/* A bit for each byte. */
struct byte_set {
	uint64_t bits[4];
};

/* The bytes that names which a pattern matches can start with, or with last, end in. */
void glob_end_bytes(const struct glob *glob, bool last, struct byte_set *set);

/*
 * Whether an anchor of len bytes, once found, is all that a pattern asks for, as in '*.so', or,
 * as in '[a-z]*.so', all but one of glob_end_bytes() at the other end: GLOB_SAYS_BUT_END.
 */
enum glob_says { GLOB_SAYS_LESS, GLOB_SAYS_ALL, GLOB_SAYS_BUT_END };

enum glob_says glob_anchor_says(const struct glob *glob, bool tail, size_t len);

/* Literal bytes at one end of all names that a pattern matches. */
enum { ANCHOR_LONGEST = 32 };

struct anchor {
	char bytes[ANCHOR_LONGEST];
	uint8_t len; /* at least 1 */
};

enum { GLOB_MAX_ANCHORS = 32 };

/*
 * Every name that the pattern matches starts (or with tail, ends) with one of these.
 * A small set of characters, as in '*.[ch]', gives an anchor for each. Returns how
 * many there are; 0 if nothing can be said.
 */
int glob_anchors(const struct glob *glob, bool tail, struct anchor anchors[GLOB_MAX_ANCHORS]);

/* The bytes of text that are '\' and what it escapes, or '[...]': 0 if neither. */
size_t glob_skip(const char *text, size_t len);

#endif
