/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guest.c - the second region starts at 4 GiB and has an offset into the memfd, so that a
 * back-end that confuses the three kinds of address (guest physical, the front-end's, the
 * file's) is found out.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define HALF_ALIGN (2ul << 20)
#define HIGH_GPA (4ull << 30)

static void layout(struct guest *guest)
{
	size_t half = guest->size / 2;

	guest->regions[0] = (struct vhost_region){
		.gpa = 0, .size = half, .user_addr = (uintptr_t)guest->base, .mmap_offset = 0};
	guest->regions[1] = (struct vhost_region){.gpa = HIGH_GPA,
						  .size = half,
						  .user_addr = (uintptr_t)guest->base + half,
						  .mmap_offset = half};
}

int guest_init(struct guest *guest, size_t size)
{
	size_t half = (size / 2 + HALF_ALIGN - 1) & ~(HALF_ALIGN - 1);
	void *base;
	int err;

	*guest = (struct guest){.fd = -1, .size = 2 * half, .used = 4096};
	guest->fd = memfd_create("guest-memory", MFD_CLOEXEC);
	if (guest->fd < 0)
		return -errno;
	if (ftruncate(guest->fd, (off_t)guest->size) < 0)
		goto fail;
	base = mmap(NULL, guest->size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->fd, 0);
	if (base == MAP_FAILED)
		goto fail;
	guest->base = base;
	layout(guest);
	return 0;
fail:
	err = -errno;
	close(guest->fd);
	guest->fd = -1;
	return err;
}

void guest_fini(struct guest *guest)
{
	if (guest->base)
		munmap(guest->base, guest->size);
	if (guest->fd >= 0)
		close(guest->fd);
	*guest = (struct guest){.fd = -1};
}

void *guest_alloc(struct guest *guest, size_t size, size_t align)
{
	size_t half = guest->size / 2;
	size_t start = (guest->used + align - 1) & ~(align - 1);

	if (size > half)
		return NULL;
	if (start < half && start + size > half)
		start = half;
	if (start + size > guest->size)
		return NULL;
	guest->used = start + size;
	return guest->base + start;
}

uint64_t guest_gpa(const struct guest *guest, const void *address)
{
	size_t offset = (size_t)((const char *)address - guest->base);
	size_t half = guest->size / 2;

	return offset < half ? offset : HIGH_GPA + offset - half;
}

uint64_t guest_end(const struct guest *guest)
{
	return HIGH_GPA + guest->size / 2;
}
