/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdict.c - see verdict.h.
 *
 * A reply about a file that has not changed compares its ctime, the count of its names' changes and
 * the tree's generation under the inode's lock, and is done. Otherwise the decision is found
 * without locks, from copies of the names, and settled under the lock: of two threads that do so
 * at once the later one wins, and if it had the older facts then its ctime or its names tell the
 * next reply to decide again. Who has to say what the newest decision has come to asks
 * verdict_holds(), not the inode.
 */
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "creds.h"
#include "folder.h"
#include "inode.h"
#include "mappable.h"
#include "share.h"

/* What is decided anew, and from what. */
struct fresh {
	const struct statx *stx;
	uint64_t generation;
	uint32_t names; /* inode_names_moved(), before they were read */
	uint32_t n_names;
	struct fsdax_cursor *cursor; /* of the only name, with a reference; NULL: of several */
	struct timespec now;	     /* from before the facts were read */
	struct fsdax_decision decision;
	enum unmappable unmappable;
	bool stuck;	    /* the size alone would decide otherwise */
	bool held;	    /* the guest has it open in the other state */
	bool settled, flag; /* what the guest was told, and at which size */
	uint64_t size;
};

static const struct fsdax_decision no_decision = {.rule = FSDAX_NO_RULE};

/* ---- One name ------------------------------------------------------------------------- */

/*
 * Whether the name still stands for the inode. A name that the guest looked up a moment ago is
 * believed: should it be another's by now, then the inode's ctime has moved, and the next reply
 * decides again.
 */
static bool is_name_of(int dirfd, const char *name, const struct statx *stx)
{
	struct statx found;

	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_INO, &found))
		return false;
	return found.stx_ino == stx->stx_ino && found.stx_dev_major == stx->stx_dev_major &&
	       found.stx_dev_minor == stx->stx_dev_minor;
}

/* By the parent's descriptor and the name, which opens nothing. */
static int decide_by_name(struct share *share, const struct known_name *name,
			  const struct fresh *fresh, const struct fsdax_cursor *cursor,
			  struct fsdax_facts *facts, struct fsdax_decision *decision)
{
	int dirfd = inode_fd(share, name->parent);
	int err = -ENOENT;

	if (dirfd < 0)
		return dirfd;
	if (!fresh->settled || is_name_of(dirfd, name->name, fresh->stx)) {
		creds_admin(true);
		err = fsdax_decide_at(cursor, dirfd, name->name, facts, 0, decision);
		creds_admin(false);
	}
	inode_fd_done(share, name->parent, dirfd);
	return err;
}

/* The name is gone, or can't be used in this sandbox: by a descriptor of the file. */
static int decide_by_file(struct share *share, struct inode *inode, const char *name,
			  const struct fsdax_cursor *cursor, struct fsdax_facts *facts,
			  struct fsdax_decision *decision)
{
	int fd = inode_open(share, inode, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0)
		return fd;
	creds_admin(true);
	err = fsdax_decide_fd(cursor, fd, name, facts, 0, decision);
	creds_admin(false);
	close(fd);
	return err;
}

static int decide_sized(struct share *share, struct inode *inode, const struct known_name *name,
			const struct fresh *fresh, const struct fsdax_cursor *cursor, uint64_t size,
			struct fsdax_decision *decision)
{
	struct fsdax_facts facts = {0};
	int err;

	fsdax_facts_statx(&facts, fresh->stx);
	facts.size = size;
	facts.now = fresh->now.tv_sec;
	/* Mostly, the facts at hand do. */
	err = fsdax_decide(cursor, name->name, strlen(name->name), &facts, 0, decision, NULL);
	if (err == -EAGAIN)
		err = decide_by_name(share, name, fresh, cursor, &facts, decision);
	if (err == -ENOENT)
		err = decide_by_file(share, inode, name->name, cursor, &facts, decision);
	return err;
}

/* The size, moved by a factor of two toward that at which the flag was found. */
static uint64_t toward(uint64_t size, uint64_t old)
{
	if (size > old)
		return size / 2 > old ? size / 2 : old;
	return size * 2 < old ? size * 2 : old;
}

/* Sticky: what would change the flag must do so at that size, too. */
static int decide_sticky(struct share *share, struct inode *inode, const struct known_name *name,
			 struct fresh *fresh, const struct fsdax_cursor *cursor,
			 struct fsdax_decision *decision)
{
	uint32_t needs = fsdax_policy_needs(fsdax_cursor_policy(cursor));
	struct fsdax_decision other;
	uint64_t size = fresh->stx->stx_size;
	int err = decide_sized(share, inode, name, fresh, cursor, size, decision);

	if (err || !fresh->settled || decision->dax == fresh->flag || size == fresh->size ||
	    !(needs & FSDAX_NEED_SIZE))
		return err;
	size = toward(size, fresh->size);
	err = decide_sized(share, inode, name, fresh, cursor, size, &other);
	if (!err && other.dax == fresh->flag) {
		*decision = other;
		fresh->stuck = true;
	}
	return err;
}

/* ---- All names ------------------------------------------------------------------------ */

static int decide_name(struct share *share, struct inode *inode, const struct known_name *name,
		       struct fresh *fresh, struct fsdax_decision *decision)
{
	struct fsdax_cursor *cursor;
	int err = folder_cursor(share, name->parent, fresh->generation, &cursor);

	if (err)
		return err;
	err = decide_sticky(share, inode, name, fresh, cursor, decision);
	fsdax_cursor_unref(fresh->cursor);
	fresh->cursor = cursor;
	return err;
}

static int decide_names(struct share *share, struct inode *inode, struct fresh *fresh)
{
	struct known_name name;

	fresh->n_names = 0;
	fresh->decision = no_decision;
	while (known_name(share, inode, fresh->n_names, &name)) {
		struct fsdax_decision one;
		int err = decide_name(share, inode, &name, fresh, &one);

		inode_put(share, name.parent);
		if (err)
			return err;
		fresh->decision =
			fresh->n_names++ ? fsdax_decision_merge(fresh->decision, one) : one;
	}
	return 0;
}

static void refuse(struct fresh *fresh, enum unmappable why)
{
	fresh->unmappable = why;
	fresh->decision = (struct fsdax_decision){
		.dax = false,
		.reason = FSDAX_REASON_UNMAPPABLE,
		.rule = FSDAX_NO_RULE,
	};
}

static void decide(struct share *share, struct inode *inode, struct fresh *fresh)
{
	clock_gettime(CLOCK_REALTIME, &fresh->now);
	fresh->names = inode_names_moved(inode);
	fresh->unmappable = MAPPABLE;
	if (decide_names(share, inode, fresh)) {
		refuse(fresh, UNMAPPABLE_UNKNOWN);
	} else if (fresh->decision.dax) {
		enum unmappable why = mappable_check(share, inode, fresh->stx);

		if (why != MAPPABLE)
			refuse(fresh, why);
	}
}

/* ---- What was decided before -------------------------------------------------------------- */

/* Whether the file is as it was when `now` was decided. Called with the inode locked. */
static bool is_unchanged(const struct inode *inode, const struct statx *stx, uint64_t generation)
{
	const struct verdict *v = &inode->verdict;

	return v->memo.cursor && v->generation == generation &&
	       v->memo.ctime_sec == stx->stx_ctime.tv_sec &&
	       v->memo.ctime_nsec == stx->stx_ctime.tv_nsec &&
	       v->names == inode_names_moved(inode);
}

static bool has_one_name(struct share *share, const struct inode *inode)
{
	bool one;

	inode_names_lock(share);
	one = inode->name.parent && !inode->n_others;
	inode_names_unlock(share);
	return one;
}

/*
 * Whether only the tree's generation has moved, and what it tells did not touch this file: it
 * has one name, the same as before, in a folder that the rules see as before.
 */
static bool is_still_good(struct share *share, struct inode *inode, struct fresh *fresh)
{
	struct verdict *v = &inode->verdict;
	struct fsdax_cursor *cursor;
	struct known_name name;
	bool good;

	if (fresh->stx->stx_nlink != 1 || !known_name(share, inode, 0, &name))
		return false;
	if (folder_cursor(share, name.parent, fresh->generation, &cursor))
		cursor = NULL;
	inode_put(share, name.parent);
	if (!cursor)
		return false;
	inode_lock(share, inode);
	good = v->names == inode_names_moved(inode) && has_one_name(share, inode) &&
	       fsdax_memo_find(&v->memo, cursor, fresh->stx->stx_ctime.tv_sec,
			       fresh->stx->stx_ctime.tv_nsec, &fresh->decision);
	if (good) {
		v->generation = fresh->generation;
		/* Another thread may have been the first to tell the guest, since recall(). */
		fresh->flag = v->flag;
	}
	inode_unlock(share, inode);
	fsdax_cursor_unref(cursor);
	return good;
}

/* ---- Settling --------------------------------------------------------------------------- */

static void set_pending(struct verdict *v)
{
	if (!v->pending)
		v->pending_since = (uint32_t)time(NULL);
	v->pending = true;
}

/* A change is to take effect: at once, if nobody has the file open or is about to. */
static void change(struct share *share, struct inode *inode)
{
	set_pending(&inode->verdict);
	if (inode->opens || inode_is_retired(inode))
		return;
	if (inode_retire(share, inode))
		inode->verdict.pending = false;
}

/*
 * Reasons that may end without a change of ctime are asked for again at each reply: that a
 * file is denied by the mount or the share, or can't be read. They are those of few files.
 */
static bool may_keep(const struct fresh *fresh)
{
	return fresh->cursor &&
	       (fresh->unmappable == MAPPABLE || fresh->unmappable == UNMAPPABLE_EMPTY ||
		fresh->unmappable == UNMAPPABLE_IMMUTABLE || fresh->unmappable == UNMAPPABLE_FS);
}

static void keep(struct verdict *v, const struct fresh *fresh)
{
	const struct statx_timestamp *ctime = &fresh->stx->stx_ctime;

	v->now = fresh->decision;
	v->unmappable = (uint8_t)fresh->unmappable;
	v->generation = fresh->generation;
	v->names = fresh->names;
	if (!may_keep(fresh)) {
		fsdax_memo_clear(&v->memo);
		return;
	}
	fsdax_memo_keep(&v->memo, fresh->cursor, ctime->tv_sec, ctime->tv_nsec, fresh->now.tv_sec,
			(uint32_t)fresh->now.tv_nsec, fresh->decision);
}

/* Called with the inode locked. */
static void settle(struct share *share, struct inode *inode, const struct fresh *fresh)
{
	struct verdict *v = &inode->verdict;

	if (v->copied)
		return; /* as verdict_copied() left it */
	keep(v, fresh);
	if (!v->settled) {
		v->settled = true;
		v->flag = fresh->decision.dax;
	}
	if (v->flag != fresh->decision.dax) {
		change(share, inode);
		return;
	}
	v->pending = false;
	/* However slowly it grows: what counts is where it came from. */
	if (!fresh->stuck)
		v->size = fresh->stx->stx_size;
}

/*
 * What has become of it, as of the lock under which it was decided on: a moment later, a reply
 * that was slow may have left what it found in older facts. Called with the inode locked.
 */
static bool is_held(const struct inode *inode)
{
	return inode->verdict.pending && !inode_is_retired(inode);
}

/* Whether the flag is known without further ado. */
static bool recall(struct share *share, struct inode *inode, struct fresh *fresh)
{
	struct verdict *v = &inode->verdict;
	bool known;

	inode_lock(share, inode);
	known = is_unchanged(inode, fresh->stx, fresh->generation) || v->copied ||
		inode_is_retired(inode);
	if (known && v->pending)
		change(share, inode);
	fresh->settled = v->settled;
	fresh->flag = v->flag;
	fresh->size = v->size;
	fresh->held = is_held(inode);
	/* An unlinked file: there is nothing to decide it by, so it stays as it was. */
	if (v->settled && !fresh->stx->stx_nlink)
		known = true;
	inode_unlock(share, inode);
	return known;
}

static void verdict_file(struct share *share, struct inode *inode, struct fresh *fresh)
{
	fresh->generation = folder_generation(share);
	if (recall(share, inode, fresh))
		return;
	/* Once more, so that what was waiting takes effect. */
	if (is_still_good(share, inode, fresh) && recall(share, inode, fresh))
		return;
	decide(share, inode, fresh);
	inode_lock(share, inode);
	settle(share, inode, fresh);
	fresh->flag = inode->verdict.flag;
	fresh->held = is_held(inode);
	inode_unlock(share, inode);
	fsdax_cursor_unref(fresh->cursor);
}

/* ---- For the others ------------------------------------------------------------------------ */

/* fresh: what is to be decided on; nothing is asked about what can't be DAX. */
static uint32_t find_flag(struct share *share, struct inode *inode, struct fresh *fresh)
{
	const struct fsdax_fuse_session session = {share->dax.window, share->dax.inode_dax};
	struct fsdax_decision told = no_decision;

	if (!share->policy || !session.window || !session.inode_dax)
		return 0;
	if (S_ISDIR(inode->type))
		folder_seen(share, inode, fresh->stx);
	if (!S_ISREG(inode->type))
		return 0;
	verdict_file(share, inode, fresh);
	told.dax = fresh->flag;
	return fsdax_fuse_attr_flags(&session, fresh->stx->stx_mode, &told);
}

uint32_t verdict_flag(struct share *share, struct inode *inode, const struct statx *stx)
{
	struct fresh fresh = {.stx = stx};

	return find_flag(share, inode, &fresh);
}

bool verdict_holds(struct share *share, struct inode *inode, const struct statx *stx)
{
	struct fresh fresh = {.stx = stx};

	find_flag(share, inode, &fresh);
	return fresh.held;
}

void verdict_tree_changed(struct share *share)
{
	atomic_fetch_add_explicit(&share->tree_generation, 1, memory_order_release);
}

void verdict_closed(struct share *share, struct inode *inode)
{
	if (inode->verdict.pending)
		change(share, inode);
}

void verdict_copied(struct share *share, struct inode *inode)
{
	struct verdict *v = &inode->verdict;

	inode_lock(share, inode);
	v->copied = true;
	v->unmappable = UNMAPPABLE_BUSY;
	v->now = no_decision;
	v->now.reason = FSDAX_REASON_UNMAPPABLE;
	set_pending(v);
	fsdax_memo_clear(&v->memo);
	inode_unlock(share, inode);
}

void verdict_release(struct verdict *verdict)
{
	fsdax_memo_clear(&verdict->memo);
	fsdax_cursor_unref(verdict->cursor);
	fsdax_cursor_unref(verdict->above);
	verdict->cursor = NULL;
	verdict->above = NULL;
}
