/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_internal.h - what the parts of the walker share.
 *
 * How it works: a folder is a node that knows its parent and its name. Each thread has a
 * stack of folders to visit, last in, first out, so that it goes deep before it goes wide:
 * few folders are known and few are open at any time. A thread with nothing to do takes
 * from a shared stack, or else the next operand; the others notice that someone is hungry,
 * and put all but one of their folders on the shared stack. A folder too large for one
 * buffer is handed on after each buffer, so several threads may work on its entries.
 *
 * A child is opened relative to its parent's fd, which so must stay open until the last
 * child is. When too many are open, folders stop lending their fds, and their children
 * find the way from the operand down again, name by name.
 */
#ifndef CLI_WALK_INTERNAL_H
#define CLI_WALK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "walk.h"

/* ---- walk_cursors.c: what rules and globs make of a folder ------------------ */

struct walk_cursors {
	struct fsdax_cursor *policy;
	struct fsdax_cursor *other;   /* under walk_ops.other, or NULL */
	struct fsdax_cursor *exclude; /* under --exclude, or NULL */
};

struct walk;
struct walk_worker;

/*
 * Of the operand that place is. fd: the operand itself, if it is a folder, and then the
 * cursors are its own; else -1, and they are its folder's.
 * excluded: set to whether it, or a folder on the way to it, is left out.
 * tagged: set to whether fd carries a tag.
 */
int walk_cursors_place(const struct walk *walk, const struct place *place, int fd,
		       struct walk_cursors *cursors, bool *excluded, bool *tagged);

/* Of the folder name, open as fd, in the folder of parent. */
int walk_cursors_enter(const struct walk *walk, const struct walk_cursors *parent, const char *name,
		       size_t len, int fd, struct walk_cursors *cursors, bool *tagged);
void walk_cursors_release(struct walk_cursors *cursors);

/* ---- walk_folder.c: the tree of folders that are known at the moment ---------- */

/* Of an operand; belongs to the folder at its top. */
struct walk_origin {
	char *operand;	 /* as the user wrote it */
	char *below;	 /* its path below the share's root */
	char *tagged_by; /* the nearest tagged folder above it, or NULL */
	bool single;	 /* the operand is not a folder: the top stands for the operand itself */
	int fd;		 /* of the operand, if it is a folder; else -1 */
	dev_t dev;	 /* with -x */
};

struct walk_folder {
	struct walk_folder *parent; /* NULL: the top; holds a reference */
	struct walk_folder *next;   /* in the stack that it is on */
	struct walk_origin *origin;
	struct walk_cursors cursors; /* once it is open */
	uint64_t id;
	atomic_uint refs; /* those who may still look at the node */
	atomic_uint uses; /* those who may still need fd */
	int fd;		  /* -1 until it is open */
	bool lends;	  /* children not opened yet count as users of fd */
	bool tagged;	  /* it carries a tag of its own */
	uint16_t len;
	char name[]; /* "" for the top */
};

/* Takes over origin, also when it fails. */
struct walk_folder *folder_top(struct walk_origin *origin);
struct walk_folder *folder_child(struct walk_folder *parent, const char *name, size_t len);
void folder_unref(struct walk_folder *folder);

/* fd was opened: it has one user, whoever reads it. */
void folder_opened(struct walk *walk, struct walk_folder *folder, int fd);
void folder_use(struct walk_folder *folder);
void folder_unuse(struct walk *walk, struct walk_folder *folder);

/* Drop a folder from a stack unvisited, or half visited. */
void folder_abandon(struct walk *walk, struct walk_folder *folder);

/* The path, with one more name behind it; below: without the operand. Allocated, or NULL. */
char *folder_path(const struct walk_folder *folder, const char *name, bool below);

/* Open a folder by descending from the top. Returns an fd, or a negative errno. */
int folder_reopen(const struct walk_folder *folder);

/* ---- walk_source.c: the operands, one after the other ------------------------- */

struct walk_source {
	char *const *args;
	int n_args, at;
	int fd;	     /* of --files0-from, or -1 */
	int stop_fd; /* readable when the walk is stopped, so that nobody waits for more */
	char *buf;
	size_t start, end, size;
};

/* Errors: with a message. */
int source_open(struct walk_source *source, const struct options *opts, int stop_fd);
void source_close(struct walk_source *source);

/* Returns 1 and an allocated path, 0 at the end or when stopped, or a negative errno. */
int source_next(struct walk_source *source, char **path);

/* ---- walk_place.c: where the operands are --------------------------------------- */

/* The operand that a thread found last. Start from {0}. */
struct walk_place {
	bool found;
	struct place place;
	char *folder; /* its path but for the last name; NULL: good for no other operand */
};

/* Find an operand: last->place is valid until the next call. Errors: as share_find(). */
int walk_place_find(struct walk_place *last, const struct share *share, const char *path);
void walk_place_forget(struct walk_place *last);

/* ---- walk_queue.c: who visits what ---------------------------------------------- */

struct walk_stack {
	struct walk_folder *top, *bottom;
};

void stack_push(struct walk_stack *stack, struct walk_folder *folder);
struct walk_folder *stack_pop(struct walk_stack *stack);
/* Put all of from on top of to. */
void stack_move(struct walk_stack *to, struct walk_stack *from);

struct walk_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct walk_stack shared;
	struct walk_source *source;
	int working;  /* threads that may come up with more work */
	bool reading; /* one of them is reading the next operand */
	bool ended;   /* there are no more operands */
	bool done;
	int source_error;
	atomic_int hungry; /* threads that wait for work */
	atomic_bool stopped;
};

enum walk_task { TASK_FOLDER, TASK_OPERAND, TASK_END };

void queue_init(struct walk_queue *queue, struct walk_source *source, int threads);
void queue_destroy(struct walk_queue *queue);

/* The next thing to do, waited for. Sets *folder or *path. */
enum walk_task queue_take(struct walk_queue *queue, struct walk_folder **folder, char **path);

/* If someone is hungry, hand over all but the top of a thread's own stack. */
void queue_feed(struct walk_queue *queue, struct walk_stack *own);

/* Hand over one folder, whose reading the next thread goes on with. */
void queue_share(struct walk_queue *queue, struct walk_folder *folder);

void queue_stop(struct walk_queue *queue);

/* A thread that was counted on could not be started. */
void queue_lost_thread(struct walk_queue *queue);

/* ---- walk.c ------------------------------------------------------------------------ */

struct walk {
	const struct share *share;
	const struct options *opts;
	const struct walk_ops *ops;
	struct fsdax_policy *exclude; /* or NULL */
	bool recursive;
	int max_open; /* folders that may lend their fds */
	atomic_int n_open;
	int threads;
	int stop_fd, done_fd;
	atomic_int running;
	struct walk_source source;
	struct walk_queue queue;
	struct walk_worker *workers;
};

/* A thread. Its counters are written by itself alone, and read by all. */
struct walk_worker {
	_Alignas(64) struct walk *walk;
	int index;
	pthread_t thread;
	struct walk_stack own;
	char *buf;
	struct walk_place last;	    /* the operand that was found last */
	struct walk_folder *detour; /* the folder that was reopened last, and its fd: */
	int detour_fd;
	_Atomic uint64_t files, folders, failed, vanished;
};

/* Count, and for failures name, what went wrong with a name in a folder ("": itself). */
void worker_failed(struct walk_worker *worker, const struct walk_entry *entry, const char *action,
		   int err);
/* What a callback returned. */
void worker_result(struct walk_worker *worker, const struct walk_entry *entry, int ret);

static inline void worker_count(_Atomic uint64_t *counter)
{
	uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

static inline bool walk_stopped(const struct walk *walk)
{
	return atomic_load_explicit(&walk->queue.stopped, memory_order_relaxed);
}

/* ---- walk_visit.c, walk_operand.c ------------------------------------------------------ */

/* Visit a folder that was on a stack. Takes over the reference. */
void visit_folder(struct walk_worker *worker, struct walk_folder *folder);

/* Visit a folder that is open, and whose cursors are there. Takes over the reference. */
void visit_opened(struct walk_worker *worker, struct walk_folder *folder);

void visit_operand(struct walk_worker *worker, const char *path);

#endif
