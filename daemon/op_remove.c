/* SPDX-License-Identifier: BSD-3-Clause */
/* op_remove.c - names that go, or go elsewhere: UNLINK, RMDIR, RENAME, RENAME2. */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "creds.h"
#include "inode.h"
#include "share.h"
#include "verdict.h"

/* ---- UNLINK and RMDIR ------------------------------------------------------------------ */

static int remove_name(struct share *share, struct inode *parent, const char *name, int flags)
{
	struct inode *inode = inode_find(share, parent, name);
	int dirfd = inode_fd(share, parent);
	int err = dirfd;

	if (dirfd >= 0) {
		err = unlinkat(dirfd, name, flags) ? -errno : 0;
		inode_fd_done(share, parent, dirfd);
	}
	if (!err)
		inode_note_move(share);
	if (!err && inode)
		inode_unname(share, inode, parent, name);
	inode_put(share, inode);
	return err;
}

static void serve_remove(struct request *request, int flags)
{
	struct inode *parent;
	char name[NAME_MAX + 1];
	int err = request_read_name(request, name);

	if (!err) {
		parent = inode_get(request->share, request->header.nodeid);
		err = parent ? remove_name(request->share, parent, name, flags) : -ESTALE;
		inode_put(request->share, parent);
	}
	request_reply_error(request, err);
}

void op_unlink(struct request *request)
{
	serve_remove(request, 0);
}

void op_rmdir(struct request *request)
{
	serve_remove(request, AT_REMOVEDIR);
}

/* ---- RENAME ------------------------------------------------------------------------------ */

/* One end of a rename: a name, and what the guest knows by it. */
struct end {
	struct inode *dir;
	struct inode *inode; /* NULL: nothing, or nothing that the guest knows */
	int dirfd;
	char name[NAME_MAX + 1];
};

/*
 * Whether something was there that is no more. What was found there before may have come and gone
 * by the host's doing: then it has a name elsewhere, or is what was renamed.
 */
static bool has_replaced(struct share *share, const struct end *to, unsigned int flags)
{
	struct inode *now;
	bool replaced;

	if (!to->inode || flags & RENAME_NOREPLACE)
		return false;
	now = inode_find(share, to->dir, to->name);
	replaced = now != to->inode;
	inode_put(share, now);
	return replaced;
}

/* The host has renamed it: let our names follow. */
static void follow(struct share *share, const struct end *from, const struct end *to,
		   unsigned int flags)
{
	if (to->inode && flags & RENAME_EXCHANGE)
		inode_rename(share, to->inode, to->dir, to->name, from->dir, from->name);
	else if (has_replaced(share, to, flags))
		inode_unname(share, to->inode, to->dir, to->name);
	if (from->inode)
		inode_rename(share, from->inode, from->dir, from->name, to->dir, to->name);
	/* What lies below a folder has another path now; and one that we don't know may be one. */
	if (!from->inode || S_ISDIR(from->inode->type) ||
	    (flags & RENAME_EXCHANGE && (!to->inode || S_ISDIR(to->inode->type))))
		verdict_tree_changed(share);
}

/* A whiteout is a new file, and belongs to who makes it. */
static int rename_host(const struct fuse_in_header *header, const struct end *from,
		       const struct end *to, unsigned int flags)
{
	struct creds saved = {0};
	int err = 0;

	if (flags & RENAME_WHITEOUT)
		err = creds_enter(header->uid, header->gid, (gid_t)-1, &saved);
	if (err)
		return err;
	/* Who may rename what is the guest's affair. */
	creds_override_permissions(&saved);
	creds_override_owner(&saved);
	err = renameat2(from->dirfd, from->name, to->dirfd, to->name, flags) ? -errno : 0;
	creds_leave(&saved);
	return err;
}

static int rename_ends(struct request *request, struct end *from, struct end *to,
		       unsigned int flags)
{
	struct share *share = request->share;
	int err;

	from->inode = inode_find(share, from->dir, from->name);
	to->inode = inode_find(share, to->dir, to->name);
	err = rename_host(&request->header, from, to, flags);
	if (!err)
		inode_note_move(share);
	/* Two names of one inode: the kernel leaves both. */
	if (!err && !(from->inode && from->inode == to->inode))
		follow(share, from, to, flags);
	inode_put(share, from->inode);
	inode_put(share, to->inode);
	return err;
}

static int open_end(struct share *share, struct end *end, uint64_t nodeid)
{
	end->dir = inode_get(share, nodeid);
	end->dirfd = end->dir ? inode_fd(share, end->dir) : -ESTALE;
	return end->dirfd < 0 ? end->dirfd : 0;
}

static void close_end(struct share *share, struct end *end)
{
	if (end->dirfd >= 0)
		inode_fd_done(share, end->dir, end->dirfd);
	inode_put(share, end->dir);
}

static void serve_rename(struct request *request, uint64_t newdir, unsigned int flags)
{
	struct share *share = request->share;
	struct end from = {.dirfd = -1}, to = {.dirfd = -1};
	int err = request_read_name(request, from.name);

	if (!err)
		err = request_read_name(request, to.name);
	if (!err)
		err = open_end(share, &from, request->header.nodeid);
	if (!err)
		err = open_end(share, &to, newdir);
	if (!err)
		err = rename_ends(request, &from, &to, flags);
	close_end(share, &from);
	close_end(share, &to);
	request_reply_error(request, err);
}

void op_rename(struct request *request)
{
	struct fuse_rename_in in;

	if (request_read(request, &in, sizeof(in)))
		serve_rename(request, in.newdir, 0);
	else
		request_reply_error(request, -EINVAL);
}

void op_rename2(struct request *request)
{
	const uint32_t known = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;
	struct fuse_rename2_in in;

	if (request_read(request, &in, sizeof(in)) && !(in.flags & ~known))
		serve_rename(request, in.newdir, in.flags);
	else
		request_reply_error(request, -EINVAL);
}
