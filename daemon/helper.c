/* SPDX-License-Identifier: BSD-3-Clause */
/* helper.c - see helper.h. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "settings.h"

/* ---- Its beginning ------------------------------------------------------------------ */

/*
 * A few would do. But who has more of them on the way in sockets than this, by all processes of the
 * same user, may pass on no descriptor (ETOOMANYREFS), and that user is mostly root.
 */
enum { OPEN_FILES = 4096 };

enum { FIRST_FD = STDERR_FILENO + 1, MOST_FDS = 4 };

pid_t helper_fork(int sockets[2])
{
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	pid = fork();
	if (pid < 0) {
		pid = -errno;
		close(sockets[0]);
		close(sockets[1]);
	}
	return pid;
}

/* Sockets above all: the other side must see that they are closed. */
int helper_keep_only(int fds[], int n)
{
	int high[MOST_FDS];

	for (int i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + n);
		if (high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < n; i++) {
		fds[i] = FIRST_FD + i;
		if (dup3(high[i], fds[i], O_CLOEXEC) < 0)
			return -errno;
	}
	return syscall(SYS_close_range, FIRST_FD + n, ~0U, 0) ? -errno : 0;
}

int helper_begin(const char *name, int fds[], int n)
{
	const struct rlimit files = {OPEN_FILES, OPEN_FILES};

	prctl(PR_SET_NAME, name);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	return helper_keep_only(fds, n);
}

int helper_leave_network(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) && errno != EPERM)
		return -errno;
	return 0;
}

/* Any folder will do to mount it on, since nobody else sees it; /proc is always there. */
int helper_leave_files(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", flags | MS_RDONLY, "size=4k,mode=0") ||
	    chdir("/proc") || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		return -errno;
	return 0;
}

/* After privileges have been given up, which would undo the signal. */
int helper_finish(enum filter_kind kind, const struct settings *settings)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return filter_load(kind, settings);
}

/* ---- Messages ------------------------------------------------------------------------- */

union fd_space {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

int helper_send(int socket, const void *message, size_t size, int fd)
{
	union fd_space space = {0};
	struct iovec iov = {(void *)message, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *header = &space.header;

		msg.msg_control = &space;
		msg.msg_controllen = sizeof(space);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size ? 0 : -EIO;
}

int helper_receive(int socket, void *message, size_t size, int *fd)
{
	union fd_space space;
	struct iovec iov = {message, size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &space,
		.msg_controllen = sizeof(space),
	};
	const struct cmsghdr *header;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (n == (ssize_t)size)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EIO;
}
