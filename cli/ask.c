/* SPDX-License-Identifier: BSD-3-Clause */
/* ask.c - see ask.h. */
#include "ask.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../daemon/control_proto.h"
#include "message.h"

/* A daemon whose guest knows millions of files takes seconds. */
enum { ANSWER_SECONDS = 60 };
#define ANSWER_MAX ((size_t)256 << 20)

/* ---- Which ------------------------------------------------------------------------------------ */

static int take_glob(struct sockets *sockets, const glob_t *found)
{
	sockets->paths = calloc(found->gl_pathc + 1, sizeof(*sockets->paths));
	if (!sockets->paths)
		return -ENOMEM;
	for (size_t i = 0; i < found->gl_pathc; i++) {
		char *path = strdup(found->gl_pathv[i]);

		if (!path)
			return -ENOMEM;
		sockets->paths[sockets->n++] = path;
	}
	return 0;
}

static int find_all(struct sockets *sockets)
{
	glob_t found;
	int err = 0;

	switch (glob(CONTROL_DIR "/*" CONTROL_SUFFIX, 0, NULL, &found)) {
	case 0: err = take_glob(sockets, &found); break;
	case GLOB_NOMATCH: break;
	default: err = -ENOMEM; break;
	}
	globfree(&found);
	return err;
}

static int find_named(struct sockets *sockets, const char *path)
{
	sockets->named = true;
	sockets->paths = calloc(1, sizeof(*sockets->paths));
	if (!sockets->paths)
		return -ENOMEM;
	sockets->paths[0] = strdup(path);
	sockets->n = sockets->paths[0] ? 1 : 0;
	return sockets->n ? 0 : -ENOMEM;
}

int sockets_find(const struct options *opts, struct sockets *sockets)
{
	int err;

	*sockets = (struct sockets){0};
	err = opts->socket ? find_named(sockets, opts->socket) : find_all(sockets);
	if (err) {
		message_error("%s", strerror(-err));
		sockets_free(sockets);
	}
	return err;
}

void sockets_free(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		free(sockets->paths[i]);
	free(sockets->paths);
	*sockets = (struct sockets){0};
}

void sockets_say_none(void)
{
	message_error("no fsdaxd is running here: there is no socket in " CONTROL_DIR "\n"
		      "  = start one, or name its --control-socket with --socket=PATH");
}

/* ---- Talking ------------------------------------------------------------------------------------ */

static const char *connect_hint(int err)
{
	switch (err) {
	case -ENOENT:
		return "name the --control-socket of a running fsdaxd, or leave --socket out to "
		       "ask all in " CONTROL_DIR;
	case -ECONNREFUSED:
		return "its fsdaxd has ended without removing it: remove it, and start fsdaxd "
		       "again";
	case -EACCES: return "run it as root, or as the user who started fsdaxd";
	case -ENAMETOOLONG: return "a socket's path has at most 107 bytes";
	case -ENOTSOCK:
		return "name the --control-socket of fsdaxd; that of its guest is another one";
	default: return NULL;
	}
}

static int connect_to(const char *path, int seconds)
{
	const struct timeval patience = {.tv_sec = seconds};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (stat(path, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int send_all(int fd, const char *text)
{
	size_t size = strlen(text);

	while (size) {
		ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Feed what comes to the parser, until it has an object or finds that it is none. */
static int read_object(int fd, struct json_tokener *parser, struct json_object **object)
{
	char buffer[16 * 1024];
	size_t all = 0;

	while (all < ANSWER_MAX) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -EPROTO;
		all += (size_t)n;
		*object = json_tokener_parse_ex(parser, buffer, (int)n);
		if (*object)
			return json_object_is_type(*object, json_type_object) ? 0 : -EPROTO;
		if (json_tokener_get_error(parser) != json_tokener_continue)
			return -EPROTO;
	}
	return -EPROTO;
}

static int exchange(int fd, const char *request, struct json_object **answer)
{
	struct json_tokener *parser = json_tokener_new();
	struct json_object *object = NULL;
	int err;

	if (!parser)
		return -ENOMEM;
	err = send_all(fd, request);
	if (!err)
		err = send_all(fd, "\n");
	if (!err)
		err = read_object(fd, parser, &object);
	json_tokener_free(parser);
	if (err)
		json_object_put(object);
	else
		*answer = object;
	return err;
}

static bool is_gone(const char *socket, int err, bool *gone)
{
	char *quoted;

	if (!gone || (err != -ENOENT && err != -ECONNREFUSED))
		return false;
	*gone = true;
	if (err == -ECONNREFUSED) {
		quoted = message_quote(NULL, socket);
		message_warn("%s: nobody listens there any more\n  = %s", quoted ? quoted : "?",
			     "its fsdaxd has ended without removing it: remove it");
		free(quoted);
	}
	return true;
}

int ask_quietly(const char *socket, const char *request, int seconds, struct json_object **answer)
{
	int fd = connect_to(socket, seconds);
	int err;

	if (fd < 0)
		return fd;
	err = exchange(fd, request, answer);
	close(fd);
	return err;
}

int ask(const char *socket, const char *request, struct json_object **answer, bool *gone)
{
	int fd = connect_to(socket, ANSWER_SECONDS);
	int err;

	if (gone)
		*gone = false;
	if (fd < 0) {
		*answer = NULL;
		if (is_gone(socket, fd, gone))
			return 0;
		message_path_hint("cannot ask the daemon at", socket, fd, connect_hint(fd));
		return fd;
	}
	err = exchange(fd, request, answer);
	close(fd);
	if (err == -EPROTO)
		message_path_hint("no answer that can be understood from", socket, err,
				  "is it the --control-socket of an fsdaxd of the same version?");
	else if (err)
		message_path("no answer from the daemon at", socket, err);
	return err;
}

/* ---- Answers -------------------------------------------------------------------------------------- */

struct json_object *answer_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

uint64_t answer_number(struct json_object *object, const char *key)
{
	struct json_object *value = answer_member(object, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_uint64(value) : 0;
}

bool answer_bool(struct json_object *object, const char *key)
{
	struct json_object *value = answer_member(object, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static const char *raw_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* Whether a terminal does something at this byte; those from U+0080 to U+009f have two. */
static bool is_control(const char *text, size_t i)
{
	const unsigned char *c = (const unsigned char *)text + i;

	if (*c < ' ')
		return *c != '\n' && *c != '\t';
	return *c == 0x7f || (i && c[-1] == 0xc2 && *c >= 0x80 && *c <= 0x9f);
}

/*
 * With '?' in the place of what is no text. A daemon has a guest that may have taken it over, and
 * whoever asks it is an admin, at a terminal.
 */
static const char *clean(struct json_object *value, const char *text)
{
	char *copy = strdup(text);

	for (size_t i = 0; copy && text[i]; i++) {
		if (!is_control(text, i))
			continue;
		copy[i] = '?';
		if (i && (unsigned char)text[i] >= 0x80)
			copy[i - 1] = '?';
	}
	if (!copy || !json_object_set_string(value, copy))
		text = NULL;
	else
		text = json_object_get_string(value);
	free(copy);
	return text;
}

const char *answer_string(struct json_object *object, const char *key)
{
	struct json_object *value = answer_member(object, key);
	const char *text = raw_string(value);

	for (size_t i = 0; text && text[i]; i++) {
		if (is_control(text, i))
			return clean(value, text);
	}
	return text;
}

uint64_t answer_sum(struct json_object *object)
{
	uint64_t sum = 0;

	if (json_object_is_type(object, json_type_int))
		return json_object_get_uint64(object);
	if (!json_object_is_type(object, json_type_object))
		return 0;
	json_object_object_foreach(object, key, value)
	{
		(void)key;
		sum += answer_sum(value);
	}
	return sum;
}

size_t answer_count(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes that hexadecimal digits stand for. Allocated; NULL if they are none, or no memory. */
static char *unhex(const char *hex)
{
	size_t size = strlen(hex) / 2;
	char *bytes = malloc(size + 1);

	for (size_t i = 0; bytes && i < size; i++) {
		int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(bytes);
			return NULL;
		}
		bytes[i] = (char)(high << 4 | low);
	}
	if (bytes)
		bytes[size] = '\0';
	return bytes;
}

char *answer_path(struct json_object *object, const char *key)
{
	const char *text = raw_string(answer_member(object, key)), *hex;
	char name[32], *bytes, *quoted;

	snprintf(name, sizeof(name), "%s_bytes", key);
	hex = answer_string(object, name);
	bytes = hex ? unhex(hex) : NULL;
	quoted = message_quote(NULL, bytes ? bytes : text ? text : "?");
	free(bytes);
	return quoted;
}
