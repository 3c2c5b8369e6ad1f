/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.c - descriptors are cut as a Linux guest cuts them: the header by itself, then a
 * page each.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "request.h"

#define PAGE 4096ul

static size_t page_round(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

struct request *request_new(struct frontend *fe, size_t in_cap, size_t out_cap)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->fe = fe;
	request->segment = PAGE;
	request->in_cap = page_round(in_cap);
	request->out_cap = page_round(out_cap);
	request->in = guest_alloc(&fe->guest, request->in_cap, PAGE);
	request->out = guest_alloc(&fe->guest, request->out_cap, PAGE);
	if (request->in && request->out)
		return request;
	free(request);
	return NULL;
}

void request_free(struct request *request)
{
	free(request);
}

/* Cut a buffer into segments. Returns how many, or 0 if that would be too many. */
static unsigned cut(const struct request *request, const char *buf, size_t len, size_t head,
		    struct vq_segment *segments)
{
	size_t at = 0;
	unsigned n = 0;

	while (at < len) {
		size_t part = at == 0 && head ? head : request->segment;

		if (part > len - at)
			part = len - at;
		if (n == REQUEST_MAX_SEGMENTS)
			return 0;
		segments[n++] = (struct vq_segment){guest_gpa(&request->fe->guest, buf + at),
						    (uint32_t)part};
		at += part;
	}
	return n;
}

int request_add(struct request *request, struct vq *vq)
{
	struct vq_segment out[REQUEST_MAX_SEGMENTS], in[REQUEST_MAX_SEGMENTS];
	unsigned n_out, n_in;

	if (request->in_len > request->in_cap || request->out_len > request->out_cap)
		return -EMSGSIZE;
	n_out = cut(request, request->in, request->in_len, request->in_head, out);
	n_in = cut(request, request->out, request->out_len, request->out_head, in);
	if ((!n_out && request->in_len) || (!n_in && request->out_len))
		return -EMSGSIZE;
	request->done = false;
	request->written = 0;
	return vq_add(vq, out, n_out, in, n_in, request);
}

bool request_poll(struct request *request, struct vq *vq)
{
	uint32_t written;
	struct request *other;
	int err;

	while (!request->done && (other = vq_take(vq, &written, &err))) {
		other->written = written;
		other->done = true;
	}
	return request->done;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Sleep until the back-end calls, hangs up, or the time is over. */
static int sleep_for_call(struct vq *vq, const struct frontend *fe, int64_t deadline)
{
	struct pollfd fds[2] = {{.fd = vq->call, .events = POLLIN},
				{.fd = fe->sock, .events = POLLRDHUP}};
	int64_t left = deadline - now_ms();
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(fds, 2, (int)left);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* Whether or not the answer stands there by now: nobody was told. */
	if (n == 0)
		return -ETIMEDOUT;
	if (fds[0].revents)
		vq_clear_call(vq);
	else if (fds[1].revents)
		return -ECONNRESET;
	return 0;
}

int request_wait(struct request *request, struct vq *vq)
{
	int64_t deadline = now_ms() + request->fe->timeout_ms;

	vq_kick(vq);
	while (!request->done) {
		uint32_t written;
		int err;
		struct request *other = vq_take(vq, &written, &err);

		if (err)
			return err;
		if (other) {
			other->written = written;
			other->done = true;
			continue;
		}
		if (!vq_enable_call(vq))
			continue;
		err = sleep_for_call(vq, request->fe, deadline);
		if (err)
			return err;
	}
	return 0;
}
