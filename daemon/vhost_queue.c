/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost_queue.c - see vhost_queue.h. */
#include "vhost_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "guest_memory.h"
#include "handle.h"
#include "locks.h"
#include "log.h"
#include "polling.h"
#include "request.h"
#include "share.h"
#include "thread.h"
#include "worker.h"

/* Nobody holds a queue's lock for so long but who is stuck. */
enum { STUCK_MS = 50 };

/*
 * A guest that is told of each reply wakes up for each, and comes back with one request, where
 * it could have come with many. So as long as there are more to serve, so many replies are
 * collected before it is told, if each was made in no time.
 */
enum { UNTOLD_MOST = 8, QUICK_NS = 20000 };

void vhost_queue_init(struct vhost_queue *queues, unsigned int n, unsigned int index,
		      struct share *share, int socket, struct pollers *pollers)
{
	struct vhost_queue *queue = &queues[index];

	*queue = (struct vhost_queue){
		.share = share,
		.all = queues,
		.n_all = n,
		.socket = socket,
		.pollers = pollers,
		.index = index,
		.kick_fd = -1,
		.call_fd = -1,
		.err_fd = -1,
		.stop_fd = -1,
	};
	pthread_mutex_init(&queue->lock, NULL);
}

void vhost_queue_set_fd(struct vhost_queue *queue, int *place, int fd)
{
	int old;

	vhost_queue_lock(queue);
	old = *place;
	*place = fd;
	if (place == &queue->call_fd)
		queue->call_blocks = fd >= 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
	pthread_mutex_unlock(&queue->lock);
	if (old >= 0)
		close(old);
}

void vhost_queue_release(struct vhost_queue *queue)
{
	vhost_queue_stop(queue);
	vhost_queue_set_fd(queue, &queue->kick_fd, -1);
	vhost_queue_set_fd(queue, &queue->call_fd, -1);
	vhost_queue_set_fd(queue, &queue->err_fd, -1);
	if (queue->stop_fd >= 0)
		close(queue->stop_fd);
	guest_memory_unref(queue->memory);
	virtq_end(&queue->vq);
	pthread_mutex_destroy(&queue->lock);
}

void vhost_queue_set_memory(struct vhost_queue *queue, struct guest_memory *memory)
{
	struct guest_memory *old;

	vhost_queue_lock(queue);
	old = queue->memory;
	queue->memory = guest_memory_ref(memory);
	if (queue->vq.size)
		virtq_locate(&queue->vq, memory);
	pthread_mutex_unlock(&queue->lock);
	guest_memory_unref(old);
}

/* ---- Requests ---------------------------------------------------------------------- */

/*
 * The front-end may have an eventfd that blocks, and fill its counter. Its flags are not ours to
 * change, for it may read from it by the same description. So it is asked first; and should
 * the front-end change all that in between, vhost_queue_lock() gets us out.
 */
static bool has_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	return poll(&room, 1, 0) == 1 && room.revents & POLLOUT;
}

/* With the lock. It can only fail if the counter is full: then there is a signal to be read. */
static void signal_fd(struct vhost_queue *queue, int fd, bool blocks)
{
	uint64_t one = 1;

	if (fd < 0 || (blocks && !has_room(fd)))
		return;
	atomic_store_explicit(&queue->signaler, pthread_self(), memory_order_relaxed);
	atomic_fetch_add_explicit(&queue->signals, 1, memory_order_relaxed);
	atomic_store_explicit(&queue->signaling, true, memory_order_release);
	if (write(fd, &one, sizeof(one)) < 0)
		log_debug("queue %u: the front-end was not signaled", queue->index);
	atomic_store_explicit(&queue->signaling, false, memory_order_relaxed);
}

static void call(struct vhost_queue *queue)
{
	signal_fd(queue, queue->call_fd,
		  queue->call_blocks ||
			  atomic_load_explicit(&queue->stop, memory_order_relaxed));
}

/*
 * Get a thread out of a write that blocks: see vhost_user_serve(). If that is done meanwhile, it is
 * another that is interrupted for nothing, but none that has been joined: only this thread joins.
 */
static void interrupt_signaler(const struct vhost_queue *queue)
{
	if (atomic_load_explicit(&queue->signaling, memory_order_acquire))
		pthread_kill(atomic_load_explicit(&queue->signaler, memory_order_relaxed),
			     VHOST_QUEUE_SIGNAL);
}

/*
 * Of another queue, if it is at the same write as when we came by before: what else it does is not
 * to be interrupted.
 */
static void interrupt_if_stuck(struct vhost_queue *queue)
{
	unsigned int signals = atomic_load_explicit(&queue->signals, memory_order_relaxed);

	if (signals == queue->seen)
		interrupt_signaler(queue);
	queue->seen = signals;
}

/* All that a queue may wait for: one thread answers requests of several, one after the other. */
static void interrupt_signalers(struct vhost_queue *queue)
{
	for (unsigned int i = 0; i < queue->n_all; i++) {
		if (&queue->all[i] == queue)
			interrupt_signaler(queue);
		else
			interrupt_if_stuck(&queue->all[i]);
	}
}

/* By the clock that thread sanitizers know calls for. Should it jump, this only takes longer. */
static struct timespec soon(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	time.tv_nsec += STUCK_MS * 1000000L;
	time.tv_sec += time.tv_nsec / 1000000000L;
	time.tv_nsec %= 1000000000L;
	return time;
}

void vhost_queue_lock(struct vhost_queue *queue)
{
	struct timespec until = soon();

	while (pthread_mutex_timedlock(&queue->lock, &until) == ETIMEDOUT) {
		interrupt_signalers(queue);
		until = soon();
	}
}

static void join(struct vhost_queue *queue)
{
	struct timespec until = soon();

	while (pthread_timedjoin_np(queue->thread, NULL, &until) == ETIMEDOUT) {
		interrupt_signalers(queue);
		until = soon();
	}
}

/* With the lock: tell the guest of replies that it was not told of, if it wants to know. */
static void tell(struct vhost_queue *queue)
{
	queue->untold = 0;
	if (virtq_wants_call(&queue->vq))
		call(queue);
}

/*
 * The request's reply stands in its buffers. On any thread; the one that serves the ring tells
 * the guest when it takes the next request, or finds none.
 */
static void finish(struct request *request, size_t len)
{
	struct vhost_queue *queue = request->transport;

	pthread_mutex_lock(&queue->lock);
	virtq_give(&queue->vq, request->token, (uint32_t)len);
	if (queue->has_server && pthread_equal(queue->server, pthread_self()))
		queue->untold++;
	else
		tell(queue);
	pthread_mutex_unlock(&queue->lock);
	guest_memory_unref(request->held);
}

/* Replies that were made before do not wait for that. */
static void before_long(struct request *request)
{
	struct vhost_queue *queue = request->transport;

	pthread_mutex_lock(&queue->lock);
	if (queue->untold)
		tell(queue);
	pthread_mutex_unlock(&queue->lock);
}

/* With the lock: whether replies may wait until one more request is served. */
static bool may_wait(struct vhost_queue *queue)
{
	uint64_t now = clock_ns();
	bool quick = now - queue->served < QUICK_NS;

	queue->served = now;
	return quick && queue->untold < UNTOLD_MOST;
}

/* Take a chain. 1, 0 or -EPROTO as virtq_take(); -EFAULT: the guest's memory has gone. */
static int take(struct vhost_queue *queue, struct chain *chain, struct request *request)
{
	int found;

	pthread_mutex_lock(&queue->lock);
	found = virtq_take(&queue->vq, queue->memory, chain);
	if (guest_memory_is_lost(queue->memory))
		found = -EFAULT;
	if (found == 1)
		request->held = guest_memory_ref(queue->memory);
	if (queue->untold && !(found == 1 && may_wait(queue)))
		tell(queue);
	pthread_mutex_unlock(&queue->lock);
	return found;
}

static void give_up(struct vhost_queue *queue, int err)
{
	if (err == -EFAULT) {
		log_error("the front-end has cut the guest's memory; its connection is closed");
		shutdown(queue->socket, SHUT_RDWR);
	} else {
		log_error("queue %u: the guest's descriptors make no sense; not serving it any "
			  "more",
			  queue->index);
		atomic_fetch_add(&queue->share->front_ends.broken_queues, 1);
	}
	pthread_mutex_lock(&queue->lock);
	queue->broken = true;
	signal_fd(queue, queue->err_fd, true);
	pthread_mutex_unlock(&queue->lock);
}

static void serve_chain(struct vhost_queue *queue, struct chain *chain, struct request *request)
{
	request->share = queue->share;
	request->worker = queue->worker;
	request->in = (struct iov_cursor){chain->iov, chain->n_in, chain->in_size};
	request->out = (struct iov_cursor){chain->iov + chain->n_in, chain->n_out, chain->out_size};
	request->done = finish;
	request->before_long = before_long;
	request->transport = queue;
	request->token = chain->head;
	serve(request);
}

static bool is_stopped(const struct vhost_queue *queue)
{
	return atomic_load_explicit(&queue->stop, memory_order_relaxed);
}

/* Serve all there is, or until the thread is to end. 0, or why the queue is broken. */
static int drain(struct vhost_queue *queue, struct chain *chain)
{
	queue->served = clock_ns();
	while (!is_stopped(queue)) {
		struct request request;
		int found = take(queue, chain, &request);

		if (found <= 0)
			return found;
		serve_chain(queue, chain, &request);
	}
	return 0;
}

/* ---- The thread --------------------------------------------------------------------- */

/* Ask for kicks. Returns whether there is something to do already. */
static bool arm(struct vhost_queue *queue)
{
	bool more;

	pthread_mutex_lock(&queue->lock);
	virtq_want_kicks(&queue->vq, true);
	more = virtq_has_more(&queue->vq);
	if (more)
		virtq_want_kicks(&queue->vq, false);
	pthread_mutex_unlock(&queue->lock);
	return more;
}

/* Awake: no kicks are needed. Returns whether there is something to do. */
static bool disarm(struct vhost_queue *queue)
{
	bool more;

	pthread_mutex_lock(&queue->lock);
	virtq_want_kicks(&queue->vq, false);
	more = virtq_has_more(&queue->vq);
	pthread_mutex_unlock(&queue->lock);
	return more;
}

/*
 * Look at the ring for a moment, while no kicks are asked for. Whether there is something to do.
 * The guest's memory may be replaced meanwhile, so the ring is kept where it is now.
 */
static bool look(struct vhost_queue *queue, struct polling *polling, uint64_t start)
{
	struct guest_memory *memory;
	struct virtq ring;
	uint64_t took = 0;
	bool more = false;

	if (!polling_begin(polling, start))
		return false;
	pthread_mutex_lock(&queue->lock);
	ring = queue->vq;
	memory = guest_memory_ref(queue->memory);
	pthread_mutex_unlock(&queue->lock);
	while (took < polling->time && !is_stopped(queue) && !(more = virtq_has_more(&ring))) {
		polling_pause();
		took = polling_now(polling) - start;
	}
	guest_memory_unref(memory);
	polling_end(polling, took, more);
	worker_count_look(queue->worker, more);
	return more;
}

/*
 * What the thread waits for. Kicks are edges: the counter of the eventfd is never read, which
 * saves a system call each time.
 */
static int open_waiter(const struct vhost_queue *queue)
{
	struct epoll_event kick = {.events = EPOLLIN | EPOLLET, .data.fd = queue->kick_fd};
	struct epoll_event stop = {.events = EPOLLIN, .data.fd = queue->stop_fd};
	int waiter = epoll_create1(EPOLL_CLOEXEC);

	if (waiter < 0)
		return -errno;
	if (epoll_ctl(waiter, EPOLL_CTL_ADD, queue->kick_fd, &kick) ||
	    epoll_ctl(waiter, EPOLL_CTL_ADD, queue->stop_fd, &stop)) {
		int err = -errno;

		close(waiter);
		return err;
	}
	return waiter;
}

/* Wait for a kick. false: the thread is to end. */
static bool wait_for_kick(const struct vhost_queue *queue, int waiter)
{
	struct epoll_event events[2];
	int n;

	do
		n = epoll_wait(waiter, events, 2, -1);
	while (n < 0 && errno == EINTR);
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == queue->stop_fd)
			return false;
	}
	return n > 0;
}

/* The queue is empty: wait until there is something to do. false: the thread is to end. */
static bool wait_for_more(struct vhost_queue *queue, struct polling *polling, int waiter)
{
	uint64_t start = polling_now(polling);

	if (look(queue, polling, start))
		return true;
	if (arm(queue))
		return !is_stopped(queue);
	if (!wait_for_kick(queue, waiter))
		return false;
	/* A kick may be of what was found without it; nothing is to be learned from that. */
	if (disarm(queue))
		polling_learn(polling, polling_now(polling) - start);
	return true;
}

/* From here on, replies of this thread may wait for one another. */
static void begin_serving(struct vhost_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->server = pthread_self();
	queue->has_server = true;
	pthread_mutex_unlock(&queue->lock);
}

/* Leave the ring to who serves it next: that thread may wait for a kick first. */
static void end_serving(struct vhost_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->has_server = false;
	if (queue->untold)
		tell(queue);
	virtq_want_kicks(&queue->vq, true);
	pthread_mutex_unlock(&queue->lock);
}

static void serve_queue(struct vhost_queue *queue, int waiter)
{
	struct polling polling;
	struct chain chain;
	int err;

	polling_init(&polling, queue->pollers, queue->share->settings->poll_us);
	begin_serving(queue);
	do
		err = drain(queue, &chain);
	while (!err && wait_for_more(queue, &polling, waiter));
	end_serving(queue);
	if (err)
		give_up(queue, err);
}

static void *run(void *data)
{
	struct vhost_queue *queue = data;

	thread_begin("queue", queue->index);
	queue->worker = worker_get(queue->share, queue->index);
	serve_queue(queue, queue->waiter);
	close(queue->waiter);
	return NULL;
}

/* What it waits by is made here, where the front-end can still be told that there is none. */
static int start_thread(struct vhost_queue *queue)
{
	int err;

	queue->waiter = open_waiter(queue);
	if (queue->waiter < 0) {
		log_error("queue %u: can't wait for the guest: %s", queue->index,
			  strerror(-queue->waiter));
		return queue->waiter;
	}
	err = -pthread_create(&queue->thread, NULL, run, queue);
	if (err)
		close(queue->waiter);
	return err;
}

/* What a ring needs before it can be served. */
static bool is_ready(struct vhost_queue *queue)
{
	bool ready;

	pthread_mutex_lock(&queue->lock);
	ready = queue->enabled && !queue->awaits_call && !queue->broken && queue->kick_fd >= 0 &&
		queue->vq.size && queue->vq.desc;
	pthread_mutex_unlock(&queue->lock);
	return ready;
}

/* When it is started first: most queues of most guests never are. 0 or -errno. */
static int open_stop(struct vhost_queue *queue)
{
	if (queue->stop_fd < 0)
		queue->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return queue->stop_fd < 0 ? -errno : 0;
}

int vhost_queue_start(struct vhost_queue *queue)
{
	int err;

	if (queue->running || !is_ready(queue))
		return 0;
	err = open_stop(queue);
	if (!err)
		err = virtq_begin(&queue->vq);
	if (err)
		return err;
	err = start_thread(queue);
	queue->running = !err;
	return err;
}

static void end_thread(struct vhost_queue *queue)
{
	uint64_t count = 1;

	if (write(queue->stop_fd, &count, sizeof(count)) < 0)
		log_debug("queue %u: was told to stop before", queue->index);
	join(queue);
	queue->running = false;
	if (read(queue->stop_fd, &count, sizeof(count)) < 0)
		log_debug("queue %u: had stopped by itself", queue->index);
}

void vhost_queue_stop(struct vhost_queue *queue)
{
	atomic_store(&queue->stop, true);
	if (queue->running)
		end_thread(queue);
	/* Whoever answers a request just now, and is stuck with that, is not from here on. */
	vhost_queue_lock(queue);
	pthread_mutex_unlock(&queue->lock);
	/* What was asked before it was stopped last may wait still. */
	while (!locks_give_up(handle_locks(queue->share), queue, STUCK_MS))
		interrupt_signalers(queue);
	atomic_store(&queue->stop, false);
}
