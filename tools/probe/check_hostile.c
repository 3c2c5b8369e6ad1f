/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_hostile.c - requests that no kernel sends: an error is fine, the end of the session
 * too, but no crash, no hang, and nothing written where there is no room.
 *
 * Names that are made up here have no slash, so they lead nowhere. See also check_names.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define ARGS_MAX 8192
#define GUARD 16384 /* of the reply's buffer, looked at */

/* A request's bytes. */
struct raw {
	struct fuse_in_header header;
	char args[ARGS_MAX];
};

static struct raw make_raw(struct test *t, uint32_t opcode, uint64_t node, const void *args,
			   size_t size)
{
	struct raw raw = {.header = {.len = (uint32_t)(sizeof(raw.header) + size),
				     .opcode = opcode,
				     .unique = t->c.unique += 2,
				     .nodeid = node,
				     .pid = 1}};

	if (size)
		memcpy(raw.args, args, size);
	return raw;
}

/* What came back fits what was sent, and the room. Returns its error, or 0. */
static int check_reply(struct test *t, const struct raw *raw, size_t len, const char *what,
		       size_t room)
{
	struct fuse_out_header header;

	for (size_t i = room; i < GUARD; i++) {
		if ((uint8_t)t->c.slot->out[i] != 0xa5) {
			test_fail(t, "%s: byte %zu was written, with room for %zu", what, i, room);
			break;
		}
	}
	EXPECT(t, t->c.slot->written <= room,
	       "%s: %u bytes are said to be written, with room for %zu", what, t->c.slot->written,
	       room);
	if (room < sizeof(header) || t->c.slot->written == 0)
		return -ENOMSG;
	memcpy(&header, t->c.slot->out, sizeof(header));
	/* Without a whole header nobody can know which request it was. */
	EXPECT(t, len < sizeof(raw->header) || header.unique == raw->header.unique,
	       "%s: the reply is to another request", what);
	EXPECT(t, header.len >= sizeof(header) && header.len <= room,
	       "%s: the reply has %u bytes, with room for %zu", what, header.len, room);
	EXPECT(t, header.error <= 0 && header.error > -4096, "%s: the reply's error is %d", what,
	       header.error);
	return header.error;
}

/*
 * Send so many bytes of a request, with so much room. Returns the reply's error; -ENOMSG if it
 * came back empty; -ENOTCONN if the session has ended. A new one is opened then.
 */
static int send_raw(struct test *t, unsigned queue, const struct raw *raw, size_t len, size_t room,
		    const char *what)
{
	int err;

	memset(t->c.slot->out, 0xa5, GUARD);
	err = client_raw(&t->c, queue, raw, len, room);
	if (!err)
		return check_reply(t, raw, len, what, room);
	test_survives(t, what);
	return -ENOTCONN;
}

/* ---- Lengths ---- */

/* The header's length against what is there. */
static void check_header_length(struct test *t)
{
	static const uint32_t lengths[] = {0, 1, 39, 40, 55, 57, 1000, 1u << 31, UINT32_MAX};
	struct fuse_getattr_in in = {0};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && t->open; i++) {
		struct raw raw = make_raw(t, FUSE_GETATTR, t->node, &in, sizeof(in));
		size_t len = raw.header.len;
		int err;

		raw.header.len = lengths[i];
		err = send_raw(t, FRONTEND_REQUESTS, &raw, len, 4096, "a wrong length");
		EXPECT(t, err || lengths[i] >= 40, "a length of %u is served", lengths[i]);
		EXPECT(t, err || lengths[i] <= len, "a length of %u of %zu bytes is served",
		       lengths[i], len);
	}
	test_survives(t, "wrong lengths");
}

/* INIT and DESTROY have checks of their own. */
static bool is_swept(uint32_t opcode)
{
	return opcode != FUSE_INIT && opcode != FUSE_DESTROY;
}

/* Every request, cut off everywhere. */
static void check_truncated(struct test *t)
{
	struct fuse_entry_out entry;
	char args[128];

	OK(t, test_file(t, "file", 1000, 1, &entry));
	memset(args, 0, sizeof(args));
	for (uint32_t opcode = 1; opcode < 60 && t->open && !t->failures; opcode++) {
		for (size_t size = 0; size < sizeof(args) && is_swept(opcode); size += 4) {
			struct raw raw = make_raw(t, opcode, t->node, args, size);
			char what[64];

			snprintf(what, sizeof(what), "opcode %u with %zu bytes", opcode, size);
			send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 4096, what);
			/* Fewer than the header itself. */
			if (size < sizeof(raw.header))
				send_raw(t, FRONTEND_REQUESTS, &raw, size ? size : 1, 4096, what);
			if (!t->open || t->failures)
				break;
		}
	}
	test_survives(t, "requests that are cut off");
}

/* A name that has no end. */
static void check_endless_names(struct test *t)
{
	static const uint32_t opcodes[] = {
		FUSE_LOOKUP,   FUSE_SYMLINK,  FUSE_MKNOD,	FUSE_MKDIR,  FUSE_UNLINK,
		FUSE_RMDIR,    FUSE_RENAME,   FUSE_LINK,	FUSE_CREATE, FUSE_RENAME2,
		FUSE_SETXATTR, FUSE_GETXATTR, FUSE_REMOVEXATTR,
	};
	char args[ARGS_MAX];

	memset(args, 'n', sizeof(args));
	for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]) && t->open; i++) {
		for (size_t size = 1; size <= sizeof(args); size *= 2) {
			struct raw raw = make_raw(t, opcodes[i], t->node, args, size);
			int err = send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 4096,
					   "a name without an end");

			EXPECT(t, err, "opcode %u: a name without an end is served", opcodes[i]);
		}
	}
	test_survives(t, "names without an end");
}

/* ---- Counts ---- */

static void check_batch_forget(struct test *t)
{
	static const uint32_t counts[] = {0, 2, 50000000, 1u << 28, UINT32_MAX};
	struct {
		struct fuse_batch_forget_in in;
		struct fuse_forget_one one;
	} args = {0};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	args.one = (struct fuse_forget_one){0x7777777777777777, 1};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && t->open; i++) {
		struct raw raw;

		args.in.count = counts[i];
		raw = make_raw(t, FUSE_BATCH_FORGET, 0, &args, sizeof(args));
		send_raw(t, FRONTEND_HIPRIO, &raw, raw.header.len, 0, "BATCH_FORGET");
	}
	if (test_survives(t, "a BATCH_FORGET of 4,294,967,295 entries, of which one is there"))
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
}

/* ---- Sizes ---- */

static void check_read_sizes(struct test *t)
{
	static const uint32_t sizes[] = {4097, 1u << 20, 1u << 30, INT32_MAX, UINT32_MAX};
	static const uint64_t offsets[] = {0, 1ull << 62, INT64_MAX, 1ull << 63, UINT64_MAX};
	struct fuse_entry_out entry;
	uint64_t fh;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	for (size_t i = 0; i < 25 && t->open; i++) {
		struct fuse_read_in in = {.fh = fh, .offset = offsets[i % 5], .size = sizes[i / 5]};
		struct raw raw = make_raw(t, FUSE_READ, entry.nodeid, &in, sizeof(in));

		send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 16 + 4096, "READ of 4 GiB");
	}
	test_survives(t, "READs of more than there is room for");
}

static void check_write_sizes(struct test *t)
{
	static const uint32_t sizes[] = {0, 1, 101, 1u << 30, INT32_MAX, UINT32_MAX};
	static const uint64_t offsets[] = {0, INT64_MAX, 1ull << 63, UINT64_MAX};
	struct {
		struct fuse_write_in in;
		char data[100];
	} args = {0};
	struct fuse_entry_out entry;
	struct stat st;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &args.in.fh));
	for (size_t i = 0; i < 24 && t->open; i++) {
		struct raw raw;

		args.in.offset = offsets[i % 4];
		args.in.size = sizes[i / 4];
		raw = make_raw(t, FUSE_WRITE, entry.nodeid, &args, sizeof(args));
		send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 4096, "a wrong size of WRITE");
	}
	test_survives(t, "WRITEs of more than there is");
	OK(t, test_stat(t, "file", &st));
	EXPECT(t, st.st_size == 1000, "the file has now %lld bytes", (long long)st.st_size);
}

/* Replies whose size the guest chooses. */
static void check_reply_sizes(struct test *t)
{
	static const uint32_t opcodes[] = {FUSE_READDIR, FUSE_READDIRPLUS, FUSE_GETXATTR,
					   FUSE_LISTXATTR, FUSE_READLINK};
	struct {
		struct fuse_read_in in;
		char more[16];
	} args = {.more = "user.a"};

	OK(t, scratch_file(t->path, "file", 1, 1));
	OK(t, client_opendir(&t->c, t->node, &args.in.fh));
	for (size_t i = 0; i < 15 && t->open; i++) {
		uint32_t opcode = opcodes[i / 3], size = i % 3 == 0   ? 4096
							 : i % 3 == 1 ? 1u << 30
								      : UINT32_MAX;
		struct fuse_getxattr_in xattr = {.size = size};
		struct raw raw;

		args.in.size = size;
		raw = make_raw(t, opcode, t->node, &args, sizeof(args));
		if (opcode == FUSE_GETXATTR || opcode == FUSE_LISTXATTR) {
			memcpy(raw.args, &xattr, sizeof(xattr));
			memcpy(raw.args + sizeof(xattr), "user.a", 7);
		}
		send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 16 + 50, "a reply of 4 GiB");
	}
	test_survives(t, "replies of more than there is room for");
}

/* ---- Room ---- */

/* A reply that does not fit must not be written, in whatever part. */
static void check_room(struct test *t)
{
	static const size_t rooms[] = {0, 1, 4, 15, 16, 17, 24, 100, 119, 135, 143};
	struct fuse_entry_out entry;
	char args[256] = "file";

	OK(t, test_file(t, "file", 1000, 1, &entry));
	for (uint32_t opcode = 1; opcode < 53 && t->open && !t->failures; opcode++) {
		for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && is_swept(opcode); i++) {
			bool named = opcode == FUSE_LOOKUP;
			struct raw raw = make_raw(t, opcode, named ? t->node : entry.nodeid, args,
						  named ? 5 : sizeof(args));
			char what[64];

			snprintf(what, sizeof(what), "opcode %u with room for %zu bytes", opcode,
				 rooms[i]);
			/* Not to be taken for names: nothing may be made or removed. */
			if (!named)
				memset(raw.args, 0, sizeof(args));
			send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, rooms[i], what);
			if (!t->open || t->failures)
				break;
		}
	}
	test_survives(t, "too little room for replies");
}

/* ---- Opcodes, nodeids, handles ---- */

static void check_opcodes(struct test *t)
{
	static const uint32_t opcodes[] = {
		0, 7, 19, 60, 63, 64, 100, 4095, 4096, 1u << 16, (1u << 31) + 3, UINT32_MAX};
	char args[64] = "";

	for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]) && t->open; i++) {
		struct raw raw = make_raw(t, opcodes[i], t->node, args, sizeof(args));
		int err = send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 4096,
				   "an unknown opcode");

		EXPECT(t, err == -ENOSYS, "opcode %u: %s instead of ENOSYS", opcodes[i],
		       test_errno(t, err));
	}
	test_survives(t, "unknown opcodes");
}

/* Bytes that are always the same, and have no slash that a name could be cut at. */
static void scramble(uint8_t *p, size_t size, uint64_t *state)
{
	for (size_t i = 0; i < size; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(*state >> 56);
		/* Many zeros, since small numbers get further. */
		if (p[i] == '/' || (*state >> 40 & 3) == 0)
			p[i] = 0;
	}
}

/* Everything with arguments that mean nothing, on a file, a folder and what is not there. */
static void check_nonsense(struct test *t)
{
	uint64_t state = 42;
	struct fuse_entry_out file, folder;
	uint8_t args[192];

	OK(t, test_file(t, "file", 1000, 1, &file));
	EXPECT(t, mkdir(test_path(t, "folder"), 0755) == 0, "mkdir on the host");
	OK(t, test_lookup(t, "folder", &folder));
	for (unsigned i = 0; i < 3000 && t->open && !t->failures; i++) {
		const uint64_t nodes[] = {file.nodeid, folder.nodeid, state, 0};
		uint32_t opcode = i % 53;
		struct raw raw;
		char what[48];

		scramble(args, sizeof(args), &state);
		if (!is_swept(opcode))
			continue;
		snprintf(what, sizeof(what), "nonsense %u of opcode %u", i, opcode);
		raw = make_raw(t, opcode, nodes[i / 53 % 4], args, sizeof(args));
		send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 4096, what);
	}
	test_survives(t, "arguments without meaning");
}

/* What can be done by a handle that was made up, or is of something else. */
static void expect_no_handle(struct test *t, uint64_t node, uint64_t fh, const char *what)
{
	ssize_t n = client_read(&t->c, node, fh, 0, t->buffer, 100);
	uint64_t found;

	EXPECT(t, n < 0, "READ by %s gives %zd bytes", what, n);
	EXPECT(t, client_write(&t->c, node, fh, 0, "data", 4, 0) < 0, "WRITE by %s", what);
	EXPECT(t, client_fsync(&t->c, node, fh, false) < 0, "FSYNC by %s", what);
	EXPECT(t, client_fallocate(&t->c, node, fh, 0, 10, 0) < 0, "FALLOCATE by %s", what);
	EXPECT(t, client_lseek(&t->c, node, fh, 0, SEEK_DATA, &found) < 0, "LSEEK by %s", what);
	EXPECT(t, client_readdir(&t->c, node, fh, 0, t->buffer, 4096, false) < 0, "READDIR by %s",
	       what);
	test_survives(t, what);
}

static void check_handles(struct test *t)
{
	static const uint64_t odd[] = {0, 1, 77, 1ull << 32, 1ull << 63, UINT64_MAX};
	struct fuse_entry_out first, second;
	uint64_t fh, dir;

	OK(t, test_file(t, "first", 1000, 1, &first));
	OK(t, test_file(t, "second", 1000, 2, &second));
	OK(t, client_open_file(&t->c, first.nodeid, O_RDONLY, &fh));
	OK(t, client_opendir(&t->c, t->node, &dir));
	if (!fh) {
		test_skip(t, "the back-end has no handles");
		return;
	}
	expect_no_handle(t, second.nodeid, fh, "another file's handle");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]) && t->open && !t->c.broken; i++) {
		/* Small numbers may be real ones of some daemons. */
		if (odd[i] != fh && odd[i] != dir)
			expect_no_handle(t, second.nodeid, odd[i], "a handle that was made up");
	}
	EXPECT(t, client_read(&t->c, t->node, dir, 0, t->buffer, 100) < 0, "READ of a folder");
	EXPECT(t, client_readdir(&t->c, first.nodeid, fh, 0, t->buffer, 4096, false) < 0,
	       "READDIR of a file");
	client_release(&t->c, second.nodeid, 0x7777777777777777);
	client_releasedir(&t->c, t->node, 0x7777777777777777);
	test_survives(t, "RELEASE of handles that were made up");
}

/* Flags of open(2) that no guest sends. */
static void check_open_flags(struct test *t)
{
	static const uint32_t flags[] = {
		O_CREAT,
		O_CREAT | O_EXCL | O_RDWR,
		O_PATH,
		O_DIRECTORY,
		O_TMPFILE | O_RDWR,
		O_NOFOLLOW,
		O_ACCMODE,
		O_ASYNC,
		O_DIRECT,
		O_NONBLOCK,
		0x7fffffffu,
		UINT32_MAX,
		1u << 31,
	};
	struct fuse_entry_out entry;
	struct stat st;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && t->open; i++) {
		struct fuse_open_in in = {.flags = flags[i]};
		struct iovec iov[] = {{&in, sizeof(in)}};
		struct fuse_open_out out;
		int err = client_call(&t->c, FUSE_OPEN, entry.nodeid, iov, 1, &out, sizeof(out),
				      NULL);

		if (!err) {
			client_read(&t->c, entry.nodeid, out.fh, 0, t->buffer, 100);
			client_readdir(&t->c, entry.nodeid, out.fh, 0, t->buffer, 100, false);
			client_release(&t->c, entry.nodeid, out.fh);
		}
		test_survives(t, "odd flags of OPEN");
	}
	OK(t, test_stat(t, "file", &st));
}

/* ---- Queues and chains ---- */

static void check_queues(struct test *t)
{
	struct fuse_getattr_in in = {0};
	struct fuse_forget_in forget = {.nlookup = 1};
	struct fuse_entry_out entry;
	struct raw raw;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	raw = make_raw(t, FUSE_FORGET, entry.nodeid, &forget, sizeof(forget));
	send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len, 0, "FORGET among the requests");
	raw = make_raw(t, FUSE_FORGET, 0x7777777777777777, &forget, sizeof(forget));
	send_raw(t, FRONTEND_HIPRIO, &raw, raw.header.len, 4096, "FORGET with room for a reply");
	raw = make_raw(t, FUSE_GETATTR, t->node, &in, sizeof(in));
	send_raw(t, FRONTEND_HIPRIO, &raw, raw.header.len, 4096, "GETATTR by the other queue");
	raw = make_raw(t, FUSE_GETATTR, t->node, &in, sizeof(in));
	send_raw(t, FRONTEND_HIPRIO, &raw, raw.header.len, 0, "GETATTR without room");
	test_survives(t, "requests in the wrong queue");
}

/* Only what the device writes; and only a part of a header. */
static void check_chains(struct test *t)
{
	static const size_t lengths[] = {0, 1, 3, 39};
	struct fuse_getattr_in in = {0};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && t->open; i++) {
		struct raw raw = make_raw(t, FUSE_GETATTR, t->node, &in, sizeof(in));

		memset(t->c.slot->out, 0xa5, GUARD);
		if (client_raw(&t->c, FRONTEND_REQUESTS, &raw, lengths[i], 4096))
			test_survives(t, "a chain without a header");
		else
			EXPECT(t, t->c.slot->written <= 4096, "%zu bytes of a header", lengths[i]);
	}
	test_survives(t, "chains without a header");
}

/* What follows a name that is said to be longer, or is not there. */
static void check_extensions(struct test *t)
{
	static const uint16_t lengths[] = {1, 2, 3, 100, UINT16_MAX};
	static const uint32_t sizes[] = {0, 1, 7, 8, 15, 17, 1u << 20, UINT32_MAX};
	struct {
		struct fuse_mkdir_in in;
		char name[8];
		struct fuse_ext_header ext;
		uint32_t groups[6];
	} args = {.in = {.mode = 0755}, .name = "folder"};

	for (size_t i = 0; i < 40 && t->open; i++) {
		size_t named = sizeof(args.in) + 7;
		struct raw raw;

		args.ext = (struct fuse_ext_header){.size = sizes[i % 8], .type = FUSE_EXT_GROUPS};
		args.groups[0] = i & 1 ? UINT32_MAX : 1;
		raw = make_raw(t, FUSE_MKDIR, t->node, &args, sizeof(args));
		/* Right behind the name's NUL. */
		memcpy(raw.args + named, &args.ext, sizeof(args) - offsetof(typeof(args), ext));
		raw.header.total_extlen = lengths[i / 8];
		send_raw(t, FRONTEND_REQUESTS, &raw, raw.header.len - 1, 4096, "a wrong extension");
		rmdir(test_path(t, "folder"));
	}
	test_survives(t, "wrong extensions");
}

const struct check checks_hostile[] = {
	{"hostile-header-length", "the header's length is checked", 0, check_header_length},
	{"hostile-truncated", "requests that are cut off anywhere", 0, check_truncated},
	{"hostile-endless-names", "names without an end", 0, check_endless_names},
	{"hostile-batch-forget", "BATCH_FORGET of more than is there", 0, check_batch_forget},
	{"hostile-read-sizes", "READ of more than there is room for", 0, check_read_sizes},
	{"hostile-write-sizes", "WRITE of more than is there", NEEDS_WRITE, check_write_sizes},
	{"hostile-reply-sizes", "... and all other replies of any size", 0, check_reply_sizes},
	{"hostile-room", "a reply that does not fit is not written", 0, check_room},
	{"hostile-opcodes", "unknown opcodes are ENOSYS", 0, check_opcodes},
	{"hostile-nonsense", "arguments without meaning", 0, check_nonsense},
	{"hostile-handles", "handles that were made up", 0, check_handles},
	{"hostile-open-flags", "flags of OPEN that make no sense", 0, check_open_flags},
	{"hostile-queues", "requests in the wrong queue", 0, check_queues},
	{"hostile-chains", "chains without a header", 0, check_chains},
	{"hostile-extensions", "what follows a name is checked", NEEDS_WRITE, check_extensions},
	{0},
};
