/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper.h - what most unit tests need: policies from text, facts, decisions. Every function
 * here fails the running test if it cannot do what it says.
 */
#ifndef UNIT_HELPER_H
#define UNIT_HELPER_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Tags are not asked for, so that decisions need no xattr. */
#define NO_TAG "[tag]\nxattr = none\n"

/* A policy with one rule that says yes for this pattern. */
#define ONE_PATH(pattern) NO_TAG "[rule it]\npath = " pattern "\ndax = yes\n"

/* A policy with one rule that says yes under these conditions. */
#define ONE_RULE(conditions) NO_TAG "[rule it]\n" conditions "\ndax = yes\n"

/* The policy of a text without mistakes; warnings are let through. */
struct fsdax_policy *policy_of(const char *text);
struct fsdax_policy *policy_of_bytes(const void *text, size_t size);

/* All remarks that a text gets, formatted, one after the other. To be freed. */
char *remarks_of(const char *text);
char *remarks_of_bytes(const void *text, size_t size);

/* The report of a text that must be refused. To be freed with fsdax_report_free(). */
struct fsdax_report *refusal_of(const char *text);

/* That a text is refused with this as its only error, at this place of the text. */
void assert_refused(const char *text, uint32_t line, uint32_t column, const char *message);

/* That a text is taken, with this as its only warning. */
void assert_warned(const char *text, uint32_t line, const char *message);

/* A regular file of this size: mode 0644, owner and group 1000, one name. */
struct fsdax_facts regular(uint64_t size);

/* The same, and no xattr that the policy knows is there. At most 64 of them. */
struct fsdax_facts untagged(uint64_t size);

/* What a policy decides about a path, whose facts must suffice. */
struct fsdax_decision decide(const struct fsdax_policy *policy, const char *path,
			     const struct fsdax_facts *facts);

/* Whether a policy of this text says yes to a regular file of one byte at this path. */
bool says_yes(const char *text, const char *path);

/* The name of the rule that decided; "" if none did. */
const char *rule_of(const struct fsdax_policy *policy, const struct fsdax_decision *decision);

/* The cursor of a folder below the root: "" or "a/b". */
struct fsdax_cursor *cursor_of(struct fsdax_policy *policy, const char *folder);

/* The path of a file in a folder, in one of a few buffers that take turns. */
const char *path_in(const char *folder, const char *name);

/* Make a file with this content in a folder. */
void write_file(const char *folder, const char *name, const void *text, size_t size);

/* A new empty folder, and its removal with all that is in it. */
char *scratch_new(void);
void scratch_remove(char *folder);

#endif
