/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share_fixture.h - shares of one small tree, each with other settings, in the confined place;
 * and a canary beside the tree, which nobody may touch.
 */
#ifndef FUZZ_SHARE_FIXTURE_H
#define FUZZ_SHARE_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"
#include "share.h"

enum { FIXTURE_SHARES = 4 };

/* What the canary's file says: never to be seen in a reply. */
#define FIXTURE_SECRET "the-canary-sings"

/* The tree is made, and all shares are open. Ends the process if that fails. */
void fixture_begin(void);

struct share *fixture_share(unsigned int i);

/* The tree's folder: to change it as the host does. */
int fixture_root(void);

/* Make the tree what it was. */
void fixture_restore(void);

/* Whether an inode number is of something beside the tree. */
bool fixture_is_outside(uint64_t ino);

/* Ends the process if anything beside the tree has been touched. */
void fixture_check(void);

#endif
