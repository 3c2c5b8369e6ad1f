/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.h - real file systems to test on, in a mount namespace of this process: nothing
 * is left behind, however it ends. Needs root.
 */
#ifndef UNIT_MOUNTS_H
#define UNIT_MOUNTS_H

#include "helper.h"

#include <stdbool.h>

/* A file system to test on. */
struct mounted {
	const char *type;    /* "ext4", "xfs", "btrfs", "tmpfs", "overlay" */
	bool has_flags;	     /* it carries FS_XFLAG_DAX */
	const char *why_not; /* why it is not there, or NULL */
	char path[64];
	int fd; /* of path, open for reading */
};

/*
 * Run the tests on each file system, and then again as on a kernel that has neither
 * getxattrat(2) nor file_getattr(2). Returns how many groups failed.
 */
int mounts_run(const struct CMUnitTest *tests, size_t n);

/* In such a test: the file system. Skips the test if this kernel does not have it. */
const struct mounted *mounts_on(void **state);

#endif
