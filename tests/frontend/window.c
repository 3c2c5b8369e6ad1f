/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.c - serves SHMEM_MAP and SHMEM_UNMAP the way QEMU 11.1 does:
 *
 *  - a mapping is shared and for reading and writing, whatever its flags say, so a descriptor
 *    that is open for reading only is refused;
 *  - one that ends behind the last byte of the file is refused, the last page too if the
 *    file fills it only in part;
 *  - but if the file ends at or before the mapping's start, it is made longer, as QEMU does
 *    for memory that it makes itself: an empty file grows;
 *  - one that overlaps another is refused;
 *  - an unmap must name offset and length of a mapping exactly.
 *
 * The answer, where one is asked for, is a u64: 0 for done, 1 for refused.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "message.h"
#include "window.h"

#define UUID_SIZE 16
#define PAGE 4096ull

/* Under the lock. The mapping that shares some of the range, or NULL. */
static struct window_mapping *overlapping(struct window *window, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < window->n_mappings; i++) {
		struct window_mapping *m = &window->mappings[i];

		if (offset < m->offset + m->len && m->offset < offset + len)
			return m;
	}
	return NULL;
}

static int remember(struct window *window, uint64_t offset, uint64_t len)
{
	if (window->n_mappings == window->cap) {
		size_t cap = window->cap ? 2 * window->cap : 64;
		void *grown = realloc(window->mappings, cap * sizeof(*window->mappings));

		if (!grown)
			return -ENOMEM;
		window->mappings = grown;
		window->cap = cap;
	}
	window->mappings[window->n_mappings++] = (struct window_mapping){offset, len};
	window->stats.maps++;
	window->stats.live++;
	if (window->stats.live > window->stats.live_max)
		window->stats.live_max = window->stats.live;
	return 0;
}

/* Whether the file is long enough; one that ends before the mapping begins is made so. */
static int check_file(struct window *window, int fd, uint64_t fd_offset, uint64_t len)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size >= fd_offset + len)
		return 0;
	if ((uint64_t)st.st_size > fd_offset) {
		window->stats.past_end++;
		return -EINVAL;
	}
	if (ftruncate(fd, (off_t)(fd_offset + len)) < 0)
		return -errno;
	window->stats.grown++;
	return 0;
}

static bool is_inside(const struct window *window, const struct vhost_mmap *map)
{
	return map->shmid == 0 && map->len > 0 && map->shm_offset % PAGE == 0 &&
	       map->fd_offset % PAGE == 0 && map->shm_offset < window->size &&
	       map->len <= window->size - map->shm_offset && map->fd_offset < INT64_MAX - map->len;
}

static int map_file(struct window *window, const struct vhost_mmap *map, int fd)
{
	/* QEMU rounds up to pages first, and compares with the file's size then. */
	uint64_t len = (map->len + PAGE - 1) & ~(PAGE - 1);
	int err;

	if (window->fail_next) {
		window->fail_next--;
		return -ENOMEM;
	}
	if (!is_inside(window, map)) {
		window->stats.outside++;
		return -EFAULT;
	}
	if (overlapping(window, map->shm_offset, len)) {
		window->stats.overlap++;
		return -EEXIST;
	}
	err = check_file(window, fd, map->fd_offset, len);
	if (err)
		return err;
	if (mmap(window->base + map->shm_offset, len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, (off_t)map->fd_offset) == MAP_FAILED) {
		window->stats.read_only += errno == EACCES;
		return -errno;
	}
	return remember(window, map->shm_offset, map->len);
}

static int unmap_file(struct window *window, const struct vhost_mmap *map)
{
	for (size_t i = 0; i < window->n_mappings; i++) {
		struct window_mapping *m = &window->mappings[i];

		if (m->offset != map->shm_offset || m->len != map->len)
			continue;
		if (mmap(window->base + m->offset, m->len, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			 0) == MAP_FAILED)
			return -errno;
		*m = window->mappings[--window->n_mappings];
		window->stats.unmaps++;
		window->stats.live--;
		return 0;
	}
	window->stats.not_mapped++;
	return -ENOENT;
}

static bool is_malformed(const struct message *message)
{
	switch (message->header.request) {
	case VHOST_BACKEND_SHMEM_MAP:
		return message->header.size < sizeof(struct vhost_mmap) || message->n_fds != 1;
	case VHOST_BACKEND_SHMEM_UNMAP: return message->header.size < sizeof(struct vhost_mmap);
	case VHOST_BACKEND_SHARED_OBJECT_REMOVE: return message->header.size < UUID_SIZE;
	default: return true;
	}
}

/*
 * QEMU answers in order, so a back-end may send something that changes nothing to wait until
 * what came before has taken effect. There are no shared objects here: none can be removed.
 */
static int handle_locked(struct window *window, struct message *message)
{
	if (is_malformed(message)) {
		window->stats.malformed++;
		return -EINVAL;
	}
	switch (message->header.request) {
	case VHOST_BACKEND_SHMEM_MAP:
		return map_file(window, &message->payload.map, message->fds[0]);
	case VHOST_BACKEND_SHMEM_UNMAP: return unmap_file(window, &message->payload.map);
	default: window->stats.barriers++; return -ENOENT;
	}
}

static int handle(struct window *window, struct message *message)
{
	int err;

	pthread_mutex_lock(&window->lock);
	err = handle_locked(window, message);
	pthread_mutex_unlock(&window->lock);
	return err;
}

static int answer(struct window *window, const struct message *message, int err)
{
	struct vhost_header header = {.request = message->header.request,
				      .flags = VHOST_VERSION | VHOST_REPLY,
				      .size = sizeof(uint64_t)};
	uint64_t value = err != 0;

	if (!(message->header.flags & VHOST_NEED_REPLY))
		return 0;
	return message_send(window->sock, &header, &value, NULL, 0);
}

static void *serve(void *arg)
{
	struct window *window = arg;
	struct message message;

	for (;;) {
		struct pollfd fds[2] = {{.fd = window->sock, .events = POLLIN},
					{.fd = window->stop, .events = POLLIN}};
		int err;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		if (!fds[0].revents)
			continue;
		if (message_recv(window->sock, &message))
			break;
		err = handle(window, &message);
		message_close_fds(&message);
		if (answer(window, &message, err))
			break;
	}
	return NULL;
}

static int reserve(struct window *window, uint64_t size)
{
	void *base;

	if (!size)
		return 0;
	base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	window->base = base;
	window->size = size;
	return 0;
}

int window_start(struct window *window, uint64_t size, int *peer)
{
	int pair[2], err;

	*window = (struct window){.sock = -1, .stop = -1};
	pthread_mutex_init(&window->lock, NULL);
	err = reserve(window, size);
	if (err)
		return err;
	window->stop = eventfd(0, EFD_CLOEXEC);
	if (window->stop < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	window->sock = pair[0];
	err = -pthread_create(&window->thread, NULL, serve, window);
	if (err) {
		close(pair[1]);
		return err;
	}
	window->running = true;
	*peer = pair[1];
	return 0;
}

void window_stop(struct window *window)
{
	if (window->running) {
		(void)!eventfd_write(window->stop, 1);
		pthread_join(window->thread, NULL);
	}
	if (window->sock >= 0)
		close(window->sock);
	if (window->stop >= 0)
		close(window->stop);
	if (window->base)
		munmap(window->base, window->size);
	free(window->mappings);
	pthread_mutex_destroy(&window->lock);
	*window = (struct window){.sock = -1, .stop = -1};
}

void window_get_stats(struct window *window, struct window_stats *stats)
{
	pthread_mutex_lock(&window->lock);
	*stats = window->stats;
	pthread_mutex_unlock(&window->lock);
}

void window_fail_next(struct window *window, unsigned n)
{
	pthread_mutex_lock(&window->lock);
	window->fail_next = n;
	pthread_mutex_unlock(&window->lock);
}

static bool in_window(const struct window *window, uint64_t offset, size_t len)
{
	return offset <= window->size && len <= window->size - offset;
}

/* The kernel copies, and so says EFAULT where the processor would raise a signal. */
int window_read(const struct window *window, uint64_t offset, void *buf, size_t len)
{
	struct iovec local = {buf, len}, remote = {window->base + offset, len};

	if (!in_window(window, offset, len))
		return -EFAULT;
	if (!len)
		return 0;
	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

int window_write(const struct window *window, uint64_t offset, const void *buf, size_t len)
{
	struct iovec local = {(void *)buf, len}, remote = {window->base + offset, len};

	if (!in_window(window, offset, len))
		return -EFAULT;
	if (!len)
		return 0;
	return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}
