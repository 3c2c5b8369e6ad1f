/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test.h - what a check works with: a session with the back-end, a scratch folder that both
 * sides see, and ways to say what is wrong.
 */
#ifndef PROBE_TEST_H
#define PROBE_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "backend.h"
#include "client.h"
#include "options.h"
#include "scratch.h"

#define CHUNK (2ull << 20)

struct test {
	const struct options *options;
	struct backend *backend;
	struct frontend fe;
	struct client c; /* of the session that is open */
	bool open;
	struct scratch scratch;
	const char *path; /* of it, on the host */
	uint64_t node;	  /* its nodeid in this session */
	FILE *text;	  /* what was seen */
	char *buffer;	  /* CLIENT_MAX_DATA bytes for anyone */
	unsigned failures;
	char *skip; /* why, or NULL */
};

/* How a session differs from the usual one, which is what a Linux guest would begin. */
struct session {
	bool no_window;		 /* be a front-end without SHMEM */
	bool no_init;		 /* don't send INIT, nor look up the scratch folder */
	unsigned queues;	 /* 0: one */
	struct client_init init; /* flags: added to the usual */
	bool bare;		 /* flags: they are all; no DAX either */
};

/* ---- What is wrong. The macros go on, or return from the check ---- */

void test_fail(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first reason counts. The check should return. */
void test_skip(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define EXPECT(t, condition, ...)                  \
	do {                                       \
		if (!(condition))                  \
			test_fail(t, __VA_ARGS__); \
	} while (0)

#define MUST(t, condition, ...)                    \
	do {                                       \
		if (!(condition)) {                \
			test_fail(t, __VA_ARGS__); \
			return;                    \
		}                                  \
	} while (0)

/* A call that must return 0. */
#define OK(t, call)                                                       \
	do {                                                              \
		int err_ = (int)(call);                                   \
		MUST(t, err_ == 0, "%s: %s", #call, test_errno(t, err_)); \
	} while (0)

/* A call that must fail with this errno. */
#define FAILS(t, call, errno_)                                                                   \
	do {                                                                                     \
		int err_ = (int)(call);                                                          \
		EXPECT(t, err_ == -(errno_), "%s: %s instead of %s", #call, test_errno(t, err_), \
		       #errno_);                                                                 \
		if ((t)->c.broken)                                                               \
			return;                                                                  \
	} while (0)

/* A result in words: "EIO", or what broke the connection. Static or the test's. */
const char *test_errno(struct test *t, int err);

/* ---- Sessions ---- */

/*
 * Open a session, after closing the one that is open. On an error the check has failed.
 * session may be NULL.
 */
bool test_session(struct test *t, const struct session *session);
void test_close(struct test *t);

/* DESTROY, and INIT again in the same connection. */
int test_reinit(struct test *t, const struct session *session);

/*
 * Whether the back-end still works after something bad, in this session or, if it ended that,
 * in a new one, which is opened. One that hangs or has died has failed the check.
 */
bool test_survives(struct test *t, const char *what);

/* The same after something for which the session is given up in any case, without DESTROY. */
bool test_next(struct test *t, const char *what);

/* See whether the back-end has died, and fail the check if so. */
void test_look(struct test *t, const char *what);

/* ---- The scratch folder ---- */

/* DIR/NAME on the host. Lives until the next call but 7. */
const char *test_path(struct test *t, const char *name);
/* Make a file there, and look it up. */
int test_file(struct test *t, const char *name, uint64_t size, unsigned seed,
	      struct fuse_entry_out *entry);
int test_lookup(struct test *t, const char *name, struct fuse_entry_out *entry);
int test_stat(struct test *t, const char *name, struct stat *st);

/* Whether a session has per-inode DAX, and if not the check is skipped. */
bool test_needs_dax(struct test *t);

#endif
