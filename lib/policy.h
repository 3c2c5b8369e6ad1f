/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.h - what a policy is made of. Immutable once loaded. */
#ifndef LIB_POLICY_H
#define LIB_POLICY_H

#include <stdatomic.h>

#include <fsdax/fsdax.h>

#include "matcher.h"
#include "value.h"

/* The keys of the policy language. The order is that of the table in keys.c. */
enum policy_key {
	POLICY_DEFAULT,
	TAG_XATTR,
	TAG_INODE_FLAG,
	WINDOW_PAGE_SIZE,
	WINDOW_CHUNK_SIZE,
	WINDOW_DESCRIPTOR_SIZE,
	N_SETTINGS,
	RULE_DAX = N_SETTINGS,
	RULE_SIZE,
	RULE_OWNER,
	RULE_GROUP,
	RULE_MODE,
	RULE_AGE,
	RULE_XATTR,
	RULE_PATH,
	N_KEYS
};

/* One "key = value" of a rule. Strings live in the policy's arena. */
struct clause {
	const char *text; /* the value as written */
	uint32_t line;
	uint8_t key;      /* enum policy_key */
	bool exclude;     /* RULE_PATH: started with '!' */
	bool descriptors; /* RULE_SIZE: compares with page descriptors */
	union {
		struct range range; /* RULE_SIZE, RULE_OWNER, RULE_GROUP, RULE_AGE */
		struct mode_test mode;
		struct {
			uint32_t name_len; /* of text */
			uint32_t value;    /* offset into text of what it must equal; 0: any */
			uint32_t index;    /* for fsdax_policy_xattr() */
		} xattr;
		struct {
			uint32_t first, n; /* in policy.spots: its alternatives */
		} path;
	};
};

struct rule {
	const char *name;
	const char *file;
	uint32_t line;     /* of its header */
	uint32_t dax_line; /* of "dax = " */
	uint32_t first, n; /* in policy.clauses, in the order of their keys */
	uint16_t keys;     /* bit 1 << enum policy_key: it has such a clause */
	bool dax;
	bool included; /* some path is asked for: only the matcher can propose the rule */
	bool bare;     /* nothing else is asked for */
};

/* A setting, and where it was made. */
struct setting {
	const char *file; /* NULL: built in */
	uint32_t line;
	const char *text;
};

struct fsdax_policy {
	atomic_uint refs;
	struct arena arena; /* strings, globs, and the arrays below */
	struct fsdax_settings settings;
	struct setting origins[N_SETTINGS];
	struct rule *rules;
	struct clause *clauses;
	struct spot *spots;
	uint32_t *pathless; /* rules that ask for no path, the last first */
	uint64_t *yes;      /* a bit for each rule: its dax, in so few bytes that it is at hand */
	const char **xattrs; /* names that may be asked for, the tag's first */
	uint32_t n_rules, n_clauses, n_spots, n_pathless, n_xattrs;
	uint32_t longest_xattr; /* the longest value that any rule compares with */
	uint32_t needs;         /* FSDAX_NEED_* */
	struct matcher matcher;
};

static inline bool policy_rule_dax(const struct fsdax_policy *policy, uint32_t rule)
{
	return policy->yes[rule / 64] >> rule % 64 & 1;
}

#endif
