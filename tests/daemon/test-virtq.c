/* SPDX-License-Identifier: BSD-3-Clause */
/* test-virtq.c - chains of descriptors, sound and hostile, in memory like a guest's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest_memory.h"
#include "inflight.h"
#include "virtq.h"

/*
 * Two regions of 64 KiB, next to each other for the guest, apart for us. The front-end has
 * them at other addresses than the guest, so that a mix-up shows.
 */
enum { REGION = 65536, GUEST = 0x100000, USER = 0x7f0000000, SIZE = 8 };
enum { DESC_AT = 0, AVAIL_AT = 4096, USED_AT = 8192, INDIRECT_AT = 12288, DATA_AT = 16384 };

struct guest {
	unsigned char *bytes; /* of the first region */
	struct guest_memory *memory;
	struct virtq vq;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct chain chain;
};

static int setup(void **state)
{
	static struct guest guest;
	int fds[2] = {memfd_create("first", 0), memfd_create("second", 0)};
	struct vhost_memory_region regions[2] = {
		{GUEST, REGION, USER, 0},
		{GUEST + REGION, REGION, USER + 16ull * REGION, 4096},
	};

	memset(&guest, 0, sizeof(guest));
	assert_int_equal(ftruncate(fds[0], REGION), 0);
	assert_int_equal(ftruncate(fds[1], REGION + 4096), 0);
	assert_int_equal(guest_memory_new(regions, fds, 2, NULL, &guest.memory), 0);
	guest.bytes = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	assert_ptr_not_equal(guest.bytes, MAP_FAILED);
	close(fds[0]);
	close(fds[1]);
	guest.desc = (struct vring_desc *)(guest.bytes + DESC_AT);
	guest.avail = (struct vring_avail *)(guest.bytes + AVAIL_AT);
	guest.used = (struct vring_used *)(guest.bytes + USED_AT);
	guest.vq = (struct virtq){
		.size = SIZE,
		.desc_user = USER + DESC_AT,
		.avail_user = USER + AVAIL_AT,
		.used_user = USER + USED_AT,
	};
	assert_true(virtq_locate(&guest.vq, guest.memory));
	virtq_begin(&guest.vq);
	*state = &guest;
	return 0;
}

static int teardown(void **state)
{
	struct guest *guest = *state;

	munmap(guest->bytes, REGION);
	guest_memory_unref(guest->memory);
	return 0;
}

static void put_desc(struct guest *guest, int i, uint64_t addr, uint32_t len, uint16_t flags,
		     uint16_t next)
{
	guest->desc[i] = (struct vring_desc){addr, len, flags, next};
}

static void offer(struct guest *guest, uint16_t head)
{
	guest->avail->ring[guest->avail->idx % SIZE] = head;
	guest->avail->idx++;
}

static int take(struct guest *guest)
{
	return virtq_take(&guest->vq, guest->memory, &guest->chain);
}

static void an_empty_queue_has_nothing(void **state)
{
	struct guest *guest = *state;

	assert_int_equal(take(guest), 0);
	assert_false(virtq_has_more(&guest->vq));
}

static void a_chain_has_what_is_read_before_what_is_written(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 3, GUEST + DATA_AT, 40, VRING_DESC_F_NEXT, 5);
	put_desc(guest, 5, GUEST + DATA_AT + 100, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	put_desc(guest, 1, GUEST + DATA_AT + 200, 4096, VRING_DESC_F_WRITE, 0);
	offer(guest, 3);
	assert_true(virtq_has_more(&guest->vq));
	assert_int_equal(take(guest), 1);
	assert_int_equal(guest->chain.head, 3);
	assert_int_equal(guest->chain.n_in, 1);
	assert_int_equal(guest->chain.n_out, 2);
	assert_int_equal(guest->chain.in_size, 40);
	assert_int_equal(guest->chain.out_size, 16 + 4096);
	guest->bytes[DATA_AT] = 77;
	assert_int_equal(*(unsigned char *)guest->chain.iov[0].iov_base, 77);
	assert_int_equal(take(guest), 0);
}

static void a_buffer_may_lie_in_two_regions(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + REGION - 10, 30, 0, 0);
	offer(guest, 0);
	assert_int_equal(take(guest), 1);
	assert_int_equal(guest->chain.n_in, 2);
	assert_int_equal(guest->chain.iov[0].iov_len, 10);
	assert_int_equal(guest->chain.iov[1].iov_len, 20);
}

static void an_indirect_table_is_followed(void **state)
{
	struct guest *guest = *state;
	struct vring_desc *table = (struct vring_desc *)(guest->bytes + INDIRECT_AT);

	table[0] = (struct vring_desc){GUEST + DATA_AT, 8, VRING_DESC_F_NEXT, 1};
	table[1] = (struct vring_desc){GUEST + DATA_AT + 8, 24, VRING_DESC_F_WRITE, 0};
	put_desc(guest, 2, GUEST + INDIRECT_AT, 32, VRING_DESC_F_INDIRECT, 0);
	offer(guest, 2);
	assert_int_equal(take(guest), 1);
	assert_int_equal(guest->chain.head, 2);
	assert_int_equal(guest->chain.n_in, 1);
	assert_int_equal(guest->chain.n_out, 1);
}

/* Each of these is what a hostile guest may send; all must be refused, and nothing taken. */
static void assert_refused(struct guest *guest, uint16_t head)
{
	uint16_t before = guest->vq.last_avail;

	offer(guest, head);
	assert_int_equal(take(guest), -EPROTO);
	assert_int_equal(guest->vq.last_avail, before);
}

static void a_loop_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + DATA_AT, 8, VRING_DESC_F_NEXT, 1);
	put_desc(guest, 1, GUEST + DATA_AT, 8, VRING_DESC_F_NEXT, 0);
	assert_refused(guest, 0);
}

static void a_loop_of_empty_buffers_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + DATA_AT, 0, VRING_DESC_F_NEXT, 0);
	assert_refused(guest, 0);
}

static void a_head_beyond_the_ring_is_refused(void **state)
{
	assert_refused(*state, SIZE);
}

static void a_next_beyond_the_ring_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + DATA_AT, 8, VRING_DESC_F_NEXT, SIZE);
	assert_refused(guest, 0);
}

static void an_address_outside_memory_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST - 1, 8, 0, 0);
	assert_refused(guest, 0);
}

static void a_buffer_that_ends_outside_memory_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + 2 * REGION - 4, 8, 0, 0);
	assert_refused(guest, 0);
}

static void a_length_that_wraps_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, UINT64_MAX - 3, 8, 0, 0);
	assert_refused(guest, 0);
}

static void reading_after_writing_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + DATA_AT, 8, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	put_desc(guest, 1, GUEST + DATA_AT, 8, 0, 0);
	assert_refused(guest, 0);
}

static void an_indirect_table_within_one_is_refused(void **state)
{
	struct guest *guest = *state;
	struct vring_desc *table = (struct vring_desc *)(guest->bytes + INDIRECT_AT);

	table[0] = (struct vring_desc){GUEST + INDIRECT_AT, 16, VRING_DESC_F_INDIRECT, 0};
	put_desc(guest, 0, GUEST + INDIRECT_AT, 16, VRING_DESC_F_INDIRECT, 0);
	assert_refused(guest, 0);
}

static void an_indirect_table_of_an_odd_length_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + INDIRECT_AT, 17, VRING_DESC_F_INDIRECT, 0);
	assert_refused(guest, 0);
}

static void an_indirect_table_over_two_regions_is_refused(void **state)
{
	struct guest *guest = *state;

	put_desc(guest, 0, GUEST + REGION - 16, 32, VRING_DESC_F_INDIRECT, 0);
	assert_refused(guest, 0);
}

static void an_index_that_runs_ahead_is_refused(void **state)
{
	struct guest *guest = *state;

	guest->avail->idx = SIZE + 1;
	assert_int_equal(take(guest), -EPROTO);
}

static void indexes_wrap_around(void **state)
{
	struct guest *guest = *state;

	guest->vq.last_avail = guest->avail->idx = UINT16_MAX;
	guest->vq.used = guest->vq.notified = guest->used->idx = UINT16_MAX;
	put_desc(guest, 0, GUEST + DATA_AT, 8, 0, 0);
	guest->avail->ring[UINT16_MAX % SIZE] = 0;
	guest->avail->idx = 0;
	assert_int_equal(take(guest), 1);
	assert_int_equal(take(guest), 0);
	virtq_give(&guest->vq, 0, 5);
	assert_int_equal(guest->used->idx, 0);
	assert_int_equal(guest->used->ring[UINT16_MAX % SIZE].len, 5);
}

static void a_guest_is_called_unless_it_says_no(void **state)
{
	struct guest *guest = *state;

	assert_false(virtq_wants_call(&guest->vq));
	virtq_give(&guest->vq, 1, 0);
	assert_true(virtq_wants_call(&guest->vq));
	assert_false(virtq_wants_call(&guest->vq));
	guest->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	virtq_give(&guest->vq, 1, 0);
	assert_false(virtq_wants_call(&guest->vq));
}

static void with_event_idx_a_guest_is_called_when_it_said(void **state)
{
	struct guest *guest = *state;

	guest->vq.event_idx = true;
	guest->avail->ring[SIZE] = 1; /* when the second has been given back */
	virtq_give(&guest->vq, 1, 0);
	assert_false(virtq_wants_call(&guest->vq));
	virtq_give(&guest->vq, 1, 0);
	assert_true(virtq_wants_call(&guest->vq));
}

/* ---- A daemon that dies ------------------------------------------------------------------ */

static struct guest_memory *keep(struct guest *guest)
{
	struct guest_memory *memory;
	int fd;

	assert_int_equal(inflight_new(1, SIZE, &memory, &fd), 0);
	close(fd);
	guest->vq.inflight = inflight_queue(memory, 0, SIZE);
	guest->vq.inflight_size = SIZE;
	assert_int_equal(virtq_begin(&guest->vq), 0);
	for (unsigned int i = 0; i < SIZE; i++)
		put_desc(guest, i, GUEST + DATA_AT, 8, 0, 0);
	return memory;
}

/* The next one knows the ring's place alone. */
static void die(struct guest *guest)
{
	struct virtq old = guest->vq;

	guest->vq = (struct virtq){
		.size = SIZE,
		.desc_user = old.desc_user,
		.avail_user = old.avail_user,
		.used_user = old.used_user,
		.last_avail = guest->used->idx,
		.inflight = old.inflight,
		.inflight_size = old.inflight_size,
	};
	virtq_end(&old);
	assert_true(virtq_locate(&guest->vq, guest->memory));
	assert_int_equal(virtq_begin(&guest->vq), 0);
}

static void assert_taken(struct guest *guest, uint16_t head)
{
	assert_int_equal(take(guest), 1);
	assert_int_equal(guest->chain.head, head);
}

static void what_a_daemon_owed_is_taken_again(void **state)
{
	struct guest *guest = *state;
	struct guest_memory *memory = keep(guest);

	offer(guest, 5);
	offer(guest, 2);
	offer(guest, 7);
	offer(guest, 3);
	assert_taken(guest, 5);
	assert_taken(guest, 2);
	assert_taken(guest, 7);
	virtq_give(&guest->vq, 2, 0);
	die(guest);
	assert_true(virtq_has_more(&guest->vq));
	assert_taken(guest, 5);
	/* Once more, with one of them taken. */
	die(guest);
	assert_taken(guest, 7);
	assert_taken(guest, 5);
	assert_taken(guest, 3);
	assert_int_equal(take(guest), 0);
	assert_false(virtq_has_more(&guest->vq));
	virtq_give(&guest->vq, 5, 0);
	virtq_give(&guest->vq, 7, 0);
	virtq_give(&guest->vq, 3, 0);
	assert_int_equal(guest->used->idx, 4);
	die(guest);
	assert_int_equal(take(guest), 0);
	offer(guest, 1);
	assert_taken(guest, 1);
	virtq_end(&guest->vq);
	guest_memory_unref(memory);
}

/* It had given it back, and had no time to note that. */
static void what_was_given_back_is_not_taken_again(void **state)
{
	struct guest *guest = *state;
	struct guest_memory *memory = keep(guest);

	offer(guest, 5);
	offer(guest, 6);
	assert_taken(guest, 5);
	assert_taken(guest, 6);
	virtq_give(&guest->vq, 6, 0);
	guest->vq.inflight->descs[6].inflight = 1;
	guest->vq.inflight->used_idx--;
	die(guest);
	assert_taken(guest, 5);
	assert_int_equal(take(guest), 0);
	virtq_end(&guest->vq);
	guest_memory_unref(memory);
}

static void notes_that_make_no_sense_do_no_harm(void **state)
{
	struct guest *guest = *state;
	struct guest_memory *memory = keep(guest);

	memset(guest->vq.inflight->descs, 0xff, SIZE * sizeof(struct inflight_desc));
	guest->vq.inflight->last_batch_head = UINT16_MAX;
	guest->vq.inflight->used_idx = 12345;
	die(guest);
	for (unsigned int i = 0; i < SIZE; i++)
		assert_int_equal(take(guest), 1);
	virtq_end(&guest->vq);
	guest_memory_unref(memory);
}

static void a_ring_outside_memory_is_not_located(void **state)
{
	struct guest *guest = *state;
	struct virtq vq = guest->vq;

	vq.used_user = USER + REGION - 8;
	assert_false(virtq_locate(&vq, guest->memory));
	assert_int_equal(virtq_take(&vq, guest->memory, &guest->chain), -EPROTO);
}

static void a_region_beyond_its_file_is_refused(void **state)
{
	struct vhost_memory_region region = {GUEST, REGION, USER, 1};
	struct guest_memory *memory;
	int fd = memfd_create("short", 0);

	(void)state;
	assert_int_equal(ftruncate(fd, REGION), 0);
	assert_int_equal(guest_memory_new(&region, &fd, 1, NULL, &memory), -EINVAL);
	region.mmap_offset = UINT64_MAX;
	assert_int_equal(guest_memory_new(&region, &fd, 1, NULL, &memory), -EINVAL);
	close(fd);
}

static void a_region_that_stays_is_not_mapped_again(void **state)
{
	struct vhost_memory_region region = {GUEST, REGION, USER, 0};
	struct guest_memory *before, *after;
	int fd = memfd_create("same", 0);
	uint64_t len = 1;

	(void)state;
	assert_int_equal(ftruncate(fd, REGION), 0);
	assert_int_equal(guest_memory_new(&region, &fd, 1, NULL, &before), 0);
	assert_int_equal(guest_memory_new(&region, &fd, 1, before, &after), 0);
	assert_ptr_equal(guest_memory_at(before, GUEST, &len), guest_memory_at(after, GUEST, &len));
	guest_memory_unref(before);
	*(char *)guest_memory_at(after, GUEST, &len) = 1; /* it is there still */
	guest_memory_unref(after);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_queue_has_nothing),
		TEST(a_chain_has_what_is_read_before_what_is_written),
		TEST(a_buffer_may_lie_in_two_regions),
		TEST(an_indirect_table_is_followed),
		TEST(a_loop_is_refused),
		TEST(a_loop_of_empty_buffers_is_refused),
		TEST(a_head_beyond_the_ring_is_refused),
		TEST(a_next_beyond_the_ring_is_refused),
		TEST(an_address_outside_memory_is_refused),
		TEST(a_buffer_that_ends_outside_memory_is_refused),
		TEST(a_length_that_wraps_is_refused),
		TEST(reading_after_writing_is_refused),
		TEST(an_indirect_table_within_one_is_refused),
		TEST(an_indirect_table_of_an_odd_length_is_refused),
		TEST(an_indirect_table_over_two_regions_is_refused),
		TEST(an_index_that_runs_ahead_is_refused),
		TEST(indexes_wrap_around),
		TEST(a_guest_is_called_unless_it_says_no),
		TEST(with_event_idx_a_guest_is_called_when_it_said),
		TEST(what_a_daemon_owed_is_taken_again),
		TEST(what_was_given_back_is_not_taken_again),
		TEST(notes_that_make_no_sense_do_no_harm),
		TEST(a_ring_outside_memory_is_not_located),
		TEST(a_region_beyond_its_file_is_refused),
		TEST(a_region_that_stays_is_not_mapped_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
