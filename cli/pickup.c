/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pickup.c - see pickup.h. The first question to a daemon is about what the user named, and
 * makes it decide anew; all later ones are only about what was held then.
 */
#include "pickup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "count.h"
#include "message.h"
#include "output.h"

enum {
	ASK_AGAIN_MS = 200,
	NAMED_MAX = 10, /* files that are named, of those that are held */
	WORD_MAX = 64,	/* of one inode in a request */
};

/* What one daemon's guest holds. */
struct holder {
	const char *socket;
	bool optional; /* it may be gone */
	bool gone;
	struct pickup_inodes asked; /* what to ask about next time */
	char *dir;		    /* the share, for messages; NULL: not known yet */
	uint64_t root_dev, root_ino;
	uint64_t pending;
	struct json_object *held; /* an array of files, as of the last answer */
};

static int add_inode(struct pickup_inodes *list, struct pickup_inode inode)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct pickup_inode *inodes = reallocarray(list->inodes, room, sizeof(*inodes));

		if (!inodes)
			return -ENOMEM;
		list->inodes = inodes;
		list->room = room;
	}
	list->inodes[list->n++] = inode;
	return 0;
}

/* ---- What the user named ------------------------------------------------------------------------- */

int pickup_note(struct pickup *pickup, const struct options *opts, const struct walk_entry *entry)
{
	const int flags = AT_SYMLINK_NOFOLLOW | (*entry->name ? 0 : AT_EMPTY_PATH);
	struct stat st;
	int err;

	if (!opts->wait || opts->dry_run || !entry->operand)
		return 0;
	if (fstatat(entry->dirfd, entry->name, &st, flags))
		return -errno;
	pthread_mutex_lock(&pickup->lock);
	err = add_inode(&pickup->named, (struct pickup_inode){.dev = st.st_dev, .ino = st.st_ino});
	pthread_mutex_unlock(&pickup->lock);
	return err;
}

/* ---- Asking one daemon ------------------------------------------------------------------------------ */

/* The line for some inodes. Allocated; NULL: no memory. */
static char *request_for(const struct pickup_inode *inodes, size_t n)
{
	char *line = malloc(sizeof(CONTROL_PICKUP) + n * WORD_MAX), *end;

	if (!line)
		return NULL;
	end = stpcpy(line, CONTROL_PICKUP);
	for (size_t i = 0; i < n; i++) {
		end += sprintf(end, " %" PRIu64 ":%" PRIu64, inodes[i].dev, inodes[i].ino);
		if (inodes[i].nodeid)
			end += sprintf(end, ":%" PRIu64, inodes[i].nodeid);
	}
	return line;
}

static int take_files(struct holder *holder, struct json_object *answer)
{
	struct json_object *files = answer_member(answer, "files");

	for (size_t i = 0; i < answer_count(files); i++) {
		struct json_object *file = json_object_array_get_idx(files, i);

		if (!answer_bool(file, "pending"))
			continue;
		if (json_object_array_add(holder->held, json_object_get(file))) {
			json_object_put(file);
			return -ENOMEM;
		}
	}
	holder->pending += answer_number(answer, "pending");
	return 0;
}

static int take_share(struct holder *holder, struct json_object *answer)
{
	if (holder->dir)
		return 0;
	holder->root_dev = answer_number(answer, "root_dev");
	holder->root_ino = answer_number(answer, "root_ino");
	holder->dir = answer_path(answer, "dir");
	return holder->dir ? 0 : -ENOMEM;
}

static int take_answer(struct holder *holder, struct json_object *answer, bool *cut)
{
	const char *error = answer_string(answer, "error");

	if (!answer_bool(answer, "ok")) {
		message_error("the daemon at %s answers: %s", holder->socket,
			      error ? error : "nothing that can be understood");
		return -EPROTO;
	}
	*cut |= answer_bool(answer, "cut");
	return take_share(holder, answer) || take_files(holder, answer) ? -ENOMEM : 0;
}

static int ask_some(struct holder *holder, const struct pickup_inode *inodes, size_t n, bool *cut)
{
	struct json_object *answer = NULL;
	char *request = request_for(inodes, n);
	int err = -ENOMEM;

	if (request)
		err = ask(holder->socket, request, &answer,
			  holder->optional ? &holder->gone : NULL);
	if (!err && answer)
		err = take_answer(holder, answer, cut);
	json_object_put(answer);
	free(request);
	return err;
}

/* From now on, ask about what is held only. */
static int narrow(struct holder *holder)
{
	holder->asked.n = 0;
	for (size_t i = 0; i < json_object_array_length(holder->held); i++) {
		struct json_object *file = json_object_array_get_idx(holder->held, i);
		int err = add_inode(&holder->asked, (struct pickup_inode){
							    .dev = answer_number(file, "dev"),
							    .ino = answer_number(file, "ino"),
							    .nodeid = answer_number(file, "nodeid"),
						    });

		if (err)
			return err;
	}
	return 0;
}

static int ask_all(struct holder *holder)
{
	bool cut = false;
	int err = 0;

	json_object_put(holder->held);
	holder->held = json_object_new_array();
	holder->pending = 0;
	if (!holder->held)
		return -ENOMEM;
	for (size_t i = 0; i < holder->asked.n && !err && !holder->gone; i += CONTROL_INODES_MAX) {
		size_t n = holder->asked.n - i;

		err = ask_some(holder, holder->asked.inodes + i,
			       n < CONTROL_INODES_MAX ? n : CONTROL_INODES_MAX, &cut);
	}
	/* What was cut off has to be searched for again. */
	return err || cut ? err : narrow(holder);
}

/* ---- A share below an operand ------------------------------------------------------------------------ */

static bool is_named(const struct pickup *pickup, const struct stat *st)
{
	for (size_t i = 0; i < pickup->named.n; i++) {
		if (pickup->named.inodes[i].dev == st->st_dev &&
		    pickup->named.inodes[i].ino == st->st_ino)
			return true;
	}
	return false;
}

/* Whether a folder that the user named lies above this one. Closes fd. */
static bool is_below_named(const struct pickup *pickup, int fd, struct stat *st)
{
	bool found = false;

	for (;;) {
		struct stat above;
		int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = up;
		if (fd < 0)
			return false;
		if (fstat(fd, &above) || (above.st_dev == st->st_dev && above.st_ino == st->st_ino))
			break;
		found = is_named(pickup, &above);
		if (found)
			break;
		*st = above;
	}
	close(fd);
	return found;
}

/*
 * With -R, the share may lie below an operand: its daemon does not know that folder, but is
 * to look at all that it has.
 */
static bool has_all_named(const struct pickup *pickup, const struct holder *holder)
{
	struct stat st;
	int fd = open(holder->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	/* It may be another folder in the daemon's mount namespace. */
	if (fstat(fd, &st) || st.st_dev != holder->root_dev || st.st_ino != holder->root_ino) {
		close(fd);
		return false;
	}
	return is_below_named(pickup, fd, &st);
}

static int ask_first(struct holder *holder, const struct pickup *pickup, const struct options *opts)
{
	struct pickup_inode root;
	int err = 0;

	for (size_t i = 0; i < pickup->named.n && !err; i++)
		err = add_inode(&holder->asked, pickup->named.inodes[i]);
	if (!err)
		err = ask_all(holder);
	if (err || holder->gone || !opts->recursive || !has_all_named(pickup, holder))
		return err;
	root = (struct pickup_inode){.dev = holder->root_dev, .ino = holder->root_ino};
	holder->asked.n = 0;
	err = add_inode(&holder->asked, root);
	return err ? err : ask_all(holder);
}

/* ---- Saying what is held ------------------------------------------------------------------------------- */

static void say_file(const struct holder *holder, struct json_object *file, bool late)
{
	char handles[COUNT_OF_MAX];
	char *path = answer_path(file, "path");
	const char *shown = path && path[0] == '/' && path[1] ? path + 1 : path;

	count_of(handles, answer_number(file, "opens"), "handle");
	/* It was told of the file, and has not come yet to open it: see daemon/inode.h. */
	if (!answer_number(file, "opens"))
		strcpy(handles, "on its way");
	if (late)
		message_error("%s: still open in the guest of %s (%s)\n  = %s", shown ? shown : "?",
			      holder->dir, handles,
			      "it has the new state once it is closed there, and opened again");
	else
		message_note("waiting: %s: open in the guest of %s (%s)", shown ? shown : "?",
			     holder->dir, handles);
	free(path);
}

/* The first ones by name, and how many there are besides. */
static void say_held(const struct holder *holder, bool late)
{
	uint64_t n = json_object_array_length(holder->held);
	char more[COUNT_OF_MAX];

	if (n > NAMED_MAX)
		n = NAMED_MAX;
	for (size_t i = 0; i < n; i++)
		say_file(holder, json_object_array_get_idx(holder->held, i), late);
	if (holder->pending <= n)
		return;
	count_of(more, holder->pending - n, "more file");
	if (late)
		message_error("and %s", more);
	else
		message_note("waiting: %s", more);
}

/* ---- Waiting --------------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

/* Until nothing is held, or the time is up. 0 or -errno (all named). */
static int wait_for(struct holder *holder, int64_t deadline)
{
	uint64_t said = 0;

	while (holder->pending && !holder->gone) {
		int64_t left = deadline < 0 ? ASK_AGAIN_MS : deadline - now_ms();
		int err;

		if (left <= 0) {
			say_held(holder, true);
			return -ETIMEDOUT;
		}
		/* Once, and again when it has become less. */
		if (holder->pending != said)
			say_held(holder, false);
		said = holder->pending;
		sleep_ms(left < ASK_AGAIN_MS ? left : ASK_AGAIN_MS);
		err = ask_all(holder);
		if (err)
			return err;
	}
	return 0;
}

static void release_holder(struct holder *holder)
{
	free(holder->asked.inodes);
	free(holder->dir);
	json_object_put(holder->held);
}

/* All are asked before one is waited for, so that all decide anew at once. */
static int wait_for_all(const struct pickup *pickup, const struct options *opts,
			const struct sockets *sockets, struct holder *holders)
{
	const int64_t deadline = opts->wait_seconds < 0 ? -1 : now_ms() + opts->wait_seconds * 1000;
	size_t there = 0;
	int failed = 0;

	for (size_t i = 0; i < sockets->n; i++) {
		struct holder *holder = &holders[i];

		*holder = (struct holder){.socket = sockets->paths[i], .optional = !sockets->named};
		if (ask_first(holder, pickup, opts)) {
			holder->pending = 0;
			failed = -EIO;
		}
		/* From now on its end is the end of its guest. */
		holder->optional = true;
		there += !holder->gone;
	}
	if (!there)
		message_warn("no fsdaxd is running here: no guest has to pick it up");
	for (size_t i = 0; i < sockets->n; i++)
		failed |= wait_for(&holders[i], deadline);
	return failed;
}

int pickup_wait(struct pickup *pickup, const struct options *opts, int status)
{
	struct sockets sockets;
	struct holder *holders;
	int failed = 0;

	if (!pickup->named.n || status == EXIT_INTERRUPTED) {
		free(pickup->named.inodes);
		return status;
	}
	/* What was done is said before the wait. */
	status = output_finish(status);
	if (sockets_find(opts, &sockets)) {
		free(pickup->named.inodes);
		return EXIT_FAILED;
	}
	holders = calloc(sockets.n + 1, sizeof(*holders));
	failed = holders ? wait_for_all(pickup, opts, &sockets, holders) : -ENOMEM;
	for (size_t i = 0; holders && i < sockets.n; i++)
		release_holder(&holders[i]);
	free(holders);
	free(pickup->named.inodes);
	sockets_free(&sockets);
	return failed ? EXIT_FAILED : status;
}
