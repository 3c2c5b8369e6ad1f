/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode_await.c - opens that are on their way: what a thread of the guest was sent to look up
 * anew is not retired before it comes back. See inode_answered().
 *
 * A thread that was sent away is awaited with any inode of that file at first, and none is kept
 * for it. When the guest is told of one, that one is promised, by whatever request it is told: a
 * guest's kernel looks twice, first whether the name still stands for what it has cached, where
 * it forgets what it finds. What is promised must be right as of a time when it was in the index
 * already. Else a question of the admin's (control_pickup.c) could have passed it by, in between
 * the time when its attributes were read and that, and be answered that all is picked up.
 */
#include "inode_table.h"

#include <errno.h>

#include "clock.h"
#include "share.h"

/*
 * Whoever was sent away and has not come back by then was killed, or found something else. Not
 * less: a guest that has to wait for a processor can stand still for seconds.
 */
#define AWAIT_MS 10000

static bool is_same_key(const struct inode_key *a, const struct inode_key *b)
{
	return a->ino == b->ino && a->mnt_id == b->mnt_id && a->dev == b->dev;
}

static void remove_locked(struct inode_table *table, uint32_t i)
{
	table->awaited[i] = table->awaited[table->n_awaited - 1];
	__atomic_store_n(&table->n_awaited, table->n_awaited - 1, __ATOMIC_RELAXED);
}

static void remove_late_locked(struct inode_table *table)
{
	uint64_t now = clock_ms();

	for (uint32_t i = table->n_awaited; i-- > 0;) {
		if (table->awaited[i].until <= now)
			remove_locked(table, i);
	}
}

static uint32_t earliest_locked(const struct inode_table *table)
{
	uint32_t earliest = 0;

	for (uint32_t i = 1; i < table->n_awaited; i++) {
		if (table->awaited[i].until < table->awaited[earliest].until)
			earliest = i;
	}
	return earliest;
}

static void add_locked(struct inode_table *table, const struct inode *inode, uint32_t pid)
{
	remove_late_locked(table);
	if (table->n_awaited == INODE_AWAITED_MAX)
		remove_locked(table, earliest_locked(table));
	table->awaited[table->n_awaited] = (struct inode_awaited){
		.key = inode->key,
		.pid = pid,
		.nodeid = 0,
		.until = clock_ms() + AWAIT_MS,
	};
	__atomic_store_n(&table->n_awaited, table->n_awaited + 1, __ATOMIC_RELAXED);
}

static void came_locked(struct inode_table *table, const struct inode *inode, uint32_t pid)
{
	for (uint32_t i = 0; i < table->n_awaited; i++) {
		const struct inode_awaited *one = &table->awaited[i];

		if (one->pid == pid && is_same_key(&one->key, &inode->key)) {
			remove_locked(table, i);
			return;
		}
	}
}

bool inode_is_promised_locked(struct inode_table *table, const struct inode *inode)
{
	if (table->n_awaited)
		remove_late_locked(table);
	for (uint32_t i = 0; i < table->n_awaited; i++) {
		if (table->awaited[i].nodeid == inode->nodeid)
			return true;
	}
	return false;
}

static bool is_any_awaited(struct inode_table *table)
{
	return __atomic_load_n(&table->n_awaited, __ATOMIC_RELAXED) != 0;
}

bool inode_is_awaited(struct inode_table *table, const struct inode *inode)
{
	bool found = false;

	/* Mostly none is. Who was sent away was entered before it was told. */
	if (!S_ISREG(inode->type) || !is_any_awaited(table))
		return false;
	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 0; i < table->n_awaited && !found; i++)
		found = is_same_key(&table->awaited[i].key, &inode->key);
	pthread_mutex_unlock(&table->lock);
	return found;
}

void inode_promise(struct inode_table *table, const struct inode *inode)
{
	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 0; i < table->n_awaited && !inode->retired; i++) {
		struct inode_awaited *one = &table->awaited[i];

		if (is_same_key(&one->key, &inode->key))
			one->nodeid = inode->nodeid;
	}
	pthread_mutex_unlock(&table->lock);
}

void inode_answered(struct share *share, const struct inode *inode, uint32_t pid, int err)
{
	struct inode_table *table = share->inodes;

	if (!S_ISREG(inode->type) || (err != -ESTALE && !is_any_awaited(table)))
		return;
	pthread_mutex_lock(&table->lock);
	if (err == -ESTALE)
		add_locked(table, inode, pid);
	else
		came_locked(table, inode, pid);
	pthread_mutex_unlock(&table->lock);
}
