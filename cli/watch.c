/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.c - `fsdax-ctl status --watch`: asks all daemons again and again. On a terminal the answers
 * are drawn over each other; else each look is a block of lines. A daemon that goes is
 * shown as gone, and one that comes is taken along.
 */
#include "watched.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "status.h"
#include "terminal.h"

enum {
	PATIENCE = 10,	     /* seconds for an answer: the user sees nothing new meanwhile */
	LOST_MS = 60 * 1000, /* for how long one that is gone is shown */
	PLAIN_COLUMNS = 80,
};

struct watch {
	const struct options *opts;
	char request[sizeof(CONTROL_STATUS) + 16];
	struct watched *list;
	size_t n;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Who is there ---------------------------------------------------------------------------- */

static struct watched *find(const struct watch *watch, const char *socket)
{
	for (size_t i = 0; i < watch->n; i++) {
		if (strcmp(watch->list[i].socket, socket) == 0)
			return &watch->list[i];
	}
	return NULL;
}

static int add(struct watch *watch, const char *socket)
{
	struct watched *list = reallocarray(watch->list, watch->n + 1, sizeof(*list));
	char *copy = strdup(socket);

	if (list)
		watch->list = list;
	if (!list || !copy) {
		free(copy);
		return -ENOMEM;
	}
	list[watch->n++] = (struct watched){.socket = copy};
	return 0;
}

static int add_new(struct watch *watch)
{
	struct sockets sockets;
	int err = sockets_find(watch->opts, &sockets);

	if (err)
		return err;
	for (size_t i = 0; i < sockets.n && !err; i++) {
		if (!find(watch, sockets.paths[i]))
			err = add(watch, sockets.paths[i]);
	}
	sockets_free(&sockets);
	return err;
}

static void forget(struct watched *watched)
{
	json_object_put(watched->now);
	json_object_put(watched->before);
	free(watched->socket);
}

/* Of those that nobody asked for by name. */
static void drop_lost(struct watch *watch)
{
	for (size_t i = watch->n; i-- > 0 && !watch->opts->socket;) {
		struct watched *one = &watch->list[i];

		if (!one->err || one->now_ms - one->lost_ms < LOST_MS)
			continue;
		forget(one);
		watch->n--;
		memmove(one, one + 1, (watch->n - i) * sizeof(*one));
	}
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void lose(struct watched *watched, int err)
{
	watched->now_ms = now_ms();
	if (!watched->err)
		watched->lost_ms = watched->now_ms;
	watched->err = err;
	json_object_put(watched->before);
	watched->before = NULL;
}

static bool is_same_process(struct json_object *a, struct json_object *b)
{
	return answer_number(a, "pid") == answer_number(b, "pid") &&
	       answer_number(a, "started") == answer_number(b, "started");
}

/* Takes the answer over. */
static void keep(struct watched *watched, struct json_object *answer)
{
	json_object_put(watched->before);
	watched->before = watched->now;
	watched->before_ms = watched->now_ms;
	watched->now = answer;
	watched->now_ms = now_ms();
	/* What is counted began anew; and of what was lost, the time is not known. */
	if (watched->before && (watched->err || !is_same_process(watched->before, answer))) {
		json_object_put(watched->before);
		watched->before = NULL;
	}
	watched->err = 0;
}

static void ask_one(const struct watch *watch, struct watched *watched)
{
	struct json_object *answer;
	int err = ask_quietly(watched->socket, watch->request, PATIENCE, &answer);

	if (!err && !answer_bool(answer, "ok")) {
		json_object_put(answer);
		err = -EPROTO;
	}
	if (err)
		lose(watched, err);
	else
		keep(watched, answer);
}

static int look(struct watch *watch)
{
	int err = add_new(watch);

	if (err)
		return err;
	for (size_t i = 0; i < watch->n; i++)
		ask_one(watch, &watch->list[i]);
	drop_lost(watch);
	return 0;
}

/* ---- Showing --------------------------------------------------------------------------------- */

static void put_head(FILE *out, const struct watch *watch, bool on_terminal)
{
	const time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(text, sizeof(text), "%F %T", &tm);
	fprintf(out, "%s, every %d s%s\n", text, watch->opts->watch_seconds,
		on_terminal ? "; q ends" : "");
	if (!watch->n)
		fputs("\nno fsdaxd is running here: there is no socket in " CONTROL_DIR "\n", out);
}

/* Allocated; NULL: no memory. */
static char *frame(const struct watch *watch, bool on_terminal)
{
	const int columns = on_terminal ? terminal_columns() : PLAIN_COLUMNS;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_head(out, watch, on_terminal);
	for (size_t i = 0; i < watch->n; i++) {
		putc('\n', out);
		watch_draw(out, &watch->list[i], columns);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int draw(const struct watch *watch)
{
	char *text = frame(watch, true);

	if (!text)
		return -ENOMEM;
	terminal_show(text, message_color(STDOUT_FILENO));
	free(text);
	return 0;
}

/* What is asked for next begins a whole number of intervals after the first. */
static int64_t next_look(int64_t last, const struct watch *watch)
{
	const int64_t interval = watch->opts->watch_seconds * (int64_t)1000, now = now_ms();

	return last + interval > now ? last + interval : now;
}

/* Until the time has come. -ECANCELED: the user has had enough. */
static int wait_until(const struct watch *watch, int64_t until)
{
	for (;;) {
		int64_t left = until - now_ms();
		int err;

		if (left <= 0)
			return 0;
		switch (terminal_wait((int)left)) {
		case TERMINAL_QUIT: return -ECANCELED;
		case TERMINAL_TIME: break;
		case TERMINAL_CHANGED:
			err = draw(watch);
			if (err)
				return err;
			break;
		}
	}
}

static int watch_on_terminal(struct watch *watch)
{
	int64_t at = now_ms();
	int err;

	for (;;) {
		err = look(watch);
		err = err ? err : draw(watch);
		at = next_look(at, watch);
		err = err ? err : wait_until(watch, at);
		if (err)
			return err;
	}
}

/* ---- Without a terminal ---------------------------------------------------------------------- */

static int print_objects(const struct watch *watch)
{
	for (size_t i = 0; i < watch->n; i++) {
		const struct watched *one = &watch->list[i];

		if (one->err || !one->now)
			continue;
		if (json_put_path(one->now, "socket", one->socket))
			return -ENOMEM;
		json_object_object_del(one->now, "ok");
		output_json(json_object_get(one->now));
	}
	return 0;
}

static int print_block(const struct watch *watch)
{
	char *text = frame(watch, false);

	if (!text)
		return -ENOMEM;
	output_text(text);
	output_text("\n");
	free(text);
	return 0;
}

static void sleep_until(int64_t ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* Until nobody reads it, or for ever. */
static int watch_in_lines(struct watch *watch)
{
	int64_t at = now_ms();
	int err;

	for (;;) {
		err = look(watch);
		if (!err)
			err = watch->opts->json ? print_objects(watch) : print_block(watch);
		if (err)
			return err;
		if (output_finish(EXIT_DONE) != EXIT_DONE)
			return -EPIPE;
		at = next_look(at, watch);
		sleep_until(at);
	}
}

/* ---- The command ----------------------------------------------------------------------------- */

int status_watch(const struct options *opts)
{
	struct watch watch = {.opts = opts};
	bool drawn = !opts->json && terminal_usable();
	int err;

	snprintf(watch.request, sizeof(watch.request), CONTROL_STATUS " %d", opts->top);
	if (drawn)
		terminal_begin();
	err = drawn ? watch_on_terminal(&watch) : watch_in_lines(&watch);
	if (drawn)
		terminal_end();
	for (size_t i = 0; i < watch.n; i++)
		forget(&watch.list[i]);
	free(watch.list);
	if (err == -ECANCELED)
		return EXIT_DONE;
	/* Who closes the pipe knows; what else can't be written has been said. */
	if (err != -EPIPE)
		message_error("%s", strerror(-err));
	return EXIT_FAILED;
}
