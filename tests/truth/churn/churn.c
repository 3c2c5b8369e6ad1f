/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * churn.c - one file, and all that can be done with its bytes, at random, for a long time, with a
 * copy in memory that tells what must be in it.
 *
 * The file is closed and opened again every now and then, and each time it may be with O_DIRECT,
 * through another descriptor beside the first, or, if somebody flips its tag meanwhile, with DAX or
 * without: how often that has changed is said at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/falloc.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	BLOCK = 4096,
	MOST_AT_ONCE = 256 * 1024,
	N_LOG = 4000,
	DAX_ATTRIBUTE = 0x00200000, /* STATX_ATTR_DAX */
};

static const char USAGE[] =
	"usage: churn [--seed N] [--ops N] [--seconds N] [--size BYTES] [--reopen N] [--twin PATH]\n"
	"             [--moves] [--no-direct] [--no-map] [--sparse BYTES] FILE\n"
	"  --reopen N   operations between two opens; 200 if not given\n"
	"  --twin PATH  another way to the same file, which must have the same bytes in the end\n"
	"  --moves      fallocate() with modes that move data, too\n"
	"  --sparse N   instead: a few bytes here and there in a file of that size\n";

struct done {
	const char *name;
	int64_t offset, length, from;
};

struct churn {
	const char *path, *twin;
	uint64_t random, seed;
	unsigned long ops, seconds, reopen;
	size_t most, size;
	bool moves, no_direct, no_map;

	int fd, direct_fd; /* the second with O_DIRECT, or -1 */
	char *want, *got;
	struct done log[N_LOG];
	unsigned long n_done, n_opens, n_dax, n_flips;
	int was_dax;
};

/* ---- What went wrong -------------------------------------------------------------------------- */

static void print_log(const struct churn *churn)
{
	unsigned long first = churn->n_done > 60 ? churn->n_done - 60 : 0;

	for (unsigned long i = first; i < churn->n_done; i++) {
		const struct done *done = &churn->log[i % N_LOG];

		printf("%lu: %s offset %#llx length %#llx", i, done->name,
		       (unsigned long long)done->offset, (unsigned long long)done->length);
		if (done->from >= 0)
			printf(" from %#llx", (unsigned long long)done->from);
		printf("\n");
	}
}

_Noreturn static void fail(const struct churn *churn, const char *what)
{
	int saved = errno;

	print_log(churn);
	printf("churn: seed %llu, operation %lu: %s: %s\n", (unsigned long long)churn->seed,
	       churn->n_done, what, strerror(saved));
	exit(1);
}

static void compare(struct churn *churn, const char *what, size_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (churn->got[i] == churn->want[offset + i])
			continue;
		errno = 0;
		printf("byte %#zx is %#x, and must be %#x; file size %#zx\n", offset + i,
		       (unsigned char)churn->got[i], (unsigned char)churn->want[offset + i],
		       churn->size);
		fail(churn, what);
	}
}

static void note(struct churn *churn, const char *name, size_t offset, size_t length, int64_t from)
{
	churn->log[churn->n_done++ % N_LOG] =
		(struct done){name, (int64_t)offset, (int64_t)length, from};
}

/* ---- Drawing ------------------------------------------------------------------------------------ */

static uint64_t next(struct churn *churn)
{
	uint64_t z = churn->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t below(struct churn *churn, size_t n)
{
	return n ? (size_t)(next(churn) % n) : 0;
}

/* Often whole blocks, and always within the most that the file may be. */
static void draw_range(struct churn *churn, size_t end, size_t *offset, size_t *length)
{
	*offset = below(churn, end);
	*length = 1 + below(churn, below(churn, 4) ? 3 * BLOCK : MOST_AT_ONCE);
	if (below(churn, 3) == 0) {
		*offset -= *offset % BLOCK;
		*length = (*length + BLOCK - 1) / BLOCK * BLOCK;
	}
	if (*offset + *length > churn->most)
		*length = churn->most - *offset;
	if (*length > MOST_AT_ONCE)
		*length = MOST_AT_ONCE;
}

static void grow_to(struct churn *churn, size_t size)
{
	if (size > churn->size)
		churn->size = size;
}

/* In memory: bytes that nobody wrote are 0 already. */
static void fill(struct churn *churn, size_t offset, size_t length)
{
	uint64_t word = next(churn);

	for (size_t i = 0; i < length; i++) {
		if (i % 8 == 0)
			word = word * 6364136223846793005 + 1442695040888963407;
		churn->want[offset + i] = (char)(word >> (8 * (i % 8) % 56));
	}
	grow_to(churn, offset + length);
}

static void zero(struct churn *churn, size_t offset, size_t length)
{
	memset(churn->want + offset, 0, length);
}

static int some_fd(struct churn *churn, size_t offset, size_t length)
{
	if (churn->direct_fd >= 0 && offset % BLOCK == 0 && length % BLOCK == 0 && below(churn, 2))
		return churn->direct_fd;
	return churn->fd;
}

/* ---- Operations ----------------------------------------------------------------------------------- */

static void do_read(struct churn *churn)
{
	size_t offset, length;
	ssize_t size, wanted;
	int fd;

	draw_range(churn, churn->most, &offset, &length);
	fd = some_fd(churn, offset, length);
	note(churn, fd == churn->fd ? "read" : "read direct", offset, length, -1);
	size = pread(fd, churn->got, length, (off_t)offset);
	wanted = offset >= churn->size ? 0 : (ssize_t)(churn->size - offset);
	if (wanted > (ssize_t)length)
		wanted = (ssize_t)length;
	if (size != wanted)
		fail(churn, "read: another size");
	compare(churn, "read: another byte", offset, (size_t)size);
}

static void do_write(struct churn *churn)
{
	size_t offset, length;
	int fd;

	draw_range(churn, churn->most, &offset, &length);
	if (!length)
		return;
	fd = some_fd(churn, offset, length);
	note(churn, fd == churn->fd ? "write" : "write direct", offset, length, -1);
	fill(churn, offset, length);
	memcpy(churn->got, churn->want + offset, length);
	if (pwrite(fd, churn->got, length, (off_t)offset) != (ssize_t)length)
		fail(churn, "write");
}

static void do_append(struct churn *churn)
{
	size_t length = 1 + below(churn, 3 * BLOCK);
	struct iovec iov = {churn->got, length};

	if (churn->size + length > churn->most)
		return;
	note(churn, "append", churn->size, length, -1);
	fill(churn, churn->size, length);
	memcpy(churn->got, churn->want + churn->size - length, length);
	if (pwritev2(churn->fd, &iov, 1, 0, RWF_APPEND) != (ssize_t)length)
		fail(churn, "append");
}

static void do_truncate(struct churn *churn)
{
	size_t size = below(churn, churn->most);

	note(churn, "truncate", size, 0, -1);
	if (below(churn, 2) ? ftruncate(churn->fd, (off_t)size)
			    : truncate(churn->path, (off_t)size))
		fail(churn, "truncate");
	if (size < churn->size)
		zero(churn, size, churn->size - size);
	churn->size = size;
}

static char *map(struct churn *churn, size_t *offset, size_t *length, int prot, size_t *inner)
{
	char *at;

	draw_range(churn, churn->size, offset, length);
	if (*offset + *length > churn->size)
		*length = churn->size - *offset;
	*inner = *offset % BLOCK;
	if (!*length)
		return NULL;
	at = mmap(NULL, *inner + *length, prot, MAP_SHARED, churn->fd, (off_t)(*offset - *inner));
	if (at == MAP_FAILED)
		fail(churn, "mmap");
	return at;
}

static void do_mapread(struct churn *churn)
{
	size_t offset, length, inner;
	char *at = churn->no_map ? NULL : map(churn, &offset, &length, PROT_READ, &inner);

	if (!at)
		return;
	note(churn, "mapread", offset, length, -1);
	memcpy(churn->got, at + inner, length);
	compare(churn, "mapread: another byte", offset, length);
	munmap(at, inner + length);
}

static void do_mapwrite(struct churn *churn)
{
	size_t offset, length, inner;
	char *at =
		churn->no_map ? NULL : map(churn, &offset, &length, PROT_READ | PROT_WRITE, &inner);

	if (!at)
		return;
	note(churn, "mapwrite", offset, length, -1);
	fill(churn, offset, length);
	memcpy(at + inner, churn->want + offset, length);
	if (below(churn, 3) == 0 && msync(at, inner + length, MS_SYNC))
		fail(churn, "msync");
	munmap(at, inner + length);
}

static bool try_fallocate(struct churn *churn, const char *name, int mode, size_t offset,
			  size_t length)
{
	if (!length)
		return false;
	note(churn, name, offset, length, -1);
	if (fallocate(churn->fd, mode, (off_t)offset, (off_t)length) == 0)
		return true;
	if (errno != EOPNOTSUPP)
		fail(churn, name);
	return false;
}

static void do_fallocate(struct churn *churn)
{
	bool keeps = below(churn, 2);
	size_t offset, length;

	draw_range(churn, churn->most, &offset, &length);
	if (try_fallocate(churn, keeps ? "allocate, size kept" : "allocate",
			  keeps ? FALLOC_FL_KEEP_SIZE : 0, offset, length) &&
	    !keeps)
		grow_to(churn, offset + length);
}

/* Of a range, what lies within the file. */
static void zero_within(struct churn *churn, size_t offset, size_t length)
{
	if (offset < churn->size)
		zero(churn, offset, offset + length > churn->size ? churn->size - offset : length);
}

static void do_punch(struct churn *churn)
{
	size_t offset, length;

	draw_range(churn, churn->most, &offset, &length);
	if (try_fallocate(churn, "punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			  length))
		zero_within(churn, offset, length);
}

static void do_zero(struct churn *churn)
{
	bool keeps = below(churn, 2);
	size_t offset, length;

	draw_range(churn, churn->most, &offset, &length);
	if (!try_fallocate(churn, keeps ? "zero, size kept" : "zero",
			   FALLOC_FL_ZERO_RANGE | (keeps ? FALLOC_FL_KEEP_SIZE : 0), offset,
			   length))
		return;
	zero_within(churn, offset, length);
	if (!keeps)
		grow_to(churn, offset + length);
}

static void do_collapse(struct churn *churn)
{
	size_t blocks = churn->size / BLOCK;
	size_t offset = below(churn, blocks) * BLOCK, length = (1 + below(churn, 8)) * BLOCK;

	if (!churn->moves || offset + length >= churn->size)
		return;
	if (!try_fallocate(churn, "collapse", FALLOC_FL_COLLAPSE_RANGE, offset, length))
		return;
	memmove(churn->want + offset, churn->want + offset + length, churn->size - offset - length);
	churn->size -= length;
	zero(churn, churn->size, length);
}

static void do_insert(struct churn *churn)
{
	size_t offset = below(churn, churn->size / BLOCK) * BLOCK;
	size_t length = (1 + below(churn, 8)) * BLOCK;

	if (!churn->moves || offset >= churn->size || churn->size + length > churn->most)
		return;
	if (!try_fallocate(churn, "insert", FALLOC_FL_INSERT_RANGE, offset, length))
		return;
	memmove(churn->want + offset + length, churn->want + offset, churn->size - offset);
	zero(churn, offset, length);
	churn->size += length;
}

static void do_copy(struct churn *churn)
{
	size_t from, to, length;
	off_t from_offset, to_offset;

	draw_range(churn, churn->size, &from, &length);
	to = below(churn, churn->most);
	if (from + length > churn->size)
		length = churn->size - from;
	if (to + length > churn->most)
		length = churn->most - to;
	/* Of one file, ranges that overlap are refused. */
	if (!length || (to < from + length && from < to + length))
		return;
	note(churn, "copy", to, length, (int64_t)from);
	from_offset = (off_t)from;
	to_offset = (off_t)to;
	for (size_t left = length; left;) {
		ssize_t done =
			copy_file_range(churn->fd, &from_offset, churn->fd, &to_offset, left, 0);

		if (done <= 0)
			fail(churn, "copy");
		left -= (size_t)done;
	}
	memmove(churn->want + to, churn->want + from, length);
	grow_to(churn, to + length);
}

static void do_sync(struct churn *churn)
{
	note(churn, "fsync", 0, 0, -1);
	if (below(churn, 2) ? fsync(churn->fd) : fdatasync(churn->fd))
		fail(churn, "fsync");
}

/* The cache is given up: what comes next is read from the file system. */
static void do_invalidate(struct churn *churn)
{
	note(churn, "invalidate", 0, 0, -1);
	posix_fadvise(churn->fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* A byte that lseek() says is in a hole must be 0. */
static void do_seek(struct churn *churn)
{
	size_t offset = below(churn, churn->most);
	off_t data;

	note(churn, "seek", offset, 0, -1);
	/* A FUSE client asks the daemon, and what is to be written back is not there yet. */
	if (fdatasync(churn->fd))
		fail(churn, "fdatasync");
	data = lseek(churn->fd, (off_t)offset, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		fail(churn, "SEEK_DATA");
	if (data < 0)
		data = (off_t)(offset < churn->size ? churn->size : offset);
	for (size_t i = offset; i < (size_t)data && i < churn->size; i++) {
		if (churn->want[i])
			fail(churn, "SEEK_DATA has passed over data");
	}
}

static void do_stat(struct churn *churn)
{
	struct stat st;

	note(churn, "stat", 0, 0, -1);
	if (below(churn, 2) ? fstat(churn->fd, &st) : stat(churn->path, &st))
		fail(churn, "stat");
	if (st.st_size != (off_t)churn->size)
		fail(churn, "stat: another size");
}

static void (*const OPERATIONS[])(struct churn *churn) = {
	do_read,      do_read,	     do_read,	 do_write,    do_write,	   do_write,
	do_append,    do_truncate,   do_mapread, do_mapread,  do_mapwrite, do_mapwrite,
	do_fallocate, do_punch,	     do_zero,	 do_collapse, do_insert,   do_copy,
	do_sync,      do_invalidate, do_seek,	 do_stat,
};

/* ---- Opening ---------------------------------------------------------------------------------------- */

static void look_for_dax(struct churn *churn)
{
	struct statx stx;
	int is_dax;

	if (syscall(SYS_statx, churn->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx))
		return;
	is_dax = (stx.stx_attributes & DAX_ATTRIBUTE) != 0;
	churn->n_dax += (unsigned long)is_dax;
	churn->n_flips += churn->n_opens > 1 && is_dax != churn->was_dax;
	churn->was_dax = is_dax;
}

static void open_again(struct churn *churn)
{
	note(churn, "open", 0, 0, -1);
	if (churn->fd >= 0)
		close(churn->fd);
	if (churn->direct_fd >= 0)
		close(churn->direct_fd);
	churn->direct_fd = -1;
	churn->fd = open(churn->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (churn->fd < 0)
		fail(churn, "open");
	if (!churn->no_direct && below(churn, 2))
		churn->direct_fd = open(churn->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	churn->n_opens++;
	look_for_dax(churn);
}

static void check_all(struct churn *churn, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail(churn, path);
	if (st.st_size != (off_t)churn->size)
		fail(churn, "the end: another size");
	for (size_t at = 0; at < churn->size; at += MOST_AT_ONCE) {
		size_t part = churn->size - at < MOST_AT_ONCE ? churn->size - at : MOST_AT_ONCE;

		if (pread(fd, churn->got, part, (off_t)at) != (ssize_t)part)
			fail(churn, "the end: read");
		compare(churn, "the end: another byte", at, part);
	}
	close(fd);
}

static void run(struct churn *churn)
{
	time_t stop = time(NULL) + (time_t)churn->seconds;
	size_t n = sizeof(OPERATIONS) / sizeof(*OPERATIONS);

	unlink(churn->path);
	for (unsigned long i = 0; churn->seconds ? i % 64 || time(NULL) < stop : i < churn->ops;
	     i++) {
		if (i % churn->reopen == 0)
			open_again(churn);
		OPERATIONS[below(churn, n)](churn);
	}
	fsync(churn->fd);
	check_all(churn, churn->path);
	if (churn->twin)
		check_all(churn, churn->twin);
	unlink(churn->path);
	printf("churn: %lu operations, %lu opens, of these %lu with DAX, which changed %lu times\n",
	       churn->n_done, churn->n_opens, churn->n_dax, churn->n_flips);
}

/* Words at places all over a file that memory has no room for; each tells its place. */
static void run_sparse(struct churn *churn, uint64_t size)
{
	enum { N_PLACES = 200 };
	uint64_t places[N_PLACES], word;
	struct stat st;
	off_t at = 0;

	unlink(churn->path);
	open_again(churn);
	for (int i = 0; i < N_PLACES; i++) {
		places[i] = next(churn) % (size / BLOCK - 1) * BLOCK + 8 * (next(churn) % 500);
		if (pwrite(churn->fd, &places[i], 8, (off_t)places[i]) != 8)
			fail(churn, "write");
	}
	if (ftruncate(churn->fd, (off_t)size) || fsync(churn->fd) || fstat(churn->fd, &st) ||
	    st.st_size != (off_t)size)
		fail(churn, "truncate");
	open_again(churn);
	for (int i = 0; i < N_PLACES; i++) {
		uint64_t zero = 1;

		if (pread(churn->fd, &word, 8, (off_t)places[i]) != 8 || word != places[i])
			fail(churn, "another word");
		at = lseek(churn->fd, (off_t)(places[i] - places[i] % BLOCK), SEEK_DATA);
		if (at < 0 || at > (off_t)places[i])
			fail(churn, "SEEK_DATA");
		if (pread(churn->fd, &zero, 8, (off_t)(places[i] - places[i] % BLOCK + 4088)) !=
			    8 ||
		    zero)
			fail(churn, "what was not written");
	}
	if (lseek(churn->fd, 0, SEEK_END) != (off_t)size || unlink(churn->path))
		fail(churn, "the end");
	printf("churn: %d words in a file of %llu bytes, %lld allocated\n", N_PLACES,
	       (unsigned long long)size, (long long)st.st_blocks * 512);
}

static void allocate(struct churn *churn)
{
	churn->want = calloc(1, churn->most + MOST_AT_ONCE);
	if (!churn->want || posix_memalign((void **)&churn->got, BLOCK, MOST_AT_ONCE + BLOCK)) {
		fputs("churn: out of memory\n", stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{"seed", 1, NULL, 's'},	  {"ops", 1, NULL, 'o'},       {"seconds", 1, NULL, 't'},
		{"size", 1, NULL, 'z'},	  {"reopen", 1, NULL, 'r'},    {"twin", 1, NULL, 'w'},
		{"moves", 0, NULL, 'm'},  {"no-direct", 0, NULL, 'd'}, {"no-map", 0, NULL, 'p'},
		{"sparse", 1, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	struct churn churn = {
		.seed = 1, .ops = 10000, .most = 600000, .reopen = 200, .fd = -1, .direct_fd = -1};
	uint64_t sparse = 0;
	int found;

	while ((found = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (found) {
		case 's': churn.seed = strtoull(optarg, NULL, 10); break;
		case 'o': churn.ops = strtoul(optarg, NULL, 10); break;
		case 't': churn.seconds = strtoul(optarg, NULL, 10); break;
		case 'z': churn.most = strtoul(optarg, NULL, 10); break;
		case 'r': churn.reopen = strtoul(optarg, NULL, 10); break;
		case 'w': churn.twin = optarg; break;
		case 'm': churn.moves = true; break;
		case 'd': churn.no_direct = true; break;
		case 'h': sparse = strtoull(optarg, NULL, 10); break;
		case 'p': churn.no_map = true; break;
		default: fputs(USAGE, stderr); return 2;
		}
	}
	if (optind + 1 != argc || !churn.reopen || churn.most < BLOCK) {
		fputs(USAGE, stderr);
		return 2;
	}
	churn.path = argv[optind];
	churn.random = churn.seed;
	allocate(&churn);
	if (sparse > 2 * BLOCK)
		run_sparse(&churn, sparse);
	else
		run(&churn);
	free(churn.want);
	free(churn.got);
	return 0;
}
