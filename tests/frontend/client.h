/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.h - a FUSE client over a front-end: what the guest's kernel is to the daemon.
 *
 * Every call returns 0 (or where it says so, a count), or a negative errno that the daemon
 * answered with. If there was no answer that makes sense, client->broken says so, and the
 * errno is what went wrong: -EPROTO, -ETIMEDOUT or -ECONNRESET. Then the connection is of no
 * more use.
 */
#ifndef FRONTEND_CLIENT_H
#define FRONTEND_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "fuse_wire.h"
#include "request.h"

#define CLIENT_MAX_DATA (1u << 20)
#define CLIENT_NO_FH UINT64_MAX

struct client {
	struct frontend *fe;
	unsigned queue;		/* of requests: FRONTEND_REQUESTS or above */
	struct request *slot;	/* for calls that wait */
	struct request *hiprio; /* for those that go to the other queue */
	uint64_t unique;
	uint32_t uid, gid, pid; /* of the caller */
	const uint32_t *groups; /* supplementary groups to tell at creation, or NULL */
	unsigned n_groups;
	struct fuse_init_out init; /* the reply to INIT */
	uint64_t flags;		   /* its 64 flags */
	bool broken;
	bool short_used;   /* once the used ring told less than the reply's own length */
	char problem[128]; /* what was wrong with the answer */
};

/* The front-end must be started, and outlive the client. 0 or -errno. */
int client_open(struct client *client, struct frontend *fe);
void client_close(struct client *client);

/*
 * One request: header, in[0..n_in), and out_size bytes of room for the reply's body, of which
 * *out_len are filled. With out_len NULL the body must have exactly out_size bytes.
 */
int client_call(struct client *client, uint32_t opcode, uint64_t nodeid, const struct iovec *in,
		unsigned n_in, void *out, size_t out_size, size_t *out_len);

/* For more than one request at a time: client_start() on a request of one's own, and client_finish(). */
int client_start(struct client *client, struct request *request, uint32_t opcode, uint64_t nodeid,
		 const struct iovec *in, unsigned n_in, size_t out_size);
int client_finish(struct client *client, struct request *request, void *out, size_t out_size,
		  size_t *out_len);

/*
 * Send bytes as they are, right or wrong, with room for room bytes of reply, to a queue. The
 * reply is left in client->slot->out, client->slot->written bytes by the used ring. Returns 0 if
 * the request came back, whatever is in it.
 */
int client_raw(struct client *client, unsigned queue, const void *bytes, size_t len, size_t room);

/* The same, with the descriptors cut as told: see struct request. */
int client_raw_cut(struct client *client, unsigned queue, const void *bytes, size_t len,
		   size_t room, size_t in_head, size_t out_head, size_t segment);

/* ---- Session ---- */

struct client_init {
	uint32_t minor;	  /* 0: 38 */
	uint64_t flags;	  /* all 64; FUSE_INIT_EXT is not added */
	bool short_in;	  /* without flags2, as before 7.36: 16 bytes */
	bool no_defaults; /* flags are all there is; else CLIENT_INIT_FLAGS are added */
};

/* What a Linux 6.1 guest offers, less what has to do with DAX. */
#define CLIENT_INIT_FLAGS                                                                          \
	((uint64_t)(FUSE_ASYNC_READ | FUSE_POSIX_LOCKS | FUSE_ATOMIC_O_TRUNC |                     \
		    FUSE_EXPORT_SUPPORT | FUSE_BIG_WRITES | FUSE_DONT_MASK | FUSE_FLOCK_LOCKS |    \
		    FUSE_HAS_IOCTL_DIR | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS |              \
		    FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_WRITEBACK_CACHE |                \
		    FUSE_NO_OPEN_SUPPORT | FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV |           \
		    FUSE_POSIX_ACL | FUSE_ABORT_ERROR | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS |     \
		    FUSE_NO_OPENDIR_SUPPORT | FUSE_EXPLICIT_INVAL_DATA | FUSE_HANDLE_KILLPRIV_V2 | \
		    FUSE_SETXATTR_EXT | FUSE_SUBMOUNTS | FUSE_INIT_EXT) |                          \
	 FUSE_SECURITY_CTX | FUSE_CREATE_SUPP_GROUP)

/* What it adds when it has a window, and is not mounted with dax=never or dax=always. */
#define CLIENT_DAX_FLAGS ((uint64_t)FUSE_MAP_ALIGNMENT | FUSE_HAS_INODE_DAX)

int client_init(struct client *client, const struct client_init *init);
int client_destroy(struct client *client);

/* ---- Names and inodes ---- */

int client_lookup(struct client *client, uint64_t parent, const char *name,
		  struct fuse_entry_out *entry);
int client_forget(struct client *client, uint64_t nodeid, uint64_t n);
int client_batch_forget(struct client *client, const struct fuse_forget_one *list, unsigned n);
/* fh: CLIENT_NO_FH for none. */
int client_getattr(struct client *client, uint64_t nodeid, uint64_t fh, struct fuse_attr *attr);
int client_setattr(struct client *client, uint64_t nodeid, const struct fuse_setattr_in *in,
		   struct fuse_attr *attr);
int client_statx(struct client *client, uint64_t nodeid, struct fuse_statx_out *out);
/* The target's length; it gets a NUL if there is room. */
ssize_t client_readlink(struct client *client, uint64_t nodeid, char *buf, size_t size);
int client_symlink(struct client *client, uint64_t parent, const char *name, const char *target,
		   struct fuse_entry_out *entry);
int client_mknod(struct client *client, uint64_t parent, const char *name, uint32_t mode,
		 uint32_t rdev, struct fuse_entry_out *entry);
int client_mkdir(struct client *client, uint64_t parent, const char *name, uint32_t mode,
		 struct fuse_entry_out *entry);
int client_unlink(struct client *client, uint64_t parent, const char *name);
int client_rmdir(struct client *client, uint64_t parent, const char *name);
int client_rename(struct client *client, uint64_t parent, const char *name, uint64_t newparent,
		  const char *newname);
int client_rename2(struct client *client, uint64_t parent, const char *name, uint64_t newparent,
		   const char *newname, uint32_t flags);
int client_link(struct client *client, uint64_t nodeid, uint64_t newparent, const char *newname,
		struct fuse_entry_out *entry);
int client_access(struct client *client, uint64_t nodeid, uint32_t mask);
int client_statfs(struct client *client, uint64_t nodeid, struct fuse_kstatfs *st);
int client_syncfs(struct client *client, uint64_t nodeid);

/* ---- Files ---- */

/* With FUSE_NO_OPEN_SUPPORT a daemon may answer -ENOSYS: then *fh is 0, and 0 is returned. */
int client_open_file(struct client *client, uint64_t nodeid, uint32_t flags, uint64_t *fh);
int client_create(struct client *client, uint64_t parent, const char *name, uint32_t flags,
		  uint32_t mode, struct fuse_entry_out *entry, uint64_t *fh);
int client_tmpfile(struct client *client, uint64_t parent, uint32_t flags, uint32_t mode,
		   struct fuse_entry_out *entry, uint64_t *fh);
/* Bytes read or written. size: at most CLIENT_MAX_DATA. */
ssize_t client_read(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset, void *buf,
		    size_t size);
ssize_t client_write(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset,
		     const void *buf, size_t size, uint32_t write_flags);
/* To the end of the file, which the kernel takes to be at offset. */
ssize_t client_append(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset,
		      const void *buf, size_t size);
int client_flush(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t owner);
int client_release(struct client *client, uint64_t nodeid, uint64_t fh);
int client_fsync(struct client *client, uint64_t nodeid, uint64_t fh, bool data_only);
int client_fallocate(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset,
		     uint64_t length, uint32_t mode);
int client_lseek(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset,
		 uint32_t whence, uint64_t *found);
ssize_t client_copy_file_range(struct client *client, const struct fuse_copy_file_range_in *in,
			       uint64_t nodeid_in);

/* ---- Folders ---- */

struct client_dirent {
	uint64_t ino, off;
	uint32_t type;
	char name[256];
	bool plus;		     /* entry is there, as of READDIRPLUS */
	struct fuse_entry_out entry; /* nodeid 0: none */
};

int client_opendir(struct client *client, uint64_t nodeid, uint64_t *fh);
/* Bytes of raw entries. */
ssize_t client_readdir(struct client *client, uint64_t nodeid, uint64_t fh, uint64_t offset,
		       void *buf, size_t size, bool plus);
/*
 * The next entry of what client_readdir() gave. Bytes it took; 0 at the end, -EPROTO if it
 * runs over the end or has an impossible name.
 */
ssize_t client_next_dirent(const void *buf, size_t size, bool plus, struct client_dirent *dirent);
int client_releasedir(struct client *client, uint64_t nodeid, uint64_t fh);
int client_fsyncdir(struct client *client, uint64_t nodeid, uint64_t fh);

/* ---- Extended attributes. With size 0: the length that would be needed ---- */

int client_setxattr(struct client *client, uint64_t nodeid, const char *name, const void *value,
		    size_t size, uint32_t flags);
ssize_t client_getxattr(struct client *client, uint64_t nodeid, const char *name, void *value,
			size_t size);
ssize_t client_listxattr(struct client *client, uint64_t nodeid, void *list, size_t size);
int client_removexattr(struct client *client, uint64_t nodeid, const char *name);

/* ---- Locks ---- */

/* lock is changed by GETLK. */
int client_lock(struct client *client, uint32_t opcode, uint64_t nodeid, uint64_t fh,
		uint64_t owner, struct fuse_file_lock *lock);

/* ---- The window ---- */

int client_setupmapping(struct client *client, uint64_t nodeid, uint64_t foffset, uint64_t len,
			uint64_t flags, uint64_t moffset);
int client_removemapping(struct client *client, uint64_t nodeid,
			 const struct fuse_removemapping_one *list, unsigned n);

#endif
