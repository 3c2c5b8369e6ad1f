/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.c - see mounts.h. A line of mountinfo is, as in proc(5):
 *
 *	36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/vdb rw,dax=inode
 */
#include "mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The option about DAX among many, or "". */
static void find_dax(char *options, struct mount *mount)
{
	char *option;

	while ((option = strsep(&options, ",\n"))) {
		if (!strcmp(option, "dax") || !strncmp(option, "dax=", 4))
			snprintf(mount->options, sizeof(mount->options), "%s", option);
	}
}

/* Returns whether the line could be read. */
static bool parse(char *line, struct mount *mount)
{
	unsigned long long id;
	char *rest, *type;

	*mount = (struct mount){0};
	rest = strstr(line, " - ");
	if (!rest || sscanf(line, "%llu", &id) != 1)
		return false;
	rest += 3;
	type = strsep(&rest, " ");
	mount->id = id;
	snprintf(mount->type, sizeof(mount->type), "%s", type);
	if (!rest)
		return true;
	strsep(&rest, " "); /* the device */
	if (rest)
		find_dax(rest, mount);
	return true;
}

static int add(struct mounts *mounts, const struct mount *mount)
{
	struct mount *list = reallocarray(mounts->list, mounts->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	mounts->list = list;
	list[mounts->count++] = *mount;
	return 0;
}

static void read_mounts(struct mounts *mounts)
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	struct mount mount;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!in)
		return;
	mounts->count = 0;
	while (!err && getline(&line, &size, in) > 0) {
		if (parse(line, &mount))
			err = add(mounts, &mount);
	}
	free(line);
	fclose(in);
}

static const struct mount *find(const struct mounts *mounts, uint64_t id)
{
	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->list[i].id == id)
			return &mounts->list[i];
	}
	return NULL;
}

const struct mount *mounts_find(struct mounts *mounts, uint64_t id)
{
	const struct mount *mount = find(mounts, id);

	if (mount)
		return mount;
	read_mounts(mounts);
	return find(mounts, id);
}

void mounts_free(struct mounts *mounts)
{
	free(mounts->list);
	*mounts = (struct mounts){0};
}
