/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * front_end.h - a front-end for tests: maps in this process what QEMU 11.1 would map in its
 * own, and refuses what it refuses.
 */
#ifndef TESTS_DAEMON_FRONT_END_H
#define TESTS_DAEMON_FRONT_END_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuse_client.h"
#include "window.h"

#define CHUNK_SIZE ((size_t)2 << 20)

struct front_end {
	struct mapper mapper;
	char *window; /* the guest's, as mapped here */
	size_t size;
	uint64_t *lens;			/* by page: of the mapping that begins there */
	atomic_uint maps, unmaps, live; /* counted when done: the guard maps, too */
	atomic_bool refuses;		/* everything */
	int seals; /* F_GET_SEALS of what was mapped last; -1: it can have none */
};

void front_end_new(struct front_end *front_end, size_t size);
void front_end_free(struct front_end *front_end);

/*
 * A share with a window of 64 MiB and this policy, and a guest that wants per-inode DAX.
 * front_end_open(): in the folder that client_make() made. front_end_begin(): in a new one, and on
 * a host that can't map, the running test is skipped.
 */
void front_end_open(struct front_end *front_end, struct client *client, const char *policy);
void front_end_begin(struct front_end *front_end, struct client *client, const char *policy);

/* The end of what either began. */
void front_end_done(struct front_end *front_end, struct client *client);

/* Write another policy, and put it in force. */
void front_end_policy(struct client *client, const char *policy);

/* Requests of the guest. 0 or -errno. */
int front_end_setup(struct client *client, uint64_t nodeid, uint64_t file_offset,
		    uint64_t window_offset);
int front_end_remove(struct client *client, uint64_t nodeid, uint64_t window_offset);

#endif
