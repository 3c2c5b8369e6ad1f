/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link_names.h - the names of hard-linked files that a command lists. What such a name gets is
 * known only when all names of its inode were seen, so they wait here for the walk's end.
 */
#ifndef CLI_LINK_NAMES_H
#define CLI_LINK_NAMES_H

#include <pthread.h>
#include <stddef.h>

#include "inode.h"
#include "links.h"

struct link_name {
	char *path;
	struct inode inode;
};

/* Start with link_names_init(). */
struct link_names {
	pthread_mutex_t lock;
	struct link_name *list;
	size_t count, room;
};

void link_names_init(struct link_names *names);
void link_names_free(struct link_names *names);

/* Keep the name of an entry. Thread-safe. -ENOMEM. */
int link_names_add(struct link_names *names, const struct walk_entry *entry,
		   const struct inode *inode);

/* All inodes of a struct links, to look one up. */
struct link_index {
	struct link *list; /* by dev and ino; the paths are borrowed */
	size_t count;
};

/* After the walk, and for as long as links lives. -ENOMEM. */
int link_index_init(struct link_index *index, const struct links *links);
void link_index_free(struct link_index *index);

/* NULL: not in there. */
const struct link *link_index_find(const struct link_index *index, dev_t dev, ino_t ino);

#endif
