/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost_front_end.h - the front-end of fuzz-vhost.c: what it sends, and which descriptors with it. */
#ifndef FUZZ_VHOST_FRONT_END_H
#define FUZZ_VHOST_FRONT_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One message, or something else that the front-end does. */
struct step {
	uint8_t request; /* see front_end_send() */
	uint8_t how;	 /* HOW_* */
	uint8_t n_fds;
	uint8_t size;	/* with HOW_SIZE */
	uint8_t fds[8]; /* of which kind */
	uint32_t a, b;
	uint8_t bytes[40];
	uint32_t flags; /* with HOW_FLAGS */
};

enum {
	STEP_EVENT = 0xe0, /* from here on: see front_end_event() */
	STEP_WRITE = 0xf0, /* from here on: write to the guest's memory */
	HANDSHAKE = 9,	   /* steps */
	HOW_RAW = 1,
	HOW_SIZE = 2,
	HOW_NEED_REPLY = 4,
	HOW_FLAGS = 8,
	HOW_FDS = 16, /* as many as n_fds says, rather than as there should be */
};

/* Make the descriptors that are sent again and again, and the guest's memory. */
void front_end_begin(void);

/* Before each input: the guest's memory is as it was. */
void front_end_reset(void);

/* What a front-end sends until queue `queue` is served: HANDSHAKE steps. */
void front_end_handshake(struct step *steps, unsigned int queue);

/* Nothing on a socket that is -1, but for what is no message. Returns whether there was one. */
bool front_end_send(int socket, const struct step *step);

/*
 * When the daemon is done: of what it has taken it has given back all, and its notes say so, unless
 * somebody else wrote there.
 */
void front_end_check_notes(void);

/* When the daemon waits, and when it is done: nobody writes to the ring of queues that are stopped. */
void front_end_look_at_ring(void);

/* What of a step that is an event is not done here. */
enum event { EVENT_DONE, EVENT_READ, EVENT_CLOSE, EVENT_STOP, EVENT_SIGNAL };

/* Cut or scribble on what is shared, kick a queue, or what is returned. */
enum event front_end_event(const struct step *step);

#endif
