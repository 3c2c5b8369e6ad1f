/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matrix.c - every call on every kind of object by every user: an object's owner, others, a folder
 * that one may not write to or go through, sticky folders of oneself and of others, set-id bits,
 * all types of files, links that lead nowhere or in circles, names that are too long.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "truth.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
/* Components by their numbers in names.c. */
enum { A, B, C, D, E, F, DOTDOT, DOT, SAME_, LONGEST_NAME, TOO_LONG_NAME, BYTES, UMLAUT, H = 15 };

#define P1(a) ((a) | PATH_END << 5 | PATH_END << 10 | PATH_END << 15)
#define P2(a, b) ((a) | (b) << 5 | PATH_END << 10 | PATH_END << 15)
#define P3(a, b, c) ((a) | (b) << 5 | (c) << 10 | PATH_END << 15)

/* A word of an operation that the test fills in. */
enum { FIRST = 1LL << 40, SECOND };

struct step {
	const char *call;
	int64_t arg[N_ARGS];
};

/* All of it by root. */
static const struct step SETUP[] = {
	{"umask", {0}},
	{"mkdir", {P1(A), 0777}},
	{"mknod", {P2(A, A), S_IFREG | 0644}},
	{"mkdir", {P2(A, B), 0755}},
	{"symlink", {0, P2(A, C)}},  /* to "a" */
	{"symlink", {15, P2(A, D)}}, /* to "nowhere" */
	{"symlink", {4, P2(A, E)}},  /* to itself */
	{"mknod", {P2(A, F), S_IFIFO | 0666}},
	{"mknod", {P2(A, H), S_IFSOCK | 0666}},
	{"mkdir", {P1(B), 01777}},
	{"mknod", {P2(B, A), S_IFREG | 0666}},
	{"chown", {P2(B, A), 1001, 2001}},
	{"mkdir", {P2(B, B), 0777}},
	{"chown", {P2(B, B), 1001, 2001}},
	{"mknod", {P2(B, C), S_IFREG | 0644}},
	{"chown", {P2(B, C), 1002, 2002}},
	{"mknod", {P2(B, D), S_IFREG | 0777}},
	{"chown", {P2(B, D), 1001, 2001}},
	{"chmod", {P2(B, D), 06777}},
	{"setcap", {P2(B, D)}},
	{"mkdir", {P2(B, E), 0777}},
	{"mknod", {P3(B, E, A), S_IFREG | 0644}},
	{"chown", {P2(B, E), 1001, 2001}},
	{"mkdir", {P1(C), 0777}},
	{"chown", {P1(C), 1003, 2002}},
	{"chmod", {P1(C), 02777}},
	{"mknod", {P2(C, A), S_IFREG | 0666}},
	{"chown", {P2(C, A), 1001, 2002}},
	{"chmod", {P2(C, A), 02766}},
	{"setcap", {P2(C, A)}},
	{"mkdir", {P2(C, B), 0777}},
	{"mkdir", {P1(D), 0700}},
	{"mknod", {P2(D, A), S_IFREG | 0644}},
	{"mknod", {P1(E), S_IFREG | 0600}},
	{"truncate", {P1(E), 5000}},
	{"chown", {P1(E), 1001, 2002}},
	{"symlink", {0, P1(F)}},
	{"mkdir", {P1(H), 01777}},
	{"chown", {P1(H), 1001, 2001}},
	{"mknod", {P2(H, A), S_IFREG | 0644}},
	{"chown", {P2(H, A), 1002, 2002}},
	{"mkdir", {P2(H, B), 0755}},
	{"chown", {P2(H, B), 1002, 2002}},
	{"mknod", {P2(H, C), S_IFCHR | 0666}},
	{"link", {P1(E), P2(H, D), 0}},
};

static const int64_t OBJECTS[] = {
	P1(A),
	P2(A, A),
	P2(A, B),
	P2(A, C),
	P2(A, D),
	P2(A, E),
	P2(A, F),
	P2(A, H),
	P2(A, UMLAUT),
	P1(B),
	P2(B, A),
	P2(B, B),
	P2(B, C),
	P2(B, D),
	P2(B, E),
	P2(B, F),
	P2(C, A),
	P2(C, B),
	P2(C, F),
	P2(D, A),
	P2(D, F),
	P1(E),
	P2(E, A),
	P1(F),
	P2(F, A),
	P3(A, E, A),
	P2(H, A),
	P2(H, B),
	P2(H, C),
	P2(H, D),
	P2(H, F),
	P2(A, LONGEST_NAME),
	P2(A, TOO_LONG_NAME),
	P2(A, DOTDOT),
	P1(DOT),
	P2(A, BYTES),
	P2(A, A) | PATH_SLASH,
	P2(A, B) | PATH_SLASH,
	P2(A, D) | PATH_SLASH,
	P2(A, UMLAUT) | PATH_SLASH,
	P1(F) | PATH_SLASH,
	P2(UMLAUT, A),
	PATH_TOO_LONG,
	PATH_LONGEST,
	PATH_EMPTY,
};

/* With one object. */
static const struct step SINGLES[] = {
	{"mkdir", {FIRST, 0777}},
	{"mkdir", {FIRST, 07777}},
	{"mknod", {FIRST, S_IFREG | 0666}},
	{"mknod", {FIRST, S_IFIFO | 06644}},
	{"mknod", {FIRST, S_IFSOCK | 0644}},
	{"mknod", {FIRST, S_IFCHR | 0644, 0}},
	{"mknod", {FIRST, S_IFBLK | 0644, 61696}},
	{"symlink", {0, FIRST}},
	{"symlink", {20, FIRST}},
	{"readlink", {FIRST}},
	{"unlink", {FIRST}},
	{"rmdir", {FIRST}},
	{"open", {0, FIRST, O_RDONLY}},
	{"open", {0, FIRST, O_WRONLY}},
	{"open", {0, FIRST, O_RDWR | O_APPEND}},
	{"open", {0, FIRST, O_WRONLY | O_TRUNC}},
	{"open", {0, FIRST, O_RDONLY | O_TRUNC}},
	{"open", {0, FIRST, O_RDWR | O_CREAT, 0666}},
	{"open", {0, FIRST, O_RDWR | O_CREAT, 06777}},
	{"open", {0, FIRST, O_RDONLY | O_CREAT, 0}},
	{"open", {0, FIRST, O_RDWR | O_CREAT | O_EXCL, 0644}},
	{"open", {0, FIRST, O_RDWR | O_CREAT | O_TRUNC, 0644}},
	{"open", {0, FIRST, O_RDONLY | O_DIRECTORY}},
	{"open", {0, FIRST, O_RDONLY | O_CREAT | O_DIRECTORY, 0644}},
	{"open", {0, FIRST, O_RDONLY | O_NOFOLLOW}},
	{"open", {0, FIRST, O_RDWR | O_CREAT | O_NOFOLLOW, 0644}},
	{"open", {0, FIRST, O_RDONLY | O_NOATIME}},
	{"open", {0, FIRST, O_PATH}},
	{"open", {0, FIRST, O_PATH | O_NOFOLLOW}},
	{"open", {0, FIRST, O_RDWR | O_TMPFILE, 0644}},
	{"open", {0, FIRST, O_RDWR | O_TMPFILE | O_EXCL, 06777}},
	{"chmod", {FIRST, 0600}},
	{"chmod", {FIRST, 07777}},
	{"chmod", {FIRST, 02755}},
	{"chown", {FIRST, 1001, 2001}},
	{"chown", {FIRST, 1002, -1}},
	{"chown", {FIRST, -1, 2002}},
	{"chown", {FIRST, -1, 2003}},
	{"chown", {FIRST, -1, -1}},
	{"lchown", {FIRST, 1001, 2002}},
	{"lchown", {FIRST, -1, 2001}},
	{"truncate", {FIRST, 0}},
	{"truncate", {FIRST, 12345}},
	{"truncate", {FIRST, -1}},
	{"truncate", {FIRST, INT64_MAX}},
	{"utimens", {FIRST, 0, 0, 0}},
	{"utimens", {FIRST, 2, 4, 0}},
	{"utimens", {FIRST, 1, 2, 0}},
	{"utimens", {FIRST, 0, 1, 0}},
	{"utimens", {FIRST, 1, 1, 0}},
	{"utimens", {FIRST, 12, 0, 0}},
	{"utimens", {FIRST, 5, 8, AT_SYMLINK_NOFOLLOW}},
	{"stat", {FIRST, 0}},
	{"stat", {FIRST, AT_SYMLINK_NOFOLLOW}},
	{"statvfs", {FIRST}},
	{"access", {FIRST, 0}},
	{"access", {FIRST, 1}},
	{"access", {FIRST, 2}},
	{"access", {FIRST, 4}},
	{"access", {FIRST, 7, AT_EACCESS}},
	{"setxattr", {FIRST, 0, 10, 0, 1}},
	{"setxattr", {FIRST, 3, 10, 0, 1}},
	{"lsetxattr", {FIRST, 0, 10, 0, 1}},
	{"lsetxattr", {FIRST, 3, 10, 0, 1}},
	{"getxattr", {FIRST, 0, 10}},
	{"getxattr", {FIRST, 3, 10}},
	{"listxattr", {FIRST, 1000}},
	{"removexattr", {FIRST, 0}},
	{"setcap", {FIRST}},
	{"setacl", {FIRST, 0, 1}},
	{"setacl", {FIRST, 0, 2}},
	{"setacl", {FIRST, 1, 3}},
	{"getacl", {FIRST, 0}},
	{"removeacl", {FIRST, 0}},
	{"readdir", {FIRST}},
	{"replace", {FIRST, 7}},
	{"crowd", {FIRST, 1}},
};

/* With two. */
static const struct step PAIRS[] = {
	{"link", {FIRST, SECOND, 0}},
	{"link", {FIRST, SECOND, AT_SYMLINK_FOLLOW}},
	{"rename", {FIRST, SECOND, 0}},
	{"rename", {FIRST, SECOND, RENAME_NOREPLACE}},
	{"rename", {FIRST, SECOND, RENAME_EXCHANGE}},
	{"rename", {FIRST, SECOND, RENAME_WHITEOUT}},
};

/* What is done with a file that could be opened. */
static const struct step AFTER_OPEN[] = {
	{"write", {0, 100, 1}},
	{"pread", {0, 100, 10}},
	{"ftruncate", {0, 50}},
	{"fallocate", {0, 0, 0, 8192}},
	{"fstat", {0}},
	{"fchmod", {0, 06755}},
	{"pwrite", {0, 10, 3, 1}},
	{"fchown", {0, -1, 2002}},
	{"futimens", {0, 2, 3}},
	{"fsetxattr", {0, 0, 3, 0, 1}},
	{"freaddir", {0}},
	{"linkfd", {0, P2(A, F), 0}},
	{"linkfd", {0, P2(C, F), 1}},
	{"fsync", {0, 0}},
};

enum {
	N_OBJECTS = N(OBJECTS),
	N_SINGLES = N(SINGLES) * N_OBJECTS * N_ACTORS,
	N_PAIRS = N(PAIRS) * N_OBJECTS * N_OBJECTS * N_ACTORS,
};

static void add(const struct step *step, unsigned int actor, int64_t first, int64_t second,
		struct op *op)
{
	*op = (struct op){
		.call = (uint32_t)call_find(step->call, strlen(step->call)),
		.actor = (uint8_t)actor,
	};
	for (unsigned int i = 0; i < N_ARGS; i++) {
		op->arg[i] = step->arg[i];
		if (op->arg[i] == FIRST)
			op->arg[i] = first;
		else if (op->arg[i] == SECOND)
			op->arg[i] = second;
	}
}

unsigned int matrix_size(void)
{
	return N_SINGLES + N_PAIRS;
}

/* At most 100. */
unsigned int matrix_sequence(unsigned int number, struct op *ops)
{
	bool is_pair = number >= N_SINGLES;
	unsigned int rest = is_pair ? number - N_SINGLES : number;
	unsigned int actor = rest % N_ACTORS;
	int64_t first = OBJECTS[rest / N_ACTORS % N_OBJECTS], second = 0;
	const struct step *step;
	unsigned int n = 0;

	rest /= N_ACTORS * N_OBJECTS;
	if (is_pair) {
		second = OBJECTS[rest % N_OBJECTS];
		rest /= N_OBJECTS;
	}
	step = is_pair ? &PAIRS[rest] : &SINGLES[rest];
	for (unsigned int i = 0; i < N(SETUP); i++)
		add(&SETUP[i], 0, 0, 0, &ops[n++]);
	add(step, actor, first, second, &ops[n]);
	ops[n++].probe = 2;
	for (unsigned int i = 0; strcmp(step->call, "open") == 0 && i < N(AFTER_OPEN); i++) {
		add(&AFTER_OPEN[i], actor, 0, 0, &ops[n]);
		ops[n++].probe = 2;
	}
	return n;
}
