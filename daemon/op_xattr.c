/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op_xattr.c - extended attributes.
 *
 * An O_PATH descriptor has no xattr calls of its own, and to open a device or a link is out of
 * the question. So the thread goes to /proc/self/fd, where the descriptor's number is a path.
 */
#include <errno.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "creds.h"
#include "inode.h"
#include "operations.h"
#include "share.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* ---- Which names the guest has to do with --------------------------------------------------- */

static bool is_acl(const char *name)
{
	return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0;
}

static bool is_policys_tag(struct share *share, const char *name)
{
	struct fsdax_settings settings;
	struct fsdax_policy *policy;
	bool same;

	if (!share->policy)
		return false;
	policy = fsdax_slot_get(share->policy);
	fsdax_policy_settings(policy, &settings);
	same = settings.tag_xattr && strcmp(settings.tag_xattr, name) == 0;
	fsdax_policy_unref(policy);
	return same;
}

/*
 * A tag is the host's word on the guest. The two usual names are hidden whatever the policy is
 * now: a tag must not be at the guest's hands because the policy's name for it was changed.
 */
static bool is_hidden_tag(struct share *share, const char *name)
{
	if (share->settings->guest_tags)
		return false;
	return strcmp(name, FSDAX_TAG_XATTR) == 0 || strcmp(name, "user.fsdax") == 0 ||
	       is_policys_tag(share, name);
}

static int may_read(struct share *share, const char *name)
{
	if (is_acl(name) && !share->settings->posix_acl)
		return -EOPNOTSUPP;
	return is_hidden_tag(share, name) ? -ENODATA : 0;
}

/*
 * Other names are for the host's kernel to refuse: CAP_SETFCAP is all that the daemon does this
 * with, so of what takes privilege a guest sets security.capability only (privileges.c).
 */
static int may_write(struct share *share, const char *name)
{
	if (share->settings->readonly)
		return -EROFS;
	if (is_acl(name) && !share->settings->posix_acl)
		return -EOPNOTSUPP;
	return is_hidden_tag(share, name) ? -EPERM : 0;
}

static bool is_shown(struct share *share, const char *name)
{
	return may_read(share, name) == 0;
}

/* ---- The way to the inode ------------------------------------------------------------------- */

/* An inode's descriptor, as a path. */
struct path {
	struct inode *inode;
	int fd;
	char text[16];
};

static int path_begin(struct request *request, struct path *path)
{
	struct share *share = request->share;

	path->inode = inode_get(share, request->header.nodeid);
	if (!path->inode)
		return -ESTALE;
	path->fd = inode_fd(share, path->inode);
	if (path->fd < 0) {
		inode_put(share, path->inode);
		return path->fd;
	}
	snprintf(path->text, sizeof(path->text), "%d", path->fd);
	return 0;
}

static void path_end(struct request *request, struct path *path)
{
	inode_fd_done(request->share, path->inode, path->fd);
	inode_put(request->share, path->inode);
}

/* The thread's working directory is its own: see thread.h. */
static int go_there(struct share *share)
{
	return fchdir(share->proc_fd) ? -errno : 0;
}

/* A name as sent: the kernel's own limit, and its error. */
static int read_name(struct request *request, char name[XATTR_NAME_MAX + 1])
{
	int err = request_read_string(request, name, XATTR_NAME_MAX + 1);

	return err == -ENAMETOOLONG ? -ERANGE : err;
}

/* ---- GETXATTR, LISTXATTR -------------------------------------------------------------------- */

/* Answer with what was found, or with its size if that was all that the guest asked for. */
static void reply_found(struct request *request, uint32_t asked, const char *found, ssize_t size)
{
	struct fuse_getxattr_out out = {0};

	if (size < 0) {
		request_reply_error(request, (int)size);
	} else if (!asked) {
		out.size = (uint32_t)size;
		request_reply(request, &out, sizeof(out));
	} else if ((size_t)size > asked) {
		request_reply_error(request, -ERANGE);
	} else {
		request_reply(request, found, (size_t)size);
	}
}

static ssize_t get(struct request *request, const char *name, char *value, size_t room)
{
	struct path path;
	ssize_t size = path_begin(request, &path);

	if (size)
		return size;
	size = go_there(request->share);
	if (!size) {
		size = getxattr(path.text, name, value, room);
		if (size < 0)
			size = -errno;
	}
	path_end(request, &path);
	return size;
}

void op_getxattr(struct request *request)
{
	struct fuse_getxattr_in in;
	char name[XATTR_NAME_MAX + 1];
	char value[XATTR_SIZE_MAX];
	ssize_t size = -EINVAL;

	if (!request->share->settings->xattr) {
		request_reply_error(request, -ENOSYS);
		return;
	}
	in.size = 0;
	if (request_read(request, &in, sizeof(in)))
		size = read_name(request, name);
	if (!size)
		size = may_read(request->share, name);
	if (!size)
		size = get(request, name, value, in.size < sizeof(value) ? in.size : sizeof(value));
	reply_found(request, in.size, value, size);
}

/* Take the hidden names out of a list. Returns its new size. */
static ssize_t filter(struct share *share, char *list, ssize_t size)
{
	char *to = list;

	for (const char *name = list; name < list + size;) {
		size_t len = strlen(name) + 1;

		if (is_shown(share, name)) {
			memmove(to, name, len);
			to += len;
		}
		name += len;
	}
	return to - list;
}

/* The whole list, since how long the guest's is shows only when it has been filtered. */
static ssize_t list(struct request *request, char *names, size_t room)
{
	struct path path;
	ssize_t size = path_begin(request, &path);

	if (size)
		return size;
	size = go_there(request->share);
	/* Most file systems show trusted.* to the privileged alone, by which they shall not mean us. */
	if (request->header.uid)
		creds_drop_admin();
	if (!size) {
		size = listxattr(path.text, names, room);
		if (size < 0)
			size = -errno;
	}
	if (request->header.uid)
		creds_raise_admin();
	path_end(request, &path);
	return size > 0 ? filter(request->share, names, size) : size;
}

void op_listxattr(struct request *request)
{
	struct fuse_getxattr_in in;
	char names[XATTR_LIST_MAX];
	ssize_t size = -EINVAL;

	if (!request->share->settings->xattr) {
		request_reply_error(request, -ENOSYS);
		return;
	}
	in.size = 0;
	if (request_read(request, &in, sizeof(in)))
		size = list(request, names, sizeof(names));
	reply_found(request, in.size, names, size);
}

/* ---- SETXATTR ---------------------------------------------------------------------------------- */

/* What older guests don't send is 0. */
static bool read_setxattr_in(struct request *request, struct fuse_setxattr_in *in)
{
	bool extended = request->share->flags & FUSE_SETXATTR_EXT;

	*in = (struct fuse_setxattr_in){0};
	return request_read(request, in, extended ? sizeof(*in) : FUSE_COMPAT_SETXATTR_IN_SIZE);
}

/*
 * An ACL that is set may have to clear the set-group-ID bit: the host's kernel knows when, if it
 * knows who is asking.
 */
static int set_acl(struct request *request, const char *path, const char *name, const char *value,
		   const struct fuse_setxattr_in *in)
{
	struct creds saved;
	int err = creds_enter(request->header.uid, request->header.gid, (gid_t)-1, &saved);

	if (err)
		return err;
	creds_drop_fsetid();
	err = setxattr(path, name, value, in->size, (int)in->flags) ? -errno : 0;
	creds_leave(&saved);
	creds_raise_fsetid();
	return err;
}

static int set(struct request *request, const char *name, const char *value,
	       const struct fuse_setxattr_in *in)
{
	struct path path;
	int err = path_begin(request, &path);

	if (err)
		return err;
	err = go_there(request->share);
	if (!err && (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) && is_acl(name))
		err = set_acl(request, path.text, name, value, in);
	else if (!err && setxattr(path.text, name, value, in->size, (int)in->flags))
		err = -errno;
	path_end(request, &path);
	return err;
}

void op_setxattr(struct request *request)
{
	struct fuse_setxattr_in in;
	char name[XATTR_NAME_MAX + 1];
	char value[XATTR_SIZE_MAX];
	int err = -EINVAL;

	if (!request->share->settings->xattr) {
		request_reply_error(request, -ENOSYS);
		return;
	}
	if (read_setxattr_in(request, &in))
		err = read_name(request, name);
	if (!err && in.size > sizeof(value))
		err = -E2BIG;
	if (!err && (request->in.size != in.size || !request_read(request, value, in.size)))
		err = -EINVAL;
	if (!err)
		err = may_write(request->share, name);
	if (!err)
		err = set(request, name, value, &in);
	request_reply_error(request, err);
}

/* ---- REMOVEXATTR ------------------------------------------------------------------------------- */

static int remove_xattr(struct request *request, const char *name)
{
	struct path path;
	int err = path_begin(request, &path);

	if (err)
		return err;
	err = go_there(request->share);
	if (!err && removexattr(path.text, name))
		err = -errno;
	path_end(request, &path);
	return err;
}

void op_removexattr(struct request *request)
{
	char name[XATTR_NAME_MAX + 1];
	int err;

	if (!request->share->settings->xattr) {
		request_reply_error(request, -ENOSYS);
		return;
	}
	err = read_name(request, name);
	if (!err)
		err = may_write(request->share, name);
	if (!err)
		err = remove_xattr(request, name);
	request_reply_error(request, err);
}
