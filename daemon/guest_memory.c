/* SPDX-License-Identifier: BSD-3-Clause */
/* guest_memory.c - see guest_memory.h. */
#include "guest_memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct range;

/* One file of the guest's memory, mapped; shared by the tables that have it. */
struct mapping {
	atomic_uint refs;
	struct vhost_memory_region region; /* as the front-end gave it */
	dev_t dev;			   /* of the file */
	ino_t ino;
	void *start; /* of the mapping: file offset 0 */
	size_t size;
	unsigned char *bytes; /* of the region */
	struct range *range;
};

struct guest_memory {
	atomic_uint refs;
	unsigned int n;
	struct mapping *mappings[VHOST_MAX_REGIONS];
};

/* ---- Memory that goes away ------------------------------------------------------------------ */

/*
 * The front-end can cut a file at any time after its size was checked, and what we then touch
 * raises SIGBUS. So all that it may cut is noted here, where a signal handler can find it: that
 * puts empty memory in its place, for the thread to go on with, and notes that it did. What is
 * in the guest's memory is none of our concern after that: the connection is ended.
 */
enum { MOST_RANGES = 256 };

struct range {
	atomic_uintptr_t start; /* 0: free */
	atomic_size_t size;
	atomic_bool lost;
};

static struct range ranges[MOST_RANGES];
static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER; /* of who adds one */
static struct sigaction sigbus_before;

static struct range *find_range(uintptr_t at)
{
	for (int i = 0; i < MOST_RANGES; i++) {
		uintptr_t start = atomic_load(&ranges[i].start);

		if (start && at - start < atomic_load(&ranges[i].size))
			return &ranges[i];
	}
	return NULL;
}

/* All of the range, for the page may be a huge one, of which no part can be replaced. */
static bool replace(struct range *range)
{
	void *start = (void *)atomic_load(&range->start);

	atomic_store(&range->lost, true);
	return mmap(start, atomic_load(&range->size), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == start;
}

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	struct range *range = find_range((uintptr_t)info->si_addr);
	int saved = errno;

	(void)signal;
	(void)context;
	/* Anything else ends the process, when it is tried again, as it would have. */
	if (!range || !replace(range))
		sigaction(SIGBUS, &sigbus_before, NULL);
	errno = saved;
}

/* With the lock of who adds a range. */
static void catch_sigbus(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
	struct sigaction now;

	if (sigaction(SIGBUS, NULL, &now) || now.sa_sigaction == on_sigbus)
		return;
	sigbus_before = now;
	sigaction(SIGBUS, &action, NULL);
}

static struct range *add_range(void *start, size_t size)
{
	struct range *range = NULL;

	pthread_mutex_lock(&ranges_lock);
	catch_sigbus();
	for (int i = 0; i < MOST_RANGES && !range; i++) {
		if (!atomic_load(&ranges[i].start))
			range = &ranges[i];
	}
	if (range) {
		atomic_store(&range->lost, false);
		atomic_store(&range->size, size);
		atomic_store(&range->start, (uintptr_t)start);
	}
	pthread_mutex_unlock(&ranges_lock);
	return range;
}

static void remove_range(struct range *range)
{
	atomic_store(&range->start, 0);
}

/* ---- Files of it ----------------------------------------------------------------------------- */

static void mapping_unref(struct mapping *mapping)
{
	if (!mapping || atomic_fetch_sub(&mapping->refs, 1) != 1)
		return;
	remove_range(mapping->range);
	munmap(mapping->start, mapping->size);
	free(mapping);
}

static bool is_same(const struct mapping *mapping, const struct vhost_memory_region *region,
		    const struct stat *file)
{
	return memcmp(&mapping->region, region, sizeof(*region)) == 0 &&
	       mapping->dev == file->st_dev && mapping->ino == file->st_ino;
}

static struct mapping *find_same(const struct guest_memory *old,
				 const struct vhost_memory_region *region, const struct stat *file)
{
	for (unsigned int i = 0; old && i < old->n; i++) {
		if (is_same(old->mappings[i], region, file))
			return old->mappings[i];
	}
	return NULL;
}

/* Neither its sums nor the size of its file may be exceeded, or touching it would be fatal. */
static bool is_sound(const struct vhost_memory_region *region, const struct stat *file)
{
	uint64_t end;

	return region->size > 0 &&
	       !__builtin_add_overflow(region->guest_address, region->size, &end) &&
	       !__builtin_add_overflow(region->user_address, region->size, &end) &&
	       !__builtin_add_overflow(region->mmap_offset, region->size, &end) &&
	       (!S_ISREG(file->st_mode) || end <= (uint64_t)file->st_size);
}

static int map_region(const struct vhost_memory_region *region, int fd, const struct stat *file,
		      struct mapping **mapping)
{
	struct mapping *made = malloc(sizeof(*made));
	size_t size = region->mmap_offset + region->size;
	void *start;

	if (!made)
		return -ENOMEM;
	/* From offset 0, since the offset need not be a multiple of a huge page. */
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (start == MAP_FAILED) {
		int err = -errno;

		free(made);
		return err;
	}
	*made = (struct mapping){
		.region = *region,
		.dev = file->st_dev,
		.ino = file->st_ino,
		.start = start,
		.size = size,
		.bytes = (unsigned char *)start + region->mmap_offset,
		.range = add_range(start, size),
	};
	if (!made->range) {
		munmap(start, size);
		free(made);
		return -ENFILE;
	}
	atomic_init(&made->refs, 1);
	*mapping = made;
	return 0;
}

static int get_mapping(const struct vhost_memory_region *region, int fd,
		       const struct guest_memory *old, struct mapping **mapping)
{
	struct mapping *same;
	struct stat file;

	if (fstat(fd, &file))
		return -errno;
	if (!is_sound(region, &file))
		return -EINVAL;
	same = find_same(old, region, &file);
	if (!same)
		return map_region(region, fd, &file, mapping);
	atomic_fetch_add(&same->refs, 1);
	*mapping = same;
	return 0;
}

int guest_memory_new(const struct vhost_memory_region *regions, const int *fds, unsigned int n,
		     const struct guest_memory *old, struct guest_memory **memory)
{
	struct guest_memory *made = calloc(1, sizeof(*made));
	int err = made ? 0 : -ENOMEM;

	if (n > VHOST_MAX_REGIONS)
		err = -EINVAL;
	for (unsigned int i = 0; i < n && !err; i++) {
		err = get_mapping(&regions[i], fds[i], old, &made->mappings[i]);
		if (!err)
			made->n++;
	}
	if (made)
		atomic_init(&made->refs, 1);
	if (err)
		guest_memory_unref(made);
	else
		*memory = made;
	return err;
}

struct guest_memory *guest_memory_ref(struct guest_memory *memory)
{
	if (memory)
		atomic_fetch_add(&memory->refs, 1);
	return memory;
}

void guest_memory_unref(struct guest_memory *memory)
{
	if (!memory || atomic_fetch_sub(&memory->refs, 1) != 1)
		return;
	for (unsigned int i = 0; i < memory->n; i++)
		mapping_unref(memory->mappings[i]);
	free(memory);
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t guest_address, uint64_t *len)
{
	for (unsigned int i = 0; memory && i < memory->n; i++) {
		const struct mapping *mapping = memory->mappings[i];
		uint64_t offset = guest_address - mapping->region.guest_address;

		if (offset >= mapping->region.size)
			continue;
		if (*len > mapping->region.size - offset)
			*len = mapping->region.size - offset;
		return mapping->bytes + offset;
	}
	return NULL;
}

void *guest_memory_at_user(const struct guest_memory *memory, uint64_t user_address, uint64_t len)
{
	for (unsigned int i = 0; memory && i < memory->n; i++) {
		const struct mapping *mapping = memory->mappings[i];
		uint64_t offset = user_address - mapping->region.user_address;

		if (offset < mapping->region.size && len <= mapping->region.size - offset)
			return mapping->bytes + offset;
	}
	return NULL;
}

bool guest_memory_is_lost(const struct guest_memory *memory)
{
	for (unsigned int i = 0; memory && i < memory->n; i++) {
		if (atomic_load_explicit(&memory->mappings[i]->range->lost, memory_order_relaxed))
			return true;
	}
	return false;
}
