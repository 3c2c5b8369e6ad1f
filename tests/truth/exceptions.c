/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exceptions.c - operations that are left out in both trees, each with the reason: what a kernel's
 * FUSE client does by itself, and no daemon can change.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"

struct exception {
	const char *name;
	bool (*holds)(const char *call, const int64_t *arg);
	bool asked; /* holds only where it is asked for, by --also */
	const char *reason;
};

static bool moves_data(const char *call, const int64_t *arg)
{
	return strcmp(call, "fallocate") == 0 &&
	       arg[1] & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE |
			 FALLOC_FL_UNSHARE_RANGE);
}

static bool zeroes(const char *call, const int64_t *arg)
{
	return strcmp(call, "fallocate") == 0 && arg[1] & FALLOC_FL_ZERO_RANGE;
}

static bool is_acl(const char *call, const int64_t *arg)
{
	const char *name = "";

	if (strstr(call, "acl"))
		return true;
	if (strstr(call, "xattr") && strcmp(call, "listxattr"))
		name = xattr_name(arg[1]);
	return strncmp(name, "system.posix_acl", 16) == 0;
}

static bool is_xattr(const char *call, const int64_t *arg)
{
	return strstr(call, "xattr") || strcmp(call, "setcap") == 0 || is_acl(call, arg);
}

static bool makes_tmpfile(const char *call, const int64_t *arg)
{
	return strcmp(call, "open") == 0 && (arg[2] & O_TMPFILE) == O_TMPFILE;
}

static bool maps(const char *call, const int64_t *arg)
{
	(void)arg;
	return strncmp(call, "map", 3) == 0;
}

static bool asks_for_room(const char *call, const int64_t *arg)
{
	return strcmp(call, "listxattr") == 0 && arg[1] <= 100;
}

static bool is_security(const char *call, const int64_t *arg)
{
	return strstr(call, "xattr") && strcmp(call, "listxattr") &&
	       strncmp(xattr_name(arg[1]), "security.", 9) == 0;
}

/* Also the ids as 32 bits: -1 is (uid_t)-1. */
static bool changes_no_owner(const char *call, const int64_t *arg)
{
	return strstr(call, "chown") && arg[1] == -1 && arg[2] == -1;
}

/* One that is made where results are compared (run.c), or where a call is made. */
static bool no_operation(const char *call, const int64_t *arg)
{
	(void)call;
	(void)arg;
	return false;
}

static const struct exception EXCEPTIONS[] = {
	{"fallocate-moves", moves_data, false,
	 "fuse_file_fallocate() refuses all modes but KEEP_SIZE, PUNCH_HOLE and ZERO_RANGE"},
	{"security-xattr", is_security, false,
	 "security.* belongs to the security modules of the kernel that is asked"},
	{"chown-nothing", changes_no_owner, false,
	 "a SETATTR that changes neither owner nor group says nothing of ctime"},
	{"ofd-pid", no_operation, false,
	 "SETLK and GETLK do not say whether a lock is an open file's, and has no process"},
	{"aio-at-end", no_operation, false,
	 "times of access: fuse_direct_IO() knows by itself that there is nothing to read"},
	{"circle-later", no_operation, false,
	 "of several locks in the way the kernel looks at one, and finds some circles later"},
	{"getlk-order", no_operation, false,
	 "of several that hold the same lock any may be told"},
	{"sgid-alone", no_operation, false,
	 "whether a write clears a set-group-id bit that the group may not execute with depends on "
	 "all groups of who writes; fuse_setattr() leaves it, and a request tells but one group"},
	{"whiteout-fails", no_operation, false,
	 "ext4 changes a folder's times before it finds that it can't; the client's cache stays"},
	{"no-zero-range", zeroes, true,
	 "on tmpfs it fails: the client clears set-id bits before it knows"},
	{"seek-unsynced", no_operation, false,
	 "fuse_lseek() does not write back what is cached: so that is done before, on both sides"},
	{"fifo-times", no_operation, false,
	 "what goes through a FIFO stays within the client's kernel, and its times do"},
	{"mapped-capability", no_operation, false,
	 "what is written to a mapping arrives as a write, which takes a program's capabilities away"},
	{"no-xattr", is_xattr, true, "the daemon was started without --xattr"},
	{"no-acl", is_acl, true, "the daemon was started without --posix-acl"},
	{"cached-atime", no_operation, true,
	 "times of access of files: what the client has cached nobody reads"},
	{"list-room", asks_for_room, true,
	 "overlayfs asks for more room for a list than it fills: for names that it hides"},
	{"no-map", maps, true,
	 "times of access: to map a file is to read it, but the client has to read each page"},
	{"no-tmpfile", makes_tmpfile, true, "FUSE has TMPFILE since Linux 6.1"},
};

enum { N_EXCEPTIONS = sizeof(EXCEPTIONS) / sizeof(*EXCEPTIONS) };

const char *exception_for(const struct settings *settings, const struct op *op)
{
	for (unsigned int i = 0; i < N_EXCEPTIONS; i++) {
		const struct exception *exception = &EXCEPTIONS[i];

		if (settings->without >> i & 1 || (exception->asked && !(settings->also >> i & 1)))
			continue;
		if (exception->holds(call_at(op->call)->name, op->arg))
			return exception->reason;
	}
	return NULL;
}

/* What clears set-id bits, but for root. */
static bool clears_set_id(const struct op *op)
{
	static const char *const names[] = {
		"write",      "pwrite",	  "pwritev2",  "aiowrite", "fallocate", "copy_range",
		"sendfile",   "ftruncate", "truncate", "chown",	   "lchown",	"fchown",
	};
	const char *name = call_at(op->call)->name;

	if (strcmp(name, "open") == 0)
		return op->arg[2] & O_TRUNC;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The group that a request tells is one that it can be known for. */
static bool is_sgid_alone(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 02010) == 02000 && st->st_gid != getegid();
}

bool exception_now(const struct actor *actor, const struct op *op)
{
	const struct call *call = call_at(op->call);
	char path[PATH_ROOM];
	struct stat st;

	if (!geteuid() || !clears_set_id(op))
		return false;
	for (unsigned int i = 0; i < N_ARGS; i++) {
		if (call->kinds[i] == SLOT && !fstat(slot_fd(actor, op->arg[i]), &st) &&
		    is_sgid_alone(&st))
			return true;
		if (call->kinds[i] == PATH && !stat(path_text(op->arg[i], path), &st) &&
		    is_sgid_alone(&st))
			return true;
	}
	return false;
}

bool exception_holds(const struct settings *settings, const char *name)
{
	int found = exception_find(name);

	if (found < 0 || settings->without >> found & 1)
		return false;
	return !EXCEPTIONS[found].asked || settings->also >> found & 1;
}

void exceptions_list(void)
{
	for (unsigned int i = 0; i < N_EXCEPTIONS; i++)
		printf("%-16s %s: %s\n", EXCEPTIONS[i].name,
		       EXCEPTIONS[i].asked ? "with --also" : "left out", EXCEPTIONS[i].reason);
}

int exception_find(const char *name)
{
	for (int i = 0; i < N_EXCEPTIONS; i++) {
		if (strcmp(EXCEPTIONS[i].name, name) == 0)
			return i;
	}
	return -1;
}
