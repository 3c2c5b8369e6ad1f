/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - the subcommands, in the one table that dispatch, --help and the
 * shell completions are made from.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "options.h"

/* Exit statuses, as fsdax-ctl(1) documents them. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,      /* something failed, and each thing was named */
	EXIT_USAGE = 2,
	EXIT_BAD_POLICY = 65, /* EX_DATAERR: the policy has mistakes */
	EXIT_INTERRUPTED = 130,
};

struct command {
	const char *name;
	const char *args;    /* as shown behind the name in the usage line */
	const char *summary; /* one line, for the list of commands */
	const char *help;    /* some paragraphs, for --help of the command */
	uint64_t options;    /* OPT_* bits that it takes */
	int min_args, max_args; /* operands; max_args < 0: any number */
	int (*run)(const struct options *opts); /* returns an exit status */
};

/* Ends with a NULL name. */
extern const struct command commands[];

const struct command *command_find(const char *name);

/* One per subcommand; cmd_X lives in X.c. */
int cmd_set(const struct options *opts);
int cmd_clear(const struct options *opts);
int cmd_show(const struct options *opts);
int cmd_copy(const struct options *opts);
int cmd_explain(const struct options *opts);
int cmd_check(const struct options *opts);
int cmd_scan(const struct options *opts);
int cmd_plan(const struct options *opts);
int cmd_apply(const struct options *opts);
int cmd_diff(const struct options *opts);
int cmd_state(const struct options *opts);
int cmd_status(const struct options *opts);
int cmd_metrics(const struct options *opts);
int cmd_reload(const struct options *opts);

#endif
