/* SPDX-License-Identifier: BSD-3-Clause */
/* op_lock.c - GETLK, SETLK and SETLKW: fcntl() and flock() in the guest. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>

#include "handle.h"
#include "inode.h"
#include "locks.h"
#include "operations.h"
#include "share.h"

/* From FUSE's range, whose end is part of it, to one of fcntl(). Both have INT64_MAX for "all". */
static int read_lock(const struct fuse_file_lock *in, struct flock *lock)
{
	if (in->start > in->end || in->end > INT64_MAX)
		return -EINVAL;
	if (in->type != F_RDLCK && in->type != F_WRLCK && in->type != F_UNLCK)
		return -EINVAL;
	*lock = (struct flock){
		.l_type = (short)in->type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)in->start,
		.l_len = in->end == INT64_MAX ? 0 : (off_t)(in->end - in->start + 1),
	};
	return 0;
}

static void write_lock(const struct flock *lock, uint32_t pid, struct fuse_file_lock *out)
{
	out->type = (uint32_t)lock->l_type;
	if (lock->l_type == F_UNLCK)
		return;
	out->pid = pid;
	out->start = (uint64_t)lock->l_start;
	out->end = lock->l_len ? (uint64_t)(lock->l_start + lock->l_len - 1) : INT64_MAX;
}

static int flock_mode(uint32_t type)
{
	switch (type) {
	case F_RDLCK: return LOCK_SH;
	case F_WRLCK: return LOCK_EX;
	case F_UNLCK: return LOCK_UN;
	}
	return -EINVAL;
}

/* The arguments, and the handle. 0 or -errno. */
static int begin(struct request *request, struct fuse_lk_in *in, struct handle **handle)
{
	const struct settings *settings = request->share->settings;

	if (!request_read(request, in, sizeof(*in)))
		return -EINVAL;
	if (in->lk_flags & FUSE_LK_FLOCK ? !settings->flock : !settings->posix_lock)
		return -ENOSYS;
	*handle = handle_get_of(request->share, in->fh, request->header.nodeid, false);
	return *handle ? 0 : -EBADF;
}

void op_getlk(struct request *request)
{
	struct fuse_lk_in in;
	struct fuse_lk_out out = {0};
	struct handle *handle;
	struct flock lock;
	uint32_t pid = 0;
	int err = begin(request, &in, &handle);

	if (err) {
		request_reply_error(request, err);
		return;
	}
	err = in.lk_flags & FUSE_LK_FLOCK ? -EINVAL : read_lock(&in.lk, &lock);
	/* F_UNLCK asks for the locks that the owner has himself: newer kernels can tell. */
	if (!err)
		err = locks_get(request->share, handle, in.owner, &lock, &pid);
	handle_put(request->share, handle);
	if (err) {
		request_reply_error(request, err);
		return;
	}
	write_lock(&lock, pid, &out.lk);
	request_reply(request, &out, sizeof(out));
}

/* 1: the request waits, and is answered later; else what to answer. */
static int set_posix(struct request *request, struct handle *handle, const struct fuse_lk_in *in,
		     bool wait)
{
	struct flock lock;
	int err = read_lock(&in->lk, &lock);

	if (!err)
		err = locks_set(request->share, handle, in->owner, &lock, in->lk.pid);
	if (err != -EAGAIN || !wait)
		return err;
	err = locks_wait(request, handle, in->owner, &lock);
	return err ? err : 1;
}

static int set_flock(struct request *request, struct handle *handle, const struct fuse_lk_in *in,
		     bool wait)
{
	int mode = flock_mode(in->lk.type);
	int err = mode < 0 ? mode : locks_flock(request->share, handle, mode);

	if (err != -EAGAIN || !wait)
		return err;
	err = locks_wait_flock(request, handle, mode);
	return err ? err : 1;
}

static void set(struct request *request, bool wait)
{
	struct share *share = request->share;
	struct fuse_lk_in in;
	struct handle *handle;
	int err = begin(request, &in, &handle);

	if (err) {
		request_reply_error(request, err);
		return;
	}
	if (in.lk_flags & FUSE_LK_FLOCK)
		err = set_flock(request, handle, &in, wait);
	else
		err = set_posix(request, handle, &in, wait);
	handle_put(share, handle);
	/* If it waits, another thread may have answered it already. */
	if (err != 1)
		request_reply_error(request, err);
}

void op_setlk(struct request *request)
{
	set(request, false);
}

void op_setlkw(struct request *request)
{
	set(request, true);
}
