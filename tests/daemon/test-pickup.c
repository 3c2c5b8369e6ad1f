/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-pickup.c - what the daemon says of a change (see control_pickup.c) when the guest's
 * requests come at the worst moment. The same is searched exhaustively in tests/model. Needs root,
 * and a host with a view.
 */
#include <setjmp.h>
#include <stdarg.h>

#include "front_end.h"

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "attr.h"
#include "control_internal.h"
#include "inode.h"
#include "share.h"
#include "verdict.h"

#define XATTR "user.fsdax"
#define TAGS "[tag]\nxattr = " XATTR "\ninode-flag = no\n"
#define LARGE "[tag]\nxattr = none\ninode-flag = no\n[rule large]\nsize = >= 32K\ndax = yes\n"
#define SIZE (1 << 20)

static struct client client;
static struct front_end front_end;
static struct control control;

/* ---- What comes in between ------------------------------------------------------------- */

static const struct statx *late; /* a reply is made from it right before the inode is looked at */
static unsigned int n_refused;	 /* so many descriptors are not to be had */

void __real_view_take(const struct control *c, struct inode *inode, struct view *view);
void __wrap_view_take(const struct control *c, struct inode *inode, struct view *view);

void __wrap_view_take(const struct control *c, struct inode *inode, struct view *view)
{
	if (late)
		verdict_flag(c->share, inode, late);
	__real_view_take(c, inode, view);
}

static atomic_int seconds_later; /* than it is */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = __real_clock_gettime(clock, now);

	now->tv_sec += seconds_later;
	return err;
}

int __real_inode_fd(struct share *share, struct inode *inode);
int __wrap_inode_fd(struct share *share, struct inode *inode);

int __wrap_inode_fd(struct share *share, struct inode *inode)
{
	if (!n_refused)
		return __real_inode_fd(share, inode);
	n_refused--;
	return -EMFILE;
}

static void (*before_entering)(void);

int __real_inode_fd_adopt(struct share *share, struct inode *inode, int fd);
int __wrap_inode_fd_adopt(struct share *share, struct inode *inode, int fd);

/* A LOOKUP has read the attributes, and the inode is not in the table yet. */
int __wrap_inode_fd_adopt(struct share *share, struct inode *inode, int fd)
{
	void (*run)(void) = before_entering;

	before_entering = NULL;
	if (run)
		run();
	return __real_inode_fd_adopt(share, inode, fd);
}

/* ---- A daemon, its guest, and an admin ------------------------------------------------- */

static void open_with(const char *policy)
{
	late = NULL;
	n_refused = 0;
	before_entering = NULL;
	front_end_begin(&front_end, &client, policy);
	control = (struct control){.share = client.share, .dir = client.dir};
}

static void done(void)
{
	front_end_done(&front_end, &client);
}

/* How many files are pending, by a question about one file or folder. */
static int64_t pending(const char *path)
{
	struct json_object *answer, *value;
	struct stat st;
	char words[64];
	int64_t n;

	assert_int_equal(lstat(client_host_path(&client, path), &st), 0);
	snprintf(words, sizeof(words), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	answer = control_pickup(&control, words);
	assert_true(json_object_object_get_ex(answer, "pending", &value));
	n = json_object_get_int64(value);
	json_object_put(answer);
	return n;
}

/* ---- Tests ------------------------------------------------------------------------------- */

/*
 * A reply that was made from old attributes comes between the decision about an inode and the look
 * at it. It takes the old decision for the right one, and so for nothing that is pending.
 */
static void a_late_reply_hides_no_holder(void **state)
{
	struct statx old;
	uint64_t nodeid, fh;

	(void)state;
	open_with(LARGE);
	client_put_size(&client, "file", SIZE);
	nodeid = client_nodeid(&client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(
		statx(client.dirfd, "file", AT_SYMLINK_NOFOLLOW, ATTR_STATX_MASK, &old), 0);
	assert_int_equal(truncate(client_host_path(&client, "file"), 0), 0);
	late = &old;
	assert_int_equal(pending("file"), 1);
	late = NULL;
	assert_int_equal(pending("file"), 1);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(pending("file"), 0);
	done();
}

/* FORGET has overtaken RELEASE. */
static void what_is_forgotten_and_open_is_held(void **state)
{
	uint64_t nodeid, fh;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", SIZE);
	client_tag(&client, "file", XATTR, "yes");
	nodeid = client_nodeid(&client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_forget(&client, nodeid, 1);
	client_tag(&client, "file", XATTR, "no");
	assert_int_equal(pending("file"), 1);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(pending("file"), 0);
	done();
}

/* A folder's tag counts for what is known below it, whether the guest still has the folder or not. */
static void a_forgotten_folder_stands_for_what_is_below(void **state)
{
	uint64_t folder, nodeid, fh;

	(void)state;
	open_with(TAGS);
	client_put_dir(&client, "folder");
	client_put_size(&client, "folder/file", SIZE);
	client_tag(&client, "folder", XATTR, "yes");
	folder = client_nodeid(&client, FUSE_ROOT_ID, "folder");
	nodeid = client_nodeid(&client, folder, "file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_forget(&client, folder, 1);
	client_tag(&client, "folder", XATTR, "no");
	assert_int_equal(pending("folder"), 1);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(pending("folder"), 0);
	done();
}

/* Nothing was decided for want of a descriptor: so nothing has been picked up. */
static void what_cannot_be_looked_at_now_is_pending(void **state)
{
	uint64_t nodeid, fh;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", SIZE);
	client_tag(&client, "file", XATTR, "yes");
	nodeid = client_nodeid(&client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_tag(&client, "file", XATTR, "no");
	n_refused = 1;
	assert_int_equal(pending("file"), 1);
	assert_int_equal(n_refused, 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(pending("file"), 0);
	done();
}

/* ---- Sent away, and back ------------------------------------------------------------------ */

static void tag(bool dax)
{
	client_tag(&client, "file", XATTR, dax ? "yes" : "no");
}

/* A file that is known as DAX, and is not to be any more: the guest is told to look again. */
static uint64_t open_stale(void)
{
	uint64_t nodeid, fh;

	open_with(TAGS);
	client_put_size(&client, "file", SIZE);
	tag(true);
	nodeid = client_nodeid(&client, FUSE_ROOT_ID, "file");
	tag(false);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), -ESTALE);
	return nodeid;
}

static uint64_t look_up(bool *dax)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(&client, FUSE_ROOT_ID, "file", &entry), 0);
	*dax = entry.attr.flags & FUSE_ATTR_DAX;
	return entry.nodeid;
}

/* For somebody who was sent away. */
static void wait_in_vain(void)
{
	seconds_later += 10;
}

/* However often the decision changes: a guest's kernel looks again once only. */
static void the_second_open_never_fails(void **state)
{
	bool now = false, dax;
	uint64_t nodeid, fh;

	(void)state;
	open_stale();
	for (int i = 0; i < 300; i++) {
		/* First whether the cached one is still good; then for good. */
		client_forget(&client, look_up(&dax), 1);
		nodeid = look_up(&dax);
		assert_int_equal(dax, now);
		now = !now;
		tag(now);
		assert_int_equal(pending("file"), 1);
		assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
		assert_int_equal(pending("file"), 1);
		assert_int_equal(client_release(&client, nodeid, fh), 0);
		assert_int_equal(pending("file"), 0);
		assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), -ESTALE);
	}
	done();
}

static void the_second_truncate_never_fails(void **state)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE};
	struct fuse_attr_out out;
	uint64_t nodeid;
	bool dax;

	(void)state;
	nodeid = open_stale();
	for (int i = 0; i < 100; i++) {
		in.size = SIZE + (uint64_t)i;
		assert_int_equal(client_send(&client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out,
					     sizeof(out)),
				 -ESTALE);
		nodeid = look_up(&dax);
		tag(i % 2 == 0);
		assert_int_equal(pending("file"), 1);
		assert_int_equal(client_send(&client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out,
					     sizeof(out)),
				 sizeof(out));
		/* What open_stale() sent away has never come. */
		if (i == 0)
			wait_in_vain();
		assert_int_equal(pending("file"), 0);
	}
	done();
}

/* Another who opens it meanwhile is not the one that was sent away. */
static void who_was_not_sent_away_is_not_awaited(void **state)
{
	uint64_t nodeid, fh;
	bool dax;

	(void)state;
	open_stale();
	nodeid = look_up(&dax);
	client.pid = 4711;
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	tag(true);
	assert_int_equal(pending("file"), 1);
	client.pid = 0;
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	assert_int_equal(pending("file"), 0);
	done();
}

/* It was killed, or the name is another's by now. */
static void who_never_comes_back_holds_nothing_for_long(void **state)
{
	uint64_t nodeid, fh;
	bool dax;

	(void)state;
	open_stale();
	nodeid = look_up(&dax);
	assert_false(dax);
	tag(true);
	assert_int_equal(pending("file"), 1);
	wait_in_vain();
	assert_int_equal(pending("file"), 0);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), -ESTALE);
	assert_int_not_equal(look_up(&dax), nodeid);
	assert_true(dax);
	done();
}

static void change_and_ask(void)
{
	tag(true);
	assert_int_equal(pending("file"), 0);
}

/* It was told that the change is picked up: so that is what is opened then. */
static void what_is_promised_is_not_older_than_an_answer(void **state)
{
	uint64_t nodeid, fh;
	bool dax;

	(void)state;
	open_stale();
	before_entering = change_and_ask;
	nodeid = look_up(&dax);
	assert_null(before_entering);
	assert_true(dax);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	done();
}

/* More than can be kept in mind: then the oldest are not awaited any more. */
static void the_awaited_are_bounded(void **state)
{
	uint64_t stale, nodeid, fh;
	bool dax;

	(void)state;
	stale = open_stale();
	for (client.pid = 1; client.pid < 5000; client.pid++)
		assert_int_equal(client_open_file(&client, stale, O_RDONLY, &fh), -ESTALE);
	nodeid = look_up(&dax);
	tag(true);
	assert_int_equal(pending("file"), 1);
	client.pid--;
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(client_release(&client, nodeid, fh), 0);
	wait_in_vain();
	assert_int_equal(pending("file"), 0);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_reply_hides_no_holder),
		cmocka_unit_test(what_is_forgotten_and_open_is_held),
		cmocka_unit_test(a_forgotten_folder_stands_for_what_is_below),
		cmocka_unit_test(what_cannot_be_looked_at_now_is_pending),
		cmocka_unit_test(the_second_open_never_fails),
		cmocka_unit_test(the_second_truncate_never_fails),
		cmocka_unit_test(who_was_not_sent_away_is_not_awaited),
		cmocka_unit_test(who_never_comes_back_holds_nothing_for_long),
		cmocka_unit_test(what_is_promised_is_not_older_than_an_answer),
		cmocka_unit_test(the_awaited_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
