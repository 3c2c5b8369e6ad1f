/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_file.c - FUSE operations on what is open, on folders, locks, and the window.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client.h"

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

/* ---- Open files ---- */

static int open_as(struct client *c, uint32_t opcode, uint64_t nodeid, uint32_t flags,
		   uint64_t may_skip, uint64_t *fh)
{
	struct fuse_open_in in = {.flags = flags};
	struct iovec iov[] = {ARG(in)};
	struct fuse_open_out out;
	int err = client_call(c, opcode, nodeid, iov, 1, &out, sizeof(out), NULL);

	if (err == -ENOSYS && (c->flags & may_skip)) {
		*fh = 0;
		return 0;
	}
	if (!err)
		*fh = out.fh;
	return err;
}

int client_open_file(struct client *c, uint64_t nodeid, uint32_t flags, uint64_t *fh)
{
	return open_as(c, FUSE_OPEN, nodeid, flags, FUSE_NO_OPEN_SUPPORT, fh);
}

int client_opendir(struct client *c, uint64_t nodeid, uint64_t *fh)
{
	return open_as(c, FUSE_OPENDIR, nodeid, 0200000 /* O_DIRECTORY */, FUSE_NO_OPENDIR_SUPPORT,
		       fh);
}

struct create_out {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

static int create_as(struct client *c, uint32_t opcode, uint64_t parent,
		     const struct fuse_create_in *in, const char *name,
		     struct fuse_entry_out *entry, uint64_t *fh)
{
	struct iovec iov[] = {ARG(*in), STR(name)};
	struct create_out out;
	int err = client_call(c, opcode, parent, iov, 2, &out, sizeof(out), NULL);

	if (err)
		return err;
	*entry = out.entry;
	*fh = out.open.fh;
	return 0;
}

int client_create(struct client *c, uint64_t parent, const char *name, uint32_t flags,
		  uint32_t mode, struct fuse_entry_out *entry, uint64_t *fh)
{
	struct fuse_create_in in = {.flags = flags, .mode = mode};

	return create_as(c, FUSE_CREATE, parent, &in, name, entry, fh);
}

/* The kernel sends a name here too, which means nothing. */
int client_tmpfile(struct client *c, uint64_t parent, uint32_t flags, uint32_t mode,
		   struct fuse_entry_out *entry, uint64_t *fh)
{
	struct fuse_create_in in = {.flags = flags, .mode = mode};

	return create_as(c, FUSE_TMPFILE, parent, &in, "#tmpfile", entry, fh);
}

ssize_t client_read(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset, void *buf,
		    size_t size)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = (uint32_t)size};
	struct iovec iov[] = {ARG(in)};
	size_t len;
	int err = client_call(c, FUSE_READ, nodeid, iov, 1, buf, size, &len);

	return err ? err : (ssize_t)len;
}

static ssize_t write_as(struct client *c, uint64_t nodeid, const struct fuse_write_in *in,
			const void *buf)
{
	struct iovec iov[] = {ARG(*in), {(void *)buf, in->size}};
	struct fuse_write_out out;
	int err = client_call(c, FUSE_WRITE, nodeid, iov, 2, &out, sizeof(out), NULL);

	return err ? err : (ssize_t)out.size;
}

ssize_t client_write(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset,
		     const void *buf, size_t size, uint32_t write_flags)
{
	struct fuse_write_in in = {
		.fh = fh, .offset = offset, .size = (uint32_t)size, .write_flags = write_flags};

	return write_as(c, nodeid, &in, buf);
}

ssize_t client_append(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset,
		      const void *buf, size_t size)
{
	struct fuse_write_in in = {
		.fh = fh, .offset = offset, .size = (uint32_t)size, .flags = O_WRONLY | O_APPEND};

	return write_as(c, nodeid, &in, buf);
}

int client_flush(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t owner)
{
	struct fuse_flush_in in = {.fh = fh, .lock_owner = owner};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, FUSE_FLUSH, nodeid, iov, 1);
}

static int release_as(struct client *c, uint32_t opcode, uint64_t nodeid, uint64_t fh)
{
	struct fuse_release_in in = {.fh = fh};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, opcode, nodeid, iov, 1);
}

int client_release(struct client *c, uint64_t nodeid, uint64_t fh)
{
	return release_as(c, FUSE_RELEASE, nodeid, fh);
}

int client_releasedir(struct client *c, uint64_t nodeid, uint64_t fh)
{
	return release_as(c, FUSE_RELEASEDIR, nodeid, fh);
}

static int sync_as(struct client *c, uint32_t opcode, uint64_t nodeid, uint64_t fh, uint32_t flags)
{
	struct fuse_fsync_in in = {.fh = fh, .fsync_flags = flags};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, opcode, nodeid, iov, 1);
}

int client_fsync(struct client *c, uint64_t nodeid, uint64_t fh, bool data_only)
{
	return sync_as(c, FUSE_FSYNC, nodeid, fh, data_only ? FUSE_FSYNC_FDATASYNC : 0);
}

int client_fsyncdir(struct client *c, uint64_t nodeid, uint64_t fh)
{
	return sync_as(c, FUSE_FSYNCDIR, nodeid, fh, 0);
}

int client_fallocate(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset,
		     uint64_t length, uint32_t mode)
{
	struct fuse_fallocate_in in = {.fh = fh, .offset = offset, .length = length, .mode = mode};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, FUSE_FALLOCATE, nodeid, iov, 1);
}

int client_lseek(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset, uint32_t whence,
		 uint64_t *found)
{
	struct fuse_lseek_in in = {.fh = fh, .offset = offset, .whence = whence};
	struct iovec iov[] = {ARG(in)};
	struct fuse_lseek_out out;
	int err = client_call(c, FUSE_LSEEK, nodeid, iov, 1, &out, sizeof(out), NULL);

	if (!err)
		*found = out.offset;
	return err;
}

ssize_t client_copy_file_range(struct client *c, const struct fuse_copy_file_range_in *in,
			       uint64_t nodeid_in)
{
	struct iovec iov[] = {ARG(*in)};
	struct fuse_write_out out;
	int err = client_call(c, FUSE_COPY_FILE_RANGE, nodeid_in, iov, 1, &out, sizeof(out), NULL);

	return err ? err : (ssize_t)out.size;
}

/* ---- Folders ---- */

ssize_t client_readdir(struct client *c, uint64_t nodeid, uint64_t fh, uint64_t offset, void *buf,
		       size_t size, bool plus)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = (uint32_t)size};
	struct iovec iov[] = {ARG(in)};
	size_t len;
	int err = client_call(c, plus ? FUSE_READDIRPLUS : FUSE_READDIR, nodeid, iov, 1, buf, size,
			      &len);

	return err ? err : (ssize_t)len;
}

ssize_t client_next_dirent(const void *buf, size_t size, bool plus, struct client_dirent *dirent)
{
	size_t head = plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET, total;
	struct fuse_dirent wire;

	if (size == 0)
		return 0;
	if (size < head)
		return -EPROTO;
	memcpy(&wire, (const char *)buf + head - FUSE_NAME_OFFSET, FUSE_NAME_OFFSET);
	if (wire.namelen == 0 || wire.namelen > 255 || wire.namelen > size - head)
		return -EPROTO;
	*dirent = (struct client_dirent){
		.ino = wire.ino, .off = wire.off, .type = wire.type, .plus = plus};
	memcpy(dirent->name, (const char *)buf + head, wire.namelen);
	if (strlen(dirent->name) != wire.namelen || strchr(dirent->name, '/'))
		return -EPROTO;
	if (plus)
		memcpy(&dirent->entry, buf, sizeof(dirent->entry));
	total = FUSE_DIRENT_ALIGN(head + wire.namelen);
	return total > size ? -EPROTO : (ssize_t)total;
}

/* ---- Locks ---- */

int client_lock(struct client *c, uint32_t opcode, uint64_t nodeid, uint64_t fh, uint64_t owner,
		struct fuse_file_lock *lock)
{
	struct fuse_lk_in in = {.fh = fh, .owner = owner, .lk = *lock};
	struct iovec iov[] = {ARG(in)};
	struct fuse_lk_out out;
	int err;

	if (opcode != FUSE_GETLK)
		return send_none(c, opcode, nodeid, iov, 1);
	err = client_call(c, opcode, nodeid, iov, 1, &out, sizeof(out), NULL);
	if (!err)
		*lock = out.lk;
	return err;
}

/* ---- The window ---- */

int client_setupmapping(struct client *c, uint64_t nodeid, uint64_t foffset, uint64_t len,
			uint64_t flags, uint64_t moffset)
{
	struct fuse_setupmapping_in in = {.fh = UINT64_MAX,
					  .foffset = foffset,
					  .len = len,
					  .flags = flags,
					  .moffset = moffset};
	struct iovec iov[] = {ARG(in)};

	return send_none(c, FUSE_SETUPMAPPING, nodeid, iov, 1);
}

int client_removemapping(struct client *c, uint64_t nodeid,
			 const struct fuse_removemapping_one *list, unsigned n)
{
	struct fuse_removemapping_in in = {.count = n};
	struct iovec iov[] = {ARG(in), {(void *)list, n * sizeof(*list)}};

	return send_none(c, FUSE_REMOVEMAPPING, nodeid, iov, 2);
}
