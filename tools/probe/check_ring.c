/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_ring.c - rings of descriptors that no driver makes. The back-end may stop serving the
 * queue or hang up; it may not touch memory that isn't the guest's, nor spin, nor die: the next
 * front-end must be served.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "check.h"

/* Long enough to go wrong, where the ring can't tell that the back-end is done with it. */
#define SETTLE_MS 50
#define USED_MS 10000

/* Put the head of a chain into the ring, and kick; then wait for an answer for a little while. */
static void offer(struct test *t, uint16_t head)
{
	struct vq *vq = &t->fe.vqs[FRONTEND_REQUESTS];
	struct pollfd fds[2] = {{.fd = vq->call, .events = POLLIN},
				{.fd = t->fe.sock, .events = POLLRDHUP}};

	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
	vq->avail_idx++;
	__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
	vq_enable_call(vq);
	vq_kick(vq);
	poll(fds, 2, SETTLE_MS);
}

/* A chain of n descriptors from 0 on that would be a good GETATTR: header, argument, reply. */
static void make_chain(struct test *t)
{
	struct vq *vq = &t->fe.vqs[FRONTEND_REQUESTS];
	struct request *r = t->c.slot;
	struct fuse_in_header header = {.len = sizeof(header) + sizeof(struct fuse_getattr_in),
					.opcode = FUSE_GETATTR,
					.unique = 99,
					.nodeid = t->node};

	memset(r->in, 0, 4096);
	memcpy(r->in, &header, sizeof(header));
	vq->desc[0] = (struct vring_desc){.addr = guest_gpa(&t->fe.guest, r->in),
					  .len = header.len,
					  .flags = VRING_DESC_F_NEXT,
					  .next = 1};
	vq->desc[1] = (struct vring_desc){
		.addr = guest_gpa(&t->fe.guest, r->out), .len = 4096, .flags = VRING_DESC_F_WRITE};
}

/* What is wrong: done to the chain (or the ring) before it is offered at *head. */
struct fault {
	const char *what;
	void (*make)(struct test *t, struct vq *vq, uint16_t *head);
};

static void head_outside(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	*head = (uint16_t)vq->num;
}

static void head_far_outside(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)vq;
	*head = UINT16_MAX;
}

static void next_outside(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].next = (uint16_t)vq->num;
}

static void loop_of_one(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].next = 0;
}

static void loop_of_two(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[1].flags |= VRING_DESC_F_NEXT;
	vq->desc[1].next = 0;
}

/* A loop that has no bytes never fills a buffer. */
static void empty_loop(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].len = 0;
	vq->desc[0].next = 0;
}

static void behind_memory(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	vq->desc[1].addr = guest_end(&t->fe.guest);
}

static void over_the_end(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	vq->desc[1].addr = guest_end(&t->fe.guest) - 100;
}

static void read_over_the_end(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	vq->desc[0].addr = guest_end(&t->fe.guest) - 20;
}

static void into_the_gap(struct test *t, struct vq *vq, uint16_t *head)
{
	const struct vhost_region *region = &t->fe.guest.regions[0];

	(void)head;
	vq->desc[1].addr = region->gpa + region->size - 100;
}

static void address_wraps(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[1].addr = UINT64_MAX - 10;
}

static void address_zero(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].addr = vq->desc[1].addr = UINT64_MAX / 2;
}

static void all_of_memory(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[1].len = UINT32_MAX;
}

static void length_zero(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].len = vq->desc[1].len = 0;
}

static void write_first(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].flags |= VRING_DESC_F_WRITE;
	vq->desc[1].flags &= (uint16_t)~VRING_DESC_F_WRITE;
}

static void all_flags(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->desc[0].flags = vq->desc[1].flags = UINT16_MAX;
}

/* The same descriptors again and again: as long as a chain can be. */
static void longest(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	for (unsigned i = 0; i < vq->num; i++) {
		vq->desc[i] = vq->desc[0];
		vq->desc[i].len = 1 << 20;
		vq->desc[i].next = (uint16_t)((i + 1) % vq->num);
	}
}

static void index_jumps(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->avail_idx += 30000;
}

static void index_goes_back(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)t;
	(void)head;
	vq->avail_idx -= 2;
}

/* ---- Indirect tables, in the request's own memory ---- */

static struct vring_desc *make_table(struct test *t, struct vq *vq, uint32_t len)
{
	struct vring_desc *table = (struct vring_desc *)(t->c.slot->in + 8192);

	table[0] = vq->desc[0];
	table[1] = vq->desc[1];
	vq->desc[0] = (struct vring_desc){
		.addr = guest_gpa(&t->fe.guest, table), .len = len, .flags = VRING_DESC_F_INDIRECT};
	return table;
}

static void table_of_odd_size(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	make_table(t, vq, 33);
}

static void table_of_nothing(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	make_table(t, vq, 0);
}

static void table_of_4gib(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	make_table(t, vq, 0xfffffff0u);
}

static void table_behind_memory(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	make_table(t, vq, 32);
	vq->desc[0].addr = guest_end(&t->fe.guest) - 16;
}

static void table_in_table(struct test *t, struct vq *vq, uint16_t *head)
{
	struct vring_desc *table = make_table(t, vq, 32);

	(void)head;
	table[0] = vq->desc[0];
}

static void table_loops(struct test *t, struct vq *vq, uint16_t *head)
{
	struct vring_desc *table = make_table(t, vq, 32);

	(void)head;
	table[1].flags |= VRING_DESC_F_NEXT;
	table[1].next = 0;
}

static void table_next_outside(struct test *t, struct vq *vq, uint16_t *head)
{
	struct vring_desc *table = make_table(t, vq, 32);

	(void)head;
	table[0].next = 2;
}

static void table_and_next(struct test *t, struct vq *vq, uint16_t *head)
{
	(void)head;
	make_table(t, vq, 32);
	vq->desc[0].flags |= VRING_DESC_F_NEXT;
	vq->desc[0].next = 1;
}

static const struct fault chain_faults[] = {
	{"a head outside of the ring", head_outside},
	{"a head far outside", head_far_outside},
	{"a next outside of the ring", next_outside},
	{"a descriptor that leads to itself", loop_of_one},
	{"two that lead to each other", loop_of_two},
	{"a loop without a byte", empty_loop},
	{"all descriptors in one chain, in a circle", longest},
	{"what is written comes first", write_first},
	{"no byte at all", length_zero},
	{"all flags", all_flags},
};

static const struct fault address_faults[] = {
	{"a reply behind all memory", behind_memory},
	{"a reply over the end of memory", over_the_end},
	{"a request over the end of memory", read_over_the_end},
	{"a reply into the gap between regions", into_the_gap},
	{"an address that wraps around", address_wraps},
	{"addresses in the middle of nowhere", address_zero},
	{"a reply of 4 GiB", all_of_memory},
};

static const struct fault index_faults[] = {
	{"an index that jumps over the ring's size", index_jumps},
	{"an index that goes back", index_goes_back},
};

static const struct fault table_faults[] = {
	{"a table of an odd size", table_of_odd_size},
	{"a table of no size", table_of_nothing},
	{"a table of 4 GiB", table_of_4gib},
	{"a table over the end of memory", table_behind_memory},
	{"a table in a table", table_in_table},
	{"a table that loops", table_loops},
	{"a table that leads out of itself", table_next_outside},
	{"a table, and more behind it", table_and_next},
};

static void try_faults(struct test *t, const struct fault *faults, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t head = 0;

		make_chain(t);
		faults[i].make(t, &t->fe.vqs[FRONTEND_REQUESTS], &head);
		offer(t, head);
		/* The ring is of no more use to us. */
		if (!test_next(t, faults[i].what))
			return;
	}
}

#define TRY(t, faults) try_faults(t, faults, sizeof(faults) / sizeof((faults)[0]))

/* Until the back-end gives a chain back, which takes as long as the machine is busy. */
static void await_used(struct test *t, uint16_t before)
{
	const struct vq *vq = &t->fe.vqs[FRONTEND_REQUESTS];

	for (unsigned i = 0; i < USED_MS && t->open; i++) {
		if (__atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) != before)
			return;
		poll(NULL, 0, 1);
	}
}

static void check_good(struct test *t)
{
	const struct fuse_out_header *out = (const void *)t->c.slot->out;
	uint16_t before = t->fe.vqs[FRONTEND_REQUESTS].used->idx;

	make_chain(t);
	offer(t, 0);
	await_used(t, before);
	/* Or else what the other checks make would be wrong in a way that they don't mean. */
	EXPECT(t, out->unique == 99 && out->error == 0 && out->len > sizeof(*out),
	       "a good chain, made by hand, has no reply");
	test_next(t, "a good chain");
}

static void check_chains(struct test *t)
{
	TRY(t, chain_faults);
}

static void check_addresses(struct test *t)
{
	TRY(t, address_faults);
}

static void check_indexes(struct test *t)
{
	TRY(t, index_faults);
}

static void check_tables(struct test *t)
{
	TRY(t, table_faults);
}

/* Rings that are not in the guest's memory, and numbers that no ring has. */
static void check_places(struct test *t)
{
	struct vhost_vring_addr addr = {.index = 1};
	struct vhost_vring_state size = {.index = 1};
	uint16_t base;

	for (unsigned i = 0; i < 5 && t->open; i++) {
		static const uint64_t places[] = {0, 1, 0x7fff00000000, UINT64_MAX - 15,
						  1ull << 63};

		if (frontend_stop_queue(&t->fe, 1, &base) == 0) {
			addr.desc = addr.avail = addr.used = places[i];
			frontend_set(&t->fe, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
			vq_kick(&t->fe.vqs[1]);
		}
		if (!test_next(t, "a ring that is nowhere"))
			return;
	}
	for (unsigned i = 0; i < 5 && t->open; i++) {
		static const uint32_t sizes[] = {0, 3, 32769, 65536, UINT32_MAX};

		size.num = sizes[i];
		frontend_set(&t->fe, VHOST_SET_VRING_NUM, &size, sizeof(size), -1);
		if (!test_next(t, "an impossible size of a ring"))
			return;
	}
	size = (struct vhost_vring_state){.index = UINT32_MAX, .num = 1024};
	frontend_set(&t->fe, VHOST_SET_VRING_NUM, &size, sizeof(size), -1);
	test_next(t, "an impossible number of a queue");
}

const struct check checks_ring[] = {
	{"ring-good", "a chain that is made by hand is served", 0, check_good},
	{"ring-chains", "chains that loop, or lead out of the ring", 0, check_chains},
	{"ring-addresses", "descriptors of memory that is not the guest's", 0, check_addresses},
	{"ring-indexes", "indexes that jump", 0, check_indexes},
	{"ring-tables", "indirect tables that make no sense", 0, check_tables},
	{"ring-places", "rings that are not in the guest's memory", 0, check_places},
	{0},
};
