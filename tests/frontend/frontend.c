/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frontend.c - the vhost-user conversation, in the order in which QEMU holds it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "frontend.h"

#define DEFAULT_MEMORY (64ul << 20)
#define DEFAULT_TIMEOUT 10000
#define DEFAULT_QUEUE_SIZE 1024

/* ---- Messages ---- */

static int send_request(struct frontend *fe, uint32_t request, uint32_t flags, const void *payload,
			size_t size, int fd)
{
	struct vhost_header header = {
		.request = request, .flags = VHOST_VERSION | flags, .size = (uint32_t)size};

	return message_send(fe->sock, &header, payload, &fd, fd >= 0 ? 1 : 0);
}

static int recv_reply(struct frontend *fe, uint32_t request, struct message *reply, size_t min)
{
	int err = message_recv(fe->sock, reply);

	if (err)
		return err;
	message_close_fds(reply);
	if (reply->header.request != request || !(reply->header.flags & VHOST_REPLY) ||
	    reply->header.size < min)
		return -EPROTO;
	return 0;
}

int frontend_set(struct frontend *fe, uint32_t request, const void *payload, size_t size, int fd)
{
	bool ack = fe->protocol_features & VHOST_F_REPLY_ACK;
	struct message reply;
	int err;

	err = send_request(fe, request, ack ? VHOST_NEED_REPLY : 0, payload, size, fd);
	if (err || !ack)
		return err;
	err = recv_reply(fe, request, &reply, sizeof(uint64_t));
	if (err)
		return err;
	return reply.payload.u64 == 0 ? 0 : -EREMOTEIO;
}

int frontend_get(struct frontend *fe, uint32_t request, const void *payload, size_t size,
		 struct message *reply, size_t min)
{
	int err = send_request(fe, request, 0, payload, size, -1);

	return err ? err : recv_reply(fe, request, reply, min);
}

static int get_u64(struct frontend *fe, uint32_t request, uint64_t *value)
{
	struct message reply;
	int err = frontend_get(fe, request, NULL, 0, &reply, sizeof(uint64_t));

	if (!err)
		*value = reply.payload.u64;
	return err;
}

bool frontend_alive(const struct frontend *fe)
{
	struct pollfd pfd = {.fd = fe->sock, .events = POLLRDHUP};

	if (fe->sock < 0)
		return false;
	return poll(&pfd, 1, 0) == 0;
}

/* ---- Connection and features ---- */

static int set_timeout(int sock, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	return 0;
}

int frontend_connect(struct frontend *fe, const struct frontend_options *options)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	*fe = (struct frontend){.sock = -1, .guest.fd = -1, .inflight_fd = -1};
	fe->timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT;
	if (strlen(options->socket) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, options->socket);
	fe->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fe->sock < 0 || connect(fe->sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return set_timeout(fe->sock, fe->timeout_ms);
}

static uint64_t wanted_protocol(const struct frontend *fe, const struct frontend_options *options)
{
	uint64_t want = VHOST_F_MQ | VHOST_F_REPLY_ACK;

	if (options->window && (fe->protocol_offered & VHOST_F_SHMEM))
		want |= VHOST_F_BACKEND_REQ | VHOST_F_BACKEND_SEND_FD | VHOST_F_SHMEM |
			VHOST_F_SHARED_OBJECT;
	if (!options->no_config)
		want |= VHOST_F_CONFIG;
	if (!options->no_mem_slots)
		want |= VHOST_F_MEM_SLOTS;
	if (options->inflight)
		want |= VHOST_F_INFLIGHT;
	return want & fe->protocol_offered;
}

static int negotiate_protocol(struct frontend *fe, const struct frontend_options *options)
{
	int err = get_u64(fe, VHOST_GET_PROTOCOL_FEATURES, &fe->protocol_offered);
	uint64_t wanted;

	if (err)
		return err;
	wanted = wanted_protocol(fe, options);
	err = frontend_set(fe, VHOST_SET_PROTOCOL_FEATURES, &wanted, sizeof(wanted), -1);
	if (err)
		return err;
	/* From here on set requests are acknowledged. */
	fe->protocol_features = wanted;
	if (wanted & VHOST_F_MQ) {
		uint64_t max;

		err = get_u64(fe, VHOST_GET_QUEUE_NUM, &max);
		fe->queue_max = (unsigned)(max < FRONTEND_MAX_QUEUES ? max : FRONTEND_MAX_QUEUES);
	}
	return err;
}

static int read_config(struct frontend *fe)
{
	struct vhost_config ask = {.size = sizeof(fe->config)};
	size_t size = VHOST_CONFIG_HEADER + sizeof(fe->config);
	struct message reply;
	int err = frontend_get(fe, VHOST_GET_CONFIG, &ask, size, &reply, 0);

	if (err)
		return err;
	/* An empty answer means that there is none, an answer of another size is wrong. */
	if (reply.header.size != size)
		return reply.header.size == 0 ? 0 : -EPROTO;
	memcpy(&fe->config, reply.payload.config.data, sizeof(fe->config));
	fe->has_config = true;
	return 0;
}

static int read_shmem_config(struct frontend *fe)
{
	struct message reply;
	int err = frontend_get(fe, VHOST_GET_SHMEM_CONFIG, NULL, 0, &reply, 16);

	if (err)
		return err;
	if (reply.payload.shmem.n > 0)
		fe->shmem_size = reply.payload.shmem.size[0];
	return 0;
}

int frontend_negotiate(struct frontend *fe, const struct frontend_options *options)
{
	uint64_t want = VIRTIO_VERSION_1 | VHOST_PROTOCOL_FEATURES;
	int err = get_u64(fe, VHOST_GET_FEATURES, &fe->offered);

	if (err)
		return err;
	if (!options->no_event_idx)
		want |= VIRTIO_EVENT_IDX;
	if (options->indirect)
		want |= VIRTIO_INDIRECT_DESC;
	fe->features = want & fe->offered;
	if (fe->features & VHOST_PROTOCOL_FEATURES)
		err = negotiate_protocol(fe, options);
	if (!err)
		err = frontend_set(fe, VHOST_SET_OWNER, NULL, 0, -1);
	if (!err && (fe->protocol_features & VHOST_F_CONFIG))
		err = read_config(fe);
	if (!err && (fe->protocol_features & VHOST_F_SHMEM))
		err = read_shmem_config(fe);
	if (!err)
		err = frontend_set(fe, VHOST_SET_FEATURES, &fe->features, sizeof(fe->features), -1);
	return err;
}

/* ---- Memory ---- */

/* The table in one message, with a descriptor for each region. */
int frontend_set_memory(struct frontend *fe, unsigned n)
{
	struct vhost_mem_table table = {.n = n};
	size_t size = 8 + n * sizeof(table.regions[0]);
	struct vhost_header header = {.request = VHOST_SET_MEM_TABLE, .flags = VHOST_VERSION};
	int fds[GUEST_REGIONS], err;
	struct message reply;

	for (unsigned i = 0; i < n; i++) {
		table.regions[i] = fe->guest.regions[i];
		fds[i] = fe->guest.fd;
	}
	header.size = (uint32_t)size;
	if (!(fe->protocol_features & VHOST_F_REPLY_ACK))
		return message_send(fe->sock, &header, &table, fds, n);
	header.flags |= VHOST_NEED_REPLY;
	err = message_send(fe->sock, &header, &table, fds, n);
	if (!err)
		err = recv_reply(fe, VHOST_SET_MEM_TABLE, &reply, sizeof(uint64_t));
	if (!err && reply.payload.u64)
		err = -EREMOTEIO;
	return err;
}

static int add_regions(struct frontend *fe)
{
	uint64_t slots;
	int err = get_u64(fe, VHOST_GET_MAX_MEM_SLOTS, &slots);

	if (err)
		return err;
	if (slots < GUEST_REGIONS)
		return -ENOSPC;
	for (unsigned i = 0; i < GUEST_REGIONS && !err; i++) {
		struct vhost_mem_region region = {.region = fe->guest.regions[i]};

		err = frontend_set(fe, VHOST_ADD_MEM_REG, &region, sizeof(region), fe->guest.fd);
	}
	return err;
}

static int tell_memory(struct frontend *fe)
{
	if (fe->protocol_features & VHOST_F_MEM_SLOTS)
		return add_regions(fe);
	return frontend_set_memory(fe, GUEST_REGIONS);
}

int frontend_share_memory(struct frontend *fe, const struct frontend_options *options)
{
	int err = guest_init(&fe->guest, options->memory ? options->memory : DEFAULT_MEMORY);

	return err ? err : tell_memory(fe);
}

/* ---- What is in flight ---- */

/* Without the padding at its end. */
#define INFLIGHT_SIZE 20

static int get_inflight(struct frontend *fe)
{
	struct message reply;
	int err = send_request(fe, VHOST_GET_INFLIGHT_FD, 0, &fe->inflight, INFLIGHT_SIZE, -1);

	if (!err)
		err = message_recv(fe->sock, &reply);
	if (err)
		return err;
	if (reply.header.request == VHOST_GET_INFLIGHT_FD && reply.n_fds == 1 &&
	    reply.header.size >= INFLIGHT_SIZE) {
		fe->inflight = reply.payload.inflight;
		fe->inflight_fd = reply.fds[0];
		return 0;
	}
	message_close_fds(&reply);
	return -EPROTO;
}

/* Before the queues are started. */
static int share_inflight(struct frontend *fe, unsigned n_queues, unsigned queue_size)
{
	if (!(fe->protocol_features & VHOST_F_INFLIGHT))
		return 0;
	if (fe->inflight_fd >= 0)
		return frontend_set(fe, VHOST_SET_INFLIGHT_FD, &fe->inflight, INFLIGHT_SIZE,
				    fe->inflight_fd);
	fe->inflight = (struct vhost_inflight){.n_queues = (uint16_t)n_queues,
					       .queue_size = (uint16_t)queue_size};
	return get_inflight(fe);
}

/* ---- The window ---- */

int frontend_start_window(struct frontend *fe, const struct frontend_options *options)
{
	int peer, err;

	(void)options;
	if (!(fe->protocol_features & VHOST_F_BACKEND_REQ))
		return 0;
	err = window_start(&fe->window, fe->shmem_size, &peer);
	fe->window_started = true;
	if (err)
		return err;
	err = frontend_set(fe, VHOST_SET_BACKEND_REQ_FD, NULL, 0, peer);
	close(peer);
	fe->has_window = !err && fe->shmem_size > 0;
	return err;
}

/* ---- Queues ---- */

static int set_vring(struct frontend *fe, uint32_t request, unsigned index, unsigned num)
{
	struct vhost_vring_state state = {.index = index, .num = num};

	return frontend_set(fe, request, &state, sizeof(state), -1);
}

static int set_vring_fd(struct frontend *fe, uint32_t request, unsigned index, int fd)
{
	uint64_t payload = index;

	return frontend_set(fe, request, &payload, sizeof(payload), fd);
}

int frontend_start_queue(struct frontend *fe, unsigned index, uint16_t base)
{
	struct vq *vq = &fe->vqs[index];
	struct vhost_vring_addr addr = {.index = index,
					.desc = (uintptr_t)vq->desc,
					.avail = (uintptr_t)vq->avail,
					.used = (uintptr_t)vq->used};
	int err = set_vring(fe, VHOST_SET_VRING_NUM, index, vq->num);

	if (!err)
		err = set_vring(fe, VHOST_SET_VRING_BASE, index, base);
	if (!err)
		err = frontend_set(fe, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	if (!err)
		err = set_vring_fd(fe, VHOST_SET_VRING_KICK, index, vq->kick);
	if (!err)
		err = set_vring_fd(fe, VHOST_SET_VRING_CALL, index, vq->call);
	if (!err && (fe->features & VHOST_PROTOCOL_FEATURES))
		err = set_vring(fe, VHOST_SET_VRING_ENABLE, index, 1);
	return err;
}

/* As many as were asked for, if the back-end has them. */
static unsigned queue_count(const struct frontend *fe, const struct frontend_options *options)
{
	unsigned n = 1 + (options->queues ? options->queues : 1);

	if (fe->has_config && fe->config.num_request_queues < n - 1)
		n = 1 + fe->config.num_request_queues;
	if (fe->queue_max && n > fe->queue_max)
		n = fe->queue_max;
	return n > FRONTEND_MAX_QUEUES ? FRONTEND_MAX_QUEUES : n;
}

int frontend_start_queues(struct frontend *fe, const struct frontend_options *options)
{
	unsigned n = queue_count(fe, options);
	unsigned size = options->queue_size ? options->queue_size : DEFAULT_QUEUE_SIZE;
	int err = 0;

	if (n < 2)
		return -EPROTO;
	fe->vqs = calloc(n, sizeof(*fe->vqs));
	if (!fe->vqs)
		return -ENOMEM;
	for (unsigned i = 0; i < n && !err; i++) {
		err = vq_init(&fe->vqs[i], &fe->guest, size);
		fe->vqs[i].event_idx = fe->features & VIRTIO_EVENT_IDX;
		fe->vqs[i].indirect = fe->features & VIRTIO_INDIRECT_DESC;
		fe->n_vqs = i + 1;
	}
	if (!err)
		err = share_inflight(fe, n, size);
	for (unsigned i = 0; i < n && !err; i++)
		err = frontend_start_queue(fe, i, 0);
	return err;
}

int frontend_stop_queue(struct frontend *fe, unsigned index, uint16_t *base)
{
	struct vhost_vring_state state = {.index = index};
	struct message reply;
	int err = frontend_get(fe, VHOST_GET_VRING_BASE, &state, sizeof(state), &reply,
			       sizeof(state));

	if (!err)
		*base = (uint16_t)reply.payload.vring.num;
	return err;
}

/* ---- All of it ---- */

int frontend_start(struct frontend *fe, const struct frontend_options *options)
{
	int err = frontend_connect(fe, options);

	if (!err)
		err = frontend_negotiate(fe, options);
	if (!err)
		err = frontend_start_window(fe, options);
	if (!err)
		err = frontend_share_memory(fe, options);
	if (!err)
		err = frontend_start_queues(fe, options);
	return err;
}

int frontend_reconnect(struct frontend *fe, const struct frontend_options *options)
{
	struct frontend old = *fe;
	int err;

	if (old.window_started)
		return -EOPNOTSUPP;
	frontend_hang_up(fe);
	err = frontend_connect(fe, options);
	fe->guest = old.guest;
	fe->vqs = old.vqs;
	fe->n_vqs = old.n_vqs;
	fe->inflight_fd = old.inflight_fd;
	fe->inflight = old.inflight;
	if (!err)
		err = frontend_negotiate(fe, options);
	if (!err)
		err = tell_memory(fe);
	if (!err)
		err = share_inflight(fe, fe->n_vqs, fe->n_vqs ? fe->vqs[0].num : 0);
	for (unsigned i = 0; i < fe->n_vqs && !err; i++)
		err = frontend_start_queue(fe, i, fe->vqs[i].used->idx);
	return err;
}

void frontend_hang_up(struct frontend *fe)
{
	if (fe->sock >= 0)
		close(fe->sock);
	fe->sock = -1;
}

void frontend_stop(struct frontend *fe)
{
	uint16_t base;

	for (unsigned i = 0; i < fe->n_vqs && frontend_alive(fe); i++) {
		if (frontend_stop_queue(fe, i, &base))
			break;
	}
	if (fe->sock >= 0)
		close(fe->sock);
	for (unsigned i = 0; i < fe->n_vqs; i++)
		vq_fini(&fe->vqs[i]);
	free(fe->vqs);
	if (fe->window_started)
		window_stop(&fe->window);
	if (fe->inflight_fd >= 0)
		close(fe->inflight_fd);
	guest_fini(&fe->guest);
	*fe = (struct frontend){.sock = -1, .guest.fd = -1, .inflight_fd = -1};
}
