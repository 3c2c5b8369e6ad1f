/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode_names.c - the names by which the guest knows an inode. A folder has one, and a file as
 * many as it has links, at most.
 */
#include "inode_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"

/* A file with more links than that is known by its latest names. */
#define MOST_NAMES 256

static bool is_name(const struct inode_name *one, const struct inode *parent, const char *name)
{
	return one->parent == parent && !strcmp(one->name, name);
}

static void drop_name(struct inode_table *table, struct inode_name *one, struct inode **dead)
{
	struct inode *parent = one->parent;

	free(one->name);
	*one = (struct inode_name){0};
	if (parent)
		inode_unref_locked(table, parent, dead);
}

static void note_change(struct inode *inode)
{
	__atomic_add_fetch(&inode->names_moved, 1, __ATOMIC_RELEASE);
}

/* Forget others[i]; the rest stays in order, oldest first. */
static void drop_other(struct inode_table *table, struct inode *inode, uint32_t i,
		       struct inode **dead)
{
	drop_name(table, &inode->others[i], dead);
	inode->n_others--;
	memmove(&inode->others[i], &inode->others[i + 1],
		(inode->n_others - i) * sizeof(*inode->others));
	if (!inode->n_others) {
		free(inode->others);
		inode->others = NULL;
	}
	note_change(inode);
}

/* Append to others. false: no memory. */
static bool keep_other(struct inode *inode, struct inode_name one)
{
	struct inode_name *others = realloc(inode->others, (inode->n_others + 1) * sizeof(*others));

	if (!others)
		return false;
	others[inode->n_others] = one;
	inode->others = others;
	inode->n_others++;
	return true;
}

/*
 * No folder may be above itself. That happens if folders change places on the host, and the
 * guest learns of one only: then what it knew of the other is out of date.
 */
static void cut_loop(struct inode_table *table, const struct inode *inode, struct inode *parent,
		     struct inode **dead)
{
	for (struct inode *up = parent; up; up = up->name.parent) {
		if (up->name.parent != inode)
			continue;
		drop_name(table, &up->name, dead);
		note_change(up);
		return;
	}
}

/*
 * Whether it may be the parent of something: more refers to it than its lookups, and the caller.
 * It may be so without a name, when that is just being changed.
 */
static bool may_be_parent(const struct inode *inode)
{
	uint32_t refs = __atomic_load_n(&inode->refs, __ATOMIC_RELAXED);

	return S_ISDIR(inode->type) && refs > 1 + (uint32_t)(inode->lookups > 0);
}

/* Whether it is the last name already, or can be made so by changing places. */
static bool is_known(struct inode *inode, const struct inode *parent, const char *name)
{
	if (inode->name.parent && is_name(&inode->name, parent, name))
		return true;
	for (uint32_t i = 0; i < inode->n_others; i++) {
		struct inode_name one = inode->others[i];

		if (!is_name(&one, parent, name))
			continue;
		inode->others[i] = inode->name;
		inode->name = one;
		return true;
	}
	return false;
}

static void drop_surplus(struct inode_table *table, struct inode *inode, uint32_t most,
			 struct inode **dead)
{
	while (inode->n_others && inode->n_others + 1 > most)
		drop_other(table, inode, 0, dead);
}

bool inode_name_add_locked(struct inode_table *table, struct inode *inode, struct inode *parent,
			   const char *name, uint32_t nlink, struct inode **dead)
{
	uint32_t most = S_ISDIR(inode->type) ? 1 : nlink < MOST_NAMES ? nlink : MOST_NAMES;
	struct inode_name one = {parent, NULL};

	if (inode == table->root || is_known(inode, parent, name)) {
		drop_surplus(table, inode, most, dead);
		return false;
	}
	one.name = strdup(name);
	if (!one.name)
		return false;
	inode_ref(parent);
	if (may_be_parent(inode))
		cut_loop(table, inode, parent, dead);
	if (inode->name.parent && (most <= 1 || !keep_other(inode, inode->name)))
		drop_name(table, &inode->name, dead);
	inode->name = one;
	note_change(inode);
	drop_surplus(table, inode, most, dead);
	return true;
}

void inode_name_remove_locked(struct inode_table *table, struct inode *inode,
			      const struct inode *parent, const char *name, struct inode **dead)
{
	if (inode->name.parent && is_name(&inode->name, parent, name)) {
		drop_name(table, &inode->name, dead);
		note_change(inode);
		if (!inode->n_others)
			return;
		inode->name = inode->others[inode->n_others - 1];
		inode->others[inode->n_others - 1] = (struct inode_name){0};
		drop_other(table, inode, inode->n_others - 1, dead);
		return;
	}
	for (uint32_t i = 0; i < inode->n_others; i++) {
		if (is_name(&inode->others[i], parent, name)) {
			drop_other(table, inode, i, dead);
			return;
		}
	}
}

/* ---- For others ---------------------------------------------------------------------- */

void inode_names_lock(struct share *share)
{
	pthread_mutex_lock(&share->inodes->lock);
}

void inode_names_unlock(struct share *share)
{
	pthread_mutex_unlock(&share->inodes->lock);
}

uint64_t inode_moves(const struct inode_table *table)
{
	return __atomic_load_n(&table->moves, __ATOMIC_ACQUIRE);
}

void inode_note_move(struct share *share)
{
	__atomic_add_fetch(&share->inodes->moves, 1, __ATOMIC_RELEASE);
}

void inode_unname(struct share *share, struct inode *inode, const struct inode *parent,
		  const char *name)
{
	struct inode *dead = NULL;

	inode_names_lock(share);
	inode_name_remove_locked(share->inodes, inode, parent, name, &dead);
	inode_names_unlock(share);
	inode_bury(share, dead);
}

void inode_rename(struct share *share, struct inode *inode, const struct inode *from,
		  const char *old, struct inode *to, const char *name)
{
	struct inode *dead = NULL;

	inode_names_lock(share);
	inode_name_remove_locked(share->inodes, inode, from, old, &dead);
	inode_name_add_locked(share->inodes, inode, to, name, MOST_NAMES, &dead);
	inode_names_unlock(share);
	inode_bury(share, dead);
}

uint32_t inode_names_moved(const struct inode *inode)
{
	return __atomic_load_n(&inode->names_moved, __ATOMIC_ACQUIRE);
}

/*
 * The bytes of a path, or 0 if it does not lead up to the root, or is longer than one can be that is
 * of use: a guest can make folders as deep as it likes, and a path of each file there.
 */
static size_t path_length(const struct inode_table *table, const struct inode *inode)
{
	size_t length = 0;

	for (; inode != table->root; inode = inode->name.parent) {
		if (!inode->name.parent || length >= PATH_MAX)
			return 0;
		length += 1 + strlen(inode->name.name);
	}
	return length >= PATH_MAX ? 0 : length ? length : 1;
}

/* Write it from its end to its begin. */
static char *write_path(const struct inode_table *table, const struct inode *inode, size_t length)
{
	char *path = malloc(length + 1);
	char *end = path + length;

	if (!path)
		return NULL;
	*path = '/';
	*end = '\0';
	for (; inode != table->root; inode = inode->name.parent) {
		size_t size = strlen(inode->name.name);

		end -= size;
		memcpy(end, inode->name.name, size);
		*--end = '/';
	}
	return path;
}

char *inode_path(struct share *share, struct inode *inode)
{
	char *path = NULL;
	size_t length;

	inode_names_lock(share);
	length = path_length(share->inodes, inode);
	if (length)
		path = write_path(share->inodes, inode, length);
	inode_names_unlock(share);
	return path;
}
