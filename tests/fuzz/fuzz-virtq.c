/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-virtq.c - fuzz: daemon. Rings and chains of descriptors in memory that the guest writes as it
 * likes: also between two reads that the device makes (see watch.h). Where it does not, what is
 * taken must be what the plainest reading of the ring says; and no field is read twice.
 */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "guest_memory.h"
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

static int expect_take(const struct ring *ring)
{
	uint16_t idx = load16(ring->avail + 2);
	uint16_t waiting = (uint16_t)(idx - ring->vq.last_avail);

	expected.n_in = expected.n_out = 0;
	expected.in_size = expected.out_size = 0;
	expected_table_size = 0;
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

static void take(struct ring *ring)
{
	uint16_t before = ring->vq.last_avail;
	bool located = ring->vq.desc;
	int wanted = located ? expect_take(ring) : -EPROTO;
	int got;

	start_reading(ring->layout);
	got = virtq_take(&ring->vq, virtq_memory_table(ring->layout), &chain);
	stop_reading();
	insist(got == 0 || got == 1 || got == -EPROTO, "virtq_take() is %d", got);
	insist(ring->vq.last_avail == (uint16_t)(before + (got == 1)), "the index jumps");
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

	memcpy(before, virtq_memory, MEMORY_SIZE);
	virtq_give(&ring->vq, head, len);
	if (!ring->vq.desc)
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
		       (ring->vq.desc && load16(ring->avail + 2) != ring->vq.last_avail),
	       "whether there is more is not known");
}

/* ---- Steps ----------------------------------------------------------------------------------------------- */

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
	virtq_begin(vq);
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

	switch (step->kind % 13) {
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
	return 0;
}

/* The head: the table of regions, the ring's size, and features. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring ring = {.used = 0};
	struct step step;

	if (size < HEAD + sizeof(step))
		return -1;
	memset(virtq_memory, 0, MEMORY_SIZE);
	n_changes = 0;
	ring.layout = data[0] % LAYOUTS;
	ring.vq.event_idx = data[2] & 1;
	/* Where the indexes are before they wrap. */
	ring.vq.last_avail = data[2] & 2 ? UINT16_MAX - 1 : 0;
	locate(&ring, data[1] % 7, 0, 1024, 2048);
	store(ring.avail + 2, ring.vq.last_avail, 2);
	for (size_t at = HEAD; at + sizeof(step) <= size && at < HEAD + STEPS_MAX * sizeof(step);
	     at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		run_step(&ring, &step);
	}
	return 0;
}
