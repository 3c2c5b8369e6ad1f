/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * truth.h - the differ: the same operations in two trees, of which one is the oracle.
 *
 * An operation is a number in the table of calls, an actor and some numbers. What each number
 * means is its kind; a kind can be drawn at random and be shown. So a sequence is data: it can be
 * cut short, written down and replayed. A result is a text, and two results are the same if the
 * texts are.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

enum {
	N_ARGS = 6,
	N_SLOTS = 4,	    /* descriptors of an actor */
	N_ACTORS = 4,	    /* root, and three users */
	WATCHER = N_ACTORS, /* root too: looks, and changes nothing */
	N_PROCESSES,
	MOST_OPS = 100000,
};

/* ---- Text that grows ------------------------------------------------------------------- */

struct text {
	char *data; /* owned; ends with NUL once something was said */
	size_t size, room;
};

__attribute__((format(printf, 2, 3))) void say(struct text *text, const char *format, ...);
/* Bytes as a C string, with quotes. */
void say_quoted(struct text *text, const char *bytes);
void text_reset(struct text *text);
void text_free(struct text *text);
/* "EPERM"; "0" for no error. */
const char *errno_name(int number);
uint64_t hash_bytes(uint64_t hash, const void *data, size_t size);

/* ---- Random numbers ---------------------------------------------------------------------- */

uint64_t random_next(uint64_t *state);
/* From 0 to n - 1. */
uint64_t random_below(uint64_t *state, uint64_t n);

/* ---- Kinds of arguments --------------------------------------------------------------------- */

enum kind {
	NONE,
	PATH,
	SLOT,
	OPEN_FLAGS,
	MODE,
	FILE_MODE, /* with a type, for mknod() */
	DEVICE,
	MASK,
	UID,
	GID,
	OFFSET,
	LENGTH,
	SIZE,
	WHENCE,
	FALLOCATE_MODE,
	TIME,
	AT_FLAGS,
	ACCESS_MODE,
	XATTR_NAME,
	XATTR_SIZE,
	XATTR_FLAGS,
	ACL,
	ACL_TYPE,
	LOCK_TYPE,
	LOCK_KIND,
	FLOCK_MODE,
	RENAME_FLAGS,
	RW_FLAGS,
	TARGET,
	SEED,
	N_KINDS,
};

int64_t kind_draw(enum kind kind, uint64_t *random);
void kind_show(enum kind kind, int64_t value, struct text *out);

/* ---- Names ------------------------------------------------------------------------------------ */

enum {
	PATH_ROOM = 4200,
	PATH_TOO_LONG = -1,
	PATH_LONGEST = -2,
	PATH_EMPTY = -3,
	PATH_END = 31, /* a path is up to 4 components of 5 bits each, the first one lowest */
	PATH_SLASH = 1 << 20, /* and a slash at the end */
	PATH_ABSOLUTE = 1 << 21,
};

/* path[PATH_ROOM] */
const char *path_text(int64_t value, char *path);
/* The folder that it is in. */
int64_t path_parent(int64_t value);
int64_t path_of(int a, int b, int c);
int64_t path_draw(uint64_t *random);
const char *target_text(int64_t value);
int64_t target_draw(uint64_t *random);
const char *xattr_name(int64_t value);
struct timespec time_value(int64_t value);
/* Its bytes; returns how many. */
size_t acl_value(int64_t value, char *data);

/* ---- Calls -------------------------------------------------------------------------------------- */

struct op {
	uint32_t call;
	uint8_t actor;
	uint8_t probe; /* 1: look at what it is about after it; 2: before it too */
	int64_t arg[N_ARGS];
};

/* What the two trees, being on different file systems or clocks, can't agree upon. */
struct looks {
	bool no_dir_size; /* st_size and st_nlink of folders */
	bool no_blocks;
	bool no_times; /* whether a time has changed */
	bool no_file_atime; /* whether that of a file has changed */
	bool no_xattrs;
	bool fresh; /* ask the server for attributes, not the client's cache */
};

/* Of an actor whose thread waits for a lock; all processes of a tree see it. */
struct wait {
	enum { WAIT_NONE, WAIT_ON, WAIT_OVER } state;
	pid_t tid; /* 0: it has not begun */
	int error; /* once over; 0: it has the lock */
	ino_t ino; /* for what: */
	bool of_process; /* a lock that is a process's, of these bytes */
	bool writes;
	int64_t start, end;
	ino_t asked; /* of what file getlock asked last, whether it waits or not */
};

/* Whether an actor waits for somebody who, in the end, waits for it; pids[N_ACTORS] of waits[]. */
bool is_in_circle(int actor, const struct wait *waits, const int *pids);
/* Whether a process, or an open file, holds just this lock of a file. */
bool is_held(ino_t ino, int pid, int type, int64_t start, int64_t length);

/* What a process has. */
struct actor {
	int number;
	int slots[N_SLOTS];
	int root_fd, proc_fd;
	int pids[N_PROCESSES]; /* of this tree's processes */
	const struct looks *looks;
	struct wait *waits; /* [N_ACTORS] */
};

struct call {
	const char *name;
	unsigned int weight;
	void (*run)(struct actor *actor, const int64_t *arg, struct text *out);
	enum kind kinds[N_ARGS];
};

unsigned int n_calls(void);
const struct call *call_at(unsigned int number);
int call_find(const char *name, size_t len);
unsigned int call_draw(uint64_t *random);

/* "= 3", or "= EPERM". Returns result. */
long say_result(struct text *out, long result);
/* The descriptor in a slot, or -1. */
int slot_fd(const struct actor *actor, int64_t slot);
/* Closes what was in it: returns what close() does. */
int slot_put(struct actor *actor, int64_t slot, int fd);

extern const struct call NAME_CALLS[], ATTR_CALLS[], DATA_CALLS[], XATTR_CALLS[], LOCK_CALLS[],
	DIR_CALLS[], WAIT_CALLS[], AIO_CALLS[];
extern const unsigned int N_NAME_CALLS, N_ATTR_CALLS, N_DATA_CALLS, N_XATTR_CALLS, N_LOCK_CALLS,
	N_DIR_CALLS, N_WAIT_CALLS, N_AIO_CALLS;

/* What calls have in common that transfer data: how much of it, bytes that tell where they come
 * from, and whether they are left out, with O_DIRECT, as a block in part. */
enum { DATA_BLOCK = 4096 };
size_t data_size(int64_t wanted);
char *data_fill(size_t size, int64_t seed);
bool whole_blocks(int fd, int64_t offset, size_t size, struct text *out);
/* A lock from a slot, a kind, a type, an offset and a length. */
struct flock lock_of(const int64_t *arg);

/* ---- Looking ------------------------------------------------------------------------------------- */

/* Remember the attributes of what an operation is about, or tell them and what has changed. */
struct glance {
	bool valid;
	ino_t ino;
	struct timespec atime, mtime, ctime, began;
};

/* fstatat(). */
int stat_as(int dirfd, const char *path, int flags, const struct looks *looks, struct stat *st);
void look_before(int dirfd, const char *path, const struct looks *looks, struct glance *glance);
void look_after(int dirfd, const char *path, const struct glance *glance, const struct looks *looks,
		struct text *out);
/* Every name, attribute, byte and xattr below a folder. */
void tree_dump(int dirfd, const struct looks *looks, struct text *out);

/* ---- Processes, runs ------------------------------------------------------------------------------- */

struct settings {
	const char *oracle, *subject;
	struct looks looks;
	uint64_t without;   /* exceptions that are not made: a bit each */
	uint64_t also;	    /* exceptions that hold only where asked for */
	unsigned int given; /* folders that there are already, each for one run */
	unsigned int every; /* operations between two looks at all of a tree */
	bool atime;	    /* times of access change: nothing is done in the same tick */
	bool verbose;
};

struct tree;

/* A new folder below `base`, or a given one, with processes in it that can't leave it. NULL: said why. */
struct tree *tree_open(const char *base, const char *name, const struct looks *looks);
/* Ends them, and removes the folder. */
void tree_close(struct tree *tree);
/* Look at what an operation will be about. Returns false if the processes are gone. */
bool tree_prepare(struct tree *tree, const struct op *op);
bool tree_run(struct tree *tree, const struct op *op, struct text *out);
bool tree_look(struct tree *tree, struct text *out);
/*
 * Tell of those who wait for a lock who still does, and what came of the others. `first`: of the
 * tree that was settled before, which says what is to be expected; NULL for that one itself.
 */
void tree_settle(struct tree *tree, const struct tree *first, struct text *out);
bool tree_waits_in_circle(const struct tree *tree, int actor);
/* Whether a process holds just this lock of the file that an actor has asked for by getlock. */
bool tree_holds(const struct tree *tree, int actor, int process, const struct flock *lock);

struct mismatch {
	unsigned int at; /* of the operation after which they differed */
	bool in_tree;	 /* not in its result */
	bool over;	 /* nothing that comes can be compared */
	struct text oracle, subject;
};

enum verdict { SAME, DIFFERENT, BROKEN };

/* Run a sequence in fresh trees. */
enum verdict run_sequence(const struct settings *settings, const struct op *ops, unsigned int n,
			  struct mismatch *mismatch);
void mismatch_free(struct mismatch *mismatch);

/* ---- Sequences ----------------------------------------------------------------------------------------- */

/* A sequence of n operations: of locks most of all; on what is given. */
void sequence_draw(struct op *ops, unsigned int n, bool locks, bool given,
		   uint64_t *random);
void op_show(const struct op *op, struct text *out);
/* What op_show() wrote. false: not understood. */
bool op_parse(const char *line, struct op *op);
/* All that a systematic test runs. Returns how many sequences there are; or one of them. */
unsigned int matrix_size(void);
unsigned int matrix_sequence(unsigned int number, struct op *ops);

/* ---- Shrinking ----------------------------------------------------------------------------------------- */

/* Make it as short and simple as it can be and still differ. Returns the new length. */
unsigned int shrink(const struct settings *settings, struct op *ops, unsigned int n);

/* ---- Exceptions ---------------------------------------------------------------------------------------- */

/* Why an operation is left out in both trees; NULL if it is not. */
const char *exception_for(const struct settings *settings, const struct op *op);
/* Whether it is left out because of what it would find now, which is the same in both trees. */
bool exception_now(const struct actor *actor, const struct op *op);
/* Whether one is made that is not about whole operations. */
bool exception_holds(const struct settings *settings, const char *name);
void exceptions_list(void);
/* Its number, or -1. */
int exception_find(const char *name);

#endif
