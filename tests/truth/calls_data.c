/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_data.c - calls that read, write and move data. With O_DIRECT only whole blocks are
 * transferred: see exceptions.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "truth.h"

enum { MOST_DATA = 1 << 18, BLOCK = DATA_BLOCK };

static char *buffer(void)
{
	static char *data;

	if (!data && posix_memalign((void **)&data, BLOCK, MOST_DATA + BLOCK))
		abort();
	return data;
}

size_t data_size(int64_t wanted)
{
	return wanted < 0 ? 0 : wanted > MOST_DATA ? MOST_DATA : (size_t)wanted;
}

char *data_fill(size_t size, int64_t seed)
{
	uint64_t state = (uint64_t)seed;
	char *data = buffer();

	for (size_t at = 0; at < size; at += 8) {
		uint64_t word = random_next(&state);

		memcpy(data + at, &word, 8);
	}
	return data;
}

static void say_data(struct text *out, ssize_t size, const char *data)
{
	if (say_result(out, size) > 0)
		say(out, " data %016llx", (unsigned long long)hash_bytes(0, data, (size_t)size));
}

bool whole_blocks(int fd, int64_t offset, size_t size, struct text *out)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags >= 0 && flags & O_DIRECT && flags & O_APPEND && !fstat(fd, &st))
		offset |= st.st_size;
	if (flags < 0 || !(flags & O_DIRECT) || (offset % BLOCK == 0 && size % BLOCK == 0))
		return true;
	say(out, "left out: not whole blocks");
	return false;
}

static bool whole_blocks_here(int fd, size_t size, struct text *out)
{
	return whole_blocks(fd, lseek(fd, 0, SEEK_CUR), size, out);
}

static void do_read(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);

	if (whole_blocks_here(fd, size, out))
		say_data(out, read(fd, buffer(), size), buffer());
}

/* To a pipe nothing is written: how much fits is no affair of file systems. */
static void do_write(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);

	if (whole_blocks_here(fd, size, out))
		say_result(out, write(fd, data_fill(size, arg[2]), size));
}

static void do_pread(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);

	if (whole_blocks(fd, arg[2], size, out))
		say_data(out, pread(fd, buffer(), size, arg[2]), buffer());
}

static void do_pwrite(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);

	if (whole_blocks(fd, arg[2], size, out))
		say_result(out, pwrite(fd, data_fill(size, arg[3]), size, arg[2]));
}

/* In three parts. */
static int cut(struct iovec *iov, char *data, size_t size)
{
	size_t third = size / 3 / BLOCK * BLOCK;

	iov[0] = (struct iovec){data, third};
	iov[1] = (struct iovec){data + third, third};
	iov[2] = (struct iovec){data + 2 * third, size - 2 * third};
	return 3;
}

static void do_preadv(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);
	struct iovec iov[3];

	if (whole_blocks(fd, arg[2], size, out))
		say_data(out, preadv(fd, iov, cut(iov, buffer(), size), arg[2]), buffer());
}

static void do_pwritev2(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = data_size(arg[1]);
	int fd = slot_fd(actor, arg[0]);
	struct iovec iov[3];
	int n = cut(iov, data_fill(size, arg[2]), size);
	struct stat st;
	off_t end = 0;

	if (arg[3] & RWF_APPEND && !fstat(fd, &st))
		end = st.st_size;
	if (whole_blocks(fd, arg[2] | end, size, out))
		say_result(out, pwritev2(fd, iov, n, arg[2], (int)arg[3]));
}

/* Where data and holes are is the file system's affair; that what it calls a hole is one isn't. */
static bool is_zero(int fd, off_t from, off_t to)
{
	static char page[BLOCK];

	for (off_t at = from; at < to && at < from + (1 << 20); at += BLOCK) {
		ssize_t size = pread(fd, page, BLOCK, at);

		for (ssize_t i = 0; i < size && at + i < to; i++) {
			if (page[i])
				return false;
		}
		if (size <= 0)
			break;
	}
	return true;
}

static void say_found(struct text *out, int fd, off_t from, int whence, off_t found)
{
	int saved = errno;
	struct stat st;

	if (found < 0 && saved == ENXIO && !fstat(fd, &st) && from < st.st_size)
		found = st.st_size; /* no data behind it */
	errno = saved;
	if (found < 0) {
		say_result(out, found);
		return;
	}
	if (whence == SEEK_DATA && !is_zero(fd, from, found))
		say(out, "data at %lld was overlooked", (long long)from);
	else
		say(out, "found");
	lseek(fd, from, SEEK_SET);
}

static void do_lseek(struct actor *actor, const int64_t *arg, struct text *out)
{
	int fd = slot_fd(actor, arg[0]);
	int whence = (int)arg[2];
	struct stat st;
	off_t found;

	/* In a folder positions mean nothing, and what else is no file is the kernel's affair. */
	if (!fstat(fd, &st) && !S_ISREG(st.st_mode)) {
		say(out, "left out: not a file");
		return;
	}
	/* How far one can seek is how large a file can be: FUSE knows no limit. */
	if (arg[1] > 1LL << 42 && whence != SEEK_DATA && whence != SEEK_HOLE) {
		say(out, "left out: too far");
		return;
	}
	/* fuse_lseek() asks the daemon, who has not got yet what is to be written back. */
	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		fdatasync(fd);
	found = lseek(fd, arg[1], whence);
	if ((whence == SEEK_DATA || whence == SEEK_HOLE) && !fstat(fd, &st) && S_ISREG(st.st_mode))
		say_found(out, fd, arg[1], whence, found);
	else
		say_result(out, found);
}

static void do_fallocate(struct actor *actor, const int64_t *arg, struct text *out)
{
	int64_t size = arg[3] > MOST_DATA && arg[3] < 1LL << 41 ? MOST_DATA : arg[3];

	say_result(out, fallocate(slot_fd(actor, arg[0]), (int)arg[1], arg[2], size));
}

static void do_copy_range(struct actor *actor, const int64_t *arg, struct text *out)
{
	int from = slot_fd(actor, arg[0]), to = slot_fd(actor, arg[2]);
	off_t from_offset = arg[1], to_offset = arg[3];
	size_t size = data_size(arg[4]);

	/* How large a file can be the client does not know: who copies nothing hears nothing. */
	if (to_offset > 1LL << 42)
		say(out, "left out: too far");
	/* What is copied may end within a block. */
	else if ((fcntl(from, F_GETFL) | fcntl(to, F_GETFL)) & O_DIRECT && from >= 0 && to >= 0)
		say(out, "left out: O_DIRECT");
	else
		say_result(out, copy_file_range(from, &from_offset, to, &to_offset, size, 0));
}

static bool is_one_file(int a, int b)
{
	struct stat st[2];

	return !fstat(a, &st[0]) && !fstat(b, &st[1]) && st[0].st_ino == st[1].st_ino;
}

static void do_sendfile(struct actor *actor, const int64_t *arg, struct text *out)
{
	int from = slot_fd(actor, arg[0]), to = slot_fd(actor, arg[2]);
	size_t size = data_size(arg[3]);
	off_t offset = arg[1];

	/* How much is read before the first of it is written is nobody's business. */
	if (is_one_file(from, to))
		say(out, "left out: one file");
	else if (whole_blocks(from, offset, size, out) && whole_blocks_here(to, size, out))
		say_result(out, sendfile(to, from, &offset, size));
}

static void do_fsync(struct actor *actor, const int64_t *arg, struct text *out)
{
	int fd = slot_fd(actor, arg[0]);

	switch (arg[1] % 4) {
	case 0: say_result(out, fsync(fd)); break;
	case 1: say_result(out, fdatasync(fd)); break;
	case 2: say_result(out, syncfs(fd)); break;
	default: say_result(out, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	}
}

/* What of a file can be touched in a mapping: not what lies behind its end. */
static size_t mappable(int fd, int64_t offset, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) || offset >= st.st_size)
		return 0;
	return (int64_t)size < st.st_size - offset ? size : (size_t)(st.st_size - offset);
}

static void do_mapread(struct actor *actor, const int64_t *arg, struct text *out)
{
	int64_t offset = arg[1] / BLOCK * BLOCK;
	size_t size = data_size(arg[2]);
	int fd = slot_fd(actor, arg[0]);
	char *map = mmap(NULL, size, PROT_READ, arg[3] % 2 ? MAP_SHARED : MAP_PRIVATE, fd, offset);

	if (map == MAP_FAILED) {
		say_result(out, -1);
		return;
	}
	say_data(out, (ssize_t)mappable(fd, offset, size), map);
	munmap(map, size);
}

static void do_mapwrite(struct actor *actor, const int64_t *arg, struct text *out)
{
	int64_t offset = arg[1] / BLOCK * BLOCK;
	size_t size = data_size(arg[2]), reach;
	int fd = slot_fd(actor, arg[0]);
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (map == MAP_FAILED) {
		say_result(out, -1);
		return;
	}
	reach = mappable(fd, offset, size);
	memcpy(map, data_fill(reach, arg[3]), reach);
	say_result(out, (long)reach);
	if (arg[3] % 3 == 0)
		say_result(out, msync(map, size, MS_SYNC));
	munmap(map, size);
}

const struct call DATA_CALLS[] = {
	{"read", 14, do_read, {SLOT, LENGTH}},
	{"write", 30, do_write, {SLOT, LENGTH, SEED}},
	{"pread", 16, do_pread, {SLOT, LENGTH, OFFSET}},
	{"pwrite", 30, do_pwrite, {SLOT, LENGTH, OFFSET, SEED}},
	{"preadv", 5, do_preadv, {SLOT, LENGTH, OFFSET}},
	{"pwritev2", 10, do_pwritev2, {SLOT, LENGTH, OFFSET, RW_FLAGS}},
	{"lseek", 14, do_lseek, {SLOT, OFFSET, WHENCE}},
	{"fallocate", 16, do_fallocate, {SLOT, FALLOCATE_MODE, OFFSET, LENGTH}},
	{"copy_range", 8, do_copy_range, {SLOT, OFFSET, SLOT, OFFSET, LENGTH}},
	{"sendfile", 5, do_sendfile, {SLOT, OFFSET, SLOT, LENGTH}},
	{"fsync", 6, do_fsync, {SLOT, SEED}},
	{"mapread", 8, do_mapread, {SLOT, OFFSET, LENGTH, SEED}},
	{"mapwrite", 10, do_mapwrite, {SLOT, OFFSET, LENGTH, SEED}},
};
const unsigned int N_DATA_CALLS = sizeof(DATA_CALLS) / sizeof(*DATA_CALLS);
