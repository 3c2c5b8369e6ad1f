/* SPDX-License-Identifier: BSD-3-Clause */
/* inode_index.c - inodes by nodeid, and by mount, device and inode number. */
#include "inode_table.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_BUCKETS 1024
#define FIRST_SLOTS 1024

int inode_index_new(struct inode_table *table)
{
	if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
		table->seed = (uintptr_t)table;
	table->buckets = calloc(FIRST_BUCKETS, sizeof(*table->buckets));
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	if (!table->buckets || !table->slots)
		return -ENOMEM;
	table->n_buckets = FIRST_BUCKETS;
	table->slots_room = FIRST_SLOTS;
	table->n_slots = FUSE_ROOT_ID;
	return 0;
}

void inode_index_free(struct inode_table *table)
{
	free(table->buckets);
	free(table->slots);
}

/* ---- Slots ---------------------------------------------------------------------------- */

static uint64_t nodeid_of(const struct inode_table *table, uint32_t slot)
{
	return (uint64_t)table->slots[slot].generation << 32 | slot;
}

static int grow_slots(struct inode_table *table)
{
	uint32_t room = table->slots_room * 2;
	struct inode_slot *slots;

	if (room < table->slots_room)
		return -ENOMEM;
	slots = realloc(table->slots, room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + table->slots_room, 0, (room - table->slots_room) * sizeof(*slots));
	table->slots = slots;
	table->slots_room = room;
	return 0;
}

static int take_slot(struct inode_table *table, struct inode *inode)
{
	uint32_t slot = table->free_slot;

	if (slot) {
		table->free_slot = table->slots[slot].next_free;
	} else {
		if (table->n_slots == table->slots_room && grow_slots(table))
			return -ENOMEM;
		slot = table->n_slots++;
	}
	table->slots[slot].inode = inode;
	inode->nodeid = nodeid_of(table, slot);
	table->n_inodes++;
	if (table->n_inodes > __atomic_load_n(&table->most, __ATOMIC_RELAXED))
		__atomic_store_n(&table->most, table->n_inodes, __ATOMIC_RELAXED);
	return 0;
}

void inode_slot_release_locked(struct inode_table *table, struct inode *inode)
{
	uint32_t number = (uint32_t)inode->nodeid;
	struct inode_slot *slot = &table->slots[number];

	slot->inode = NULL;
	slot->generation++;
	slot->next_free = table->free_slot;
	table->free_slot = number;
	table->n_inodes--;
}

struct inode *inode_by_nodeid_locked(struct inode_table *table, uint64_t nodeid)
{
	uint32_t number = (uint32_t)nodeid;

	if (number >= table->n_slots || table->slots[number].generation != nodeid >> 32)
		return NULL;
	return table->slots[number].inode;
}

/* ---- The index --------------------------------------------------------------------------- */

/* The finalizer of MurmurHash3: each bit of the input moves half of the output's. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static struct inode **bucket_of(struct inode_table *table, const struct inode_key *key)
{
	uint64_t hash = mix(key->ino + table->seed);

	hash = mix(hash ^ key->mnt_id ^ (uint64_t)key->dev << 32);
	return &table->buckets[hash & (table->n_buckets - 1)];
}

static bool same_key(const struct inode_key *a, const struct inode_key *b)
{
	return a->ino == b->ino && a->mnt_id == b->mnt_id && a->dev == b->dev;
}

struct inode *inode_by_key_locked(struct inode_table *table, const struct inode_key *key)
{
	struct inode *inode = *bucket_of(table, key);

	while (inode && !same_key(&inode->key, key))
		inode = inode->next;
	return inode;
}

static void insert(struct inode_table *table, struct inode *inode)
{
	struct inode **bucket = bucket_of(table, &inode->key);

	inode->next = *bucket;
	*bucket = inode;
}

/* Twice as many buckets. Without memory the chains only get longer. */
static void grow_buckets(struct inode_table *table)
{
	uint32_t old_n = table->n_buckets;
	struct inode **old = table->buckets;
	struct inode **buckets = calloc((size_t)old_n * 2, sizeof(*buckets));

	if (!buckets)
		return;
	table->buckets = buckets;
	table->n_buckets = old_n * 2;
	for (uint32_t i = 0; i < old_n; i++) {
		while (old[i]) {
			struct inode *inode = old[i];

			old[i] = inode->next;
			insert(table, inode);
		}
	}
	free(old);
}

int inode_index_add_locked(struct inode_table *table, struct inode *inode)
{
	int err = take_slot(table, inode);

	if (err)
		return err;
	if (table->n_indexed >= table->n_buckets && table->n_buckets <= UINT32_MAX / 4)
		grow_buckets(table);
	insert(table, inode);
	table->n_indexed++;
	return 0;
}

void inode_index_remove_locked(struct inode_table *table, struct inode *inode)
{
	struct inode **place = bucket_of(table, &inode->key);

	while (*place && *place != inode)
		place = &(*place)->next;
	if (!*place)
		return;
	*place = inode->next;
	inode->next = NULL;
	table->n_indexed--;
}
