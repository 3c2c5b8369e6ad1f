/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-virtq.c - fuzz: daemon. Rings and chains of descriptors in memory that the guest writes as it
 * likes: also between two reads that the device makes (see watch.h). Where it does not, what is
 * taken must be what the plainest reading of the ring says; and no field is read twice.
 *
 * The front-end may keep what was taken (inflight.h), and change that, too. A daemon that starts
 * again takes first what it says, in the order that it says.
 *
 * Not reached in daemon/virtq.c: no memory.
 */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "guest_memory.h"
#include "inflight.h"
#include "insist.h"
#include "records.h"
#include "virtq.h"
#include "virtq_memory.h"
#include "watch.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One thing that the guest or the device does. */
struct step {
	uint8_t kind, a;
	uint16_t b;
	uint32_t c;
	uint64_t d;
};

enum { HEAD = 4, STEPS_MAX = 64, CHANGES_MAX = 8 };

RECORDS_MUTATOR(HEAD, sizeof(struct step))

/* Where things are in the file. */
struct ring {
	unsigned int layout;
	size_t desc, avail, used;
	struct virtq vq;
};

/* Room for no more than the greatest ring that an input begins with. */
enum { NOTED = 64 };

static struct inflight_queue *notes;
static struct chain chain, expected;
static size_t expected_table, expected_table_size; /* the indirect one, if there is */

/* ---- Memory that changes while it is read ------------------------------------------------ */

/* What the guest writes just before the device's n-th read from now. */
struct change {
	unsigned int reads;
	uint32_t offset;
	uint64_t value;
	bool here; /* at what is read */
};

static struct change changes[CHANGES_MAX];
static unsigned int n_changes;
static bool has_changed;

/* What the device has read during one take. */
static struct {
	unsigned int layout;
	unsigned int reads;
	uint8_t seen[MEMORY_SIZE / 8]; /* a bit a byte */
	bool twice;
} reading;

static void store(size_t offset, uint64_t value, size_t size)
{
	if (offset <= MEMORY_SIZE - size)
		memcpy(virtq_memory + offset, &value, size);
}

static void note(size_t offset, size_t size)
{
	reading.reads++;
	for (size_t i = offset; i < offset + size && i < MEMORY_SIZE; i++) {
		reading.twice |= reading.seen[i / 8] >> (i % 8) & 1;
		reading.seen[i / 8] |= (uint8_t)(1 << i % 8);
	}
}

static void before_read(const void *at, size_t size)
{
	long offset = virtq_offset_of(reading.layout, at);

	if (offset < 0)
		return;
	for (unsigned int i = 0; i < n_changes; i++) {
		if (changes[i].reads-- != 0)
			continue;
		store(changes[i].here ? (size_t)offset : changes[i].offset, changes[i].value,
		      changes[i].here ? size < 8 ? size : 8 : 8);
		has_changed = true;
	}
	note((size_t)offset, size);
}

static void start_reading(unsigned int layout)
{
	const void *start;
	size_t size;

	if (reading.reads)
		memset(reading.seen, 0, sizeof(reading.seen));
	reading.layout = layout;
	reading.reads = 0;
	reading.twice = false;
	has_changed = false;
	virtq_mapped_range(layout, &start, &size);
	watch_reads(start, size, before_read);
}

static void stop_reading(void)
{
	watch_reads(NULL, 0, NULL);
}

/* ---- What a chain is, plainly ---------------------------------------------------------------- */

static uint16_t load16(size_t offset)
{
	uint16_t value;

	memcpy(&value, virtq_memory + offset, sizeof(value));
	return value;
}

static bool expect_buffer(unsigned int layout, const struct vring_desc *desc)
{
	bool out = desc->flags & VRING_DESC_F_WRITE;
	uint64_t done = 0;

	if (!out && expected.n_out)
		return false;
	while (done < desc->len) {
		uint64_t len = desc->len - done;
		size_t offset;

		if (!virtq_find(layout, desc->addr + done, &offset, &len) ||
		    expected.n_in + expected.n_out == CHAIN_MAX)
			return false;
		expected.iov[expected.n_in + expected.n_out] =
			(struct iovec){virtq_memory + offset, len};
		*(out ? &expected.n_out : &expected.n_in) += 1;
		*(out ? &expected.out_size : &expected.in_size) += len;
		done += len;
	}
	return true;
}

static bool expect_chain(const struct ring *ring, uint16_t head)
{
	size_t table = ring->desc, n = ring->vq.size, i = head;
	bool indirect = false;

	for (size_t steps = 0; i < n && steps < n; steps++) {
		struct vring_desc desc;
		uint64_t len;

		memcpy(&desc, virtq_memory + table + i * sizeof(desc), sizeof(desc));
		if (!(desc.flags & VRING_DESC_F_INDIRECT)) {
			if (!expect_buffer(ring->layout, &desc))
				return false;
			if (!(desc.flags & VRING_DESC_F_NEXT))
				return true;
			i = desc.next;
			continue;
		}
		len = desc.len;
		if (indirect || desc.flags & VRING_DESC_F_NEXT || !desc.len || desc.len % 16 ||
		    !virtq_find(ring->layout, desc.addr, &table, &len) || len < desc.len)
			return false;
		indirect = true;
		expected_table = table;
		expected_table_size = desc.len;
		n = desc.len / 16;
		i = 0;
		steps = (size_t)-1;
	}
	return false;
}

static bool is_again(const struct ring *ring)
{
	return ring->vq.next_again < ring->vq.n_again;
}

static int expect_take(const struct ring *ring)
{
	uint16_t idx = load16(ring->avail + 2);
	uint16_t waiting = (uint16_t)(idx - ring->vq.last_avail);

	expected.n_in = expected.n_out = 0;
	expected.in_size = expected.out_size = 0;
	expected_table_size = 0;
	if (is_again(ring)) {
		expected.head = ring->vq.again[ring->vq.next_again];
		return expect_chain(ring, expected.head) ? 1 : -EPROTO;
	}
	if (!waiting)
		return 0;
	if (waiting > ring->vq.size)
		return -EPROTO;
	expected.head = load16(ring->avail + 4 + 2 * (ring->vq.last_avail % ring->vq.size));
	return expect_chain(ring, expected.head) ? 1 : -EPROTO;
}

/* ---- What was taken ------------------------------------------------------------------------------ */

static void check_chain(const struct ring *ring)
{
	uint64_t in_size = 0, out_size = 0;

	insist(chain.n_in + chain.n_out <= CHAIN_MAX, "a chain of %u buffers",
	       chain.n_in + chain.n_out);
	for (unsigned int i = 0; i < chain.n_in + chain.n_out; i++) {
		const char *at = chain.iov[i].iov_base;
		size_t len = chain.iov[i].iov_len;
		long first = virtq_offset_of(ring->layout, at);
		long last = len ? virtq_offset_of(ring->layout, at + len - 1) : -1;

		insist(first >= 0 && last >= 0 && (size_t)(last - first) == len - 1,
		       "buffer %u is not in the guest's memory", i);
		*(i < chain.n_in ? &in_size : &out_size) += len;
	}
	insist(in_size == chain.in_size && out_size == chain.out_size, "sums that are none");
}

static void compare_chains(const struct ring *ring)
{
	insist(chain.head == expected.head && chain.n_in == expected.n_in &&
		       chain.n_out == expected.n_out,
	       "another chain: head %u of %u + %u buffers", chain.head, chain.n_in, chain.n_out);
	for (unsigned int i = 0; i < chain.n_in + chain.n_out; i++)
		insist(virtq_offset_of(ring->layout, chain.iov[i].iov_base) ==
				       (uint8_t *)expected.iov[i].iov_base - virtq_memory &&
			       chain.iov[i].iov_len == expected.iov[i].iov_len,
		       "buffer %u is another", i);
}

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
	return a_size && b_size && a < b + b_size && b < a + a_size;
}

/* What lies in the place of something else is read as both. */
static bool may_read_twice(const struct ring *ring)
{
	size_t n = ring->vq.size;

	return overlap(ring->desc, 16 * n, ring->avail, 6 + 2 * n) ||
	       overlap(expected_table, expected_table_size, ring->desc, 16 * n) ||
	       overlap(expected_table, expected_table_size, ring->avail, 6 + 2 * n);
}

static bool has_notes(const struct ring *ring)
{
	return ring->vq.inflight && ring->vq.inflight_size >= ring->vq.size;
}

/* What was taken last is noted as taken; what was given back last, as given. */
static void check_noted(const struct ring *ring, bool taken)
{
	if (!has_notes(ring))
		return;
	if (taken)
		insist(notes->descs[chain.head].inflight == 1 &&
			       notes->descs[chain.head].counter == ring->vq.taken,
		       "head %u was taken, and that is not noted", chain.head);
	else
		insist(notes->used_idx == ring->vq.used &&
			       !notes->descs[notes->last_batch_head].inflight,
		       "a head was given back, and that is not noted");
}

static void take(struct ring *ring)
{
	uint16_t before = ring->vq.last_avail;
	bool located = ring->vq.desc, again = is_again(ring);
	int wanted = located ? expect_take(ring) : -EPROTO;
	int got;

	start_reading(ring->layout);
	got = virtq_take(&ring->vq, virtq_memory_table(ring->layout), &chain);
	stop_reading();
	insist(got == 0 || got == 1 || got == -EPROTO, "virtq_take() is %d", got);
	insist(ring->vq.last_avail == (uint16_t)(before + (got == 1 && !again)), "the index jumps");
	if (got == 1)
		check_noted(ring, true);
	insist(reading.reads <= 2 + 4 * (ring->vq.size + MEMORY_SIZE / 16 + 1), "no end");
	if (got == 1)
		check_chain(ring);
	if (has_changed)
		return;
	insist(got == wanted, "virtq_take() is %d rather than %d", got, wanted);
	if (got != 1)
		return;
	compare_chains(ring);
	insist(!reading.twice || may_read_twice(ring), "something was read twice");
}

/* ---- Giving back, and being told -------------------------------------------------------------------- */

static void give(struct ring *ring, uint16_t head, uint32_t len)
{
	static uint8_t before[MEMORY_SIZE];
	size_t start = ring->used, end = start + 6 + 8 * (size_t)ring->vq.size;

	/* What is given back was taken. */
	if (has_notes(ring))
		head %= ring->vq.size;
	memcpy(before, virtq_memory, MEMORY_SIZE);
	virtq_give(&ring->vq, head, len);
	if (ring->vq.desc)
		check_noted(ring, false);
	else
		start = end = 0;
	insist(!memcmp(before, virtq_memory, start) &&
		       !memcmp(before + end, virtq_memory + end, MEMORY_SIZE - end),
	       "more than the used ring was written");
}

static void ask_call(struct ring *ring)
{
	struct virtq *vq = &ring->vq;
	uint16_t used = vq->used, notified = vq->notified;
	bool wanted = vq->desc && used != notified, got;

	if (wanted && !vq->event_idx)
		wanted = !(load16(ring->avail) & VRING_AVAIL_F_NO_INTERRUPT);
	else if (wanted)
		wanted = (uint16_t)(used - load16(ring->avail + 4 + 2 * vq->size) - 1) <
			 (uint16_t)(used - notified);
	got = virtq_wants_call(vq);
	insist(got == wanted, "the guest wants %s call, and gets %s", wanted ? "a" : "no",
	       got ? "one" : "none");
}

static void ask_kicks(struct ring *ring, bool want)
{
	virtq_want_kicks(&ring->vq, want);
	insist(virtq_has_more(&ring->vq) ==
		       (ring->vq.desc &&
			(is_again(ring) || load16(ring->avail + 2) != ring->vq.last_avail)),
	       "whether there is more is not known");
}

/* ---- Steps ----------------------------------------------------------------------------------------------- */

/* All that is noted as taken, and not as given back when the used ring went on, by the counters. */
static void check_again(const struct ring *ring, const struct inflight_queue *before)
{
	const struct virtq *vq = &ring->vq;
	static bool taken[NOTED];
	uint16_t head = before->last_batch_head;
	uint32_t n = 0;

	for (uint32_t i = 0; i < vq->size; i++)
		taken[i] = before->descs[i].inflight;
	for (uint16_t i = before->used_idx; i != vq->used && head < vq->size; i++) {
		taken[head] = false;
		head = before->descs[head].next;
	}
	for (uint32_t i = 0; i < vq->size; i++)
		n += taken[i];
	insist(vq->n_again == n && vq->next_again == 0, "%u chains again, rather than %u",
	       vq->n_again, n);
	for (uint32_t i = 0; i < n; i++) {
		insist(vq->again[i] < vq->size && taken[vq->again[i]], "not taken, or twice");
		taken[vq->again[i]] = false;
		insist(!i || before->descs[vq->again[i - 1]].counter <=
				       before->descs[vq->again[i]].counter,
		       "in another order");
	}
	insist(vq->last_avail == (uint16_t)(vq->used + n), "it goes on somewhere else");
}

/* As a daemon does with a ring that another one may have served. */
static void start_again(struct ring *ring)
{
	static _Alignas(16) uint8_t space[sizeof(*notes) + NOTED * sizeof(notes->descs[0])];
	const struct inflight_queue *before = (const struct inflight_queue *)space;

	memcpy(space, notes, sizeof(space));
	insist(!virtq_begin(&ring->vq), "no memory");
	if (!has_notes(ring))
		insist(!ring->vq.n_again, "chains from nowhere");
	else if (before->version)
		check_again(ring, before);
	else
		insist(notes->version && notes->used_idx == ring->vq.used && !ring->vq.n_again,
		       "new notes are not as they should be");
}

/* The front-end scribbles on its notes, or keeps none. */
static void change_notes(struct ring *ring, const struct step *step)
{
	struct inflight_desc *desc = &notes->descs[step->a % NOTED];

	switch (step->b % 8) {
	case 0:
		ring->vq.inflight = step->c % 8 ? notes : NULL;
		/* Not while chains are to be taken again: queues are stopped for that. */
		ring->vq.inflight_size = step->c % 4 ? NOTED : step->c / 4 % NOTED;
		if (ring->vq.desc)
			start_again(ring);
		break;
	case 1: notes->version = (uint16_t)step->c; break;
	case 2: notes->used_idx = (uint16_t)(ring->vq.used - step->c % 16); break;
	case 3:
		notes->last_batch_head = (uint16_t)(step->c < 256 ? step->c % NOTED : step->c);
		break;
	case 4: desc->next = (uint16_t)(step->c < 256 ? step->c % NOTED : step->c); break;
	case 5: desc->counter = step->d; break;
	default: desc->inflight = (uint8_t)step->c; break;
	}
}

static void locate(struct ring *ring, unsigned int log, size_t desc, size_t avail, size_t used)
{
	struct virtq *vq = &ring->vq;
	const struct guest_memory *memory = virtq_memory_table(ring->layout);
	uint64_t n;

	vq->size = 1u << log;
	n = vq->size;
	vq->desc_user = virtq_user_address(ring->layout, desc);
	vq->avail_user = virtq_user_address(ring->layout, avail);
	vq->used_user = virtq_user_address(ring->layout, used);
	if (!virtq_locate(vq, memory)) {
		insist(!vq->desc, "a ring that is nowhere was located");
		return;
	}
	ring->desc = (size_t)virtq_offset_of(ring->layout, vq->desc);
	ring->avail = (size_t)virtq_offset_of(ring->layout, vq->avail);
	ring->used = (size_t)virtq_offset_of(ring->layout, vq->used_ring);
	insist(virtq_offset_of(ring->layout, (char *)vq->desc + 16 * n - 1) >= 0 &&
		       virtq_offset_of(ring->layout, (char *)vq->avail + 6 + 2 * n - 1) >= 0 &&
		       virtq_offset_of(ring->layout, (char *)vq->used_ring + 6 + 8 * n - 1) >= 0,
	       "a ring that is not all in memory was located");
	start_again(ring);
}

static uint64_t some_address(const struct ring *ring, uint64_t d)
{
	return d < 1 << 16 ? virtq_guest_address(ring->layout, d % MEMORY_SIZE) : d;
}

static uint32_t some_length(uint32_t c)
{
	static const uint32_t some[] = {
		0,  1,	 16,	     32,       40, 80,	4096, 8192, MEMORY_SIZE, MEMORY_SIZE + 1,
		17, 160, UINT32_MAX, 1u << 31, 48, 4097};

	return c < 64 ? some[c % 16] : c % 2 ? c : c % MEMORY_SIZE;
}

static void write_descriptor(const struct ring *ring, const struct step *step, size_t offset)
{
	struct vring_desc desc = {
		.addr = some_address(ring, step->d),
		.len = some_length(step->c),
		.flags = step->b & 7,
		.next = step->b < 0x8000 ? step->b >> 3 & 31 : step->b,
	};

	if (offset <= MEMORY_SIZE - sizeof(desc))
		memcpy(virtq_memory + offset, &desc, sizeof(desc));
}

static void publish(struct ring *ring, uint16_t head)
{
	uint16_t idx = load16(ring->avail + 2);

	store(ring->avail + 4 + 2 * (idx % ring->vq.size), head, 2);
	store(ring->avail + 2, (uint16_t)(idx + 1), 2);
}

static void plan_change(const struct step *step)
{
	if (n_changes < CHANGES_MAX)
		changes[n_changes++] = (struct change){step->a & 15, step->c % MEMORY_SIZE, step->d,
						       step->a & 128};
}

static void run_step(struct ring *ring, const struct step *step)
{
	uint32_t n = ring->vq.size;

	switch (step->kind % 16) {
	case 0: write_descriptor(ring, step, ring->desc + 16 * (step->a % n)); break;
	case 1: write_descriptor(ring, step, 16 * (size_t)step->a); break;
	case 2: store(ring->avail + 4 + 2 * (step->a % n), step->b, 2); break;
	case 3: publish(ring, step->b); break;
	case 4: store(step->c % MEMORY_SIZE, step->d, 8); break;
	case 5: store(ring->avail + (step->a % 2 ? 0 : 4 + 2 * n), step->b, 2); break;
	case 6: plan_change(step); break;
	case 7:
	case 8: take(ring); break;
	case 9: give(ring, step->b, step->c); break;
	case 10: ask_call(ring); break;
	case 11: ask_kicks(ring, step->a % 2); break;
	case 13:
	case 14: change_notes(ring, step); break;
	case 15:
		if (ring->vq.desc)
			start_again(ring);
		break;
	default:
		locate(ring, step->a % 16, step->b % MEMORY_SIZE, step->c % MEMORY_SIZE,
		       step->d % MEMORY_SIZE);
		break;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	virtq_memory_begin();
	notes = malloc(sizeof(*notes) + NOTED * sizeof(notes->descs[0]));
	return notes ? 0 : -1;
}

/* The head: the table of regions, the ring's size, and features. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring ring = {.used = 0};
	struct step step;

	if (size < HEAD + sizeof(step))
		return -1;
	memset(virtq_memory, 0, MEMORY_SIZE);
	memset(notes, 0, sizeof(*notes) + NOTED * sizeof(notes->descs[0]));
	n_changes = 0;
	ring.layout = data[0] % LAYOUTS;
	ring.vq.event_idx = data[2] & 1;
	ring.vq.inflight = data[2] & 4 ? notes : NULL;
	ring.vq.inflight_size = NOTED;
	/* Where the indexes are before they wrap. */
	ring.vq.last_avail = data[2] & 2 ? UINT16_MAX - 1 : 0;
	locate(&ring, data[1] % 7, 0, 1024, 2048);
	store(ring.avail + 2, ring.vq.last_avail, 2);
	for (size_t at = HEAD; at + sizeof(step) <= size && at < HEAD + STEPS_MAX * sizeof(step);
	     at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		run_step(&ring, &step);
	}
	virtq_end(&ring.vq);
	return 0;
}
