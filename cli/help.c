/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * help.c - the help text of a command, from the tables of commands and of options.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "option_table.h"

#define HELP_COLUMN 29

static void print_option(const struct option_info *info)
{
	const char *line = info->help;
	int n = info->letter ? printf("  -%c, --%s", info->letter, info->name)
			     : printf("      --%s", info->name);

	if (info->value)
		n += printf("%s%s", option_value_optional(info) ? "" : "=", info->value);
	if (n >= HELP_COLUMN) {
		putchar('\n');
		n = 0;
	}
	for (;;) {
		int len = (int)strcspn(line, "\n");

		printf("%*s%.*s\n", HELP_COLUMN - n, "", len, line);
		if (!line[len])
			return;
		line += len + 1;
		n = 0;
	}
}

static void print_commands(void)
{
	puts("Usage: fsdax-ctl COMMAND [OPTION]... [FILE]...\n"
	     "\n"
	     "Decides which files of a virtiofs share use DAX: by the rules of a policy, and by\n"
	     "tags on files and folders.\n"
	     "\n"
	     "Commands:");
	for (const struct command *c = commands; c->name; c++)
		printf("  %-9s %s\n", c->name, c->summary);
	puts("\n"
	     "fsdax-ctl COMMAND --help tells more about a command, with examples. The manual is\n"
	     "fsdax-ctl(1); the language of policies is in fsdax-policy(5).\n"
	     "\n"
	     "Exit status: 0 done, 1 something failed and was named, 2 wrong usage,\n"
	     "65 the policy has mistakes, 130 interrupted.");
}

void options_help(const struct command *command)
{
	if (!command) {
		print_commands();
		return;
	}
	printf("Usage: fsdax-ctl %s [OPTION]...%s%s\n\n%s\nOptions:\n", command->name,
	       *command->args ? " " : "", command->args, command->help);
	for (const struct option_info *info = option_table; info->name; info++) {
		if (option_taken(info, command))
			print_option(info);
	}
}

void options_help_completion(void)
{
	puts("Usage: fsdax-ctl completion bash|zsh|fish\n"
	     "\n"
	     "Print the completion script for a shell. Packages install all three; by hand:\n"
	     "\n"
	     "Examples:\n"
	     "  . <(fsdax-ctl completion bash)             in this shell only\n"
	     "  fsdax-ctl completion bash >~/.local/share/bash-completion/completions/fsdax-ctl\n"
	     "  fsdax-ctl completion zsh >_fsdax-ctl       into a folder of $fpath\n"
	     "  fsdax-ctl completion fish >~/.config/fish/completions/fsdax-ctl.fish");
}
