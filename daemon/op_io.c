/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op_io.c - file data. It is not copied: the system call reads and writes where the guest's
 * buffers are.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "creds.h"
#include "handle.h"
#include "inode.h"
#include "operations.h"
#include "share.h"
#include "window.h"
#include "worker.h"

enum {
	READ_MAX = 1 << 20,    /* what op_init agrees to */
	COPY_PIECE = 16 << 20, /* of one system call */
	COPY_MAX = 0x7ffff000, /* of one request: whole pages */
	COPY_MS = 250,
};

/*
 * Read the arguments, all of which begin with the number of the open file, and find that; or
 * answer with the error, and return NULL.
 */
static struct handle *begin(struct request *request, void *in, size_t size)
{
	struct handle *handle;
	uint64_t fh;

	if (!request_read(request, in, size)) {
		request_reply_error(request, -EINVAL);
		return NULL;
	}
	memcpy(&fh, in, sizeof(fh));
	handle = handle_get_of(request->share, fh, request->header.nodeid, false);
	if (!handle)
		request_reply_error(request, -EBADF);
	return handle;
}

/* What is mapped of a file must follow its size. `size` bytes from an offset on are there now. */
static void size_may_have_changed(struct share *share, struct handle *handle, uint64_t offset,
				  ssize_t size)
{
	if (size > 0 && share->window && share->dax.window)
		window_grown(share->window, handle->inode, offset + (uint64_t)size);
}

/* ---- READ, WRITE ----------------------------------------------------------------------- */

typedef ssize_t transfer(int fd, const struct iovec *iov, int n, off_t offset);

/*
 * Transfer all of a cursor. The kernel takes IOV_MAX buffers in one call, and only a call that
 * it did in full is followed by another: for a short one means the end of the file, which is not
 * asked for twice. Returns the bytes, or -errno if there were none.
 */
static ssize_t transfer_all(transfer *fn, int fd, struct iov_cursor *cursor, uint64_t offset)
{
	size_t all = cursor->size;

	if (offset > (uint64_t)INT64_MAX - all)
		return -EINVAL;
	while (cursor->size) {
		unsigned int n = cursor->n < IOV_MAX ? cursor->n : IOV_MAX;
		bool is_last = n == cursor->n;
		ssize_t done = fn(fd, cursor->iov, (int)n, (off_t)offset);

		if (done < 0)
			return cursor->size < all ? (ssize_t)(all - cursor->size) : -errno;
		iov_cursor_advance(cursor, (size_t)done);
		offset += (uint64_t)done;
		if (is_last || !done)
			break;
	}
	return (ssize_t)(all - cursor->size);
}

void op_read(struct request *request)
{
	struct fuse_read_in in;
	struct handle *handle = begin(request, &in, sizeof(in));
	ssize_t size = -EINVAL;

	if (!handle)
		return;
	iov_cursor_limit(&request->out, in.size);
	/* Less than what was asked for would mean the file's end. */
	if (request->out.size <= READ_MAX) {
		int fd = handle_fd(request->share, handle, in.flags & O_DIRECT);

		size = fd < 0 ? fd : transfer_all(preadv, fd, &request->out, in.offset);
	}
	handle_put(request->share, handle);
	if (size < 0) {
		request_reply_error(request, (int)size);
		return;
	}
	worker_count_read(request->worker, (uint64_t)size);
	request_reply_filled(request, (size_t)size);
}

static ssize_t append(int fd, const struct iovec *iov, int n, off_t offset)
{
	return pwritev2(fd, iov, n, offset, RWF_APPEND);
}

/* See opening.c. A guest that caches what it writes places it by itself. */
static transfer *writer(const struct request *request, const struct fuse_write_in *in)
{
	if (in->flags & O_APPEND && !(in->write_flags & FUSE_WRITE_CACHE) &&
	    !(request->share->flags & FUSE_WRITEBACK_CACHE))
		return append;
	return pwritev;
}

static ssize_t write_data(struct request *request, struct handle *handle,
			  const struct fuse_write_in *in)
{
	bool kill_suidgid = in->write_flags & FUSE_WRITE_KILL_SUIDGID;
	bool direct = in->flags & O_DIRECT && !(in->write_flags & FUSE_WRITE_CACHE);
	int fd = handle_fd(request->share, handle, direct);
	ssize_t size;

	if (in->size != request->in.size)
		return -EINVAL;
	if (fd < 0)
		return fd;
	if (kill_suidgid)
		creds_enter_writer(request->header.gid);
	size = transfer_all(writer(request, in), fd, &request->in, in->offset);
	if (kill_suidgid)
		creds_leave_writer();
	size_may_have_changed(request->share, handle, in->offset, size);
	return size;
}

void op_write(struct request *request)
{
	struct fuse_write_in in;
	struct fuse_write_out out = {0};
	struct handle *handle = begin(request, &in, sizeof(in));
	ssize_t size;

	if (!handle)
		return;
	size = write_data(request, handle, &in);
	handle_put(request->share, handle);
	if (size < 0) {
		request_reply_error(request, (int)size);
		return;
	}
	worker_count_written(request->worker, (uint64_t)size);
	out.size = (uint32_t)size;
	request_reply(request, &out, sizeof(out));
}

/* ---- LSEEK ------------------------------------------------------------------------------- */

void op_lseek(struct request *request)
{
	struct fuse_lseek_in in;
	struct fuse_lseek_out out = {0};
	struct handle *handle = begin(request, &in, sizeof(in));
	off_t found = -1;

	if (!handle)
		return;
	/* The guest's kernel knows the rest without us. The descriptor's position is unused. */
	errno = EINVAL;
	if (in.whence == SEEK_DATA || in.whence == SEEK_HOLE)
		found = lseek(handle->fd, (off_t)in.offset, (int)in.whence);
	if (found < 0) {
		request_reply_error(request, -errno);
	} else {
		out.offset = (uint64_t)found;
		request_reply(request, &out, sizeof(out));
	}
	handle_put(request->share, handle);
}

/*
 * A guest that leaves it to us to clear set-id bits (--killpriv-v2) says of a WRITE whether to, but
 * not of what follows here. So: for all but root.
 */
static bool kills_suidgid(const struct request *request)
{
	return request->share->flags & FUSE_HANDLE_KILLPRIV_V2 && request->header.uid;
}

/* ---- FALLOCATE ---------------------------------------------------------------------------- */

/* Those that leave data where it is: what is mapped of the file stays right. */
#define FALLOCATE_MODES                                                      \
	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | \
	 FALLOC_FL_UNSHARE_RANGE)

static int allocate(const struct request *request, const struct handle *handle,
		    const struct fuse_fallocate_in *in)
{
	bool kill = kills_suidgid(request);
	int err;

	if (in->mode & ~(uint32_t)FALLOCATE_MODES)
		return -EOPNOTSUPP;
	if (kill)
		creds_enter_writer(request->header.gid);
	err = fallocate(handle->fd, (int)in->mode, (off_t)in->offset, (off_t)in->length) ? -errno
											 : 0;
	if (kill)
		creds_leave_writer();
	return err;
}

void op_fallocate(struct request *request)
{
	struct fuse_fallocate_in in;
	struct handle *handle = begin(request, &in, sizeof(in));
	int err;

	if (!handle)
		return;
	err = allocate(request, handle, &in);
	if (!err && !(in.mode & FALLOC_FL_KEEP_SIZE))
		size_may_have_changed(request->share, handle, in.offset, (ssize_t)in.length);
	handle_put(request->share, handle);
	request_reply_error(request, err);
}

/* ---- COPY_FILE_RANGE ------------------------------------------------------------------------ */

/*
 * In pieces, and not for longer than a moment: a system call that copies gigabytes can't be
 * interrupted, and a queue that is to stop waits for it. The guest's program asks for the rest.
 */
static ssize_t copy_pieces(struct handle *from, struct handle *to,
			   const struct fuse_copy_file_range_in *in)
{
	/* The reply has 32 bits for the number of bytes; the kernel's own limit is below that. */
	size_t left = in->len < COPY_MAX ? in->len : COPY_MAX;
	off_t off_in = (off_t)in->off_in;
	off_t off_out = (off_t)in->off_out;
	uint64_t until = clock_ms() + COPY_MS;
	size_t all = left;
	ssize_t copied;

	if (in->flags)
		return -EINVAL;
	do {
		size_t piece = left < COPY_PIECE ? left : COPY_PIECE;

		copied = copy_file_range(from->fd, &off_in, to->fd, &off_out, piece, 0);
		if (copied < 0)
			return left < all ? (ssize_t)(all - left) : -errno;
		left -= (size_t)copied;
	} while (copied && left && clock_ms() < until);
	return (ssize_t)(all - left);
}

static ssize_t copy_range(const struct request *request, struct handle *from, struct handle *to,
			  const struct fuse_copy_file_range_in *in)
{
	bool kill = kills_suidgid(request);
	ssize_t copied;

	if (kill)
		creds_enter_writer(request->header.gid);
	copied = copy_pieces(from, to, in);
	if (kill)
		creds_leave_writer();
	return copied;
}

void op_copy_file_range(struct request *request)
{
	struct share *share = request->share;
	struct fuse_copy_file_range_in in;
	struct fuse_write_out out = {0};
	struct handle *from = begin(request, &in, sizeof(in));
	struct handle *to;
	ssize_t copied = -EBADF;

	if (!from)
		return;
	to = handle_get_of(share, in.fh_out, in.nodeid_out, false);
	if (to) {
		copied = copy_range(request, from, to, &in);
		size_may_have_changed(share, to, in.off_out, copied);
		handle_put(share, to);
	}
	handle_put(share, from);
	if (copied < 0) {
		request_reply_error(request, (int)copied);
		return;
	}
	out.size = (uint32_t)copied;
	request_reply(request, &out, sizeof(out));
}

/* ---- SYNCFS --------------------------------------------------------------------------------- */

/*
 * The file system that a folder of the guest's is on: the share's, or a submount's. To a guest that
 * is not told of submounts all are one.
 */
void op_syncfs(struct request *request)
{
	struct share *share = request->share;
	struct inode *inode = inode_get(share, request->header.nodeid);
	int fd, err = 0;

	if (!inode) {
		request_reply_error(request, -ESTALE);
		return;
	}
	fd = inode_open(share, inode, O_RDONLY | O_CLOEXEC);
	inode_put(share, inode);
	if (fd < 0) {
		request_reply_error(request, fd);
		return;
	}
	if (syncfs(fd))
		err = -errno;
	close(fd);
	if (!err && !(share->flags & FUSE_SUBMOUNTS))
		err = inode_sync_mounts(share);
	request_reply_error(request, err);
}
