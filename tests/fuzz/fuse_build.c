/* SPDX-License-Identifier: BSD-3-Clause */
/* fuse_build.c - see fuse_build.h. */
#include "fuse_build.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fuse_compat.h"
#include "share.h"

/* A request in the making. */
struct builder {
	const struct session *session;
	const struct step *step;
	uint8_t *bytes;
	size_t size;
};

static void put(struct builder *b, const void *data, size_t size)
{
	if (size > REQUEST_MAX - b->size)
		size = REQUEST_MAX - b->size;
	memcpy(b->bytes + b->size, data, size);
	b->size += size;
}

/* ---- Values ------------------------------------------------------------------------------- */

uint64_t build_number(uint64_t raw)
{
	static const uint64_t some[] = {
		0,
		1,
		2,
		3,
		7,
		8,
		16,
		40,
		255,
		256,
		4095,
		4096,
		4097,
		5000,
		32767,
		32768,
		39999,
		40000,
		65535,
		65536,
		65537,
		1 << 20,
		2 << 20,
		4 << 20,
		14 << 20,
		16 << 20,
		(16 << 20) - 1,
		INT32_MAX,
		1u << 31,
		UINT32_MAX,
		1ull << 32,
		INT64_MAX,
		1ull << 63,
		UINT64_MAX,
		INT64_MAX - 4095,
		INT64_MAX - (2 << 20),
		UINT64_MAX - 4095,
	};

	/* Mostly one of those, whatever the bytes are. */
	return raw % 4 < 3 ? some[raw / 4 % (sizeof(some) / sizeof(*some))] : raw / 4;
}

static uint64_t pick_node(const struct builder *b, uint8_t which)
{
	const struct session *session = b->session;

	if (which < 0xf0)
		return session->nodes[which % session->n_nodes].id;
	if (which < 0xf8)
		return FUSE_ROOT_ID;
	return which < 0xfc ? session->nodes[which % session->n_nodes].id + (1ull << 32)
			    : b->step->more;
}

static uint64_t pick_handle(const struct builder *b, uint8_t which)
{
	const struct session *session = b->session;

	if (session->n_files && which < 0xf0)
		return session->files[which % session->n_files].fh;
	return which < 0xf8 ? UINT64_MAX : b->step->more;
}

/* That which the handle is of, mostly. */
static uint64_t pick_node_of(const struct builder *b, uint8_t which)
{
	const struct session *session = b->session;

	if (session->n_files && which < 0xf0 && !(b->step->how & HOW_OPCODE))
		return session->files[which % session->n_files].nodeid;
	return pick_node(b, b->step->node);
}

static void put_name(struct builder *b, uint8_t which)
{
	static const char *const names[] = {
		"a",   "b.dax", "d",	     "x",   "y.dax",	"empty", "link", "up",	    "abs",
		"p",   "h",	"new",	     "n2",  "n.dax",	"e",	 ".",	 "..",	    "",
		"a/b", "/",	"../canary", "d/x", "\xff\xfe", "..x",	 "...",	 "new.dax",
	};
	char long_name[300];
	size_t i = which % 32;

	if (i < sizeof(names) / sizeof(*names)) {
		put(b, names[i], strlen(names[i]) + 1);
		return;
	}
	memset(long_name, 'n', sizeof(long_name));
	/* 255, 256, without an end, and what the record says. */
	if (i == 26)
		put(b, long_name, 255), put(b, "", 1);
	else if (i == 27)
		put(b, long_name, 256), put(b, "", 1);
	else if (i == 28)
		put(b, long_name, 20);
	else
		put(b, &b->step->big, 16), put(b, "", 1);
}

static void put_xattr_name(struct builder *b, uint8_t which)
{
	static const char *const names[] = {
		"user.a",
		"user.dax",
		"trusted.fsdax",
		"user.fsdax",
		"trusted.x",
		"system.posix_acl_access",
		"security.x",
		"nonsense",
		"system.posix_acl_default",
		"security.capability",
		"",
		"user.",
		"user.\xff",
		"security.selinux",
	};
	char long_name[300] = "user.";
	size_t i = which % 16;

	if (i < sizeof(names) / sizeof(*names)) {
		put(b, names[i], strlen(names[i]) + 1);
		return;
	}
	memset(long_name + 5, 'n', sizeof(long_name) - 5);
	put(b, long_name, i == 14 ? 255 : 300);
	put(b, "", 1);
}

static void put_value(struct builder *b, size_t size)
{
	static const char tags[4][8] = {"yes", "no", "garbage", "1\n"};
	char bytes[1024];

	memset(bytes, (int)b->step->other, sizeof(bytes));
	memcpy(bytes, tags[b->step->other % 4], 8);
	while (size && b->size < REQUEST_MAX) {
		size_t n = size < sizeof(bytes) ? size : sizeof(bytes);

		put(b, bytes, n);
		size -= n;
	}
}

#define PUT(...)                                             \
	do {                                                 \
		put(b, &(__VA_ARGS__), sizeof(__VA_ARGS__)); \
	} while (0)

static uint32_t some_size(const struct step *step)
{
	return (uint32_t)build_number(step->small);
}

/* ---- Arguments ------------------------------------------------------------------------------ */

static void put_init(struct builder *b)
{
	const struct step *s = b->step;
	struct fuse_init_in in = {
		.major = s->other % 8 ? FUSE_KERNEL_VERSION : s->other / 8,
		.minor = s->name % 2 ? FUSE_KERNEL_MINOR_VERSION : s->name,
		.max_readahead = s->small,
		.flags = s->flags | (s->room % 4 ? FUSE_INIT_EXT | FUSE_MAP_ALIGNMENT : 0),
		.flags2 = (uint32_t)s->big | (s->room % 4 ? 1u << 1 : 0),
	};

	put(b, &in, s->cut % 4 == 1 ? 16 : s->cut % 4 == 2 ? s->cut % 64u : sizeof(in));
}

static void put_setattr(struct builder *b)
{
	const struct step *s = b->step;

	PUT((struct fuse_setattr_in){
		.valid = s->flags,
		.fh = pick_handle(b, s->fh),
		.size = build_number(s->big),
		.lock_owner = s->other,
		.atime = s->more,
		.mtime = s->big,
		.atimensec = s->small,
		.mtimensec = s->small / 2,
		.mode = s->small,
		.uid = s->other < 250 ? s->other * 1000 : UINT32_MAX,
		.gid = s->name * 1000u,
	});
}

static void put_lock(struct builder *b)
{
	const struct step *s = b->step;

	PUT((struct fuse_lk_in){
		.fh = pick_handle(b, s->fh),
		.owner = s->name % 4,
		.lk = {.start = build_number(s->big),
		       .end = s->other % 2 ? INT64_MAX : build_number(s->more),
		       .type = s->small % 5,
		       .pid = s->small},
		.lk_flags = s->flags & 1,
	});
}

static void put_setxattr(struct builder *b)
{
	const struct step *s = b->step;
	uint32_t size = some_size(s);
	struct fuse_setxattr_in in = {
		.size = size, .flags = s->flags & 7, .setxattr_flags = s->flags >> 3 & 1};

	put(b, &in, b->session->share->flags & FUSE_SETXATTR_EXT ? sizeof(in) : 8);
	put_xattr_name(b, s->name);
	put_value(b, s->more % 8 ? size : s->cut);
}

static void put_batch_forget(struct builder *b)
{
	const struct step *s = b->step;
	uint32_t n = s->cut % 5;

	PUT((struct fuse_batch_forget_in){.count = s->small < 256 ? s->small % 6 : s->small});
	for (uint32_t i = 0; i < n; i++)
		PUT((struct fuse_forget_one){.nodeid = pick_node(b, (uint8_t)(s->node + i)),
					     .nlookup = build_number(s->big)});
}

static void put_removemapping(struct builder *b)
{
	const struct step *s = b->step;

	PUT((struct fuse_removemapping_in){.count = s->small < 256 ? s->small % 4 : s->small});
	for (uint32_t i = 0; i < s->cut % 4u; i++)
		PUT((struct fuse_removemapping_one){.moffset =
							    build_number(s->big) + i * (2u << 20),
						    .len = build_number(s->more)});
}

static void put_extensions(struct builder *b)
{
	const struct step *s = b->step;
	struct {
		struct fuse_ext_header header;
		uint32_t groups[4];
	} ext = {.header = {.size = s->cut % 8 ? 24 : s->cut, .type = s->other % 64},
		 .groups = {s->name % 3, s->small}};

	put(b, &ext, sizeof(ext));
}

static uint32_t open_flags(const struct step *step)
{
	static const uint32_t some[] = {O_RDONLY,
					O_RDWR,
					O_WRONLY,
					O_RDWR | O_TRUNC,
					O_WRONLY | O_APPEND,
					O_RDONLY | O_DIRECT,
					O_RDWR | O_EXCL,
					O_RDONLY | O_NOATIME};

	return step->flags < 64 ? some[step->flags % 8] : step->flags;
}

/* What follows the header. */
static void put_arguments(struct builder *b, uint32_t opcode)
{
	const struct step *s = b->step;
	uint64_t fh = pick_handle(b, s->fh);

	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_UNLINK:
	case FUSE_RMDIR: put_name(b, s->name); break;
	case FUSE_FORGET: PUT((struct fuse_forget_in){build_number(s->big)}); break;
	case FUSE_GETATTR:
		PUT((struct fuse_getattr_in){.getattr_flags = s->flags % 3, .fh = fh});
		break;
	case FUSE_SETATTR: put_setattr(b); break;
	case FUSE_SYMLINK:
		put_name(b, s->name);
		if (s->other % 4)
			put_name(b, s->other);
		else
			put_value(b, some_size(s)), put(b, "", 1);
		break;
	case FUSE_MKNOD:
		PUT((struct fuse_mknod_in){.mode = s->small, .rdev = s->flags, .umask = s->other});
		put_name(b, s->name);
		break;
	case FUSE_MKDIR:
		PUT((struct fuse_mkdir_in){.mode = s->small, .umask = s->other});
		put_name(b, s->name);
		break;
	case FUSE_RENAME:
		PUT((struct fuse_rename_in){pick_node(b, s->cut)});
		put_name(b, s->name);
		put_name(b, s->other);
		break;
	case FUSE_RENAME2:
		PUT((struct fuse_rename2_in){.newdir = pick_node(b, s->cut),
					     .flags = s->flags % 9});
		put_name(b, s->name);
		put_name(b, s->other);
		break;
	case FUSE_LINK:
		PUT((struct fuse_link_in){pick_node(b, s->cut)});
		put_name(b, s->name);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		PUT((struct fuse_open_in){.flags = open_flags(s), .open_flags = s->other % 2});
		break;
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		PUT((struct fuse_create_in){.flags = open_flags(s),
					    .mode = s->small,
					    .umask = s->other,
					    .open_flags = s->cut % 2});
		put_name(b, s->name);
		break;
	case FUSE_READ:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		PUT((struct fuse_read_in){
			.fh = fh, .offset = build_number(s->big), .size = some_size(s)});
		break;
	case FUSE_WRITE:
		PUT((struct fuse_write_in){.fh = fh,
					   .offset = build_number(s->big),
					   .size = some_size(s) % 8192,
					   .write_flags = s->flags & 7});
		put_value(b, s->more % 8 ? some_size(s) % 8192 : s->cut);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		PUT((struct fuse_release_in){.fh = fh, .release_flags = s->flags & 3});
		break;
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
		PUT((struct fuse_fsync_in){.fh = fh, .fsync_flags = s->flags & 1});
		break;
	case FUSE_SETXATTR: put_setxattr(b); break;
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		PUT((struct fuse_getxattr_in){.size = some_size(s)});
		put_xattr_name(b, s->name);
		break;
	case FUSE_REMOVEXATTR: put_xattr_name(b, s->name); break;
	case FUSE_FLUSH: PUT((struct fuse_flush_in){.fh = fh, .lock_owner = s->name % 4}); break;
	case FUSE_INIT: put_init(b); break;
	case FUSE_GETLK:
	case FUSE_SETLK:
	case FUSE_SETLKW: put_lock(b); break;
	case FUSE_ACCESS: PUT((struct fuse_access_in){.mask = s->flags % 9}); break;
	case FUSE_INTERRUPT: PUT((struct fuse_interrupt_in){s->small}); break;
	case FUSE_BATCH_FORGET: put_batch_forget(b); break;
	case FUSE_FALLOCATE:
		PUT((struct fuse_fallocate_in){.fh = fh,
					       .offset = build_number(s->big),
					       .length = build_number(s->more),
					       .mode = s->flags});
		break;
	case FUSE_LSEEK:
		PUT((struct fuse_lseek_in){
			.fh = fh, .offset = build_number(s->big), .whence = s->flags % 6});
		break;
	case FUSE_COPY_FILE_RANGE:
		PUT((struct fuse_copy_file_range_in){
			.fh_in = fh,
			.off_in = build_number(s->big),
			.nodeid_out = pick_node_of(b, s->cut),
			.fh_out = pick_handle(b, s->cut),
			.off_out = build_number(s->more),
			.len = build_number(s->small),
			.flags = s->flags < 64 ? 0 : s->flags,
		});
		break;
	case FUSE_SETUPMAPPING:
		PUT((struct fuse_setupmapping_in){
			.fh = fh,
			.foffset = build_number(s->big),
			.len = s->small % 4 ? 2u << 20 : build_number(s->small / 4),
			.flags = s->flags % 5,
			.moffset = s->other % 16 ? (uint64_t)(s->other % 10) << 21
						 : build_number(s->more),
		});
		break;
	case FUSE_REMOVEMAPPING: put_removemapping(b); break;
	default: break;
	}
}

/* ---- The request ------------------------------------------------------------------------------ */

/* Those that are about an open file, whose nodeid goes with it. */
static bool has_handle(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
	case FUSE_FLUSH:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_GETLK:
	case FUSE_SETLK:
	case FUSE_SETLKW:
	case FUSE_FALLOCATE:
	case FUSE_LSEEK:
	case FUSE_COPY_FILE_RANGE: return true;
	default: return false;
	}
}

static uint32_t pick_opcode(const struct step *step)
{
	/* Those without a number between 1 and 52 are asked for by HOW_OPCODE. */
	static const uint8_t common[] = {
		FUSE_LOOKUP, FUSE_LOOKUP,	FUSE_OPEN,	  FUSE_OPENDIR,
		FUSE_CREATE, FUSE_SETUPMAPPING, FUSE_READDIRPLUS, FUSE_GETATTR,
	};

	if (step->how & HOW_OPCODE)
		return step->op < 0xd0 ? step->op : step->small;
	if (step->op < 0x80)
		return step->op % 64;
	return common[step->op % 8];
}

size_t build_request(const struct session *session, const struct step *step,
		     uint8_t request[REQUEST_MAX])
{
	struct builder b = {session, step, request, sizeof(struct fuse_in_header)};
	struct fuse_in_header header = {
		.opcode = pick_opcode(step),
		.unique = step->more,
		.uid = step->other % 4 ? 0 : step->other * 250u,
		.gid = step->cut % 4 ? 0 : step->cut * 250u,
		.pid = 1,
	};

	header.nodeid =
		has_handle(header.opcode) ? pick_node_of(&b, step->fh) : pick_node(&b, step->node);
	if (step->how & HOW_RAW) {
		for (unsigned int i = 0; i < step->cut % 8u; i++)
			put(&b, &step->flags, sizeof(*step) - offsetof(struct step, flags));
	} else {
		put_arguments(&b, header.opcode);
	}
	if (step->how & HOW_EXTENSION) {
		size_t extension = b.size;

		put_extensions(&b);
		header.total_extlen = (uint16_t)((b.size - extension) / 8 + (step->room == 3));
	}
	header.len = (uint32_t)b.size;
	memcpy(request, &header, sizeof(header));
	return b.size;
}
