/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine.h - what is measured: ways to find the last of many globs that matches a path.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "corpus.h"
#include "globs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NO_WINNER UINT32_MAX

struct engine {
	const char *name;
	/* Exits on errors. The globs and the corpus outlive what is built. */
	void *(*build)(const struct globs *globs, const struct corpus *corpus);
	/* Find the winner for each of @n paths. */
	void (*pass)(void *state, const struct path *paths, size_t n, uint32_t *winners);
	void (*destroy)(void *state);
};

extern const struct engine engine_cursor;    /* fsdax: a cursor per folder, and a name */
extern const struct engine engine_path;	     /* fsdax: a full path */
extern const struct engine engine_fnmatch;   /* glibc's fnmatch(3), from the last rule on */
extern const struct engine engine_hyperscan; /* Hyperscan, block mode */
extern const struct engine engine_re2;	     /* RE2::Set */

/* Folders entered by engine_cursor's build, and the CPU time that took. */
uint64_t cursor_enter_ns(const void *state);

/* One pass of fsdax_memo_find() over decisions that stand in memos; their number. */
size_t cursor_memo_pass(void *state, const struct path *paths, size_t n);

#ifdef __cplusplus
}
#endif

#endif
