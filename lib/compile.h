/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.h - makes a policy of the text of policy files, one file after the other. */
#ifndef LIB_COMPILE_H
#define LIB_COMPILE_H

#include "ini_read.h"
#include "matcher_build.h"
#include "names.h"
#include "policy.h"

/* A policy that is being made. Start from {0}, then compiler_init(). */
struct compiler {
	struct fsdax_policy *policy;
	struct fsdax_report *report; /* borrowed */
	struct matcher_builder builder;
	struct names names; /* of rules */
	uint32_t rules_capacity, clauses_capacity, spots_capacity;
	uint32_t unanchored; /* patterns that cannot be hashed */

	/* Of the file that is being read. */
	const char *file;
	const char *section; /* "policy", "tag", "window", "rule"; NULL: unreadable, or none */
	struct ini_item header; /* of the current rule */
	uint32_t seen[N_KEYS];  /* line in this section of the file; 0: not seen */
	uint32_t settings_seen[N_SETTINGS]; /* line in this file */
};

/* All return 0 or -ENOMEM; mistakes go to the report. */
int compiler_init(struct compiler *c, struct fsdax_report *report);
int compiler_add(struct compiler *c, const char *file, const char *text, size_t size);

/* Make the policy. With errors in the report there is none: -EBADMSG. */
int compiler_finish(struct compiler *c, struct fsdax_policy **policy);

void compiler_release(struct compiler *c);

#endif
