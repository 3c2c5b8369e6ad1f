/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * links.h - inodes with several names, met one name at a time. What the names say is
 * merged ("no" beats "yes"), so that one inode gets one answer, whatever the order and
 * the number of threads. Only inodes with nlink > 1 belong here: memory stays small.
 */
#ifndef CLI_LINKS_H
#define CLI_LINKS_H

#include "inode.h"
#include "walk.h"

struct links;

/* One inode, as far as its names have been met. */
struct link {
	dev_t dev;
	ino_t ino;
	uint64_t size;			/* of the name met first */
	uint32_t nlink;			/* names that it has on disk, inside the tree or not */
	uint32_t names;			/* names met */
	struct fsdax_decision decision; /* what all names met say together */
	struct fsdax_decision second;	/* the same of a second one; the user's of the table */
	char *folder;			/* the first of its names' folders, by byte; or NULL */
	char *paths[2];			/* of the names met first; NULL: was not asked for */
	bool done;			/* for the user of the table */
};

/* One name of an inode, for links_add(), and what is decided about it. */
static inline struct link link_of(const struct inode *inode, const struct fsdax_decision *decision)
{
	return (struct link){
		.dev = inode->dev,
		.ino = inode->ino,
		.size = inode->facts.size,
		.nlink = inode->facts.nlink,
		.names = 1,
		.decision = *decision,
		.second = *decision,
	};
}

int links_new(struct links **links);
void links_free(struct links *links);

/*
 * One more name, or several. Of @name, all is read but the paths; folder may be NULL, and is
 * copied. entry: may be NULL; else its path is kept if this name is the first or the second.
 * Thread-safe.
 * Returns 1 if the inode is new, 0 if it was known, -ENOMEM.
 */
int links_add(struct links *links, const struct link *name, const struct walk_entry *entry);

/*
 * Call fn for every inode, in no order; stops at, and returns, the first value other than 0.
 * Not while another thread adds.
 */
int links_each(const struct links *links, int (*fn)(void *data, const struct link *link),
	       void *data);

/* One inode, or NULL. Borrowed. Not while another thread adds. */
struct link *links_find(const struct links *links, dev_t dev, ino_t ino);

/* Order by device and number, for qsort(3) of struct link. */
int link_compare(const void *a, const void *b);

/* The number of inodes. Not while another thread adds. */
size_t links_count(const struct links *links);

/*
 * The inodes that have names which were not met, by device and number. Of a file system other
 * than here, the number of the device; of that one 0, as the number may differ from machine
 * to machine. Free the list; the strings are borrowed. 0 or -ENOMEM.
 */
int links_open(const struct links *links, dev_t here, struct link **list, size_t *n);

#endif
