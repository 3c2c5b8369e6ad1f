/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_lock.c - locks that the guest hands to the back-end, where that was agreed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "check.h"

/* An open file, twice, and two owners. */
struct locking {
	struct fuse_entry_out entry;
	uint64_t fh[2];
};

static bool begin(struct test *t, uint32_t feature, struct locking *l)
{
	int err;

	if (!(t->c.flags & feature)) {
		test_skip(t, "the back-end leaves such locks to the guest");
		return false;
	}
	err = test_file(t, "file", 1000, 1, &l->entry);
	for (int i = 0; i < 2 && !err; i++)
		err = client_open_file(&t->c, l->entry.nodeid, O_RDWR, &l->fh[i]);
	if (err)
		test_fail(t, "a file that is open twice: %s", test_errno(t, err));
	return !err;
}

static int lock(struct test *t, const struct locking *l, uint32_t opcode, int who, short type,
		uint64_t start, uint64_t end)
{
	struct fuse_file_lock range = {
		.start = start, .end = end, .type = (uint32_t)type, .pid = (uint32_t)(100 + who)};

	return client_lock(&t->c, opcode, l->entry.nodeid, l->fh[who], 0x1000 + (uint64_t)who,
			   &range);
}

static int get_lock(struct test *t, const struct locking *l, int who, uint64_t start, uint64_t end,
		    struct fuse_file_lock *found)
{
	*found = (struct fuse_file_lock){.start = start, .end = end, .type = F_WRLCK, .pid = 1};
	return client_lock(&t->c, FUSE_GETLK, l->entry.nodeid, l->fh[who], 0x1000 + (uint64_t)who,
			   found);
}

static void check_posix(struct test *t)
{
	struct fuse_file_lock found;
	struct locking l;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	OK(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99));
	FAILS(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 50, 149), EAGAIN);
	FAILS(t, lock(t, &l, FUSE_SETLK, 1, F_RDLCK, 99, 99), EAGAIN);
	OK(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 100, 199));
	OK(t, get_lock(t, &l, 1, 0, INT64_MAX, &found));
	EXPECT(t, found.type == F_WRLCK && found.start == 0 && found.end == 99,
	       "GETLK finds %u from %llu to %llu", found.type, (unsigned long long)found.start,
	       (unsigned long long)found.end);
	/* One's own lock is none. */
	OK(t, get_lock(t, &l, 0, 0, 99, &found));
	EXPECT(t, found.type == F_UNLCK, "GETLK finds the owner's own lock");
	OK(t, lock(t, &l, FUSE_SETLK, 0, F_UNLCK, 0, 49));
	OK(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 0, 49));
	FAILS(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 50, 50), EAGAIN);
	OK(t, lock(t, &l, FUSE_SETLK, 0, F_UNLCK, 0, INT64_MAX));
	OK(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 0, INT64_MAX));
}

/* A process of the guest that closes any of its descriptors gives up its locks: FLUSH says so. */
static void check_flush(struct test *t)
{
	struct locking l;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	OK(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99));
	OK(t, client_flush(&t->c, l.entry.nodeid, l.fh[1], 0x1001));
	FAILS(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 0, 99), EAGAIN);
	OK(t, client_flush(&t->c, l.entry.nodeid, l.fh[0], 0x1000));
	OK(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 0, 99));
}

/* Other guests and processes of the host are kept out. */
static void check_host(struct test *t)
{
	struct flock host = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
	struct locking l;
	int fd;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	fd = open(test_path(t, "file"), O_RDWR | O_CLOEXEC);
	MUST(t, fd >= 0, "the host's file");
	EXPECT(t, fcntl(fd, F_OFD_SETLK, &host) == 0, "a lock on the host");
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99) == -EAGAIN,
	       "SETLK of what the host has locked");
	host.l_type = F_UNLCK;
	fcntl(fd, F_OFD_SETLK, &host);
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99) == 0, "SETLK when it is free");
	host.l_type = F_RDLCK;
	EXPECT(t, fcntl(fd, F_OFD_SETLK, &host) < 0, "the host can lock what the guest has");
	close(fd);
}

static int start_wait(struct test *t, const struct locking *l, int who, struct request *request)
{
	struct fuse_lk_in in = {.fh = l->fh[who],
				.owner = 0x1000 + (uint64_t)who,
				.lk = {.start = 0, .end = 99, .type = F_WRLCK, .pid = 101}};
	struct iovec iov[] = {{&in, sizeof(in)}};

	return client_start(&t->c, request, FUSE_SETLKW, l->entry.nodeid, iov, 1, 0);
}

/* While one waits for a lock, the queue must go on: the unlock comes by the same. */
static void check_wait(struct test *t)
{
	struct request *request;
	struct locking l;
	int err;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	request = request_new(&t->fe, 4096, 4096);
	MUST(t, request, "memory");
	err = lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99);
	if (!err)
		err = start_wait(t, &l, 1, request);
	if (!err)
		err = lock(t, &l, FUSE_SETLK, 0, F_RDLCK, 200, 200);
	EXPECT(t, !err, "a request while another waits: %s", test_errno(t, err));
	if (request_poll(request, &t->fe.vqs[t->c.queue])) {
		err = client_finish(&t->c, request, NULL, 0, NULL);
		if (err == -EOPNOTSUPP || err == -ENOSYS)
			test_skip(t, "the back-end has no SETLKW");
		else
			test_fail(t, "SETLKW of what is locked: %s", test_errno(t, err));
	} else if (!err) {
		err = lock(t, &l, FUSE_SETLK, 0, F_UNLCK, 0, 99);
		if (!err)
			err = client_finish(&t->c, request, NULL, 0, NULL);
		EXPECT(t, !err, "the lock that was waited for: %s", test_errno(t, err));
		EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99) == -EAGAIN, "it is not held");
	}
	request_free(request);
}

/* The guest goes while a request waits: the wait must end. */
static void check_wait_ends(struct test *t)
{
	struct request *request;
	struct locking l;
	int err;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	request = request_new(&t->fe, 4096, 4096);
	MUST(t, request, "memory");
	err = lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99);
	if (!err)
		err = start_wait(t, &l, 1, request);
	EXPECT(t, !err, "SETLKW: %s", test_errno(t, err));
	frontend_hang_up(&t->fe);
	t->c.broken = true;
	request_free(request);
	if (!test_session(t, NULL) || !begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	OK(t, lock(t, &l, FUSE_SETLK, 1, F_WRLCK, 0, INT64_MAX));
}

static void check_nonsense(struct test *t)
{
	struct fuse_file_lock found;
	struct locking l;

	if (!begin(t, FUSE_POSIX_LOCKS, &l))
		return;
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, 77, 0, 99) < 0, "a lock of type 77");
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 100, 99) < 0,
	       "a lock that ends before it begins");
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, UINT64_MAX, UINT64_MAX) < 0,
	       "a lock at 2^64-1");
	l.fh[0] = 0x77777777;
	EXPECT(t, lock(t, &l, FUSE_SETLK, 0, F_WRLCK, 0, 99) < 0, "a lock of an unknown handle");
	EXPECT(t, get_lock(t, &l, 0, 0, 99, &found) < 0, "GETLK of an unknown handle");
	test_survives(t, "impossible locks");
}

static int flock_as(struct test *t, const struct locking *l, int who, short type)
{
	struct fuse_lk_in in = {.fh = l->fh[who],
				.owner = 0x1000 + (uint64_t)who,
				.lk = {.end = INT64_MAX, .type = (uint32_t)type},
				.lk_flags = FUSE_LK_FLOCK};
	struct iovec iov[] = {{&in, sizeof(in)}};

	return client_call(&t->c, FUSE_SETLK, l->entry.nodeid, iov, 1, NULL, 0, NULL);
}

static void check_flock(struct test *t)
{
	struct locking l;
	int fd;

	if (!begin(t, FUSE_FLOCK_LOCKS, &l))
		return;
	OK(t, flock_as(t, &l, 0, F_RDLCK));
	OK(t, flock_as(t, &l, 1, F_RDLCK));
	FAILS(t, flock_as(t, &l, 0, F_WRLCK), EAGAIN);
	OK(t, flock_as(t, &l, 1, F_UNLCK));
	OK(t, flock_as(t, &l, 0, F_WRLCK));
	fd = open(test_path(t, "file"), O_RDWR | O_CLOEXEC);
	EXPECT(t, flock(fd, LOCK_SH | LOCK_NB) < 0, "the host can lock what the guest has");
	close(fd);
	/* The last close gives it up. */
	OK(t, client_release(&t->c, l.entry.nodeid, l.fh[0]));
	OK(t, flock_as(t, &l, 1, F_WRLCK));
	EXPECT(t, flock_as(t, &l, 1, 77) < 0, "flock of type 77");
}

const struct check checks_lock[] = {
	{"lock-posix", "GETLK and SETLK, by owner and range", 0, check_posix},
	{"lock-flush", "FLUSH gives up the locks of its owner alone", 0, check_flush},
	{"lock-host", "the host and the guest keep each other out", 0, check_host},
	{"lock-wait", "SETLKW waits, and nothing else does", 0, check_wait},
	{"lock-wait-ends", "a guest that leaves leaves no lock behind", 0, check_wait_ends},
	{"lock-nonsense", "impossible locks are refused", 0, check_nonsense},
	{"lock-flock", "flock(), too", 0, check_flock},
	{0},
};
