/* SPDX-License-Identifier: BSD-3-Clause */
/* race_control.c - see race.h: a client of fsdaxd's control socket, and the files of its policy. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "race.h"

enum { ANSWER_MAX = 1 << 20 };

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = -1;

	if (path && strlen(path) < sizeof(address.sun_path))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	strcpy(address.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* All until the daemon closes. */
static void read_all(int fd, char *text)
{
	size_t size = 0;
	ssize_t n;

	while ((n = recv(fd, text + size, ANSWER_MAX - size, 0)) > 0)
		size += (size_t)n;
	text[size] = '\0';
}

struct json_object *race_ask(const struct race *race, const char *line)
{
	int fd = connect_to(race->t->options->control);
	struct json_object *answer = NULL;
	char *text = malloc(ANSWER_MAX + 1);

	if (fd >= 0 && text &&
	    send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line)) {
		read_all(fd, text);
		answer = json_tokener_parse(text);
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return answer;
}

int64_t race_number(struct json_object *answer, const char *group, const char *name)
{
	struct json_object *object = answer, *value;

	if (group && !json_object_object_get_ex(answer, group, &object))
		return -1;
	return json_object_object_get_ex(object, name, &value) ? json_object_get_int64(value) : -1;
}

int64_t race_status(const struct race *race, const char *group, const char *name)
{
	struct json_object *answer = race_ask(race, "status\n");
	int64_t number = answer ? race_number(answer, group, name) : -1;

	json_object_put(answer);
	return number;
}

bool race_needs_control(struct race *race)
{
	if (!race->t->options->control)
		test_skip(race->t, "there is no --control");
	return race->t->options->control;
}

/* ---- The policy's files ---- */

void race_policy_path(const struct race *race, const char *name, char path[4096])
{
	snprintf(path, 4096, "%s/%s", race->t->options->policy, name);
}

static int write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	const ssize_t size = (ssize_t)strlen(text);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)size) != size)
		err = -EIO;
	close(fd);
	return err;
}

/* By a hidden file beside it, which a daemon does not read. */
int race_policy_put(const struct race *race, const char *name, const char *text)
{
	char path[4096], hidden[4096], beside[64];
	int err;

	snprintf(beside, sizeof(beside), ".%s", name);
	race_policy_path(race, name, path);
	race_policy_path(race, beside, hidden);
	err = write_file(hidden, text);
	return err ? err : rename(hidden, path) ? -errno : 0;
}

int race_policy_drop(const struct race *race, const char *name)
{
	char path[4096];

	race_policy_path(race, name, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

bool race_policy_reload(const struct race *race)
{
	struct json_object *answer = race_ask(race, "reload\n");
	const bool ok = race_number(answer, NULL, "ok") == 1;

	json_object_put(answer);
	return ok;
}

bool race_needs_policy(struct race *race)
{
	if (!race->t->options->policy)
		test_skip(race->t, "there is no --policy");
	return race->t->options->policy && race_needs_control(race);
}
