/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mixed.c - programs that work on files of a folder, and know what must be in them.
 *
 *	faults-mixed DIR THREADS SECONDS
 *
 * Each thread has a folder, and files in it of which it knows sizes and contents. It writes,
 * appends, cuts, renames, links, removes and reads back, by read(2) and by mmap(2). Exit status 1
 * if something was not as it must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 24, LARGEST = 512 << 10 };

/* For how long fsdaxd keeps what was sent to be looked up again: ten seconds, less clock ticks. */
enum { KEPT_MS = 9990 };

struct file {
	bool exists;
	size_t size;
	unsigned char *bytes; /* LARGEST, of which `size` are in the file */
};

struct worker {
	pthread_t thread;
	char path[4096];
	int dirfd;
	unsigned int seed;
	time_t until;
	uint64_t done;
	struct file files[FILES];
};

static atomic_bool wrong;
static atomic_uint late; /* calls that were tried again */

static void complain(const struct worker *worker, int file, const char *what)
{
	fprintf(stderr, "thread %d, file %d: %s: %s\n", worker->dirfd, file, what, strerror(errno));
	wrong = true;
}

static unsigned int draw(struct worker *worker, unsigned int below)
{
	return (unsigned int)rand_r(&worker->seed) % below;
}

static const char *name_of(int file)
{
	static _Thread_local char names[2][16];
	static _Thread_local int turn;

	turn = !turn;
	sprintf(names[turn], "file%d", file);
	return names[turn];
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/*
 * In a guest, a changed decision has its kernel look a file up again, which happens within one
 * system call and is not to be seen: nobody else has names in this folder, so ESTALE is never
 * right. But what was looked up is kept for ten seconds only (see fsdaxd(8), "When a change is
 * picked up"): a call that took longer, since the machine had others to run, may find another
 * change.
 */
static bool was_late(uint64_t start)
{
	if (errno != ESTALE || now_ms() - start < KEPT_MS)
		return false;
	late++;
	return true;
}

static int open_file(struct worker *worker, int file, int flags)
{
	uint64_t start;
	int fd;

	do {
		start = now_ms();
		fd = openat(worker->dirfd, name_of(file), flags | O_CLOEXEC, 0644);
	} while (fd < 0 && was_late(start));
	if (fd < 0)
		complain(worker, file, "open");
	return fd;
}

/* By its name: it isn't opened for that. */
static int cut_by_name(const struct worker *worker, int file, size_t size)
{
	char path[sizeof(worker->path) + 32];
	uint64_t start;
	int err;

	snprintf(path, sizeof(path), "%s/%s", worker->path, name_of(file));
	do {
		start = now_ms();
		err = truncate(path, (off_t)size);
	} while (err && was_late(start));
	return err;
}

static int cut_by_descriptor(struct worker *worker, int file, size_t size)
{
	int fd = open_file(worker, file, O_RDWR);
	int err = fd < 0 ? -1 : ftruncate(fd, (off_t)size);

	close(fd);
	return err;
}

/* ---- What is done to files ------------------------------------------------------------------- */

static void write_file(struct worker *worker, int number, struct file *file)
{
	bool anew = draw(worker, 8) == 0;
	size_t at = anew ? 0 : draw(worker, (unsigned int)file->size + 1);
	size_t size = 1 + draw(worker, 65536);
	int fd = open_file(worker, number, O_RDWR | O_CREAT | (anew ? O_TRUNC : 0));

	if (fd < 0)
		return;
	if (anew)
		file->size = 0;
	if (size > LARGEST - at)
		size = LARGEST - at;
	for (size_t i = 0; i < size; i++)
		file->bytes[at + i] = (unsigned char)(worker->done * 31 + at + i * 7);
	if (pwrite(fd, file->bytes + at, size, (off_t)at) != (ssize_t)size)
		complain(worker, number, "write");
	if (file->size < at + size)
		file->size = at + size;
	file->exists = true;
	if (draw(worker, 8) == 0 && fsync(fd))
		complain(worker, number, "fsync");
	close(fd);
}

static void map_file(struct worker *worker, int number, struct file *file)
{
	int fd = open_file(worker, number, O_RDWR);
	unsigned char *bytes;
	size_t at;

	if (fd < 0 || !file->size) {
		close(fd);
		return;
	}
	bytes = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED) {
		complain(worker, number, "mmap");
		return;
	}
	errno = 0;
	if (memcmp(bytes, file->bytes, file->size) != 0)
		complain(worker, number, "what is mapped differs");
	at = draw(worker, (unsigned int)file->size);
	bytes[at] = file->bytes[at] = (unsigned char)worker->done;
	munmap(bytes, file->size);
}

static void read_file(struct worker *worker, int number, struct file *file)
{
	static _Thread_local unsigned char bytes[LARGEST + 1];
	int fd = open_file(worker, number, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof(bytes), 0);

	errno = 0;
	if (n != (ssize_t)file->size || memcmp(bytes, file->bytes, file->size) != 0)
		complain(worker, number, "what is read differs");
	close(fd);
}

static void cut_file(struct worker *worker, int number, struct file *file)
{
	size_t size = draw(worker, (unsigned int)file->size + 4096);
	int err;

	if (size > LARGEST)
		size = LARGEST;
	if (draw(worker, 2))
		err = cut_by_name(worker, number, size);
	else
		err = cut_by_descriptor(worker, number, size);
	if (err)
		complain(worker, number, "truncate");
	if (size > file->size)
		memset(file->bytes + file->size, 0, size - file->size);
	file->size = size;
}

static void rename_file(struct worker *worker, int number, struct file *file)
{
	int other = (int)draw(worker, FILES);
	struct file swapped = worker->files[other];

	if (other == number)
		return;
	if (renameat(worker->dirfd, name_of(number), worker->dirfd, name_of(other))) {
		complain(worker, number, "rename");
		return;
	}
	worker->files[other] = *file;
	*file = swapped;
	file->exists = false;
	file->size = 0;
}

static void remove_file(struct worker *worker, int number, struct file *file)
{
	struct stat st;

	if (unlinkat(worker->dirfd, name_of(number), 0))
		complain(worker, number, "unlink");
	if (!fstatat(worker->dirfd, name_of(number), &st, 0) || errno != ENOENT)
		complain(worker, number, "it is still there");
	file->exists = false;
	file->size = 0;
}

static void do_something(struct worker *worker)
{
	int number = (int)draw(worker, FILES);
	struct file *file = &worker->files[number];

	worker->done++;
	if (!file->exists) {
		write_file(worker, number, file);
		return;
	}
	switch (draw(worker, 12)) {
	case 0: remove_file(worker, number, file); break;
	case 1: rename_file(worker, number, file); break;
	case 2: cut_file(worker, number, file); break;
	case 3:
	case 4:
	case 5: write_file(worker, number, file); break;
	case 6:
	case 7:
	case 8: map_file(worker, number, file); break;
	default: read_file(worker, number, file); break;
	}
}

static void *work(void *data)
{
	struct worker *worker = data;

	while (!wrong && time(NULL) < worker->until)
		do_something(worker);
	for (int i = 0; i < FILES && !wrong; i++) {
		if (worker->files[i].exists)
			read_file(worker, i, &worker->files[i]);
	}
	return NULL;
}

static void start(struct worker *worker, const char *dir, int number, int seconds)
{
	snprintf(worker->path, sizeof(worker->path), "%s/thread%d-%d", dir, (int)getpid(), number);
	worker->seed = (unsigned int)time(NULL) + (unsigned int)number;
	worker->until = time(NULL) + seconds;
	if (mkdir(worker->path, 0755) ||
	    (worker->dirfd = open(worker->path, O_RDONLY | O_DIRECTORY)) < 0) {
		perror(worker->path);
		exit(1);
	}
	for (int i = 0; i < FILES; i++)
		worker->files[i].bytes = malloc(LARGEST);
	pthread_create(&worker->thread, NULL, work, worker);
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[2]) : 0;
	struct worker *workers = calloc(n ? (size_t)n : 1, sizeof(*workers));
	uint64_t done = 0;

	if (argc != 4 || !workers) {
		fprintf(stderr, "usage: %s DIR THREADS SECONDS\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++)
		start(&workers[i], argv[1], i, atoi(argv[3]));
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
		for (int j = 0; j < FILES; j++)
			free(workers[i].files[j].bytes);
	}
	free(workers);
	printf("%llu operations; calls that took over ten seconds and were tried again: %u\n",
	       (unsigned long long)done, late);
	return wrong;
}
