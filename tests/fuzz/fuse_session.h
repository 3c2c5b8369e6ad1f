/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuse_session.h - the guest's side of a session, for fuzz-fuse.c: what it was told, as far as
 * that is needed to ask for more, and to see whether what it is told next agrees.
 */
#ifndef FUZZ_FUSE_SESSION_H
#define FUZZ_FUSE_SESSION_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct share;

enum { NODES_MAX = 64, HANDLES_MAX = 64 };

/* An inode, as the guest was told of it. */
struct node {
	uint64_t id, lookups, ino;
	uint32_t type;
	uint32_t dax; /* FUSE_ATTR_DAX or 0 */
};

struct open_file {
	uint64_t fh, nodeid;
	bool is_dir;
};

struct session {
	struct share *share;
	struct node nodes[NODES_MAX];
	struct open_file files[HANDLES_MAX];
	unsigned int n_nodes, n_files;
	bool lost; /* the guest was not told of everything: no room, here or in a reply */
};

void session_begin(struct session *session, struct share *share);

/* The guest was told of an inode: by a lookup (counted), or anew. */
void session_entry(struct session *session, const struct fuse_entry_out *entry);
void session_attr(struct session *session, uint64_t nodeid, const struct fuse_attr *attr);

void session_opened(struct session *session, uint64_t nodeid, uint64_t fh, bool is_dir);
void session_released(struct session *session, uint64_t fh);

/* As the guest forgets: more than there were is all. */
void session_forgot(struct session *session, uint64_t nodeid, uint64_t n);

#endif
