/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys.h - the keys of the policy language, in the one table from which the parser, the
 * evaluator, explain, check and the manual are made.
 */
#ifndef LIB_KEYS_H
#define LIB_KEYS_H

#include "mistake.h"
#include "policy.h"

/* The file that a rule is tried on. */
struct subject {
	const struct fsdax_policy *policy;
	const struct matcher_folder *folder;
	const char *name;
	size_t len;
	const char *path; /* for texts only; may be NULL */
	const struct fsdax_facts *facts;
};

enum { FOUND_SIZE = 80 };

struct key {
	struct fsdax_key_info info;
	uint32_t need; /* FSDAX_NEED_* */

	/* Settings: put a value in place. 0, -EINVAL or -ERANGE with *mistake. */
	int (*set)(struct fsdax_settings *settings, const char *text, size_t len,
		   struct mistake *mistake);

	/* Conditions but for path: read a value, whose text is clause->text. As above, or -ENOMEM. */
	int (*parse)(struct clause *clause, struct mistake *mistake);

	/* Conditions: whether one holds. */
	enum fsdax_outcome (*test)(const struct clause *clause, const struct subject *subject);

	/* Conditions: what a file has, as text of at most FOUND_SIZE bytes. */
	void (*found)(const struct clause *clause, const struct subject *subject, char *text);
};

extern const struct key keys[N_KEYS];

/* The key of a section, or NULL. */
const struct key *key_find(const char *section, const char *text, size_t len, int *id);

/* The name in that section that text is most like, or NULL. */
const char *key_suggest(const char *section, const char *text, size_t len);

/* The xattr that a clause asks for, among the facts. */
const struct fsdax_xattr *key_xattr(const struct fsdax_facts *facts, uint32_t index);

#endif
