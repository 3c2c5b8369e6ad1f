/* SPDX-License-Identifier: BSD-3-Clause */
/* virtq.c - see virtq.h. */
#include "virtq.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdatomic.h>

#include "guest_memory.h"

/* The ring is little-endian, and may change under us: each access is one load or store. */
static inline uint16_t load16(const __virtio16 *at, int order)
{
	return le16toh(__atomic_load_n(at, order));
}

static inline void store16(__virtio16 *at, uint16_t value, int order)
{
	__atomic_store_n(at, htole16(value), order);
}

/* Behind the entries of either ring stands one more field, for VIRTIO_RING_F_EVENT_IDX. */
static inline __virtio16 *used_event(const struct virtq *vq)
{
	return &vq->avail->ring[vq->size];
}

static inline __virtio16 *avail_event(const struct virtq *vq)
{
	return (__virtio16 *)&vq->used_ring->ring[vq->size];
}

bool virtq_locate(struct virtq *vq, const struct guest_memory *memory)
{
	uint64_t n = vq->size;

	vq->desc = guest_memory_at_user(memory, vq->desc_user, n * sizeof(struct vring_desc));
	vq->avail = guest_memory_at_user(memory, vq->avail_user, 6 + n * sizeof(__virtio16));
	vq->used_ring =
		guest_memory_at_user(memory, vq->used_user, 6 + n * sizeof(struct vring_used_elem));
	/* An odd address could be split over two cache lines, and is never valid. */
	if ((vq->desc_user & 15) || (vq->avail_user & 1) || (vq->used_user & 3))
		vq->desc = NULL;
	if (vq->desc && vq->avail && vq->used_ring)
		return true;
	vq->desc = NULL;
	return false;
}

void virtq_begin(struct virtq *vq)
{
	vq->used = load16(&vq->used_ring->idx, __ATOMIC_RELAXED);
	vq->notified = vq->used;
}

bool virtq_has_more(const struct virtq *vq)
{
	return vq->desc && load16(&vq->avail->idx, __ATOMIC_ACQUIRE) != vq->last_avail;
}

/* ---- Chains --------------------------------------------------------------------- */

/* A table of descriptors: the ring's own, or one that a descriptor points to. */
struct table {
	const struct vring_desc *descs;
	uint32_t n;
	bool indirect;
};

static struct vring_desc read_desc(const struct table *table, uint32_t i)
{
	struct vring_desc desc;

	/* Taken as a whole into memory of ours; the barrier keeps it from being read again. */
	__builtin_memcpy(&desc, &table->descs[i], sizeof(desc));
	atomic_signal_fence(memory_order_seq_cst);
	return (struct vring_desc){
		.addr = le64toh(desc.addr),
		.len = le32toh(desc.len),
		.flags = le16toh(desc.flags),
		.next = le16toh(desc.next),
	};
}

/* Add a descriptor's buffer, which may lie in several regions of memory. */
static int add_buffer(struct chain *chain, const struct guest_memory *memory,
		      const struct vring_desc *desc)
{
	bool out = desc->flags & VRING_DESC_F_WRITE;
	uint64_t addr = desc->addr;
	uint64_t left = desc->len;

	/* All that the device reads comes before what it writes. */
	if (!out && chain->n_out)
		return -EPROTO;
	while (left) {
		uint32_t n = chain->n_in + chain->n_out;
		uint64_t len = left;
		void *at = guest_memory_at(memory, addr, &len);

		if (!at || n == CHAIN_MAX)
			return -EPROTO;
		chain->iov[n] = (struct iovec){at, len};
		*(out ? &chain->n_out : &chain->n_in) += 1;
		*(out ? &chain->out_size : &chain->in_size) += len;
		addr += len;
		left -= len;
	}
	return 0;
}

/* The table that an indirect descriptor points to; it must lie in one piece. */
static int enter_indirect(const struct guest_memory *memory, const struct vring_desc *desc,
			  struct table *table)
{
	uint64_t len = desc->len;
	const void *at;

	if (table->indirect || len == 0 || len % sizeof(struct vring_desc) ||
	    (desc->flags & VRING_DESC_F_NEXT))
		return -EPROTO;
	at = guest_memory_at(memory, desc->addr, &len);
	if (!at || len < desc->len)
		return -EPROTO;
	*table = (struct table){at, desc->len / sizeof(struct vring_desc), true};
	return 0;
}

static int read_chain(struct virtq *vq, const struct guest_memory *memory, struct chain *chain)
{
	struct table table = {vq->desc, vq->size, false};
	uint32_t i = chain->head;
	/* A chain that is longer than its table loops. Empty buffers cost time, too. */
	uint32_t steps = 0, all = 0;

	for (;;) {
		struct vring_desc desc;
		int err;

		if (i >= table.n || ++steps > table.n || ++all > VIRTQ_SIZE_MAX)
			return -EPROTO;
		desc = read_desc(&table, i);
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			err = enter_indirect(memory, &desc, &table);
			i = 0;
			steps = 0;
			if (err)
				return err;
			continue;
		}
		err = add_buffer(chain, memory, &desc);
		if (err || !(desc.flags & VRING_DESC_F_NEXT))
			return err;
		i = desc.next;
	}
}

int virtq_take(struct virtq *vq, const struct guest_memory *memory, struct chain *chain)
{
	uint16_t waiting;
	int err;

	if (!vq->desc)
		return -EPROTO;
	waiting = load16(&vq->avail->idx, __ATOMIC_ACQUIRE) - vq->last_avail;
	if (waiting == 0)
		return 0;
	if (waiting > vq->size)
		return -EPROTO;
	chain->head = load16(&vq->avail->ring[vq->last_avail & (vq->size - 1)], __ATOMIC_RELAXED);
	chain->n_in = chain->n_out = 0;
	chain->in_size = chain->out_size = 0;
	err = read_chain(vq, memory, chain);
	if (err)
		return err;
	vq->last_avail++;
	return 1;
}

/* ---- Giving back ------------------------------------------------------------------ */

void virtq_give(struct virtq *vq, uint32_t head, uint32_t len)
{
	struct vring_used_elem *element;

	if (!vq->desc)
		return;
	element = &vq->used_ring->ring[vq->used & (vq->size - 1)];
	element->id = htole32(head);
	element->len = htole32(len);
	vq->used++;
	store16(&vq->used_ring->idx, vq->used, __ATOMIC_RELEASE);
}

bool virtq_wants_call(struct virtq *vq)
{
	uint16_t before = vq->notified;

	if (!vq->desc || vq->used == before)
		return false;
	/* What was given back must be seen before the guest's wish is read. */
	atomic_thread_fence(memory_order_seq_cst);
	vq->notified = vq->used;
	if (!vq->event_idx)
		return !(load16(&vq->avail->flags, __ATOMIC_RELAXED) & VRING_AVAIL_F_NO_INTERRUPT);
	return vring_need_event(load16(used_event(vq), __ATOMIC_RELAXED), vq->used, before);
}

void virtq_want_kicks(struct virtq *vq, bool want)
{
	if (!vq->desc)
		return;
	if (!vq->event_idx)
		store16(&vq->used_ring->flags, want ? 0 : VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
	else if (want)
		store16(avail_event(vq), vq->last_avail, __ATOMIC_RELAXED);
	/* The wish must be seen before the guest's index is read again. */
	if (want)
		atomic_thread_fence(memory_order_seq_cst);
}
