/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy_target.h - the DST of copy: for a folder of SRC, the folder of the same path there.
 * Links below DST are not followed.
 */
#ifndef CLI_COPY_TARGET_H
#define CLI_COPY_TARGET_H

#include "walk.h"

struct copy_target_thread;

struct copy_target {
	const char *path; /* DST, as the user wrote it */
	const char *name; /* DST is a file: its name in fd; else NULL */
	int fd;		  /* DST, or if it is a file its folder */
	int n_threads;
	struct copy_target_thread *threads;
};

/* Errors: of opening DST. */
int copy_target_open(struct copy_target *target, const char *path, int n_threads);
void copy_target_close(struct copy_target *target);

/*
 * The folder that goes with the entry's, and the entry's name in it. Kept open until the
 * thread asks for another folder's. Returns an fd, or a negative errno.
 */
int copy_target_folder(struct copy_target *target, const struct walk_entry *entry,
		       const char **name);

/* For messages. Allocated, or NULL. */
char *copy_target_path(const struct copy_target *target, const struct walk_entry *entry);

#endif
