/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-between.c - a request of another queue at each point of a request at which no lock is held,
 * one point after the other: what a race hits now and then.
 */
#include <setjmp.h>
#include <stdarg.h>

#include "front_end.h"

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "share.h"
#include "verdict.h"

/* A folder moves between "no" and "yes", and what the policy says of it is the name. */
#define BY_NAME                                  \
	"[tag]\nxattr = none\ninode-flag = no\n" \
	"[rule yes]\npath = /yes/**\ndax = yes\n[rule no]\npath = /no/**\ndax = no\n"

/* Both are yes, and nothing else. */
#define BOTH                                     \
	"[tag]\nxattr = none\ninode-flag = no\n" \
	"[rule both]\npath = /{yes,no}/**\ndax = yes\n"

/* For policies that differ in shape: these are yes in both, and "turns" only in the second. */
#define FIRST                                    \
	"[tag]\nxattr = none\ninode-flag = no\n" \
	"[rule folder]\npath = /no/**\ndax = yes\n[rule turns]\npath = turns\ndax = no\n"
#define SECOND                                                                        \
	"[tag]\nxattr = none\ninode-flag = no\n[policy]\ndefault = yes\n"             \
	"[rule small]\nsize = < 1K\ndax = no\n[rule other]\npath = other\ndax = no\n" \
	"[rule name]\npath = {file,turns}\ndax = yes\n"

static struct client client;
static struct client other; /* the same guest, by another queue */
static struct front_end front_end;
static uint64_t folder;
static bool dax; /* as told in between */

/* ---- Points ---------------------------------------------------------------------------------- */

/* Of the test's thread: how many locks it has, and what is to be done at which point from now. */
static _Thread_local int locked;
static _Thread_local unsigned points_left;
static _Thread_local void (*meanwhile)(void);

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
struct fsdax_policy *__real_fsdax_slot_get(struct fsdax_slot *slot);
struct fsdax_policy *__wrap_fsdax_slot_get(struct fsdax_slot *slot);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int err = __real_pthread_mutex_lock(mutex);

	locked++;
	return err;
}

static void pass(void)
{
	void (*now)(void) = meanwhile;

	if (locked || !now || points_left--)
		return;
	meanwhile = NULL;
	now();
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int err = __real_pthread_mutex_unlock(mutex);

	locked--;
	pass();
	return err;
}

/* The library's lock. */
struct fsdax_policy *__wrap_fsdax_slot_get(struct fsdax_slot *slot)
{
	struct fsdax_policy *policy = __real_fsdax_slot_get(slot);

	pass();
	return policy;
}

static void at_point(unsigned point, void (*now)(void))
{
	points_left = point;
	meanwhile = now;
}

/* Whether there was such a point. */
static bool was_there(void)
{
	const bool there = !meanwhile;

	meanwhile = NULL;
	return there;
}

/* ---- Requests ---------------------------------------------------------------------------------- */

static void begin(const char *policy)
{
	front_end_begin(&front_end, &client, policy);
	other = client;
	assert_int_equal(mkdirat(client.dirfd, "no", 0755), 0);
	client_put_size(&client, "no/file", 5000);
	folder = client_nodeid(&client, FUSE_ROOT_ID, "no");
}

static void move(const char *old, const char *new)
{
	struct fuse_rename2_in in = {.newdir = FUSE_ROOT_ID};

	assert_int_equal(
		client_call(&other, FUSE_RENAME2, FUSE_ROOT_ID, &in, sizeof(in), old, new, NULL, 0),
		0);
}

static void move_to_yes(void)
{
	move("no", "yes");
}

static bool look_up(struct client *queue)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(queue, folder, "file", &entry), 0);
	return entry.attr.flags & FUSE_ATTR_DAX;
}

static void look_up_meanwhile(void)
{
	dax = look_up(&client);
}

/* ---- Tests ------------------------------------------------------------------------------------- */

static void a_folder_is_renamed_during_a_lookup_below(void **state)
{
	unsigned point = 0;
	bool there;

	(void)state;
	begin(BY_NAME);
	do {
		at_point(point, move_to_yes);
		look_up(&client);
		there = was_there();
		if (!there)
			move_to_yes();
		assert_true(look_up(&client));
		move("yes", "no");
		point++;
	} while (there);
	assert_in_range(point, 4, 1000);
	front_end_done(&front_end, &client);
}

static void a_lookup_below_during_a_folders_rename(void **state)
{
	unsigned point = 0;
	bool there;

	(void)state;
	begin(BOTH);
	do {
		dax = true;
		at_point(point++, look_up_meanwhile);
		move(point % 2 ? "no" : "yes", point % 2 ? "yes" : "no");
		there = was_there();
		assert_true(dax);
	} while (there);
	assert_in_range(point, 4, 1000);
	front_end_done(&front_end, &client);
}

static bool turns(void)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(&client, folder, "turns", &entry), 0);
	return entry.attr.flags & FUSE_ATTR_DAX;
}

static void put_second(void)
{
	front_end_policy(&other, SECOND);
}

static void the_policy_is_replaced_during_a_lookup(void **state)
{
	unsigned point = 0;
	bool there;

	(void)state;
	begin(FIRST);
	client_put_size(&client, "no/turns", 5000);
	do {
		assert_false(turns());
		/* The same once more: so that nothing that was found by it is good. */
		front_end_policy(&other, FIRST);
		at_point(point++, put_second);
		assert_true(look_up(&client));
		there = was_there();
		if (!there)
			put_second();
		assert_true(turns());
		assert_true(look_up(&client));
		front_end_policy(&other, FIRST);
	} while (there);
	assert_in_range(point, 4, 1000);
	front_end_done(&front_end, &client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_is_renamed_during_a_lookup_below),
		cmocka_unit_test(a_lookup_below_during_a_folders_rename),
		cmocka_unit_test(the_policy_is_replaced_during_a_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
