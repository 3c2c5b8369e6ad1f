/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link_names.c - see link_names.h.
 */
#include "link_names.h"

#include <errno.h>
#include <stdlib.h>

void link_names_init(struct link_names *names)
{
	*names = (struct link_names){0};
	pthread_mutex_init(&names->lock, NULL);
}

void link_names_free(struct link_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i].path);
	free(names->list);
	pthread_mutex_destroy(&names->lock);
}

static int grow(struct link_names *names)
{
	size_t room = names->room ? 2 * names->room : 64;
	struct link_name *list = reallocarray(names->list, room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	names->room = room;
	return 0;
}

int link_names_add(struct link_names *names, const struct walk_entry *entry,
		   const struct inode *inode)
{
	struct link_name name = {.path = walk_entry_path(entry), .inode = *inode};
	int err = name.path ? 0 : -ENOMEM;

	pthread_mutex_lock(&names->lock);
	if (!err && names->count == names->room)
		err = grow(names);
	if (!err)
		names->list[names->count++] = name;
	pthread_mutex_unlock(&names->lock);
	if (err)
		free(name.path);
	return err;
}

static int add_link(void *data, const struct link *link)
{
	struct link_index *index = data;

	index->list[index->count++] = *link;
	return 0;
}

int link_index_init(struct link_index *index, const struct links *links)
{
	size_t count = links_count(links);

	*index = (struct link_index){.list = calloc(count ? count : 1, sizeof(*index->list))};
	if (!index->list)
		return -ENOMEM;
	links_each(links, add_link, index);
	qsort(index->list, index->count, sizeof(*index->list), link_compare);
	return 0;
}

void link_index_free(struct link_index *index)
{
	free(index->list);
	*index = (struct link_index){0};
}

const struct link *link_index_find(const struct link_index *index, dev_t dev, ino_t ino)
{
	const struct link key = {.dev = dev, .ino = ino};

	return bsearch(&key, index->list, index->count, sizeof(key), link_compare);
}
