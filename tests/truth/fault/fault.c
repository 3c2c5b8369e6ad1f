/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.c - mistakes for a daemon, to show that truth finds them: preloaded, with the name of one
 * in $TRUTH_FAULT. Each stands between the daemon and a system call.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_on(const char *name)
{
	const char *wanted = getenv("TRUTH_FAULT");

	return wanted && strcmp(wanted, name) == 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* "append": what is appended goes where the client believes the end is, less a byte. */
ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	if (is_on("append") && flags & RWF_APPEND)
		return NEXT(pwritev)(fd, iov, n, offset ? offset - 1 : 0);
	return NEXT(pwritev2)(fd, iov, n, offset, flags);
}

/* "nanoseconds": times are set to whole microseconds. */
int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	struct timespec copy[2];

	if (!times || !is_on("nanoseconds"))
		return NEXT(utimensat)(dirfd, path, times, flags);
	memcpy(copy, times, sizeof(copy));
	for (int i = 0; i < 2; i++) {
		if (copy[i].tv_nsec != UTIME_NOW && copy[i].tv_nsec != UTIME_OMIT)
			copy[i].tv_nsec -= copy[i].tv_nsec % 1000;
	}
	return NEXT(utimensat)(dirfd, path, copy, flags);
}

/* "suid": who takes a set-id bit away is not heard. */
int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	struct stat st;

	if (is_on("suid") && fstatat(dirfd, path, &st, 0) == 0)
		mode |= st.st_mode & (S_ISUID | S_ISGID);
	return NEXT(fchmodat)(dirfd, path, mode, flags);
}

/* "short": of a write of more than 64 KiB the last byte is forgotten. */
ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	struct iovec copy[64];
	ssize_t size;

	if (!is_on("short") || n > 64 || n < 1 || iov[n - 1].iov_len < 1)
		return NEXT(pwritev)(fd, iov, n, offset);
	memcpy(copy, iov, (size_t)n * sizeof(*iov));
	copy[n - 1].iov_len--;
	size = NEXT(pwritev)(fd, copy, n, offset);
	return size < 65536 ? NEXT(pwritev)(fd, iov, n, offset) : size + 1;
}

/* "noatime": nobody sees that a file was read. */
ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
	if (is_on("noatime"))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NOATIME);
	return NEXT(preadv)(fd, iov, n, offset);
}

/* "given": a lock that was refused is given when it is tried again, as for who waits for it. */
int fcntl(int fd, int command, ...)
{
	static _Thread_local struct flock refused;
	struct flock *lock;
	va_list args;
	void *arg;
	int result;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	lock = arg;
	if (!is_on("given") || command != F_OFD_SETLK)
		return NEXT(fcntl)(fd, command, arg);
	if (lock->l_type == refused.l_type && lock->l_start == refused.l_start &&
	    lock->l_len == refused.l_len)
		return 0;
	result = NEXT(fcntl)(fd, command, arg);
	if (result && errno == EAGAIN)
		refused = *lock;
	return result;
}
