/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - from a FUSE request to a chain of descriptors and back: headers, extensions, and
 * what can be wrong with a reply.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define IN_HEADER sizeof(struct fuse_in_header)
#define OUT_HEADER sizeof(struct fuse_out_header)
#define SLOT_SIZE (CLIENT_MAX_DATA + 8192)
#define MAX_ERRNO 4095

int client_open(struct client *client, struct frontend *fe)
{
	*client = (struct client){.fe = fe, .queue = FRONTEND_REQUESTS, .pid = 1};
	client->slot = request_new(fe, SLOT_SIZE, SLOT_SIZE);
	client->hiprio = request_new(fe, 64 << 10, 0);
	return client->slot && client->hiprio ? 0 : -ENOMEM;
}

void client_close(struct client *client)
{
	request_free(client->slot);
	request_free(client->hiprio);
	*client = (struct client){0};
}

/* The answer can't be used: say why, and give up the connection. */
static int __attribute__((format(printf, 3, 4)))
give_up(struct client *client, int err, const char *format, ...)
{
	va_list ap;

	client->broken = true;
	va_start(ap, format);
	vsnprintf(client->problem, sizeof(client->problem), format, ap);
	va_end(ap);
	return err;
}

static int lost(struct client *client, uint32_t opcode, int err)
{
	if (err == -ETIMEDOUT)
		return give_up(client, err, "opcode %u: no answer in %d ms", opcode,
			       client->fe->timeout_ms);
	if (err == -ECONNRESET)
		return give_up(client, err, "opcode %u: the back-end hung up", opcode);
	return give_up(client, err, "opcode %u: %s", opcode, strerror(-err));
}

static bool creates(uint32_t opcode)
{
	return opcode == FUSE_MKNOD || opcode == FUSE_MKDIR || opcode == FUSE_SYMLINK ||
	       opcode == FUSE_CREATE || opcode == FUSE_TMPFILE;
}

/*
 * The caller's groups behind a request that makes something. Returns the bytes added: a
 * multiple of 8. The kernel puts them right behind the name, wherever that ends.
 */
static size_t add_groups(const struct client *client, char *to)
{
	struct fuse_ext_header header = {.type = FUSE_EXT_GROUPS};
	struct fuse_supp_groups groups = {.nr_groups = client->n_groups};
	size_t list = client->n_groups * sizeof(*client->groups);
	size_t size = FUSE_REC_ALIGN(sizeof(header) + sizeof(groups) + list);

	header.size = (uint32_t)size;
	memset(to, 0, size);
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), &groups, sizeof(groups));
	memcpy(to + sizeof(header) + sizeof(groups), client->groups, list);
	return size;
}

/* Put a request's bytes together. Its length, or 0 if it does not fit. */
static size_t assemble(struct client *client, struct request *request, uint32_t opcode,
		       uint64_t nodeid, const struct iovec *in, unsigned n_in)
{
	struct fuse_in_header *header = (struct fuse_in_header *)request->in;
	size_t len = IN_HEADER, room = request->in_cap - 512;

	for (unsigned i = 0; i < n_in; i++) {
		if (in[i].iov_len > room - len)
			return 0;
		memcpy(request->in + len, in[i].iov_base, in[i].iov_len);
		len += in[i].iov_len;
	}
	*header = (struct fuse_in_header){.opcode = opcode,
					  .unique = client->unique += 2,
					  .nodeid = nodeid,
					  .uid = client->uid,
					  .gid = client->gid,
					  .pid = client->pid};
	if (client->n_groups && creates(opcode)) {
		size_t ext = add_groups(client, request->in + len);

		header->total_extlen = (uint16_t)(ext / 8);
		len += ext;
	}
	header->len = (uint32_t)len;
	return len;
}

int client_start(struct client *client, struct request *request, uint32_t opcode, uint64_t nodeid,
		 const struct iovec *in, unsigned n_in, size_t out_size)
{
	struct vq *vq = &client->fe->vqs[client->queue];
	int err;

	if (client->broken)
		return -ENOTCONN;
	request->in_len = assemble(client, request, opcode, nodeid, in, n_in);
	if (!request->in_len || out_size + OUT_HEADER > request->out_cap)
		return -EMSGSIZE;
	request->in_head = IN_HEADER;
	request->out_head = OUT_HEADER;
	request->out_len = OUT_HEADER + out_size;
	memset(request->out, 0xa5, OUT_HEADER);
	err = request_add(request, vq);
	if (!err)
		vq_kick(vq);
	return err;
}

/* The reply's header, read once: the back-end may change it at any time. */
static struct fuse_out_header read_header(const struct request *request)
{
	struct fuse_out_header header;

	memcpy(&header, request->out, sizeof(header));
	atomic_signal_fence(memory_order_seq_cst);
	return header;
}

/* Whether the reply's header fits the request and the used ring. */
static int check_reply(struct client *client, const struct request *request,
		       const struct fuse_out_header *out)
{
	const struct fuse_in_header *in = (const void *)request->in;

	if (out->unique != in->unique)
		return give_up(client, -EPROTO, "opcode %u: the reply is to another request",
			       in->opcode);
	if (out->len < OUT_HEADER || out->len > request->out_len)
		return give_up(client, -EPROTO, "opcode %u: the reply's length is %u, the room %zu",
			       in->opcode, out->len, request->out_len);
	if (out->error > 0 || out->error < -MAX_ERRNO)
		return give_up(client, -EPROTO, "opcode %u: the reply's error is %d", in->opcode,
			       out->error);
	if (out->error && out->len != OUT_HEADER)
		return give_up(client, -EPROTO, "opcode %u: error %d and %u bytes", in->opcode,
			       out->error, out->len);
	if (request->written < out->len)
		client->short_used = true;
	return out->error;
}

int client_finish(struct client *client, struct request *request, void *out, size_t out_size,
		  size_t *out_len)
{
	const struct fuse_in_header *in = (const void *)request->in;
	int err = request_wait(request, &client->fe->vqs[client->queue]);
	struct fuse_out_header header;
	size_t len;

	if (err)
		return lost(client, in->opcode, err);
	/* Some daemons let the last request of a session come back empty; kernels don't mind. */
	if (in->opcode == FUSE_DESTROY && request->written == 0)
		return 0;
	header = read_header(request);
	err = check_reply(client, request, &header);
	if (err)
		return err;
	len = header.len - OUT_HEADER;
	if (out)
		memcpy(out, request->out + OUT_HEADER, len < out_size ? len : out_size);
	if (out_len)
		*out_len = len;
	else if (len != out_size)
		return give_up(client, -EPROTO, "opcode %u: the reply has %zu bytes, not %zu",
			       in->opcode, len, out_size);
	return 0;
}

int client_call(struct client *client, uint32_t opcode, uint64_t nodeid, const struct iovec *in,
		unsigned n_in, void *out, size_t out_size, size_t *out_len)
{
	int err = client_start(client, client->slot, opcode, nodeid, in, n_in, out_size);

	return err ? err : client_finish(client, client->slot, out, out_size, out_len);
}

int client_raw_cut(struct client *client, unsigned queue, const void *bytes, size_t len,
		   size_t room, size_t in_head, size_t out_head, size_t segment)
{
	struct request *request = client->slot;
	struct vq *vq = &client->fe->vqs[queue];
	size_t old = request->segment;
	int err;

	if (client->broken)
		return -ENOTCONN;
	if (len > request->in_cap || room > request->out_cap)
		return -EMSGSIZE;
	memcpy(request->in, bytes, len);
	memset(request->out, 0xa5, room < 4096 ? room : 4096);
	request->in_len = len;
	request->out_len = room;
	request->in_head = in_head;
	request->out_head = out_head;
	request->segment = segment;
	err = request_add(request, vq);
	request->segment = old;
	if (!err)
		err = request_wait(request, vq);
	return err ? lost(client, len >= 8 ? ((const uint32_t *)bytes)[1] : 0, err) : 0;
}

int client_raw(struct client *client, unsigned queue, const void *bytes, size_t len, size_t room)
{
	return client_raw_cut(client, queue, bytes, len, room, IN_HEADER, OUT_HEADER,
			      client->slot->segment);
}
