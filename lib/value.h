/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value.h - the values that keys of a policy take, but for patterns. Text is given by
 * length; no blanks around it.
 *
 * All return 0; -EINVAL or -ERANGE with *mistake filled in; or -ENOMEM.
 */
#ifndef LIB_VALUE_H
#define LIB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mistake.h"

/* Numbers from lo to hi, both included. */
struct range {
	uint64_t lo, hi;
};

/* Bits of a mode: any of them set or, with none, none of them set. */
struct mode_test {
	uint32_t bits;
	bool none;
};

/* Files are no larger than this. */
#define VALUE_LARGEST ((uint64_t)INT64_MAX)

int value_bool(const char *text, size_t len, bool *out, struct mistake *mistake);
int value_size(const char *text, size_t len, uint64_t *out, struct mistake *mistake);

/* "descriptors" in place of a number gives *descriptors = true, and the range as of 1 byte. */
int value_size_range(const char *text, size_t len, struct range *out, bool *descriptors,
		     struct mistake *mistake);
int value_age_range(const char *text, size_t len, struct range *out, struct mistake *mistake);

/* A number, a range of numbers, or the name of a user (or with group, of a group). */
int value_id_range(const char *text, size_t len, bool group, struct range *out,
		   struct mistake *mistake);
int value_mode(const char *text, size_t len, struct mode_test *out, struct mistake *mistake);

#endif
