/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - the command line of fsdax-probe: one table of options for all subcommands
 * drives the parser and --help.
 */
#ifndef PROBE_OPTIONS_H
#define PROBE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define EXIT_PASSED 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

#define MAX_NAMES 64

/* Names or globs, as given with one option several times. */
struct names {
	const char *list[MAX_NAMES];
	unsigned n;
};

/* Strings point into argv. */
struct options {
	const char *command; /* "check", "race", "load", "know" or "confine" */
	const char *socket, *dir;
	const char *control; /* race: fsdaxd's control socket, or NULL */
	const char *policy;  /* race: the folder that fsdaxd reads its policy from, or NULL */
	bool json, list, keep;
	bool no_window, no_config, no_mem_slots, no_event_idx, indirect, busy;
	struct names only, skip, todo;
	struct names
		writable; /* folders that a back-end may write to, beside dir and the socket's */
	int timeout;	  /* seconds */
	char **backend;	  /* argv of a back-end to start, NULL-terminated; NULL: one is running */
	/* load */
	const char *op;
	int depth, queues, seconds, cpu, pid, files, batch, segment;
};

/*
 * Parse. Returns -1 to go on, or an exit status after --help, --version or a message about a
 * mistake.
 */
int options_parse(struct options *options, int argc, char **argv);

#endif
