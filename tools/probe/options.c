/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - parses with getopt_long(3), whose table is made from ours.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "options.h"

enum kind { FLAG, NUMBER, TEXT, NAMES };

#define CHECK 1
#define LOAD 2
#define CONFINE 4
#define KNOW 8
#define RACE 16
#define CHECKS (CHECK | RACE)
#define ALL (CHECKS | LOAD | KNOW)

struct option_row {
	const char *name, *arg, *help;
	enum kind kind;
	size_t offset;
	int commands;
};

#define AT(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{"socket", "PATH", "the back-end's vhost-user socket", TEXT, AT(socket), ALL},
	{"dir", "DIR", "the share's root folder, on this host", TEXT, AT(dir), ALL},
	{"json", NULL, "one JSON object a line", FLAG, AT(json), ALL},
	{"timeout", "S", "seconds to wait for an answer (10)", NUMBER, AT(timeout), ALL},
	{"no-window", NULL, "be a front-end without a DAX window", FLAG, AT(no_window),
	 ALL},
	{"no-config", NULL, "... without the CONFIG feature", FLAG, AT(no_config), CHECKS | LOAD},
	{"no-mem-slots", NULL, "... without CONFIGURE_MEM_SLOTS", FLAG, AT(no_mem_slots),
	 CHECKS | LOAD},
	{"no-event-idx", NULL, "... without event indexes", FLAG, AT(no_event_idx), CHECKS | LOAD},
	{"indirect", NULL, "... with indirect descriptors", FLAG, AT(indirect), CHECKS | LOAD},
	{"only", "GLOB", "run checks of this name only (again for more)", NAMES, AT(only), CHECKS},
	{"skip", "GLOB", "leave out checks of this name", NAMES, AT(skip), CHECKS},
	{"todo", "GLOB", "checks that are known to fail, and don't count", NAMES, AT(todo), CHECKS},
	{"list", NULL, "name the checks, and run none", FLAG, AT(list), CHECKS},
	{"keep", NULL, "leave the scratch folder in the share", FLAG, AT(keep), ALL},
	{"writable", "DIR", "another folder that BACKEND may write to (again for more)", NAMES,
	 AT(writable), CHECKS | CONFINE},
	{"op", "NAME", "what to ask for: see below (lookup+getattr)", TEXT, AT(op), LOAD},
	{"depth", "N", "requests at a time in each queue (1)", NUMBER, AT(depth), LOAD | KNOW},
	{"queues", "N", "request queues (1)", NUMBER, AT(queues), LOAD},
	{"seconds", "S", "how long; each race (5)", NUMBER, AT(seconds), RACE | LOAD},
	{"control", "PATH", "fsdaxd's control socket; else what needs it is skipped", TEXT,
	 AT(control), RACE},
	{"policy", "DIR", "fsdaxd's policy folder, to write to; else what needs it is skipped",
	 TEXT, AT(policy), RACE},
	{"cpu", "N", "run on this processor only", NUMBER, AT(cpu), LOAD | KNOW},
	{"pid", "PID", "the daemon, to tell its processor time", NUMBER, AT(pid), LOAD | KNOW},
	{"files", "N", "files to ask about (1000)", NUMBER, AT(files), LOAD | KNOW},
	{"batch", "N", "requests offered before a kick (1; at most the depth)", NUMBER, AT(batch),
	 LOAD},
	{"segment", "BYTES", "what one descriptor covers (4096)", NUMBER, AT(segment), LOAD},
	{"busy", NULL, "look for replies all the time instead of sleeping", FLAG, AT(busy), LOAD},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))
#define FILES_MOST 4000000
#define OPT_HELP 1000
#define OPT_VERSION 1001

static const char intro[] =
	"Drives a virtiofs back-end over its vhost-user socket, without a guest.\n"
	"\n"
	"usage: fsdax-probe check --socket PATH --dir DIR [OPTION...] [-- BACKEND ARG...]\n"
	"       fsdax-probe race  --socket PATH --dir DIR [OPTION...] [-- BACKEND ARG...]\n"
	"       fsdax-probe load  --socket PATH --dir DIR [OPTION...] [-- BACKEND ARG...]\n"
	"       fsdax-probe know  --socket PATH --dir DIR [OPTION...] [-- BACKEND ARG...]\n"
	"       fsdax-probe confine [--writable DIR]... -- COMMAND ARG...\n"
	"\n"
	"check    looks whether the back-end keeps to the protocol: TAP, a line for each check;\n"
	"         exit status 0 if all that ran have passed, 1 if some failed\n"
	"race     does at once, by several queues, what must not get into each other's way; as check\n"
	"load     measures how many requests a second it answers\n"
	"know     looks up many files and forgets them, twice, and tells what the back-end's memory\n"
	"         and descriptors are after each\n"
	"confine  runs a program for which nothing can be written to but the given folders\n"
	"\n"
	"With BACKEND, that program is started first, and again whenever it has ended: some end\n"
	"when a front-end leaves. Files are made in a scratch folder in DIR, gone afterwards.\n"
	"\n"
	"check asks for what no guest should get, and a back-end may do it. So check, race and their\n"
	"BACKEND run in a mount namespace where everything is read-only but DIR, the folders of\n"
	"the socket and of --policy, and what --writable names. A back-end that runs already must be confined\n"
	"as well: start it by fsdax-probe confine.\n";

static int command_bit(const char *command)
{
	if (strcmp(command, "check") == 0)
		return CHECK;
	if (strcmp(command, "race") == 0)
		return RACE;
	if (strcmp(command, "load") == 0)
		return LOAD;
	if (strcmp(command, "know") == 0)
		return KNOW;
	return strcmp(command, "confine") == 0 ? CONFINE : 0;
}

static void help_section(const char *title, int mask)
{
	printf("\n%s\n", title);
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[40];

		if (rows[i].commands != mask)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].arg ? " " : "",
			 rows[i].arg ? rows[i].arg : "");
		printf("  %-18s %s\n", left, rows[i].help);
	}
}

static void help(void)
{
	fputs(intro, stdout);
	help_section("check, race, load and know:", ALL);
	help_section("check, race and load:", CHECKS | LOAD);
	help_section("check and race:", CHECKS);
	help_section("check, race and confine:", CHECKS | CONFINE);
	help_section("race:", RACE);
	help_section("race and load:", RACE | LOAD);
	help_section("load and know:", LOAD | KNOW);
	help_section("load:", LOAD);
	printf("\nload's --op:");
	for (unsigned i = 0; load_op_name(i); i++)
		printf(" %s", load_op_name(i));
	putchar('\n');
}

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "fsdax-probe: %s%s; see fsdax-probe --help\n", what, value);
	return EXIT_USAGE;
}

static int set_option(struct options *options, const struct option_row *row, const char *value)
{
	char *member = (char *)options + row->offset, *end;
	struct names *names = (struct names *)member;
	long number;

	switch (row->kind) {
	case FLAG: *(bool *)member = true; return -1;
	case TEXT: *(const char **)member = value; return -1;
	case NAMES:
		if (names->n == MAX_NAMES)
			return complain("too many of --", row->name);
		names->list[names->n++] = value;
		return -1;
	case NUMBER: break;
	}
	errno = 0;
	number = strtol(value, &end, 10);
	if (errno || end == value || *end || number < 0 || number > INT_MAX)
		return complain("not a number: ", value);
	*(int *)member = (int)number;
	return -1;
}

static void make_long_options(struct option *longs)
{
	for (size_t i = 0; i < N_ROWS; i++)
		longs[i] = (struct option){.name = rows[i].name,
					   .has_arg = rows[i].kind == FLAG ? no_argument
									   : required_argument,
					   .val = (int)i};
	longs[N_ROWS] = (struct option){.name = "help", .val = OPT_HELP};
	longs[N_ROWS + 1] = (struct option){.name = "version", .val = OPT_VERSION};
	longs[N_ROWS + 2] = (struct option){0};
}

static int parse_all(struct options *options, int command, int argc, char **argv)
{
	struct option longs[N_ROWS + 3];
	int got, status;

	make_long_options(longs);
	while ((got = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
		if (got == OPT_HELP || got == 'h') {
			help();
			return EXIT_PASSED;
		}
		if (got == OPT_VERSION) {
			puts("fsdax-probe " FSDAX_PROBE_VERSION);
			return EXIT_PASSED;
		}
		if (got == '?' || (size_t)got >= N_ROWS)
			return complain("an option can't be understood", "");
		if (!(rows[got].commands & command))
			return complain("not an option of this command: --", rows[got].name);
		status = set_option(options, &rows[got], optarg);
		if (status >= 0)
			return status;
	}
	return -1;
}

static int check_ranges(const struct options *options)
{
	if (options->depth < 1 || options->depth > 256)
		return complain("--depth must be 1 to 256", "");
	if (options->queues < 1 || options->queues > 32)
		return complain("--queues must be 1 to 32", "");
	if (options->seconds < 1 || options->timeout < 1)
		return complain("--seconds and --timeout must be at least 1", "");
	if (options->files < 1 || options->files > FILES_MOST)
		return complain("--files must be 1 to 4000000", "");
	if (options->batch < 1 || options->batch > options->depth)
		return complain("--batch must be 1 to the depth", "");
	if (options->segment < 64)
		return complain("--segment must be at least 64", "");
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int command, status;

	*options = (struct options){.timeout = 10,
				    .op = "lookup+getattr",
				    .depth = 1,
				    .queues = 1,
				    .seconds = 5,
				    .cpu = -1,
				    .files = 1000,
				    .batch = 1,
				    .segment = 4096};
	if (argc < 2)
		return complain("check, race, load, know or confine?", "");
	command = command_bit(argv[1]);
	options->command = argv[1];
	/* --help and --version may come first. */
	if (!command && argv[1][0] != '-')
		return complain("no such command: ", argv[1]);
	status = command ? parse_all(options, command, argc - 1, argv + 1)
			 : parse_all(options, ALL | CONFINE, argc, argv);
	if (status >= 0)
		return status;
	if (!command)
		return complain("check, race, load, know or confine?", "");
	if (optind < argc - 1)
		options->backend = argv + 1 + optind;
	if (command != CONFINE && !options->list && (!options->socket || !options->dir))
		return complain("--socket and --dir must be given", "");
	return check_ranges(options);
}
