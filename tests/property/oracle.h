/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.h - whether a pattern matches a path, by PCRE2: the pieces of the pattern are
 * written as one regular expression for the whole path, in which each character, and each
 * byte that is none, is one unit.
 */
#ifndef PROPERTY_ORACLE_H
#define PROPERTY_ORACLE_H

#include "patterns.h"

struct oracle;

/* For a valid pattern. Ends the program if it cannot be made. */
struct oracle *oracle_new(const struct pattern *pattern);
void oracle_free(struct oracle *oracle);

/* A path in the form that oracles want it. */
struct units {
	uint32_t units[1024];
	size_t n;
};

void oracle_units(struct units *units, const char *path, size_t len);

bool oracle_matches(struct oracle *oracle, const struct units *path);

#endif
