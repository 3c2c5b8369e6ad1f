/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * links.c - a hash table of inodes in shards, each with a lock of its own, so that threads
 * seldom meet.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"

#define SHARD_BITS 5
#define SHARDS (1u << SHARD_BITS)
#define FIRST_SIZE 64 /* a power of two */

struct shard {
	pthread_mutex_t lock;
	struct link *slots; /* open addressing; nlink 0: empty */
	size_t size, used;
};

struct links {
	struct shard shards[SHARDS];
};

static uint64_t hash(dev_t dev, ino_t ino)
{
	uint64_t h = (uint64_t)ino * 0x9e3779b97f4a7c15u + (uint64_t)dev;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

int links_new(struct links **links)
{
	struct links *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&l->shards[i].lock, NULL);
	*links = l;
	return 0;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &links->shards[i];

		for (size_t j = 0; j < shard->size; j++) {
			free(shard->slots[j].folder);
			free(shard->slots[j].paths[0]);
			free(shard->slots[j].paths[1]);
		}
		free(shard->slots);
		pthread_mutex_destroy(&shard->lock);
	}
	free(links);
}

/* The slot of an inode, or the empty one where it belongs. */
static struct link *find(struct link *slots, size_t size, dev_t dev, ino_t ino)
{
	size_t i = (hash(dev, ino) >> SHARD_BITS) & (size - 1);

	while (slots[i].nlink && (slots[i].ino != ino || slots[i].dev != dev))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

/* Keep at least a quarter empty. */
static int make_room(struct shard *shard)
{
	size_t size = shard->size ? shard->size * 2 : FIRST_SIZE;
	struct link *slots;

	if (shard->used + 1 <= shard->size / 4 * 3)
		return 0;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < shard->size; i++) {
		const struct link *old = &shard->slots[i];

		if (old->nlink)
			*find(slots, size, old->dev, old->ino) = *old;
	}
	free(shard->slots);
	shard->slots = slots;
	shard->size = size;
	return 0;
}

static int keep_path(char **path, const struct walk_entry *entry)
{
	*path = walk_entry_path(entry);
	return *path ? 0 : -ENOMEM;
}

/* Which name is met first must not matter. */
static int keep_folder(struct link *slot, const char *folder)
{
	char *copy;

	if (!folder || (slot->folder && strcmp(slot->folder, folder) <= 0))
		return 0;
	copy = strdup(folder);
	if (!copy)
		return -ENOMEM;
	free(slot->folder);
	slot->folder = copy;
	return 0;
}

static int add_to(struct link *slot, const struct link *name, const struct walk_entry *entry)
{
	slot->names += name->names;
	slot->decision = fsdax_decision_merge(slot->decision, name->decision);
	slot->second = fsdax_decision_merge(slot->second, name->second);
	if (keep_folder(slot, name->folder))
		return -ENOMEM;
	return entry && !slot->paths[1] ? keep_path(&slot->paths[1], entry) : 0;
}

static int add(struct shard *shard, const struct link *name, const struct walk_entry *entry)
{
	struct link *slot, new = *name;
	char *path = NULL;
	int ret = make_room(shard);

	if (ret < 0)
		return ret;
	slot = find(shard->slots, shard->size, name->dev, name->ino);
	if (slot->nlink)
		return add_to(slot, name, entry);
	if (entry && keep_path(&path, entry) < 0)
		return -ENOMEM;
	new.folder = NULL;
	if (keep_folder(&new, name->folder)) {
		free(path);
		return -ENOMEM;
	}
	new.nlink = name->nlink ? name->nlink : 1; /* 0 would mean an empty slot */
	new.paths[0] = path;
	new.paths[1] = NULL;
	new.done = false;
	*slot = new;
	shard->used++;
	return 1;
}

int links_add(struct links *links, const struct link *name, const struct walk_entry *entry)
{
	struct shard *shard = &links->shards[hash(name->dev, name->ino) & (SHARDS - 1)];
	int ret;

	pthread_mutex_lock(&shard->lock);
	ret = add(shard, name, entry);
	pthread_mutex_unlock(&shard->lock);
	return ret;
}

struct link *links_find(const struct links *links, dev_t dev, ino_t ino)
{
	const struct shard *shard = &links->shards[hash(dev, ino) & (SHARDS - 1)];
	struct link *slot;

	if (!shard->size)
		return NULL;
	slot = find(shard->slots, shard->size, dev, ino);
	return slot->nlink ? slot : NULL;
}

int links_each(const struct links *links, int (*fn)(void *data, const struct link *link),
	       void *data)
{
	for (size_t i = 0; i < SHARDS; i++) {
		const struct shard *shard = &links->shards[i];

		for (size_t j = 0; j < shard->size; j++) {
			int ret = shard->slots[j].nlink ? fn(data, &shard->slots[j]) : 0;

			if (ret)
				return ret;
		}
	}
	return 0;
}

size_t links_count(const struct links *links)
{
	size_t n = 0;

	for (size_t i = 0; i < SHARDS; i++)
		n += links->shards[i].used;
	return n;
}

struct listing {
	struct link *list;
	size_t n;
	dev_t here;
};

static int list_open(void *data, const struct link *link)
{
	struct listing *listing = data;

	if (link->names >= link->nlink)
		return 0;
	listing->list[listing->n] = *link;
	if (link->dev == listing->here)
		listing->list[listing->n].dev = 0;
	listing->n++;
	return 0;
}

int link_compare(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

int links_open(const struct links *links, dev_t here, struct link **list, size_t *n)
{
	struct listing listing = {.here = here};

	listing.list = calloc(links_count(links) + 1, sizeof(*listing.list));
	if (!listing.list)
		return -ENOMEM;
	links_each(links, list_open, &listing);
	qsort(listing.list, listing.n, sizeof(*listing.list), link_compare);
	*list = listing.list;
	*n = listing.n;
	return 0;
}
