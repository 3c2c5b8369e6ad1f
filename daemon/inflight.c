/* SPDX-License-Identifier: BSD-3-Clause */
/* inflight.c - see inflight.h. */
#include "inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest_memory.h"

/* So that two queues never share a cache line. */
enum { ALIGNMENT = 64 };

static uint64_t queue_bytes(unsigned int queue_size)
{
	uint64_t bytes =
		sizeof(struct inflight_queue) + queue_size * (uint64_t)sizeof(struct inflight_desc);

	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

uint64_t inflight_size(unsigned int n_queues, unsigned int queue_size)
{
	return n_queues * queue_bytes(queue_size);
}

int inflight_open(int fd, uint64_t offset, uint64_t size, unsigned int n_queues,
		  unsigned int queue_size, struct guest_memory **memory)
{
	const struct vhost_memory_region region = {.size = size, .mmap_offset = offset};

	if (size < inflight_size(n_queues, queue_size) || offset % ALIGNMENT)
		return -EINVAL;
	return guest_memory_new(&region, &fd, 1, NULL, memory);
}

int inflight_new(unsigned int n_queues, unsigned int queue_size, struct guest_memory **memory,
		 int *fd)
{
	uint64_t size = inflight_size(n_queues, queue_size);
	int made = memfd_create("fsdaxd-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (made < 0)
		return -errno;
	if (ftruncate(made, (off_t)size) ||
	    fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	if (!err)
		err = inflight_open(made, 0, size, n_queues, queue_size, memory);
	if (err)
		close(made);
	else
		*fd = made;
	return err;
}

struct inflight_queue *inflight_queue(struct guest_memory *memory, unsigned int index,
				      unsigned int queue_size)
{
	uint64_t len = queue_bytes(queue_size);

	return guest_memory_at(memory, index * len, &len);
}
