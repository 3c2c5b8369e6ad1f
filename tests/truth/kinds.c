/* SPDX-License-Identifier: BSD-3-Clause */
/* kinds.c - what the numbers of an operation mean: drawn at random, and shown. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "truth.h"

struct word {
	int64_t value;
	const char *name;
};

#define WORD(x)       \
	{             \
		x, #x \
	}
#define N(array) (sizeof(array) / sizeof(*(array)))

static const struct word ACCESS_MODES[] = {WORD(O_RDONLY), WORD(O_WRONLY), WORD(O_RDWR)};
static const struct word OPEN_WORDS[] = {
	WORD(O_CREAT),	 WORD(O_EXCL),	    WORD(O_TRUNC),    WORD(O_APPEND),
	WORD(O_TMPFILE), WORD(O_DIRECTORY), WORD(O_NOFOLLOW), WORD(O_PATH),
	WORD(O_DIRECT),	 WORD(O_SYNC),	    WORD(O_DSYNC),    WORD(O_NOATIME),
};
static const struct word RENAME_WORDS[] = {WORD(RENAME_NOREPLACE), WORD(RENAME_EXCHANGE),
					   WORD(RENAME_WHITEOUT)};
static const struct word FALLOCATE_WORDS[] = {
	WORD(FALLOC_FL_KEEP_SIZE),  WORD(FALLOC_FL_PUNCH_HOLE),	  WORD(FALLOC_FL_COLLAPSE_RANGE),
	WORD(FALLOC_FL_ZERO_RANGE), WORD(FALLOC_FL_INSERT_RANGE), WORD(FALLOC_FL_UNSHARE_RANGE),
};
static const struct word AT_WORDS[] = {WORD(AT_SYMLINK_NOFOLLOW), WORD(AT_SYMLINK_FOLLOW),
				       WORD(AT_EACCESS), WORD(AT_EMPTY_PATH)};
static const struct word ACCESS_WORDS[] = {WORD(R_OK), WORD(W_OK), WORD(X_OK)};
static const struct word XATTR_WORDS[] = {WORD(XATTR_CREATE), WORD(XATTR_REPLACE)};
static const struct word FLOCK_WORDS[] = {WORD(LOCK_SH), WORD(LOCK_EX), WORD(LOCK_UN)};
static const struct word LOCK_WORDS[] = {WORD(F_RDLCK), WORD(F_WRLCK), WORD(F_UNLCK)};
static const struct word WHENCE_WORDS[] = {WORD(SEEK_SET), WORD(SEEK_CUR), WORD(SEEK_END),
					   WORD(SEEK_DATA), WORD(SEEK_HOLE)};
static const struct word RW_WORDS[] = {WORD(RWF_DSYNC), WORD(RWF_SYNC), WORD(RWF_APPEND)};

static const int64_t MODES[] = {0644,  0755,  0600,  0666,  0777,  0700,  0000,
				0400,  0444,  0070,  0007,  01777, 02775, 02755,
				04755, 06777, 02644, 04644, 03777, 07000, 0111};
static const int64_t FALLOCATE_MODES[] = {
	0,
	0,
	FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_ZERO_RANGE,
	FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE,
	FALLOC_FL_COLLAPSE_RANGE,
	FALLOC_FL_INSERT_RANGE,
	FALLOC_FL_UNSHARE_RANGE,
};
static const int64_t TYPES[] = {S_IFREG, 0, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK};
static const int64_t XATTR_SIZES[] = {0,    1,	  10,	100,   255,   256,   1000, 3000,
				      4000, 4096, 5000, 40000, 65535, 65536, 65537};
static const int64_t UIDS[] = {0, 1001, 1002, 1003, 5000, -1};
static const int64_t GIDS[] = {0, 2001, 2002, 2003, 6000, -1};

/* ---- Drawing -------------------------------------------------------------------------------- */

static int64_t pick(const int64_t *values, size_t n, uint64_t *random)
{
	return values[random_below(random, n)];
}

/* Numbers at which things happen: small ones, ends of pages, ends of types. */
static int64_t draw_offset(uint64_t *random)
{
	static const int64_t ends[] = {-1,	  INT64_MAX,	   INT64_MAX - 4096,
				       1LL << 31, 1LL << 32,	   (1LL << 32) - 1,
				       1LL << 40, (1LL << 31) - 1, INT64_MIN};
	int64_t page = (int64_t)random_below(random, 20) * 4096;

	switch (random_below(random, 12)) {
	case 0: return 0;
	case 1:
	case 2: return (int64_t)random_below(random, 100);
	case 3:
	case 4: return (int64_t)random_below(random, 80000);
	case 5: return page + (int64_t)random_below(random, 3) - 1;
	case 6: return random_below(random, 4) ? page : pick(ends, N(ends), random);
	default: return page;
	}
}

static int64_t draw_length(uint64_t *random)
{
	static const int64_t lengths[] = {0, 1, 4095, 4096, 4097, 8192, 16384, 65536, 131072, -1};

	switch (random_below(random, 4)) {
	case 0: return (int64_t)random_below(random, 200);
	case 1: return (int64_t)random_below(random, 70000);
	default: return pick(lengths, N(lengths) - (random_below(random, 8) != 0), random);
	}
}

static int64_t draw_open_flags(uint64_t *random)
{
	int64_t flags = (int64_t)random_below(random, 3);

	if (random_below(random, 4))
		flags |= O_CREAT;
	if (!random_below(random, 4))
		flags |= O_TRUNC;
	if (!random_below(random, 4))
		flags |= O_APPEND;
	if (!random_below(random, 6))
		flags |= O_EXCL;
	for (size_t i = 4; i < N(OPEN_WORDS); i++) {
		if (!random_below(random, 14))
			flags |= OPEN_WORDS[i].value;
	}
	return flags;
}

static int64_t draw_words(const struct word *words, size_t n, unsigned int rarity, uint64_t *random)
{
	int64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!random_below(random, rarity))
			value |= words[i].value;
	}
	return value;
}

int64_t kind_draw(enum kind kind, uint64_t *random)
{
	switch (kind) {
	case PATH: return path_draw(random);
	case SLOT: return (int64_t)random_below(random, N_SLOTS);
	case OPEN_FLAGS: return draw_open_flags(random);
	case MODE: return pick(MODES, random_below(random, 2) ? 6 : N(MODES), random);
	case FILE_MODE: return pick(TYPES, N(TYPES), random) | pick(MODES, N(MODES), random);
	case DEVICE: return (int64_t)(random_below(random, 2) ? 0 : makedev(240, 65537));
	case MASK:
		return random_below(random, 2) ? 022 : (int64_t)random_below(random, 512);
	case UID: return pick(UIDS, N(UIDS), random);
	case GID: return pick(GIDS, N(GIDS), random);
	case OFFSET: return draw_offset(random);
	case LENGTH: return draw_length(random);
	case SIZE: return draw_offset(random);
	case WHENCE: return WHENCE_WORDS[random_below(random, N(WHENCE_WORDS))].value;
	case FALLOCATE_MODE: return pick(FALLOCATE_MODES, N(FALLOCATE_MODES), random);
	case TIME: return (int64_t)random_below(random, random_below(random, 3) ? 3 : 15);
	case AT_FLAGS: return draw_words(AT_WORDS, N(AT_WORDS), 5, random);
	case ACCESS_MODE: return (int64_t)random_below(random, 8);
	case XATTR_NAME: return (int64_t)random_below(random, random_below(random, 4) ? 5 : 16);
	case XATTR_SIZE:
		return pick(XATTR_SIZES, random_below(random, 4) ? 6 : N(XATTR_SIZES), random);
	case XATTR_FLAGS: return draw_words(XATTR_WORDS, 2, 4, random);
	case ACL: return (int64_t)random_below(random, 7);
	case ACL_TYPE: return (int64_t)random_below(random, 2);
	case LOCK_TYPE: return LOCK_WORDS[random_below(random, 3)].value;
	case LOCK_KIND: return (int64_t)random_below(random, 3) == 0;
	case FLOCK_MODE: return FLOCK_WORDS[random_below(random, 3)].value;
	case RENAME_FLAGS:
		return random_below(random, 2) ? 0 : draw_words(RENAME_WORDS, 3, 3, random);
	case RW_FLAGS: return draw_words(RW_WORDS, 3, 3, random);
	case TARGET: return target_draw(random);
	case SEED: return (int64_t)random_below(random, 1000000);
	case NONE:
	case N_KINDS: break;
	}
	return 0;
}

/* ---- Showing --------------------------------------------------------------------------------- */

static void show_words(const struct word *words, size_t n, int64_t value, struct text *out)
{
	const char *between = "";

	for (size_t i = 0; i < n; i++) {
		if (words[i].value && (value & words[i].value) == words[i].value) {
			say(out, "%s%s", between, words[i].name);
			value &= ~words[i].value;
			between = "|";
		}
	}
	if (value || !between[0])
		say(out, "%s%#llx", between, (unsigned long long)value);
}

static void show_one(const struct word *words, size_t n, int64_t value, struct text *out)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i].value == value) {
			say(out, "%s", words[i].name);
			return;
		}
	}
	say(out, "%lld", (long long)value);
}

static void show_open_flags(int64_t value, struct text *out)
{
	show_one(ACCESS_MODES, 3, value & O_ACCMODE, out);
	if (value & ~(int64_t)O_ACCMODE) {
		say(out, "|");
		show_words(OPEN_WORDS, N(OPEN_WORDS), value & ~(int64_t)O_ACCMODE, out);
	}
}

static void show_path(int64_t value, struct text *out)
{
	char path[PATH_ROOM];

	say_quoted(out, path_text(value, path));
}

static void show_time(int64_t value, struct text *out)
{
	struct timespec time = time_value(value);

	if (time.tv_nsec == UTIME_NOW || time.tv_nsec == UTIME_OMIT)
		say(out, "%s", time.tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
	else
		say(out, "{%lld, %ld}", (long long)time.tv_sec, time.tv_nsec);
}

void kind_show(enum kind kind, int64_t value, struct text *out)
{
	switch (kind) {
	case PATH: show_path(value, out); break;
	case SLOT: say(out, "fd%lld", (long long)value); break;
	case OPEN_FLAGS: show_open_flags(value, out); break;
	case MODE:
	case FILE_MODE:
	case MASK: say(out, "0%llo", (unsigned long long)value); break;
	case FALLOCATE_MODE: show_words(FALLOCATE_WORDS, N(FALLOCATE_WORDS), value, out); break;
	case TIME: show_time(value, out); break;
	case AT_FLAGS: show_words(AT_WORDS, N(AT_WORDS), value, out); break;
	case ACCESS_MODE: show_words(ACCESS_WORDS, 3, value, out); break;
	case XATTR_NAME: say_quoted(out, xattr_name(value)); break;
	case XATTR_FLAGS: show_words(XATTR_WORDS, 2, value, out); break;
	case RENAME_FLAGS: show_words(RENAME_WORDS, 3, value, out); break;
	case RW_FLAGS: show_words(RW_WORDS, 3, value, out); break;
	case ACL: say(out, "acl%lld", (long long)value); break;
	case ACL_TYPE: say(out, "%s", value ? "default" : "access"); break;
	case LOCK_TYPE: show_one(LOCK_WORDS, 3, value, out); break;
	case LOCK_KIND: say(out, "%s", value ? "OFD" : "POSIX"); break;
	case FLOCK_MODE: show_one(FLOCK_WORDS, 3, value, out); break;
	case WHENCE: show_one(WHENCE_WORDS, N(WHENCE_WORDS), value, out); break;
	case TARGET: say_quoted(out, target_text(value)); break;
	default: say(out, "%lld", (long long)value);
	}
}
