/* SPDX-License-Identifier: BSD-3-Clause */
/* op_open.c - files and folders are opened, released, and written back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "creds.h"
#include "handle.h"
#include "inode.h"
#include "locks.h"
#include "opening.h"
#include "operations.h"
#include "share.h"
#include "verdict.h"
#include "window.h"

/* ---- OPEN ------------------------------------------------------------------------------ */

static bool wants_to_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

/*
 * The guest may open what it looked up a day ago. If the decision has changed since, this
 * retires the inode, and the guest is made to look it up again.
 */
static int check_verdict(struct share *share, struct inode *inode)
{
	struct statx stx;
	int fd, err = 0;

	if (!share->dax.inode_dax || !S_ISREG(inode->type))
		return 0;
	fd = inode_fd(share, inode);
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, &stx))
		err = -errno;
	inode_fd_done(share, inode, fd);
	if (err)
		return err;
	verdict_flag(share, inode, &stx);
	return inode_is_retired(inode) ? -ESTALE : 0;
}

static int open_file(const struct request *request, struct inode *inode, int flags,
		     bool kill_suidgid)
{
	struct share *share = request->share;
	struct window *window = (flags & O_TRUNC) && share->dax.window ? share->window : NULL;
	struct mapped *file = NULL;
	int fd;

	if (window)
		file = window_cutting(window, inode, 0);
	if (kill_suidgid)
		creds_enter_writer(request->header.gid);
	fd = inode_open(share, inode, flags & ~O_APPEND);
	/* One that can only be appended to (chattr +a) is opened in no other way. */
	if (fd == -EPERM && flags & O_APPEND)
		fd = inode_open(share, inode, flags);
	if (kill_suidgid)
		creds_leave_writer();
	if (window)
		window_cut(window, file);
	if (window && fd >= 0)
		window_resized(window, inode);
	return fd;
}

/*
 * Whoever cuts a file has its set-id bits cleared, but for the privileged. Newer guests say who
 * that is (with --killpriv-v2), older ones leave it to us where the open is what cuts.
 */
static bool kills_suidgid(const struct request *request, const struct fuse_open_in *in)
{
	if (in->open_flags & FUSE_OPEN_KILL_SUIDGID)
		return true;
	return in->flags & O_TRUNC && request->header.uid &&
	       !(request->share->flags & FUSE_HANDLE_KILLPRIV_V2);
}

static int open_handle(struct request *request, const struct fuse_open_in *in, struct inode *inode,
		       struct fuse_open_out *out)
{
	struct share *share = request->share;
	int flags = opening_flags(share, in->flags);
	int fd, err;

	if (share->settings->readonly && wants_to_write(flags))
		return -EROFS;
	/* Before the file is opened: that may be what cuts it. */
	err = check_verdict(share, inode);
	if (err)
		return err;
	flags |= (int)in->flags & O_APPEND;
	fd = open_file(request, inode, flags, kills_suidgid(request, in));
	if (fd < 0)
		return fd;
	err = handle_new(share, inode, fd, false, &out->fh);
	if (err)
		close(fd);
	out->open_flags = opening_reply_flags(share, false);
	return err;
}

void op_open(struct request *request)
{
	struct fuse_open_in in;
	struct fuse_open_out out = {0};
	struct inode *inode;
	int err;

	if (!request_read(request, &in, sizeof(in))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	inode = inode_get(request->share, request->header.nodeid);
	if (!inode) {
		request_reply_error(request, -ESTALE);
		return;
	}
	err = S_ISDIR(inode->type) ? -EISDIR : open_handle(request, &in, inode, &out);
	inode_answered(request->share, inode, request->header.pid, err);
	inode_put(request->share, inode);
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, &out, sizeof(out));
}

/* ---- OPENDIR --------------------------------------------------------------------------- */

static int open_dir(struct share *share, struct inode *inode, struct fuse_open_out *out)
{
	int fd, err;

	if (!S_ISDIR(inode->type))
		return -ENOTDIR;
	fd = inode_open(share, inode, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	err = handle_new(share, inode, fd, true, &out->fh);
	if (err)
		close(fd);
	out->open_flags = opening_reply_flags(share, true);
	return err;
}

void op_opendir(struct request *request)
{
	struct fuse_open_out out = {0};
	struct inode *inode = inode_get(request->share, request->header.nodeid);
	int err;

	if (!inode) {
		request_reply_error(request, -ESTALE);
		return;
	}
	err = open_dir(request->share, inode, &out);
	inode_put(request->share, inode);
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, &out, sizeof(out));
}

/* ---- RELEASE, RELEASEDIR --------------------------------------------------------------------- */

static void release(struct request *request, bool is_dir)
{
	struct fuse_release_in in;

	if (!request_read(request, &in, sizeof(in))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	if (!handle_release(request->share, in.fh, request->header.nodeid, is_dir)) {
		request_reply_error(request, -EBADF);
		return;
	}
	/* Closing may have freed an flock() that somebody waits for. */
	if (in.release_flags & FUSE_RELEASE_FLOCK_UNLOCK)
		locks_changed(handle_locks(request->share));
	request_reply_error(request, 0);
}

void op_release(struct request *request)
{
	release(request, false);
}

void op_releasedir(struct request *request)
{
	release(request, true);
}

/* ---- FLUSH, FSYNC, FSYNCDIR ------------------------------------------------------------------ */

/* A process of the guest has closed a descriptor: others of the same open file may be left. */
void op_flush(struct request *request)
{
	struct share *share = request->share;
	struct fuse_flush_in in;
	struct handle *handle;
	int fd, err = 0;

	if (!request_read(request, &in, sizeof(in))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	handle = handle_get_of(share, in.fh, request->header.nodeid, false);
	if (!handle) {
		request_reply_error(request, -EBADF);
		return;
	}
	if (share->settings->posix_lock)
		locks_drop_owner(handle_locks(share), request->header.nodeid, in.lock_owner);
	/* Some file systems tell only here that what was written before did not arrive. */
	fd = fcntl(handle->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || close(fd))
		err = -errno;
	handle_put(share, handle);
	request_reply_error(request, err);
}

static void sync_handle(struct request *request, bool is_dir)
{
	struct share *share = request->share;
	struct fuse_fsync_in in;
	struct handle *handle;
	int err;

	if (!request_read(request, &in, sizeof(in))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	handle = handle_get_of(share, in.fh, request->header.nodeid, is_dir);
	if (!handle) {
		request_reply_error(request, -EBADF);
		return;
	}
	err = in.fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(handle->fd) : fsync(handle->fd);
	err = err ? -errno : 0;
	handle_put(share, handle);
	request_reply_error(request, err);
}

void op_fsync(struct request *request)
{
	sync_handle(request, false);
}

void op_fsyncdir(struct request *request)
{
	sync_handle(request, true);
}
