/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * corpus.h - the real file paths that all engines are measured on.
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One file. text starts with a slash and ends in a NUL. */
struct path {
	const char *text;
	const char *name; /* its last component, within text */
	uint32_t len;
	uint32_t name_len;
	uint32_t folder; /* index into corpus.folders */
	uint64_t size;	 /* of the file, bytes */
};

/* One folder. Parents come before their children; folder 0 is the root. */
struct folder {
	uint32_t parent;
	uint32_t len;
	const char *name; /* without a NUL at its end */
};

/* Folder by folder, as a walker or READDIRPLUS visits them. */
struct corpus {
	char *text;
	struct path *paths;
	size_t n_paths;
	struct folder *folders;
	size_t n_folders;
};

/*
 * Read records of "SIZE /path", each with a NUL at its end, and keep about @wanted of them
 * (0: all). Whole folders are kept or left, always the same ones. Exits on errors.
 */
void corpus_load(struct corpus *corpus, const char *file, size_t wanted);
void corpus_free(struct corpus *corpus);

/* The same paths in an order of no locality. Allocated. */
struct path *corpus_shuffled(const struct corpus *corpus);

/* splitmix64: a random number; the same ones from the same seed. */
uint64_t random_next(uint64_t *seed);

#ifdef __cplusplus
}
#endif

#endif
