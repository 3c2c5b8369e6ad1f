/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.c - see window.h.
 *
 * The window is a row of chunks of 2 MiB. Each is free, or has one chunk of one file, mapped
 * for writing whatever the guest asked for: front-ends map for writing anyway, and when the
 * guest wants to write later there is nothing to be done.
 *
 * How many mappings are live is bounded by the window's size: 512 chunks at 1 GiB, which is the
 * most that options.c lets through. A guest keeps up to four fifths of its window in use, and
 * takes back before it maps more.
 *
 * A file that is cut on the host while it is mapped: the pages behind its new end raise SIGBUS
 * in the front-end if the guest touches them, and it will, as long as it has not been told.
 * The guard tells us at once, and in place of the chunks that lost something a copy is mapped:
 * what is left of the file, and zeros. When the guest is about to be told the file's size, the
 * file is put back. Until then, for a second or less (see --cache), what the guest writes to
 * what is left of those chunks is lost. What remains: the millisecond until the copy is there,
 * and that a chunk is not there at all in the midst of it, since a front-end can't change a
 * mapping but by unmapping it first.
 */
#include "window.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"
#include "inode.h"
#include "log.h"
#include "mapped.h"
#include "share.h"
#include "view.h"

#define CHUNK ((uint64_t)2 << 20)
#define PAGE ((uint64_t)4096)

/* One chunk of the window. */
struct chunk {
	struct mapped *file; /* NULL: free */
	uint64_t offset;     /* in the file */
	int copy;	     /* what is mapped instead of the file; -1: the file itself */
	bool cut;	     /* for the host has cut the file in it, or before it */
	bool lost;	     /* the front-end unmapped it, and did not map it again */
};

struct window {
	struct share *share;
	pthread_mutex_t lock; /* of all below; held while the front-end is asked */
	/*
	 * Of `stats`, the list of files and how many chunks they have: taken to change them, with
	 * the other lock; so who only wants to see them need not wait for the front-end.
	 */
	pthread_mutex_t seen_lock;
	struct mapper mapper;
	bool attached;
	struct view *view; /* NULL: this host can't */
	struct guard *guard;
	struct chunk *chunks;
	uint32_t n_chunks;
	struct mapped *files;
	struct window_stats stats;
	atomic_bool ready;
	atomic_uint n_unfit; /* chunks that are cut or lost */
};

/* ---- Files that have chunks ---------------------------------------------------------------- */

static struct mapped *find_file(struct window *window, const struct inode *inode)
{
	struct mapped *file = window->files;

	while (file && file->inode != inode)
		file = file->next;
	return file;
}

static void count(struct window *window, uint64_t *counter, int by)
{
	pthread_mutex_lock(&window->seen_lock);
	*counter += (uint64_t)(int64_t)by;
	pthread_mutex_unlock(&window->seen_lock);
}

static void count_chunk(struct window *window, struct mapped *file, int by)
{
	pthread_mutex_lock(&window->seen_lock);
	file->chunks += (uint32_t)by;
	window->stats.mapped_chunks += (uint64_t)(int64_t)by;
	pthread_mutex_unlock(&window->seen_lock);
}

/* Whether files can be mapped: not without the view's process, which may have died. */
static bool has_view(const struct window *window)
{
	return window->view && !view_is_gone(window->view);
}

/* A file could not be mapped. If none can be any more, then the guest must not try. */
static void note_refused(struct window *window)
{
	if (!has_view(window) && atomic_exchange(&window->ready, false))
		log_error("the process that serves whole-file mappings has gone: no file is DAX "
			  "from now on");
}

/* The file is so long, and the guest may have made it longer than that before. */
static void note_grown(struct mapped *file, uint64_t size)
{
	uint64_t grown = __atomic_load_n(&file->inode->grown, __ATOMIC_RELAXED);

	if (file->told < size)
		file->told = size;
	if (file->told < grown)
		file->told = grown;
}

static int get_file(struct window *window, struct inode *inode, struct mapped **file)
{
	int err;

	*file = find_file(window, inode);
	if (*file)
		return 0;
	err = mapped_new(window->share, window->view, inode, file);
	if (err || (*file)->fd < 0)
		note_refused(window);
	if (err)
		return err;
	note_grown(*file, 0);
	if (window->guard)
		(*file)->watch =
			guard_watch(window->guard, window->share->proc_fd, (*file)->source);
	(*file)->next = window->files;
	pthread_mutex_lock(&window->seen_lock);
	window->files = *file;
	pthread_mutex_unlock(&window->seen_lock);
	return 0;
}

/* The same file may be mapped as another inode, of another mount. */
static void unwatch(struct window *window, int watch)
{
	if (watch < 0)
		return;
	for (const struct mapped *file = window->files; file; file = file->next) {
		if (file->watch == watch)
			return;
	}
	guard_unwatch(window->guard, watch);
}

static void put_file(struct window *window, struct mapped *file)
{
	struct mapped **place = &window->files;

	if (file->chunks || file->cutting)
		return;
	while (*place != file)
		place = &(*place)->next;
	pthread_mutex_lock(&window->seen_lock);
	*place = file->next;
	pthread_mutex_unlock(&window->seen_lock);
	unwatch(window, file->watch);
	mapped_free(window->share, file);
}

/* ---- Chunks ---------------------------------------------------------------------------------- */

static uint64_t place_of(const struct window *window, const struct chunk *chunk)
{
	return (uint64_t)(chunk - window->chunks) * CHUNK;
}

static int ask_unmap(struct window *window, const struct chunk *chunk)
{
	int err = 0;

	if (window->attached && !chunk->lost)
		err = window->mapper.unmap(window->mapper.data, place_of(window, chunk), CHUNK);
	if (err) {
		count(window, &window->stats.failures, 1);
		log_warn("the front-end did not unmap a part of the DAX window: %s",
			 strerror(-err));
	}
	return err;
}

static void set_fit(struct window *window, struct chunk *chunk, bool cut, bool lost)
{
	bool before = chunk->cut || chunk->lost;
	bool now = cut || lost;

	chunk->cut = cut;
	chunk->lost = lost;
	if (now && !before)
		atomic_fetch_add(&window->n_unfit, 1);
	if (before && !now)
		atomic_fetch_sub(&window->n_unfit, 1);
}

/* Map what stands for the chunk, at its place. */
static int ask_map(struct window *window, struct chunk *chunk)
{
	int fd = chunk->copy >= 0 ? chunk->copy : chunk->file->fd;
	uint64_t offset = chunk->copy >= 0 ? 0 : chunk->offset;

	return window->mapper.map(window->mapper.data, fd, offset, place_of(window, chunk), CHUNK,
				  true);
}

/*
 * Whether the chunk has pages that the file has not, and the guest may touch them. What the guest
 * itself has cut it will not touch, though it may have it mapped.
 */
static bool is_cut(const struct chunk *chunk, uint64_t size)
{
	uint64_t live = (size + PAGE - 1) / PAGE * PAGE;
	uint64_t told = chunk->file->told;

	if (chunk->file->fd < 0)
		return false; /* copied in any case */
	return live < chunk->offset + CHUNK && live < told && chunk->offset < told;
}

/*
 * Find what is to stand for a chunk: the file, or a copy, if the file can't be mapped or is
 * shorter than the guest may believe.
 */
static int prepare_chunk(struct window *window, struct chunk *chunk)
{
	const struct mapped *file = chunk->file;
	bool cut = is_cut(chunk, mapped_size(file));

	if (file->fd >= 0 && !cut)
		return 0;
	chunk->copy = mapped_copy(file, chunk->offset, CHUNK);
	/* What stands for a file that was cut keeps the front-end alive. */
	if (!cut)
		chunk->copy = inode_fd_keep(window->share, chunk->copy);
	if (chunk->copy < 0)
		return chunk->copy;
	set_fit(window, chunk, cut, false);
	return 0;
}

static void forget_chunk(struct window *window, struct chunk *chunk)
{
	set_fit(window, chunk, false, false);
	if (chunk->copy >= 0)
		close(chunk->copy);
	*chunk = (struct chunk){.copy = -1};
}

static int fill_chunk(struct window *window, struct chunk *chunk, struct mapped *file,
		      uint64_t offset)
{
	int err;

	*chunk = (struct chunk){.file = file, .offset = offset, .copy = -1};
	/* Or it would not ask for that part. */
	if (file->told <= offset)
		file->told = offset + 1;
	err = prepare_chunk(window, chunk);
	if (!err)
		err = ask_map(window, chunk);
	if (err)
		forget_chunk(window, chunk);
	else
		count_chunk(window, file, 1);
	return err;
}

static int unmap_chunk(struct window *window, struct chunk *chunk)
{
	struct mapped *file = chunk->file;
	int err = ask_unmap(window, chunk);

	forget_chunk(window, chunk);
	count(window, &window->stats.unmaps, 1);
	count_chunk(window, file, -1);
	put_file(window, file);
	return err;
}

/* A copy is for reading: see mapped.h. 0, or why it can't be written to. */
static int check_use(const struct mapped *file, bool writable)
{
	return writable && file->fd < 0 ? file->refused : 0;
}

static int map_chunk(struct window *window, struct chunk *chunk, struct inode *inode,
		     uint64_t offset, bool writable)
{
	struct mapped *file;
	int err;

	if (chunk->file && chunk->file->inode == inode && chunk->offset == offset &&
	    !chunk->lost) {
		err = check_use(chunk->file, writable);
		if (!err)
			count(window, &window->stats.upgrades, 1);
		return err;
	}
	if (chunk->file)
		unmap_chunk(window, chunk);
	err = get_file(window, inode, &file);
	if (err)
		return err;
	err = check_use(file, writable);
	if (!err)
		err = fill_chunk(window, chunk, file, offset);
	if (err) {
		put_file(window, file);
		return err;
	}
	count(window, &window->stats.maps, 1);
	return 0;
}

/* ---- Files that change ---------------------------------------------------------------------- */

/*
 * Put a copy, or the file itself, in the place of what is mapped. What the front-end does not
 * map again is tried again whenever the guest asks for it, or the file changes.
 */
static void replace(struct window *window, struct chunk *chunk, bool cut)
{
	int copy = cut ? mapped_copy(chunk->file, chunk->offset, CHUNK) : -1;
	bool there;
	int err;

	if (cut && copy < 0)
		return;
	there = ask_unmap(window, chunk) != 0;
	if (chunk->copy >= 0)
		close(chunk->copy);
	chunk->copy = copy;
	err = ask_map(window, chunk);
	set_fit(window, chunk, cut, err && !there);
	if (err) {
		count(window, &window->stats.failures, 1);
		log_warn("a part of the DAX window is lost to the guest: %s", strerror(-err));
	}
}

static void fit_chunk(struct window *window, struct chunk *chunk, uint64_t size)
{
	bool cut = is_cut(chunk, size);

	if (cut != chunk->cut || chunk->lost)
		replace(window, chunk, cut);
	else if (chunk->copy >= 0)
		mapped_refresh(chunk->file, chunk->copy, chunk->offset, CHUNK);
}

static void fit_file(struct window *window, struct mapped *file, uint64_t size)
{
	for (uint32_t i = 0; window->attached && i < window->n_chunks; i++) {
		if (window->chunks[i].file == file)
			fit_chunk(window, &window->chunks[i], size);
	}
}

/* On the guard's thread. */
static void changed(void *data, int watch)
{
	struct window *window = data;

	pthread_mutex_lock(&window->lock);
	for (struct mapped *file = window->files; file; file = file->next) {
		uint64_t size;

		if (file->watch != watch && watch != GUARD_ALL)
			continue;
		size = mapped_size(file);
		/* The guest may have heard of that already. But it knows better if it just cuts it. */
		if (!file->cutting)
			note_grown(file, size);
		fit_file(window, file, size);
	}
	pthread_mutex_unlock(&window->lock);
}

static bool has_cut_chunk(const struct window *window, const struct mapped *file)
{
	for (uint32_t i = 0; i < window->n_chunks; i++) {
		if (window->chunks[i].file == file && window->chunks[i].cut)
			return true;
	}
	return false;
}

/*
 * What is told is of a moment ago. If the host has cut the file since, the guest may touch all of
 * that; but if nothing had to be put in its place, then it was the guest itself.
 */
static void note_told(const struct window *window, struct mapped *file, uint64_t size,
		      uint64_t told)
{
	if (told < size || !has_cut_chunk(window, file))
		told = size;
	if (told < file->told || !file->cutting)
		file->told = told;
}

static void follow(struct window *window, struct inode *inode, uint64_t told)
{
	struct mapped *file;
	uint64_t size;

	if (!atomic_load_explicit(&window->n_unfit, memory_order_acquire))
		return;
	pthread_mutex_lock(&window->lock);
	file = find_file(window, inode);
	if (file && file->fd >= 0) {
		/* Whatever it has written, it hears of what there is now. */
		__atomic_store_n(&inode->grown, 0, __ATOMIC_RELAXED);
		size = mapped_size(file);
		note_told(window, file, size, told);
		fit_file(window, file, size);
	}
	pthread_mutex_unlock(&window->lock);
}

void window_told(struct window *window, struct inode *inode, uint64_t size)
{
	uint64_t grown = __atomic_load_n(&inode->grown, __ATOMIC_RELAXED);

	/* The host may have cut what it once wrote, mapped or not. */
	while (grown > size &&
	       !__atomic_compare_exchange_n(&inode->grown, &grown, size, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	follow(window, inode, size);
}

void window_resized(struct window *window, struct inode *inode)
{
	follow(window, inode, 0);
}

void window_grown(struct window *window, struct inode *inode, uint64_t size)
{
	uint64_t grown = __atomic_load_n(&inode->grown, __ATOMIC_RELAXED);

	while (grown < size &&
	       !__atomic_compare_exchange_n(&inode->grown, &grown, size, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	follow(window, inode, 0);
}

struct mapped *window_cutting(struct window *window, struct inode *inode, uint64_t size)
{
	struct mapped *file;

	pthread_mutex_lock(&window->lock);
	file = find_file(window, inode);
	if (file)
		file->cutting++;
	if (file && file->told > size)
		file->told = size;
	__atomic_store_n(&inode->grown, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&window->lock);
	return file;
}

/* It may not have been cut, or the host has made it longer since, and that was passed over. */
void window_cut(struct window *window, struct mapped *file)
{
	uint64_t size;

	if (!file)
		return;
	pthread_mutex_lock(&window->lock);
	size = mapped_size(file);
	if (file->told < size)
		file->told = size;
	file->cutting--;
	put_file(window, file);
	pthread_mutex_unlock(&window->lock);
}

/* ---- The guest's requests --------------------------------------------------------------------- */

/* Whether a range lies in the window, and is made of whole chunks. */
static bool is_range(const struct window *window, uint64_t offset, uint64_t len)
{
	uint64_t size = window->n_chunks * CHUNK;

	return len && len % CHUNK == 0 && offset % CHUNK == 0 && len <= size &&
	       offset <= size - len;
}

int window_setup(struct window *window, struct inode *inode, uint64_t file_offset, uint64_t len,
		 uint64_t window_offset, bool writable)
{
	struct chunk *chunk;
	int err = 0;

	if (!S_ISREG(inode->type) || !is_range(window, window_offset, len) || file_offset % PAGE ||
	    file_offset > INT64_MAX - CHUNK - len)
		return -EINVAL;
	pthread_mutex_lock(&window->lock);
	if (!window->attached || !window->view)
		err = -ENODEV;
	chunk = &window->chunks[window_offset / CHUNK];
	for (uint64_t done = 0; !err && done < len; done += CHUNK)
		err = map_chunk(window, chunk++, inode, file_offset + done, writable);
	if (err)
		count(window, &window->stats.failures, 1);
	pthread_mutex_unlock(&window->lock);
	return err;
}

int window_remove(struct window *window, uint64_t window_offset, uint64_t len)
{
	uint32_t first = (uint32_t)(window_offset / CHUNK);
	uint32_t n = (uint32_t)(len / CHUNK);
	int err = 0;

	if (!is_range(window, window_offset, len))
		return -EINVAL;
	pthread_mutex_lock(&window->lock);
	for (uint32_t i = first; i < first + n; i++) {
		int one =
			window->chunks[i].file ? unmap_chunk(window, &window->chunks[i]) : -EINVAL;

		err = err ? err : one;
	}
	pthread_mutex_unlock(&window->lock);
	return err;
}

static void clear_locked(struct window *window)
{
	for (uint32_t i = 0; i < window->n_chunks; i++) {
		if (window->chunks[i].file)
			unmap_chunk(window, &window->chunks[i]);
	}
}

void window_clear(struct window *window)
{
	pthread_mutex_lock(&window->lock);
	clear_locked(window);
	pthread_mutex_unlock(&window->lock);
}

/* ---- The front-end ------------------------------------------------------------------------------ */

/* Not before: threads that are there when the sandbox is entered would stay outside. */
static void start_guard(struct window *window)
{
	int err;

	if (window->guard || !window->view)
		return;
	err = guard_start(changed, window, &window->guard);
	if (err)
		log_warn("files that are mapped can't be watched: %s", strerror(-err));
}

void window_attach(struct window *window, const struct mapper *mapper)
{
	pthread_mutex_lock(&window->lock);
	/* With a front-end that has gone, so have its mappings: there is nobody to ask. */
	window->attached = false;
	clear_locked(window);
	if (mapper) {
		window->mapper = *mapper;
		window->attached = true;
		start_guard(window);
	}
	atomic_store(&window->ready,
		     mapper && has_view(window) && !window->share->settings->readonly);
	pthread_mutex_unlock(&window->lock);
}

bool window_ready(struct window *window)
{
	return atomic_load_explicit(&window->ready, memory_order_relaxed);
}

/* ---- For status ------------------------------------------------------------------------------------ */

void window_stats(struct window *window, struct window_stats *stats)
{
	pthread_mutex_lock(&window->seen_lock);
	*stats = window->stats;
	pthread_mutex_unlock(&window->seen_lock);
	stats->size = window->n_chunks * CHUNK;
	stats->chunk_size = CHUNK;
	stats->mapped_bytes = stats->mapped_chunks * CHUNK;
	stats->view = has_view(window);
}

void window_each(struct window *window,
		 void (*fn)(void *data, struct inode *inode, uint32_t chunks), void *data)
{
	pthread_mutex_lock(&window->seen_lock);
	for (const struct mapped *file = window->files; file; file = file->next) {
		if (file->chunks)
			fn(data, file->inode, file->chunks);
	}
	pthread_mutex_unlock(&window->seen_lock);
}

/* ---- The window --------------------------------------------------------------------------------------- */

static void start_view(struct window *window)
{
	int err = view_start(window->share->settings, &window->view);

	if (!err)
		return;
	window->view = NULL;
	log_warn("no file will be DAX: whole-file mappings need Linux 6.9 or newer, "
		 "CAP_SYS_ADMIN and /dev/fuse: %s",
		 strerror(-err));
}

int window_new(struct share *share, uint64_t size, struct window **window)
{
	struct window *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->share = share;
	made->n_chunks = (uint32_t)(size / CHUNK);
	made->chunks = calloc(made->n_chunks, sizeof(*made->chunks));
	if (!made->chunks) {
		free(made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < made->n_chunks; i++)
		made->chunks[i].copy = -1;
	pthread_mutex_init(&made->lock, NULL);
	pthread_mutex_init(&made->seen_lock, NULL);
	if (!share->settings->readonly)
		start_view(made);
	*window = made;
	return 0;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	window_attach(window, NULL);
	guard_stop(window->guard);
	view_stop(window->view);
	pthread_mutex_destroy(&window->lock);
	pthread_mutex_destroy(&window->seen_lock);
	free(window->chunks);
	free(window);
}
