/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mktree.c - makes a tree for the walkers: the folders of a real one, and as many files
 * as asked for, with real names and sizes but no data.
 */
#include "corpus.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct maker {
	const struct corpus *corpus;
	int *fds;      /* of the folders on the way to the one that was opened last, or -1 */
	uint32_t open; /* the folder that was opened last */
	size_t files;  /* made so far */
};

/* The fd of a folder, which is made if need be. Its parents stay open, others do not. */
static int enter(struct maker *maker, uint32_t folder)
{
	const struct folder *info = &maker->corpus->folders[folder];
	char name[256];
	int parent;

	if (maker->fds[folder] >= 0)
		return maker->fds[folder];
	parent = enter(maker, info->parent);
	snprintf(name, sizeof(name), "%.*s", (int)info->len, info->name);
	if (mkdirat(parent, name, 0755) && errno != EEXIST)
		err(1, "%s", name);
	maker->fds[folder] = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (maker->fds[folder] < 0)
		err(1, "%s", name);
	return maker->fds[folder];
}

static int is_above(const struct corpus *corpus, uint32_t folder, uint32_t below)
{
	while (below > folder)
		below = corpus->folders[below].parent;
	return below == folder;
}

static int go_to(struct maker *maker, uint32_t folder)
{
	while (!is_above(maker->corpus, maker->open, folder)) {
		close(maker->fds[maker->open]);
		maker->fds[maker->open] = -1;
		maker->open = maker->corpus->folders[maker->open].parent;
	}
	maker->open = folder;
	return enter(maker, folder);
}

static void make_file(struct maker *maker, int dirfd, const struct path *path, size_t copy)
{
	char name[300];
	int fd;

	if (copy)
		snprintf(name, sizeof(name), "%zu-%s", copy, path->name);
	else
		snprintf(name, sizeof(name), "%s", path->name);
	name[255] = '\0';
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)path->size))
		err(1, "%s", name);
	close(fd);
	maker->files++;
}

/* Each path gets its even part of all @files. */
static void make_tree(const struct corpus *corpus, int target, size_t files)
{
	struct maker maker = {.corpus = corpus};

	maker.fds = malloc(corpus->n_folders * sizeof(*maker.fds));
	if (!maker.fds)
		err(1, NULL);
	memset(maker.fds, 0xff, corpus->n_folders * sizeof(*maker.fds));
	maker.fds[0] = target;
	for (size_t i = 0; i < corpus->n_paths; i++) {
		int dirfd = go_to(&maker, corpus->paths[i].folder);
		size_t until = (size_t)((double)files * (double)(i + 1) / (double)corpus->n_paths);

		for (size_t copy = 0; maker.files < until; copy++)
			make_file(&maker, dirfd, &corpus->paths[i], copy);
	}
	go_to(&maker, 0);
	close(target);
	free(maker.fds);
}

/* Several trees side by side where one has too few folders. */
static void make_trees(const struct corpus *corpus, const char *target, size_t files, size_t trees)
{
	char name[4096];

	for (size_t i = 0; i < trees; i++) {
		int fd;

		snprintf(name, sizeof(name), "%s/%zu", target, i);
		if (mkdir(name, 0755))
			err(1, "%s", name);
		fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			err(1, "%s", name);
		make_tree(corpus, fd, files / trees + (i < files % trees));
	}
}

int main(int argc, char **argv)
{
	struct corpus corpus;
	size_t files, folders, trees, n_paths, n_folders;

	if (argc != 5)
		errx(2, "usage: bench-mktree LIST DIR FILES FOLDERS");
	files = strtoul(argv[3], NULL, 10);
	folders = strtoul(argv[4], NULL, 10);
	corpus_load(&corpus, argv[1], 0);
	n_paths = corpus.n_paths;
	n_folders = corpus.n_folders;
	trees = folders / n_folders + 1;
	if (folders / trees < n_folders) {
		corpus_free(&corpus);
		corpus_load(&corpus, argv[1], n_paths * (folders / trees) / n_folders);
	}
	make_trees(&corpus, argv[2], files, trees);
	printf("%zu %zu\n", files, corpus.n_folders * trees);
	corpus_free(&corpus);
	return 0;
}
