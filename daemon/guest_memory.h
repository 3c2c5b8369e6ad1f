/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guest_memory.h - the guest's memory, mapped here.
 *
 * A table of regions is immutable and counted by reference. When the front-end sends a new
 * one (it does at each change of the DAX window), threads that work with the old table go on
 * doing so until they look again, and regions that both tables have are mapped only once.
 */
#ifndef DAEMON_GUEST_MEMORY_H
#define DAEMON_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost_proto.h"

struct guest_memory;

/*
 * Make a table. fds: one for each region, borrowed. old: the table before, or NULL: regions
 * that are the same, of the same file, are taken from it. 0 or -errno.
 */
int guest_memory_new(const struct vhost_memory_region *regions, const int *fds, unsigned int n,
		     const struct guest_memory *old, struct guest_memory **memory);

struct guest_memory *guest_memory_ref(struct guest_memory *memory);
void guest_memory_unref(struct guest_memory *memory);

/*
 * Whether the front-end has cut one of its files, and we found out by touching what was gone.
 * From then on there is other memory in its place, with nothing in it.
 */
bool guest_memory_is_lost(const struct guest_memory *memory);

/*
 * Where a guest's address is here. *len: in, the bytes wanted; out, how many of them are in
 * one piece, at least 1. NULL if it is no address of the guest's memory.
 */
void *guest_memory_at(const struct guest_memory *memory, uint64_t guest_address, uint64_t *len);

/* Where `len` bytes at an address of the front-end are here, all in one piece, or NULL. */
void *guest_memory_at_user(const struct guest_memory *memory, uint64_t user_address, uint64_t len);

#endif
