/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-mount-data.c - random reads, writes and changes of size of a file on a mount, by
 * several descriptors and a mapping, against an array in memory that must always agree; and at
 * the end against the host's file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local_mount.h"

enum {
	LARGEST = 3 << 20, /* more than one request can carry */
	MOST_AT_ONCE = 1500000,
	STEPS = 1500,
};

struct file {
	struct local_mount mount;
	char path[256], host_path[256];
	int fd, append_fd;
	unsigned char *wanted; /* LARGEST bytes; those past the end are 0 */
	unsigned char *buffer;
	size_t size;
	unsigned int seed;
	int step;
};

static size_t below(struct file *file, size_t n)
{
	/* Of rand_r() the low bits are poor. */
	uint64_t r = (uint64_t)rand_r(&file->seed) << 31 ^ (uint64_t)rand_r(&file->seed);

	return n ? (size_t)(r >> 3) % n : 0;
}

/* Small ones as often as large ones, and whole pages now and then. */
static size_t some_size(struct file *file)
{
	size_t size = 1 + below(file, (size_t)1 << below(file, 21));

	if (below(file, 4) == 0)
		size = (size + 4095) & ~(size_t)4095;
	return size < MOST_AT_ONCE ? size : MOST_AT_ONCE;
}

static size_t some_place(struct file *file)
{
	size_t place = below(file, below(file, 2) ? LARGEST : file->size + 1);

	return below(file, 3) ? place : place & ~(size_t)4095;
}

static void some_bytes(struct file *file, size_t size)
{
	unsigned char first = (unsigned char)below(file, 256);

	for (size_t i = 0; i < size; i++)
		file->buffer[i] = (unsigned char)(first + i * 7 + (i >> 9));
}

static void check_size(struct file *file)
{
	struct stat st;

	assert_int_equal(fstat(file->fd, &st), 0);
	assert_int_equal(st.st_size, file->size);
}

/* ---- Steps ------------------------------------------------------------------------------ */

static void check_bytes(struct file *file, size_t place, size_t size, const void *got)
{
	if (memcmp(got, file->wanted + place, size) == 0)
		return;
	for (size_t i = 0; i < size; i++) {
		if (((const unsigned char *)got)[i] != file->wanted[place + i])
			fail_msg("step %d: byte %zu of %zu at %zu differs", file->step, i, size,
				 place);
	}
}

static void step_read(struct file *file)
{
	size_t place = some_place(file);
	size_t size = some_size(file);
	size_t left = place < file->size ? file->size - place : 0;

	if (size > left)
		left = left > size ? size : left;
	else
		left = size;
	assert_int_equal(pread(file->fd, file->buffer, size, (off_t)place), left);
	check_bytes(file, place, left, file->buffer);
}

static void note_written(struct file *file, size_t place, size_t size)
{
	memcpy(file->wanted + place, file->buffer, size);
	if (place + size > file->size)
		file->size = place + size;
}

static void step_write(struct file *file)
{
	size_t place = some_place(file);
	size_t size = some_size(file);

	if (place + size > LARGEST)
		size = LARGEST - place;
	some_bytes(file, size);
	assert_int_equal(pwrite(file->fd, file->buffer, size, (off_t)place), size);
	note_written(file, place, size);
}

static void step_append(struct file *file)
{
	size_t size = some_size(file);

	if (file->size + size > LARGEST)
		return;
	some_bytes(file, size);
	assert_int_equal(write(file->append_fd, file->buffer, size), size);
	note_written(file, file->size, size);
}

static void step_truncate(struct file *file)
{
	size_t size = some_place(file);

	assert_int_equal(ftruncate(file->fd, (off_t)size), 0);
	if (size < file->size)
		memset(file->wanted + size, 0, file->size - size);
	file->size = size;
}

static void step_allocate(struct file *file)
{
	size_t place = some_place(file);
	size_t size = some_size(file);
	bool keep = below(file, 2);

	if (place + size > LARGEST)
		return;
	assert_int_equal(
		fallocate(file->fd, keep ? FALLOC_FL_KEEP_SIZE : 0, (off_t)place, (off_t)size), 0);
	if (!keep && place + size > file->size)
		file->size = place + size;
}

static void step_punch(struct file *file)
{
	size_t place = some_place(file);
	size_t size = some_size(file);

	if (place + size > LARGEST)
		return;
	assert_int_equal(fallocate(file->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
				   (off_t)place, (off_t)size),
			 0);
	memset(file->wanted + place, 0, size);
}

/* To another place, where the two don't overlap. */
static void step_copy(struct file *file)
{
	off_t from = (off_t)some_place(file), to = (off_t)some_place(file);
	size_t size = some_size(file);
	ssize_t copied;

	if ((size_t)from + size > file->size || (size_t)to + size > LARGEST ||
	    (from < to + (off_t)size && to < from + (off_t)size))
		return;
	copied = copy_file_range(file->fd, &from, file->fd, &to, size, 0);
	assert_true(copied > 0);
	/* The offsets have moved on. */
	memcpy(file->buffer, file->wanted + from - copied, (size_t)copied);
	note_written(file, (size_t)(to - copied), (size_t)copied);
}

static void step_map(struct file *file)
{
	size_t place = some_place(file) & ~(size_t)4095;
	size_t size = some_size(file);
	unsigned char *map;

	if (place + size > file->size)
		return;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (off_t)place);
	/* --cache=never has no shared mappings. */
	if (map == MAP_FAILED) {
		assert_int_equal(errno, ENODEV);
		return;
	}
	check_bytes(file, place, size, map);
	if (below(file, 2)) {
		some_bytes(file, size);
		memcpy(map, file->buffer, size);
		assert_int_equal(msync(map, size, MS_SYNC), 0);
		note_written(file, place, size);
	}
	munmap(map, size);
}

static void step_reopen(struct file *file)
{
	assert_int_equal(close(file->fd), 0);
	file->fd = open(file->path, O_RDWR | O_CLOEXEC);
	assert_true(file->fd >= 0);
}

static void check_host(struct file *file)
{
	int fd = open(file->host_path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fsync(file->fd), 0);
	assert_int_equal(pread(fd, file->buffer, LARGEST, 0), file->size);
	check_bytes(file, 0, file->size, file->buffer);
	close(fd);
}

static void take_step(struct file *file)
{
	static void (*const steps[])(struct file * file) = {
		step_read,     step_read,  step_write, step_write, step_append, step_truncate,
		step_allocate, step_punch, step_copy,  step_map,   step_reopen,
	};

	steps[below(file, sizeof(steps) / sizeof(*steps))](file);
	check_size(file);
	if (file->step % 100 == 0)
		check_host(file);
}

static void try_option(const char *option, const char *more)
{
	const char *const options[] = {option, more, NULL};
	struct file file = {.seed = 20261124};

	local_mount_begin(&file.mount, options);
	snprintf(file.path, sizeof(file.path), "%s/file", file.mount.mnt);
	snprintf(file.host_path, sizeof(file.host_path), "%s/file", file.mount.share);
	file.wanted = calloc(1, LARGEST);
	file.buffer = malloc(LARGEST);
	file.fd = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	file.append_fd = open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(file.fd >= 0 && file.append_fd >= 0);
	for (file.step = 1; file.step <= STEPS; file.step++)
		take_step(&file);
	check_host(&file);
	close(file.fd);
	close(file.append_fd);
	local_mount_end(&file.mount);
	free(file.wanted);
	free(file.buffer);
}

/* ---- Without a name -------------------------------------------------------------------------- */

static void test_nameless(void **state)
{
	const char *const options[] = {NULL};
	struct local_mount mount;
	char proc[64], path[256];
	struct stat st;
	int fd;

	(void)state;
	local_mount_begin(&mount, options);
	fd = open(mount.mnt, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "nameless", 8), 8);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	snprintf(path, sizeof(path), "%s/named", mount.mnt);
	assert_int_equal(linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/named", mount.share);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	local_mount_end(&mount);
}

/* ---- By the ways to cache ---------------------------------------------------------------------- */

static void test_cache_auto(void **state)
{
	(void)state;
	try_option("--cache=auto", NULL);
}

static void test_cache_always(void **state)
{
	(void)state;
	try_option("--cache=always", NULL);
}

static void test_cache_never(void **state)
{
	(void)state;
	try_option("--cache=never", NULL);
}

static void test_writeback(void **state)
{
	(void)state;
	try_option("--cache=always", "--writeback");
}

static void test_many_threads(void **state)
{
	(void)state;
	try_option("--cache=auto", "--thread-pool-size=8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_auto),   cmocka_unit_test(test_cache_always),
		cmocka_unit_test(test_cache_never),  cmocka_unit_test(test_writeback),
		cmocka_unit_test(test_many_threads), cmocka_unit_test(test_nameless),
	};

	if (!local_mount_possible())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
