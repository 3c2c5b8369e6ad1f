/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.c - starts the threads of a walk, waits for them, for signals and for the time to
 * show progress, and adds up what they did. walk_internal.h tells how the parts fit.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command.h"
#include "count.h"
#include "exclude.h"
#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "overlap.h"
#include "progress.h"
#include "walk_visit.h"

#define FDS_OF_PROCESS 32 /* standard streams, the root, files of the policy, libraries */
#define FDS_OF_THREAD 8	  /* the folder at hand, an operand's, a detour, the library's */

void worker_failed(struct walk_worker *worker, const struct walk_entry *entry, const char *action,
		   int err)
{
	char *path;

	if (err == -ENOENT && !entry->operand) {
		worker_count(&worker->vanished);
		return;
	}
	worker_count(&worker->failed);
	path = walk_entry_path(entry);
	message_path(action, path ? path : entry->name, err);
	free(path);
}

static void wake(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n; /* an eventfd takes it, or is readable already */
}

static void stop(struct walk *walk)
{
	wake(walk->stop_fd);
	queue_stop(&walk->queue);
}

void worker_result(struct walk_worker *worker, const struct walk_entry *entry, int ret)
{
	struct walk *walk = worker->walk;

	if (walk->ops->prints && output_failed() && !walk_stopped(walk))
		stop(walk);
	if (ret == WALK_NAMED)
		worker_count(&worker->failed);
	else if (ret < 0)
		worker_failed(worker, entry, worker->walk->ops->action, ret);
}

static void *work(void *data)
{
	struct walk_worker *worker = data;
	struct walk *walk = worker->walk;
	struct walk_folder *folder;
	enum walk_task task = TASK_FOLDER;
	char *path;

	while (task != TASK_END && !walk_stopped(walk)) {
		folder = stack_pop(&worker->own);
		task = folder ? TASK_FOLDER : queue_take(&walk->queue, &folder, &path);
		if (task == TASK_FOLDER) {
			visit_folder(worker, folder);
		} else if (task == TASK_OPERAND) {
			visit_operand(worker, path);
			free(path);
		}
	}
	visit_forget_detour(worker);
	walk_place_forget(&worker->last);
	if (atomic_fetch_sub(&walk->running, 1) == 1)
		wake(walk->done_fd);
	return NULL;
}

/* ---- How many files may be open ----------------------------------------------- */

/* Raise the soft limit to the hard one, and see what is left for folders. */
static void find_limits(struct walk *walk)
{
	struct rlimit limit;
	long n = 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
		n = limit.rlim_cur > 1000000 ? 1000000 : (long)limit.rlim_cur;
	}
	while (walk->threads > 1 && n < FDS_OF_PROCESS + FDS_OF_THREAD * walk->threads)
		walk->threads--;
	n -= FDS_OF_PROCESS + FDS_OF_THREAD * walk->threads;
	walk->max_open = n > 0 ? (int)n : 0;
}

/* ---- Start, wait, add up ---------------------------------------------------------- */

static int start_worker(struct walk *walk, int i)
{
	struct walk_worker *worker = &walk->workers[i];
	int err;

	worker->walk = walk;
	worker->index = i;
	worker->buf = malloc(WALK_BUFFER);
	if (!worker->buf)
		return -ENOMEM;
	err = pthread_create(&worker->thread, NULL, work, worker);
	if (err)
		free(worker->buf);
	return -err;
}

/* One thread is enough to go on with. */
static int start_workers(struct walk *walk)
{
	int wanted = walk->threads, ret = 0;

	walk->workers = aligned_alloc(_Alignof(struct walk_worker),
				      sizeof(*walk->workers) * (size_t)wanted);
	if (!walk->workers)
		return -ENOMEM;
	memset(walk->workers, 0, sizeof(*walk->workers) * (size_t)wanted);
	queue_init(&walk->queue, &walk->source, wanted);
	atomic_store(&walk->running, wanted);
	for (walk->threads = 0; walk->threads < wanted; walk->threads++) {
		ret = start_worker(walk, walk->threads);
		if (ret < 0)
			break;
	}
	for (int i = walk->threads; i < wanted; i++) {
		queue_lost_thread(&walk->queue);
		if (atomic_fetch_sub(&walk->running, 1) == 1)
			wake(walk->done_fd);
	}
	return walk->threads > 0 ? 0 : ret;
}

static uint64_t sum(const struct walk *walk, size_t counter)
{
	uint64_t n = 0;

	for (int i = 0; i < walk->threads; i++) {
		const char *worker = (const char *)&walk->workers[i];

		n += atomic_load_explicit((const _Atomic uint64_t *)(worker + counter),
					  memory_order_relaxed);
	}
	return n;
}

#define SUM(walk, counter) sum(walk, offsetof(struct walk_worker, counter))

/* Until the last thread is done. Returns whether a signal came. */
static bool wait_for_workers(struct walk *walk, struct interrupt *in)
{
	struct pollfd fds[] = {{walk->done_fd, POLLIN, 0}, {in->fd, POLLIN, 0}};
	struct progress progress;
	bool came = false;

	progress_start(&progress, walk->opts, walk->ops->unit);
	while (!(fds[0].revents & POLLIN)) {
		if (poll(fds, 2, progress_timeout(&progress)) < 0 && errno != EINTR)
			break;
		if (!came && interrupt_came(in)) {
			came = true;
			stop(walk);
		}
		progress_show(&progress, SUM(walk, files), SUM(walk, folders));
	}
	for (int i = 0; i < walk->threads; i++)
		pthread_join(walk->workers[i].thread, NULL);
	progress_end(&progress, SUM(walk, files), SUM(walk, folders));
	return came;
}

static void release_workers(struct walk *walk)
{
	struct walk_folder *folder;

	for (int i = 0; i < walk->threads; i++) {
		while ((folder = stack_pop(&walk->workers[i].own)))
			folder_abandon(walk, folder);
		free(walk->workers[i].buf);
	}
	while ((folder = stack_pop(&walk->queue.shared)))
		folder_abandon(walk, folder);
	free(walk->workers);
	queue_destroy(&walk->queue);
}

static void add_up(const struct walk *walk, struct walk_result *result)
{
	result->files += SUM(walk, files);
	result->folders += SUM(walk, folders);
	result->failed += SUM(walk, failed);
	result->vanished += SUM(walk, vanished);
	if (walk->queue.source_error < 0) {
		message_error("the list of paths could not be read to its end: %s",
			      strerrordesc_np(-walk->queue.source_error));
		result->failed++;
	}
}

static int run(struct walk *walk, struct walk_result *result)
{
	struct interrupt in;
	int ret = interrupt_open(&in);

	if (ret < 0)
		return ret;
	find_limits(walk);
	ret = start_workers(walk);
	if (ret == 0) {
		if (wait_for_workers(walk, &in))
			result->interrupted = true;
		add_up(walk, result);
		release_workers(walk);
	}
	interrupt_close(&in);
	return ret;
}

/* opts: with the operands of this walk. */
static int walk_all(const struct share *share, const struct options *opts, bool recursive,
		    const struct walk_ops *ops, struct walk_result *result)
{
	struct walk walk = {.share = share, .opts = opts, .ops = ops, .recursive = recursive};
	int ret;

	if (result->interrupted)
		return 0;
	ret = exclude_load(opts, &walk.exclude);
	if (ret < 0)
		return ret;
	/* What is said about some files is said in the order in which they were named. */
	walk.threads = recursive ? opts->jobs : 1;
	walk.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	walk.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = walk.stop_fd < 0 || walk.done_fd < 0 ? -errno : 0;
	if (ret == 0)
		ret = source_open(&walk.source, opts, walk.stop_fd);
	if (ret == 0) {
		ret = run(&walk, result);
		if (ret < 0)
			message_error("cannot start: %s", strerrordesc_np(-ret));
		source_close(&walk.source);
	}
	close(walk.stop_fd);
	close(walk.done_fd);
	fsdax_policy_unref(walk.exclude);
	return ret;
}

int walk_operands(const struct share *share, const struct options *opts, bool recursive,
		  const struct walk_ops *ops, struct walk_result *result)
{
	struct options apart = *opts;
	int ret;

	if (!ops->once || !recursive || opts->files0 || opts->n_args < 2)
		return walk_all(share, opts, recursive, ops, result);
	ret = overlap_drop(share, opts, &apart.args, &apart.n_args);
	if (ret < 0) {
		message_error("%s", strerrordesc_np(-ret));
		return ret;
	}
	ret = walk_all(share, &apart, recursive, ops, result);
	free(apart.args);
	return ret;
}

int walk_path(const struct share *share, const struct options *opts, const char *path,
	      bool recursive, const struct walk_ops *ops, struct walk_result *result)
{
	struct options one = *opts;
	char *args[] = {(char *)path, NULL};

	one.files0 = NULL;
	one.args = args;
	one.n_args = 1;
	return walk_all(share, &one, recursive, ops, result);
}

int walk_status(const struct walk_result *result)
{
	char text[COUNT_MAX];

	if (result->failed > 0)
		message_error("%s failed", count_text(text, result->failed));
	if (result->interrupted) {
		message_error("interrupted; run it again to finish");
		return EXIT_INTERRUPTED;
	}
	return result->failed > 0 ? EXIT_FAILED : EXIT_DONE;
}
