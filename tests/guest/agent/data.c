// SPDX-License-Identifier: BSD-3-Clause
/*
 * data.c - commands about the bytes of files: through read() and write(), and through memory
 * that is mapped, once or for as long as the test likes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define PIECE (256 << 10)
#define HEX_MAX 65536

/* What is done with a piece of memory: by data_mapped(), and to a mapping that stays. */
struct work {
	int (*run)(void *work);
	unsigned char *at;
	size_t size;
	uint64_t offset; /* of the piece in the file */
	struct sum *sum;
	uint64_t seed;
	size_t done;
};

static int work_sum(void *arg)
{
	struct work *work = arg;

	sum_add(work->sum, work->at, work->size);
	work->done = work->size;
	return 0;
}

static int work_fill(void *arg)
{
	struct work *work = arg;

	pattern_fill(work->seed, work->offset, work->at, work->size);
	work->done = work->size;
	return 0;
}

static int work_check(void *arg)
{
	struct work *work = arg;

	work->done = pattern_check(work->seed, work->offset, work->at, work->size);
	return 0;
}

int way_parse(const char *word, enum way *way)
{
	if (!strcmp(word, "read"))
		*way = WAY_READ;
	else if (!strcmp(word, "mmap"))
		*way = WAY_MMAP;
	else
		return -EINVAL;
	return 0;
}

/* Map a part of a file, whose offset need not be at a page; undo with unmap_part(). */
static int map_part(int fd, int prot, int flags, uint64_t offset, size_t length, unsigned char **at)
{
	size_t head = offset % 4096;
	unsigned char *base = mmap(NULL, length + head, prot, flags, fd, (off_t)(offset - head));

	if (base == MAP_FAILED)
		return -errno;
	*at = base + head;
	return 0;
}

static void unmap_part(unsigned char *at, size_t length)
{
	size_t head = (uintptr_t)at % 4096;

	munmap(at - head, length + head);
}

/* Do the work on a part of a file, mapped all at once. */
static int data_mapped(int fd, int prot, uint64_t offset, size_t length, struct work *work)
{
	int err;

	if (!length)
		return 0;
	err = map_part(fd, prot, MAP_SHARED, offset, length, &work->at);
	if (err)
		return err;
	work->offset = offset;
	work->size = length;
	err = guard_call(work->run, work);
	unmap_part(work->at, length);
	return err;
}

/* Do the work on a part of a file, read piece by piece, until it stops. */
static int data_read(int fd, uint64_t offset, uint64_t length, struct work *work)
{
	unsigned char *piece = malloc(PIECE);
	size_t done = 0;
	ssize_t got = 1;

	if (!piece)
		return -ENOMEM;
	work->at = piece;
	while (done < length) {
		got = pread(fd, piece, length - done < PIECE ? length - done : PIECE,
			    (off_t)(offset + done));
		if (got <= 0)
			break;
		work->offset = offset + done;
		work->size = (size_t)got;
		work->run(work);
		done += work->done;
		if (work->done < work->size)
			break;
	}
	work->done = done;
	got = got < 0 ? -errno : 0;
	free(piece);
	return (int)got;
}

/* Cut a range at the end of the file, as read() does: beyond it, mapped memory is a signal. */
static int range_cut(int fd, uint64_t offset, uint64_t *length)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (offset >= (uint64_t)st.st_size)
		*length = 0;
	else if (*length > (uint64_t)st.st_size - offset)
		*length = (uint64_t)st.st_size - offset;
	return 0;
}

int data_sum(int fd, enum way way, uint64_t offset, uint64_t length, struct sum *sum, uint64_t *n)
{
	struct work work = {.run = work_sum, .sum = sum};
	int err = 0;

	if (way == WAY_READ) {
		err = data_read(fd, offset, length, &work);
	} else {
		err = range_cut(fd, offset, &length);
		if (!err)
			err = data_mapped(fd, PROT_READ, offset, length, &work);
	}
	*n = work.done;
	return err;
}

/* Call with the arguments T OFFSET LENGTH. */
static int do_sum_range(struct call *call, enum way way)
{
	uint64_t at[2], n;
	struct sum sum;
	int fd, err = words_numbers(call, 1, 2, at);

	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_RDONLY);
	if (fd < 0)
		return fd;
	sum_init(&sum);
	err = data_sum(fd, way, at[0], at[1], &sum, &n);
	if (!err)
		fprintf(call->out, "n=%ju sum=%016jx\n", (uintmax_t)n, (uintmax_t)sum_value(&sum));
	close(fd);
	return err;
}

static int do_pread(struct call *call)
{
	return do_sum_range(call, WAY_READ);
}

static int do_mread(struct call *call)
{
	return do_sum_range(call, WAY_MMAP);
}

static int do_sum(struct call *call)
{
	enum way way = WAY_READ;
	struct sum sum;
	uint64_t n;
	int fd, err;

	if (call->argc > 1 && way_parse(call->argv[1], &way))
		return -EINVAL;
	fd = target_open(call, call->argv[0], O_RDONLY);
	if (fd < 0)
		return fd;
	sum_init(&sum);
	err = data_sum(fd, way, 0, INT64_MAX, &sum, &n);
	if (!err)
		fprintf(call->out, "n=%ju sum=%016jx\n", (uintmax_t)n, (uintmax_t)sum_value(&sum));
	close(fd);
	return err;
}

static int do_check(struct call *call)
{
	struct work work = {.run = work_check};
	enum way way = WAY_READ;
	uint64_t at[3]; /* offset, length, seed */
	int fd, err = words_numbers(call, 1, 3, at);

	if (!err && call->argc > 4)
		err = way_parse(call->argv[4], &way);
	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_RDONLY);
	if (fd < 0)
		return fd;
	work.seed = at[2];
	if (way == WAY_READ) {
		err = data_read(fd, at[0], at[1], &work);
	} else {
		uint64_t length = at[1];

		err = range_cut(fd, at[0], &length);
		if (!err)
			err = data_mapped(fd, PROT_READ, at[0], length, &work);
	}
	if (!err && work.done == at[1])
		fprintf(call->out, "same\n");
	else if (!err)
		fprintf(call->out, "differs at=%ju\n", (uintmax_t)(at[0] + work.done));
	close(fd);
	return err;
}

static int do_hex(struct call *call)
{
	unsigned char *bytes;
	uint64_t at[2];
	ssize_t i, n;
	int fd, err = words_numbers(call, 1, 2, at);

	if (err || at[1] > HEX_MAX)
		return -EINVAL;
	fd = target_open(call, call->argv[0], O_RDONLY);
	if (fd < 0)
		return fd;
	bytes = malloc(HEX_MAX);
	n = bytes ? pread(fd, bytes, at[1], (off_t)at[0]) : -1;
	err = n < 0 ? -errno : 0;
	for (i = 0; i < n; i++)
		fprintf(call->out, "%02x", bytes[i]);
	if (!err)
		fputc('\n', call->out);
	free(bytes);
	close(fd);
	return err;
}

/* Write a pattern; offset < 0: where the file's own position is. */
static int write_pattern(int fd, int64_t offset, uint64_t length, uint64_t seed)
{
	unsigned char *piece = malloc(PIECE);
	uint64_t done = 0, start = offset < 0 ? 0 : (uint64_t)offset;
	ssize_t put = 0;
	size_t size;

	if (!piece)
		return -ENOMEM;
	for (; done < length; done += (uint64_t)put) {
		size = length - done < PIECE ? length - done : PIECE;
		pattern_fill(seed, start + done, piece, size);
		put = offset < 0 ? write(fd, piece, size)
				 : pwrite(fd, piece, size, (off_t)(start + done));
		if (put < 0)
			break;
	}
	free(piece);
	return put < 0 ? -errno : 0;
}

static int do_pwrite(struct call *call)
{
	uint64_t at[3];
	int fd, err = words_numbers(call, 1, 3, at);

	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_WRONLY);
	if (fd < 0)
		return fd;
	err = write_pattern(fd, (int64_t)at[0], at[1], at[2]);
	close(fd);
	return err;
}

static int do_write(struct call *call)
{
	uint64_t at[2];
	int fd, err = words_numbers(call, 1, 2, at);

	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	err = write_pattern(fd, 0, at[0], at[1]);
	close(fd);
	return err;
}

/* The pattern goes on as it would have at that offset. */
static int do_append(struct call *call)
{
	uint64_t at[2], end;
	struct stat st;
	int fd, err = words_numbers(call, 1, 2, at);

	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_WRONLY | O_APPEND);
	if (fd < 0)
		return fd;
	err = fstat(fd, &st) ? -errno : 0;
	end = err ? 0 : (uint64_t)st.st_size;
	/* With O_APPEND the offset of pwrite() only tells where the pattern is. */
	if (!err)
		err = write_pattern(fd, (int64_t)end, at[0], at[1]);
	close(fd);
	return err;
}

static int do_mwrite(struct call *call)
{
	struct work work = {.run = work_fill};
	uint64_t at[3];
	int fd, err = words_numbers(call, 1, 3, at);

	if (err)
		return err;
	fd = target_open(call, call->argv[0], O_RDWR);
	if (fd < 0)
		return fd;
	work.seed = at[2];
	err = data_mapped(fd, PROT_READ | PROT_WRITE, at[0], at[1], &work);
	close(fd);
	return err;
}

/* map M T OFFSET LENGTH [ro|rw|private] */
static int do_map(struct call *call)
{
	const char *how = call->argc > 4 ? call->argv[4] : "ro";
	bool write = strcmp(how, "ro");
	int flags = strcmp(how, "private") ? MAP_SHARED : MAP_PRIVATE;
	int fd, err, m = words_index(call->argv[0], AGENT_MAPS);
	struct agent_map *map;
	uint64_t at[2];

	err = words_numbers(call, 2, 2, at);
	if (m < 0 || err || at[0] % 4096)
		return -EINVAL;
	map = &call->agent->maps[m];
	if (map->at)
		return -EBUSY;
	fd = target_open(call, call->argv[1], write && flags == MAP_SHARED ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	err = map_part(fd, PROT_READ | (write ? PROT_WRITE : 0), flags, at[0], at[1], &map->at);
	if (!err)
		map->length = at[1];
	close(fd);
	return err;
}

/* Find the mapping of the first argument, and the part that the next two name. */
static int map_part_of(struct call *call, struct work *work)
{
	int m = words_index(call->argv[0], AGENT_MAPS);
	struct agent_map *map;
	uint64_t at[2];

	if (m < 0 || words_numbers(call, 1, 2, at))
		return -EINVAL;
	map = &call->agent->maps[m];
	if (!map->at || at[0] > map->length || at[1] > map->length - at[0])
		return -EINVAL;
	work->at = map->at + at[0];
	work->offset = at[0];
	work->size = at[1];
	return 0;
}

static int do_peek(struct call *call)
{
	struct sum sum;
	struct work work = {.run = work_sum, .sum = &sum};
	int err = map_part_of(call, &work);

	if (err)
		return err;
	sum_init(&sum);
	err = guard_call(work.run, &work);
	if (!err)
		fprintf(call->out, "n=%zu sum=%016jx\n", work.done, (uintmax_t)sum_value(&sum));
	return err;
}

static int do_poke(struct call *call)
{
	struct work work = {.run = work_fill};
	int err = map_part_of(call, &work);

	if (!err)
		err = words_numbers(call, 3, 1, &work.seed);
	return err ? err : guard_call(work.run, &work);
}

static int do_msync(struct call *call)
{
	int m = words_index(call->argv[0], AGENT_MAPS);
	struct agent_map *map = m < 0 ? NULL : &call->agent->maps[m];

	if (!map || !map->at)
		return -EINVAL;
	return msync(map->at, map->length, MS_SYNC) ? -errno : 0;
}

static int do_unmap(struct call *call)
{
	int m = words_index(call->argv[0], AGENT_MAPS);
	struct agent_map *map = m < 0 ? NULL : &call->agent->maps[m];

	if (!map || !map->at)
		return -EINVAL;
	munmap(map->at, map->length);
	map->at = NULL;
	return 0;
}

const struct command data_commands[] = {
	{"pread", 3, 3, do_pread, "T OFFSET LENGTH: n= and sum= of what read() gives"},
	{"mread", 3, 3, do_mread, "T OFFSET LENGTH: the same of mapped memory"},
	{"sum", 1, 2, do_sum, "T [read|mmap]: of the whole file"},
	{"check", 4, 5, do_check, "T OFFSET LENGTH SEED [read|mmap]: same, or where it differs"},
	{"hex", 3, 3, do_hex, "T OFFSET LENGTH: bytes"},
	{"write", 3, 3, do_write, "T LENGTH SEED: a new file with that pattern; seed 0: zeros"},
	{"pwrite", 4, 4, do_pwrite, "T OFFSET LENGTH SEED"},
	{"append", 3, 3, do_append, "T LENGTH SEED"},
	{"mwrite", 4, 4, do_mwrite, "T OFFSET LENGTH SEED: through mapped memory"},
	{"map", 4, 5, do_map, "M T OFFSET LENGTH [ro|rw|private]: a mapping that stays"},
	{"peek", 3, 3, do_peek, "M OFFSET LENGTH: n= and sum= of a part of it"},
	{"poke", 4, 4, do_poke, "M OFFSET LENGTH SEED: write to a part of it"},
	{"msync", 1, 1, do_msync, "M"},
	{"unmap", 1, 1, do_unmap, "M"},
	{NULL, 0, 0, NULL, NULL},
};
