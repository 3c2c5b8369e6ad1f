/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_queue.h - a virtqueue at work: a thread that waits for kicks, serves what it finds,
 * and calls the guest.
 */
#ifndef DAEMON_VHOST_QUEUE_H
#define DAEMON_VHOST_QUEUE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "virtq.h"

struct guest_memory;
struct pollers;
struct share;
struct worker;

/* Gets a thread out of a system call; it must have a handler that does nothing. */
#define VHOST_QUEUE_SIGNAL SIGUSR2

struct vhost_queue {
	struct share *share;
	struct vhost_queue *all; /* of the device, this one too */
	unsigned int n_all;
	struct worker *worker; /* counts what the thread serves */
	struct pollers *pollers;
	unsigned int index;
	int socket;
	pthread_mutex_t lock; /* of all below, but for thread and running */
	struct virtq vq;
	struct guest_memory *memory;  /* with a reference */
	int kick_fd, call_fd, err_fd; /* eventfds; -1: none */
	bool call_blocks;	      /* writing to call_fd may */
	atomic_bool signaling;	      /* `signaler` writes to one of them, with the lock held */
	_Atomic(pthread_t) signaler;  /* read without the lock: the next one may begin just then */
	atomic_uint signals;	      /* how often it began to; the same goes for that */
	unsigned int seen;	      /* of these, by the socket's thread, when it last had to wait */
	pthread_t server;    /* the thread that serves the ring, if one does */
	bool has_server;
	unsigned int untold; /* replies of that thread, of which the guest is yet to be told */
	uint64_t served;     /* when that thread began, or had served all but the last of them */
	bool enabled;
	bool awaits_call; /* it was stopped: who is to be told of replies comes anew */
	bool broken;	  /* the guest broke it: it is left alone until it is set up anew */
	atomic_bool stop; /* the thread is to end, however much the guest has for it to do */
	int stop_fd;	  /* an eventfd: the same, for who sleeps; -1: it never ran */
	bool running;
	int waiter; /* an epoll instance, for the thread and closed by it */
	pthread_t thread;
};

/*
 * Queue `index` of the n of a device. socket: the front-end's, borrowed. pollers: of all of them, and
 * outlives them.
 */
void vhost_queue_init(struct vhost_queue *queues, unsigned int n, unsigned int index,
		      struct share *share, int socket, struct pollers *pollers);
void vhost_queue_release(struct vhost_queue *queue);

/* The guest's memory has moved. */
void vhost_queue_set_memory(struct vhost_queue *queue, struct guest_memory *memory);

/*
 * Take queue->lock, for the socket's thread: it must not wait for one that is stuck since the
 * front-end has filled its eventfd.
 */
void vhost_queue_lock(struct vhost_queue *queue);

/* Start the thread, if all that it needs is there and it does not run. 0 or -errno. */
int vhost_queue_start(struct vhost_queue *queue);

/*
 * Let the request in hand be finished, end the thread, and answer those that wait for a lock: the
 * ring is not written to after that.
 */
void vhost_queue_stop(struct vhost_queue *queue);

/* Put a descriptor of the front-end in place of another; -1: none. Takes it over. */
void vhost_queue_set_fd(struct vhost_queue *queue, int *place, int fd);

#endif
