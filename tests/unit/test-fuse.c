/* SPDX-License-Identifier: BSD-3-Clause */
/* test-fuse.c - what is agreed on with a guest, and what goes over the wire. */
#include "helper.h"
#include <fsdax/fuse.h>

/* The flags of guests, as their kernels send them: see dax= in fuse_send_init(). */
#define DAX_INODE (FUSE_MAP_ALIGNMENT | FUSE_INIT_EXT | FUSE_HAS_INODE_DAX)
#define DAX_ALWAYS (FUSE_MAP_ALIGNMENT | FUSE_INIT_EXT)
#define DAX_NEVER FUSE_INIT_EXT

static void a_guest_that_asks_gets_per_inode_dax(void **state)
{
	struct fuse_init_out out = {.flags = FUSE_BIG_WRITES};
	struct fsdax_fuse_session session = fsdax_fuse_init(DAX_INODE, true, &out);

	(void)state;
	assert_true(session.window);
	assert_true(session.inode_dax);
	assert_int_equal(out.flags, FUSE_BIG_WRITES | FUSE_MAP_ALIGNMENT | FUSE_INIT_EXT);
	assert_int_equal(out.flags2, FUSE_HAS_INODE_DAX >> 32);
	assert_int_equal(out.flags2, 2);
	assert_int_equal(out.map_alignment, 12);
}

static void a_guest_with_dax_always_gets_a_window_only(void **state)
{
	struct fuse_init_out out = {0};
	struct fsdax_fuse_session session = fsdax_fuse_init(DAX_ALWAYS, true, &out);

	(void)state;
	assert_true(session.window);
	assert_false(session.inode_dax);
	assert_int_equal(out.flags, FUSE_MAP_ALIGNMENT);
	assert_int_equal(out.flags2, 0);
	assert_int_equal(out.map_alignment, 12);
}

static void without_a_window_nothing_is_promised(void **state)
{
	struct fuse_init_out out = {0};
	const struct fuse_init_out untouched = {0};
	struct fsdax_fuse_session session = fsdax_fuse_init(DAX_INODE, false, &out);

	(void)state;
	assert_false(session.window);
	assert_false(session.inode_dax);
	assert_memory_equal(&out, &untouched, sizeof(out));
	session = fsdax_fuse_init(DAX_NEVER | FUSE_HAS_INODE_DAX, true, &out);
	assert_false(session.window);
	assert_false(session.inode_dax);
	assert_memory_equal(&out, &untouched, sizeof(out));
}

static void a_guest_without_extended_flags_gets_no_per_inode_dax(void **state)
{
	struct fuse_init_out out = {0};
	struct fsdax_fuse_session session =
		fsdax_fuse_init(FUSE_MAP_ALIGNMENT | FUSE_HAS_INODE_DAX, true, &out);

	(void)state;
	assert_true(session.window);
	assert_false(session.inode_dax);
	assert_int_equal(out.flags2, 0);
}

static void the_upper_flags_count_only_if_they_were_sent(void **state)
{
	struct fuse_init_in in = {.flags = (uint32_t)FUSE_INIT_EXT | FUSE_MAP_ALIGNMENT,
				  .flags2 = 2};

	(void)state;
	assert_true(fsdax_fuse_init_flags(&in, true) == DAX_INODE);
	assert_true(fsdax_fuse_init_flags(&in, false) == DAX_ALWAYS);
	in.flags = FUSE_MAP_ALIGNMENT;
	assert_true(fsdax_fuse_init_flags(&in, true) == FUSE_MAP_ALIGNMENT);
}

static void only_a_regular_file_with_a_yes_is_flagged(void **state)
{
	const struct fsdax_fuse_session session = {true, true};
	const struct fsdax_decision yes = {.dax = true}, no = {.dax = false};

	(void)state;
	assert_int_equal(fsdax_fuse_attr_flags(&session, S_IFREG | 0644, &yes), FUSE_ATTR_DAX);
	assert_int_equal(fsdax_fuse_attr_flags(&session, S_IFREG | 0644, &no), 0);
	assert_int_equal(fsdax_fuse_attr_flags(&session, S_IFDIR | 0755, &yes), 0);
	assert_int_equal(fsdax_fuse_attr_flags(&session, S_IFLNK | 0777, &yes), 0);
}

static void nothing_is_flagged_that_was_not_agreed_on(void **state)
{
	const struct fsdax_fuse_session none = {false, false}, always = {true, false},
					odd = {false, true};
	const struct fsdax_decision yes = {.dax = true};

	(void)state;
	assert_int_equal(fsdax_fuse_attr_flags(&none, S_IFREG, &yes), 0);
	assert_int_equal(fsdax_fuse_attr_flags(&always, S_IFREG, &yes), 0);
	assert_int_equal(fsdax_fuse_attr_flags(&odd, S_IFREG, &yes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_asks_gets_per_inode_dax),
		cmocka_unit_test(a_guest_with_dax_always_gets_a_window_only),
		cmocka_unit_test(without_a_window_nothing_is_promised),
		cmocka_unit_test(a_guest_without_extended_flags_gets_no_per_inode_dax),
		cmocka_unit_test(the_upper_flags_count_only_if_they_were_sent),
		cmocka_unit_test(only_a_regular_file_with_a_yes_is_flagged),
		cmocka_unit_test(nothing_is_flagged_that_was_not_agreed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
