/* SPDX-License-Identifier: BSD-3-Clause */
/* op_lookup.c - names to inodes, and back: LOOKUP, FORGET, BATCH_FORGET, READLINK. */
#include "operations.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "inode.h"
#include "share.h"

static int lookup(struct request *request, struct inode *parent, const char *name,
		  struct fuse_entry_out *entry)
{
	struct share *share = request->share;
	struct inode *inode;
	struct statx stx;
	uint32_t flag;
	int err = inode_lookup(share, parent, name, &inode, &stx, &flag);

	if (err)
		return err;
	attr_entry(share, inode, &stx, flag, entry);
	inode_put(share, inode);
	return 0;
}

void op_lookup(struct request *request)
{
	struct fuse_entry_out entry;
	struct inode *parent;
	char name[NAME_MAX + 1];
	int err = request_read_name(request, name);

	if (err) {
		request_reply_error(request, err);
		return;
	}
	parent = inode_get(request->share, request->header.nodeid);
	err = parent ? lookup(request, parent, name, &entry) : -ESTALE;
	inode_put(request->share, parent);
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, &entry, sizeof(entry));
}

void op_forget(struct request *request)
{
	struct fuse_forget_in in;

	if (request_read(request, &in, sizeof(in)))
		inode_forget(request->share, request->header.nodeid, in.nlookup);
	request_reply_none(request);
}

void op_batch_forget(struct request *request)
{
	struct fuse_batch_forget_in in = {0};
	struct fuse_forget_one one;

	/* As many as were really sent, whatever the count says. */
	if (request_read(request, &in, sizeof(in))) {
		for (uint32_t i = 0; i < in.count && request_read(request, &one, sizeof(one)); i++)
			inode_forget(request->share, one.nodeid, one.nlookup);
	}
	request_reply_none(request);
}

static ssize_t read_link(struct share *share, uint64_t nodeid, char *target)
{
	struct inode *inode = inode_get(share, nodeid);
	int fd = inode ? inode_fd(share, inode) : -ESTALE;
	ssize_t size = fd;

	if (fd >= 0) {
		size = readlinkat(fd, "", target, PATH_MAX);
		if (size < 0)
			/* What the kernel says for all that is no link. */
			size = errno == ENOENT ? -EINVAL : -errno;
		inode_fd_done(share, inode, fd);
	}
	inode_put(share, inode);
	return size;
}

void op_readlink(struct request *request)
{
	char target[PATH_MAX];
	ssize_t size = read_link(request->share, request->header.nodeid, target);

	if (size < 0)
		request_reply_error(request, (int)size);
	else
		request_reply(request, target, (size_t)size);
}
