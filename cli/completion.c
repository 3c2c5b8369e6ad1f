/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * completion.c - completion scripts for bash, zsh and fish, from the tables of commands and
 * of options. `fsdax-ctl completion SHELL` prints one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "option_table.h"

/* What stands behind an option that wants a value. */
enum value_kind { VALUE_NONE, VALUE_WORDS, VALUE_FILE, VALUE_FOLDER, VALUE_OTHER };

static enum value_kind kind_of(const struct option_info *info)
{
	if (!info->value || option_value_optional(info))
		return VALUE_NONE;
	if (info->words)
		return VALUE_WORDS;
	if (info->bit == OPT_ROOT)
		return VALUE_FOLDER;
	return info->bit & (OPT_POLICY | OPT_FILES0 | OPT_SOCKET | OPT_TEXTFILE) ? VALUE_FILE
										 : VALUE_OTHER;
}

static bool wants_folders(const struct command *command)
{
	return strcmp(command->args, "DIR...") == 0;
}

static void print_words(const struct option_info *info)
{
	for (int i = 0; info->words[i]; i++)
		printf("%s%s", i ? " " : "", info->words[i]);
}

/* Some text inside single quotes, with a backslash before those characters, on one line. */
static void print_quoted(const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (*text == '\n')
			putchar(' ');
		else if (strchr(escaped, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

/* ---- bash ---------------------------------------------------------------------- */

static void bash_values(void)
{
	for (const struct option_info *info = option_table; info->name; info++) {
		enum value_kind kind = kind_of(info);

		if (kind == VALUE_NONE)
			continue;
		printf("\t--%s", info->name);
		if (info->letter)
			printf("|-%c", info->letter);
		fputs(") ", stdout);
		if (kind == VALUE_WORDS) {
			fputs("COMPREPLY=($(compgen -W '", stdout);
			print_words(info);
			puts("' -- \"$cur\")); return ;;");
		} else if (kind == VALUE_OTHER) {
			puts("return ;;");
		} else {
			printf("compopt -o filenames; COMPREPLY=($(compgen -%c -- \"$cur\")); "
			       "return ;;\n",
			       kind == VALUE_FILE ? 'f' : 'd');
		}
	}
}

static void bash_options(const struct command *command)
{
	const char *files = wants_folders(command) ? "d" : command->max_args ? "f" : "";

	printf("\t%s) files=%s options='", command->name, files);
	for (const struct option_info *info = option_table; info->name; info++) {
		if (!option_taken(info, command))
			continue;
		if (info->letter)
			printf("-%c ", info->letter);
		printf("--%s%s ", info->name, kind_of(info) == VALUE_NONE ? "" : "=");
	}
	puts("' ;;");
}

static void complete_bash(void)
{
	puts("# bash completion for fsdax-ctl; made by: fsdax-ctl completion bash\n"
	     "_fsdax_ctl()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal files=f options=\n"
	     "\n"
	     "\tCOMPREPLY=()\n"
	     "\tif ((COMP_CWORD == 1)); then");
	fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
	for (const struct command *c = commands; c->name; c++)
		printf("%s ", c->name);
	puts("help --help --version' -- \"$cur\"))\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\t# bash takes --option=value apart at the equals sign.\n"
	     "\tif [[ $cur == = ]]; then\n"
	     "\t\tcur=\n"
	     "\telif [[ $prev == = ]]; then\n"
	     "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tfi\n"
	     "\tcase $prev in");
	bash_values();
	puts("\tesac\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (const struct command *c = commands; c->name; c++)
		bash_options(c);
	puts("\tesac\n"
	     "\t[[ \" ${COMP_WORDS[*]} \" == *' --merge '* ]] && files=f\n"
	     "\tif [[ $cur == -* ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	     "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
	     "\telif [[ $files ]]; then\n"
	     "\t\tcompopt -o filenames\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -$files -- \"$cur\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -F _fsdax_ctl fsdax-ctl");
}

/* ---- zsh ------------------------------------------------------------------------- */

static void zsh_option(const struct option_info *info)
{
	enum value_kind kind = kind_of(info);
	const char *equals = kind != VALUE_NONE ? "=" : info->value ? "=-" : "";
	const char *star = info->bit == OPT_EXCLUDE ? "*" : "";

	if (info->letter)
		printf("\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", info->letter, info->name, info->letter,
		       info->value ? "+" : "", info->name, equals);
	else
		printf("\t\t\t'%s--%s%s[", star, info->name, equals);
	print_quoted(info->help, "[]:");
	putchar(']');
	if (option_value_optional(info))
		fputs("::seconds:", stdout);
	if (kind != VALUE_NONE) {
		putchar(':');
		print_quoted(info->value, ":");
		putchar(':');
	}
	if (kind == VALUE_WORDS) {
		putchar('(');
		print_words(info);
		putchar(')');
	} else if (kind == VALUE_FILE || kind == VALUE_FOLDER) {
		fputs(kind == VALUE_FILE ? "_files" : "_files -/", stdout);
	}
	puts("' \\");
}

/* What the operands are: with --merge, files also where folders are wanted else. */
static void zsh_operands(const struct command *command)
{
	if (!command->max_args)
		puts("\t\t\t'*:'");
	else if (command->options & OPT_MERGE)
		puts("\t\t\t'*:path:{ if (( ${words[(I)--merge]} )); then _files; "
		     "else _files -/; fi }'");
	else
		printf("\t\t\t'*:path:_files%s'\n", wants_folders(command) ? " -/" : "");
}

static void complete_zsh(void)
{
	puts("#compdef fsdax-ctl\n"
	     "# zsh completion for fsdax-ctl; made by: fsdax-ctl completion zsh\n"
	     "_fsdax-ctl() {\n"
	     "\tlocal -a commands\n"
	     "\tcommands=(");
	for (const struct command *c = commands; c->name; c++) {
		printf("\t\t'%s:", c->name);
		print_quoted(c->summary, ":");
		puts("'");
	}
	puts("\t)\n"
	     "\tif (( CURRENT == 2 )); then\n"
	     "\t\t_describe -t commands 'fsdax-ctl command' commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tshift words\n"
	     "\t(( CURRENT-- ))\n"
	     "\tcase $words[1] in");
	for (const struct command *c = commands; c->name; c++) {
		printf("\t%s)\n\t\t_arguments -s -S \\\n", c->name);
		for (const struct option_info *info = option_table; info->name; info++) {
			if (option_taken(info, c))
				zsh_option(info);
		}
		zsh_operands(c);
		puts("\t\t;;");
	}
	puts("\tesac\n"
	     "}\n"
	     "_fsdax-ctl \"$@\"");
}

/* ---- fish -------------------------------------------------------------------------- */

static void fish_option(const struct option_info *info)
{
	fputs("complete -c fsdax-ctl -n '", stdout);
	if (info->bit == 0) {
		fputs("not __fish_use_subcommand", stdout);
	} else {
		fputs("__fish_seen_subcommand_from", stdout);
		for (const struct command *c = commands; c->name; c++) {
			if (option_taken(info, c))
				printf(" %s", c->name);
		}
	}
	printf("' -l %s", info->name);
	if (info->letter)
		printf(" -s %c", info->letter);
	switch (kind_of(info)) {
	case VALUE_NONE: break;
	case VALUE_WORDS:
		fputs(" -x -a '", stdout);
		print_words(info);
		putchar('\'');
		break;
	case VALUE_FILE: fputs(" -r", stdout); break;
	case VALUE_FOLDER: fputs(" -x -a '(__fish_complete_directories)'", stdout); break;
	case VALUE_OTHER: fputs(" -x", stdout); break;
	}
	fputs(" -d '", stdout);
	print_quoted(info->help, "");
	puts("'");
}

static void complete_fish(void)
{
	puts("# fish completion for fsdax-ctl; made by: fsdax-ctl completion fish");
	for (const struct command *c = commands; c->name; c++) {
		printf("complete -c fsdax-ctl -n __fish_use_subcommand -f -a %s -d '", c->name);
		print_quoted(c->summary, "");
		puts("'");
	}
	for (const struct option_info *info = option_table; info->name; info++)
		fish_option(info);
}

int options_completion(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		complete_bash();
	else if (strcmp(shell, "zsh") == 0)
		complete_zsh();
	else if (strcmp(shell, "fish") == 0)
		complete_fish();
	else
		return -EINVAL;
	return 0;
}
