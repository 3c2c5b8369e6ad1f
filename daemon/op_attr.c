/* SPDX-License-Identifier: BSD-3-Clause */
/* op_attr.c - attributes: GETATTR, SETATTR, ACCESS, STATFS. */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "attr.h"
#include "creds.h"
#include "handle.h"
#include "inode.h"
#include "share.h"
#include "window.h"

/* What an attribute operation is about: an inode, and perhaps the guest's open file of it. */
struct subject {
	struct inode *inode;
	struct handle *handle; /* NULL: none was given */
};

static void subject_put(struct share *share, struct subject *subject)
{
	if (subject->handle)
		handle_put(share, subject->handle);
	inode_put(share, subject->inode);
}

static int subject_get(struct request *request, bool has_fh, uint64_t fh, struct subject *subject)
{
	struct share *share = request->share;

	*subject = (struct subject){.inode = inode_get(share, request->header.nodeid)};
	if (!subject->inode)
		return -ESTALE;
	if (!has_fh)
		return 0;
	subject->handle = handle_get(share, fh, subject->inode, false);
	if (subject->handle)
		return 0;
	subject_put(share, subject);
	return -EBADF;
}

static int subject_fd(const struct subject *subject)
{
	return subject->handle ? subject->handle->fd : -1;
}

static void reply_attr(struct request *request, int err, const struct fuse_attr_out *out)
{
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, out, sizeof(*out));
}

/* ---- GETATTR ------------------------------------------------------------------------ */

void op_getattr(struct request *request)
{
	struct fuse_getattr_in in;
	struct fuse_attr_out out;
	struct subject subject;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = subject_get(request, in.getattr_flags & FUSE_GETATTR_FH, in.fh, &subject);
	if (!err) {
		err = attr_get(request->share, subject.inode, subject_fd(&subject), &out);
		subject_put(request->share, &subject);
	}
	reply_attr(request, err, &out);
}

/* ---- SETATTR ------------------------------------------------------------------------ */

/* An inode as the calls below want it: a descriptor, and its name in /proc/self/fd. */
struct target {
	struct share *share;
	struct subject subject;
	int fd; /* may be O_PATH */
	char proc_name[16];
	gid_t gid; /* of whoever asks */
};

static int set_mode(const struct target *target, const struct fuse_setattr_in *in)
{
	return fchmodat(target->share->proc_fd, target->proc_name, in->mode & 07777, 0) ? -errno
											: 0;
}

static int set_owner(const struct target *target, const struct fuse_setattr_in *in)
{
	uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
	gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;

	return fchownat(target->fd, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

/*
 * truncate() or ftruncate(), as the guest's program did: they differ in what becomes of the times
 * if the size stays as it was.
 */
static int truncate_target(const struct target *target, const struct fuse_setattr_in *in)
{
	off_t size = (off_t)in->size;

	if (target->subject.handle)
		return ftruncate(target->fd, size) ? -errno : 0;
	/* The thread's working directory is its own: see thread.h. */
	if (fchdir(target->share->proc_fd) || truncate(target->proc_name, size))
		return -errno;
	return 0;
}

static int change_size(const struct target *target, const struct fuse_setattr_in *in)
{
	bool kill = in->valid & FATTR_KILL_SUIDGID;
	const struct inode *inode = target->subject.inode;
	int err;

	if (in->size > INT64_MAX)
		return -EINVAL;
	/* See inode.h: the guest looks the name up again, and comes back with the new inode. */
	if (!target->subject.handle && inode_is_retired(inode))
		return -ESTALE;
	if (!S_ISREG(inode->type))
		return S_ISDIR(inode->type) ? -EISDIR : -EINVAL;
	if (kill)
		creds_enter_writer(target->gid);
	err = truncate_target(target, in);
	if (kill)
		creds_leave_writer();
	return err;
}

static int set_size(const struct target *target, const struct fuse_setattr_in *in)
{
	struct window *window = target->share->dax.window ? target->share->window : NULL;
	struct mapped *file = NULL;
	int err;

	if (window)
		file = window_cutting(window, target->subject.inode, in->size);
	err = change_size(target, in);
	if (window)
		window_cut(window, file);
	return err;
}

/* A time that the guest sent, or "now", or none. false: it makes no sense. */
static bool read_time(uint32_t valid, uint32_t set, uint32_t now, uint64_t sec, uint32_t nsec,
		      struct timespec *time)
{
	*time = (struct timespec){.tv_nsec = UTIME_OMIT};
	if (!(valid & set))
		return true;
	if (valid & now) {
		time->tv_nsec = UTIME_NOW;
		return true;
	}
	if (nsec > 999999999)
		return false;
	*time = (struct timespec){(time_t)sec, nsec};
	return true;
}

static int set_times(const struct target *target, const struct fuse_setattr_in *in)
{
	struct timespec times[2];

	if (!read_time(in->valid, FATTR_ATIME, FATTR_ATIME_NOW, in->atime, in->atimensec,
		       &times[0]) ||
	    !read_time(in->valid, FATTR_MTIME, FATTR_MTIME_NOW, in->mtime, in->mtimensec,
		       &times[1]))
		return -EINVAL;
	return utimensat(target->share->proc_fd, target->proc_name, times, 0) ? -errno : 0;
}

/* In this order: a change of owner clears set-user-id bits, and a change of size moves mtime. */
static const struct {
	uint32_t valid;
	int (*set)(const struct target *target, const struct fuse_setattr_in *in);
} SETTERS[] = {
	{FATTR_UID | FATTR_GID, set_owner},
	{FATTR_MODE, set_mode},
	{FATTR_SIZE, set_size},
	{FATTR_ATIME | FATTR_MTIME, set_times},
};

static int set_attributes(const struct target *target, const struct fuse_setattr_in *in)
{
	for (size_t i = 0; i < sizeof(SETTERS) / sizeof(*SETTERS); i++) {
		int err = in->valid & SETTERS[i].valid ? SETTERS[i].set(target, in) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int setattr(const struct request *request, const struct subject *subject,
		   const struct fuse_setattr_in *in, struct fuse_attr_out *out)
{
	struct share *share = request->share;
	int path_fd = subject->handle ? -1 : inode_fd(share, subject->inode);
	struct target target = {
		.share = share,
		.subject = *subject,
		.fd = subject->handle ? subject->handle->fd : path_fd,
		.gid = request->header.gid,
	};
	int err;

	if (target.fd < 0)
		return target.fd;
	snprintf(target.proc_name, sizeof(target.proc_name), "%d", target.fd);
	err = set_attributes(&target, in);
	if (!err)
		err = attr_get(share, subject->inode, target.fd, out);
	inode_fd_done(share, subject->inode, path_fd);
	return err;
}

void op_setattr(struct request *request)
{
	struct fuse_setattr_in in;
	struct fuse_attr_out out;
	struct subject subject;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = subject_get(request, in.valid & FATTR_FH, in.fh, &subject);
	if (!err) {
		err = setattr(request, &subject, &in, &out);
		if (in.valid & FATTR_SIZE && !subject.handle)
			inode_answered(request->share, subject.inode, request->header.pid, err);
		subject_put(request->share, &subject);
	}
	reply_attr(request, err, &out);
}

/* ---- ACCESS ------------------------------------------------------------------------- */

static int check_access(struct request *request, struct inode *inode, uint32_t mask)
{
	struct share *share = request->share;
	int fd = inode_fd(share, inode);
	struct creds saved;
	char name[16];
	int err;

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "%d", fd);
	err = creds_enter(request->header.uid, request->header.gid, (gid_t)-1, &saved);
	if (!err) {
		/* Not the C library's, which would look at the real ids where this is missing. */
		if (syscall(SYS_faccessat2, share->proc_fd, name, mask, AT_EACCESS))
			err = -errno;
		creds_leave(&saved);
	}
	inode_fd_done(share, inode, fd);
	return err;
}

void op_access(struct request *request)
{
	struct inode *inode = inode_get(request->share, request->header.nodeid);
	struct fuse_access_in in;
	int err;

	if (!inode)
		err = -ESTALE;
	else if (!request_read(request, &in, sizeof(in)) || in.mask & ~(R_OK | W_OK | X_OK))
		err = -EINVAL;
	else if (in.mask & W_OK && request->share->settings->readonly)
		err = -EROFS;
	else
		err = check_access(request, inode, in.mask);
	inode_put(request->share, inode);
	request_reply_error(request, err);
}

/* ---- STATFS ------------------------------------------------------------------------- */

static int stat_fs(struct share *share, struct inode *inode, struct fuse_statfs_out *out)
{
	int fd = inode_fd(share, inode);
	struct statfs fs;
	int err;

	if (fd < 0)
		return fd;
	err = fstatfs(fd, &fs) ? -errno : 0;
	inode_fd_done(share, inode, fd);
	if (err)
		return err;
	*out = (struct fuse_statfs_out){{
		.blocks = fs.f_blocks,
		.bfree = fs.f_bfree,
		.bavail = fs.f_bavail,
		.files = fs.f_files,
		.ffree = fs.f_ffree,
		.bsize = (uint32_t)fs.f_bsize,
		.namelen = (uint32_t)fs.f_namelen,
		.frsize = (uint32_t)fs.f_frsize,
	}};
	return 0;
}

void op_statfs(struct request *request)
{
	struct inode *inode = inode_get(request->share, request->header.nodeid);
	struct fuse_statfs_out out;
	int err = inode ? stat_fs(request->share, inode, &out) : -ESTALE;

	inode_put(request->share, inode);
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, &out, sizeof(out));
}
