/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listing.h - all entries of a folder, read through the back-end.
 */
#ifndef PROBE_LISTING_H
#define PROBE_LISTING_H

#include "test.h"

struct listing {
	struct client_dirent *list;
	size_t n, cap;
	unsigned replies; /* that had entries */
};

/*
 * Read a folder with a buffer of size bytes, continuing each time where the last entry said. 0
 * or -errno; listing_free() after either. -ELOOP if it does not come to an end.
 */
int listing_read(struct test *t, uint64_t node, bool plus, size_t size, struct listing *listing);
void listing_free(struct listing *listing);

/* The entry of a name, or NULL. */
const struct client_dirent *listing_find(const struct listing *listing, const char *name);

/* How many entries have the name. */
unsigned listing_count(const struct listing *listing, const char *name);

#endif
