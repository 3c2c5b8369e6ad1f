/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guest.h - the memory of a guest that isn't there: a memfd, shown to the back-end as two
 * regions with a gap between them, as the memory of a PC is.
 */
#ifndef FRONTEND_GUEST_H
#define FRONTEND_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "vhost.h"

#define GUEST_REGIONS 2

struct guest {
	int fd;
	char *base; /* all of it, as mapped here */
	size_t size;
	size_t used; /* what guest_alloc() gave away */
	struct vhost_region regions[GUEST_REGIONS];
};

/* size: in bytes, rounded up to a multiple of two huge pages. 0 or -errno. */
int guest_init(struct guest *guest, size_t size);
void guest_fini(struct guest *guest);

/*
 * Memory that lies in one region. It is zero, and goes away with the guest. NULL if there is
 * no more. align: a power of two.
 */
void *guest_alloc(struct guest *guest, size_t size, size_t align);

/* The guest physical address of something that guest_alloc() gave. */
uint64_t guest_gpa(const struct guest *guest, const void *address);

/* The first guest physical address above all regions. */
uint64_t guest_end(const struct guest *guest);

#endif
