/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost_socket.c - whole messages. See vhost_socket.h. */
#include "vhost_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* More descriptors than a message may have, so that too many are seen and can be closed. */
enum { ROOM_FOR_FDS = 32 };

union fd_space {
	char bytes[CMSG_SPACE(ROOM_FOR_FDS * sizeof(int))];
	struct cmsghdr align;
};

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* No message has a use for a folder; but whoever has one can open what is below it. */
static bool has_folder(const int *fds, size_t n)
{
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		if (fstat(fds[i], &st) || S_ISDIR(st.st_mode))
			return true;
	}
	return false;
}

static int take_fds(struct msghdr *msg, struct vhost_message *message)
{
	int err = msg->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int fds[ROOM_FOR_FDS];
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		if (n > VHOST_MAX_FDS - message->n_fds || has_folder(fds, n)) {
			close_all(fds, n);
			err = -EPROTO;
			continue;
		}
		memcpy(message->fds + message->n_fds, fds, n * sizeof(int));
		message->n_fds += (unsigned int)n;
	}
	return err;
}

/* Whoever has sent the first half of a message may never send the second. */
static int wait_for_bytes(int socket, int stop_fd)
{
	struct pollfd fds[] = {
		{.fd = socket, .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return fds[0].revents ? 0 : -ECANCELED;
}

/* Receive exactly size bytes; descriptors may come with the first of them. */
static int receive_bytes(int socket, int stop_fd, void *buffer, size_t size,
			 struct vhost_message *message)
{
	size_t done = 0;

	while (done < size) {
		union fd_space space;
		struct iovec iov = {(char *)buffer + done, size - done};
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = space.bytes,
			.msg_controllen = sizeof(space.bytes),
		};
		int err = wait_for_bytes(socket, stop_fd);
		ssize_t n;

		if (err)
			return err;
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		err = take_fds(&msg, message);
		if (err)
			return err;
		if (n == 0)
			return -ECONNRESET;
		done += (size_t)n;
	}
	return 0;
}

static int receive(int socket, int stop_fd, struct vhost_message *message)
{
	struct vhost_header *header = &message->header;
	int err = receive_bytes(socket, stop_fd, header, sizeof(*header), message);

	if (err)
		return err;
	if ((header->flags & VHOST_VERSION_MASK) != VHOST_VERSION ||
	    header->size > sizeof(message->payload))
		return -EPROTO;
	return receive_bytes(socket, stop_fd, &message->payload, header->size, message);
}

int vhost_receive(int socket, int stop_fd, struct vhost_message *message)
{
	int err;

	message->n_fds = 0;
	/* What the sender left out reads as zeros. */
	memset(&message->payload, 0, sizeof(message->payload));
	err = receive(socket, stop_fd, message);
	if (err)
		vhost_message_close(message);
	return err;
}

static void attach_fd(struct msghdr *msg, union fd_space *space, int fd)
{
	struct cmsghdr *c = &space->align;

	if (fd < 0)
		return;
	msg->msg_control = space->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

/* The other side may not read what it is sent. */
static int wait_for_room(int socket, int stop_fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = socket, .events = POLLOUT},
		{.fd = stop_fd, .events = POLLIN},
	};
	int n;

	do
		n = poll(fds, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	return fds[0].revents ? 0 : -ECANCELED;
}

int vhost_send(int socket, int stop_fd, int timeout_ms, const struct vhost_header *header,
	       const void *payload, int fd)
{
	union fd_space space = {0};
	struct iovec iov[2] = {
		{(void *)header, sizeof(*header)},
		{(void *)payload, header->size},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	size_t total = sizeof(*header) + header->size;

	attach_fd(&msg, &space, fd);
	for (;;) {
		ssize_t n = sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err;

		/* A message is far smaller than a socket's buffer: in part means that it is stuck. */
		if (n >= 0)
			return (size_t)n == total ? 0 : -EPROTO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		err = wait_for_room(socket, stop_fd, timeout_ms);
		if (err)
			return err;
	}
}

void vhost_message_close(struct vhost_message *message)
{
	for (unsigned int i = 0; i < message->n_fds; i++) {
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	}
	message->n_fds = 0;
}

int vhost_message_take(struct vhost_message *message, unsigned int i)
{
	int fd;

	if (i >= message->n_fds)
		return -1;
	fd = message->fds[i];
	message->fds[i] = -1;
	return fd;
}
