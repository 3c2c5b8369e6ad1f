/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c - fsdax-ctl: finds the subcommand, parses its options, and runs it.
 *
 *	commands.c  option_table.c      what there is: dispatch, help and completions
 *	options.c  help.c  completion.c are made from these two tables
 *	share.c  place.c                the policy, the share's root, and paths below it
 *	walk*.c                         visits trees, with threads
 *	tagger*.c                       writes tags
 *	message.c  output.c             stderr and stdout
 *	set.c, clear.c, ...             one file, or a few, for each subcommand
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "output.h"
#include "suggest.h"

/*
 * Were one of them closed, the next file opened would get our messages. What is printed with
 * stdout closed is lost, so writing to it must fail: the exit status tells.
 */
static void open_standard_streams(void)
{
	bool closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	int fd;

	do {
		fd = open("/dev/null", closed ? O_RDONLY : O_RDWR);
		closed &= fd != STDOUT_FILENO;
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int unknown_command(const char *name)
{
	char *quoted = message_quote(NULL, name);
	struct suggestion s = {0};

	for (const struct command *c = commands; c->name; c++)
		suggest_offer(&s, name, c->name);
	if (s.best)
		message_error("there is no command %s\n  = did you mean %s?", quoted ? quoted : "",
			      s.best);
	else
		message_error("there is no command %s\n  = fsdax-ctl --help lists those there are",
			      quoted ? quoted : "");
	free(quoted);
	return EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options opts;
	int status = options_parse(&opts, command, argc, argv);

	if (status < 0) {
		message_init(&opts);
		output_init(&opts);
		status = command->run(&opts);
	}
	options_free(&opts);
	return status;
}

static int complete(const char *shell)
{
	if (shell && (strcmp(shell, "--help") == 0 || strcmp(shell, "-h") == 0)) {
		options_help_completion();
		return EXIT_DONE;
	}
	if (shell && options_completion(shell) == 0)
		return EXIT_DONE;
	message_error("completion: which shell?\n"
		      "  = write: fsdax-ctl completion bash, or zsh, or fish");
	return EXIT_USAGE;
}

static int help_on(const char *name)
{
	const struct command *command = command_find(name);

	if (strcmp(name, "completion") == 0)
		return complete("--help");
	if (!command)
		return unknown_command(name);
	options_help(command);
	return EXIT_DONE;
}

/* Those that are not in the table. Returns -1 for none of them. */
static int run_special(int argc, char **argv)
{
	const char *word = argv[1];

	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		printf("fsdax-ctl %s\n", fsdax_version());
		return EXIT_DONE;
	}
	if (strcmp(word, "completion") == 0)
		return complete(argc == 3 ? argv[2] : NULL);
	if (strcmp(word, "help") == 0 && argc > 2)
		return help_on(argv[2]);
	if (strcmp(word, "help") && strcmp(word, "--help") && strcmp(word, "-h"))
		return -1;
	options_help(NULL);
	return EXIT_DONE;
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;
	int status;

	if (argc < 2) {
		message_error("what shall it do?\n"
			      "  = write: fsdax-ctl COMMAND [OPTION]... [FILE]...; "
			      "fsdax-ctl --help lists the commands");
		return EXIT_USAGE;
	}
	status = run_special(argc, argv);
	if (status >= 0)
		return status;
	command = command_find(argv[1]);
	if (command)
		return run(command, argc - 1, argv + 1);
	if (argv[1][0] != '-')
		return unknown_command(argv[1]);
	message_error("options go behind the command\n"
		      "  = write: fsdax-ctl COMMAND [OPTION]... [FILE]...");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	open_standard_streams();
	setlocale(LC_CTYPE, "");
	/* A reader that went away is an error of write(2), like any other. */
	signal(SIGPIPE, SIG_IGN);
	return output_finish(dispatch(argc, argv));
}
