/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapping.h - files in the window, as a guest puts them there: chunk by chunk.
 */
#ifndef PROBE_MAPPING_H
#define PROBE_MAPPING_H

#include "test.h"

#define MAP_READ FUSE_SETUPMAPPING_FLAG_READ
#define MAP_WRITE (FUSE_SETUPMAPPING_FLAG_READ | FUSE_SETUPMAPPING_FLAG_WRITE)

/* How many chunks a file of this size has. */
unsigned mapping_chunks(uint64_t size);

/* Map all chunks of a file, the first at chunk slot of the window. 0 or -errno. */
int mapping_set(struct test *t, uint64_t node, uint64_t size, unsigned slot, uint64_t flags);
int mapping_unset(struct test *t, uint64_t node, uint64_t size, unsigned slot);

/* Check that the window holds bytes [from, to) of scratch_byte(seed), for a file mapped at slot. */
bool mapping_holds(struct test *t, const char *name, unsigned slot, uint64_t from, uint64_t to,
		   unsigned seed);

/* Whether the file is DAX; if not, the check is skipped. */
bool mapping_wanted(struct test *t, const struct fuse_entry_out *entry);

#endif
