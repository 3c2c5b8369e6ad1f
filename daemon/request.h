/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h - one FUSE request on its way from a transport (virtqueue or /dev/fuse) to an
 * operation and back.
 *
 * The request lies in memory that the guest can change at any moment. So each byte of it is
 * copied out once, by the functions below, and only the copy is looked at. File data is not
 * copied at all: the system call reads or writes the guest's memory.
 */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct share;
struct worker;

/* What is left of a list of buffers. `iov` is consumed from the front; it is the caller's array. */
struct iov_cursor {
	struct iovec *iov;
	unsigned int n;
	size_t size; /* bytes in all of them */
};

#define OUT_HEADER_PIECES sizeof(struct fuse_out_header)

struct request {
	struct share *share;
	struct worker *worker;	      /* the thread that serves it */
	struct fuse_in_header header; /* a copy */
	uint32_t counted; /* as which operation: the opcode; 0: one that is not served */
	struct iov_cursor in;	      /* what the guest sent, behind what was read so far */
	struct iov_cursor out;	      /* room for the reply's payload, behind its header */
	/* Where the reply's header goes. A guest may cut it anywhere. */
	struct iovec out_header_iov[OUT_HEADER_PIECES];
	/*
	 * The transport is told that the reply stands in the buffers: `len` bytes of them, with
	 * the header; 0 if the request gets no reply. Called exactly once a request, on any
	 * thread.
	 */
	void (*done)(struct request *request, size_t len);
	/*
	 * The transport is told that this request may have to wait for a disk, or for the front-end,
	 * by the thread that serves it, and before that. NULL: it does not want to know.
	 */
	void (*before_long)(struct request *request);
	void *transport; /* for these two */
	void *held;	 /* for done(): keeps the buffers alive until then */
	uint32_t token;	 /* for done(): the head of the descriptor chain */
};

/* ---- Reading what the guest sent (request.c) -------------------------------- */

/*
 * Take the next `size` bytes of the request. Returns false, and takes nothing, if there are
 * fewer: the operation then answers EINVAL.
 */
bool request_read(struct request *request, void *copy, size_t size);

/* The same, but what an older guest did not send is 0. */
bool request_read_short(struct request *request, void *copy, size_t size);

/*
 * Take a string that ends in a NUL within what is left; buffer has room for `room` bytes with
 * the NUL. 0, -EINVAL (no NUL within what was sent), -ENAMETOOLONG.
 */
int request_read_string(struct request *request, char *buffer, size_t room);

/*
 * Take a name of a folder's entry: as a string, at most NAME_MAX bytes, not empty, not "." or
 * "..", no slash. 0, -EINVAL, -ENAMETOOLONG. name has NAME_MAX + 1 bytes.
 */
int request_read_name(struct request *request, char *name);

/* Leave only the first `size` bytes of a cursor, if it has more. */
void iov_cursor_limit(struct iov_cursor *cursor, size_t size);

/* Go on by `size` bytes, of which the caller knows that they are there. */
void iov_cursor_advance(struct iov_cursor *cursor, size_t size);

/*
 * Move the first `size` bytes out of a cursor, into at most `room` buffers of their own. False
 * if there are not as many bytes, or if they are in more pieces than that.
 */
bool iov_cursor_split(struct iov_cursor *cursor, size_t size, struct iovec *head,
		      unsigned int room);

/* ---- Replying: each operation ends in exactly one of these -------------------- */

void request_reply_error(struct request *request,
			 int err);		  /* err: -errno; 0 is success without payload */
void request_reply_none(struct request *request); /* FORGET and the like */

/* With a payload; answers EIO if the guest gave less room than that. */
void request_reply(struct request *request, const void *payload, size_t size);
void request_reply_two(struct request *request, const void *first, size_t first_size,
		       const void *second, size_t second_size);

/* The payload, `size` bytes, stands in request->out already (as left by preadv()). */
void request_reply_filled(struct request *request, size_t size);

/* ---- Serving (serve.c) ------------------------------------------------------------ */

/*
 * Serve one request: in and out are what the transport has, with both headers in them. Looks
 * up the opcode in the table of operations, copies the header, and calls the operation. The
 * reply has been made when this returns, but for requests that wait for a lock: then done()
 * is called later, on another thread, with a copy of *request.
 */
void serve(struct request *request);

/* The name of an opcode, such as "LOOKUP"; "other" for one that is not served. A static string. */
const char *serve_opcode_name(uint32_t opcode);

/* An operation. */
typedef void operation(struct request *request);

/* A guest has gone, or a new one begins: forget what the old one knew (all inodes, handles, maps). */
void serve_reset(struct share *share);

#endif
