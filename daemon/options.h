/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - the command line. The names are virtiofsd's where it has them, so that fsdaxd
 * can stand in its place.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "log.h"
#include "settings.h"

/* What main() does with the command line. */
enum options_result {
	OPTIONS_RUN,	      /* serve */
	OPTIONS_HELP,	      /* print and exit with 0 */
	OPTIONS_VERSION,      /* likewise */
	OPTIONS_CAPABILITIES, /* likewise, as JSON for those who start virtiofs daemons */
	OPTIONS_WRONG,	      /* what is wrong has been said on standard error; exit with 2 */
};

struct config;

struct options {
	struct settings settings;
	struct config *config; /* NULL: no --config */
	enum log_level log_level;
	bool syslog;
	bool reconnect; /* wait for another front-end when one has gone */
};

/* Strings are argv's, or the config's. To options_free(), whatever the result. */
enum options_result options_parse(int argc, char **argv, struct options *options);

void options_free(struct options *options);

void options_print_help(void);

#endif
