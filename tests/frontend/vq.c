/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vq.c - a split virtqueue as the virtio specification has it (2.7), with indirect
 * descriptors and event indexes where they were negotiated.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vq.h"

#define INDIRECT_MAX 1024

static void link_free(struct vq *vq)
{
	for (unsigned i = 0; i < vq->num; i++)
		vq->next[i] = (uint16_t)(i + 1);
	vq->n_free = vq->num;
}

int vq_init(struct vq *vq, struct guest *guest, unsigned num)
{
	*vq = (struct vq){.guest = guest, .num = num, .kick = -1, .call = -1};
	vq->desc = guest_alloc(guest, num * sizeof(*vq->desc), 4096);
	/* One more for the event index. */
	vq->avail = guest_alloc(guest, sizeof(*vq->avail) + (num + 1) * sizeof(uint16_t), 64);
	vq->used = guest_alloc(
		guest, sizeof(*vq->used) + num * sizeof(vq->used->ring[0]) + sizeof(uint16_t),
		4096);
	vq->tokens = calloc(num, sizeof(*vq->tokens));
	vq->tables = calloc(num, sizeof(*vq->tables));
	vq->next = calloc(num, sizeof(*vq->next));
	vq->lengths = calloc(num, sizeof(*vq->lengths));
	if (!vq->desc || !vq->avail || !vq->used || !vq->tokens || !vq->tables || !vq->next ||
	    !vq->lengths)
		return -ENOMEM;
	link_free(vq);
	vq->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vq->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return vq->kick < 0 || vq->call < 0 ? -errno : 0;
}

void vq_fini(struct vq *vq)
{
	free(vq->tokens);
	free(vq->tables);
	free(vq->next);
	free(vq->lengths);
	if (vq->kick >= 0)
		close(vq->kick);
	if (vq->call >= 0)
		close(vq->call);
	*vq = (struct vq){.kick = -1, .call = -1};
}

/* Where the back-end says after which avail index it wants a kick, and where we say so of calls. */
static uint16_t *kick_event(struct vq *vq)
{
	return (uint16_t *)&vq->used->ring[vq->num];
}

static uint16_t *call_event(struct vq *vq)
{
	return &vq->avail->ring[vq->num];
}

static void fill(struct vring_desc *desc, const struct vq_segment *segment, uint16_t flags)
{
	desc->addr = segment->gpa;
	desc->len = segment->len;
	desc->flags = flags;
}

/* The indirect table of a head; made once. */
static struct vring_desc *table_of(struct vq *vq, unsigned head)
{
	if (!vq->tables[head])
		vq->tables[head] =
			guest_alloc(vq->guest, INDIRECT_MAX * sizeof(struct vring_desc), 16);
	return vq->tables[head];
}

/* The whole chain in a table of its own, behind one descriptor of the ring. */
static int add_indirect(struct vq *vq, const struct vq_segment *out, unsigned n_out,
			const struct vq_segment *in, unsigned n_in)
{
	uint16_t head = vq->free_head;
	unsigned n = n_out + n_in;
	struct vring_desc *table = table_of(vq, head);

	if (!table || n > INDIRECT_MAX)
		return -ENOSPC;
	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;

		fill(&table[i], i < n_out ? &out[i] : &in[i - n_out],
		     (uint16_t)((last ? 0 : VRING_DESC_F_NEXT) |
				(i < n_out ? 0 : VRING_DESC_F_WRITE)));
		table[i].next = last ? 0 : (uint16_t)(i + 1);
	}
	vq->free_head = vq->next[head];
	vq->n_free--;
	vq->lengths[head] = 1;
	fill(&vq->desc[head],
	     &(struct vq_segment){guest_gpa(vq->guest, table), n * (uint32_t)sizeof(*table)},
	     VRING_DESC_F_INDIRECT);
	return head;
}

/* The chain in the ring. The list of free descriptors is linked already. */
static int add_direct(struct vq *vq, const struct vq_segment *out, unsigned n_out,
		      const struct vq_segment *in, unsigned n_in)
{
	uint16_t head = vq->free_head, at = head;
	unsigned n = n_out + n_in;

	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;

		fill(&vq->desc[at], i < n_out ? &out[i] : &in[i - n_out],
		     (uint16_t)((last ? 0 : VRING_DESC_F_NEXT) |
				(i < n_out ? 0 : VRING_DESC_F_WRITE)));
		vq->desc[at].next = vq->next[at];
		at = vq->next[at];
	}
	vq->free_head = at;
	vq->n_free -= n;
	vq->lengths[head] = (uint16_t)n;
	return head;
}

int vq_add(struct vq *vq, const struct vq_segment *out, unsigned n_out, const struct vq_segment *in,
	   unsigned n_in, void *token)
{
	bool indirect = vq->indirect && n_out + n_in > 1;
	int head;

	if (!token || n_out + n_in == 0)
		return -EINVAL;
	if (vq->n_free < (indirect ? 1 : n_out + n_in))
		return -ENOSPC;
	head = indirect ? add_indirect(vq, out, n_out, in, n_in)
			: add_direct(vq, out, n_out, in, n_in);
	if (head < 0)
		return head;
	vq->tokens[head] = token;
	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = (uint16_t)head;
	vq->avail_idx++;
	__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
	return 0;
}

void vq_kick(struct vq *vq)
{
	bool needed;

	if (vq->kicked_idx == vq->avail_idx)
		return;
	/* The index must be out before we look whether a kick is wanted. */
	atomic_thread_fence(memory_order_seq_cst);
	if (vq->event_idx)
		needed = vring_need_event(__atomic_load_n(kick_event(vq), __ATOMIC_RELAXED),
					  vq->avail_idx, vq->kicked_idx);
	else
		needed = !(__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) &
			   VRING_USED_F_NO_NOTIFY);
	vq->kicked_idx = vq->avail_idx;
	if (needed)
		(void)!eventfd_write(vq->kick, 1);
}

static void put_back(struct vq *vq, uint16_t head)
{
	uint16_t at = head;

	for (unsigned i = 1; i < vq->lengths[head]; i++)
		at = vq->next[at];
	vq->n_free += vq->lengths[head];
	vq->next[at] = vq->free_head;
	vq->free_head = head;
}

void *vq_take(struct vq *vq, uint32_t *written, int *error)
{
	struct vring_used_elem *elem;
	uint32_t id;
	void *token;

	*error = 0;
	if (__atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) == vq->used_idx)
		return NULL;
	elem = &vq->used->ring[vq->used_idx & (vq->num - 1)];
	/* Once: the back-end may change them. */
	id = __atomic_load_n(&elem->id, __ATOMIC_RELAXED);
	*written = __atomic_load_n(&elem->len, __ATOMIC_RELAXED);
	vq->used_idx++;
	if (id >= vq->num || !vq->tokens[id]) {
		*error = -EPROTO;
		return NULL;
	}
	token = vq->tokens[id];
	vq->tokens[id] = NULL;
	put_back(vq, (uint16_t)id);
	return token;
}

bool vq_enable_call(struct vq *vq)
{
	if (vq->event_idx)
		__atomic_store_n(call_event(vq), vq->used_idx, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
	return __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) == vq->used_idx;
}

void vq_clear_call(struct vq *vq)
{
	eventfd_t count;

	(void)!eventfd_read(vq->call, &count);
}
