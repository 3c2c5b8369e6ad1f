/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-limits.c - what a guest can't make the daemon hold on to: memory for folders that it
 * never reads to their end, locks of files that it has closed, a queue that is busy for seconds
 * with one request. And what comes between the steps of a request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuse_client.h"
#include "guest_memory.h"
#include "handle.h"
#include "inode.h"
#include "share.h"
#include "virtq.h"

/* ---- Between the steps ------------------------------------------------------------------------ */

static int retire; /* so many inodes, before an open of them is counted */
static uint64_t release_fh, release_nodeid;
static unsigned int copies;
static size_t longest_copy;

int __real_handle_new(struct share *its, struct inode *inode, int fd, bool is_dir, uint64_t *fh);
int __wrap_handle_new(struct share *its, struct inode *inode, int fd, bool is_dir, uint64_t *fh);
int __real_inode_open(struct share *its, struct inode *inode, int flags);
int __wrap_inode_open(struct share *its, struct inode *inode, int flags);
ssize_t __wrap_copy_file_range(int in, off_t *off_in, int out, off_t *off_out, size_t len,
			       unsigned int flags);

int __wrap_handle_new(struct share *its, struct inode *inode, int fd, bool is_dir, uint64_t *fh)
{
	if (retire) {
		retire--;
		inode_lock(its, inode);
		inode_retire(its, inode);
		inode_unlock(its, inode);
	}
	return __real_handle_new(its, inode, fd, is_dir, fh);
}

int __wrap_inode_open(struct share *its, struct inode *inode, int flags)
{
	if (release_fh)
		assert_true(handle_release(its, release_fh, release_nodeid, false));
	release_fh = 0;
	return __real_inode_open(its, inode, flags);
}

/* A disk that needs 100 ms for whatever it is asked. */
ssize_t __wrap_copy_file_range(int in, off_t *off_in, int out, off_t *off_out, size_t len,
			       unsigned int flags)
{
	const struct timespec while_it_copies = {.tv_nsec = 100 * 1000 * 1000};

	(void)in;
	(void)out;
	(void)flags;
	nanosleep(&while_it_copies, NULL);
	*off_in += (off_t)len;
	*off_out += (off_t)len;
	copies++;
	if (longest_copy < len)
		longest_copy = len;
	return (ssize_t)len;
}

/* ---- Requests ------------------------------------------------------------------------------------ */

static uint64_t open_as(struct client *client, uint32_t opcode, uint64_t nodeid, int flags)
{
	struct fuse_open_in in = {.flags = (uint32_t)flags};
	struct fuse_open_out out;

	assert_int_equal(client_send(client, opcode, nodeid, &in, sizeof(in), &out, sizeof(out)),
			 sizeof(out));
	return out.fh;
}

static int create(struct client *client, const char *name, uint32_t flags)
{
	struct fuse_create_in in = {.flags = flags, .mode = 0644};
	char out[sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out)];

	return client_call(client, FUSE_CREATE, FUSE_ROOT_ID, &in, sizeof(in), name, NULL, out,
			   sizeof(out));
}

/* The first open goes wrong because of a change of the policy: it is of no concern to who creates. */
static void a_new_file_is_created_though_its_inode_retires(void **state)
{
	struct client *client = *state;

	retire = 3;
	assert_true(create(client, "file", O_RDWR | O_EXCL) > 0);
	assert_int_equal(retire, 0);
	assert_int_equal(create(client, "file", O_RDWR | O_EXCL), -EEXIST);
}

static void a_file_that_retires_all_the_time_is_given_up(void **state)
{
	struct client *client = *state;

	retire = 1000;
	assert_int_equal(create(client, "file", O_RDWR | O_EXCL), -ESTALE);
	assert_in_range(retire, 900, 999);
	retire = 0;
}

static void no_lock_is_left_by_who_closes_meanwhile(void **state)
{
	struct client *client = *state;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct fuse_lk_in in = {.owner = 1, .lk = {0, 9, F_WRLCK, 0}};
	uint64_t nodeid;
	int fd;

	client_put_file(client, "file", "0123456789");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	in.fh = open_as(client, FUSE_OPEN, nodeid, O_RDWR);
	release_fh = in.fh;
	release_nodeid = nodeid;
	assert_int_equal(client_send(client, FUSE_SETLK, nodeid, &in, sizeof(in), NULL, 0), -EBADF);
	assert_int_equal(release_fh, 0);
	fd = openat(client->dirfd, "file", O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	close(fd);
}

/* ---- Memory ---------------------------------------------------------------------------------------- */

enum { FOLDERS = 1500 };

static int read_dir(struct client *client, uint64_t fh, uint64_t offset, uint32_t size)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = size};
	char buffer[4096];

	return client_send(client, FUSE_READDIR, FUSE_ROOT_ID, &in, sizeof(in), buffer, size);
}

static unsigned int buffers(const struct client *client)
{
	return atomic_load(&client->share->dir_buffers);
}

static void folders_that_are_begun_are_bounded(void **state)
{
	struct client *client = *state;
	struct fuse_release_in in = {0};
	uint64_t fhs[FOLDERS];

	client_put_file(client, "a", "");
	for (int i = 0; i < FOLDERS; i++) {
		fhs[i] = open_as(client, FUSE_OPENDIR, FUSE_ROOT_ID, 0);
		assert_true(read_dir(client, fhs[i], 0, 40) > 0);
	}
	assert_in_range(buffers(client), 1, 1024);
	for (int i = 0; i < FOLDERS; i++) {
		in.fh = fhs[i];
		assert_int_equal(client_send(client, FUSE_RELEASEDIR, FUSE_ROOT_ID, &in, sizeof(in),
					     NULL, 0),
				 0);
	}
	assert_int_equal(buffers(client), 0);
}

static void a_folder_that_was_read_keeps_nothing(void **state)
{
	struct client *client = *state;
	uint64_t fh = open_as(client, FUSE_OPENDIR, FUSE_ROOT_ID, 0);

	assert_true(read_dir(client, fh, 0, 4096) > 0);
	assert_int_equal(buffers(client), 0);
}

/* ---- Time -------------------------------------------------------------------------------------------- */

static void a_long_copy_is_done_in_parts(void **state)
{
	struct client *client = *state;
	struct fuse_copy_file_range_in in = {.len = (uint64_t)2 << 30};
	struct fuse_write_out out;
	uint64_t from, to;

	client_put_file(client, "from", "x");
	client_put_file(client, "to", "x");
	from = client_nodeid(client, FUSE_ROOT_ID, "from");
	to = client_nodeid(client, FUSE_ROOT_ID, "to");
	in.fh_in = open_as(client, FUSE_OPEN, from, O_RDONLY);
	in.fh_out = open_as(client, FUSE_OPEN, to, O_WRONLY);
	in.nodeid_out = to;
	copies = 0;
	assert_int_equal(
		client_send(client, FUSE_COPY_FILE_RANGE, from, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	assert_int_equal(out.size, copies * longest_copy);
	assert_in_range(copies, 1, 3);
	assert_in_range(longest_copy, 1, 64 << 20);
}

static void a_read_is_as_long_as_was_agreed(void **state)
{
	static char buffer[(1 << 20) + 1];
	struct client *client = *state;
	struct fuse_read_in in = {.size = sizeof(buffer)};
	uint64_t nodeid;

	client_put_file(client, "file", "x");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	in.fh = open_as(client, FUSE_OPEN, nodeid, O_RDONLY);
	assert_int_equal(
		client_send(client, FUSE_READ, nodeid, &in, sizeof(in), buffer, sizeof(buffer)),
		-EINVAL);
	in.size--;
	assert_int_equal(
		client_send(client, FUSE_READ, nodeid, &in, sizeof(in), buffer, sizeof(buffer)), 1);
}

enum { GUEST = 0x100000, USER = 0x700000, SIZE = 8, TABLE = 40000 };
enum { TABLE_AT = 65536, REGION = TABLE_AT + TABLE * 16 };

/* Nothing in them fills a buffer, so that only their number can end it. */
static void a_table_of_empty_descriptors_is_refused(void **state)
{
	const struct vhost_memory_region region = {GUEST, REGION, USER, 0};
	struct virtq vq = {SIZE, .avail_user = USER + 4096, .used_user = USER + 8192};
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct guest_memory *memory;
	struct vring_desc *descs;
	struct chain chain;

	(void)state;
	vq.desc_user = USER;
	assert_int_equal(ftruncate(fd, REGION), 0);
	assert_int_equal(guest_memory_new(&region, &fd, 1, NULL, &memory), 0);
	descs = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(virtq_locate(&vq, memory));
	virtq_begin(&vq);
	descs[0] = (struct vring_desc){GUEST + TABLE_AT, TABLE * 16, VRING_DESC_F_INDIRECT, 0};
	for (int i = 0; i < TABLE; i++)
		descs[TABLE_AT / 16 + i] = (struct vring_desc){
			GUEST, 0, i + 1 < TABLE ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1)};
	((struct vring_avail *)((char *)descs + 4096))->idx = 1;
	assert_int_equal(virtq_take(&vq, memory, &chain), -EPROTO);
	munmap(descs, REGION);
	guest_memory_unref(memory);
	close(fd);
}

static int setup(void **state)
{
	static struct client client;

	client_make(&client);
	client.settings.posix_lock = true;
	client_open(&client);
	*state = &client;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_created_though_its_inode_retires),
		TEST(a_file_that_retires_all_the_time_is_given_up),
		TEST(no_lock_is_left_by_who_closes_meanwhile),
		TEST(folders_that_are_begun_are_bounded),
		TEST(a_folder_that_was_read_keeps_nothing),
		TEST(a_long_copy_is_done_in_parts),
		TEST(a_read_is_as_long_as_was_agreed),
		cmocka_unit_test(a_table_of_empty_descriptors_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
