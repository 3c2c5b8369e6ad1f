/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.h - the subcommands check and race, and the tables of checks that they go through.
 */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include "options.h"
#include "test.h"

#define NEEDS_WRITE 1u /* skipped where the share is read-only */
#define NEEDS_DAX 2u   /* skipped without a window and per-inode DAX */

/* A check is given an open session with an empty scratch folder. */
struct check {
	const char *name, *title;
	unsigned needs;
	void (*run)(struct test *t);
};

/* Each ends with a check without a name. */
extern const struct check checks_init[], checks_dax[], checks_map[], checks_map_edge[],
	checks_attr[], checks_names[], checks_file[], checks_data[], checks_dir[], checks_xattr[],
	checks_lock[], checks_hostile[], checks_ring[], checks_session[];

/* The same for the subcommand race. */
extern const struct check races_inode[], races_move[], races_policy[], races_window[],
	races_session[];

int check_run(const struct options *options);

#endif
