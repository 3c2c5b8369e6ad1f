/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - every option of every subcommand, parsed from one table that also
 * makes the help texts and the completions.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fsdax/fsdax.h>

struct command;

/* Which options a command takes. */
#define OPT_POLICY (1ull << 0)	   /* --policy DIR|FILE */
#define OPT_ROOT (1ull << 1)	   /* --root DIR */
#define OPT_JSON (1ull << 2)	   /* --json */
#define OPT_COLOR (1ull << 3)	   /* --color=auto|always|never */
#define OPT_VERBOSE (1ull << 4)	   /* -v, --verbose */
#define OPT_QUIET (1ull << 5)	   /* -q, --quiet */
#define OPT_RECURSIVE (1ull << 6)  /* -R, --recursive */
#define OPT_DRY_RUN (1ull << 7)	   /* -n, --dry-run */
#define OPT_JOBS (1ull << 8)	   /* -j, --jobs N */
#define OPT_ONE_FS (1ull << 9)	   /* -x, --one-file-system */
#define OPT_EXCLUDE (1ull << 10)   /* --exclude GLOB, any number of times */
#define OPT_FILES0 (1ull << 11)	   /* --files0-from FILE|- */
#define OPT_NUL (1ull << 12)	   /* -0, --null: output lines end in NUL */
#define OPT_DAX (1ull << 13)	   /* --dax yes|no */
#define OPT_BY (1ull << 14)	   /* --by xattr|flag: what carries the tag */
#define OPT_XATTR (1ull << 15)	   /* --xattr NAME: instead of the policy's */
#define OPT_EFFECTIVE (1ull << 16) /* --effective */
#define OPT_WINDOW (1ull << 17)	   /* --window SIZE */
#define OPT_DELETE (1ull << 18)	   /* --delete: for copy */
#define OPT_KEYS (1ull << 19)	   /* --keys: for check, list the keys of the language */
#define OPT_PROGRESS (1ull << 20)  /* --progress=auto|always|never */
#define OPT_SOCKET (1ull << 21)	   /* --socket PATH: of a daemon */
#define OPT_TOP (1ull << 22)	   /* --top N */
#define OPT_WAIT (1ull << 23)	   /* --wait[=SECONDS] */
#define OPT_WATCH (1ull << 24)	   /* --watch[=SECONDS] */
#define OPT_TEXTFILE (1ull << 25)  /* --textfile FILE */
#define OPT_HTML (1ull << 26)	   /* --html */
#define OPT_MERGE (1ull << 27)	   /* --merge: for scan, operands are parts */

#define OPT_WALK (OPT_JOBS | OPT_ONE_FS | OPT_EXCLUDE | OPT_FILES0 | OPT_PROGRESS)
#define OPT_OUTPUT (OPT_JSON | OPT_COLOR | OPT_VERBOSE | OPT_QUIET | OPT_NUL)

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };
enum carrier { CARRIER_DEFAULT, CARRIER_XATTR, CARRIER_FLAG };

/* The parsed command line. Strings point into argv. */
struct options {
	const struct command *command;
	const char *policy; /* NULL: the search path */
	const char *root;   /* "/" if not given */
	bool json, verbose, quiet, recursive, dry_run, one_fs, nul, effective, delete, keys;
	bool html, merge;
	uint64_t given; /* OPT_* bits of all options that were written */
	enum when color, progress;
	int jobs; /* at least 1 */
	char **excludes;
	size_t n_excludes;
	const char *files0; /* NULL, a path, or "-" */
	enum fsdax_tag dax; /* --dax; FSDAX_TAG_NONE if not given */
	enum carrier by;
	const char *xattr;
	uint64_t window;    /* bytes; 0 if not given */
	const char *socket; /* NULL: all in the usual place */
	int top;
	bool wait;
	int64_t wait_seconds; /* -1: as long as it takes */
	int watch_seconds;    /* --watch; 0: not given */
	const char *textfile; /* NULL: standard output */
	char **args;	      /* operands */
	int n_args;
};

/*
 * Parse argv behind the command's name. On a mistake prints what and what to do,
 * and returns EXIT_USAGE; after --help or --version prints that and returns
 * EXIT_DONE. Returns -1 if the command should run. options_free() after either.
 */
int options_parse(struct options *opts, const struct command *command, int argc, char **argv);
void options_free(struct options *opts);

/* The help text of a command, and the list of commands, to stdout. */
void options_help(const struct command *command);

/* The help text of `completion`, which is no command of the table. */
void options_help_completion(void);

/* A completion script for "bash", "zsh" or "fish" to stdout; -EINVAL for another shell. */
int options_completion(const char *shell);

#endif
