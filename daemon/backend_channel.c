/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * backend_channel.c - see backend_channel.h.
 *
 * QEMU answers SHMEM_MAP before the change of its memory map has taken effect. The guest would
 * have to be very quick to notice; to be sure, a second message is sent, whose answer can
 * only come after that. It is one that changes nothing: it withdraws a shared object that
 * was never there. Front-ends that do not know of shared objects would take it for nonsense, and
 * with crosvm the device would be gone then: they are not asked.
 */
#include "backend_channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "vhost_socket.h"

/* A front-end that does not answer for so long never will. */
enum { ANSWER_TIMEOUT_MS = 60 * 1000 };

struct backend_channel {
	pthread_mutex_t lock; /* one question at a time */
	int socket;
	int hurry_fd;	     /* an eventfd, readable while nobody may wait */
	unsigned int unread; /* answers that nobody waited for */
	bool shared_objects;
	bool broken;
	struct mapper mapper;
};

/* Whether an answer has come: 0; -ECANCELED in a hurry; -ETIMEDOUT. */
static int wait_for_answer(struct backend_channel *channel)
{
	struct pollfd fds[] = {
		{.fd = channel->socket, .events = POLLIN},
		{.fd = channel->hurry_fd, .events = POLLIN},
	};
	int n;

	do
		n = poll(fds, 2, ANSWER_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	return fds[0].revents ? 0 : -ECANCELED;
}

static int read_answer(struct backend_channel *channel, uint32_t request, uint64_t *answer)
{
	struct vhost_message message;
	int err = vhost_receive(channel->socket, channel->hurry_fd, &message);

	/* In a hurry amid an answer: its rest would be taken for the next one. */
	if (err)
		return err == -ECANCELED ? -EPROTO : err;
	vhost_message_close(&message);
	if (!(message.header.flags & VHOST_REPLY) || message.header.size != sizeof(uint64_t))
		return -EPROTO;
	/* The answers that were not waited for come first. */
	if (channel->unread) {
		channel->unread--;
		return -EAGAIN;
	}
	if (message.header.request != request)
		return -EPROTO;
	*answer = message.payload.u64;
	return 0;
}

static int await(struct backend_channel *channel, uint32_t request, uint64_t *answer)
{
	int err;

	do {
		err = wait_for_answer(channel);
		if (!err)
			err = read_answer(channel, request, answer);
	} while (err == -EAGAIN);
	return err;
}

/* With the lock. 0; -EIO if the front-end said no; other errors break the channel. */
static int ask(struct backend_channel *channel, uint32_t request, const void *payload,
	       uint32_t size, int fd)
{
	const struct vhost_header header = {request, VHOST_VERSION | VHOST_NEED_REPLY, size};
	uint64_t answer = 0;
	int err = -EPIPE;

	if (!channel->broken)
		err = vhost_send(channel->socket, channel->hurry_fd, ANSWER_TIMEOUT_MS, &header,
				 payload, fd);
	/* In a hurry, and not asked at all. */
	if (err == -ECANCELED)
		return -EIO;
	if (!err)
		err = await(channel, request, &answer);
	if (err == -ECANCELED) {
		channel->unread++;
		return 0;
	}
	if (err && !channel->broken) {
		log_error("the front-end does not answer about the DAX window: %s", strerror(-err));
		channel->broken = true;
	}
	return err ? err : answer ? -EIO : 0;
}

static int map(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
	       bool writable)
{
	struct backend_channel *channel = data;
	const struct vhost_mmap mmap = {
		.fd_offset = fd_offset,
		.shm_offset = window_offset,
		.len = len,
		.flags = writable,
	};
	const struct vhost_shared_object nothing = {.uuid = {0}};
	int err;

	pthread_mutex_lock(&channel->lock);
	err = ask(channel, VHOST_BACKEND_SHMEM_MAP, &mmap, sizeof(mmap), fd);
	if (!err && channel->shared_objects)
		ask(channel, VHOST_BACKEND_SHARED_OBJECT_REMOVE, &nothing, sizeof(nothing), -1);
	pthread_mutex_unlock(&channel->lock);
	return err;
}

static int unmap(void *data, uint64_t window_offset, uint64_t len)
{
	struct backend_channel *channel = data;
	const struct vhost_mmap mmap = {.shm_offset = window_offset, .len = len};
	int err;

	pthread_mutex_lock(&channel->lock);
	err = ask(channel, VHOST_BACKEND_SHMEM_UNMAP, &mmap, sizeof(mmap), -1);
	pthread_mutex_unlock(&channel->lock);
	return err;
}

int backend_channel_new(int socket, bool shared_objects, struct backend_channel **channel)
{
	struct backend_channel *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (made->hurry_fd < 0) {
		free(made);
		return -EMFILE;
	}
	pthread_mutex_init(&made->lock, NULL);
	made->socket = socket;
	made->shared_objects = shared_objects;
	made->mapper = (struct mapper){map, unmap, made};
	*channel = made;
	return 0;
}

void backend_channel_free(struct backend_channel *channel)
{
	if (!channel)
		return;
	close(channel->socket);
	close(channel->hurry_fd);
	pthread_mutex_destroy(&channel->lock);
	free(channel);
}

const struct mapper *backend_channel_mapper(struct backend_channel *channel)
{
	return &channel->mapper;
}

void backend_channel_hurry(struct backend_channel *channel, bool on)
{
	uint64_t value = 1;
	ssize_t n;

	if (!channel)
		return;
	n = on ? write(channel->hurry_fd, &value, sizeof(value))
	       : read(channel->hurry_fd, &value, sizeof(value));
	if (n < 0)
		log_debug("the channel's hurry was as it was asked to be");
}
