// SPDX-License-Identifier: BSD-3-Clause
/*
 * tree.c - commands about whole trees: one checksum over all that is below a folder, the same
 * on both sides of a mount; and many files at once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* One walk. */
struct tree {
	FILE *out;
	bool list, contents;
	enum way way;
	struct sum sum; /* over a line for each thing, in order */
	uint64_t files, dirs, others, bytes, errors;
	char path[8192];
};

static int tree_dir(struct tree *tree, int fd, size_t length);

/* The checksum of what a file or link holds. Files that can't be read are counted. */
static uint64_t tree_content(struct tree *tree, int dir, const char *name, const struct stat *st)
{
	char target[4096];
	struct sum sum;
	uint64_t n = 0;
	int fd, err;

	sum_init(&sum);
	if (S_ISLNK(st->st_mode)) {
		ssize_t got = readlinkat(dir, name, target, sizeof(target));

		err = got < 0 ? -errno : 0;
		sum_add(&sum, target, got < 0 ? 0 : (size_t)got);
	} else {
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		err = fd < 0 ? -errno : data_sum(fd, tree->way, 0, INT64_MAX, &sum, &n);
		if (fd >= 0)
			close(fd);
	}
	tree->bytes += n;
	if (!err)
		return sum_value(&sum);
	tree->errors++;
	fprintf(tree->out, "! %s %s\n", words_error(err), tree->path);
	return 0;
}

/* Add one thing's line. Inode numbers and ctimes are each side's own. */
static void tree_line(struct tree *tree, const struct stat *st, uint64_t content)
{
	char line[sizeof(tree->path) + 200];
	int n = snprintf(line, sizeof(line), "%016jx %06o %u %u %ju %jd.%09ld %s\n",
			 (uintmax_t)content, st->st_mode, st->st_uid, st->st_gid,
			 S_ISDIR(st->st_mode) ? 0 : (uintmax_t)st->st_size,
			 (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, tree->path);

	sum_add(&tree->sum, line, (size_t)n);
	if (tree->list)
		fputs(line, tree->out);
}

/* One entry, whose path below the tree is in tree->path, LENGTH bytes of it. */
static int tree_entry(struct tree *tree, int dir, const char *name, size_t length)
{
	uint64_t content = 0;
	struct stat st;
	int fd, err;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		tree->errors++;
		fprintf(tree->out, "! %s %s\n", words_error(-errno), tree->path);
		return 0;
	}
	if (tree->contents && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
		content = tree_content(tree, dir, name, &st);
	tree_line(tree, &st, content);
	if (S_ISREG(st.st_mode))
		tree->files++;
	else if (!S_ISDIR(st.st_mode))
		tree->others++;
	if (!S_ISDIR(st.st_mode))
		return 0;
	tree->dirs++;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = tree_dir(tree, fd, length);
	close(fd);
	return err;
}

/* All entries of a folder, sorted by the bytes of their names. */
static int tree_dir(struct tree *tree, int fd, size_t length)
{
	struct dirent **entries;
	int i, err = 0, n = scandirat(fd, ".", &entries, NULL, alphasort);

	if (n < 0)
		return -errno;
	for (i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t size = strlen(name);

		if (!err && strcmp(name, ".") && strcmp(name, "..")) {
			if (length + size + 2 > sizeof(tree->path)) {
				err = -ENAMETOOLONG;
			} else {
				tree->path[length] = '/';
				memcpy(tree->path + length + 1, name, size + 1);
				err = tree_entry(tree, fd, name, length + 1 + size);
				tree->path[length] = '\0';
			}
		}
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* tree DIR [read|mmap|none] [list] */
static int do_tree(struct call *call)
{
	const char *how = call->argc > 1 ? call->argv[1] : "read";
	struct tree *tree = calloc(1, sizeof(*tree));
	int fd, err = 0;

	if (!tree)
		return -ENOMEM;
	tree->out = call->out;
	tree->list = call->argc > 2;
	tree->contents = strcmp(how, "none");
	sum_init(&tree->sum);
	if (tree->contents)
		err = way_parse(how, &tree->way);
	fd = err ? -1 : open(call->argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!err)
		err = fd < 0 ? -errno : tree_dir(tree, fd, 0);
	if (!err)
		fprintf(call->out,
			"files=%ju dirs=%ju others=%ju bytes=%ju errors=%ju sum=%016jx\n",
			(uintmax_t)tree->files, (uintmax_t)tree->dirs, (uintmax_t)tree->others,
			(uintmax_t)tree->bytes, (uintmax_t)tree->errors,
			(uintmax_t)sum_value(&tree->sum));
	if (fd >= 0)
		close(fd);
	free(tree);
	return err;
}

/* mkfiles DIR N SIZE SEED: DIR/0 to DIR/N-1, each with its own pattern. */
static int do_mkfiles(struct call *call)
{
	char path[4096 + 32], *words[3], size[32], seed[32];
	struct call one = {call->agent, 3, words, call->out};
	const struct command *write = data_commands;
	uint64_t at[3], i;
	int err = words_numbers(call, 1, 3, at);

	while (strcmp(write->name, "write"))
		write++;
	if (!err && mkdir(call->argv[0], 0755) && errno != EEXIST)
		err = -errno;
	for (i = 0; i < at[0] && !err; i++) {
		snprintf(path, sizeof(path), "%s/%ju", call->argv[0], (uintmax_t)i);
		snprintf(size, sizeof(size), "%ju", (uintmax_t)at[1]);
		snprintf(seed, sizeof(seed), "%ju", (uintmax_t)(at[2] + i));
		words[0] = path;
		words[1] = size;
		words[2] = seed;
		err = write->run(&one);
	}
	return err;
}

const struct command tree_commands[] = {
	{"tree", 1, 3, do_tree, "DIR [read|mmap|none] [list]: sum= over all that is below"},
	{"mkfiles", 4, 4, do_mkfiles, "DIR N SIZE SEED: files 0 to N-1, seeds from SEED on"},
	{NULL, 0, 0, NULL, NULL},
};
