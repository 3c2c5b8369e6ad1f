/* SPDX-License-Identifier: BSD-3-Clause */
/* front_end.c - see front_end.h. */
#include "front_end.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share.h"

enum { PAGE_SIZE = 4096, WINDOW_SIZE = 64 << 20 };

static bool is_free(const struct front_end *f, uint64_t offset, uint64_t len)
{
	for (uint64_t at = 0; at < f->size; at += PAGE_SIZE) {
		uint64_t n = f->lens[at / PAGE_SIZE];

		if (n && at < offset + len && offset < at + n)
			return false;
	}
	return true;
}

static int map(void *data, int fd, uint64_t fd_offset, uint64_t offset, uint64_t len, bool writable)
{
	struct front_end *f = data;
	struct stat st;

	assert_true(writable);
	assert_int_equal(fstat(fd, &st), 0);
	if (f->refuses || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR || !is_free(f, offset, len) ||
	    offset + len > f->size || fd_offset + len > (uint64_t)st.st_size)
		return -EIO;
	if (mmap(f->window + offset, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)fd_offset) == MAP_FAILED)
		return -EIO;
	f->lens[offset / PAGE_SIZE] = len;
	f->seals = fcntl(fd, F_GET_SEALS);
	f->maps++;
	f->live++;
	return 0;
}

static int unmap(void *data, uint64_t offset, uint64_t len)
{
	struct front_end *f = data;

	if (offset >= f->size || f->lens[offset / PAGE_SIZE] != len)
		return -EIO;
	f->lens[offset / PAGE_SIZE] = 0;
	assert_ptr_not_equal(mmap(f->window + offset, len, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			     MAP_FAILED);
	f->unmaps++;
	f->live--;
	return 0;
}

void front_end_new(struct front_end *f, size_t size)
{
	*f = (struct front_end){.mapper = {map, unmap, f}, .size = size};
	f->window = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->window, MAP_FAILED);
	f->lens = calloc(size / PAGE_SIZE, sizeof(*f->lens));
	assert_non_null(f->lens);
}

void front_end_free(struct front_end *f)
{
	munmap(f->window, f->size);
	free(f->lens);
}

void front_end_policy(struct client *client, const char *text)
{
	struct fsdax_policy *policy;

	assert_int_equal(fsdax_policy_parse("test.ini", text, strlen(text), &policy, NULL), 0);
	if (client->share->policy)
		fsdax_slot_swap(client->share->policy, policy);
	else
		assert_int_equal(fsdax_slot_new(policy, &client->share->policy), 0);
	fsdax_policy_unref(policy);
}

void front_end_open(struct front_end *f, struct client *client, const char *policy)
{
	struct fuse_init_out out;

	front_end_new(f, WINDOW_SIZE);
	client->settings.dax_window = WINDOW_SIZE;
	client_open(client);
	window_attach(client->share->window, &f->mapper);
	front_end_policy(client, policy);
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
}

void front_end_begin(struct front_end *f, struct client *client, const char *policy)
{
	client_make(client);
	front_end_open(f, client, policy);
	if (client->share->dax.window)
		return;
	print_message("this host has no view\n");
	front_end_done(f, client);
	skip();
}

void front_end_done(struct front_end *f, struct client *client)
{
	client_free(client);
	front_end_free(f);
}

int front_end_setup(struct client *client, uint64_t nodeid, uint64_t file_offset,
		    uint64_t window_offset)
{
	struct fuse_setupmapping_in in = {
		.fh = UINT64_MAX,
		.foffset = file_offset,
		.len = CHUNK_SIZE,
		.flags = FUSE_SETUPMAPPING_FLAG_READ,
		.moffset = window_offset,
	};

	return client_send(client, FUSE_SETUPMAPPING, nodeid, &in, sizeof(in), NULL, 0);
}

int front_end_remove(struct client *client, uint64_t nodeid, uint64_t window_offset)
{
	struct {
		struct fuse_removemapping_in in;
		struct fuse_removemapping_one one;
	} __attribute__((packed)) remove = {
		.in = {.count = 1},
		.one = {.moffset = window_offset, .len = CHUNK_SIZE},
	};

	return client_send(client, FUSE_REMOVEMAPPING, nodeid, &remove, sizeof(remove), NULL, 0);
}
