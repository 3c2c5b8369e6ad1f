/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load_ops.c - requests are written in place, in guest memory: nothing is copied or allocated
 * while the clock runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "load_ops.h"

#define IN_HEADER sizeof(struct fuse_in_header)
#define OUT_HEADER sizeof(struct fuse_out_header)
#define DIR_BUFFER (32u << 10)

static void begin(struct client *client, struct load_slot *slot, uint32_t opcode, uint64_t nodeid,
		  size_t in_size, size_t out_size)
{
	struct fuse_in_header *header = (struct fuse_in_header *)slot->request->in;

	*header = (struct fuse_in_header){.len = (uint32_t)(IN_HEADER + in_size),
					  .opcode = opcode,
					  .unique = client->unique += 2,
					  .nodeid = nodeid,
					  .pid = client->pid};
	slot->request->in_len = IN_HEADER + in_size;
	slot->request->out_len = out_size ? OUT_HEADER + out_size : 0;
	slot->vq = slot->queue;
}

static void *argument(struct load_slot *slot)
{
	return slot->request->in + IN_HEADER;
}

static const void *answer(const struct load_slot *slot)
{
	return slot->request->out + OUT_HEADER;
}

/* The reply's body, or -1 for an error or a reply to something else. */
static int64_t answer_size(const struct load_slot *slot)
{
	const struct fuse_in_header *in = (const void *)slot->request->in;
	const struct fuse_out_header *out = (const void *)slot->request->out;

	if (out->error || out->unique != in->unique || out->len < OUT_HEADER)
		return -1;
	return out->len - (int64_t)OUT_HEADER;
}

static void ask_lookup(struct client *client, const struct load_files *files,
		       struct load_slot *slot)
{
	int len = sprintf(argument(slot), "f%u", (unsigned)(slot->next % files->n));

	begin(client, slot, FUSE_LOOKUP, files->folder, (size_t)len + 1,
	      sizeof(struct fuse_entry_out));
}

static void ask_getattr(struct client *client, const struct load_files *files,
			struct load_slot *slot)
{
	memset(argument(slot), 0, sizeof(struct fuse_getattr_in));
	begin(client, slot, FUSE_GETATTR, files->nodes[slot->next % files->n],
	      sizeof(struct fuse_getattr_in), sizeof(struct fuse_attr_out));
}

static void prepare_lookup(const struct load_op *op, struct client *client,
			   const struct load_files *files, struct load_slot *slot)
{
	(void)op;
	slot->next++;
	ask_lookup(client, files, slot);
}

static void prepare_getattr(const struct load_op *op, struct client *client,
			    const struct load_files *files, struct load_slot *slot)
{
	(void)op;
	slot->next++;
	ask_getattr(client, files, slot);
}

/* One LOOKUP, and then a GETATTR of the same file. */
static void prepare_pair(const struct load_op *op, struct client *client,
			 const struct load_files *files, struct load_slot *slot)
{
	(void)op;
	if (slot->second)
		ask_getattr(client, files, slot);
	else
		ask_lookup(client, files, slot);
	slot->next += slot->second;
	slot->second = !slot->second;
}

/* A LOOKUP, and then a FORGET of all that it gave, so that each LOOKUP is an inode's first. */
static void prepare_storm(const struct load_op *op, struct client *client,
			  const struct load_files *files, struct load_slot *slot)
{
	struct fuse_forget_in *in = argument(slot);

	(void)op;
	if (!slot->second) {
		slot->next++;
		ask_lookup(client, files, slot);
	} else {
		in->nlookup = 1;
		begin(client, slot, FUSE_FORGET, slot->nodeid, sizeof(*in), 0);
		slot->vq = &client->fe->vqs[FRONTEND_HIPRIO];
	}
	slot->second = !slot->second;
}

static void prepare_read(const struct load_op *op, struct client *client,
			 const struct load_files *files, struct load_slot *slot)
{
	struct fuse_read_in *in = argument(slot);

	slot->next = (slot->next + op->size) % LOAD_BIG;
	*in = (struct fuse_read_in){.fh = files->fh, .offset = slot->next, .size = op->size};
	begin(client, slot, FUSE_READ, files->big, sizeof(*in), op->size);
}

/* The data is what happens to be in the buffer. */
static void prepare_write(const struct load_op *op, struct client *client,
			  const struct load_files *files, struct load_slot *slot)
{
	struct fuse_write_in *in = argument(slot);

	slot->next = (slot->next + op->size) % LOAD_BIG;
	*in = (struct fuse_write_in){.fh = files->fh, .offset = slot->next, .size = op->size};
	begin(client, slot, FUSE_WRITE, files->big, sizeof(*in) + op->size,
	      sizeof(struct fuse_write_out));
}

static void prepare_readdir(const struct load_op *op, struct client *client,
			    const struct load_files *files, struct load_slot *slot)
{
	struct fuse_read_in *in = argument(slot);

	(void)op;
	*in = (struct fuse_read_in){.fh = slot->fh, .offset = slot->next, .size = DIR_BUFFER};
	begin(client, slot, FUSE_READDIRPLUS, files->folder, sizeof(*in), DIR_BUFFER);
}

static int complete_any(const struct load_op *op, const struct load_files *files,
			struct load_slot *slot)
{
	(void)op;
	(void)files;
	return answer_size(slot) > 0 ? 1 : -1;
}

static int complete_storm(const struct load_op *op, const struct load_files *files,
			  struct load_slot *slot)
{
	if (!slot->second)
		return 1;
	slot->nodeid = ((const struct fuse_entry_out *)answer(slot))->nodeid;
	return complete_any(op, files, slot);
}

static int complete_read(const struct load_op *op, const struct load_files *files,
			 struct load_slot *slot)
{
	(void)files;
	return answer_size(slot) == op->size ? 1 : -1;
}

/* So many entries. At the end of the folder it starts again. */
static int complete_readdir(const struct load_op *op, const struct load_files *files,
			    struct load_slot *slot)
{
	int64_t size = answer_size(slot);
	const char *at = answer(slot);
	int n = 0;

	(void)op;
	(void)files;
	if (size < 0)
		return -1;
	slot->next = 0;
	while (size >= (int64_t)FUSE_NAME_OFFSET_DIRENTPLUS) {
		const struct fuse_direntplus *entry = (const void *)at;
		size_t step = FUSE_DIRENTPLUS_SIZE(entry);

		slot->next = entry->dirent.off;
		n++;
		at += step;
		size -= (int64_t)step;
	}
	return n;
}

static const struct load_op ops[] = {
	{"lookup+getattr", 0, 0, prepare_pair, complete_any},
	{"lookup", 0, FUSE_LOOKUP, prepare_lookup, complete_any},
	{"getattr", 0, FUSE_GETATTR, prepare_getattr, complete_any},
	{"readdirplus", 0, FUSE_READDIRPLUS, prepare_readdir, complete_readdir},
	{"forget-storm", 0, 0, prepare_storm, complete_storm},
	{"read4k", 4 << 10, FUSE_READ, prepare_read, complete_read},
	{"read128k", 128 << 10, FUSE_READ, prepare_read, complete_read},
	{"read1m", 1 << 20, FUSE_READ, prepare_read, complete_read},
	{"write4k", 4 << 10, FUSE_WRITE, prepare_write, complete_any},
	{"write128k", 128 << 10, FUSE_WRITE, prepare_write, complete_any},
};

#define N_OPS (sizeof(ops) / sizeof(ops[0]))

const char *load_op_name(unsigned i)
{
	return i < N_OPS ? ops[i].name : NULL;
}

const struct load_op *load_op_find(const char *name)
{
	for (unsigned i = 0; i < N_OPS; i++) {
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	}
	return NULL;
}

int load_slot_init(const struct load_op *op, struct client *client, const struct load_files *files,
		   struct load_slot *slot, unsigned index, unsigned segment)
{
	size_t data = op->size > DIR_BUFFER ? op->size : DIR_BUFFER;
	bool writes = op->opcode == FUSE_WRITE, reads = op->opcode == FUSE_READ;

	slot->request = request_new(client->fe, writes ? data + 4096 : 4096,
				    reads || op->opcode == FUSE_READDIRPLUS ? data + 4096 : 4096);
	if (!slot->request)
		return -ENOMEM;
	slot->request->owner = slot;
	slot->request->in_head = IN_HEADER;
	slot->request->out_head = OUT_HEADER;
	slot->request->segment = segment;
	/* Slots are apart, so that they don't all read the same page. */
	slot->next = op->size ? (uint64_t)index * (4 << 20) % LOAD_BIG : index * 17u;
	if (op->opcode != FUSE_READDIRPLUS)
		return 0;
	slot->next = 0;
	return client_opendir(client, files->folder, &slot->fh);
}
