/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op_make.c - what makes files and names: CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK, LINK.
 *
 * Files are made as the guest's user, so that the host's kernel gives them their owner, and
 * the group that a set-group-id folder asks for.
 */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attr.h"
#include "creds.h"
#include "fuse_compat.h"
#include "handle.h"
#include "inode.h"
#include "opening.h"
#include "share.h"
#include "window.h"

#define NO_GROUP ((gid_t)-1)

/* A file that was opened is entered again that often, if its decision changes all the time. */
enum { MOST_TRIES = 8 };

/* What is to be made, and where. */
struct maker {
	struct request *request;
	struct share *share;
	struct inode *dir;
	int dirfd;
	gid_t extra_group;
	mode_t mode, umask;
	dev_t rdev;
	uint32_t flags;	     /* CREATE: of open(2), as asked */
	struct inode *inode; /* LINK: of what */
	char name[NAME_MAX + 1];
	char target[PATH_MAX]; /* SYMLINK */
};

/* ---- What comes behind the names ------------------------------------------------------ */

/* One extension, of which `size` bytes are there. Returns its size, or 0 if it makes no sense. */
static size_t read_extension(const char *bytes, size_t size, gid_t *extra_group)
{
	struct fuse_ext_header header;
	uint32_t groups[2]; /* how many, and the first */

	if (size < sizeof(header))
		return 0;
	memcpy(&header, bytes, sizeof(header));
	if (header.size < sizeof(header) || header.size > size)
		return 0;
	if (header.type == COMPAT_FUSE_EXT_GROUPS &&
	    header.size >= sizeof(header) + sizeof(groups)) {
		memcpy(groups, bytes + sizeof(header), sizeof(groups));
		if (groups[0] == 1)
			*extra_group = groups[1];
	}
	return header.size;
}

/* The guest sends the one supplementary group that makes a difference, if there is one. */
static int read_extensions(struct request *request, gid_t *extra_group)
{
	size_t size = request->header.total_extlen * (size_t)8;
	char bytes[512];
	size_t at = 0;

	*extra_group = NO_GROUP;
	if (size > sizeof(bytes) || !request_read(request, bytes, size))
		return -EINVAL;
	while (at < size) {
		size_t step = read_extension(bytes + at, size - at, extra_group);

		if (!step)
			return -EINVAL;
		at += step;
	}
	return 0;
}

/* ---- Who makes it ------------------------------------------------------------------------ */

static int become_caller(const struct maker *maker, struct creds *saved)
{
	const struct fuse_in_header *header = &maker->request->header;

	return creds_enter(header->uid, header->gid, maker->extra_group, saved);
}

/*
 * Call fn as the guest's user. The guest has checked permissions; so where it does not tell us
 * supplementary groups, our own check would only get in the way.
 */
static int as_caller(const struct maker *maker, int (*fn)(const struct maker *maker))
{
	bool masks = maker->share->flags & FUSE_DONT_MASK;
	struct creds saved;
	mode_t old_mask = 0;
	int result = become_caller(maker, &saved);

	if (result)
		return result;
	if (!(maker->share->flags & FUSE_CREATE_SUPP_GROUP))
		creds_override_permissions(&saved);
	/* Of this thread alone (see thread_begin()). The kernel knows when an ACL replaces it. */
	if (masks)
		old_mask = umask(maker->umask);
	result = fn(maker);
	if (masks)
		umask(old_mask);
	creds_leave(&saved);
	return result;
}

/* ---- Where ------------------------------------------------------------------------------ */

/* The names have been read already, or could not be: err. */
static int maker_begin(struct maker *maker, int err)
{
	struct request *request = maker->request;

	if (!err)
		err = read_extensions(request, &maker->extra_group);
	if (err)
		return err;
	maker->dir = inode_get(maker->share, request->header.nodeid);
	if (!maker->dir)
		return -ESTALE;
	maker->dirfd = inode_fd(maker->share, maker->dir);
	return maker->dirfd < 0 ? maker->dirfd : 0;
}

static void maker_end(struct maker *maker)
{
	if (!maker->dir)
		return;
	if (maker->dirfd >= 0)
		inode_fd_done(maker->share, maker->dir, maker->dirfd);
	inode_put(maker->share, maker->dir);
}

/* ---- Names: MKNOD, MKDIR, SYMLINK, LINK ---------------------------------------------------- */

static int make_node(const struct maker *maker)
{
	return mknodat(maker->dirfd, maker->name, maker->mode, maker->rdev) ? -errno : 0;
}

static int make_dir(const struct maker *maker)
{
	return mkdirat(maker->dirfd, maker->name, maker->mode) ? -errno : 0;
}

static int make_symlink(const struct maker *maker)
{
	return symlinkat(maker->target, maker->dirfd, maker->name) ? -errno : 0;
}

/* As ourselves: it is the guest's affair who may link what. */
static int make_link(const struct maker *maker)
{
	int fd = inode_fd(maker->share, maker->inode);
	char name[16];
	int err;

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "%d", fd);
	err = linkat(maker->share->proc_fd, name, maker->dirfd, maker->name, AT_SYMLINK_FOLLOW)
		      ? -errno
		      : 0;
	inode_fd_done(maker->share, maker->inode, fd);
	return err;
}

/* The name has been made: tell the guest what is there now. */
static int fill_entry(struct maker *maker, struct fuse_entry_out *entry)
{
	struct inode *inode;
	struct statx stx;
	uint32_t flag;
	int err = inode_lookup(maker->share, maker->dir, maker->name, &inode, &stx, &flag);

	if (err)
		return err;
	attr_entry(maker->share, inode, &stx, flag, entry);
	inode_put(maker->share, inode);
	return 0;
}

/* err: of reading the names. */
static void serve_make(struct maker *maker, int err, int (*fn)(const struct maker *maker))
{
	struct fuse_entry_out entry;

	err = maker_begin(maker, err);
	if (!err)
		err = fn == make_link ? fn(maker) : as_caller(maker, fn);
	if (!err)
		err = fill_entry(maker, &entry);
	maker_end(maker);
	if (err)
		request_reply_error(maker->request, err);
	else
		request_reply(maker->request, &entry, sizeof(entry));
}

/* From the kernel's new_encode_dev(). */
static dev_t decode_rdev(uint32_t rdev)
{
	return makedev((rdev & 0xfff00) >> 8, (rdev & 0xff) | ((rdev >> 12) & 0xfff00));
}

void op_mknod(struct request *request)
{
	struct maker maker = {.request = request, .share = request->share, .dirfd = -1};
	struct fuse_mknod_in in;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = request_read_name(request, maker.name);
	if (!err) {
		maker.mode = in.mode;
		maker.umask = in.umask & 0777;
		maker.rdev = decode_rdev(in.rdev);
	}
	serve_make(&maker, err, make_node);
}

void op_mkdir(struct request *request)
{
	struct maker maker = {.request = request, .share = request->share, .dirfd = -1};
	struct fuse_mkdir_in in;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = request_read_name(request, maker.name);
	if (!err) {
		maker.mode = in.mode & 07777;
		maker.umask = in.umask & 0777;
	}
	serve_make(&maker, err, make_dir);
}

void op_symlink(struct request *request)
{
	struct maker maker = {.request = request, .share = request->share, .dirfd = -1};
	int err = request_read_name(request, maker.name);

	if (!err)
		err = request_read_string(request, maker.target, sizeof(maker.target));
	serve_make(&maker, err, make_symlink);
}

void op_link(struct request *request)
{
	struct maker maker = {.request = request, .share = request->share, .dirfd = -1};
	struct fuse_link_in in;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = request_read_name(request, maker.name);
	if (!err) {
		maker.inode = inode_get(request->share, in.oldnodeid);
		err = maker.inode ? 0 : -ESTALE;
	}
	serve_make(&maker, err, make_link);
	inode_put(request->share, maker.inode);
}

/* ---- Files that are opened at once: CREATE, TMPFILE ---------------------------------------- */

/* O_EXCL: a file or a link that is there already is not for a name that the guest holds new. */
static int open_new(const struct maker *maker)
{
	int flags = opening_flags(maker->share, maker->flags) | O_CREAT | O_EXCL | O_NOFOLLOW;

	return inode_create(maker->share, maker->dirfd, maker->name, flags, maker->mode);
}

static int open_tmpfile(const struct maker *maker)
{
	int flags = opening_flags(maker->share, maker->flags) | O_TMPFILE;

	/* Here, O_EXCL means that it will never get a name. */
	flags |= (int)maker->flags & O_EXCL;
	return inode_create(maker->share, maker->dirfd, ".", flags, maker->mode);
}

/* What the guest gets to know and to hold, together. */
struct created {
	struct inode *inode;
	struct statx stx;
	uint32_t flag;
	uint64_t fh;
};

static int try_enter(struct maker *maker, bool has_name, int fd, struct created *created)
{
	struct share *share = maker->share;
	int err = inode_adopt(share, has_name ? maker->dir : NULL, maker->name, fd, &created->inode,
			      &created->stx, &created->flag);

	if (err)
		return err;
	err = handle_new(share, created->inode, fd, false, &created->fh);
	if (err)
		inode_take_back(share, created->inode);
	return err;
}

/*
 * Enter an open file. fd is taken over in any case. Its inode may be retired before the open is
 * counted. We have the file, so that is no reason to send the guest to look again: with O_EXCL it
 * would find that the file is there.
 */
static int enter_open(struct maker *maker, bool has_name, int fd, struct created *created)
{
	int tries = 0;
	int err;

	do
		err = try_enter(maker, has_name, fd, created);
	while (err == -ESTALE && ++tries < MOST_TRIES);
	if (err)
		close(fd);
	return err;
}

/* name: of its descriptor. It may be what cuts the file, which the guest may know by another name. */
static int open_as_caller(const struct maker *maker, struct inode *inode, const char *name)
{
	int flags = opening_flags(maker->share, maker->flags) | O_NONBLOCK;
	struct share *share = maker->share;
	struct window *window = (flags & O_TRUNC) && share->dax.window ? share->window : NULL;
	struct mapped *file = NULL;
	struct creds saved;
	int fd = become_caller(maker, &saved);

	if (fd)
		return fd;
	if (window)
		file = window_cutting(window, inode, 0);
	fd = inode_create(share, share->proc_fd, name, flags, 0);
	creds_leave(&saved);
	if (window)
		window_cut(window, file);
	return fd;
}

/*
 * The file was there, though the guest did not know, and so did not check whether its user may
 * open it. Let the host's kernel do that.
 */
static int open_existing(const struct maker *maker, struct inode *inode)
{
	int path_fd = inode_fd(maker->share, inode);
	char name[16];
	int fd;

	if (path_fd < 0)
		return path_fd;
	snprintf(name, sizeof(name), "%d", path_fd);
	fd = open_as_caller(maker, inode, name);
	inode_fd_done(maker->share, inode, path_fd);
	return fd;
}

static int create_existing(struct maker *maker, struct created *created)
{
	struct inode *inode;
	int err = inode_lookup(maker->share, maker->dir, maker->name, &inode, &created->stx,
			       &created->flag);

	if (err)
		return err;
	/* A folder, a link: then the guest has to look before it leaps. */
	err = S_ISREG(inode->type) ? open_existing(maker, inode) : -ESTALE;
	inode_take_back(maker->share, inode);
	return err < 0 ? err : enter_open(maker, true, err, created);
}

static int create(struct maker *maker, bool has_name, struct created *created)
{
	int fd = as_caller(maker, has_name ? open_new : open_tmpfile);

	if (fd == -EEXIST && has_name && !(maker->flags & O_EXCL))
		return create_existing(maker, created);
	return fd < 0 ? fd : enter_open(maker, has_name, fd, created);
}

static void reply_created(struct maker *maker, struct created *created)
{
	struct share *share = maker->share;
	struct fuse_open_out open = {
		.fh = created->fh,
		.open_flags = opening_reply_flags(share, false),
	};
	struct fuse_entry_out entry;

	attr_entry(share, created->inode, &created->stx, created->flag, &entry);
	inode_put(share, created->inode);
	request_reply_two(maker->request, &entry, sizeof(entry), &open, sizeof(open));
}

static void serve_create(struct request *request, bool has_name)
{
	struct maker maker = {.request = request, .share = request->share, .dirfd = -1};
	struct created created;
	struct fuse_create_in in;
	int err = -EINVAL;

	if (request_read(request, &in, sizeof(in)))
		err = has_name ? request_read_name(request, maker.name)
			       : request_read_string(request, maker.name, sizeof(maker.name));
	if (!err) {
		maker.flags = in.flags;
		maker.mode = in.mode & 07777;
		maker.umask = in.umask & 0777;
	}
	err = maker_begin(&maker, err);
	if (!err)
		err = create(&maker, has_name, &created);
	maker_end(&maker);
	if (err)
		request_reply_error(request, err);
	else
		reply_created(&maker, &created);
}

void op_create(struct request *request)
{
	serve_create(request, true);
}

void op_tmpfile(struct request *request)
{
	serve_create(request, false);
}
