/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_ops.c - each FUSE operation on names, inodes and files, as a call.
 */
#include <errno.h>
#include <string.h>

#include "client.h"

/* A request's argument, or a string with its NUL. */
#define ARG(x)                          \
	{                               \
		(void *)&(x), sizeof(x) \
	}
#define STR(s)                             \
	{                                  \
		(void *)(s), strlen(s) + 1 \
	}

static int send_none(struct client *c, uint32_t opcode, uint64_t nodeid, const struct iovec *in,
		     unsigned n)
{
	return client_call(c, opcode, nodeid, in, n, NULL, 0, NULL);
}

static int send_entry(struct client *c, uint32_t opcode, uint64_t nodeid, const struct iovec *in,
		      unsigned n, struct fuse_entry_out *entry)
{
	return client_call(c, opcode, nodeid, in, n, entry, sizeof(*entry), NULL);
}

/* A reply of any length; that, or the error. */
static ssize_t send_buffer(struct client *c, uint32_t opcode, uint64_t nodeid,
			   const struct iovec *in, unsigned n, void *buf, size_t size)
{
	size_t len;
	int err = client_call(c, opcode, nodeid, in, n, buf, size, &len);

	return err ? err : (ssize_t)len;
}

/* ---- Session ---- */

int client_init(struct client *c, const struct client_init *init)
{
	uint64_t flags = init->flags | (init->no_defaults ? 0 : CLIENT_INIT_FLAGS);
	struct fuse_init_in in = {.major = FUSE_KERNEL_VERSION,
				  .minor = init->minor ? init->minor : 38,
				  .max_readahead = 128 << 10,
				  .flags = (uint32_t)flags,
				  .flags2 = (uint32_t)(flags >> 32)};
	struct iovec iov[] = {{&in, init->short_in ? 16 : sizeof(in)}};
	size_t len;
	int err;

	memset(&c->init, 0, sizeof(c->init));
	err = client_call(c, FUSE_INIT, 0, iov, 1, &c->init, sizeof(c->init), &len);
	if (err)
		return err;
	c->flags = c->init.flags;
	if (c->init.flags & FUSE_INIT_EXT)
		c->flags |= (uint64_t)c->init.flags2 << 32;
	return 0;
}

int client_destroy(struct client *c)
{
	return send_none(c, FUSE_DESTROY, 0, NULL, 0);
}

/* ---- Names and inodes ---- */

int client_lookup(struct client *c, uint64_t parent, const char *name, struct fuse_entry_out *entry)
{
	struct iovec iov[] = {STR(name)};

	return send_entry(c, FUSE_LOOKUP, parent, iov, 1, entry);
}

/* FORGET has no reply: it is done when its chain comes back. */
static int send_forget(struct client *c, uint32_t opcode, uint64_t nodeid, const struct iovec *in,
		       unsigned n)
{
	struct request *request = c->hiprio;
	struct fuse_in_header header = {.opcode = opcode, .nodeid = nodeid, .pid = c->pid};
	struct vq *vq = &c->fe->vqs[FRONTEND_HIPRIO];
	size_t len = sizeof(header);
	int err;

	if (c->broken)
		return -ENOTCONN;
	for (unsigned i = 0; i < n; i++) {
		if (in[i].iov_len > request->in_cap - len)
			return -EMSGSIZE;
		memcpy(request->in + len, in[i].iov_base, in[i].iov_len);
		len += in[i].iov_len;
	}
	header.len = (uint32_t)len;
	header.unique = c->unique += 2;
	memcpy(request->in, &header, sizeof(header));
	request->in_len = len;
	request->out_len = 0;
	err = request_add(request, vq);
	if (!err)
		err = request_wait(request, vq);
	if (err)
		c->broken = true;
	return err;
}

int client_forget(struct client *c, uint64_t nodeid, uint64_t n)
{
	struct fuse_forget_in in = {.nlookup = n};
	struct iovec iov[] = {ARG(in)};

	return send_forget(c, FUSE_FORGET, nodeid, iov, 1);
}

int client_batch_forget(struct client *c, const struct fuse_forget_one *list, unsigned n)
{
	struct fuse_batch_forget_in in = {.count = n};
	struct iovec iov[] = {ARG(in), {(void *)list, n * sizeof(*list)}};

	return send_forget(c, FUSE_BATCH_FORGET, 0, iov, 2);
}

int client_getattr(struct client *c, uint64_t nodeid, uint64_t fh, struct fuse_attr *attr)
{
	struct fuse_getattr_in in = {.getattr_flags = fh == CLIENT_NO_FH ? 0 : FUSE_GETATTR_FH,
				     .fh = fh == CLIENT_NO_FH ? 0 : fh};
	struct iovec iov[] = {ARG(in)};
	struct fuse_attr_out out;
	int err = client_call(c, FUSE_GETATTR, nodeid, iov, 1, &out, sizeof(out), NULL);

	if (!err)
		*attr = out.attr;
	return err;
}

int client_setattr(struct client *c, uint64_t nodeid, const struct fuse_setattr_in *in,
		   struct fuse_attr *attr)
{
	struct iovec iov[] = {ARG(*in)};
	struct fuse_attr_out out;
	int err = client_call(c, FUSE_SETATTR, nodeid, iov, 1, &out, sizeof(out), NULL);

	if (!err && attr)
		*attr = out.attr;
	return err;
}

int client_statx(struct client *c, uint64_t nodeid, struct fuse_statx_out *out)
{
	struct fuse_statx_in in = {.sx_mask = 0xfff};
	struct iovec iov[] = {ARG(in)};

	return client_call(c, FUSE_STATX, nodeid, iov, 1, out, sizeof(*out), NULL);
}

ssize_t client_readlink(struct client *c, uint64_t nodeid, char *buf, size_t size)
{
	ssize_t len = send_buffer(c, FUSE_READLINK, nodeid, NULL, 0, buf, size);

	if (len >= 0 && (size_t)len < size)
		buf[len] = '\0';
	return len;
}

int client_symlink(struct client *c, uint64_t parent, const char *name, const char *target,
		   struct fuse_entry_out *entry)
{
	struct iovec iov[] = {STR(name), STR(target)};

	return send_entry(c, FUSE_SYMLINK, parent, iov, 2, entry);
}

int client_mknod(struct client *c, uint64_t parent, const char *name, uint32_t mode, uint32_t rdev,
		 struct fuse_entry_out *entry)
{
	struct fuse_mknod_in in = {.mode = mode, .rdev = rdev};
	struct iovec iov[] = {ARG(in), STR(name)};

	return send_entry(c, FUSE_MKNOD, parent, iov, 2, entry);
}

int client_mkdir(struct client *c, uint64_t parent, const char *name, uint32_t mode,
		 struct fuse_entry_out *entry)
{
	struct fuse_mkdir_in in = {.mode = mode};
	struct iovec iov[] = {ARG(in), STR(name)};

	return send_entry(c, FUSE_MKDIR, parent, iov, 2, entry);
}

int client_unlink(struct client *c, uint64_t parent, const char *name)
{
	struct iovec iov[] = {STR(name)};

	return send_none(c, FUSE_UNLINK, parent, iov, 1);
}

int client_rmdir(struct client *c, uint64_t parent, const char *name)
{
	struct iovec iov[] = {STR(name)};

	return send_none(c, FUSE_RMDIR, parent, iov, 1);
}

int client_rename(struct client *c, uint64_t parent, const char *name, uint64_t newparent,
		  const char *newname)
{
	struct fuse_rename_in in = {.newdir = newparent};
	struct iovec iov[] = {ARG(in), STR(name), STR(newname)};

	return send_none(c, FUSE_RENAME, parent, iov, 3);
}

int client_rename2(struct client *c, uint64_t parent, const char *name, uint64_t newparent,
		   const char *newname, uint32_t flags)
{
	struct fuse_rename2_in in = {.newdir = newparent, .flags = flags};
	struct iovec iov[] = {ARG(in), STR(name), STR(newname)};

	return send_none(c, FUSE_RENAME2, parent, iov, 3);
}

int client_link(struct client *c, uint64_t nodeid, uint64_t newparent, const char *newname,
		struct fuse_entry_out *entry)
{
	struct fuse_link_in in = {.oldnodeid = nodeid};
	struct iovec iov[] = {ARG(in), STR(newname)};

	return send_entry(c, FUSE_LINK, newparent, iov, 2, entry);
}

int client_access(struct client *c, uint64_t nodeid, uint32_t mask)
{
	struct fuse_access_in in = {.mask = mask};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, FUSE_ACCESS, nodeid, iov, 1);
}

int client_statfs(struct client *c, uint64_t nodeid, struct fuse_kstatfs *st)
{
	struct fuse_statfs_out out;
	int err = client_call(c, FUSE_STATFS, nodeid, NULL, 0, &out, sizeof(out), NULL);

	if (!err)
		*st = out.st;
	return err;
}

int client_syncfs(struct client *c, uint64_t nodeid)
{
	struct fuse_syncfs_in in = {0};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, FUSE_SYNCFS, nodeid, iov, 1);
}

/* ---- Extended attributes ---- */

int client_setxattr(struct client *c, uint64_t nodeid, const char *name, const void *value,
		    size_t size, uint32_t flags)
{
	struct fuse_setxattr_in in = {.size = (uint32_t)size, .flags = flags};
	/* The long form only where it was agreed on. */
	size_t in_size = c->flags & FUSE_SETXATTR_EXT ? sizeof(in) : FUSE_COMPAT_SETXATTR_IN_SIZE;
	struct iovec iov[] = {{&in, in_size}, STR(name), {(void *)value, size}};

	return send_none(c, FUSE_SETXATTR, nodeid, iov, 3);
}

/* With size 0 the reply is a struct with the size that is needed. */
static ssize_t xattr_buffer(struct client *c, uint32_t opcode, uint64_t nodeid, const char *name,
			    void *buf, size_t size)
{
	struct fuse_getxattr_in in = {.size = (uint32_t)size};
	struct iovec iov[] = {ARG(in), {(void *)name, name ? strlen(name) + 1 : 0}};
	struct fuse_getxattr_out out;
	int err;

	if (size)
		return send_buffer(c, opcode, nodeid, iov, name ? 2 : 1, buf, size);
	err = client_call(c, opcode, nodeid, iov, name ? 2 : 1, &out, sizeof(out), NULL);
	return err ? err : (ssize_t)out.size;
}

ssize_t client_getxattr(struct client *c, uint64_t nodeid, const char *name, void *value,
			size_t size)
{
	return xattr_buffer(c, FUSE_GETXATTR, nodeid, name, value, size);
}

ssize_t client_listxattr(struct client *c, uint64_t nodeid, void *list, size_t size)
{
	return xattr_buffer(c, FUSE_LISTXATTR, nodeid, NULL, list, size);
}

int client_removexattr(struct client *c, uint64_t nodeid, const char *name)
{
	struct iovec iov[] = {STR(name)};

	return send_none(c, FUSE_REMOVEXATTR, nodeid, iov, 1);
}
