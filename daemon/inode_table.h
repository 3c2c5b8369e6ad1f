/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode_table.h - what the inode_*.c files share, and nobody else looks into.
 *
 *	inode.c		references, lookups, the end of an inode; locks
 *	inode_index.c	by nodeid, and by what it is on the host
 *	inode_names.c	by which names the guest knows it
 *	inode_fd.c	descriptors: one each, or file handles and a cache of descriptors
 *	inode_lookup.c	from a name to an inode
 *	inode_await.c	opens that are on their way
 *
 * Functions that end in _locked are called with the table's lock held.
 */
#ifndef DAEMON_INODE_TABLE_H
#define DAEMON_INODE_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "inode.h"

#define INODE_STRIPES 64
#define INODE_AWAITED_MAX 256

/*
 * A nodeid is a slot's number and, above it, the slot's generation, which moves on whenever
 * the slot is emptied: so a nodeid that was never given out, or was forgotten, is told from
 * one that is good. Slot FUSE_ROOT_ID is the root's, and slot 0 is not used.
 */
struct inode_slot {
	struct inode *inode; /* NULL: free */
	uint32_t generation;
	uint32_t next_free; /* 0: the last one */
};

/* Descriptors that could be made again from a file handle: kept while there is room. */
struct inode_fds {
	pthread_mutex_t lock; /* of this struct, the mounts, and fd, fd_* of inodes with handles */
	struct inode **ring;
	uint32_t n, room;
	uint32_t hand;		    /* where to look for one to close */
	int end; /* descriptors from this number on are not the guest's to take; never changes */
	struct inode_mount *mounts; /* a list: there are few */
};

/* A thread of the guest that was sent to look up anew what it wanted to open. */
struct inode_awaited {
	struct inode_key key;
	uint32_t pid;
	uint64_t nodeid; /* what it was told of since, and is to find as it was told; 0: nothing */
	uint64_t until; /* ms, of clock_ms() */
};

struct inode_table {
	pthread_mutex_t lock; /* of all below, but for stripes and fds */
	struct inode_slot *slots;
	uint32_t n_slots, slots_room;
	uint32_t free_slot; /* 0: none */
	struct inode **buckets;
	uint32_t n_buckets; /* a power of two */
	uint32_t n_indexed;
	uint64_t n_inodes;
	uint64_t most; /* atomic: at a time, since memory was given back: see inode_bury() */
	uint64_t moves; /* atomic: names that the guest moved or removed; see found_locked() */
	uint64_t seed; /* of the hash, so that nobody can choose inode numbers that collide */
	struct inode_awaited awaited[INODE_AWAITED_MAX];
	uint32_t n_awaited; /* atomic */
	struct inode *root;
	pthread_mutex_t stripes[INODE_STRIPES];
	struct inode_fds fds;
};

/* ---- inode_index.c ------------------------------------------------------------------- */

int inode_index_new(struct inode_table *table);
void inode_index_free(struct inode_table *table);

/* Give an inode a nodeid, and enter it in the index. 0 or -ENOMEM. */
int inode_index_add_locked(struct inode_table *table, struct inode *inode);

/* Take it out of the index; it keeps its nodeid. Twice is fine. */
void inode_index_remove_locked(struct inode_table *table, struct inode *inode);

/* Take its nodeid back. */
void inode_slot_release_locked(struct inode_table *table, struct inode *inode);

struct inode *inode_by_nodeid_locked(struct inode_table *table, uint64_t nodeid);
struct inode *inode_by_key_locked(struct inode_table *table, const struct inode_key *key);

/* ---- inode.c --------------------------------------------------------------------------- */

/*
 * Drop a reference. What dies of it, which may be all its parents too, is put on the list
 * *dead: give that to inode_bury() when the lock is released.
 */
void inode_unref_locked(struct inode_table *table, struct inode *inode, struct inode **dead);
void inode_bury(struct share *share, struct inode *dead);

/* One more lookup by the guest. */
void inode_count_lookup_locked(struct inode *inode);

/* ---- inode_names.c --------------------------------------------------------------------- */

/*
 * Remember a name, as the one looked up last. nlink: how many the inode has on the host; those
 * that exceed it have gone there, and the oldest are dropped. Without memory the name is not
 * remembered. Returns whether it was not known.
 */
bool inode_name_add_locked(struct inode_table *table, struct inode *inode, struct inode *parent,
			   const char *name, uint32_t nlink, struct inode **dead);
void inode_name_remove_locked(struct inode_table *table, struct inode *inode,
			      const struct inode *parent, const char *name, struct inode **dead);

/* How many moves there were. */
uint64_t inode_moves(const struct inode_table *table);

/* ---- inode_await.c --------------------------------------------------------------------- */

/* Whether the guest is about to open this file, by this inode or another. */
bool inode_is_awaited(struct inode_table *table, const struct inode *inode);

/*
 * From now on it is not retired, unless it is already, until those who are awaited have come: they
 * are going to be told of it. See inode_await.c for what must be true then.
 */
void inode_promise(struct inode_table *table, const struct inode *inode);
bool inode_is_promised_locked(struct inode_table *table, const struct inode *inode);

/* ---- inode_fd.c ------------------------------------------------------------------------ */

int inode_fds_new(struct inode_fds *fds);
void inode_fds_free(struct inode_fds *fds);

/*
 * Give a new inode its O_PATH descriptor (taken over on success) or a handle in its place,
 * by --inode-file-handles. 0 or -errno.
 */
int inode_fd_adopt(struct share *share, struct inode *inode, int fd);

/* Release descriptor, handle and mount of an inode that nobody can reach any more. */
void inode_fd_release(struct inode_table *table, struct inode *inode);

/* Whether a descriptor keeps it alive on the host, so that its number is its own. */
bool inode_fd_is_pinned(const struct inode *inode);
bool inode_fd_same_handle(const struct inode *a, const struct inode *b);

/* As openat(2), but closes kept descriptors and tries again if there are too many. */
int inode_fds_openat(struct inode_table *table, int dirfd, const char *name, int flags);

#endif
