/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-ctl-options.c - fuzz: cli. The command line of fsdax-ctl, a line of the input for each word, of
 * which the first one is the command.
 *
 * Not reached in cli/options.c: a system that does not say which processors there are.
 */
#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "command.h"
#include "confined.h"
#include "insist.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 32 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	confined_be_quiet();
	return 0;
}

/* Only what the command takes may have been set, and within its bounds. */
static void check(const struct options *opts, const struct command *command)
{
	uint64_t takes = command->options;

	insist(opts->n_args >= command->min_args || opts->files0, "%d operands", opts->n_args);
	insist(command->max_args < 0 || opts->n_args <= command->max_args, "%d operands",
	       opts->n_args);
	insist(opts->jobs >= 1, "%d jobs", opts->jobs);
	insist(opts->root, "no root");
	insist(opts->top >= 0, "the first %d", opts->top);
	insist(opts->wait_seconds >= -1, "waits for %lld s", (long long)opts->wait_seconds);
	insist(!opts->policy || takes & OPT_POLICY, "a policy");
	insist(!opts->json || takes & OPT_JSON, "JSON");
	insist(!opts->html || takes & OPT_HTML, "a page");
	insist(!opts->html || !opts->json, "a page and JSON");
	insist(!opts->merge || takes & OPT_MERGE, "parts");
	insist(!opts->recursive || takes & OPT_RECURSIVE, "all below");
	insist(!opts->socket || takes & OPT_SOCKET, "a socket");
	insist(!opts->window || takes & OPT_WINDOW, "a window");
	insist(!opts->files0 || takes & OPT_FILES0, "names from a file");
	insist(!opts->dry_run || takes & OPT_DRY_RUN, "a dry run");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], *argv[WORDS_MAX + 2];
	const struct command *command;
	struct options opts;
	int argc = 0, result;

	if (size >= sizeof(text))
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *word = text; word && argc <= WORDS_MAX;)
		argv[argc++] = strsep(&word, "\n");
	argv[argc] = NULL;
	command = command_find(argv[0]);
	if (!command)
		return -1;
	optind = 0;
	result = options_parse(&opts, command, argc, argv);
	insist(result == -1 || result == EXIT_DONE || result == EXIT_USAGE, "options_parse() is %d",
	       result);
	if (result == -1)
		check(&opts, command);
	options_free(&opts);
	return 0;
}
