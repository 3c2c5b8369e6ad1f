/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_visit.c - one folder: open it, read its entries, call back for each, and put the
 * folders among them on the stack. The system calls: openat, getdents64 until it says 0,
 * and close; for cursors with tags one fgetxattr; with -x one fstat.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exclude.h"
#include "message.h"
#include "walk_internal.h"
#include "walk_visit.h"

/* So many folders are put aside before they are visited: memory does not grow with a folder. */
#define MAX_CHILDREN 4096

static struct walk_entry entry_of(const struct walk_worker *worker, struct walk_folder *folder,
				  const char *name, size_t len, unsigned char type)
{
	return (struct walk_entry){
		.folder = folder,
		.dirfd = folder->fd,
		.name = name,
		.len = len,
		.type = type,
		.cursor = folder->cursors.policy,
		.other = folder->cursors.other,
		.thread = worker->index,
	};
}

static void folder_failed(struct walk_worker *worker, struct walk_folder *folder,
			  const char *action, int err)
{
	struct walk_entry entry = entry_of(worker, folder, "", 0, DT_DIR);

	entry.operand = !folder->parent;
	worker_failed(worker, &entry, action, err);
}

/* An fd to open folder from, when its parent's is not there. The worker keeps the last one. */
static int detour(struct walk_worker *worker, struct walk_folder *parent)
{
	int fd;

	if (worker->detour == parent)
		return worker->detour_fd;
	visit_forget_detour(worker);
	fd = folder_reopen(parent);
	if (fd < 0)
		return fd;
	atomic_fetch_add_explicit(&parent->refs, 1, memory_order_relaxed);
	worker->detour = parent;
	worker->detour_fd = fd;
	return fd;
}

void visit_forget_detour(struct walk_worker *worker)
{
	if (!worker->detour)
		return;
	close(worker->detour_fd);
	folder_unref(worker->detour);
	worker->detour = NULL;
}

/* Returns an fd, or a negative errno. The parent is needed no longer, then. */
static int open_folder(struct walk_worker *worker, struct walk_folder *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct walk_folder *parent = folder->parent;
	int dirfd = parent->lends ? parent->fd : detour(worker, parent);
	int fd;

	if (dirfd < 0)
		return dirfd;
	fd = openat(dirfd, folder->name, flags);
	if (fd < 0)
		fd = -errno;
	if (parent->lends)
		folder_unuse(worker->walk, parent);
	return fd;
}

/* With -x: whether fd is on another file system than the operand. */
static bool is_elsewhere(const struct walk_worker *worker, const struct walk_folder *folder, int fd)
{
	struct stat st;

	return worker->walk->opts->one_fs && fstat(fd, &st) == 0 &&
	       st.st_dev != folder->origin->dev;
}

/* Open a folder from a stack, and find its cursors. Returns whether to go on with it. */
static bool enter(struct walk_worker *worker, struct walk_folder *folder)
{
	int fd = open_folder(worker, folder), ret;

	/* It is gone, or has become something else. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
		worker_count(&worker->vanished);
		return false;
	}
	if (fd < 0) {
		folder_failed(worker, folder, "cannot open the folder", fd);
		return false;
	}
	if (is_elsewhere(worker, folder, fd)) {
		close(fd);
		return false;
	}
	folder_opened(worker->walk, folder, fd);
	ret = walk_cursors_enter(worker->walk, &folder->parent->cursors, folder->name, folder->len,
				 fd, &folder->cursors, &folder->tagged);
	if (ret < 0) {
		folder_failed(worker, folder, "cannot read the tag of", ret);
		folder_unuse(worker->walk, folder);
		return false;
	}
	return true;
}

/* Where the file system does not say what an entry is. Returns DT_UNKNOWN on failure. */
static unsigned char ask_type(struct walk_worker *worker, const struct walk_entry *entry)
{
	struct statx stx;
	int ret = statx(entry->dirfd, entry->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			STATX_TYPE, &stx);

	if (ret == 0)
		return IFTODT(stx.stx_mode);
	worker_failed(worker, entry, "cannot look at", -errno);
	return DT_UNKNOWN;
}

static void visit_entry(struct walk_worker *worker, struct walk_folder *folder,
			const struct dirent64 *d, struct walk_stack *children, unsigned int *n)
{
	const struct walk_ops *ops = worker->walk->ops;
	struct walk_entry entry = entry_of(worker, folder, d->d_name, strlen(d->d_name), d->d_type);
	struct walk_folder *child;

	if (folder->cursors.exclude &&
	    exclude_match(folder->cursors.exclude, entry.name, entry.len))
		return;
	if (entry.type == DT_UNKNOWN)
		entry.type = ask_type(worker, &entry);
	if (entry.type == DT_UNKNOWN)
		return;
	if (entry.type != DT_DIR) {
		worker_count(&worker->files);
		if (ops->file)
			worker_result(worker, &entry, ops->file(ops->data, &entry));
		return;
	}
	child = folder_child(folder, entry.name, entry.len);
	if (!child) {
		worker_failed(worker, &entry, "cannot visit", -ENOMEM);
		return;
	}
	stack_push(children, child);
	++*n;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static void visit_batch(struct walk_worker *worker, struct walk_folder *folder, size_t size,
			struct walk_stack *children, unsigned int *n)
{
	for (size_t at = 0; at < size && !walk_stopped(worker->walk);) {
		const struct dirent64 *d = (const struct dirent64 *)(worker->buf + at);

		if (!is_dots(d->d_name))
			visit_entry(worker, folder, d, children, n);
		at += d->d_reclen;
	}
}

/* Fill the buffer. Returns 0 at the end, also an untimely one. */
static size_t read_batch(struct walk_worker *worker, struct walk_folder *folder)
{
	ssize_t n = getdents64(folder->fd, worker->buf, WALK_BUFFER);

	if (n >= 0)
		return (size_t)n;
	/* A folder that was removed while we read it is empty. */
	if (errno == ENOENT)
		worker_count(&worker->vanished);
	else
		folder_failed(worker, folder, "cannot read the folder", -errno);
	return 0;
}

/* A large folder and an idle thread: it reads the next batch while we work on this one. */
static bool hand_on(struct walk_worker *worker, struct walk_folder *folder, size_t size)
{
	struct walk_queue *queue = &worker->walk->queue;

	if (size < WALK_BUFFER / 2 ||
	    atomic_load_explicit(&queue->hungry, memory_order_relaxed) == 0)
		return false;
	folder_use(folder);
	atomic_fetch_add_explicit(&folder->refs, 1, memory_order_relaxed);
	queue_share(queue, folder);
	return true;
}

static void read_folder(struct walk_worker *worker, struct walk_folder *folder)
{
	struct walk_stack children = {NULL, NULL};
	unsigned int n_children = 0;
	bool handed_on = false, aside = false;

	while (!handed_on && !aside && !walk_stopped(worker->walk)) {
		size_t size = read_batch(worker, folder);

		if (size == 0)
			break;
		handed_on = hand_on(worker, folder, size);
		visit_batch(worker, folder, size, &children, &n_children);
		/* One that does not lend its fd must not keep it open for long. */
		aside = !handed_on && folder->lends && n_children >= MAX_CHILDREN;
	}
	if (aside) {
		stack_push(&worker->own, folder); /* to be gone on with after its children */
	} else {
		folder_unuse(worker->walk, folder);
		folder_unref(folder);
	}
	stack_move(&worker->own, &children);
	queue_feed(&worker->walk->queue, &worker->own);
}

void visit_opened(struct walk_worker *worker, struct walk_folder *folder)
{
	const struct walk_ops *ops = worker->walk->ops;
	struct walk_entry entry = entry_of(worker, folder, "", 0, DT_DIR);

	entry.operand = !folder->parent;
	worker_count(&worker->folders);
	if (ops->folder)
		worker_result(worker, &entry, ops->folder(ops->data, &entry));
	if (worker->walk->recursive) {
		read_folder(worker, folder);
		return;
	}
	folder_unuse(worker->walk, folder);
	folder_unref(folder);
}

void visit_folder(struct walk_worker *worker, struct walk_folder *folder)
{
	if (folder->fd >= 0)
		read_folder(worker, folder); /* it was put aside, or handed on */
	else if (enter(worker, folder))
		visit_opened(worker, folder);
	else
		folder_unref(folder);
}
