/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.h - files and folders that the guest has open: the `fh` of FUSE_OPEN and FUSE_OPENDIR.
 * A handle's number has a slot and a generation, so that a number the guest made up, or one
 * that was released, is refused.
 */
#ifndef DAEMON_HANDLE_H
#define DAEMON_HANDLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct dir_buffer;
struct handle_table;
struct inode;
struct lock_table;
struct share;

struct handle {
	uint64_t fh;
	struct inode *inode; /* with a reference */
	int fd;
	int other_fd; /* atomic; with O_DIRECT if `fd` is without, or the other way round; or -1 */
	bool is_direct; /* fd is with O_DIRECT */
	bool is_dir;
	bool released; /* atomic: by the guest; requests that have begun may still use it */
	uint32_t refs; /* atomic: the guest's one, and running requests */

	/* Folders: one reader at a time, since a descriptor has one position. See op_readdir.c. */
	pthread_mutex_t lock;
	struct dir_buffer *dir; /* owned; NULL: there is nothing left over */
};

int handle_table_new(struct handle_table **table);
void handle_table_free(struct share *share, struct handle_table *table);

/* Close all, and let go of all locks: the guest's session has ended. */
void handle_table_reset(struct share *share, struct handle_table *table);

/* The locks that the guest holds on open files: see locks.h. */
struct lock_table *handle_locks(struct share *share);

/*
 * Takes fd over on success, and counts inode->opens under inode_lock(). Errors: -ENOMEM,
 * -ENFILE (as many as a daemon will hold), -ESTALE (a regular file whose inode was retired).
 */
int handle_new(struct share *share, struct inode *inode, int fd, bool is_dir, uint64_t *fh);

/* With a reference, if it is a handle of this inode (NULL: of any); else NULL: answer EBADF. */
struct handle *handle_get(struct share *share, uint64_t fh, const struct inode *inode, bool is_dir);
struct handle *handle_ref(struct handle *handle); /* the caller has one already */
void handle_put(struct share *share, struct handle *handle);

/* The same, for who knows the inode by its nodeid alone: saves looking the inode up. */
struct handle *handle_get_of(struct share *share, uint64_t fh, uint64_t nodeid, bool is_dir);

/* Throw away what was read of a folder and not told yet. */
void handle_drop_dir(struct share *share, struct handle *handle);

/*
 * For one transfer, with O_DIRECT or without. Which it is can change while a file is open, and what
 * the guest writes back from its cache is not made for O_DIRECT. A descriptor of the handle's, or
 * -errno.
 */
int handle_fd(struct share *share, struct handle *handle, bool direct);

/* RELEASE: give up the guest's own reference. false: there was none. */
bool handle_release(struct share *share, uint64_t fh, uint64_t nodeid, bool is_dir);

#endif
