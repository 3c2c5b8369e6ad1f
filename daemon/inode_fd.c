/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode_fd.c - descriptors of inodes. Either each inode has an O_PATH descriptor for as long
 * as the guest knows it; or it has a file handle, from which a descriptor is made when it is
 * needed, and then kept while there is room. So a guest may know any number of inodes.
 */
#include "inode_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "share.h"

/* open_by_handle_at() wants a descriptor of the mount, and not an O_PATH one. */
struct inode_mount {
	uint64_t mnt_id;
	int fd;		/* or -errno: no handles on this mount */
	uint32_t users; /* inodes */
	struct inode_mount *next;
};

/* ---- Kept descriptors --------------------------------------------------------------- */

/*
 * A guest can have as many files open as there are descriptors. But its front-end sends some with
 * its messages, and one for which there is no room ends the connection: so the last numbers are
 * not the guest's to take.
 */
enum { NOT_THE_GUESTS = 64, ENOUGH = 1024 };

static int end_of_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT_MAX)
		return INT_MAX;
	return (int)limit.rlim_cur - (limit.rlim_cur < ENOUGH ? 0 : NOT_THE_GUESTS);
}

/* How many to keep: leave half of what the process may have for open files. */
static uint32_t room_for_fds(void)
{
	struct rlimit limit;
	rlim_t room = 1024;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur / 2 < (1 << 16))
		room = limit.rlim_cur / 2;
	else
		room = 1 << 16;
	return room < 16 ? 16 : (uint32_t)room;
}

int inode_fds_new(struct inode_fds *fds)
{
	pthread_mutex_init(&fds->lock, NULL);
	fds->room = room_for_fds();
	fds->end = end_of_fds();
	fds->ring = calloc(fds->room, sizeof(*fds->ring));
	return fds->ring ? 0 : -ENOMEM;
}

void inode_fds_free(struct inode_fds *fds)
{
	free(fds->ring);
	pthread_mutex_destroy(&fds->lock);
}

/* Take an inode's place in the ring away from it. Returns its descriptor, to be closed. */
static int leave_ring(struct inode_fds *fds, struct inode *inode)
{
	struct inode *last = fds->ring[--fds->n];
	int fd = inode->fd;

	fds->ring[inode->fd_slot] = last;
	last->fd_slot = inode->fd_slot;
	__atomic_store_n(&inode->fd, -1, __ATOMIC_RELEASE);
	return fd;
}

/* An inode whose descriptor nobody uses, nor did since we last came by; NULL: none. */
static struct inode *find_idle(struct inode_fds *fds)
{
	for (uint32_t tries = 2 * fds->n; tries; tries--) {
		struct inode *inode;

		if (fds->hand >= fds->n)
			fds->hand = 0;
		inode = fds->ring[fds->hand++];
		if (!inode->fd_users && !inode->fd_used)
			return inode;
		inode->fd_used = false;
	}
	return NULL;
}

/*
 * Keep a descriptor that was made for an inode. to_close: set to that of another one, or -1.
 * false: all are in use.
 */
static bool enter_ring(struct inode_fds *fds, struct inode *inode, int fd, int *to_close)
{
	*to_close = -1;
	if (fds->n == fds->room) {
		struct inode *idle = find_idle(fds);

		if (!idle)
			return false;
		*to_close = leave_ring(fds, idle);
	}
	inode->fd_slot = fds->n;
	fds->ring[fds->n++] = inode;
	__atomic_store_n(&inode->fd, fd, __ATOMIC_RELEASE);
	return true;
}

/* There are too many descriptors: close some. Returns whether that was possible. */
static bool shrink(struct inode_fds *fds)
{
	int fd[64];
	unsigned int n = 0;

	pthread_mutex_lock(&fds->lock);
	while (n < 64) {
		struct inode *idle = find_idle(fds);

		if (!idle)
			break;
		fd[n++] = leave_ring(fds, idle);
	}
	pthread_mutex_unlock(&fds->lock);
	for (unsigned int i = 0; i < n; i++)
		close(fd[i]);
	return n > 0;
}

static bool too_many(int err)
{
	return err == EMFILE || err == ENFILE;
}

/* As of open(2), or -1 in place of one that is not the guest's to take. */
static int keep(const struct inode_fds *fds, int fd)
{
	if (fd < fds->end)
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

int inode_fd_keep(struct share *share, int fd)
{
	return fd < 0 || keep(&share->inodes->fds, fd) >= 0 ? fd : -EMFILE;
}

/* Before a file is made, or cut: that it can't be kept open would be found too late. */
static bool has_room(const struct inode_fds *fds, int any_fd)
{
	int fd = keep(fds, fcntl(any_fd, F_DUPFD_CLOEXEC, 0));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int try_open(const struct inode_fds *fds, int dirfd, const char *name, int flags,
		    mode_t mode)
{
	bool changes = flags & (O_TRUNC | O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

	if (changes && !has_room(fds, dirfd))
		return -1;
	return keep(fds, openat(dirfd, name, flags | O_CLOEXEC, mode));
}

static int open_any(struct inode_table *table, int dirfd, const char *name, int flags, mode_t mode)
{
	int fd = try_open(&table->fds, dirfd, name, flags, mode);

	if (fd < 0 && too_many(errno) && shrink(&table->fds))
		fd = try_open(&table->fds, dirfd, name, flags, mode);
	return fd < 0 ? -errno : fd;
}

int inode_fds_openat(struct inode_table *table, int dirfd, const char *name, int flags)
{
	return open_any(table, dirfd, name, flags, 0);
}

int inode_create(struct share *share, int dirfd, const char *name, int flags, mode_t mode)
{
	return open_any(share->inodes, dirfd, name, flags, mode);
}

static int try_handle_of(const struct inode_fds *fds, const struct inode *inode)
{
	return keep(fds, open_by_handle_at(inode->mount->fd, inode->handle, O_PATH | O_CLOEXEC));
}

static int open_handle(struct inode_table *table, const struct inode *inode)
{
	int fd = try_handle_of(&table->fds, inode);

	if (fd < 0 && too_many(errno) && shrink(&table->fds))
		fd = try_handle_of(&table->fds, inode);
	return fd < 0 ? -errno : fd;
}

/* ---- Using them ------------------------------------------------------------------------- */

/* The one that is kept, if there is one, with a use counted. */
static int use_kept(struct inode_fds *fds, struct inode *inode)
{
	int fd;

	pthread_mutex_lock(&fds->lock);
	fd = inode->fd;
	if (fd >= 0) {
		inode->fd_users++;
		inode->fd_used = true;
	}
	pthread_mutex_unlock(&fds->lock);
	return fd;
}

/* Keep a fresh one and use it; or use what another thread has kept meanwhile. */
static int use_fresh(struct inode_fds *fds, struct inode *inode, int fd)
{
	int to_close = fd;

	pthread_mutex_lock(&fds->lock);
	if (inode->fd < 0 && !enter_ring(fds, inode, fd, &to_close)) {
		pthread_mutex_unlock(&fds->lock);
		return fd; /* inode_fd_done() closes it */
	}
	fd = inode->fd;
	inode->fd_users++;
	inode->fd_used = true;
	pthread_mutex_unlock(&fds->lock);
	if (to_close >= 0)
		close(to_close);
	return fd;
}

int inode_fd(struct share *share, struct inode *inode)
{
	struct inode_table *table = share->inodes;
	int fd;

	if (!inode->handle)
		return inode->fd;
	fd = use_kept(&table->fds, inode);
	if (fd >= 0)
		return fd;
	fd = open_handle(table, inode);
	return fd < 0 ? fd : use_fresh(&table->fds, inode, fd);
}

void inode_fd_done(struct share *share, struct inode *inode, int fd)
{
	struct inode_fds *fds = &share->inodes->fds;
	bool kept;

	if (!inode->handle || fd < 0)
		return;
	pthread_mutex_lock(&fds->lock);
	kept = fd == inode->fd;
	if (kept)
		inode->fd_users--;
	pthread_mutex_unlock(&fds->lock);
	if (!kept)
		close(fd);
}

int inode_open(struct share *share, struct inode *inode, int flags)
{
	char name[16];
	int path_fd, fd;

	if (!S_ISREG(inode->type) && !S_ISDIR(inode->type))
		return -ENXIO;
	path_fd = inode_fd(share, inode);
	if (path_fd < 0)
		return path_fd;
	snprintf(name, sizeof(name), "%d", path_fd);
	fd = inode_fds_openat(share->inodes, share->proc_fd, name, flags & ~O_NOFOLLOW);
	inode_fd_done(share, inode, path_fd);
	return fd;
}

/* ---- Mounts ------------------------------------------------------------------------------- */

/*
 * Only opening a folder or a regular file is harmless; a mount's root is one of these. What is
 * opened is kept from being freed: so not the inode that happens to be the first, which may be a
 * file that is removed, but the share's root where it is of the same mount. Of another mount, the
 * root is what is looked up first.
 */
static int open_mount(struct share *share, const struct inode *inode, int fd)
{
	const struct inode *root = share->inodes->root;
	char name[16];

	if (root && root->key.mnt_id == inode->key.mnt_id)
		fd = share->root_fd;
	else if (!S_ISDIR(inode->type) && !S_ISREG(inode->type))
		return -EOPNOTSUPP;
	snprintf(name, sizeof(name), "%d", fd);
	return inode_fds_openat(share->inodes, share->proc_fd, name, O_RDONLY | O_NONBLOCK);
}

/* Whether handles can be made into descriptors: it takes a privilege, and a file system. */
static int try_handle(int mount_fd, struct file_handle *handle)
{
	int fd = open_by_handle_at(mount_fd, handle, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static struct inode_mount *add_mount(struct share *share, const struct inode *inode, int fd,
				     struct file_handle *handle)
{
	struct inode_fds *fds = &share->inodes->fds;
	struct inode_mount *mount = calloc(1, sizeof(*mount));
	int err;

	if (!mount)
		return NULL;
	mount->mnt_id = inode->key.mnt_id;
	mount->fd = open_mount(share, inode, fd);
	err = mount->fd < 0 ? 0 : try_handle(mount->fd, handle);
	if (err) {
		close(mount->fd);
		mount->fd = err;
	}
	pthread_mutex_lock(&fds->lock);
	mount->next = fds->mounts;
	fds->mounts = mount;
	mount->users = 1;
	pthread_mutex_unlock(&fds->lock);
	return mount;
}

static struct inode_mount *find_mount(struct inode_fds *fds, uint64_t mnt_id)
{
	struct inode_mount *mount;

	pthread_mutex_lock(&fds->lock);
	mount = fds->mounts;
	while (mount && mount->mnt_id != mnt_id)
		mount = mount->next;
	if (mount)
		mount->users++;
	pthread_mutex_unlock(&fds->lock);
	return mount;
}

static void put_mount(struct inode_fds *fds, struct inode_mount *mount)
{
	struct inode_mount **place = &fds->mounts;
	bool last;

	pthread_mutex_lock(&fds->lock);
	last = --mount->users == 0;
	while (last && *place != mount)
		place = &(*place)->next;
	if (last)
		*place = mount->next;
	pthread_mutex_unlock(&fds->lock);
	if (!last)
		return;
	if (mount->fd >= 0)
		close(mount->fd);
	free(mount);
}

/* A descriptor of the n-th mount, of one's own, or -1 behind the last. */
static int copy_mount_fd(struct inode_fds *fds, unsigned int n)
{
	const struct inode_mount *mount;
	int fd = -1;

	pthread_mutex_lock(&fds->lock);
	mount = fds->mounts;
	while (mount && (mount->fd < 0 || n--))
		mount = mount->next;
	if (mount)
		fd = fcntl(mount->fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&fds->lock);
	return fd;
}

int inode_sync_mounts(struct share *share)
{
	int err = 0, fd;

	/* A mount that comes or goes meanwhile has nothing to do with what was written before. */
	for (unsigned int n = 0; (fd = copy_mount_fd(&share->inodes->fds, n)) >= 0; n++) {
		if (syncfs(fd) && !err)
			err = -errno;
		close(fd);
	}
	return err;
}

/* ---- A new inode ---------------------------------------------------------------------------- */

/* A file handle of just the size that it needs. */
static int make_handle(int fd, struct file_handle **handle)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer = {.handle.handle_bytes = MAX_HANDLE_SZ};
	size_t size;
	int mount_id;

	if (name_to_handle_at(fd, "", &buffer.handle, &mount_id, AT_EMPTY_PATH))
		return -errno;
	size = sizeof(buffer.handle) + buffer.handle.handle_bytes;
	*handle = malloc(size);
	if (!*handle)
		return -ENOMEM;
	memcpy(*handle, &buffer, size);
	return 0;
}

static int take_handle(struct share *share, struct inode *inode, int fd)
{
	struct inode_fds *fds = &share->inodes->fds;
	struct inode_mount *mount;
	int err = make_handle(fd, &inode->handle);

	if (err)
		return err;
	mount = find_mount(fds, inode->key.mnt_id);
	if (!mount)
		mount = add_mount(share, inode, fd, inode->handle);
	if (mount && mount->fd >= 0) {
		inode->mount = mount;
		return 0;
	}
	free(inode->handle);
	inode->handle = NULL;
	if (!mount)
		return -ENOMEM;
	err = too_many(-mount->fd) ? mount->fd : -EOPNOTSUPP;
	put_mount(fds, mount);
	return err;
}

int inode_fd_adopt(struct share *share, struct inode *inode, int fd)
{
	enum file_handles_mode mode = share->settings->file_handles;
	struct inode_fds *fds = &share->inodes->fds;
	int to_close = fd;
	int err;

	err = mode == HANDLES_NEVER ? -EOPNOTSUPP : take_handle(share, inode, fd);
	if (err) {
		if (mode == HANDLES_MANDATORY)
			return err;
		inode->fd = fd;
		return 0;
	}
	inode->fd = -1;
	pthread_mutex_lock(&fds->lock);
	if (!enter_ring(fds, inode, fd, &to_close))
		to_close = fd;
	pthread_mutex_unlock(&fds->lock);
	if (to_close >= 0)
		close(to_close);
	return 0;
}

void inode_fd_release(struct inode_table *table, struct inode *inode)
{
	struct inode_fds *fds = &table->fds;
	int fd = inode->fd;

	if (inode->handle) {
		pthread_mutex_lock(&fds->lock);
		fd = inode->fd >= 0 ? leave_ring(fds, inode) : -1;
		pthread_mutex_unlock(&fds->lock);
		put_mount(fds, inode->mount);
		free(inode->handle);
	}
	if (fd >= 0)
		close(fd);
}

bool inode_fd_is_pinned(const struct inode *inode)
{
	return __atomic_load_n(&inode->fd, __ATOMIC_ACQUIRE) >= 0;
}

bool inode_fd_same_handle(const struct inode *a, const struct inode *b)
{
	return a->handle && b->handle && a->handle->handle_type == b->handle->handle_type &&
	       a->handle->handle_bytes == b->handle->handle_bytes &&
	       !memcmp(a->handle->f_handle, b->handle->f_handle, a->handle->handle_bytes);
}
