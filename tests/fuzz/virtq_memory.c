/* SPDX-License-Identifier: BSD-3-Clause */
/* virtq_memory.c - see virtq_memory.h. */
#include "virtq_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include "guest_memory.h"
#include "insist.h"

#define HALF (MEMORY_SIZE / 2)
#define USER 0x7f0000000000ull

/* guest_address, size, user_address, mmap_offset */
static const struct vhost_memory_region regions[LAYOUTS][4] = {
	{{0x10000, MEMORY_SIZE, USER, 0}},
	/* Side by side: a buffer may begin in one and end in the other. */
	{{0x10000, HALF, USER, 0}, {0x10000 + HALF, HALF, USER + HALF, HALF}},
	/* Far from each other. */
	{{0x10000, HALF, USER, 0}, {0x100000, HALF, USER + (1 << 20), HALF}},
	/* In each other's place: the first counts. */
	{{0x10000, HALF, USER, 0}, {0x10000, MEMORY_SIZE, USER + (1 << 20), 0}},
	/* Up to the last address. */
	{{UINT64_MAX - MEMORY_SIZE, MEMORY_SIZE, USER, 0}},
	/* Many, and one of a byte. */
	{{0, 4096, USER, 0},
	 {4096, 1, USER + 4096, 4096},
	 {4097, 4095, USER + 4097, 4097},
	 {8192, HALF, USER + 8192, 8192}},
};

static struct guest_memory *tables[LAYOUTS];
static uint8_t *mapped[LAYOUTS][4];
uint8_t *virtq_memory;

static unsigned int count(unsigned int layout)
{
	unsigned int n = 0;

	while (n < 4 && regions[layout][n].size)
		n++;
	return n;
}

void virtq_memory_begin(void)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	const int fds[] = {fd, fd, fd, fd};

	insist(fd >= 0 && !ftruncate(fd, MEMORY_SIZE), "no memory");
	virtq_memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	insist(virtq_memory != MAP_FAILED, "no memory");
	for (unsigned int i = 0; i < LAYOUTS; i++) {
		insist(!guest_memory_new(regions[i], fds, count(i), NULL, &tables[i]),
		       "table %u is refused", i);
		for (unsigned int k = 0; k < count(i); k++)
			mapped[i][k] =
				guest_memory_at_user(tables[i], regions[i][k].user_address, 1);
	}
}

struct guest_memory *virtq_memory_table(unsigned int layout)
{
	return tables[layout];
}

/* The region that has a byte of the file. */
static const struct vhost_memory_region *region_of(unsigned int layout, size_t offset)
{
	for (unsigned int k = 0; k < count(layout); k++) {
		const struct vhost_memory_region *region = &regions[layout][k];

		if (offset - region->mmap_offset < region->size)
			return region;
	}
	return &regions[layout][0];
}

uint64_t virtq_guest_address(unsigned int layout, size_t offset)
{
	const struct vhost_memory_region *region = region_of(layout, offset);

	return region->guest_address + (offset - region->mmap_offset);
}

uint64_t virtq_user_address(unsigned int layout, size_t offset)
{
	const struct vhost_memory_region *region = region_of(layout, offset);

	return region->user_address + (offset - region->mmap_offset);
}

bool virtq_find(unsigned int layout, uint64_t guest_address, size_t *offset, uint64_t *len)
{
	for (unsigned int k = 0; k < count(layout); k++) {
		const struct vhost_memory_region *region = &regions[layout][k];
		uint64_t last = region->guest_address + region->size - 1;

		if (guest_address < region->guest_address || guest_address > last)
			continue;
		*offset = region->mmap_offset + (guest_address - region->guest_address);
		if (*len > last - guest_address + 1)
			*len = last - guest_address + 1;
		return true;
	}
	return false;
}

long virtq_offset_of(unsigned int layout, const void *at)
{
	for (unsigned int k = 0; k < count(layout); k++) {
		uintptr_t within = (uintptr_t)at - (uintptr_t)mapped[layout][k];

		if (within < regions[layout][k].size)
			return (long)(regions[layout][k].mmap_offset + within);
	}
	return -1;
}

void virtq_mapped_range(unsigned int layout, const void **start, size_t *size)
{
	uintptr_t low = UINTPTR_MAX, high = 0;

	for (unsigned int k = 0; k < count(layout); k++) {
		uintptr_t at = (uintptr_t)mapped[layout][k];

		low = at < low ? at : low;
		high = at + regions[layout][k].size > high ? at + regions[layout][k].size : high;
	}
	*start = (const void *)low;
	*size = high - low;
}
