/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op_readdir.c - READDIR and READDIRPLUS.
 *
 * The guest's buffer holds some twenty entries with their attributes, a call of getdents64 finds
 * some hundred. What is left over stays with the handle for the guest's next request, which
 * nearly always goes on where the last one ended; if not, it is forgotten, and the folder is read
 * from where the guest wants. Either way positions are those of the host's file system, so
 * nothing is lost or told twice, however small the guest's buffers are. So a buffer can be thrown
 * away at any time: it is at the folder's end, and if the guest has begun with very many folders.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "handle.h"
#include "inode.h"
#include "operations.h"
#include "share.h"

enum {
	HOST_BUFFER = 8192,   /* of each open folder that is being read */
	MOST_KEPT = 1024,     /* folders for which it is kept from one request to the next */
	REPLY_BUFFER = 32768, /* the most that is told in one reply */
};

/* As getdents64(2) has it. */
struct host_entry {
	uint64_t ino;
	int64_t off; /* of the next one */
	uint16_t reclen;
	uint8_t type;
	char name[];
};

struct dir_buffer {
	int64_t position; /* of the entry at `next`: what the guest is to ask for */
	size_t next;	  /* in data */
	size_t end;
	_Alignas(struct host_entry) char data[HOST_BUFFER];
};

/* A reply in the making. */
struct reply {
	struct share *share;
	struct inode *dir;
	bool plus;
	size_t size;
	size_t room;
	_Alignas(uint64_t) char data[REPLY_BUFFER];
};

/* ---- Reading the host's folder ------------------------------------------------------------- */

static int seek(struct share *share, struct handle *handle, int64_t position)
{
	struct dir_buffer *dir = handle->dir;

	if (!dir) {
		dir = malloc(sizeof(*dir));
		if (!dir)
			return -ENOMEM;
		atomic_fetch_add(&share->dir_buffers, 1);
		handle->dir = dir;
		dir->position = -1;
	}
	/* Position 0 may be rewinddir(), which must see what is new. */
	if (position > 0 && position == dir->position)
		return 0;
	dir->next = 0;
	dir->end = 0;
	dir->position = -1;
	if (lseek(handle->fd, position, SEEK_SET) < 0)
		return -errno;
	dir->position = position;
	return 0;
}

/* The next entry, or NULL at the end. 0 or -errno. */
static int peek(struct handle *handle, const struct host_entry **entry)
{
	struct dir_buffer *dir = handle->dir;
	long size;

	*entry = NULL;
	if (dir->next == dir->end) {
		size = syscall(SYS_getdents64, handle->fd, dir->data, sizeof(dir->data));
		if (size < 0)
			return -errno;
		dir->next = 0;
		dir->end = (size_t)size;
		if (!size)
			return 0;
	}
	*entry = (const struct host_entry *)(dir->data + dir->next);
	return 0;
}

static void consume(struct dir_buffer *dir, const struct host_entry *entry)
{
	dir->next += entry->reclen;
	dir->position = entry->off;
}

/* ---- Writing the reply ------------------------------------------------------------------------ */

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What lies above the share is nobody's business: there, ".." is the root itself, as on "/". */
static uint64_t ino_of(const struct reply *reply, const struct host_entry *entry)
{
	if (reply->dir->nodeid == FUSE_ROOT_ID && is_dot(entry->name))
		return reply->dir->key.ino;
	return entry->ino;
}

/*
 * Look an entry up, as LOOKUP does. Returns false if there is no such entry any more. One that
 * can't be looked up otherwise is told without attributes: the guest then asks for it by name,
 * and gets the error there.
 */
static bool look_up(struct reply *reply, const char *name, struct fuse_entry_out *entry)
{
	struct inode *inode;
	struct statx stx;
	uint32_t flag;
	int err;

	memset(entry, 0, sizeof(*entry));
	if (is_dot(name))
		return true;
	err = inode_lookup(reply->share, reply->dir, name, &inode, &stx, &flag);
	if (err)
		return err != -ENOENT;
	attr_entry(reply->share, inode, &stx, flag, entry);
	inode_put(reply->share, inode);
	return true;
}

static void put(struct reply *reply, const void *data, size_t size)
{
	memcpy(reply->data + reply->size, data, size);
	reply->size += size;
}

/* There is room for it. */
static void add(struct reply *reply, const struct host_entry *host)
{
	size_t len = strlen(host->name);
	struct fuse_dirent entry = {
		.ino = ino_of(reply, host),
		.off = (uint64_t)host->off,
		.namelen = (uint32_t)len,
		.type = host->type,
	};
	struct fuse_entry_out attributes;

	if (reply->plus) {
		if (!look_up(reply, host->name, &attributes))
			return;
		put(reply, &attributes, sizeof(attributes));
	}
	put(reply, &entry, FUSE_NAME_OFFSET);
	put(reply, host->name, len);
	put(reply, (const char[8]){0}, FUSE_REC_ALIGN(len) - len);
}

static bool has_room(const struct reply *reply, const struct host_entry *host)
{
	size_t head = reply->plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;

	return FUSE_REC_ALIGN(head + strlen(host->name)) <= reply->room - reply->size;
}

/* Errors count only if they come first: else the guest asks again, and gets them then. */
static int fill(struct reply *reply, struct handle *handle)
{
	const struct host_entry *entry;

	for (;;) {
		int err = peek(handle, &entry);

		if (err)
			return reply->size ? 0 : err;
		if (!entry)
			return 0;
		/* Nothing at all would mean that this was the end. */
		if (!has_room(reply, entry))
			return reply->size ? 0 : -EINVAL;
		add(reply, entry);
		consume(handle->dir, entry);
	}
}

static bool is_of_no_use(struct share *share, const struct dir_buffer *dir)
{
	return dir && (dir->next == dir->end || atomic_load(&share->dir_buffers) > MOST_KEPT);
}

static int read_dir(struct reply *reply, struct handle *handle, uint64_t position)
{
	int err;

	pthread_mutex_lock(&handle->lock);
	err = seek(reply->share, handle, (int64_t)position);
	if (!err)
		err = fill(reply, handle);
	if (is_of_no_use(reply->share, handle->dir))
		handle_drop_dir(reply->share, handle);
	pthread_mutex_unlock(&handle->lock);
	return err;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static void serve_readdir(struct request *request, bool plus)
{
	struct fuse_read_in in;
	struct handle *handle;
	struct reply reply;
	int err;

	if (!request_read(request, &in, sizeof(in))) {
		request_reply_error(request, -EINVAL);
		return;
	}
	handle = handle_get_of(request->share, in.fh, request->header.nodeid, true);
	if (!handle) {
		request_reply_error(request, -EBADF);
		return;
	}
	reply.share = request->share;
	reply.dir = handle->inode;
	reply.plus = plus;
	reply.size = 0;
	reply.room = smallest(in.size, request->out.size, sizeof(reply.data));
	err = read_dir(&reply, handle, in.offset);
	handle_put(request->share, handle);
	if (err)
		request_reply_error(request, err);
	else
		request_reply(request, reply.data, reply.size);
}

void op_readdir(struct request *request)
{
	serve_readdir(request, false);
}

void op_readdirplus(struct request *request)
{
	serve_readdir(request, true);
}
