/* SPDX-License-Identifier: BSD-3-Clause */
/* serve.c - from a request to its operation: the table of opcodes, and what holds for all. */
#include <errno.h>
#include <linux/fuse.h>
#include <stdatomic.h>

#include "fuse_compat.h"
#include "handle.h"
#include "inode.h"
#include "operations.h"
#include "request.h"
#include "share.h"
#include "window.h"
#include "worker.h"

/* What is special about an operation. */
enum {
	ANYTIME = 1,  /* served before INIT too */
	CHANGES = 2,  /* refused on a read-only share */
	NO_REPLY = 4, /* whatever happens */
	LONG = 8,     /* it may take longer than others */
};

/* The data of a WRITE, as op_init agrees to it, with room for headers: nothing else is longer. */
#define LONGEST ((1 << 20) + (1 << 14))

struct service {
	const char *name;
	operation *serve; /* NULL: ENOSYS */
	unsigned int flags;
	size_t size; /* the least that follows the header */
};

#define SIZE(type) sizeof(struct fuse_##type##_in)
#define NAME 2 /* the shortest one, with its NUL */

/*
 * Without an entry, and so ENOSYS, upon which the guest's kernel does not ask again: FUSE_BMAP,
 * FUSE_IOCTL, FUSE_POLL, FUSE_NOTIFY_REPLY; and FUSE_STATX, whose reply can't carry
 * FUSE_ATTR_DAX: the guest asks with GETATTR instead.
 */
static const struct service SERVICES[] = {
	[FUSE_LOOKUP] = {"LOOKUP", op_lookup, 0, NAME},
	[FUSE_FORGET] = {"FORGET", op_forget, NO_REPLY, SIZE(forget)},
	[FUSE_GETATTR] = {"GETATTR", op_getattr, 0, SIZE(getattr)},
	[FUSE_SETATTR] = {"SETATTR", op_setattr, CHANGES, SIZE(setattr)},
	[FUSE_READLINK] = {"READLINK", op_readlink, 0, 0},
	[FUSE_SYMLINK] = {"SYMLINK", op_symlink, CHANGES, NAME},
	[FUSE_MKNOD] = {"MKNOD", op_mknod, CHANGES, SIZE(mknod) + NAME},
	[FUSE_MKDIR] = {"MKDIR", op_mkdir, CHANGES, SIZE(mkdir) + NAME},
	[FUSE_UNLINK] = {"UNLINK", op_unlink, CHANGES, NAME},
	[FUSE_RMDIR] = {"RMDIR", op_rmdir, CHANGES, NAME},
	[FUSE_RENAME] = {"RENAME", op_rename, CHANGES, SIZE(rename) + 2 * NAME},
	[FUSE_LINK] = {"LINK", op_link, CHANGES, SIZE(link) + NAME},
	[FUSE_OPEN] = {"OPEN", op_open, 0, SIZE(open)},
	[FUSE_READ] = {"READ", op_read, 0, SIZE(read)},
	[FUSE_WRITE] = {"WRITE", op_write, CHANGES, SIZE(write)},
	[FUSE_STATFS] = {"STATFS", op_statfs, 0, 0},
	[FUSE_RELEASE] = {"RELEASE", op_release, 0, SIZE(release)},
	[FUSE_FSYNC] = {"FSYNC", op_fsync, LONG, SIZE(fsync)},
	[FUSE_SETXATTR] = {"SETXATTR", op_setxattr, CHANGES, FUSE_COMPAT_SETXATTR_IN_SIZE + NAME},
	[FUSE_GETXATTR] = {"GETXATTR", op_getxattr, 0, SIZE(getxattr) + NAME},
	[FUSE_LISTXATTR] = {"LISTXATTR", op_listxattr, 0, SIZE(getxattr)},
	[FUSE_REMOVEXATTR] = {"REMOVEXATTR", op_removexattr, CHANGES, NAME},
	[FUSE_FLUSH] = {"FLUSH", op_flush, 0, SIZE(flush)},
	[FUSE_INIT] = {"INIT", op_init, ANYTIME | LONG, 0},
	[FUSE_OPENDIR] = {"OPENDIR", op_opendir, 0, SIZE(open)},
	[FUSE_READDIR] = {"READDIR", op_readdir, 0, SIZE(read)},
	[FUSE_RELEASEDIR] = {"RELEASEDIR", op_releasedir, 0, SIZE(release)},
	[FUSE_FSYNCDIR] = {"FSYNCDIR", op_fsyncdir, LONG, SIZE(fsync)},
	[FUSE_GETLK] = {"GETLK", op_getlk, 0, SIZE(lk)},
	[FUSE_SETLK] = {"SETLK", op_setlk, 0, SIZE(lk)},
	[FUSE_SETLKW] = {"SETLKW", op_setlkw, 0, SIZE(lk)},
	[FUSE_ACCESS] = {"ACCESS", op_access, 0, SIZE(access)},
	[FUSE_CREATE] = {"CREATE", op_create, CHANGES, SIZE(create) + NAME},
	[FUSE_INTERRUPT] = {"INTERRUPT", op_interrupt, NO_REPLY, SIZE(interrupt)},
	[FUSE_DESTROY] = {"DESTROY", op_destroy, ANYTIME | LONG, 0},
	[FUSE_BATCH_FORGET] = {"BATCH_FORGET", op_batch_forget, NO_REPLY, SIZE(batch_forget)},
	[FUSE_FALLOCATE] = {"FALLOCATE", op_fallocate, CHANGES | LONG, SIZE(fallocate)},
	[FUSE_READDIRPLUS] = {"READDIRPLUS", op_readdirplus, 0, SIZE(read)},
	[FUSE_RENAME2] = {"RENAME2", op_rename2, CHANGES, SIZE(rename2) + 2 * NAME},
	[FUSE_LSEEK] = {"LSEEK", op_lseek, 0, SIZE(lseek)},
	[FUSE_COPY_FILE_RANGE] = {"COPY_FILE_RANGE", op_copy_file_range, CHANGES | LONG,
				  SIZE(copy_file_range)},
	[FUSE_SETUPMAPPING] = {"SETUPMAPPING", op_setupmapping, LONG, SIZE(setupmapping)},
	[FUSE_REMOVEMAPPING] = {"REMOVEMAPPING", op_removemapping, LONG, SIZE(removemapping)},
	[FUSE_SYNCFS] = {"SYNCFS", op_syncfs, LONG, SIZE(syncfs)},
	[FUSE_TMPFILE] = {"TMPFILE", op_tmpfile, CHANGES, SIZE(create)},
};

static const struct service *find_service(uint32_t opcode)
{
	static const struct service unknown = {0};

	if (opcode >= sizeof(SERVICES) / sizeof(*SERVICES))
		return &unknown;
	return &SERVICES[opcode];
}

const char *serve_opcode_name(uint32_t opcode)
{
	const struct service *service = find_service(opcode);

	return service->serve ? service->name : "other";
}

/* Whether it may be served, by what holds for all operations. 0 or -errno. */
static int check(const struct request *request, const struct service *service)
{
	const struct share *share = request->share;

	if (!(service->flags & ANYTIME) && !atomic_load(&share->initialized))
		return -EIO;
	if (!service->serve)
		return -ENOSYS;
	if (request->in.size < service->size)
		return -EINVAL;
	if (service->flags & CHANGES && share->settings->readonly)
		return -EROFS;
	return 0;
}

/*
 * Take the headers off the buffers. The transport may have delivered more than the request's
 * length says, which is cut; less is an error.
 */
static int take_headers(struct request *request)
{
	size_t delivered = request->in.size;

	if (!request_read(request, &request->header, sizeof(request->header)))
		return -EINVAL;
	if (request->header.len < sizeof(request->header) || request->header.len > delivered ||
	    request->header.len > LONGEST)
		return -EINVAL;
	iov_cursor_limit(&request->in, request->header.len - sizeof(request->header));
	return 0;
}

static void serve_by(struct request *request, const struct service *service)
{
	if (service->flags & LONG && request->before_long)
		request->before_long(request);
	service->serve(request);
}

void serve(struct request *request)
{
	const struct service *service;
	int err;
	bool can_reply;

	request->header = (struct fuse_in_header){0};
	err = take_headers(request);
	service = find_service(request->header.opcode);
	request->counted = service->serve ? request->header.opcode : 0;
	worker_count(request->worker, request->counted);
	can_reply = iov_cursor_split(&request->out, sizeof(struct fuse_out_header),
				     request->out_header_iov, OUT_HEADER_PIECES);
	if (!err)
		err = check(request, service);
	if (service->flags & NO_REPLY ? err != 0 : !can_reply)
		request_reply_none(request);
	else if (err)
		request_reply_error(request, err);
	else
		serve_by(request, service);
}

void serve_reset(struct share *share)
{
	atomic_store(&share->initialized, false);
	share->dax.window = false;
	share->dax.inode_dax = false;
	/* Mappings and handles have references to inodes. */
	if (share->window)
		window_clear(share->window);
	handle_table_reset(share, share->handles);
	inode_table_reset(share);
}
