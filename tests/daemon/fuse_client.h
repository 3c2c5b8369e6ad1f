/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuse_client.h - a guest for tests: sends requests straight to serve(), for a share that is a
 * new folder below $TMPDIR.
 */
#ifndef TESTS_DAEMON_FUSE_CLIENT_H
#define TESTS_DAEMON_FUSE_CLIENT_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "settings.h"

struct share;

/* What a request with no reply gives. */
#define CLIENT_NO_REPLY (-100000)

struct client {
	struct settings settings;
	struct share *share;
	char dir[256]; /* the share, on the host */
	int dirfd;
	uint32_t uid, gid, pid;
	uint16_t total_extlen;
	uint64_t unique;
	/* For bad requests: 0 leaves the header's length right. */
	int32_t len_off_by;
	size_t out_room; /* bytes for the reply; SIZE_MAX: as many as asked for */
	/* The last reply. */
	struct fuse_out_header reply;
	unsigned int replies;
};

/* A new share with default settings, not open yet: so that a test may change them. */
void client_make(struct client *client);
/* Open it, and send INIT with all flags there are. */
void client_open(struct client *client);
void client_free(struct client *client);

/* Both, for cmocka; *state is a struct client. */
int client_setup(void **state);
int client_teardown(void **state);

/*
 * Send a request of `size` bytes behind the header. Returns how many bytes of payload came
 * back (put into `out`), or -errno of the reply.
 */
int client_send(struct client *client, uint32_t opcode, uint64_t nodeid, const void *in,
		size_t size, void *out, size_t out_size);

/* With a structure and up to two strings behind it (NULL: none). */
int client_call(struct client *client, uint32_t opcode, uint64_t nodeid, const void *in,
		size_t size, const char *name, const char *second, void *out, size_t out_size);

/* Common ones. 0 or -errno. */
int client_init(struct client *client, uint64_t flags, struct fuse_init_out *out);
int client_lookup(struct client *client, uint64_t parent, const char *name,
		  struct fuse_entry_out *entry);
int client_getattr(struct client *client, uint64_t nodeid, struct fuse_attr *attr);
void client_forget(struct client *client, uint64_t nodeid, uint64_t n);
int client_open_file(struct client *client, uint64_t nodeid, uint32_t flags, uint64_t *fh);
int client_release(struct client *client, uint64_t nodeid, uint64_t fh);

/* Look up what must be there. */
uint64_t client_nodeid(struct client *client, uint64_t parent, const char *name);

/* On the host: a file with that content, or a folder. */
void client_put_file(struct client *client, const char *path, const char *content);
void client_put_size(struct client *client, const char *path, off_t size);
void client_put_dir(struct client *client, const char *path);

/* The path on the host, until the next call; and its xattr, as an admin sets it. */
const char *client_host_path(struct client *client, const char *path);
void client_tag(struct client *client, const char *path, const char *xattr, const char *value);

#endif
