/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_data.c - data is the same on both sides, however it is cut: by requests, by
 * descriptors, and with many requests at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static const uint64_t sizes[] = {0,	 1,	    4095,      4096,	       4097,
				 100001, CHUNK - 1, CHUNK + 1, (3 << 20) + 777};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Read it all, part by part, and one request more at the end. */
static void read_all(struct test *t, uint64_t node, uint64_t fh, uint64_t size, size_t part,
		     unsigned seed)
{
	uint64_t at = 0;
	size_t wrong;

	for (;;) {
		ssize_t n = client_read(&t->c, node, fh, at, t->buffer, part);
		uint64_t left = size - at;

		MUST(t, n == (ssize_t)(left < part ? left : part),
		     "a file of %llu bytes, READ of %zu at %llu: %zd", (unsigned long long)size,
		     part, (unsigned long long)at, n);
		if (n == 0)
			return;
		MUST(t, scratch_matches(t->buffer, (size_t)n, at, seed, &wrong),
		     "a file of %llu bytes, READ of %zu: byte %llu differs",
		     (unsigned long long)size, part, (unsigned long long)(at + wrong));
		at += (uint64_t)n;
	}
}

static void check_read(struct test *t)
{
	static const size_t parts[] = {4096, 777, 128 << 10, CLIENT_MAX_DATA};

	for (size_t i = 0; i < N_SIZES && !t->failures; i++) {
		struct fuse_entry_out entry;
		char name[32];
		uint64_t fh;

		snprintf(name, sizeof(name), "file-%zu", i);
		OK(t, test_file(t, name, sizes[i], (unsigned)i, &entry));
		OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]) && !t->failures; k++)
			read_all(t, entry.nodeid, fh, sizes[i], parts[k], (unsigned)i);
		OK(t, client_release(&t->c, entry.nodeid, fh));
	}
}

static void write_all(struct test *t, uint64_t node, uint64_t fh, uint64_t size, size_t part,
		      unsigned seed)
{
	for (uint64_t at = 0; at < size; at += part) {
		size_t len = size - at < part ? (size_t)(size - at) : part;
		ssize_t n;

		scratch_fill(t->buffer, len, at, seed);
		n = client_write(&t->c, node, fh, at, t->buffer, len, 0);
		MUST(t, n == (ssize_t)len, "WRITE of %zu at %llu: %zd", len, (unsigned long long)at,
		     n);
	}
}

static void expect_host(struct test *t, const char *name, uint64_t size, unsigned seed)
{
	int fd = open(test_path(t, name), O_RDONLY | O_CLOEXEC);
	uint64_t at = 0;
	size_t wrong = 0;
	ssize_t n;

	MUST(t, fd >= 0, "%s on the host", name);
	while ((n = pread(fd, t->buffer, CLIENT_MAX_DATA, (off_t)at)) > 0) {
		if (!scratch_matches(t->buffer, (size_t)n, at, seed, &wrong))
			break;
		at += (uint64_t)n;
	}
	close(fd);
	EXPECT(t, n <= 0, "%s: byte %llu differs on the host", name,
	       (unsigned long long)(at + wrong));
	EXPECT(t, n > 0 || at == size, "%s: %llu bytes on the host, not %llu", name,
	       (unsigned long long)at, (unsigned long long)size);
}

static void check_write(struct test *t)
{
	const size_t parts[] = {4096, 777, 128 << 10, t->c.init.max_write};

	for (size_t i = 0; i < N_SIZES && !t->failures; i++) {
		size_t part = parts[i % 4] > CLIENT_MAX_DATA ? CLIENT_MAX_DATA : parts[i % 4];
		struct fuse_entry_out entry;
		char name[32];
		uint64_t fh;

		snprintf(name, sizeof(name), "file-%zu", i);
		OK(t, client_create(&t->c, t->node, name, O_RDWR, 0644, &entry, &fh));
		write_all(t, entry.nodeid, fh, sizes[i], part, (unsigned)i);
		read_all(t, entry.nodeid, fh, sizes[i], 4096, (unsigned)i);
		OK(t, client_release(&t->c, entry.nodeid, fh));
		expect_host(t, name, sizes[i], (unsigned)i);
	}
}

/* Data in descriptors of all sizes, and not at the start of a page. */
static void check_segments(struct test *t)
{
	static const size_t segments[] = {300, 511, 1000, 4095, 8192, 100000, 1 << 20};
	struct fuse_entry_out entry;
	uint64_t fh;

	OK(t, client_create(&t->c, t->node, "file", O_RDWR, 0644, &entry, &fh));
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]) && !t->failures; i++) {
		t->c.slot->segment = segments[i];
		write_all(t, entry.nodeid, fh, 130001, 128 << 10, (unsigned)i);
		read_all(t, entry.nodeid, fh, 130001, 128 << 10, (unsigned)i);
		expect_host(t, "file", 130001, (unsigned)i);
	}
	t->c.slot->segment = 4096;
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

/* GETATTR with the headers themselves cut. Since virtio 1.0 no device may count on the cuts. */
static void check_framing(struct test *t)
{
	static const size_t cuts[][3] = {{40, 16, 4096}, {0, 0, 4096}, {1, 1, 1},
					 {39, 15, 1},	 {7, 3, 5},    {56, 120, 4096}};
	struct {
		struct fuse_in_header header;
		struct fuse_getattr_in in;
	} request = {.header = {.len = sizeof(request), .opcode = FUSE_GETATTR, .nodeid = t->node}};
	struct {
		struct fuse_out_header header;
		struct fuse_attr_out out;
	} reply;
	struct stat st;

	OK(t, test_stat(t, ".", &st));
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		request.header.unique = 1000 + i;
		OK(t, client_raw_cut(&t->c, FRONTEND_REQUESTS, &request, sizeof(request),
				     sizeof(reply), cuts[i][0], cuts[i][1], cuts[i][2]));
		memcpy(&reply, t->c.slot->out, sizeof(reply));
		EXPECT(t,
		       reply.header.error == 0 && reply.header.len == sizeof(reply) &&
			       reply.header.unique == 1000 + i && reply.out.attr.ino == st.st_ino,
		       "headers cut at %zu and %zu, then every %zu bytes: error %d, %u bytes",
		       cuts[i][0], cuts[i][1], cuts[i][2], reply.header.error, reply.header.len);
	}
	test_survives(t, "headers in small pieces");
}

#define N_AT_ONCE 32

/* Each reply must be to its own request, whatever the order. */
static void check_at_once(struct test *t)
{
	struct request *requests[N_AT_ONCE] = {0};
	struct fuse_entry_out entry;
	uint64_t fh;
	int err = 0;

	OK(t, test_file(t, "file", 1 << 20, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	for (unsigned i = 0; i < N_AT_ONCE && !err; i++) {
		struct fuse_read_in in = {.fh = fh, .offset = i * 32768, .size = 8192 + i};
		struct iovec iov[] = {{&in, sizeof(in)}};

		requests[i] = request_new(&t->fe, 4096, 65536);
		err = requests[i] ? client_start(&t->c, requests[i], FUSE_READ, entry.nodeid, iov,
						 1, 8192 + i)
				  : -ENOMEM;
	}
	for (unsigned i = 0; i < N_AT_ONCE && !err; i++) {
		size_t len, wrong;

		err = client_finish(&t->c, requests[i], t->buffer, 16384, &len);
		EXPECT(t,
		       !err && len == 8192 + i &&
			       scratch_matches(t->buffer, len, i * 32768, 1, &wrong),
		       "the %u. of many READs at once: %s", i, test_errno(t, err));
	}
	for (unsigned i = 0; i < N_AT_ONCE; i++)
		request_free(requests[i]);
	EXPECT(t, !err, "many READs at once: %s", test_errno(t, err));
}

/* What the host changes is what the next request gives. */
static void check_host_changes(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;

	OK(t, test_file(t, "file", 10000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	read_all(t, entry.nodeid, fh, 10000, 4096, 1);
	OK(t, scratch_file(t->path, "file", 20000, 2));
	read_all(t, entry.nodeid, fh, 20000, 4096, 2);
	OK(t, scratch_file(t->path, "file", 5000, 3));
	read_all(t, entry.nodeid, fh, 5000, 4096, 3);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

const struct check checks_data[] = {
	{"data-read", "files of all sizes are read as they are", 0, check_read},
	{"data-write", "... and written", NEEDS_WRITE, check_write},
	{"data-segments", "... with data cut into descriptors of all sizes", NEEDS_WRITE,
	 check_segments},
	{"data-framing", "headers may be cut, too", 0, check_framing},
	{"data-at-once", "many requests at a time get their own replies", 0, check_at_once},
	{"data-host-changes", "what the host changes is read next", 0, check_host_changes},
	{0},
};
