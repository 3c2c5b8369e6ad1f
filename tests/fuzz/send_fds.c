/* SPDX-License-Identifier: BSD-3-Clause */
/* send_fds.c - see send_fds.h. */
#include "send_fds.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "insist.h"

void send_fds(int socket, const void *bytes, size_t size, const int *fds, unsigned int n_fds)
{
	union {
		char bytes[CMSG_SPACE(SEND_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} space = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		space.align.cmsg_level = SOL_SOCKET;
		space.align.cmsg_type = SCM_RIGHTS;
		space.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&space.align), fds, n_fds * sizeof(int));
	}
	insist(sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size ||
		       errno == EPIPE,
	       "sendmsg: %s", strerror(errno));
}
