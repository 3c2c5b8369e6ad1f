/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics.c - `fsdax-ctl metrics`: what running daemons count, for Prometheus; to standard
 * output, or into a file that is replaced as a whole.
 */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "output.h"

/* Who was asked. */
struct scrape {
	struct metrics_share *shares;
	size_t n;
};

/* ---- Names ----------------------------------------------------------------------------------- */

/* The socket's own name without its suffix. */
static char *base_name(const char *socket)
{
	const char *slash = strrchr(socket, '/');
	const char *name = slash ? slash + 1 : socket;
	const size_t len = strlen(name), suffix = strlen(CONTROL_SUFFIX);

	if (len > suffix && strcmp(name + len - suffix, CONTROL_SUFFIX) == 0)
		return strndup(name, len - suffix);
	return strdup(name);
}

/* Without the "-PID" that fsdaxd gives its socket if it is not told how to call it. */
static char *short_name(const struct metrics_share *share, const char *name)
{
	char pid[24];
	size_t len = strlen(name), end;

	snprintf(pid, sizeof(pid), "-%llu",
		 (unsigned long long)answer_number(share->answer, "pid"));
	end = strlen(pid);
	return len > end && strcmp(name + len - end, pid) == 0 ? strndup(name, len - end)
							       : strdup(name);
}

/* Two daemons with the same tag keep the process's number. */
static bool is_taken(char **names, size_t n, size_t mine)
{
	for (size_t i = 0; i < n; i++) {
		if (i != mine && names[i] && strcmp(names[i], names[mine]) == 0)
			return true;
	}
	return false;
}

static void take_short_names(struct scrape *scrape, char **names)
{
	for (size_t i = 0; i < scrape->n; i++) {
		if (is_taken(names, scrape->n, i))
			continue;
		free(scrape->shares[i].name);
		scrape->shares[i].name = names[i];
		names[i] = NULL;
	}
}

static int name_shares(struct scrape *scrape)
{
	char **names = calloc(scrape->n + 1, sizeof(*names));
	int err = names ? 0 : -ENOMEM;

	for (size_t i = 0; i < scrape->n && !err; i++) {
		struct metrics_share *share = &scrape->shares[i];

		share->name = base_name(answer_string(share->place, "socket"));
		names[i] = share->name ? short_name(share, share->name) : NULL;
		err = names[i] ? 0 : -ENOMEM;
	}
	if (!err)
		take_short_names(scrape, names);
	for (size_t i = 0; names && i < scrape->n; i++)
		free(names[i]);
	free(names);
	return err;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* A refusal is no answer. */
static int check(const char *socket, struct metrics_share *share)
{
	const char *error = answer_string(share->answer, "error");
	char *quoted;

	if (!share->answer || answer_bool(share->answer, "ok"))
		return 0;
	quoted = message_quote(NULL, socket);
	message_error("%s: %s", quoted ? quoted : "?", error ? error : "it gives no state");
	free(quoted);
	json_object_put(share->answer);
	share->answer = NULL;
	return -EPROTO;
}

/* named: it must answer; of others, all there is to say is that they are gone. */
static int ask_share(struct metrics_share *share, const char *socket, bool named)
{
	struct timespec start;
	bool gone;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &start);
	err = ask(socket, CONTROL_STATUS " 0", &share->answer, named ? NULL : &gone);
	share->seconds = seconds_since(&start);
	if (!err)
		return check(socket, share);
	share->answer = NULL;
	return err;
}

static void release_share(struct metrics_share *share)
{
	json_object_put(share->answer);
	json_object_put(share->place);
	free(share->name);
}

static void release(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->n; i++)
		release_share(&scrape->shares[i]);
	free(scrape->shares);
}

/* ---- Which ----------------------------------------------------------------------------------- */

static bool is_called(const struct metrics_share *share, const char *word)
{
	const char *tag = answer_string(share->answer, "tag");
	const char *dir = answer_string(share->answer, "dir");

	return strcmp(share->name, word) == 0 || (tag && strcmp(tag, word) == 0) ||
	       (dir && strcmp(dir, word) == 0);
}

static bool is_wanted(const struct metrics_share *share, const struct options *opts)
{
	for (int i = 0; i < opts->n_args; i++) {
		if (is_called(share, opts->args[i]))
			return true;
	}
	return opts->n_args == 0;
}

static void drop(struct scrape *scrape, size_t i)
{
	release_share(&scrape->shares[i]);
	scrape->n--;
	memmove(&scrape->shares[i], &scrape->shares[i + 1],
		(scrape->n - i) * sizeof(*scrape->shares));
}

/* A share that somebody asks for by name, and that nobody serves, is one that is down. */
static int add_missing(struct scrape *scrape, const char *word)
{
	struct metrics_share *share = &scrape->shares[scrape->n++];
	char *quoted = message_quote(NULL, word);

	message_error("%s: no fsdaxd that answers has this name, tag or folder\n"
		      "  = fsdax-ctl status shows those there are",
		      quoted ? quoted : "?");
	free(quoted);
	*share = (struct metrics_share){.place = json_object_new_object()};
	if (!json_put_path(share->place, "name", word))
		share->name = strdup(answer_string(share->place, "name"));
	return share->name ? 0 : -ENOMEM;
}

/* Leave those that are named. 0, or how many are not there, or -ENOMEM. */
static int select_shares(struct scrape *scrape, const struct options *opts)
{
	int missing = 0;

	for (size_t i = scrape->n; i-- > 0;) {
		if (!is_wanted(&scrape->shares[i], opts))
			drop(scrape, i);
	}
	for (int a = 0; a < opts->n_args; a++) {
		bool found = false;

		for (size_t i = 0; i < scrape->n && !found; i++)
			found = is_called(&scrape->shares[i], opts->args[a]);
		if (!found && add_missing(scrape, opts->args[a]))
			return -ENOMEM;
		missing += !found;
	}
	return missing;
}

/* ---- Where to -------------------------------------------------------------------------------- */

static const char *file_hint(int err)
{
	switch (err) {
	case -ENOENT: return "make the folder, or name the one that node_exporter reads";
	case -EACCES: return "run it as a user who may write there";
	case -EEXIST:
		return "it is there, and not a file that could be replaced: leave --textfile out "
		       "for standard output";
	default: return NULL;
	}
}

/* Who reads it meanwhile sees the file from before, never a part. Takes fd over. */
static int write_and_rename(int fd, const char *from, const char *to, const char *text, size_t size)
{
	int err = 0;

	while (size && !err) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			err = errno == EINTR ? 0 : -errno;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	/* Its reader is another user, and mkostemp() lets nobody else read it. */
	if (!err && fchmod(fd, 0644))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(from, to))
		err = -errno;
	if (err)
		unlink(from);
	return err;
}

/*
 * In the same folder, by a name that node_exporter passes over. What is no file, such as /dev/null,
 * must not become one.
 */
static int replace_file(const char *path, const char *text, size_t size)
{
	const char *slash = strrchr(path, '/');
	const int dir = slash ? (int)(slash - path) + 1 : 0;
	char *temporary;
	struct stat st;
	int fd, err;

	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return -EEXIST;
	if (asprintf(&temporary, "%.*s.%s.XXXXXX", dir, path, path + dir) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	err = fd < 0 ? -errno : write_and_rename(fd, temporary, path, text, size);
	free(temporary);
	return err;
}

static int deliver(const struct options *opts, const char *text, size_t size)
{
	int err;

	if (!opts->textfile) {
		output_text(text);
		return 0;
	}
	err = replace_file(opts->textfile, text, size);
	if (err)
		message_path_hint("cannot write", opts->textfile, err, file_hint(err));
	return err;
}

static int print(const struct scrape *scrape, const struct options *opts)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err = out ? metrics_print(out, scrape->shares, scrape->n) : -ENOMEM;

	if (out && fclose(out))
		err = -ENOMEM;
	if (err)
		message_error("%s", strerror(-err));
	else
		err = deliver(opts, text, size);
	free(text);
	return err;
}

/* ---- The command ----------------------------------------------------------------------------- */

/* Returns how many could not be asked, each after a message; or -ENOMEM. */
static int ask_all(struct scrape *scrape, const struct sockets *sockets)
{
	int failed = 0;

	for (size_t i = 0; i < sockets->n; i++) {
		struct metrics_share *share = &scrape->shares[scrape->n++];

		share->place = json_object_new_object();
		if (json_put_path(share->place, "socket", sockets->paths[i]))
			return -ENOMEM;
		failed += ask_share(share, sockets->paths[i], sockets->named) != 0;
	}
	return failed;
}

/* What could not be told, or -errno. */
static int scrape_all(struct scrape *scrape, const struct sockets *sockets,
		      const struct options *opts)
{
	int failed, missing, err;

	/* Room for those that are named on the command line, too. */
	scrape->shares = calloc(sockets->n + (size_t)opts->n_args + 1, sizeof(*scrape->shares));
	if (!scrape->shares)
		return -ENOMEM;
	failed = ask_all(scrape, sockets);
	if (failed < 0)
		return failed;
	err = name_shares(scrape);
	if (err)
		return err;
	missing = select_shares(scrape, opts);
	return missing < 0 ? missing : failed + missing;
}

int cmd_metrics(const struct options *opts)
{
	struct scrape scrape = {0};
	struct sockets sockets;
	int failed;

	if (sockets_find(opts, &sockets))
		return EXIT_FAILED;
	failed = scrape_all(&scrape, &sockets, opts);
	if (failed < 0)
		message_error("%s", strerror(-failed));
	else if (print(&scrape, opts))
		failed = 1;
	release(&scrape);
	sockets_free(&sockets);
	return output_finish(failed ? EXIT_FAILED : EXIT_DONE);
}
