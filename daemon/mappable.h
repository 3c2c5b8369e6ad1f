/* SPDX-License-Identifier: BSD-3-Clause */
/* mappable.h - whether a file can be mapped in the guest's window. For verdict.c. */
#ifndef DAEMON_MAPPABLE_H
#define DAEMON_MAPPABLE_H

#include "verdict.h"

/*
 * Asked only about files that are to be DAX, when they are decided on: costs two system
 * calls, and opens nothing, for that would be seen by those who watch the file.
 */
enum unmappable mappable_check(struct share *share, struct inode *inode, const struct statx *stx);

#endif
