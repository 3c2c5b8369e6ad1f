/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message.c - sendmsg(2) and recvmsg(2) for vhost-user: a header, a payload whose length the
 * header tells, and descriptors as ancillary data.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "message.h"

union control {
	char bytes[CMSG_SPACE(sizeof(int) * VHOST_MAX_FDS)];
	struct cmsghdr align;
};

static int socket_error(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return -ETIMEDOUT;
	return errno == EPIPE ? -ECONNRESET : -errno;
}

static void attach_fds(struct msghdr *msg, union control *control, const int *fds, unsigned n_fds)
{
	struct cmsghdr *cmsg;

	if (!n_fds)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n_fds);
}

int message_send(int sock, const struct vhost_header *header, const void *payload, const int *fds,
		 unsigned n_fds)
{
	struct iovec iov[2] = {
		{.iov_base = (void *)header, .iov_len = sizeof(*header)},
		{.iov_base = (void *)payload, .iov_len = payload ? header->size : 0},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	union control control;
	ssize_t n;

	if (n_fds > VHOST_MAX_FDS)
		return -EINVAL;
	attach_fds(&msg, &control, fds, n_fds);
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return socket_error();
	/* Messages are far smaller than a socket's buffer: never sent in part. */
	return (size_t)n == iov[0].iov_len + iov[1].iov_len ? 0 : -EIO;
}

static void take_fds(struct message *message, struct msghdr *msg)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (message->n_fds < VHOST_MAX_FDS)
				message->fds[message->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

/* Read exactly size bytes, and keep the descriptors that come along. */
static int recv_part(int sock, void *buf, size_t size, struct message *message)
{
	size_t done = 0;

	while (done < size) {
		struct iovec iov = {.iov_base = (char *)buf + done, .iov_len = size - done};
		union control control;
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control.bytes,
				     .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return socket_error();
		if (n == 0)
			return -ECONNRESET;
		take_fds(message, &msg);
		done += (size_t)n;
	}
	return 0;
}

int message_recv(int sock, struct message *message)
{
	int err;

	message->n_fds = 0;
	err = recv_part(sock, &message->header, sizeof(message->header), message);
	if (!err && message->header.size > sizeof(message->payload))
		err = -EPROTO;
	if (!err)
		err = recv_part(sock, message->payload.bytes, message->header.size, message);
	if (err)
		message_close_fds(message);
	return err;
}

void message_close_fds(struct message *message)
{
	for (unsigned i = 0; i < message->n_fds; i++)
		close(message->fds[i]);
	message->n_fds = 0;
}
