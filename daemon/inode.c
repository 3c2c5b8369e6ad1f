/* SPDX-License-Identifier: BSD-3-Clause */
/* inode.c - see inode.h: references, lookups, the end of an inode; locks. */
#include "inode_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "attr.h"
#include "share.h"
#include "verdict.h"

/* So many that their memory is worth giving back. */
enum { MANY_INODES = 65536 };

/* How many are forgotten at a time when a session ends. */
enum { SLOTS_AT_ONCE = 1024 };

/* ---- References ------------------------------------------------------------------------ */

struct inode *inode_ref(struct inode *inode)
{
	__atomic_add_fetch(&inode->refs, 1, __ATOMIC_RELAXED);
	return inode;
}

/*
 * The last reference is only ever dropped under the table's lock, so that whoever finds an
 * inode in the table under the lock can take one more. Returns whether it was not the last.
 */
static bool drop_unless_last(struct inode *inode)
{
	uint32_t refs = __atomic_load_n(&inode->refs, __ATOMIC_RELAXED);

	while (refs > 1) {
		if (__atomic_compare_exchange_n(&inode->refs, &refs, refs - 1, true,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static void drop_locked(struct inode_table *table, struct inode *inode, struct inode **todo)
{
	if (__atomic_sub_fetch(&inode->refs, 1, __ATOMIC_ACQ_REL))
		return;
	inode_index_remove_locked(table, inode);
	inode_slot_release_locked(table, inode);
	inode->next = *todo;
	*todo = inode;
}

static void drop_names_locked(struct inode_table *table, struct inode *inode, struct inode **todo)
{
	if (inode->name.parent)
		drop_locked(table, inode->name.parent, todo);
	for (uint32_t i = 0; i < inode->n_others; i++)
		drop_locked(table, inode->others[i].parent, todo);
}

void inode_unref_locked(struct inode_table *table, struct inode *inode, struct inode **dead)
{
	struct inode *todo = NULL;

	/* A loop, for a guest can make a chain of folders as long as it likes. */
	drop_locked(table, inode, &todo);
	while (todo) {
		struct inode *one = todo;

		todo = one->next;
		drop_names_locked(table, one, &todo);
		one->next = *dead;
		*dead = one;
	}
}

static void free_inode(struct share *share, struct inode *inode)
{
	free(inode->name.name);
	for (uint32_t i = 0; i < inode->n_others; i++)
		free(inode->others[i].name);
	free(inode->others);
	inode_fd_release(share->inodes, inode);
	verdict_release(&inode->verdict);
	free(inode);
}

/*
 * What is freed stays with malloc() in holes between what is not. When a guest has forgotten
 * most of very many files, the system gets it back.
 */
static void give_back(struct inode_table *table)
{
	bool many;

	if (__atomic_load_n(&table->most, __ATOMIC_RELAXED) < MANY_INODES)
		return;
	pthread_mutex_lock(&table->lock);
	many = table->most >= MANY_INODES && table->n_inodes < table->most / 4;
	if (many)
		__atomic_store_n(&table->most, table->n_inodes, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&table->lock);
	if (many)
		malloc_trim(0);
}

void inode_bury(struct share *share, struct inode *dead)
{
	while (dead) {
		struct inode *next = dead->next;

		free_inode(share, dead);
		dead = next;
	}
	give_back(share->inodes);
}

void inode_put(struct share *share, struct inode *inode)
{
	struct inode_table *table = share->inodes;
	struct inode *dead = NULL;

	if (!inode || drop_unless_last(inode))
		return;
	pthread_mutex_lock(&table->lock);
	inode_unref_locked(table, inode, &dead);
	pthread_mutex_unlock(&table->lock);
	inode_bury(share, dead);
}

struct inode *inode_get(struct share *share, uint64_t nodeid)
{
	struct inode_table *table = share->inodes;
	struct inode *inode;

	pthread_mutex_lock(&table->lock);
	inode = inode_by_nodeid_locked(table, nodeid);
	/* It may be in use still though the guest has forgotten it: by a folder's entries. */
	if (inode && inode->lookups)
		inode_ref(inode);
	else
		inode = NULL;
	pthread_mutex_unlock(&table->lock);
	return inode;
}

struct inode *inode_get_any(struct share *share, uint64_t nodeid)
{
	struct inode_table *table = share->inodes;
	struct inode *inode;

	pthread_mutex_lock(&table->lock);
	inode = inode_by_nodeid_locked(table, nodeid);
	if (inode)
		inode_ref(inode);
	pthread_mutex_unlock(&table->lock);
	return inode;
}

/* ---- Lookups ------------------------------------------------------------------------------ */

void inode_count_lookup_locked(struct inode *inode)
{
	if (inode->lookups++ == 0)
		inode_ref(inode);
}

static void forget_locked(struct inode_table *table, struct inode *inode, uint64_t n,
			  struct inode **dead)
{
	if (!inode || inode == table->root || !inode->lookups)
		return;
	inode->lookups -= n < inode->lookups ? n : inode->lookups;
	if (!inode->lookups)
		inode_unref_locked(table, inode, dead);
}

void inode_forget(struct share *share, uint64_t nodeid, uint64_t n)
{
	struct inode_table *table = share->inodes;
	struct inode *dead = NULL;

	pthread_mutex_lock(&table->lock);
	forget_locked(table, inode_by_nodeid_locked(table, nodeid), n, &dead);
	pthread_mutex_unlock(&table->lock);
	inode_bury(share, dead);
}

/* Those in some slots from `from` on. Returns where to go on; 0: all are forgotten. */
static uint32_t forget_slots(struct share *share, uint32_t from)
{
	struct inode_table *table = share->inodes;
	struct inode *dead = NULL;
	uint32_t i = from;

	pthread_mutex_lock(&table->lock);
	for (; i < table->n_slots && i - from < SLOTS_AT_ONCE; i++)
		forget_locked(table, table->slots[i].inode, UINT64_MAX, &dead);
	if (i >= table->n_slots) {
		__atomic_store_n(&table->n_awaited, 0, __ATOMIC_RELAXED);
		i = 0;
	}
	pthread_mutex_unlock(&table->lock);
	inode_bury(share, dead);
	return i;
}

void inode_table_reset(struct share *share)
{
	uint32_t i = 1;

	/* There can be millions, and others who want the table meanwhile. */
	while (i)
		i = forget_slots(share, i);
}

uint64_t inode_count(struct share *share)
{
	uint64_t n;

	pthread_mutex_lock(&share->inodes->lock);
	n = share->inodes->n_inodes;
	pthread_mutex_unlock(&share->inodes->lock);
	return n;
}

void inode_each(struct share *share, void (*fn)(void *data, struct inode *inode), void *data)
{
	struct inode_table *table = share->inodes;

	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 1; i < table->n_slots; i++) {
		if (table->slots[i].inode)
			fn(data, table->slots[i].inode);
	}
	pthread_mutex_unlock(&table->lock);
}

/* ---- Retiring ------------------------------------------------------------------------------ */

bool inode_retire(struct share *share, struct inode *inode)
{
	struct inode_table *table = share->inodes;
	bool promised;

	pthread_mutex_lock(&table->lock);
	promised = inode_is_promised_locked(table, inode);
	if (!promised) {
		inode_index_remove_locked(table, inode);
		__atomic_store_n(&inode->retired, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&table->lock);
	return !promised;
}

bool inode_is_retired(const struct inode *inode)
{
	return __atomic_load_n(&inode->retired, __ATOMIC_ACQUIRE);
}

/* ---- Locks --------------------------------------------------------------------------------- */

static pthread_mutex_t *stripe_of(struct share *share, const struct inode *inode)
{
	return &share->inodes->stripes[inode->nodeid % INODE_STRIPES];
}

void inode_lock(struct share *share, struct inode *inode)
{
	pthread_mutex_lock(stripe_of(share, inode));
}

void inode_unlock(struct share *share, struct inode *inode)
{
	pthread_mutex_unlock(stripe_of(share, inode));
}

/* ---- The table ------------------------------------------------------------------------------ */

static int make_root(struct share *share, struct inode_table *table)
{
	struct inode *root = table->root;
	struct statx stx;

	if (statx(share->root_fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, &stx))
		return -errno;
	if (!S_ISDIR(stx.stx_mode))
		return -ENOTDIR;
	root->key = (struct inode_key){
		.ino = stx.stx_ino,
		.mnt_id = stx.stx_mnt_id,
		.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
	};
	root->type = S_IFDIR;
	root->fd = share->root_fd;
	root->refs = 1;
	root->lookups = 1;
	return inode_index_add_locked(table, root);
}

int inode_table_new(struct share *share)
{
	struct inode_table *table = calloc(1, sizeof(*table));
	int err = -ENOMEM;

	if (!table)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	for (int i = 0; i < INODE_STRIPES; i++)
		pthread_mutex_init(&table->stripes[i], NULL);
	share->inodes = table;
	table->root = calloc(1, sizeof(*table->root));
	if (table->root)
		err = inode_index_new(table);
	if (!err)
		err = inode_fds_new(&table->fds);
	if (!err)
		err = make_root(share, table);
	if (err)
		inode_table_free(share);
	return err;
}

void inode_table_free(struct share *share)
{
	struct inode_table *table = share->inodes;

	if (!table)
		return;
	inode_table_reset(share);
	if (table->root)
		verdict_release(&table->root->verdict);
	free(table->root);
	inode_fds_free(&table->fds);
	inode_index_free(table);
	for (int i = 0; i < INODE_STRIPES; i++)
		pthread_mutex_destroy(&table->stripes[i]);
	pthread_mutex_destroy(&table->lock);
	free(table);
	share->inodes = NULL;
}
