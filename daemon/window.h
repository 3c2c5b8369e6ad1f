/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.h - the DAX window: which range of which file the guest has mapped where, and how
 * the front-end is asked to map it.
 *
 * The guest asks for ranges (2 MiB, always); each becomes one SHMEM_MAP of the same size at the
 * front-end, of a file from the view (view.h) if there is one, else of the host's file.
 */
#ifndef DAEMON_WINDOW_H
#define DAEMON_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inode;
struct mapped;
struct share;
struct window;

/*
 * Whoever can place a file in the guest's window: the vhost-user back-end channel. Calls may
 * block until the front-end has answered. 0 or -errno.
 */
struct mapper {
	int (*map)(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
		   bool writable);
	int (*unmap)(void *data, uint64_t window_offset, uint64_t len);
	void *data;
};

/* size: bytes, a power of two. */
int window_new(struct share *share, uint64_t size, struct window **window);
void window_free(struct window *window);

/* A front-end that has a window is there (mapper), or is gone (NULL): all is unmapped then. */
void window_attach(struct window *window, const struct mapper *mapper);

/* Whether mappings can be made now: goes into the INIT reply. */
bool window_ready(struct window *window);

/* FUSE_SETUPMAPPING, checked here: all values are the guest's. 0 or -errno. */
int window_setup(struct window *window, struct inode *inode, uint64_t file_offset, uint64_t len,
		 uint64_t window_offset, bool writable);

/* FUSE_REMOVEMAPPING of one range, as the guest gave it. 0 or -errno. */
int window_remove(struct window *window, uint64_t window_offset, uint64_t len);

/* FUSE_DESTROY, or a new FUSE_INIT: unmap all. */
void window_clear(struct window *window);

/*
 * The guest is about to be told the file's size, which may be of a moment ago: before each reply
 * that says so.
 */
void window_told(struct window *window, struct inode *inode, uint64_t size);

/*
 * An operation may have changed the size. Does nothing unless the host has cut a file before: but
 * then, what is mapped must follow.
 */
void window_resized(struct window *window, struct inode *inode);

/*
 * The guest itself has made the file as long as that, if it was not before: so that it knows. Then
 * as window_resized().
 */
void window_grown(struct window *window, struct inode *inode, uint64_t size);

/*
 * The guest itself is about to cut the file to this size: so it knows, and nothing has to be
 * put in place of what is lost. To be followed by window_cut() with what this returned, whether it
 * was cut or not. NULL: nothing of it is mapped.
 */
struct mapped *window_cutting(struct window *window, struct inode *inode, uint64_t size);
void window_cut(struct window *window, struct mapped *file);

struct window_stats {
	uint64_t size, chunk_size;
	uint64_t mapped_chunks, mapped_bytes;
	uint64_t maps, unmaps, upgrades, failures; /* since the start */
	bool view;				   /* whole chunks of any file can be mapped */
};

void window_stats(struct window *window, struct window_stats *stats);

/* Call fn for each inode that has mappings, with how many chunks. */
void window_each(struct window *window,
		 void (*fn)(void *data, struct inode *inode, uint32_t chunks), void *data);

#endif
