/* SPDX-License-Identifier: BSD-3-Clause */
/* virtq.c - see virtq.h. */
#include "virtq.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "guest_memory.h"
#include "inflight.h"

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

/* ---- What was taken and not given back ---------------------------------------- */

/* Where that is noted, if there is room for this ring. */
static struct inflight_queue *notes(const struct virtq *vq)
{
	return vq->inflight_size >= vq->size ? vq->inflight : NULL;
}

static void note_taken(struct virtq *vq, uint16_t head)
{
	struct inflight_queue *inflight = notes(vq);

	if (!inflight)
		return;
	inflight->descs[head].counter = ++vq->taken;
	__atomic_store_n(&inflight->descs[head].inflight, 1, __ATOMIC_RELEASE);
}

/* Before the guest sees it: whoever finds the used ring ahead knows by this what was added. */
static void note_giving(struct virtq *vq, uint16_t head)
{
	struct inflight_queue *inflight = notes(vq);

	if (!inflight)
		return;
	inflight->descs[head].next = inflight->last_batch_head;
	__atomic_store_n(&inflight->last_batch_head, head, __ATOMIC_RELEASE);
}

static void note_given(struct virtq *vq, uint16_t head)
{
	struct inflight_queue *inflight = notes(vq);

	if (!inflight)
		return;
	__atomic_store_n(&inflight->descs[head].inflight, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&inflight->used_idx, vq->used, __ATOMIC_RELEASE);
}

/* A daemon died between giving chains back and noting it. */
static void finish_notes(struct virtq *vq, struct inflight_queue *inflight)
{
	uint16_t n = (uint16_t)(vq->used - inflight->used_idx);
	uint16_t head = inflight->last_batch_head;

	for (; n && head < vq->size; n--) {
		inflight->descs[head].inflight = 0;
		head = inflight->descs[head].next;
	}
	inflight->used_idx = vq->used;
}

struct taken {
	uint64_t counter;
	uint16_t head;
};

static int by_counter(const void *a, const void *b)
{
	const struct taken *one = a, *two = b;

	return (one->counter > two->counter) - (one->counter < two->counter);
}

/* All that was taken, in the order in which it was. Returns how many. */
static uint32_t collect(const struct virtq *vq, const struct inflight_queue *inflight,
			struct taken *taken)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < vq->size; i++) {
		if (inflight->descs[i].inflight)
			taken[n++] = (struct taken){inflight->descs[i].counter, (uint16_t)i};
	}
	qsort(taken, n, sizeof(*taken), by_counter);
	return n;
}

static int recover(struct virtq *vq)
{
	struct inflight_queue *inflight = notes(vq);
	struct taken *taken;

	if (!inflight->version) {
		inflight->version = 1;
		inflight->desc_num = (uint16_t)vq->size;
		inflight->used_idx = vq->used;
		return 0;
	}
	finish_notes(vq, inflight);
	taken = malloc(vq->size * sizeof(*taken));
	vq->again = malloc(vq->size * sizeof(*vq->again));
	if (!taken || !vq->again) {
		free(taken);
		return -ENOMEM;
	}
	vq->n_again = collect(vq, inflight, taken);
	for (uint32_t i = 0; i < vq->n_again; i++)
		vq->again[i] = taken[i].head;
	vq->taken = vq->n_again ? taken[vq->n_again - 1].counter : 0;
	free(taken);
	/* Who does not know where the last daemon stood gives where the used entries end. */
	vq->last_avail = (uint16_t)(vq->used + vq->n_again);
	return 0;
}

void virtq_end(struct virtq *vq)
{
	free(vq->again);
	vq->again = NULL;
	vq->n_again = vq->next_again = 0;
}

int virtq_begin(struct virtq *vq)
{
	vq->used = load16(&vq->used_ring->idx, __ATOMIC_RELAXED);
	vq->notified = vq->used;
	virtq_end(vq);
	return notes(vq) ? recover(vq) : 0;
}

bool virtq_has_more(const struct virtq *vq)
{
	return vq->desc && (vq->next_again < vq->n_again ||
			    load16(&vq->avail->idx, __ATOMIC_ACQUIRE) != vq->last_avail);
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

/* The next head. 1: there is one; 0: none; -EPROTO. */
static int find_head(struct virtq *vq, uint16_t *head)
{
	uint16_t waiting;

	if (vq->next_again < vq->n_again) {
		*head = vq->again[vq->next_again];
		return 1;
	}
	waiting = load16(&vq->avail->idx, __ATOMIC_ACQUIRE) - vq->last_avail;
	if (waiting == 0)
		return 0;
	if (waiting > vq->size)
		return -EPROTO;
	*head = load16(&vq->avail->ring[vq->last_avail & (vq->size - 1)], __ATOMIC_RELAXED);
	return 1;
}

int virtq_take(struct virtq *vq, const struct guest_memory *memory, struct chain *chain)
{
	int found, err;

	if (!vq->desc)
		return -EPROTO;
	found = find_head(vq, &chain->head);
	if (found != 1)
		return found;
	chain->n_in = chain->n_out = 0;
	chain->in_size = chain->out_size = 0;
	err = read_chain(vq, memory, chain);
	if (err)
		return err;
	if (vq->next_again < vq->n_again)
		vq->next_again++;
	else
		vq->last_avail++;
	note_taken(vq, chain->head);
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
	note_giving(vq, (uint16_t)head);
	store16(&vq->used_ring->idx, vq->used, __ATOMIC_RELEASE);
	note_given(vq, (uint16_t)head);
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
