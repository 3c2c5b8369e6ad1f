/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option_table.c - every option there is: its names, its help, and how its value is read.
 */
#include <errno.h>
#include <linux/limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/control_proto.h"
#include "message.h"
#include "option_table.h"

#define MAX_JOBS 1024
#define MAX_WAIT 1000000000
#define MAX_WATCH 86400
#define WATCH_SECONDS 2

static const char *const words_when[] = {"auto", "always", "never", NULL};
static const char *const words_yes_no[] = {"yes", "no", NULL};
static const char *const words_carrier[] = {"xattr", "flag", NULL};

int option_mistake(const char *hint, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text && hint)
		message_error("%s\n  = %s", text, hint);
	else
		message_error("%s", text ? text : strerror(ENOMEM));
	free(text);
	return -EINVAL;
}

/* The position of value in info->words, or -EINVAL after a message. */
static int parse_word(const struct option_info *info, const char *value)
{
	const char *const *w = info->words;
	char *quoted;

	for (int i = 0; w[i]; i++) {
		if (strcmp(w[i], value) == 0)
			return i;
	}
	quoted = message_quote(NULL, value);
	if (w[2])
		option_mistake(NULL, "--%s=%s: it must be %s, %s or %s", info->name,
			       quoted ? quoted : "?", w[0], w[1], w[2]);
	else
		option_mistake(NULL, "--%s=%s: it must be %s or %s", info->name,
			       quoted ? quoted : "?", w[0], w[1]);
	free(quoted);
	return -EINVAL;
}

static int parse_when(struct options *opts, const struct option_info *info, const char *value)
{
	static const enum when whens[] = {WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER};
	int i = parse_word(info, value);

	if (i < 0)
		return i;
	if (info->bit == OPT_COLOR)
		opts->color = whens[i];
	else
		opts->progress = whens[i];
	return 0;
}

static int parse_dax(struct options *opts, const struct option_info *info, const char *value)
{
	int i = parse_word(info, value);

	if (i < 0)
		return i;
	opts->dax = i == 0 ? FSDAX_TAG_YES : FSDAX_TAG_NO;
	return 0;
}

static int parse_by(struct options *opts, const struct option_info *info, const char *value)
{
	int i = parse_word(info, value);

	if (i < 0)
		return i;
	opts->by = i == 0 ? CARRIER_XATTR : CARRIER_FLAG;
	return 0;
}

static int parse_jobs(struct options *opts, const struct option_info *info, const char *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || *end || end == value || n < 1 || n > MAX_JOBS)
		return option_mistake("leave it out for one thread per CPU",
				      "-%c %s: it must be a number of threads from 1 to %d",
				      info->letter, value, MAX_JOBS);
	opts->jobs = (int)n;
	return 0;
}

/* A whole number from 0 to most; false: it is none. */
static bool parse_number(const char *value, long most, long *number)
{
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	*number = strtol(value, &end, 10);
	return !errno && !*end && *number <= most;
}

static int parse_top(struct options *opts, const struct option_info *info, const char *value)
{
	long n;

	if (!parse_number(value, CONTROL_FILES_MAX, &n))
		return option_mistake(NULL, "--%s=%s: it must be a number from 0 to %d", info->name,
				      value, CONTROL_FILES_MAX);
	opts->top = (int)n;
	return 0;
}

static int parse_wait(struct options *opts, const struct option_info *info, const char *value)
{
	long n = -1;

	if (value && !parse_number(value, MAX_WAIT, &n))
		return option_mistake("leave the number out to wait for as long as it takes",
				      "--%s=%s: it must be a number of seconds", info->name, value);
	opts->wait = true;
	opts->wait_seconds = n;
	return 0;
}

static int parse_watch(struct options *opts, const struct option_info *info, const char *value)
{
	long n = WATCH_SECONDS;

	if (value && (!parse_number(value, MAX_WATCH, &n) || !n))
		return option_mistake("leave the number out for one look every 2 seconds",
				      "--%s=%s: it must be a number of seconds from 1 to %d",
				      info->name, value, MAX_WATCH);
	opts->watch_seconds = (int)n;
	return 0;
}

static int parse_window(struct options *opts, const struct option_info *info, const char *value)
{
	uint64_t bytes;
	int ret = fsdax_parse_size(value, &bytes);

	if (ret < 0 || bytes == 0)
		return option_mistake("write a number and K, M, G or T, as in --window=512M",
				      "--%s=%s: not a size of a window", info->name, value);
	opts->window = bytes;
	return 0;
}

static int parse_xattr(struct options *opts, const struct option_info *info, const char *value)
{
	const char *dot = strchr(value, '.');

	if (strlen(value) > XATTR_NAME_MAX)
		return option_mistake(NULL,
				      "--%s=%.20s...: the name of an xattr has %d bytes at "
				      "most, and this one %zu",
				      info->name, value, XATTR_NAME_MAX, strlen(value));
	if (!dot || !dot[1])
		return option_mistake("an xattr has a namespace in front, as in trusted.fsdax or "
				      "user.fsdax",
				      "--%s=%s: not the name of an xattr", info->name, value);
	if (strncmp(value, "trusted.", 8) != 0 && strncmp(value, "user.", 5) != 0)
		return option_mistake("use a name in trusted. (for root) or user.",
				      "--%s=%s: tags cannot live in this namespace", info->name,
				      value);
	opts->xattr = value;
	return 0;
}

static int parse_exclude(struct options *opts, const struct option_info *info, const char *value)
{
	char **more = reallocarray(opts->excludes, opts->n_excludes + 1, sizeof(*more));

	if (!more)
		return option_mistake(NULL, "--%s: %s", info->name, strerror(ENOMEM));
	opts->excludes = more;
	opts->excludes[opts->n_excludes++] = (char *)value;
	return 0;
}

static int parse_string(struct options *opts, const struct option_info *info, const char *value)
{
	if (!*value)
		return option_mistake("give it a path", "--%s: its value is empty", info->name);
	if (info->bit == OPT_POLICY)
		opts->policy = value;
	else if (info->bit == OPT_ROOT)
		opts->root = value;
	else if (info->bit == OPT_SOCKET)
		opts->socket = value;
	else if (info->bit == OPT_TEXTFILE)
		opts->textfile = value;
	else
		opts->files0 = value;
	return 0;
}

/* The options without a value. Of -v and -q, the later one counts. */
static int parse_switch(struct options *opts, const struct option_info *info, const char *value)
{
	(void)value;
	switch (info->bit) {
	case OPT_JSON: opts->json = true; break;
	case OPT_VERBOSE:
		opts->verbose = true;
		opts->quiet = false;
		break;
	case OPT_QUIET:
		opts->quiet = true;
		opts->verbose = false;
		break;
	case OPT_RECURSIVE: opts->recursive = true; break;
	case OPT_DRY_RUN: opts->dry_run = true; break;
	case OPT_ONE_FS: opts->one_fs = true; break;
	case OPT_NUL: opts->nul = true; break;
	case OPT_EFFECTIVE: opts->effective = true; break;
	case OPT_DELETE: opts->delete = true; break;
	case OPT_KEYS: opts->keys = true; break;
	case OPT_HTML: opts->html = true; break;
	case OPT_MERGE: opts->merge = true; break;
	}
	return 0;
}

/* In the order in which help texts show them. */
const struct option_info option_table[] = {
	{"dax", 0, "yes|no", words_yes_no, "what to tag them with (default: yes)", OPT_DAX,
	 parse_dax},
	{"by", 0, "xattr|flag", words_carrier,
	 "what carries it: an xattr, or the inode flag\n"
	 "FS_XFLAG_DAX (ext4 and xfs only)",
	 OPT_BY, parse_by},
	{"xattr", 0, "NAME", NULL, "use this xattr, not the one the policy names", OPT_XATTR,
	 parse_xattr},
	{"wait", 0, "[=SECONDS]", NULL,
	 "return when the guests have picked it up, and say\n"
	 "what holds it; fail if that takes longer",
	 OPT_WAIT, parse_wait},
	{"socket", 0, "PATH", NULL,
	 "ask the fsdaxd that listens there (default: all\n"
	 "in /run/fsdax)",
	 OPT_SOCKET, parse_string},
	{"top", 0, "N", NULL,
	 "show the N files that take most of the window\n"
	 "(default: 10)",
	 OPT_TOP, parse_top},
	{"watch", 0, "[=SECONDS]", NULL,
	 "look again every so many seconds (default: 2),\n"
	 "until q is pressed",
	 OPT_WATCH, parse_watch},
	{"textfile", 0, "FILE", NULL,
	 "replace FILE, as a whole, for the textfile\n"
	 "collector of node_exporter",
	 OPT_TEXTFILE, parse_string},
	{"delete", 0, NULL, NULL, "also take tags away that SRC does not have", OPT_DELETE,
	 parse_switch},
	{"window", 0, "SIZE", NULL, "the size of the DAX window, as in 512M or 1G", OPT_WINDOW,
	 parse_window},
	{"effective", 0, NULL, NULL,
	 "print the merged policy, and where each line\n"
	 "of it comes from",
	 OPT_EFFECTIVE, parse_switch},
	{"keys", 0, NULL, NULL, "list what can be written in a policy", OPT_KEYS, parse_switch},
	{"recursive", 'R', NULL, NULL, "folders with all that lies below them", OPT_RECURSIVE,
	 parse_switch},
	{"dry-run", 'n', NULL, NULL, "change nothing, but say what would change", OPT_DRY_RUN,
	 parse_switch},
	{"policy", 0, "DIR|FILE", NULL, "use this policy, not the installed one", OPT_POLICY,
	 parse_string},
	{"root", 0, "DIR", NULL,
	 "the share's root, where patterns with a slash\n"
	 "start (default: /)",
	 OPT_ROOT, parse_string},
	{"exclude", 0, "GLOB", NULL,
	 "leave out what matches, in the words of a path\n"
	 "pattern; may be given several times",
	 OPT_EXCLUDE, parse_exclude},
	{"one-file-system", 'x', NULL, NULL, "stay on the file system of each operand", OPT_ONE_FS,
	 parse_switch},
	{"files0-from", 0, "FILE|-", NULL,
	 "read the paths from FILE, or standard input,\n"
	 "each ended by a NUL",
	 OPT_FILES0, parse_string},
	{"jobs", 'j', "N", NULL, "work with N threads (default: one per CPU)", OPT_JOBS,
	 parse_jobs},
	{"progress", 0, "auto|always|never", words_when,
	 "show how far it is, on standard error\n"
	 "(default: on a terminal, after a second)",
	 OPT_PROGRESS, parse_when},
	{"merge", 0, NULL, NULL,
	 "put together what scan --json printed for parts of\n"
	 "a tree, instead of a scan",
	 OPT_MERGE, parse_switch},
	{"html", 0, NULL, NULL, "print a page for a browser, in one file", OPT_HTML, parse_switch},
	{"json", 0, NULL, NULL, "print JSON, one object on a line", OPT_JSON, parse_switch},
	{"null", '0', NULL, NULL, "end lines with a NUL, not a newline", OPT_NUL, parse_switch},
	{"color", 0, "auto|always|never", words_when, "color messages (default: on a terminal)",
	 OPT_COLOR, parse_when},
	{"verbose", 'v', NULL, NULL, "say more", OPT_VERBOSE, parse_switch},
	{"quiet", 'q', NULL, NULL, "say only what went wrong", OPT_QUIET, parse_switch},
	{"help", 'h', NULL, NULL, "show this help", 0, NULL},
	{"version", 'V', NULL, NULL, "show the version", 0, NULL},
	{NULL, 0, NULL, NULL, NULL, 0, NULL},
};
