/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - parses the command line of a subcommand by option_table.c, and answers each
 * mistake with what is wrong and what to do.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/control_proto.h"
#include "command.h"
#include "exclude.h"
#include "message.h"
#include "option_table.h"
#include "suggest.h"

#define MAX_OPTIONS 40
#define FIRST_LONG 256 /* getopt_long() returns this plus the position in the table */

/* The table, as getopt_long() wants it. */
struct getopt_tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 2];
};

bool option_value_optional(const struct option_info *info)
{
	return info->value && info->value[0] == '[';
}

/* As getopt_long() calls it. */
static int has_value(const struct option_info *info)
{
	if (!info->value)
		return no_argument;
	return option_value_optional(info) ? optional_argument : required_argument;
}

bool option_taken(const struct option_info *info, const struct command *command)
{
	return info->bit == 0 || (command->options & info->bit);
}

static void make_tables(struct getopt_tables *t, const struct command *command)
{
	size_t n = 0, s = 0;

	memset(t, 0, sizeof(*t));
	t->shorts[s++] = ':'; /* a missing value is told apart from an unknown option */
	for (int i = 0; option_table[i].name; i++) {
		const struct option_info *info = &option_table[i];

		if (!option_taken(info, command))
			continue;
		t->longs[n++] = (struct option){info->name, has_value(info), NULL, FIRST_LONG + i};
		if (!info->letter)
			continue;
		t->shorts[s++] = info->letter;
		if (info->value)
			t->shorts[s++] = ':';
	}
}

static const struct option_info *find_value(int value)
{
	if (value >= FIRST_LONG)
		return &option_table[value - FIRST_LONG];
	for (const struct option_info *info = option_table; info->name; info++) {
		if (info->letter && info->letter == value)
			return info;
	}
	return NULL;
}

static const struct option_info *find_name(const char *name, size_t len)
{
	for (const struct option_info *info = option_table; info->name; info++) {
		if (strlen(info->name) == len && memcmp(info->name, name, len) == 0)
			return info;
	}
	return NULL;
}

/* An option that exists, but not for this command: name the commands that have it. */
static void say_not_taken(const struct command *command, const struct option_info *info,
			  const char *typed)
{
	char *quoted = message_quote(NULL, typed);
	char takers[160] = "";
	size_t n = 0;

	for (const struct command *c = commands; c->name; c++) {
		if ((c->options & info->bit) && n + strlen(c->name) + 3 < sizeof(takers))
			n += (size_t)sprintf(takers + n, "%s%s", n ? ", " : "", c->name);
	}
	message_error("%s does not take %s\n  = it belongs to: %s", command->name,
		      quoted ? quoted : info->name, takers);
	free(quoted);
}

static void say_unknown(const struct command *command, const char *typed, const char *best)
{
	char *quoted = message_quote(NULL, typed);

	if (best)
		message_error("%s: there is no option %s\n  = did you mean --%s?", command->name,
			      quoted ? quoted : "", best);
	else
		message_error("%s: there is no option %s\n"
			      "  = fsdax-ctl %s --help lists them; put -- in front of names that "
			      "start with a dash",
			      command->name, quoted ? quoted : "", command->name);
	free(quoted);
}

/* Whether several options begin like this, and which; getopt_long() refuses them. */
static bool say_ambiguous(const struct command *command, const char *typed, size_t len)
{
	char list[160] = "";
	size_t n = 0;
	int found = 0;

	for (const struct option_info *info = option_table; info->name; info++) {
		if (!option_taken(info, command) || strncmp(info->name, typed, len) != 0)
			continue;
		found++;
		if (n + strlen(info->name) + 5 < sizeof(list))
			n += (size_t)sprintf(list + n, "%s--%s", n ? ", " : "", info->name);
	}
	if (found < 2)
		return false;
	message_error("%s: --%.*s may mean several options\n  = they are: %s", command->name,
		      (int)len, typed, list);
	return true;
}

/* word: such as "--jsno" or "--jsno=x". */
static void say_bad_long(const struct command *command, const char *word)
{
	size_t len = strcspn(word + 2, "=");
	const struct option_info *info = find_name(word + 2, len);
	struct suggestion s = {0};
	char *typed;

	if (info || say_ambiguous(command, word + 2, len)) {
		if (info)
			say_not_taken(command, info, word);
		return;
	}
	typed = strndup(word, len + 2);
	for (info = option_table; info->name && typed; info++) {
		if (option_taken(info, command))
			suggest_offer(&s, typed + 2, info->name);
	}
	say_unknown(command, typed ? typed : "--", s.best);
	free(typed);
}

/* getopt_long() returned '?'. word: the argument it was at, if that was a long option. */
static void say_bad_option(const struct command *command, const char *word)
{
	const struct option_info *info = optopt ? find_value(optopt) : NULL;
	char typed[8];

	if (optopt == 0) {
		say_bad_long(command, word);
		return;
	}
	if (optopt >= FIRST_LONG) {
		option_mistake("leave out the = and what follows", "--%s takes no value",
			       info->name);
		return;
	}
	snprintf(typed, sizeof(typed), "-%c", optopt);
	if (info)
		say_not_taken(command, info, typed);
	else
		say_unknown(command, typed, NULL);
}

static void say_no_value(const struct option_info *info)
{
	option_mistake(NULL, "--%s needs a value: --%s=%s", info->name, info->name, info->value);
}

static int count_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return CPU_COUNT(&set);
}

static int check_operands(const struct options *opts)
{
	const struct command *c = opts->command;
	const char *args = opts->merge ? "--merge PART..." : c->args;
	char usage[80];

	snprintf(usage, sizeof(usage), "write: fsdax-ctl %s%s%s", c->name, *args ? " " : "", args);
	if (opts->files0 && opts->n_args > 0)
		return option_mistake("name the paths in one of the two places",
				      "%s: --files0-from goes with no other paths", c->name);
	if (opts->files0)
		return 0;
	if (opts->n_args == 0 && c->min_args > 0)
		return option_mistake(usage, "%s: what shall it work on?", c->name);
	if (opts->n_args < c->min_args)
		return option_mistake(usage, "%s: it needs more than %d path%s", c->name,
				      opts->n_args, opts->n_args == 1 ? "" : "s");
	if (opts->watch_seconds && opts->n_args > 0)
		return option_mistake("its seconds stand behind an equals sign, as in --watch=5",
				      "%s: it takes no paths", c->name);
	if (c->max_args == 0 && opts->n_args > 0)
		return option_mistake(usage, "%s: it takes no paths", c->name);
	if (c->max_args >= 0 && opts->n_args > c->max_args)
		return option_mistake(usage, "%s: it takes %d paths, not %d", c->name, c->max_args,
				      opts->n_args);
	return 0;
}

/* The options themselves. Returns -1 to go on, or an exit status. */
static int parse_all(struct options *opts, int argc, char **argv)
{
	struct getopt_tables t;
	int value;

	make_tables(&t, opts->command);
	optind = 0; /* as glibc wants it for a fresh start */
	opterr = 0;
	for (;;) {
		const struct option_info *info;

		value = getopt_long(argc, argv, t.shorts, t.longs, NULL);
		if (value < 0)
			return -1;
		if (value == '?') {
			say_bad_option(opts->command, argv[optind - 1]);
			return EXIT_USAGE;
		}
		info = find_value(value == ':' ? optopt : value);
		if (value == ':') {
			say_no_value(info);
			return EXIT_USAGE;
		}
		if (strcmp(info->name, "help") == 0) {
			options_help(opts->command);
			return EXIT_DONE;
		}
		if (strcmp(info->name, "version") == 0) {
			printf("fsdax-ctl %s\n", fsdax_version());
			return EXIT_DONE;
		}
		opts->given |= info->bit;
		if (info->parse(opts, info, optarg) < 0)
			return EXIT_USAGE;
	}
}

/* An option of those in bits that was given, or NULL. */
static const char *first_given(const struct options *opts, uint64_t bits)
{
	for (const struct option_info *info = option_table; info->name; info++) {
		if (opts->given & bits & info->bit)
			return info->name;
	}
	return NULL;
}

/* Options that each have a meaning, but not together. */
static int check_together(const struct options *opts)
{
	const char *walk = first_given(opts, OPT_WALK | OPT_ROOT);

	if (opts->html && opts->json)
		return option_mistake("print one of the two, and run it again for the other",
				      "%s: --html and --json do not go together",
				      opts->command->name);
	if (opts->html && opts->verbose)
		return option_mistake("leave out -v: the page has all the sums, and no list of files",
				      "%s: --html and -v do not go together", opts->command->name);
	if (opts->merge && walk)
		return option_mistake("give it where the parts are scanned",
				      "%s: --merge scans nothing, and --%s has no meaning for it",
				      opts->command->name, walk);
	return 0;
}

/* Globs are tried out here, so that a bad one is a mistake in usage for every command. */
static int check_excludes(const struct options *opts)
{
	struct fsdax_policy *policy;

	if (exclude_load(opts, &policy) < 0)
		return -EINVAL;
	fsdax_policy_unref(policy);
	return 0;
}

int options_parse(struct options *opts, const struct command *command, int argc, char **argv)
{
	int status;

	memset(opts, 0, sizeof(*opts));
	opts->command = command;
	opts->root = "/";
	opts->jobs = count_cpus();
	opts->top = CONTROL_TOP;
	status = parse_all(opts, argc, argv);
	if (status >= 0)
		return status;
	opts->args = argv + optind;
	opts->n_args = argc - optind;
	if (check_together(opts) < 0 || check_operands(opts) < 0 || check_excludes(opts) < 0)
		return EXIT_USAGE;
	return -1;
}

void options_free(struct options *opts)
{
	free(opts->excludes);
	opts->excludes = NULL;
	opts->n_excludes = 0;
}
