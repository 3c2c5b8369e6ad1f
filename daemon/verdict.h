/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdict.h - whether an inode is DAX: the one place where the daemon asks libfsdax.
 *
 * Every reply with attributes takes its flag from verdict_flag(). The decision is kept with
 * the inode, and holds while its ctime, its names, its folder's cursor and the policy stay the
 * same, all of which are at hand: no system call is added to a reply. Only if something changed
 * are the facts gathered anew that the policy asks for.
 *
 * - Without a window, or if the guest does not do per-inode DAX, all is 0.
 * - Only regular files. What can't be mapped is no, with the reason.
 * - Sticky: a size that crosses a threshold by less than a factor of two changes nothing.
 * - Hard links: no by any known name beats yes.
 * - Folders: a cursor each, made when the first file below is decided on, and found good again
 *   whenever the tree's generation moved: a folder was renamed (by the guest; or by the host, when
 *   the guest finds it by its new name), a folder's tag changed (seen by its ctime, when a reply
 *   about the folder is made), or the policy was replaced.
 *
 * Why the flag of an inode does not change while the guest knows it, and how a change is
 * picked up instead: see inode.h. It also avoids a deadlock: guest kernels that carry Linux
 * commit 26e5c67deb2e without 42fbb31310b2 (Debian's 6.1.0-50) evict an inode whose flag
 * changed while it was open from the worker that has to complete the eviction's own
 * FUSE_REMOVEMAPPING.
 */
#ifndef DAEMON_VERDICT_H
#define DAEMON_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include <fsdax/fsdax.h>
#include <fsdax/fuse.h>

struct inode;
struct share;
struct statx;

/* Why a file can't be mapped. */
enum unmappable {
	MAPPABLE = 0,
	UNMAPPABLE_EMPTY,    /* size 0: there is nothing to map */
	UNMAPPABLE_READONLY, /* front-ends map for writing, and the share or the mount is read-only */
	UNMAPPABLE_IMMUTABLE, /* the same, by the file's attributes: append-only, immutable, verity, swap */
	UNMAPPABLE_DENIED,  /* the daemon may not open it for writing */
	UNMAPPABLE_TAIL,    /* not a multiple of the page size, and there is no view (see view.h) */
	UNMAPPABLE_BUSY,    /* it is being executed on the host (ETXTBSY) */
	UNMAPPABLE_FS,	    /* its file system can't map */
	UNMAPPABLE_UNKNOWN, /* what the policy asks for can't be read */
};

/* A sentence's end for people: "it is empty". A static string. */
const char *unmappable_text(enum unmappable why);

/*
 * What a reply about an inode says: FUSE_ATTR_DAX or 0. Called for every reply that carries
 * attributes, with the statx that the reply is made from, and without locks held.
 *
 * May retire the inode (see inode.h): the caller that is answering a LOOKUP, READDIRPLUS,
 * LINK or anything else by name then asks inode_is_retired() and looks the name up again.
 */
uint32_t verdict_flag(struct share *share, struct inode *inode, const struct statx *stx);

/*
 * Decide on an inode in the same way, and tell whether the guest has it open in the other state:
 * then it is pending until it is closed. If not, whoever opens it from now on gets the state that
 * was decided.
 */
bool verdict_holds(struct share *share, struct inode *inode, const struct statx *stx);

/* A folder has another name, or the policy is another: so decisions below may have changed. */
void verdict_tree_changed(struct share *share);

/*
 * The last handle of a regular file was released: call with inode_lock() held and opens == 0.
 * Retires the inode if a change was waiting for that.
 */
void verdict_closed(struct share *share, struct inode *inode);

/* A copy of the file had to be mapped (window.h): it is no longer DAX once it is closed. */
void verdict_copied(struct share *share, struct inode *inode);

/* Release what an inode's verdict holds. */
struct verdict;
void verdict_release(struct verdict *verdict);

#endif
