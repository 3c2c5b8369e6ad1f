/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_visit.h - what a thread of a walk brings along for visiting folders.
 */
#ifndef CLI_WALK_VISIT_H
#define CLI_WALK_VISIT_H

#include "walk_internal.h"

/* Bytes of directory entries that are read at once. */
#define WALK_BUFFER (128 * 1024)

/* Close the fd that was opened on a detour, if any. */
void visit_forget_detour(struct walk_worker *worker);

#endif
