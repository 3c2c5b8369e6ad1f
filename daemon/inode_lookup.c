/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode_lookup.c - from a name to an inode. For one that the guest knows, it takes a single
 * system call: the statx that the reply needs anyway.
 */
#include "inode_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "attr.h"
#include "share.h"
#include "verdict.h"

/* Looked up again that often if what is found is retired, or is replaced on the host. */
#define MOST_TRIES 8

/* A kernel's clock for files moves in ticks; two inodes born in one have the same time. */
#define TICK_NS (20 * 1000 * 1000)

/* A name in a folder; or a file that is open, with the name that it was opened by. */
struct place {
	struct inode *dir; /* NULL: it has no name */
	int dirfd;
	const char *name;
	int open_fd; /* -1: look the name up */
	uint64_t moves; /* of the table, before that */
};

/* ---- Telling inodes from each other ------------------------------------------------ */

static struct inode_key key_of(const struct statx *stx)
{
	return (struct inode_key){
		.ino = stx->stx_ino,
		.mnt_id = stx->stx_mnt_id,
		.dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
	};
}

static int64_t btime_of(const struct statx *stx)
{
	if (!(stx->stx_mask & STATX_BTIME))
		return 0;
	return stx->stx_btime.tv_sec * INT64_C(1000000000) + stx->stx_btime.tv_nsec;
}

/*
 * Whether any inode that will ever get this one's number must be born later: not if it is so
 * young that one more tick of the clock has not passed, nor if its birth is not known.
 */
static bool btime_tells(int64_t btime)
{
	struct timespec now;

	if (!btime || clock_gettime(CLOCK_REALTIME_COARSE, &now))
		return false;
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec - btime > TICK_NS;
}

/*
 * An inode in the index has the number that was just found. That it is the same one is sure
 * if a descriptor kept it alive, or if it was born at the same time; else only its file
 * handle can tell.
 */
static bool surely_same(const struct inode *inode, const struct statx *stx)
{
	if (inode_fd_is_pinned(inode))
		return true;
	return inode->btime_tells && inode->btime == btime_of(stx);
}

/* ---- One that the guest knows --------------------------------------------------------- */

/*
 * If a name was moved or removed since this one was looked up, it may be this one. Whoever moves
 * it corrects the names that an inode has: so what is known since then is not replaced. Should it
 * be another's that moved, then the next LOOKUP tells.
 */
static bool may_name_locked(const struct inode_table *table, const struct inode *inode,
			    const struct place *place)
{
	return place->dir && (!inode->name.parent || place->moves == inode_moves(table));
}

/* Returns whether it is by a name that was not known. */
static bool found_locked(struct inode_table *table, struct inode *inode, const struct place *place,
			 const struct statx *stx, struct inode **dead)
{
	inode_ref(inode);
	inode_count_lookup_locked(inode);
	return may_name_locked(table, inode, place) &&
	       inode_name_add_locked(table, inode, place->dir, place->name, stx->stx_nlink, dead);
}

/* The same for one that was known: a folder that the host has moved takes all below along. */
static void found_again_locked(struct share *share, struct inode *inode, const struct place *place,
			       const struct statx *stx, struct inode **dead)
{
	if (found_locked(share->inodes, inode, place, stx, dead) && S_ISDIR(inode->type))
		verdict_tree_changed(share);
}

static struct inode *find_known(struct share *share, const struct place *place,
				const struct statx *stx)
{
	struct inode_table *table = share->inodes;
	struct inode_key key = key_of(stx);
	struct inode *dead = NULL;
	struct inode *inode;

	pthread_mutex_lock(&table->lock);
	inode = inode_by_key_locked(table, &key);
	if (inode && surely_same(inode, stx))
		found_again_locked(share, inode, place, stx, &dead);
	else
		inode = NULL;
	pthread_mutex_unlock(&table->lock);
	inode_bury(share, dead);
	return inode;
}

/* ---- One that is new --------------------------------------------------------------------- */

/* fd is taken over in any case. */
static int make_inode(struct share *share, const struct place *place, int fd,
		      const struct statx *stx, struct inode **inode)
{
	struct inode *fresh = calloc(1, sizeof(*fresh));
	int err = -ENOMEM;

	if (fresh) {
		fresh->key = key_of(stx);
		fresh->type = stx->stx_mode & S_IFMT;
		fresh->btime = btime_of(stx);
		fresh->btime_tells = btime_tells(fresh->btime);
		fresh->is_submount = place->dir && fresh->key.mnt_id != place->dir->key.mnt_id;
		err = inode_fd_adopt(share, fresh, fd);
	}
	if (err) {
		free(fresh);
		close(fd);
		return err;
	}
	*inode = fresh;
	return 0;
}

/* Whether another thread was faster, or we were not sure and now are. */
static bool is_same(struct inode *old, const struct inode *fresh, const struct statx *stx)
{
	if (surely_same(old, stx))
		return true;
	if (!inode_fd_same_handle(old, fresh))
		return false;
	old->btime_tells = fresh->btime_tells;
	return true;
}

/* Enter a new inode in the table; or take the one that is there, and leave `fresh` dead. */
static int enter_locked(struct share *share, const struct place *place, struct inode *fresh,
			const struct statx *stx, struct inode **inode, struct inode **dead)
{
	struct inode_table *table = share->inodes;
	struct inode *old = inode_by_key_locked(table, &fresh->key);
	int err;

	*dead = fresh;
	if (old && is_same(old, fresh, stx)) {
		*inode = old;
		found_again_locked(share, old, place, stx, dead);
		return 0;
	}
	if (old) {
		/* It has gone on the host, and its number was given to another. */
		inode_index_remove_locked(table, old);
		__atomic_store_n(&old->retired, true, __ATOMIC_RELEASE);
	}
	err = inode_index_add_locked(table, fresh);
	if (err)
		return err;
	*dead = NULL;
	*inode = fresh;
	found_locked(table, fresh, place, stx, dead);
	return 0;
}

/* fd (O_PATH) is taken over in any case. */
static int enter(struct share *share, const struct place *place, int fd, struct inode **inode,
		 struct statx *stx)
{
	struct inode_table *table = share->inodes;
	struct inode *fresh, *dead = NULL;
	int err;

	if (statx(fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, stx)) {
		err = -errno;
		close(fd);
		return err;
	}
	err = make_inode(share, place, fd, stx, &fresh);
	if (err)
		return err;
	pthread_mutex_lock(&table->lock);
	err = enter_locked(share, place, fresh, stx, inode, &dead);
	pthread_mutex_unlock(&table->lock);
	inode_bury(share, dead);
	return err;
}

/* ---- Lookup ---------------------------------------------------------------------------------- */

static int stat_name(const struct place *place, struct statx *stx)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	return statx(place->dirfd, place->name, flags, ATTR_STATX_MASK, stx) ? -errno : 0;
}

static int find_or_enter(struct share *share, const struct place *place, struct inode **inode,
			 struct statx *stx)
{
	int err = stat_name(place, stx);
	int fd;

	if (err)
		return err;
	*inode = find_known(share, place, stx);
	if (*inode)
		return 0;
	fd = inode_fds_openat(share->inodes, place->dirfd, place->name, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	/* The name may stand for another file by now: from here on we go by the descriptor. */
	return enter(share, place, fd, inode, stx);
}

void inode_take_back(struct share *share, struct inode *inode)
{
	inode_forget(share, inode->nodeid, 1);
	inode_put(share, inode);
}

/* Enter what is open already, as what the guest gets to know by this name. */
static int enter_open(struct share *share, const struct place *place, struct inode **inode,
		      struct statx *stx)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%d", place->open_fd);
	fd = inode_fds_openat(share->inodes, share->proc_fd, name, O_PATH);
	return fd < 0 ? fd : enter(share, place, fd, inode, stx);
}

/*
 * The guest is about to open what it is told of now: so that has to be right as of now, when the
 * inode is in the index, and to stay.
 */
static void make_sure(struct share *share, struct inode *inode, struct statx *stx, uint32_t *flag)
{
	int fd = inode_fd(share, inode);

	if (fd < 0)
		return;
	if (!statx(fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, stx)) {
		*flag = verdict_flag(share, inode, stx);
		inode_promise(share->inodes, inode);
	}
	inode_fd_done(share, inode, fd);
}

static int look_up(struct share *share, struct place *place, struct inode **inode,
		   struct statx *stx, uint32_t *flag)
{
	for (int tries = 0; tries < MOST_TRIES; tries++) {
		struct inode *found;
		int err;

		place->moves = inode_moves(share->inodes);
		err = place->open_fd >= 0 ? enter_open(share, place, &found, stx)
					  : find_or_enter(share, place, &found, stx);
		if (err)
			return err;
		*flag = verdict_flag(share, found, stx);
		if (!inode_is_retired(found) && inode_is_awaited(share->inodes, found))
			make_sure(share, found, stx, flag);
		if (!inode_is_retired(found)) {
			*inode = found;
			return 0;
		}
		inode_take_back(share, found);
	}
	return -ESTALE;
}

int inode_lookup(struct share *share, struct inode *parent, const char *name, struct inode **inode,
		 struct statx *stx, uint32_t *flag)
{
	struct place place = {parent, inode_fd(share, parent), name, -1, 0};
	int err;

	if (place.dirfd < 0)
		return place.dirfd;
	err = look_up(share, &place, inode, stx, flag);
	inode_fd_done(share, parent, place.dirfd);
	return err;
}

int inode_adopt(struct share *share, struct inode *parent, const char *name, int fd,
		struct inode **inode, struct statx *stx, uint32_t *flag)
{
	struct place place = {parent, -1, name, fd, 0};

	return look_up(share, &place, inode, stx, flag);
}

struct inode *inode_find(struct share *share, struct inode *parent, const char *name)
{
	struct inode_table *table = share->inodes;
	struct place place = {parent, inode_fd(share, parent), name, -1, 0};
	struct inode *inode = NULL;
	struct inode_key key;
	struct statx stx;

	if (place.dirfd < 0)
		return NULL;
	if (!stat_name(&place, &stx)) {
		key = key_of(&stx);
		pthread_mutex_lock(&table->lock);
		inode = inode_by_key_locked(table, &key);
		if (inode)
			inode_ref(inode);
		pthread_mutex_unlock(&table->lock);
	}
	inode_fd_done(share, parent, place.dirfd);
	return inode;
}
