/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - paths, targets of links, names of xattrs, ACLs and times, by their numbers. */
#include <endian.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "truth.h"

#define A32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

/* The first N_PLAIN are used most. */
enum { N_PLAIN = 6 };

static const char *const COMPONENTS[] = {
	"a",
	"b",
	"c",
	"d",
	"e",
	"f",
	"..",
	".",
	"",
	/* 255 bytes, which is the most, and one more */
	A32 A32 A32 A32 A32 A32 A32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
	A32 A32 A32 A32 A32 A32 A32 A32,
	"\001\t\n\r\033 !\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~\177\200\376\377",
	"\303\274n\303\257",
	"-",
	"...",
	"h",
};

enum { N_COMPONENTS = sizeof(COMPONENTS) / sizeof(*COMPONENTS) };

static const char *repeated(char *path, size_t len)
{
	for (size_t i = 0; i < len; i++)
		path[i] = i % 2 ? '/' : '.';
	path[len - 1] = 'a';
	path[len] = 0;
	return path;
}

const char *path_text(int64_t value, char *path)
{
	bool first = true;

	if (value == PATH_TOO_LONG)
		return repeated(path, PATH_MAX);
	if (value == PATH_LONGEST)
		return repeated(path, PATH_MAX - 1);
	path[0] = 0;
	if (value < 0)
		return path;
	if (value & PATH_ABSOLUTE)
		strcat(path, "/");
	for (int i = 0; i < 4; i++) {
		unsigned int part = (unsigned int)(value >> (5 * i)) & 31;

		if (part == PATH_END)
			break;
		if (!first)
			strcat(path, "/");
		first = false;
		strcat(path, COMPONENTS[part % N_COMPONENTS]);
	}
	if (value & PATH_SLASH)
		strcat(path, "/");
	return path;
}

int64_t path_of(int a, int b, int c)
{
	return (int64_t)a | (int64_t)(b < 0 ? PATH_END : b) << 5 |
	       (int64_t)(c < 0 ? PATH_END : c) << 10 | (int64_t)PATH_END << 15;
}

int64_t path_parent(int64_t value)
{
	int parts = 0;

	if (value < 0)
		return path_of(7, -1, -1);
	while (parts < 4 && ((value >> (5 * parts)) & 31) != PATH_END)
		parts++;
	if (parts <= 1)
		return path_of(7, -1, -1);
	return (value | (int64_t)PATH_END << (5 * (parts - 1))) & ~(int64_t)PATH_SLASH;
}

static int draw_component(uint64_t *random)
{
	if (random_below(random, 20))
		return (int)random_below(random, N_PLAIN);
	return (int)random_below(random, N_COMPONENTS);
}

int64_t path_draw(uint64_t *random)
{
	uint64_t depth = random_below(random, 10);
	int parts[3] = {draw_component(random), draw_component(random), draw_component(random)};
	int64_t path;

	/* Sequences begin with the folders "a" and "b". */
	if (depth >= 5 && random_below(random, 8))
		parts[0] = (int)random_below(random, 2);
	if (!random_below(random, 300))
		return -1 - (int64_t)random_below(random, 3);
	path = path_of(parts[0], depth < 5 ? -1 : parts[1], depth < 9 ? -1 : parts[2]);
	if (!random_below(random, 40))
		path |= PATH_SLASH;
	if (!random_below(random, 40))
		path |= PATH_ABSOLUTE;
	return path;
}

/* ---- Links ------------------------------------------------------------------------------- */

static const char *const TARGETS[] = {
	"a",	"b",  "c",    "d", "e",	 "f",	    "a/b", "b/a", "c/d",    "../a",
	"../b", "/a", "/b/c", ".", "..", "nowhere", "a/",  "",	  "\377\n",
};

enum { N_TARGETS = sizeof(TARGETS) / sizeof(*TARGETS) + 2 };

/* The last two: the longest, and one byte too long. */
const char *target_text(int64_t value)
{
	static char longest[PATH_MAX + 1];
	uint64_t number = (uint64_t)value % N_TARGETS;

	if (number < N_TARGETS - 2)
		return TARGETS[number];
	memset(longest, 'l', PATH_MAX);
	longest[number == N_TARGETS - 2 ? PATH_MAX - 1 : PATH_MAX] = 0;
	return longest;
}

int64_t target_draw(uint64_t *random)
{
	return (int64_t)random_below(random, random_below(random, 8) ? 12 : N_TARGETS);
}

/* ---- Xattrs, ACLs ----------------------------------------------------------------------------- */

const char *xattr_name(int64_t value)
{
	static const char *const names[] = {
		"user.a",
		"user.b",
		"user.c",
		"trusted.a",
		"trusted.b",
		"system.posix_acl_access",
		"system.posix_acl_default",
		"user.",
		"nonsense.a",
		"",
		"user.nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
		/* 255 bytes, and one more */
		"user." A32 A32 A32 A32 A32 A32 A32 "nnnnnnnnnnnnnnnnnnnnnnnnnn",
		"user." A32 A32 A32 A32 A32 A32 A32 "nnnnnnnnnnnnnnnnnnnnnnnnnnn",
		"user.\001\377 =",
		"system.nonsense",
		"security.nonsense",
	};

	return names[(uint64_t)value % (sizeof(names) / sizeof(*names))];
}

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK_ = 16, OTHER = 32, NOBODY = -1 };

size_t acl_value(int64_t value, char *data)
{
	static const struct acl_entry acls[][7] = {
		{{USER_OBJ, 7, NOBODY}, {GROUP_OBJ, 5, NOBODY}, {OTHER, 0, NOBODY}},
		{{USER_OBJ, 6, NOBODY},
		 {USER, 7, 1001},
		 {GROUP_OBJ, 4, NOBODY},
		 {MASK_, 7, NOBODY},
		 {OTHER, 4, NOBODY}},
		{{USER_OBJ, 7, NOBODY},
		 {USER, 0, 1002},
		 {GROUP_OBJ, 7, NOBODY},
		 {GROUP, 6, 2002},
		 {MASK_, 4, NOBODY},
		 {OTHER, 7, NOBODY}},
		{{USER_OBJ, 7, NOBODY},
		 {GROUP_OBJ, 7, NOBODY},
		 {GROUP, 7, 2003},
		 {MASK_, 5, NOBODY},
		 {OTHER, 0, NOBODY}},
		/* no mask, where one is needed */
		{{USER_OBJ, 7, NOBODY},
		 {USER, 7, 1001},
		 {GROUP_OBJ, 5, NOBODY},
		 {OTHER, 5, NOBODY}},
		{{USER_OBJ, 7, NOBODY}, {GROUP_OBJ, 7, NOBODY}, {OTHER, 7, NOBODY}},
		{{0}},
	};
	uint32_t version = htole32(2);
	size_t size = sizeof(version);
	const struct acl_entry *entry = acls[(uint64_t)value % (sizeof(acls) / sizeof(*acls))];

	memcpy(data, &version, sizeof(version));
	for (; entry->tag; entry++) {
		struct acl_entry little = {htole16(entry->tag), htole16(entry->perm),
					   htole32(entry->id)};

		memcpy(data + size, &little, sizeof(little));
		size += sizeof(little);
	}
	return size;
}

/* ---- Times -------------------------------------------------------------------------------------- */

struct timespec time_value(int64_t value)
{
	static const struct timespec times[] = {
		{0, UTIME_NOW},		 {0, UTIME_OMIT},
		{1234567890, 123456789}, {0, 0},
		{1, 999999999},		 {-1, 1},
		{2147483647, 1},	 {2147483648, 5},
		{4294967296, 123456789}, {15032385535, 999999999},
		{100000000000, 7},	 {-2147483649, 1},
		{1, 1000000000},	 {1, -1},
		{1000000000, 100},
	};

	return times[(uint64_t)value % (sizeof(times) / sizeof(*times))];
}
