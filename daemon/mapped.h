/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapped.h - a file that has chunks in the window, and what stands for it there. For window.c.
 *
 * Mostly that is the file itself, through the view. A file that can't be opened for writing at
 * the moment the guest maps it is copied, since the guest has no other way to read it by then.
 * That is so for a program that is running on the host (ETXTBSY), and as long as it runs nobody
 * can write to the file, so the copy is exact. When that ends and the file is written to, the
 * guard has the copy refreshed. A guest that was told DAX gets a copy in other cases too: when
 * there is no descriptor left, or nothing to map by. What is written to a copy is lost, so it is
 * for reading only, and who wants to write is told why. The inode is retired as soon as it is
 * closed.
 */
#ifndef DAEMON_MAPPED_H
#define DAEMON_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

struct inode;
struct share;
struct view;

struct mapped {
	struct inode *inode; /* with a reference */
	int fd;		     /* of the view, to be mapped; -1: chunks are copied */
	int refused;	     /* why they are: -errno, for who wants to write */
	int source;	     /* of the file */
	int watch;	     /* of the guard; -1: none */
	uint32_t chunks;     /* that are mapped */
	uint64_t told;	     /* the guest may believe that the file is as long as that */
	uint32_t cutting;    /* requests of the guest's that are about to cut it */
	struct mapped *next;
};

/* Errors: why the file can't be mapped, and neither copied. */
int mapped_new(struct share *share, struct view *view, struct inode *inode, struct mapped **mapped);
void mapped_free(struct share *share, struct mapped *mapped);

/* The file's size now; 0 if that can't be told. */
uint64_t mapped_size(const struct mapped *mapped);

/* A descriptor of a copy of `len` bytes at an offset of the file, zeros behind its end. */
int mapped_copy(const struct mapped *mapped, uint64_t offset, uint64_t len);
int mapped_refresh(const struct mapped *mapped, int copy, uint64_t offset, uint64_t len);

#endif
