/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnv.h - FNV-1a, 64 bits: tells things apart that differ by mistake, and not those that
 * somebody made to look alike.
 */
#ifndef CLI_FNV_H
#define CLI_FNV_H

#include <stdint.h>

#define FNV_START 0xcbf29ce484222325ull

/* The hash of what was hashed before, and of text with its NUL. */
static inline uint64_t fnv_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	while (*text++);
	return hash;
}

#endif
