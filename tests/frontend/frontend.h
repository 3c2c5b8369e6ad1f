/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frontend.h - a vhost-user front-end for a virtiofs device: what QEMU is to the back-end.
 *
 *	struct frontend fe;
 *	struct frontend_options options = {.socket = "/run/fs.sock", .window = true};
 *	err = frontend_start(&fe, &options);
 *	... use fe.vqs[FRONTEND_HIPRIO], fe.vqs[FRONTEND_REQUESTS]
 *	frontend_stop(&fe);
 *
 * For tests that want it step by step, or wrong, the steps can be called one at a time.
 */
#ifndef FRONTEND_FRONTEND_H
#define FRONTEND_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_fs.h>

#include "guest.h"
#include "message.h"
#include "vq.h"
#include "window.h"

#define FRONTEND_HIPRIO 0   /* the queue of FORGET and INTERRUPT */
#define FRONTEND_REQUESTS 1 /* the first of the request queues */
#define FRONTEND_MAX_QUEUES 64

struct frontend_options {
	const char *socket;
	bool window;	   /* take a DAX window if there is one */
	bool no_config;	   /* leave out the CONFIG feature, as older front-ends do */
	bool no_mem_slots; /* the memory in one table, not region by region */
	bool no_event_idx;
	bool indirect;
	bool inflight;	     /* keep what the back-end has in flight, for frontend_reconnect() */
	unsigned queues;     /* request queues; 0 for one */
	unsigned queue_size; /* descriptors; 0 for 1024 */
	size_t memory;	     /* of the guest, in bytes; 0 for 64 MiB */
	int timeout_ms;	     /* for each answer; 0 for 10 s */
};

struct frontend {
	int sock; /* -1: not connected */
	int timeout_ms;
	uint64_t offered, features;		      /* virtio */
	uint64_t protocol_offered, protocol_features; /* vhost-user */
	bool has_config;
	struct virtio_fs_config config;
	uint64_t shmem_size; /* of the window that the back-end wants; 0: none */
	unsigned queue_max;  /* queues that the back-end can have, 0 if it did not say */
	struct guest guest;
	bool has_window; /* window can be used */
	bool window_started;
	struct window window;
	struct vq *vqs;
	unsigned n_vqs;
	int inflight_fd; /* -1: the back-end can't, or none was wanted */
	struct vhost_inflight inflight;
};

/* All steps below. On an error too, frontend_stop() must follow. 0 or -errno. */
int frontend_start(struct frontend *fe, const struct frontend_options *options);

/* Leave as QEMU does when it exits: stop the queues if the back-end still answers, hang up. */
void frontend_stop(struct frontend *fe);

/* Hang up at once, as a front-end that dies. frontend_stop() must follow. */
void frontend_hang_up(struct frontend *fe);

/*
 * The back-end has died, and another one listens at the socket: go on with the same memory, the
 * same queues, and the requests in them. Not with a window. 0 or -errno.
 */
int frontend_reconnect(struct frontend *fe, const struct frontend_options *options);

/* ---- The steps ---- */

int frontend_connect(struct frontend *fe, const struct frontend_options *options);
int frontend_negotiate(struct frontend *fe, const struct frontend_options *options);
int frontend_share_memory(struct frontend *fe, const struct frontend_options *options);
int frontend_start_window(struct frontend *fe, const struct frontend_options *options);
int frontend_start_queues(struct frontend *fe, const struct frontend_options *options);

/* SET_MEM_TABLE with the first n regions of the guest's memory, while queues may be busy. */
int frontend_set_memory(struct frontend *fe, unsigned n);

/* GET_VRING_BASE: the back-end forgets the queue, and says where it stood. */
int frontend_stop_queue(struct frontend *fe, unsigned index, uint16_t *base);

/* Start it (again), at an index of the avail ring. */
int frontend_start_queue(struct frontend *fe, unsigned index, uint16_t base);

/* ---- Messages ---- */

/*
 * Send a request. If there is something to acknowledge and REPLY_ACK was negotiated, wait for
 * that; -EREMOTEIO if the back-end says that it failed.
 */
int frontend_set(struct frontend *fe, uint32_t request, const void *payload, size_t size, int fd);

/* Send a request, and receive the answer, which has at least min bytes of payload. */
int frontend_get(struct frontend *fe, uint32_t request, const void *payload, size_t size,
		 struct message *reply, size_t min);

/* Whether the back-end has not hung up. */
bool frontend_alive(const struct frontend *fe);

#endif
