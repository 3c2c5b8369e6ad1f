/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_user.c - see vhost_user.h.
 *
 * One thread reads the socket, and each queue has one of its own. The socket's thread never
 * waits for a queue's but to stop it; so the front-end may wait for us (as QEMU does while it
 * changes its memory map) while a queue waits for the front-end to map a file.
 */
#include "vhost_user.h"

#include <errno.h>
#include <linux/virtio_fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_channel.h"
#include "guest_memory.h"
#include "handle.h"
#include "inflight.h"
#include "locks.h"
#include "log.h"
#include "polling.h"
#include "request.h"
#include "share.h"
#include "vhost_queue.h"
#include "vhost_socket.h"
#include "window.h"

/* The queue for what is urgent, and as many for requests as anybody has asked for yet. */
enum { QUEUES_MAX = 1 + 64 };

#define FEATURES \
	(VHOST_F_VERSION_1 | VHOST_F_PROTOCOL_FEATURES | VHOST_F_INDIRECT_DESC | VHOST_F_EVENT_IDX)

/*
 * Not CONFIGURE_MEM_SLOTS: with it, QEMU 11.1 counts every mapping of the DAX window as a slot,
 * and aborts at the 512th.
 */
#define PROTOCOL_FEATURES                                                            \
	(VHOST_PROTOCOL_MQ | VHOST_PROTOCOL_REPLY_ACK | VHOST_PROTOCOL_BACKEND_REQ | \
	 VHOST_PROTOCOL_CONFIG | VHOST_PROTOCOL_BACKEND_SEND_FD | VHOST_PROTOCOL_INFLIGHT |   \
	 VHOST_PROTOCOL_RESET_DEVICE)

/* Shared objects are for what backend_channel.c makes of a message about them. */
#define WINDOW_FEATURES (VHOST_PROTOCOL_SHMEM | VHOST_PROTOCOL_SHARED_OBJECT)

struct device {
	struct share *share;
	int socket, stop_fd;
	uint64_t features;
	uint64_t protocol_features;
	struct guest_memory *memory;   /* with a reference */
	struct guest_memory *inflight; /* the same; NULL: the front-end does not keep it */
	int reply_fd;		       /* to be sent with the reply, and closed; -1: none */
	struct backend_channel *channel;
	bool wants_window;     /* the front-end asked how large it is */
	bool attached;	       /* the window maps by our channel */
	struct pollers pollers;
	unsigned int n_queues; /* those that were initialized */
	struct vhost_queue queues[QUEUES_MAX];
};

/* What a message's handler returns, but for errors: */
enum {
	QUIET, /* there is no reply of its own; 0 is sent if the front-end wants an answer */
	REPLY, /* the payload of message->header.size bytes is the reply */
};

typedef int handler(struct device *device, struct vhost_message *message);

/* ---- Features ---------------------------------------------------------------------- */

static int reply_u64(struct vhost_message *message, uint64_t value)
{
	message->payload.u64 = value;
	message->header.size = sizeof(value);
	return REPLY;
}

static int get_features(struct device *device, struct vhost_message *message)
{
	(void)device;
	return reply_u64(message, FEATURES);
}

static int set_features(struct device *device, struct vhost_message *message)
{
	if (message->payload.u64 & ~FEATURES)
		return -EINVAL;
	device->features = message->payload.u64;
	for (unsigned int i = 0; i < device->n_queues; i++) {
		struct vhost_queue *queue = &device->queues[i];

		vhost_queue_lock(queue);
		queue->vq.event_idx = device->features & VHOST_F_EVENT_IDX;
		/* Without the protocol features, a queue has no switch. */
		if (!(device->features & VHOST_F_PROTOCOL_FEATURES))
			queue->enabled = true;
		pthread_mutex_unlock(&queue->lock);
	}
	return QUIET;
}

static uint64_t offered_protocol(const struct device *device)
{
	return PROTOCOL_FEATURES | (device->share->window ? WINDOW_FEATURES : 0);
}

static int get_protocol_features(struct device *device, struct vhost_message *message)
{
	return reply_u64(message, offered_protocol(device));
}

static int set_protocol_features(struct device *device, struct vhost_message *message)
{
	if (message->payload.u64 & ~offered_protocol(device))
		return -EINVAL;
	device->protocol_features = message->payload.u64;
	return QUIET;
}

static int get_queue_num(struct device *device, struct vhost_message *message)
{
	(void)device;
	return reply_u64(message, QUEUES_MAX);
}

static int accept_quietly(struct device *device, struct vhost_message *message)
{
	(void)device;
	(void)message;
	return QUIET;
}

/* Those that are ready. */
static int start_queues(struct device *device)
{
	for (unsigned int i = 0; i < device->n_queues; i++) {
		int err = vhost_queue_start(&device->queues[i]);

		if (err)
			return err;
	}
	return QUIET;
}

/* ---- Memory -------------------------------------------------------------------------- */

static int set_mem_table(struct device *device, struct vhost_message *message)
{
	const struct vhost_memory *table = &message->payload.memory;
	struct guest_memory *memory;
	int err;

	if (table->n_regions > VHOST_MAX_REGIONS || table->n_regions != message->n_fds)
		return -EPROTO;
	err = guest_memory_new(table->regions, message->fds, table->n_regions, device->memory,
			       &memory);
	if (err)
		return err;
	for (unsigned int i = 0; i < device->n_queues; i++)
		vhost_queue_set_memory(&device->queues[i], memory);
	guest_memory_unref(device->memory);
	device->memory = memory;
	return start_queues(device);
}

/* ---- Queues ---------------------------------------------------------------------------- */

static struct vhost_queue *find_queue(struct device *device, uint32_t index)
{
	return index < device->n_queues ? &device->queues[index] : NULL;
}

static int set_vring_num(struct device *device, struct vhost_message *message)
{
	struct vhost_queue *queue = find_queue(device, message->payload.state.index);
	uint32_t n = message->payload.state.num;

	if (!queue || queue->running || n == 0 || n > VIRTQ_SIZE_MAX || (n & (n - 1)))
		return -EINVAL;
	/* A ring that was located is longer or shorter now: it may not all be in memory. */
	vhost_queue_lock(queue);
	queue->vq.size = n;
	virtq_locate(&queue->vq, device->memory);
	pthread_mutex_unlock(&queue->lock);
	return QUIET;
}

static int set_vring_addr(struct device *device, struct vhost_message *message)
{
	const struct vhost_vring_addr *addr = &message->payload.addr;
	struct vhost_queue *queue = find_queue(device, addr->index);

	if (!queue || queue->running || !queue->vq.size)
		return -EINVAL;
	vhost_queue_lock(queue);
	queue->vq.desc_user = addr->desc;
	queue->vq.avail_user = addr->avail;
	queue->vq.used_user = addr->used;
	/* Should the memory come only later, it is located then. */
	virtq_locate(&queue->vq, device->memory);
	queue->broken = false;
	pthread_mutex_unlock(&queue->lock);
	return vhost_queue_start(queue);
}

static int set_vring_base(struct device *device, struct vhost_message *message)
{
	struct vhost_queue *queue = find_queue(device, message->payload.state.index);

	if (!queue || queue->running)
		return -EINVAL;
	queue->vq.last_avail = (uint16_t)message->payload.state.num;
	return QUIET;
}

/* The front-end may wait for that, and so not answer what the queue asks it. */
static void stop_queue(struct device *device, struct vhost_queue *queue)
{
	backend_channel_hurry(device->channel, true);
	vhost_queue_stop(queue);
	backend_channel_hurry(device->channel, false);
}

/* The front-end wants the queue stopped, and waits for it. */
static int get_vring_base(struct device *device, struct vhost_message *message)
{
	struct vhost_queue *queue = find_queue(device, message->payload.state.index);

	if (!queue)
		return -EINVAL;
	stop_queue(device, queue);
	vhost_queue_set_fd(queue, &queue->kick_fd, -1);
	vhost_queue_set_fd(queue, &queue->call_fd, -1);
	queue->awaits_call = true;
	message->payload.state.num = queue->vq.last_avail;
	message->header.size = sizeof(message->payload.state);
	return REPLY;
}

static int set_vring_enable(struct device *device, struct vhost_message *message)
{
	struct vhost_queue *queue = find_queue(device, message->payload.state.index);

	if (!queue)
		return -EINVAL;
	vhost_queue_lock(queue);
	queue->enabled = message->payload.state.num;
	pthread_mutex_unlock(&queue->lock);
	if (queue->enabled)
		return vhost_queue_start(queue);
	stop_queue(device, queue);
	return QUIET;
}

/* Writing to a pipe, or waiting for a file of somebody's file system, may take for ever. */
static bool is_eventfd(const struct share *share, int fd)
{
	static const char wanted[] = "anon_inode:[eventfd]";
	char name[16], target[sizeof(wanted)];

	snprintf(name, sizeof(name), "%d", fd);
	return readlinkat(share->proc_fd, name, target, sizeof(target)) == sizeof(wanted) - 1 &&
	       memcmp(target, wanted, sizeof(wanted) - 1) == 0;
}

/* The queue and the descriptor that a message of this kind carries. NULL: -EINVAL. */
static struct vhost_queue *take_vring_fd(struct device *device, struct vhost_message *message,
					 int *fd)
{
	struct vhost_queue *queue =
		find_queue(device, message->payload.u64 & VHOST_VRING_INDEX_MASK);

	*fd = -1;
	if (!queue || message->payload.u64 & VHOST_VRING_NO_FD)
		return queue;
	if (message->n_fds && !is_eventfd(device->share, message->fds[0]))
		return NULL;
	*fd = vhost_message_take(message, 0);
	return queue;
}

static int set_vring_kick(struct device *device, struct vhost_message *message)
{
	int fd;
	struct vhost_queue *queue = take_vring_fd(device, message, &fd);

	/* Without one we would have to look all the time. */
	if (!queue || fd < 0)
		return -EINVAL;
	stop_queue(device, queue);
	vhost_queue_set_fd(queue, &queue->kick_fd, fd);
	return vhost_queue_start(queue);
}

static int set_vring_call(struct device *device, struct vhost_message *message)
{
	int fd;
	struct vhost_queue *queue = take_vring_fd(device, message, &fd);

	if (!queue)
		return -EINVAL;
	vhost_queue_set_fd(queue, &queue->call_fd, fd);
	/* After a stop it waits for that: replies before it would be told to nobody. */
	queue->awaits_call = false;
	return vhost_queue_start(queue);
}

static int set_vring_err(struct device *device, struct vhost_message *message)
{
	int fd;
	struct vhost_queue *queue = take_vring_fd(device, message, &fd);

	if (!queue)
		return -EINVAL;
	vhost_queue_set_fd(queue, &queue->err_fd, fd);
	return QUIET;
}

static void stop_queues(struct device *device)
{
	backend_channel_hurry(device->channel, true);
	for (unsigned int i = 0; i < device->n_queues; i++)
		vhost_queue_stop(&device->queues[i]);
	backend_channel_hurry(device->channel, false);
}

static int reset_device(struct device *device, struct vhost_message *message)
{
	(void)message;
	stop_queues(device);
	for (unsigned int i = 0; i < device->n_queues; i++)
		device->queues[i].enabled = false;
	return QUIET;
}

/* ---- The configuration space ------------------------------------------------------------ */

static int get_config(struct device *device, struct vhost_message *message)
{
	const struct settings *settings = device->share->settings;
	struct virtio_fs_config space = {
		.num_request_queues = htole32(settings->request_queues),
	};
	struct vhost_config *config = &message->payload.config;
	size_t from = config->offset;

	if (config->size > VHOST_CONFIG_MAX || from > VHOST_CONFIG_MAX - config->size)
		return -EINVAL;
	/* Not a string: a tag of the greatest length has no NUL behind it. */
	strncpy((char *)space.tag, settings->tag ? settings->tag : "", sizeof(space.tag));
	memset(config->bytes, 0, sizeof(config->bytes));
	for (uint32_t i = 0; i < config->size && from + i < sizeof(space); i++)
		config->bytes[i] = ((const uint8_t *)&space)[from + i];
	message->header.size = (uint32_t)offsetof(struct vhost_config, bytes) + config->size;
	return REPLY;
}

/* ---- What another daemon has left undone --------------------------------------------------- */

static bool is_sane(const struct vhost_inflight *inflight)
{
	return inflight->n_queues && inflight->n_queues <= QUEUES_MAX && inflight->queue_size &&
	       inflight->queue_size <= VIRTQ_SIZE_MAX;
}

/* memory is taken over. */
static void keep_inflight(struct device *device, struct guest_memory *memory,
			  const struct vhost_inflight *inflight)
{
	for (unsigned int i = 0; i < device->n_queues; i++) {
		struct virtq *vq = &device->queues[i].vq;

		vhost_queue_lock(&device->queues[i]);
		vq->inflight = NULL;
		if (i < inflight->n_queues)
			vq->inflight = inflight_queue(memory, i, inflight->queue_size);
		vq->inflight_size = inflight->queue_size;
		pthread_mutex_unlock(&device->queues[i].lock);
	}
	guest_memory_unref(device->inflight);
	device->inflight = memory;
}

/* The message's own structure, if it may be asked for now. */
static struct vhost_inflight *begin_inflight(struct device *device, struct vhost_message *message)
{
	for (unsigned int i = 0; i < device->n_queues; i++) {
		if (device->queues[i].running)
			return NULL;
	}
	return is_sane(&message->payload.inflight) ? &message->payload.inflight : NULL;
}

static int get_inflight_fd(struct device *device, struct vhost_message *message)
{
	struct vhost_inflight *inflight = begin_inflight(device, message);
	struct guest_memory *memory;
	int err;

	if (!inflight)
		return -EINVAL;
	err = inflight_new(inflight->n_queues, inflight->queue_size, &memory, &device->reply_fd);
	if (err)
		return err;
	keep_inflight(device, memory, inflight);
	inflight->mmap_size = inflight_size(inflight->n_queues, inflight->queue_size);
	inflight->mmap_offset = 0;
	return REPLY;
}

static int set_inflight_fd(struct device *device, struct vhost_message *message)
{
	const struct vhost_inflight *inflight = begin_inflight(device, message);
	struct guest_memory *memory;
	int err;

	if (!inflight || !message->n_fds)
		return -EINVAL;
	err = inflight_open(message->fds[0], inflight->mmap_offset, inflight->mmap_size,
			    inflight->n_queues, inflight->queue_size, &memory);
	if (err)
		return err;
	keep_inflight(device, memory, inflight);
	return QUIET;
}

/* ---- The DAX window ---------------------------------------------------------------------- */

/* A front-end that never asks for the window's size has none, whatever it acknowledged. */
static void attach_window(struct device *device)
{
	bool ready = device->share->window && device->channel && device->wants_window &&
		     (device->protocol_features & VHOST_PROTOCOL_SHMEM);

	if (ready == device->attached)
		return;
	window_attach(device->share->window,
		      ready ? backend_channel_mapper(device->channel) : NULL);
	device->attached = ready;
}

static int get_shmem_config(struct device *device, struct vhost_message *message)
{
	struct vhost_shmem_config *config = &message->payload.shmem;

	*config = (struct vhost_shmem_config){0};
	if (device->share->window) {
		config->n_regions = 1;
		config->sizes[VIRTIO_FS_SHMCAP_ID_CACHE] = device->share->settings->dax_window;
		device->wants_window = true;
		attach_window(device);
	}
	message->header.size = sizeof(*config);
	return REPLY;
}

static void close_channel(struct device *device)
{
	/* The guard may be waiting for an answer: to the end, none is worth that any more. */
	backend_channel_hurry(device->channel, true);
	if (device->attached)
		window_attach(device->share->window, NULL);
	device->attached = false;
	backend_channel_free(device->channel);
	device->channel = NULL;
}

static int set_backend_req_fd(struct device *device, struct vhost_message *message)
{
	int fd = vhost_message_take(message, 0);
	int err;

	if (fd < 0)
		return -EPROTO;
	/* Queues may be using the channel before. */
	if (device->channel)
		stop_queues(device);
	close_channel(device);
	err = backend_channel_new(fd, device->protocol_features & VHOST_PROTOCOL_SHARED_OBJECT,
				  &device->channel);
	if (err) {
		close(fd);
		return err;
	}
	attach_window(device);
	return start_queues(device);
}

/* ---- Messages ------------------------------------------------------------------------------ */

/* How many bytes of payload a message has at least. */
struct message_kind {
	handler *handle;
	uint32_t size;
	const char *name;
};

#define KIND(request, size, fn) [VHOST_##request] = {fn, size, #request}

static const struct message_kind kinds[VHOST_REQUESTS] = {
	KIND(GET_FEATURES, 0, get_features),
	KIND(SET_FEATURES, 8, set_features),
	KIND(SET_OWNER, 0, accept_quietly),
	KIND(RESET_OWNER, 0, reset_device),
	KIND(SET_MEM_TABLE, 8, set_mem_table),
	KIND(SET_VRING_NUM, 8, set_vring_num),
	KIND(SET_VRING_ADDR, 40, set_vring_addr),
	KIND(SET_VRING_BASE, 8, set_vring_base),
	KIND(GET_VRING_BASE, 8, get_vring_base),
	KIND(SET_VRING_KICK, 8, set_vring_kick),
	KIND(SET_VRING_CALL, 8, set_vring_call),
	KIND(SET_VRING_ERR, 8, set_vring_err),
	KIND(GET_PROTOCOL_FEATURES, 0, get_protocol_features),
	KIND(SET_PROTOCOL_FEATURES, 8, set_protocol_features),
	KIND(GET_QUEUE_NUM, 0, get_queue_num),
	KIND(SET_VRING_ENABLE, 8, set_vring_enable),
	KIND(SET_BACKEND_REQ_FD, 0, set_backend_req_fd),
	KIND(GET_CONFIG, 12, get_config),
	KIND(SET_CONFIG, 12, accept_quietly),
	/* Some have bytes of padding behind the last number, and some not. */
	KIND(GET_INFLIGHT_FD, 20, get_inflight_fd),
	KIND(SET_INFLIGHT_FD, 20, set_inflight_fd),
	KIND(RESET_DEVICE, 0, reset_device),
	KIND(GET_SHMEM_CONFIG, 0, get_shmem_config),
};

static const struct message_kind *find_kind(uint32_t request)
{
	return request < VHOST_REQUESTS && kinds[request].handle ? &kinds[request] : NULL;
}

static int send_reply(struct device *device, struct vhost_message *message)
{
	int err;

	message->header.flags = VHOST_VERSION | VHOST_REPLY;
	err = vhost_send(device->socket, device->stop_fd, -1, &message->header, &message->payload,
			 device->reply_fd);
	if (device->reply_fd >= 0)
		close(device->reply_fd);
	device->reply_fd = -1;
	return err;
}

/* An answer to a message that has no reply of its own: 0, or what is not 0 if it failed. */
static int acknowledge(struct device *device, struct vhost_message *message, int err)
{
	if (!(message->header.flags & VHOST_NEED_REPLY) ||
	    !(device->protocol_features & VHOST_PROTOCOL_REPLY_ACK))
		return err;
	reply_u64(message, (uint64_t)-err);
	return send_reply(device, message);
}

static int handle_message(struct device *device, struct vhost_message *message)
{
	const struct message_kind *kind = find_kind(message->header.request);
	int result;

	if (!kind) {
		log_warn("the front-end sent message %u, which is not known here",
			 message->header.request);
		return acknowledge(device, message, -EOPNOTSUPP);
	}
	if (message->header.size < kind->size)
		return -EPROTO;
	result = kind->handle(device, message);
	if (result == REPLY)
		return send_reply(device, message);
	if (result < 0)
		log_error("the front-end's %s can't be done: %s", kind->name, strerror(-result));
	return acknowledge(device, message, result);
}

/* ---- A connection ----------------------------------------------------------------------------- */

static int wait_for_message(struct device *device)
{
	struct pollfd fds[] = {
		{.fd = device->socket, .events = POLLIN},
		{.fd = device->stop_fd, .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return fds[1].revents ? -ECANCELED : 0;
}

static int converse(struct device *device)
{
	for (;;) {
		struct vhost_message message;
		int err = wait_for_message(device);

		if (!err)
			err = vhost_receive(device->socket, device->stop_fd, &message);
		if (err == -ECONNRESET)
			return 0;
		if (err)
			return err;
		err = handle_message(device, &message);
		vhost_message_close(&message);
		if (err)
			return err;
	}
}

/* 0: not of our namespace of processes, as in a sandbox. */
static pid_t find_front_end(int socket)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

static int device_new(struct share *share, int socket, int stop_fd, struct device **device)
{
	struct device *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->share = share;
	made->socket = socket;
	made->stop_fd = stop_fd;
	made->pollers.front_end = find_front_end(socket);
	made->reply_fd = -1;
	for (; made->n_queues < QUEUES_MAX; made->n_queues++)
		vhost_queue_init(made->queues, QUEUES_MAX, made->n_queues, share, socket,
				 &made->pollers);
	*device = made;
	return 0;
}

static void device_free(struct device *device)
{
	if (!device)
		return;
	stop_queues(device);
	/* Requests that wait for locks are answered by other threads, in queues of ours. */
	lock_table_end_waits(handle_locks(device->share));
	close_channel(device);
	/* The guest has gone: whatever it held open or locked is let go of now, not by the next one. */
	serve_reset(device->share);
	for (unsigned int i = 0; i < device->n_queues; i++)
		vhost_queue_release(&device->queues[i]);
	guest_memory_unref(device->memory);
	guest_memory_unref(device->inflight);
	free(device);
}

static void do_nothing(int signal)
{
	(void)signal;
}

/* Without SA_RESTART: the system call ends. */
static void catch_queue_signal(void)
{
	const struct sigaction action = {.sa_handler = do_nothing};

	sigaction(VHOST_QUEUE_SIGNAL, &action, NULL);
}

int vhost_user_serve(struct share *share, int socket, int stop_fd)
{
	struct device *device = NULL;
	int err;

	catch_queue_signal();
	err = device_new(share, socket, stop_fd, &device);
	if (!err)
		err = converse(device);
	device_free(device);
	close(socket);
	return err;
}
