/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_xattr.c - calls for extended attributes and access control lists. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "truth.h"

enum { MOST_VALUE = XATTR_SIZE_MAX + 16 };

static char VALUE[MOST_VALUE];

static const char *fill(size_t size, int64_t seed)
{
	uint64_t state = (uint64_t)seed;

	for (size_t i = 0; i < size; i++)
		VALUE[i] = (char)random_next(&state);
	return VALUE;
}

static size_t value_size(int64_t size)
{
	return (uint64_t)size < MOST_VALUE ? (size_t)size : MOST_VALUE;
}

/* With a size for the buffer that may be too small. */
static void say_value(struct text *out, ssize_t size, size_t room)
{
	if (say_result(out, size) > 0 && room)
		say(out, " value %016llx", (unsigned long long)hash_bytes(0, VALUE, (size_t)size));
}

static void do_setxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = value_size(arg[2]);
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, setxattr(path_text(arg[0], path), xattr_name(arg[1]), fill(size, arg[4]),
				 size, (int)arg[3]));
}

static void do_lsetxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = value_size(arg[2]);
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, lsetxattr(path_text(arg[0], path), xattr_name(arg[1]), fill(size, arg[4]),
				  size, (int)arg[3]));
}

static void do_fsetxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t size = value_size(arg[2]);

	say_result(out, fsetxattr(slot_fd(actor, arg[0]), xattr_name(arg[1]), fill(size, arg[4]),
				  size, (int)arg[3]));
}

static void do_getxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t room = value_size(arg[2]);
	char path[PATH_ROOM];

	(void)actor;
	say_value(out, getxattr(path_text(arg[0], path), xattr_name(arg[1]), VALUE, room), room);
}

static void do_lgetxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_value(out, lgetxattr(path_text(arg[0], path), xattr_name(arg[1]), VALUE, MOST_VALUE),
		  MOST_VALUE);
}

static void do_fgetxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_value(out, fgetxattr(slot_fd(actor, arg[0]), xattr_name(arg[1]), VALUE, MOST_VALUE),
		  MOST_VALUE);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In which order they are listed is the file system's affair. */
static void say_sorted(struct text *out, const char *list, ssize_t size)
{
	const char *names[256];
	size_t n = 0;

	for (const char *at = list; at < list + size && n < 256; at += strlen(at) + 1)
		names[n++] = at;
	qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++) {
		say(out, " ");
		say_quoted(out, names[i]);
	}
}

static void do_listxattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	size_t room = value_size(arg[1]);
	char path[PATH_ROOM];
	ssize_t size = listxattr(path_text(arg[0], path), VALUE, room);

	(void)actor;
	if (say_result(out, size) > 0 && room)
		say_sorted(out, VALUE, size);
}

static void do_removexattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, removexattr(path_text(arg[0], path), xattr_name(arg[1])));
}

static void do_fremovexattr(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_result(out, fremovexattr(slot_fd(actor, arg[0]), xattr_name(arg[1])));
}

static const char *acl_name(int64_t type)
{
	return type % 2 ? "system.posix_acl_default" : "system.posix_acl_access";
}

static void do_setacl(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM], value[256];
	size_t size = acl_value(arg[2], value);

	(void)actor;
	say_result(out, setxattr(path_text(arg[0], path), acl_name(arg[1]), value, size, 0));
}

/* Not at random: see "mapped-capability" in exceptions.c. What setcap(8) gives a program: it goes with the first write, cut or change of owner. */
static void do_setcap(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct vfs_cap_data data = {.magic_etc = htole32(VFS_CAP_REVISION_2 | 1)};
	char path[PATH_ROOM];

	(void)actor;
	data.data[0].permitted = htole32(1u << CAP_NET_RAW);
	say_result(out, setxattr(path_text(arg[0], path), "security.capability", &data,
				 XATTR_CAPS_SZ_2, 0));
}

static void do_getacl(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_value(out, getxattr(path_text(arg[0], path), acl_name(arg[1]), VALUE, MOST_VALUE),
		  MOST_VALUE);
}

static void do_removeacl(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, removexattr(path_text(arg[0], path), acl_name(arg[1])));
}

const struct call XATTR_CALLS[] = {
	{"setxattr", 12, do_setxattr, {PATH, XATTR_NAME, XATTR_SIZE, XATTR_FLAGS, SEED}},
	{"lsetxattr", 5, do_lsetxattr, {PATH, XATTR_NAME, XATTR_SIZE, XATTR_FLAGS, SEED}},
	{"fsetxattr", 5, do_fsetxattr, {SLOT, XATTR_NAME, XATTR_SIZE, XATTR_FLAGS, SEED}},
	{"getxattr", 8, do_getxattr, {PATH, XATTR_NAME, XATTR_SIZE}},
	{"lgetxattr", 3, do_lgetxattr, {PATH, XATTR_NAME}},
	{"fgetxattr", 3, do_fgetxattr, {SLOT, XATTR_NAME}},
	{"listxattr", 6, do_listxattr, {PATH, XATTR_SIZE}},
	{"removexattr", 6, do_removexattr, {PATH, XATTR_NAME}},
	{"fremovexattr", 2, do_fremovexattr, {SLOT, XATTR_NAME}},
	{"setcap", 0, do_setcap, {PATH}},
	{"setacl", 12, do_setacl, {PATH, ACL_TYPE, ACL}},
	{"getacl", 5, do_getacl, {PATH, ACL_TYPE}},
	{"removeacl", 3, do_removeacl, {PATH, ACL_TYPE}},
};
const unsigned int N_XATTR_CALLS = sizeof(XATTR_CALLS) / sizeof(*XATTR_CALLS);
