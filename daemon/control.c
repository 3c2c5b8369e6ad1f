/* SPDX-License-Identifier: BSD-3-Clause */
/* control.c - see control.h: the thread that waits for clients and for SIGHUP. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cli/json.h"
#include "control_internal.h"
#include "control_proto.h"
#include "log.h"
#include "share.h"
#include "thread.h"

/* ---- One client ----------------------------------------------------------------------------- */

struct json_object *control_error(const char *error)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_bool(object, "ok", false);

	err |= json_put_string(object, "error", error);
	return json_finish(object, err);
}

/* The number that `status` may be followed by. */
static bool parse_top(const char *word, unsigned int *top)
{
	char *end;
	unsigned long number;

	*top = CONTROL_TOP;
	if (!*word)
		return true;
	if (*word < '0' || *word > '9' || strlen(word) > 6)
		return false;
	number = strtoul(word, &end, 10);
	*top = number < CONTROL_FILES_MAX ? (unsigned int)number : CONTROL_FILES_MAX;
	return !*end;
}

static struct json_object *answer(struct control *control, char *line)
{
	char *words = line + strcspn(line, " ");
	unsigned int top;

	if (*words)
		*words++ = '\0';
	if (strcmp(line, CONTROL_STATUS) == 0 && parse_top(words, &top))
		return control_status(control, top);
	if (strcmp(line, CONTROL_RELOAD) == 0 && !*words)
		return control_reload(control);
	if (strcmp(line, CONTROL_PICKUP) == 0 && *words)
		return control_pickup(control, words);
	return control_error("this daemon does not know such a request");
}

static struct json_object *answer_client(struct control *control, int client)
{
	struct json_object *object;
	char *line = malloc(CONTROL_LINE_MAX);
	int err = line ? control_read_line(control, client, line) : -ENOMEM;

	if (!err)
		object = answer(control, line);
	else if (err == -EMSGSIZE)
		object = control_error("the request is too long");
	else if (err == -ETIMEDOUT)
		object = control_error("no whole line came in time");
	else
		object = NULL;
	free(line);
	return object;
}

void control_serve_client(struct control *control, int client)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *object = answer_client(control, client);
	const char *text = NULL;
	size_t size;

	/* Without memory, or a line to answer, the client sees the end of the connection. */
	if (object)
		text = json_object_to_json_string_length(object, flags, &size);
	if (text) {
		control_write(control, client, text, size);
		control_write(control, client, "\n", 1);
	}
	json_object_put(object);
	close(client);
}

/* ---- The thread -------------------------------------------------------------------------------- */

static void keep_spare(struct control *control)
{
	if (control->spare_fd < 0)
		control->spare_fd = fcntl(control->stop_fd, F_DUPFD_CLOEXEC, 0);
}

static int accept_one(struct control *control)
{
	int client = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	/* A guest can have taken all descriptors: that is when somebody wants to know. */
	if (client >= 0 || errno != EMFILE || control->spare_fd < 0)
		return client;
	close(control->spare_fd);
	control->spare_fd = -1;
	return accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void accept_client(struct control *control)
{
	struct pollfd stop = {.fd = control->stop_fd, .events = POLLIN};
	int client = accept_one(control);

	if (client >= 0)
		control_serve_client(control, client);
	/* Without a descriptor to accept it by, the client stays there: don't spin. */
	else if (errno != ECONNABORTED && errno != EINTR && errno != EAGAIN)
		poll(&stop, 1, 1000);
	keep_spare(control);
}

static void take_hangup(struct control *control)
{
	struct signalfd_siginfo info;

	/* Several are one. */
	while (read(control->hangup_fd, &info, sizeof(info)) == sizeof(info))
		;
	json_object_put(control_reload(control));
}

static void wait_and_serve(struct control *control)
{
	struct pollfd fds[] = {
		{.fd = control->stop_fd, .events = POLLIN},
		{.fd = control->hangup_fd, .events = POLLIN},
		{.fd = control->listener, .events = POLLIN},
	};

	for (;;) {
		if (poll(fds, 3, -1) < 0) {
			if (errno != EINTR)
				return;
			continue;
		}
		if (fds[0].revents)
			return;
		if (fds[1].revents)
			take_hangup(control);
		if (fds[2].revents)
			accept_client(control);
	}
}

static void *control_main(void *data)
{
	struct control *control = data;

	thread_begin("control", 0);
	wait_and_serve(control);
	return NULL;
}

/* ---- Its beginning and end ------------------------------------------------------------------------ */

static void free_control(struct control *control)
{
	const struct settings *settings = control->share->settings;

	if (control->listener >= 0) {
		close(control->listener);
		if (!settings->outside)
			unlink(settings->control_path);
	}
	if (control->stop_fd >= 0)
		close(control->stop_fd);
	if (control->hangup_fd >= 0)
		close(control->hangup_fd);
	if (control->spare_fd >= 0)
		close(control->spare_fd);
	free(control->dir);
	free(control);
}

static int open_all(struct control *control)
{
	const struct settings *settings = control->share->settings;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	control->dir = realpath(settings->shared_dir, NULL);
	if (!control->dir)
		control->dir = strdup(settings->shared_dir);
	if (!control->dir)
		return -ENOMEM;
	control->stop_fd = eventfd(0, EFD_CLOEXEC);
	control->hangup_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (control->stop_fd < 0 || control->hangup_fd < 0)
		return -errno;
	keep_spare(control);
	if (!settings->control_path)
		return 0;
	control->listener = control_listen(settings->control_path);
	return control->listener < 0 ? control->listener : 0;
}

int control_start(struct share *share, struct control **control)
{
	struct control *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	*new = (struct control){
		.share = share,
		.listener = -1,
		.stop_fd = -1,
		.hangup_fd = -1,
		.spare_fd = -1,
		.started = time(NULL),
		.policy_loaded = time(NULL),
	};
	err = open_all(new);
	if (err) {
		free_control(new);
		return err;
	}
	*control = new;
	return 0;
}

int control_listen_again(struct control *control)
{
	return control->listener >= 0 && listen(control->listener, CONTROL_WAITING) ? -errno : 0;
}

int control_serve(struct control *control)
{
	int err = -pthread_create(&control->thread, NULL, control_main, control);

	control->running = !err;
	return err;
}

void control_stop(struct control *control)
{
	const uint64_t one = 1;

	if (!control)
		return;
	atomic_store(&control->stopping, true);
	while (write(control->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	if (control->running)
		pthread_join(control->thread, NULL);
	free_control(control);
}
