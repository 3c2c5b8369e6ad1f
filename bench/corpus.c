/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * corpus.c - reads the list of paths, picks folders, and puts the files in the order
 * of a walk.
 */
#include "corpus.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 256

uint64_t random_next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static char *read_all(const char *file, size_t *size)
{
	FILE *in = fopen(file, "re");
	char *text;

	if (!in || fseek(in, 0, SEEK_END))
		err(1, "%s", file);
	*size = (size_t)ftell(in);
	rewind(in);
	text = malloc(*size + 1);
	if (!text || fread(text, 1, *size, in) != *size)
		err(1, "%s", file);
	text[*size] = '\0';
	fclose(in);
	return text;
}

static void add_path(struct corpus *corpus, char *record)
{
	struct path *path = &corpus->paths[corpus->n_paths++];
	char *text;

	path->size = strtoull(record, &text, 10);
	if (text[0] != ' ' || text[1] != '/')
		errx(1, "not a record of \"SIZE /path\": %s", record);
	path->text = text + 1;
	path->len = (uint32_t)strlen(path->text);
	path->name = strrchr(path->text, '/') + 1;
	path->name_len = (uint32_t)(path->text + path->len - path->name);
}

static void split_records(struct corpus *corpus, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += corpus->text[i] == '\0';
	if (!n)
		errx(1, "the list of paths is empty");
	corpus->paths = calloc(n, sizeof(*corpus->paths));
	if (!corpus->paths)
		err(1, NULL);
	for (char *at = corpus->text; at < corpus->text + size; at += strlen(at) + 1)
		add_path(corpus, at);
}

/* A number from 0 to below 1 that depends on the path's folder only. */
static double folder_lot(const struct path *path)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const char *at = path->text; at < path->name; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
	return (double)(random_next(&hash) >> 11) * 0x1p-53;
}

static void pick_folders(struct corpus *corpus, size_t wanted)
{
	double share = (double)wanted / (double)corpus->n_paths;
	size_t kept = 0;

	for (size_t i = 0; i < corpus->n_paths; i++) {
		if (folder_lot(&corpus->paths[i]) < share)
			corpus->paths[kept++] = corpus->paths[i];
	}
	corpus->n_paths = kept;
}

/* By folder, parents first, each folder in one piece; then by name. */
static int compare_paths(const void *left, const void *right)
{
	const struct path *a = left, *b = right;
	const char *p = a->text, *q = b->text;

	while (p < a->name && q < b->name && *p == *q)
		p++, q++;
	if (p == a->name && q == b->name)
		return strcmp(p, q);
	if (p == a->name || q == b->name)
		return p == a->name ? -1 : 1;
	if (*p == '/' || *q == '/')
		return *p == '/' ? -1 : 1;
	return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
}

/*
 * Who walks a folder has just read its names, and who is asked for one has just been given it:
 * so what is measured must not be how long it takes to fetch them from memory.
 */
static void lay_out(struct corpus *corpus)
{
	size_t size = 0, at = 0;
	char *text;

	for (size_t i = 0; i < corpus->n_paths; i++)
		size += corpus->paths[i].len + 1;
	text = malloc(size + 1);
	if (!text)
		err(1, NULL);
	for (size_t i = 0; i < corpus->n_paths; i++) {
		struct path *path = &corpus->paths[i];
		size_t folder_len = (size_t)(path->name - path->text);

		memcpy(text + at, path->text, path->len + 1);
		path->text = text + at;
		path->name = path->text + folder_len;
		at += path->len + 1;
	}
	free(corpus->text);
	corpus->text = text;
}

static uint32_t add_folder(struct corpus *corpus, uint32_t parent, const char *name, size_t len)
{
	size_t n = corpus->n_folders;

	if (!(n & (n - 1))) {
		size_t room = n ? n * 2 : 1;

		corpus->folders = realloc(corpus->folders, room * sizeof(*corpus->folders));
		if (!corpus->folders)
			err(1, NULL);
	}
	corpus->folders[n] = (struct folder){parent, (uint32_t)len, name};
	corpus->n_folders++;
	return (uint32_t)n;
}

/* The folders from the root down to the one that was visited last. */
struct chain {
	uint32_t folder[MAX_DEPTH];
	size_t depth;
};

static void find_folder(struct corpus *corpus, struct chain *chain, struct path *path)
{
	size_t depth = 1;

	for (const char *at = path->text + 1; at < path->name; depth++) {
		size_t len = (size_t)(strchr(at, '/') - at);
		const struct folder *old = &corpus->folders[chain->folder[depth % MAX_DEPTH]];

		if (depth >= MAX_DEPTH)
			errx(1, "too deep: %s", path->text);
		if (depth >= chain->depth || old->len != len || memcmp(old->name, at, len)) {
			chain->folder[depth] =
				add_folder(corpus, chain->folder[depth - 1], at, len);
			chain->depth = depth + 1;
		}
		at += len + 1;
	}
	chain->depth = depth;
	path->folder = chain->folder[depth - 1];
}

void corpus_load(struct corpus *corpus, const char *file, size_t wanted)
{
	struct chain chain = {.depth = 1};
	size_t size;

	*corpus = (struct corpus){0};
	corpus->text = read_all(file, &size);
	split_records(corpus, size);
	if (wanted && wanted < corpus->n_paths)
		pick_folders(corpus, wanted);
	qsort(corpus->paths, corpus->n_paths, sizeof(*corpus->paths), compare_paths);
	lay_out(corpus);
	add_folder(corpus, 0, "", 0);
	for (size_t i = 0; i < corpus->n_paths; i++)
		find_folder(corpus, &chain, &corpus->paths[i]);
}

void corpus_free(struct corpus *corpus)
{
	free(corpus->folders);
	free(corpus->paths);
	free(corpus->text);
}

struct path *corpus_shuffled(const struct corpus *corpus)
{
	size_t n = corpus->n_paths;
	struct path *paths = malloc(n * sizeof(*paths));
	uint64_t seed = 1;

	if (!paths)
		err(1, NULL);
	memcpy(paths, corpus->paths, n * sizeof(*paths));
	for (size_t i = n; i > 1; i--) {
		size_t j = random_next(&seed) % i;
		struct path swap = paths[i - 1];

		paths[i - 1] = paths[j];
		paths[j] = swap;
	}
	return paths;
}
