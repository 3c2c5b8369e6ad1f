/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-view.c - that a mapping through the view is a mapping of the host's file, beyond its
 * end too. Needs root, and Linux 6.9; skipped where the kernel says that it can't.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "settings.h"
#include "view.h"

#define CHUNK ((size_t)2 << 20)

static struct view *view;
static const struct settings settings;

static int start(void **state)
{
	int err = view_start(&settings, &view);

	(void)state;
	if (err)
		print_message("no view on this host: %s\n", strerror(-err));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	view_stop(view);
	return 0;
}

static void need_view(void)
{
	if (!view)
		skip();
}

/* A file without a name, of this size, with a byte of `fill` everywhere. */
static int file_of(size_t size, char fill)
{
	int fd = open(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", O_RDWR | O_TMPFILE, 0600);
	char *bytes = malloc(size + 1);

	assert_true(fd >= 0);
	memset(bytes, fill, size + 1);
	assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
	free(bytes);
	return fd;
}

static char *map_chunk(int fd, off_t offset)
{
	int view_fd = view_open(view, fd);
	struct stat st;
	char *bytes;

	assert_true(view_fd >= 0);
	assert_int_equal(fstat(view_fd, &st), 0);
	assert_true(st.st_size >= offset + (off_t)CHUNK);
	bytes = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, view_fd, offset);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	close(view_fd);
	return bytes;
}

static void files_of_odd_sizes_can_be_mapped(void **state)
{
	static const size_t sizes[] = {1, 4095, 4096, 4097, 100001, CHUNK - 1, CHUNK};

	(void)state;
	need_view();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i];
		int fd = file_of(size, 'a');
		char *bytes = map_chunk(fd, 0);

		for (size_t at = 0; at < size; at++)
			assert_int_equal(bytes[at], 'a');
		if (size % 4096)
			assert_int_equal(bytes[size], 0);
		munmap(bytes, CHUNK);
		close(fd);
	}
}

static void both_sides_see_what_the_other_writes(void **state)
{
	int fd = file_of(5000, 'a');
	char *bytes;
	char c;

	(void)state;
	need_view();
	bytes = map_chunk(fd, 0);
	assert_int_equal(pwrite(fd, "h", 1, 4999), 1);
	assert_int_equal(bytes[4999], 'h');
	bytes[4998] = 'g';
	assert_int_equal(pread(fd, &c, 1, 4998), 1);
	assert_int_equal(c, 'g');
	munmap(bytes, CHUNK);
	close(fd);
}

static void growth_needs_no_other_mapping(void **state)
{
	int fd = file_of(100, 'a');
	char *bytes;

	(void)state;
	need_view();
	bytes = map_chunk(fd, 0);
	assert_int_equal(pwrite(fd, "far", 3, CHUNK - 3), 3);
	assert_memory_equal(bytes + CHUNK - 3, "far", 3);
	assert_int_equal(bytes[8192], 0);
	munmap(bytes, CHUNK);
	close(fd);
}

static void the_files_size_stays_as_it_is(void **state)
{
	int fd = file_of(100, 'a');
	struct stat st;
	char *bytes;

	(void)state;
	need_view();
	bytes = map_chunk(fd, 0);
	bytes[99] = 'b';
	bytes[200] = 'c';
	munmap(bytes, CHUNK);
	fstat(fd, &st);
	assert_int_equal(st.st_size, 100);
	close(fd);
}

static void chunks_further_on_can_be_mapped(void **state)
{
	int fd = file_of(CHUNK + 777, 'a');
	char *bytes;

	(void)state;
	need_view();
	bytes = map_chunk(fd, CHUNK);
	assert_int_equal(bytes[776], 'a');
	assert_int_equal(bytes[777], 0);
	munmap(bytes, CHUNK);
	close(fd);
}

static unsigned int open_fds(pid_t pid)
{
	char path[64];
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_is_left_of_many_opens(void **state)
{
	int fd = file_of(100, 'a');
	unsigned int before;

	(void)state;
	need_view();
	before = open_fds(getpid());
	for (int i = 0; i < 3000; i++) {
		int view_fd = view_open(view, fd);

		assert_true(view_fd >= 0);
		close(view_fd);
	}
	assert_int_equal(open_fds(getpid()), before);
	close(fd);
}

static void many_can_be_open_at_once(void **state)
{
	int fd = file_of(100, 'a');
	int fds[600];

	(void)state;
	need_view();
	for (int i = 0; i < 600; i++) {
		fds[i] = view_open(view, fd);
		assert_true(fds[i] >= 0);
	}
	for (int i = 0; i < 600; i++)
		close(fds[i]);
	close(fd);
}

static void mappings_outlive_the_process(void **state)
{
	int fd = file_of(100, 'a');
	char *bytes;

	(void)state;
	need_view();
	bytes = map_chunk(fd, 0);
	assert_false(view_is_gone(view));
	assert_int_equal(kill(only_child(), SIGKILL), 0);
	/* Opening fails, but does not hang. */
	assert_true(view_open(view, fd) < 0);
	assert_true(view_is_gone(view));
	assert_int_equal(pwrite(fd, "new", 3, 8192), 3);
	assert_memory_equal(bytes + 8192, "new", 3);
	munmap(bytes, CHUNK);
	close(fd);
	view_stop(view);
	assert_int_equal(view_start(&settings, &view), 0);
}

static void the_process_ends_with_the_daemon(void **state)
{
	int fds[2];
	pid_t pid;
	char c;

	(void)state;
	need_view();
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct view *own;

		close(fds[0]);
		/* The pipe's end that the process would inherit is closed in it. */
		_exit(view_start(&settings, &own) || dprintf(fds[1], "x") != 1);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(read(fds[0], &c, 1), 0);
	waitpid(pid, NULL, 0);
	close(fds[0]);
}

static void the_view_is_mounted_nowhere(void **state)
{
	char line[4096];
	FILE *file;

	(void)state;
	need_view();
	file = fopen("/proc/self/mountinfo", "r");
	while (fgets(line, sizeof(line), file))
		assert_null(strstr(line, " fsdaxd "));
	fclose(file);
}

/* What it says no to, since a stacked file system could lead back to itself. */
static void a_stacked_file_system_is_refused(void **state)
{
	static const char options[] = "lowerdir=l,upperdir=u,workdir=w";
	char dir[] = "/tmp/fsdaxd-view-XXXXXX";
	int fd, home;

	(void)state;
	need_view();
	home = open(".", O_PATH);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mount("none", ".", "tmpfs", 0, NULL), 0);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("l", 0700) | mkdir("u", 0700) | mkdir("w", 0700) | mkdir("m", 0700),
			 0);
	if (!mount("none", "m", "overlay", 0, options)) {
		fd = open("m/file", O_RDWR | O_CREAT, 0600);
		assert_int_equal(view_open(view, fd), -ELOOP);
		close(fd);
		umount2("m", MNT_DETACH);
	}
	assert_int_equal(fchdir(home), 0);
	close(home);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

static void a_folder_is_refused(void **state)
{
	int fd = open("/tmp", O_RDONLY);

	(void)state;
	need_view();
	assert_true(view_open(view, fd) < 0);
	close(fd);
	fd = file_of(1, 'a');
	close(view_open(view, fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_odd_sizes_can_be_mapped),
		cmocka_unit_test(both_sides_see_what_the_other_writes),
		cmocka_unit_test(growth_needs_no_other_mapping),
		cmocka_unit_test(the_files_size_stays_as_it_is),
		cmocka_unit_test(chunks_further_on_can_be_mapped),
		cmocka_unit_test(nothing_is_left_of_many_opens),
		cmocka_unit_test(many_can_be_open_at_once),
		cmocka_unit_test(mappings_outlive_the_process),
		cmocka_unit_test(the_process_ends_with_the_daemon),
		cmocka_unit_test(the_view_is_mounted_nowhere),
		cmocka_unit_test(a_stacked_file_system_is_refused),
		cmocka_unit_test(a_folder_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
