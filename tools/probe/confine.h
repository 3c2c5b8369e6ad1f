/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * confine.h - a mount namespace in which only a few folders can be written to. What a back-end
 * does when it takes a hostile request for a good one is done there, and to nothing else.
 */
#ifndef PROBE_CONFINE_H
#define PROBE_CONFINE_H

#include "options.h"

/*
 * Make everything read-only for this process and those that it starts, for good, but for the
 * given folders and what is mounted below them. A folder directly below / is refused: that is
 * too much to be careless with. On an error it was said why, and nothing may be run.
 */
int confine(const struct names *writable);

/*
 * Whether the program that listens at a socket is confined, too: its root directory is the
 * share, or can't be written to. On an error it was said why.
 */
int confine_check_peer(const char *socket, const char *dir);

/* The subcommand: run a program like that. Returns only if that fails. */
int confine_run(const struct options *options);

#endif
