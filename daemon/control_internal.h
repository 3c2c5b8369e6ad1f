/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_internal.h - between the parts of the control thread: control.c waits and
 * dispatches, control_socket.c is the socket, and control_status.c, control_reload.c and
 * control_pickup.c answer one request each, by control_view.c.
 */
#ifndef DAEMON_CONTROL_INTERNAL_H
#define DAEMON_CONTROL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <fsdax/fsdax.h>
#include <json-c/json.h>

struct inode;
struct share;

struct control {
	struct share *share;
	char *dir;	      /* the shared folder, from the host's root */
	int listener;	      /* -1: there is no socket */
	int stop_fd;	      /* an eventfd: readable when the thread is to end */
	int hangup_fd;	      /* a signalfd: readable when SIGHUP came */
	int spare_fd;	      /* given up to accept a client when there are no others; -1: none */
	atomic_bool stopping; /* for what takes long */
	pthread_t thread;
	bool running; /* there is a thread */

	uint64_t policy_generation; /* of the tree, when the policy was replaced last */
	time_t started;
	time_t policy_loaded;
	time_t policy_refused; /* the last time that a reload failed; 0: never since the last good */
	uint64_t reloads, reloads_failed;
};

/* Read a client's line, answer it, and close the client (control.c). */
void control_serve_client(struct control *control, int client);

/* ---- The socket (control_socket.c) ------------------------------------------------- */

enum { CONTROL_WAITING = 16 }; /* clients that wait for their turn */

/* Make it. The descriptor or -errno (on the log). */
int control_listen(const char *path);

/*
 * Read a client's line into buffer, of CONTROL_LINE_MAX bytes; a NUL takes the newline's
 * place. Errors: -ETIMEDOUT, -EMSGSIZE (no newline within the room), -EPROTO (it went before
 * that, or sent what is not printable), -ECANCELED (the daemon ends).
 */
int control_read_line(const struct control *control, int client, char *buffer);

/* Write all of a text, or give up when the client does not read it. */
void control_write(const struct control *control, int client, const char *text, size_t size);

/* ---- Answers: an object, or NULL: no memory ------------------------------------------- */

struct json_object *control_status(struct control *control, unsigned int top);
struct json_object *control_reload(struct control *control);
/* words: DEV:INO[:NODEID] with a space between; it is taken apart. */
struct json_object *control_pickup(struct control *control, char *words);

/* {"ok": false, "error": ...} */
struct json_object *control_error(const char *error);

/* ---- Inodes, as they are shown (control_view.c) ------------------------------------------ */

/* Numbers of inodes: what can be kept while no lock is held. Start from {0}. */
struct nodes {
	uint64_t *ids;
	size_t n, room;
	int err; /* -ENOMEM: some are missing */
};

void nodes_add(struct nodes *nodes, uint64_t nodeid);
void nodes_free(struct nodes *nodes);

/* All that the guest knows. */
void nodes_collect(struct share *share, struct nodes *nodes);

/* A copy of what is said of an inode. */
struct view {
	uint64_t nodeid, ino;
	dev_t dev;
	mode_t type;
	uint32_t opens;
	bool retired, told_known, told, pending;
	uint32_t pending_since;
	uint8_t unmappable;
	struct fsdax_decision now;
	struct fsdax_policy *policy; /* that `now` is of, with a reference; NULL: not known */
};

void view_take(const struct control *control, struct inode *inode, struct view *view);
void view_release(struct view *view);

/* As control_proto.h has it. The inode is asked for its path only. NULL: no memory. */
struct json_object *view_json(struct share *share, struct inode *inode, const struct view *view);

#endif
