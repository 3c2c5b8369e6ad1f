/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ask.h - asks running daemons, at their control sockets, and reads what they answer. What is
 * said there: daemon/control_proto.h.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "options.h"

/* Where daemons listen. */
struct sockets {
	char **paths; /* allocated, and each of them */
	size_t n;
	bool named; /* by --socket: there is one, and it must answer */
};

/* That of --socket, or all in the usual place, which may be none. 0 or -errno (named). */
int sockets_find(const struct options *opts, struct sockets *sockets);
void sockets_free(struct sockets *sockets);

/* Say that there is nobody to ask, and what to do. */
void sockets_say_none(void);

/*
 * Send a request (a line without its end), and set *answer to the object that came back.
 * Errors are named on stderr: what connect(2) may say; -EPROTO (no answer, or one that can't
 * be read). A daemon's own "ok": false is no error here.
 *
 * gone: may be NULL, and a daemon that is not there is an error then. Else it is set to
 * whether that is so, and if it is, 0 is returned and *answer is NULL; only a socket
 * that somebody left behind is named.
 */
int ask(const char *socket, const char *request, struct json_object **answer, bool *gone);

/* The same, but it says nothing, and waits for so many seconds at most. 0 or -errno. */
int ask_quietly(const char *socket, const char *request, int seconds, struct json_object **answer);

/* Members of an answer. What is not there, or is of another kind, is 0, false or NULL. */
struct json_object *answer_member(struct json_object *object, const char *key);
uint64_t answer_number(struct json_object *object, const char *key);
bool answer_bool(struct json_object *object, const char *key);
size_t answer_count(struct json_object *array);

/* The sum of all numbers in an object, and in the objects in it. */
uint64_t answer_sum(struct json_object *object);

/* Borrowed; made safe for a terminal. */
const char *answer_string(struct json_object *object, const char *key);

/* A path, its bytes as they are, made safe for a terminal. Allocated; NULL: no memory. */
char *answer_path(struct json_object *object, const char *key);

#endif
