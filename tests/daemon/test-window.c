/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-window.c - what the guest finds in its DAX window. On real files, through a front-end
 * that maps as QEMU does. Needs root, and a host with a view (see view.h).
 */
#include <setjmp.h>
#include <stdarg.h>

#include "front_end.h"

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "inode.h"
#include "share.h"
#include "verdict.h"

#define ALL "[tag]\nxattr = none\n[policy]\ndefault = yes\n"
#define CHUNKS 32 /* of the window */

static struct client client;
static struct front_end qemu;

static void open_window(void)
{
	front_end_begin(&qemu, &client, ALL);
}

/* The end of each test: nothing may be left in the window. */
static void done(void)
{
	front_end_done(&qemu, &client);
}

static int host_open(const char *name)
{
	int fd = openat(client.dirfd, name, O_RDWR | O_CREAT, 0644);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t file_of(const char *name, size_t size, char fill)
{
	char *bytes = malloc(size + 1);
	int fd = host_open(name);

	memset(bytes, fill, size + 1);
	assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
	free(bytes);
	close(fd);
	return client_nodeid(&client, FUSE_ROOT_ID, name);
}

static struct window_stats stats(void)
{
	struct window_stats stats;

	window_stats(client.share->window, &stats);
	return stats;
}

/* What the guest writes into what is mapped at the window's start is in the file. */
static void expect_written(int fd, off_t at)
{
	char c = 0;

	qemu.window[at] = 'g';
	assert_int_equal(pread(fd, &c, 1, at), 1);
	assert_int_equal(c, 'g');
}

/* ---- What is there ---------------------------------------------------------------------------- */

static void a_file_of_odd_size_is_there(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 3 * CHUNK_SIZE / 2 + 777, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(front_end_setup(&client, nodeid, CHUNK_SIZE, 5 * CHUNK_SIZE), 0);
	assert_int_equal(qemu.window[CHUNK_SIZE - 1], 'a');
	assert_int_equal(qemu.window[5 * CHUNK_SIZE + CHUNK_SIZE / 2 + 776], 'a');
	assert_int_equal(qemu.window[5 * CHUNK_SIZE + CHUNK_SIZE / 2 + 777], 0);
	done();
}

static void what_the_guest_writes_is_in_the_file(void **state)
{
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	expect_written(fd, 4999);
	close(fd);
	done();
}

static void a_file_that_grows_is_there(void **state)
{
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(pwrite(fd, "end", 3, CHUNK_SIZE - 3), 3);
	assert_memory_equal(qemu.window + CHUNK_SIZE - 3, "end", 3);
	close(fd);
	done();
}

static void a_range_of_two_chunks_is_mapped(void **state)
{
	struct fuse_setupmapping_in in = {.len = 2 * CHUNK_SIZE, .moffset = 2 * CHUNK_SIZE};
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 2 * CHUNK_SIZE, 'a');
	assert_int_equal(client_send(&client, FUSE_SETUPMAPPING, nodeid, &in, sizeof(in), NULL, 0),
			 0);
	assert_int_equal(qemu.window[4 * CHUNK_SIZE - 1], 'a');
	assert_int_equal(qemu.live, 2);
	done();
}

/* ---- Again, and away ------------------------------------------------------------------------------ */

static void the_same_again_is_free(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(qemu.maps, 1);
	assert_int_equal(qemu.unmaps, 0);
	assert_int_equal(stats().upgrades, 1);
	done();
}

static void another_file_takes_the_place(void **state)
{
	uint64_t a, b;

	(void)state;
	open_window();
	a = file_of("a", 5000, 'a');
	b = file_of("b", 5000, 'b');
	assert_int_equal(front_end_setup(&client, a, 0, 0), 0);
	assert_int_equal(front_end_setup(&client, b, 0, 0), 0);
	assert_int_equal(qemu.window[0], 'b');
	assert_int_equal(qemu.live, 1);
	assert_int_equal(stats().mapped_chunks, 1);
	done();
}

static void what_is_removed_is_gone(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 3 * CHUNK_SIZE), 0);
	assert_int_equal(front_end_remove(&client, nodeid, 2 * CHUNK_SIZE), -EINVAL);
	assert_int_equal(qemu.live, 1);
	assert_int_equal(front_end_remove(&client, nodeid, 3 * CHUNK_SIZE), 0);
	assert_int_equal(qemu.live, 0);
	assert_int_equal(front_end_remove(&client, nodeid, 3 * CHUNK_SIZE), -EINVAL);
	done();
}

static void destroy_unmaps_all(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 2 * CHUNK_SIZE, 'a');
	for (uint64_t i = 0; i < CHUNKS; i++)
		assert_int_equal(front_end_setup(&client, nodeid, 0, i * CHUNK_SIZE), 0);
	assert_int_equal(qemu.live, CHUNKS);
	client_send(&client, FUSE_DESTROY, 0, NULL, 0, NULL, 0);
	assert_int_equal(qemu.live, 0);
	assert_int_equal(stats().mapped_chunks, 0);
	done();
}

static void a_front_end_that_has_gone_is_not_asked(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	window_attach(client.share->window, NULL);
	assert_int_equal(qemu.unmaps, 0);
	assert_int_equal(stats().mapped_chunks, 0);
	assert_false(window_ready(client.share->window));
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), -ENODEV);
	done();
}

static unsigned int open_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void more_files_than_chunks_leave_nothing_open(void **state)
{
	unsigned int before = 0;

	(void)state;
	open_window();
	for (unsigned int i = 0; i < 10 * CHUNKS; i++) {
		char name[16];
		uint64_t nodeid;

		snprintf(name, sizeof(name), "f%u", i);
		nodeid = file_of(name, 4097, (char)('a' + i % 26));
		assert_int_equal(front_end_setup(&client, nodeid, 0, i % CHUNKS * CHUNK_SIZE), 0);
		assert_int_equal(qemu.window[i % CHUNKS * CHUNK_SIZE + 4096], 'a' + i % 26);
		if (i == 2 * CHUNKS)
			before = open_fds();
		client_forget(&client, nodeid, 1);
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(stats().mapped_chunks, CHUNKS);
	done();
}

/* ---- What a guest must not ask ------------------------------------------------------------------- */

static int setup(uint64_t nodeid, uint64_t offset, uint64_t len, uint64_t at)
{
	struct fuse_setupmapping_in in = {.foffset = offset, .len = len, .moffset = at};

	return client_send(&client, FUSE_SETUPMAPPING, nodeid, &in, sizeof(in), NULL, 0);
}

static void bad_ranges_are_refused(void **state)
{
	const uint64_t size = CHUNKS * CHUNK_SIZE;
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	assert_int_equal(setup(nodeid, 0, 0, 0), -EINVAL);
	assert_int_equal(setup(nodeid, 0, 4096, 0), -EINVAL);
	assert_int_equal(setup(nodeid, 0, CHUNK_SIZE, 4096), -EINVAL);
	assert_int_equal(setup(nodeid, 1, CHUNK_SIZE, 0), -EINVAL);
	assert_int_equal(setup(nodeid, 0, CHUNK_SIZE, size), -EINVAL);
	assert_int_equal(setup(nodeid, 0, 2 * CHUNK_SIZE, size - CHUNK_SIZE), -EINVAL);
	assert_int_equal(setup(nodeid, 0, -CHUNK_SIZE, 2 * CHUNK_SIZE), -EINVAL);
	assert_int_equal(setup(nodeid, 0, CHUNK_SIZE, -CHUNK_SIZE), -EINVAL);
	assert_int_equal(setup(nodeid, -CHUNK_SIZE, CHUNK_SIZE, 0), -EINVAL);
	assert_int_equal(setup(nodeid, (uint64_t)1 << 63, CHUNK_SIZE, 0), -EINVAL);
	assert_int_equal(setup(FUSE_ROOT_ID, 0, CHUNK_SIZE, 0), -EINVAL);
	assert_int_equal(setup(12345, 0, CHUNK_SIZE, 0), -ENOENT);
	assert_int_equal(qemu.maps, 0);
	done();
}

static void a_count_is_not_believed(void **state)
{
	struct fuse_removemapping_in in = {.count = UINT32_MAX};
	struct {
		struct fuse_removemapping_in in;
		struct fuse_removemapping_one one;
	} two = {{.count = 2}, {.moffset = 0, .len = CHUNK_SIZE}};
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(client_send(&client, FUSE_REMOVEMAPPING, nodeid, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	assert_int_equal(
		client_send(&client, FUSE_REMOVEMAPPING, nodeid, &two, sizeof(two), NULL, 0),
		-EINVAL);
	assert_int_equal(client_send(&client, FUSE_REMOVEMAPPING, nodeid, &in, 2, NULL, 0),
			 -EINVAL);
	assert_int_equal(client_send(&client, FUSE_SETUPMAPPING, nodeid, &in, sizeof(in), NULL, 0),
			 -EINVAL);
	assert_int_equal(qemu.live, 1);
	done();
}

static void a_front_end_that_refuses_is_an_error(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	qemu.refuses = true;
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), -EIO);
	assert_int_equal(stats().failures, 1);
	assert_int_equal(stats().mapped_chunks, 0);
	qemu.refuses = false;
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	done();
}

static void a_read_only_share_has_no_window(void **state)
{
	(void)state;
	client_make(&client);
	client.settings.readonly = true;
	front_end_open(&qemu, &client, ALL);
	assert_false(client.share->dax.window);
	done();
}

/* ---- What the host does meanwhile --------------------------------------------------------------------- */

/* The guard has a thread: wait until it has done what is looked for. */
static bool comes_true(bool (*is)(void))
{
	const struct timespec a_while = {.tv_nsec = 1000 * 1000};

	for (int i = 0; i < 5000; i++) {
		if (is())
			return true;
		nanosleep(&a_while, NULL);
	}
	return false;
}

static unsigned int maps_wanted;

static bool enough_maps(void)
{
	return qemu.maps >= maps_wanted;
}

static bool comes_to_maps(unsigned int n)
{
	maps_wanted = n;
	return comes_true(enough_maps);
}

/* Two more maps: when the guard has seen that this file was cut, it has seen all before it. */
static void cut_another(void)
{
	uint64_t other = file_of("other", 100000, 'b');
	int fd = host_open("other");
	unsigned int maps = qemu.maps;

	assert_int_equal(front_end_setup(&client, other, 0, 9 * CHUNK_SIZE), 0);
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_true(comes_to_maps(maps + 2));
	assert_int_equal(qemu.window[9 * CHUNK_SIZE + 8192], 0);
	close(fd);
}

static void behind_the_end_of_a_cut_file_are_zeros(void **state)
{
	struct fuse_attr attr;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 2 * CHUNK_SIZE, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(front_end_setup(&client, nodeid, CHUNK_SIZE, CHUNK_SIZE), 0);
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_true(comes_to_maps(4));
	/* Would be SIGBUS otherwise. */
	assert_int_equal(qemu.window[CHUNK_SIZE], 0);
	assert_int_equal(qemu.window[8192], 0);
	assert_int_equal(qemu.window[4999], 'a');
	assert_int_equal(qemu.window[5000], 0);
	/* It grows again, and the guest is told so. */
	assert_int_equal(pwrite(fd, "new", 3, CHUNK_SIZE + 5), 3);
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(attr.size, CHUNK_SIZE + 8);
	assert_memory_equal(qemu.window + CHUNK_SIZE + 5, "new", 3);
	expect_written(fd, 7000);
	close(fd);
	done();
}

static void a_cut_file_is_put_back_when_the_guest_is_told(void **state)
{
	struct fuse_attr attr;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 100000, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_true(comes_to_maps(2));
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(qemu.maps, 3);
	/* And it stays: when the guard has seen that, it has seen this. */
	assert_int_equal(pwrite(fd, "h", 1, 1), 1);
	cut_another();
	assert_int_equal(qemu.maps, 5);
	expect_written(fd, 0);
	close(fd);
	done();
}

static int cut_meanwhile = -1; /* a file that the host cuts amid a request about its attributes */

uint32_t __real_verdict_flag(struct share *its, struct inode *inode, const struct statx *stx);
uint32_t __wrap_verdict_flag(struct share *its, struct inode *inode, const struct statx *stx);

uint32_t __wrap_verdict_flag(struct share *its, struct inode *inode, const struct statx *stx)
{
	unsigned int maps = qemu.maps;

	if (cut_meanwhile >= 0) {
		assert_int_equal(ftruncate(cut_meanwhile, 5000), 0);
		assert_true(comes_to_maps(maps + 1));
	}
	cut_meanwhile = -1;
	return __real_verdict_flag(its, inode, stx);
}

static void a_file_that_is_cut_while_the_guest_is_told_is_not_put_back(void **state)
{
	struct fuse_attr attr;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 100000, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	cut_meanwhile = fd;
	/* So it will touch the file's pages up to there. */
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(attr.size, 100000);
	assert_int_equal(qemu.maps, 2);
	assert_int_equal(qemu.window[8192], 0);
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(attr.size, 5000);
	assert_int_equal(qemu.maps, 3);
	close(fd);
	done();
}

static void what_the_guest_cuts_stays_the_file(void **state)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 5000};
	struct fuse_attr_out out;
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 100000, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_true(client_send(&client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out, sizeof(out)) >
		    0);
	cut_another();
	assert_int_equal(qemu.maps, 3);
	done();
}

/* Other files, in the window already: when the guard has seen that one was cut, it has seen all. */
static int sentinels[2];
static int written_meanwhile = -1; /* a file that is written to just before the guest cuts it */

static void map_sentinels(void)
{
	static const char *const names[] = {"first", "second"};

	for (int i = 0; i < 2; i++) {
		uint64_t nodeid = file_of(names[i], 100000, 'b');

		sentinels[i] = host_open(names[i]);
		assert_int_equal(front_end_setup(&client, nodeid, 0, (8 + i) * CHUNK_SIZE), 0);
	}
}

static void let_the_guard_see_all(int i)
{
	unsigned int maps = qemu.maps;

	assert_int_equal(ftruncate(sentinels[i], 5000), 0);
	assert_true(comes_to_maps(maps + 1));
	/* So that all that is mapped is as it should be. */
	assert_int_equal(window_remove(client.share->window, (8 + (uint64_t)i) * CHUNK_SIZE,
				       CHUNK_SIZE),
			 0);
	close(sentinels[i]);
}

struct mapped *__real_window_cutting(struct window *window, struct inode *inode, uint64_t size);
struct mapped *__wrap_window_cutting(struct window *window, struct inode *inode, uint64_t size);

struct mapped *__wrap_window_cutting(struct window *window, struct inode *inode, uint64_t size)
{
	struct mapped *file = __real_window_cutting(window, inode, size);

	if (written_meanwhile < 0)
		return file;
	assert_int_equal(pwrite(written_meanwhile, "h", 1, 1), 1);
	written_meanwhile = -1;
	let_the_guard_see_all(0);
	return file;
}

static void what_the_guest_cuts_stays_the_file_when_it_was_just_written_to(void **state)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 5000};
	struct fuse_attr_out out;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 100000, 'a');
	fd = host_open("file");
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	map_sentinels();
	written_meanwhile = fd;
	assert_true(client_send(&client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out, sizeof(out)) >
		    0);
	let_the_guard_see_all(1);
	expect_written(fd, 0);
	close(fd);
	done();
}

/* A program that writes a file anew does not wait for the guard, nor see parts of the file go. */
static void what_the_guest_cuts_to_nothing_stays_the_file(void **state)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE};
	struct fuse_attr_out out;
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = file_of("file", 2 * CHUNK_SIZE, 'a');
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(front_end_setup(&client, nodeid, CHUNK_SIZE, CHUNK_SIZE), 0);
	map_sentinels();
	assert_true(client_send(&client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out, sizeof(out)) >
		    0);
	let_the_guard_see_all(0);
	assert_int_equal(qemu.maps, 5);
	close(sentinels[1]);
	done();
}

/* By a name that the guest did not know, of a file that it knows and has mapped. */
static void what_create_cuts_stays_the_file(void **state)
{
	const struct fuse_create_in create = {.flags = O_RDWR | O_CREAT | O_TRUNC, .mode = 0644};
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	uint64_t nodeid, fh;

	(void)state;
	open_window();
	nodeid = file_of("file", CHUNK_SIZE, 'a');
	assert_int_equal(client_open_file(&client, nodeid, O_RDWR, &fh), 0);
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	map_sentinels();
	assert_int_equal(linkat(client.dirfd, "file", client.dirfd, "link", 0), 0);
	assert_int_equal(client_call(&client, FUSE_CREATE, FUSE_ROOT_ID, &create, sizeof(create),
				     "link", NULL, &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(out.entry.nodeid, nodeid);
	let_the_guard_see_all(0);
	assert_int_equal(qemu.maps, 4);
	assert_int_equal(client_release(&client, nodeid, out.open.fh), 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	close(sentinels[1]);
	done();
}

/* A file that the host cuts before the guard looks at it, but after the guest has its answer. */
static atomic_int cut_before_guard = -1;
static atomic_bool has_answer;

static bool is_answered(void)
{
	return has_answer;
}

uint64_t __real_mapped_size(const struct mapped *file);
uint64_t __wrap_mapped_size(const struct mapped *file);

uint64_t __wrap_mapped_size(const struct mapped *file)
{
	int fd = atomic_exchange(&cut_before_guard, -1);

	if (fd >= 0) {
		assert_true(comes_true(is_answered));
		assert_int_equal(ftruncate(fd, 5000), 0);
	}
	return __real_mapped_size(file);
}

static void write_at(uint64_t nodeid, uint64_t fh, uint64_t offset, char c)
{
	struct {
		struct fuse_write_in in;
		char data[8];
	} write = {.in = {.fh = fh, .offset = offset, .size = 1}, .data = {c}};
	struct fuse_write_out out;

	assert_int_equal(client_send(&client, FUSE_WRITE, nodeid, &write, sizeof(write.in) + 1,
				     &out, sizeof(out)),
			 sizeof(out));
}

/* What the guest itself wrote it knows, though the guard had no time to see it. */
static void what_the_guest_wrote_and_the_host_cut_is_zeros(void **state)
{
	uint64_t nodeid, fh;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDWR, &fh), 0);
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	cut_before_guard = fd;
	write_at(nodeid, fh, 100000, 'g');
	has_answer = true;
	assert_true(comes_to_maps(2));
	assert_int_equal(qemu.window[50000], 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	close(fd);
	done();
}

static void what_was_cut_before_it_is_mapped_is_zeros(void **state)
{
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 2 * CHUNK_SIZE, 'a');
	fd = host_open("file");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(front_end_setup(&client, nodeid, CHUNK_SIZE, CHUNK_SIZE), 0);
	assert_int_equal(qemu.window[CHUNK_SIZE], 0);
	close(fd);
	done();
}

static bool is_lost(void)
{
	return stats().failures > 0;
}

/* A mapped file that the host cuts while the front-end maps nothing. */
static uint64_t lose_a_chunk(void)
{
	uint64_t nodeid = file_of("file", 100000, 'a');
	int fd = host_open("file");

	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	qemu.refuses = true;
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_true(comes_true(is_lost));
	assert_int_equal(qemu.live, 0);
	qemu.refuses = false;
	close(fd);
	return nodeid;
}

static void what_was_lost_is_mapped_when_the_guest_asks_again(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = lose_a_chunk();
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(qemu.live, 1);
	assert_int_equal(qemu.window[4999], 'a');
	assert_int_equal(stats().upgrades, 0);
	assert_int_equal(stats().failures, 1);
	assert_int_equal(stats().mapped_chunks, 1);
	done();
}

static void what_was_lost_is_mapped_when_the_guest_is_told(void **state)
{
	struct fuse_attr attr;
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = lose_a_chunk();
	/* In vain, and then it is neither cut nor there. */
	qemu.refuses = true;
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(stats().failures, 2);
	qemu.refuses = false;
	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	assert_int_equal(qemu.live, 1);
	assert_int_equal(qemu.window[4999], 'a');
	done();
}

static void what_was_lost_is_not_unmapped(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_window();
	nodeid = lose_a_chunk();
	assert_int_equal(front_end_remove(&client, nodeid, 0), 0);
	assert_int_equal(stats().failures, 1);
	assert_int_equal(stats().mapped_chunks, 0);
	done();
}

/* A program that runs until it is killed, as a file of the share. */
static pid_t run_program(const char *name)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (fchdir(client.dirfd))
			_exit(1);
		execl(name, name, "1000", NULL);
		_exit(1);
	}
	close(ready[1]);
	/* Closed by exec. */
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static uint64_t copy_program(const char *name)
{
	int in = open("/bin/sleep", O_RDONLY), out = host_open(name);

	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	assert_int_equal(fchmod(out, 0755), 0);
	close(in);
	close(out);
	return client_nodeid(&client, FUSE_ROOT_ID, name);
}

static bool is_refreshed(void)
{
	return !memcmp(qemu.window, "#!", 2);
}

static void a_running_program_is_copied(void **state)
{
	struct fuse_entry_out entry;
	uint64_t nodeid;
	pid_t pid;
	int fd;

	(void)state;
	open_window();
	nodeid = copy_program("sleep");
	pid = run_program("./sleep");
	assert_int_equal(openat(client.dirfd, "sleep", O_RDWR), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_memory_equal(qemu.window, "\177ELF", 4);
	/* Or a front-end could have us touch what is not there, when it is refreshed. */
	assert_int_equal(qemu.seals & (F_SEAL_SHRINK | F_SEAL_SEAL), F_SEAL_SHRINK | F_SEAL_SEAL);
	/* It is no longer DAX, once the guest has closed it. */
	assert_int_equal(client_lookup(&client, FUSE_ROOT_ID, "sleep", &entry), 0);
	assert_int_not_equal(entry.nodeid, nodeid);
	/* When it has ended it can be written to, and the guest sees that. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = host_open("sleep");
	assert_int_equal(pwrite(fd, "#!", 2, 0), 2);
	assert_true(comes_true(is_refreshed));
	close(fd);
	done();
}

/* ---- What the daemon has not ------------------------------------------------------------------------ */

static int setup_to_write(uint64_t nodeid)
{
	struct fuse_setupmapping_in in = {.len = CHUNK_SIZE, .flags = FUSE_SETUPMAPPING_FLAG_WRITE};

	return client_send(&client, FUSE_SETUPMAPPING, nodeid, &in, sizeof(in), NULL, 0);
}

/* Map a file to write to it, and write. 0 or why that was refused; else the file has it. */
static int write_mapped(uint64_t nodeid, int fd)
{
	int err = setup_to_write(nodeid);

	if (err)
		return err;
	expect_written(fd, 0);
	assert_int_equal(front_end_remove(&client, nodeid, 0), 0);
	return 0;
}

/* The host cuts what the guest wrote, and the guest hears of it: what it writes then is kept. */
static void what_the_guest_once_wrote_is_forgotten(void **state)
{
	struct fuse_entry_out entry;
	uint64_t nodeid, fh;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDWR, &fh), 0);
	write_at(nodeid, fh, 100000, 'g');
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(client_lookup(&client, FUSE_ROOT_ID, "file", &entry), 0);
	assert_int_equal(entry.attr.size, 100);
	assert_int_equal(write_mapped(nodeid, fd), 0);
	close(fd);
	done();
}

enum { MOST_FDS = 512 };

/* Leave so many descriptors that can still be had. Returns how many took up the others. */
static unsigned int take_fds(int fds[MOST_FDS], unsigned int left)
{
	struct rlimit limit;
	unsigned int n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = MOST_FDS;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fds[n] = dup(client.dirfd)) >= 0)
		n++;
	for (; left; left--)
		close(fds[--n]);
	return n;
}

static void give_fds(const int fds[MOST_FDS], unsigned int n)
{
	while (n)
		close(fds[--n]);
}

static void what_is_written_without_descriptors_is_not_lost(void **state)
{
	unsigned int refused = 0;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	for (unsigned int left = 0; left < 8; left++) {
		int fds[MOST_FDS];
		unsigned int n = take_fds(fds, left);
		int err = write_mapped(nodeid, fd);

		give_fds(fds, n);
		assert_true(!err || err == -EMFILE);
		refused += err != 0;
		assert_int_equal(pwrite(fd, "a", 1, 0), 1);
	}
	assert_in_range(refused, 1, 7);
	assert_int_equal(write_mapped(nodeid, fd), 0);
	close(fd);
	done();
}

/* The view's process. It has ended then, and is left to who waits for it. */
static void kill_child(void)
{
	const pid_t pid = only_child();
	siginfo_t info;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void without_the_views_process_nothing_is_dax(void **state)
{
	struct fuse_entry_out entry;
	uint64_t nodeid;
	int fd;

	(void)state;
	open_window();
	nodeid = file_of("file", 5000, 'a');
	fd = host_open("file");
	kill_child();
	/* The guest was told that it is, so it has no other way to read it. */
	assert_int_equal(front_end_setup(&client, nodeid, 0, 0), 0);
	assert_int_equal(qemu.window[4999], 'a');
	assert_int_equal(setup_to_write(nodeid), -EIO);
	assert_false(window_ready(client.share->window));
	assert_int_equal(client_lookup(&client, FUSE_ROOT_ID, "file", &entry), 0);
	assert_int_not_equal(entry.nodeid, nodeid);
	assert_int_equal(entry.attr.flags & FUSE_ATTR_DAX, 0);
	/* Nor for the next front-end. */
	window_attach(client.share->window, &qemu.mapper);
	assert_false(window_ready(client.share->window));
	close(fd);
	done();
}

static ino_t broken; /* of a file whose disk fails when it is opened */

int __real_inode_open(struct share *its, struct inode *inode, int flags);
int __wrap_inode_open(struct share *its, struct inode *inode, int flags);

int __wrap_inode_open(struct share *its, struct inode *inode, int flags)
{
	if (broken && inode->key.ino == broken)
		return -EIO;
	return __real_inode_open(its, inode, flags);
}

static void a_disk_that_fails_is_not_the_views_process(void **state)
{
	uint64_t bad, good;
	struct stat st;
	int fd;

	(void)state;
	open_window();
	bad = file_of("bad", 5000, 'a');
	good = file_of("good", 5000, 'a');
	fd = host_open("good");
	assert_int_equal(fstatat(client.dirfd, "bad", &st, 0), 0);
	broken = st.st_ino;
	assert_int_equal(setup_to_write(bad), -EIO);
	broken = 0;
	assert_true(window_ready(client.share->window));
	assert_int_equal(write_mapped(good, fd), 0);
	close(fd);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_odd_size_is_there),
		cmocka_unit_test(what_the_guest_writes_is_in_the_file),
		cmocka_unit_test(a_file_that_grows_is_there),
		cmocka_unit_test(a_range_of_two_chunks_is_mapped),
		cmocka_unit_test(the_same_again_is_free),
		cmocka_unit_test(another_file_takes_the_place),
		cmocka_unit_test(what_is_removed_is_gone),
		cmocka_unit_test(destroy_unmaps_all),
		cmocka_unit_test(a_front_end_that_has_gone_is_not_asked),
		cmocka_unit_test(more_files_than_chunks_leave_nothing_open),
		cmocka_unit_test(bad_ranges_are_refused),
		cmocka_unit_test(a_count_is_not_believed),
		cmocka_unit_test(a_front_end_that_refuses_is_an_error),
		cmocka_unit_test(a_read_only_share_has_no_window),
		cmocka_unit_test(behind_the_end_of_a_cut_file_are_zeros),
		cmocka_unit_test(a_cut_file_is_put_back_when_the_guest_is_told),
		cmocka_unit_test(a_file_that_is_cut_while_the_guest_is_told_is_not_put_back),
		cmocka_unit_test(what_the_guest_cuts_stays_the_file),
		cmocka_unit_test(what_the_guest_cuts_stays_the_file_when_it_was_just_written_to),
		cmocka_unit_test(what_the_guest_cuts_to_nothing_stays_the_file),
		cmocka_unit_test(what_create_cuts_stays_the_file),
		cmocka_unit_test(what_the_guest_wrote_and_the_host_cut_is_zeros),
		cmocka_unit_test(what_the_guest_once_wrote_is_forgotten),
		cmocka_unit_test(what_was_cut_before_it_is_mapped_is_zeros),
		cmocka_unit_test(what_was_lost_is_mapped_when_the_guest_asks_again),
		cmocka_unit_test(what_was_lost_is_mapped_when_the_guest_is_told),
		cmocka_unit_test(what_was_lost_is_not_unmapped),
		cmocka_unit_test(a_running_program_is_copied),
		cmocka_unit_test(what_is_written_without_descriptors_is_not_lost),
		cmocka_unit_test(without_the_views_process_nothing_is_dax),
		cmocka_unit_test(a_disk_that_fails_is_not_the_views_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
