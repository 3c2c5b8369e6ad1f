/* SPDX-License-Identifier: BSD-3-Clause */
/* op_map.c - the guest maps files in its DAX window, and takes them out. */
#include "operations.h"

#include <errno.h>

#include "inode.h"
#include "share.h"
#include "window.h"

void op_setupmapping(struct request *request)
{
	struct share *share = request->share;
	struct fuse_setupmapping_in in;
	struct inode *inode;
	int err;

	if (!request_read(request, &in, sizeof(in)) ||
	    (in.flags & ~(FUSE_SETUPMAPPING_FLAG_READ | FUSE_SETUPMAPPING_FLAG_WRITE))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	if (!share->dax.window) {
		request_reply_error(request, -ENOSYS);
		return;
	}
	inode = inode_get(share, request->header.nodeid);
	if (!inode) {
		request_reply_error(request, -ENOENT);
		return;
	}
	err = window_setup(share->window, inode, in.foffset, in.len, in.moffset,
			   in.flags & FUSE_SETUPMAPPING_FLAG_WRITE);
	inode_put(share, inode);
	request_reply_error(request, err);
}

/* All ranges are tried; the first error is the answer. */
static int remove_all(struct request *request, uint32_t n)
{
	struct fuse_removemapping_one one;
	int first = 0;

	while (n--) {
		int err = -EINVAL;

		if (!request_read(request, &one, sizeof(one)))
			return -EINVAL;
		err = window_remove(request->share->window, one.moffset, one.len);
		first = first ? first : err;
	}
	return first;
}

void op_removemapping(struct request *request)
{
	struct fuse_removemapping_in in;
	int err = -EINVAL;

	if (!request->share->dax.window)
		err = -ENOSYS;
	else if (request_read(request, &in, sizeof(in)) &&
		 in.count <= request->in.size / sizeof(struct fuse_removemapping_one))
		err = remove_all(request, in.count);
	request_reply_error(request, err);
}
