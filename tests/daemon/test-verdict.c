/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-verdict.c - which replies say that a file is DAX, and when that changes. On a real
 * folder, asked by FUSE requests. Needs root, and a host with a view (see view.h).
 */
#include <setjmp.h>
#include <stdarg.h>

#include "front_end.h"

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "inode.h"
#include "share.h"
#include "verdict.h"

#define NO_TAG "[tag]\nxattr = none\ninode-flag = no\n"
#define XATTR "user.fsdax"
#define TAGS "[tag]\nxattr = " XATTR "\ninode-flag = no\n"
#define LARGE NO_TAG "[rule large]\nsize = >= 32K\ndax = yes\n"

static struct client client;
static struct front_end front_end;

static atomic_uint n_decided;

/* Each decision begins with this one; what it goes on to ask for is not counted. */
int __real_fsdax_decide(const struct fsdax_cursor *cursor, const char *name, size_t len,
			const struct fsdax_facts *facts, unsigned int flags,
			struct fsdax_decision *decision, int *want);
int __wrap_fsdax_decide(const struct fsdax_cursor *cursor, const char *name, size_t len,
			const struct fsdax_facts *facts, unsigned int flags,
			struct fsdax_decision *decision, int *want);

int __wrap_fsdax_decide(const struct fsdax_cursor *cursor, const char *name, size_t len,
			const struct fsdax_facts *facts, unsigned int flags,
			struct fsdax_decision *decision, int *want)
{
	n_decided++;
	return __real_fsdax_decide(cursor, name, len, facts, flags, decision, want);
}

static void open_with(const char *policy)
{
	front_end_begin(&front_end, &client, policy);
}

static void done(void)
{
	front_end_done(&front_end, &client);
}

/* ---- What the tests do on the host ---------------------------------------------------------- */

/* Until decisions about what was just changed are kept. */
static void let_ctime_age(void)
{
	const struct timespec a_while = {.tv_nsec = 40 * 1000 * 1000};

	nanosleep(&a_while, NULL);
}

/* ---- What the guest is told ------------------------------------------------------------------- */

static bool lookup_in(uint64_t parent, const char *name, uint64_t *nodeid)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(&client, parent, name, &entry), 0);
	if (nodeid)
		*nodeid = entry.nodeid;
	return entry.attr.flags & FUSE_ATTR_DAX;
}

static bool lookup(const char *name)
{
	return lookup_in(FUSE_ROOT_ID, name, NULL);
}

static bool getattr(uint64_t nodeid)
{
	struct fuse_attr attr;

	assert_int_equal(client_getattr(&client, nodeid, &attr), 0);
	return attr.flags & FUSE_ATTR_DAX;
}

static struct verdict verdict_of(uint64_t nodeid)
{
	struct inode *inode = inode_get(client.share, nodeid);
	struct verdict verdict;

	assert_non_null(inode);
	verdict = inode->verdict;
	inode_put(client.share, inode);
	return verdict;
}

static void assert_unmappable(const char *name, enum unmappable why)
{
	uint64_t nodeid;

	assert_false(lookup_in(FUSE_ROOT_ID, name, &nodeid));
	assert_int_equal(verdict_of(nodeid).unmappable, why);
	assert_int_equal(verdict_of(nodeid).now.reason, FSDAX_REASON_UNMAPPABLE);
}

/* ---- By rules and tags -------------------------------------------------------------------------- */

static void a_rule_decides_by_size(void **state)
{
	(void)state;
	open_with(LARGE);
	client_put_size(&client, "small", 32767);
	client_put_size(&client, "large", 32768);
	assert_false(lookup("small"));
	assert_true(lookup("large"));
	done();
}

static void all_replies_agree(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_with(LARGE);
	client_put_size(&client, "large", 40000);
	assert_true(lookup_in(FUSE_ROOT_ID, "large", &nodeid));
	assert_true(getattr(nodeid));
	let_ctime_age();
	for (int i = 0; i < 3; i++)
		assert_true(getattr(nodeid));
	done();
}

static void a_decision_is_kept(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_with(TAGS "[rule large]\nsize = >= 32K\ndax = yes\n");
	client_put_size(&client, "large", 40000);
	assert_int_equal(linkat(client.dirfd, "large", client.dirfd, "link", 0), 0);
	client_put_size(&client, "small", 4000);
	client_put_size(&client, "other", 4000);
	let_ctime_age();
	lookup_in(FUSE_ROOT_ID, "large", &nodeid);
	assert_false(lookup("small"));
	assert_true(lookup("link"));
	n_decided = 0;
	assert_true(getattr(nodeid));
	assert_true(lookup("link"));
	assert_false(lookup("small"));
	assert_int_equal(n_decided, 0);
	/* A change elsewhere is none here. */
	verdict_tree_changed(client.share);
	assert_false(lookup("small"));
	assert_int_equal(n_decided, 0);
	/* One here is. */
	client_tag(&client, "small", XATTR, "yes");
	assert_true(lookup("small"));
	assert_true(n_decided > 0);
	done();
}

static void a_rule_decides_by_path(void **state)
{
	uint64_t models, deep;

	(void)state;
	open_with(NO_TAG "[rule models]\npath = /models/**/*.bin\ndax = yes\n");
	mkdirat(client.dirfd, "models", 0755);
	mkdirat(client.dirfd, "models/deep", 0755);
	client_put_size(&client, "models/deep/a.bin", 1);
	client_put_size(&client, "models/deep/a.txt", 1);
	client_put_size(&client, "a.bin", 1);
	models = client_nodeid(&client, FUSE_ROOT_ID, "models");
	deep = client_nodeid(&client, models, "deep");
	assert_true(lookup_in(deep, "a.bin", NULL));
	assert_false(lookup_in(deep, "a.txt", NULL));
	assert_false(lookup("a.bin"));
	done();
}

static void a_tag_beats_rules(void **state)
{
	(void)state;
	open_with(TAGS "[rule all]\nsize = >= 0\ndax = yes\n");
	client_put_size(&client, "no", 100000);
	client_put_size(&client, "none", 100000);
	client_tag(&client, "no", XATTR, "no");
	assert_false(lookup("no"));
	assert_true(lookup("none"));
	done();
}

static void a_folders_tag_holds_below(void **state)
{
	uint64_t dir, sub;

	(void)state;
	open_with(TAGS);
	mkdirat(client.dirfd, "dir", 0755);
	mkdirat(client.dirfd, "dir/sub", 0755);
	client_put_size(&client, "dir/sub/file", 5000);
	client_tag(&client, "dir", XATTR, "yes");
	dir = client_nodeid(&client, FUSE_ROOT_ID, "dir");
	sub = client_nodeid(&client, dir, "sub");
	assert_true(lookup_in(sub, "file", NULL));
	done();
}

static void folders_and_links_are_never_flagged(void **state)
{
	(void)state;
	open_with(TAGS "[policy]\ndefault = yes\n");
	mkdirat(client.dirfd, "dir", 0755);
	client_tag(&client, "dir", XATTR, "yes");
	assert_int_equal(symlinkat("dir", client.dirfd, "link"), 0);
	assert_false(lookup("dir"));
	assert_false(lookup("link"));
	assert_false(getattr(FUSE_ROOT_ID));
	done();
}

static void nothing_is_flagged_unless_negotiated(void **state)
{
	struct fuse_init_out out;

	(void)state;
	open_with(NO_TAG "[policy]\ndefault = yes\n");
	client_put_size(&client, "file", 5000);
	assert_int_equal(client_init(&client, UINT64_MAX & ~FUSE_HAS_INODE_DAX, &out), 0);
	assert_false(lookup("file"));
	assert_int_equal(client_init(&client, UINT64_MAX & ~(uint64_t)FUSE_MAP_ALIGNMENT, &out), 0);
	assert_false(lookup("file"));
	assert_int_equal(client_init(&client, UINT64_MAX, &out), 0);
	assert_true(lookup("file"));
	done();
}

/* ---- Names ---------------------------------------------------------------------------------------- */

static void of_several_names_no_wins(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_with(NO_TAG "[rule it]\npath = /*.yes\ndax = yes\n");
	client_put_size(&client, "a.yes", 5000);
	assert_int_equal(linkat(client.dirfd, "a.yes", client.dirfd, "b.yes", 0), 0);
	assert_int_equal(linkat(client.dirfd, "a.yes", client.dirfd, "c.no", 0), 0);
	assert_true(lookup_in(FUSE_ROOT_ID, "a.yes", &nodeid));
	assert_true(lookup("b.yes"));
	assert_false(lookup("c.no"));
	assert_false(lookup("a.yes"));
	assert_false(lookup("b.yes"));
	done();
}

/* A folder that the guest knows, below which all is yes once it is called "new". */
static uint64_t open_folder_to_be_new(void)
{
	uint64_t dir;

	open_with(NO_TAG "[rule it]\npath = /new/**\ndax = yes\n");
	mkdirat(client.dirfd, "old", 0755);
	client_put_size(&client, "old/file", 5000);
	let_ctime_age();
	dir = client_nodeid(&client, FUSE_ROOT_ID, "old");
	assert_false(lookup_in(dir, "file", NULL));
	return dir;
}

static void a_renamed_folders_files_follow(void **state)
{
	struct fuse_rename2_in in = {.newdir = FUSE_ROOT_ID};
	uint64_t dir;

	(void)state;
	dir = open_folder_to_be_new();
	assert_int_equal(client_call(&client, FUSE_RENAME2, FUSE_ROOT_ID, &in, sizeof(in), "old",
				     "new", NULL, 0),
			 0);
	assert_true(lookup_in(dir, "file", NULL));
	done();
}

static void a_folder_renamed_on_the_host_is_followed(void **state)
{
	uint64_t dir;

	(void)state;
	dir = open_folder_to_be_new();
	renameat(client.dirfd, "old", client.dirfd, "new");
	assert_int_equal(client_nodeid(&client, FUSE_ROOT_ID, "new"), dir);
	assert_true(lookup_in(dir, "file", NULL));
	done();
}

/* The guest sees that something has changed, but not yet what: then it finds the new name. */
static void a_folder_seen_before_its_new_name_is_followed(void **state)
{
	uint64_t dir;

	(void)state;
	dir = open_folder_to_be_new();
	renameat(client.dirfd, "old", client.dirfd, "new");
	let_ctime_age();
	getattr(dir);
	assert_int_equal(client_nodeid(&client, FUSE_ROOT_ID, "new"), dir);
	assert_true(lookup_in(dir, "file", NULL));
	done();
}

static void a_file_seen_before_its_new_name_is_followed(void **state)
{
	uint64_t nodeid;

	(void)state;
	open_with(NO_TAG "[rule it]\npath = /new\ndax = yes\n");
	client_put_size(&client, "old", 5000);
	assert_false(lookup_in(FUSE_ROOT_ID, "old", &nodeid));
	renameat(client.dirfd, "old", client.dirfd, "new");
	let_ctime_age();
	assert_false(getattr(nodeid));
	assert_true(lookup("new"));
	done();
}

static void a_folders_new_tag_is_seen(void **state)
{
	uint64_t dir;

	(void)state;
	open_with(TAGS);
	mkdirat(client.dirfd, "dir", 0755);
	client_put_size(&client, "dir/file", 5000);
	let_ctime_age();
	dir = client_nodeid(&client, FUSE_ROOT_ID, "dir");
	assert_false(lookup_in(dir, "file", NULL));
	client_tag(&client, "dir", XATTR, "yes");
	getattr(dir);
	assert_true(lookup_in(dir, "file", NULL));
	done();
}

static void the_roots_new_tag_is_seen(void **state)
{
	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	let_ctime_age();
	assert_false(lookup("file"));
	client_tag(&client, ".", XATTR, "yes");
	getattr(FUSE_ROOT_ID);
	assert_true(lookup("file"));
	done();
}

/* ---- Changes ---------------------------------------------------------------------------------------- */

static void a_file_that_is_not_open_changes_at_the_next_lookup(void **state)
{
	uint64_t before, after;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	assert_false(lookup_in(FUSE_ROOT_ID, "file", &before));
	client_tag(&client, "file", XATTR, "yes");
	assert_true(lookup_in(FUSE_ROOT_ID, "file", &after));
	assert_int_not_equal(before, after);
	/* As long as the guest knows the old one, that stays as it was. */
	assert_false(getattr(before));
	done();
}

static void a_file_that_is_open_changes_when_it_is_closed(void **state)
{
	uint64_t nodeid, same, fh, other;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	assert_false(lookup_in(FUSE_ROOT_ID, "file", &nodeid));
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_tag(&client, "file", XATTR, "yes");
	assert_false(getattr(nodeid));
	assert_false(lookup_in(FUSE_ROOT_ID, "file", &same));
	assert_int_equal(same, nodeid);
	assert_true(verdict_of(nodeid).pending);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &other), 0);
	client_release(&client, nodeid, other);
	client_release(&client, nodeid, fh);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), -ESTALE);
	assert_true(lookup_in(FUSE_ROOT_ID, "file", &same));
	assert_int_not_equal(same, nodeid);
	assert_int_equal(client_open_file(&client, same, O_RDONLY, &fh), 0);
	client_release(&client, same, fh);
	done();
}

static void a_change_that_waits_is_not_lost_when_others_change(void **state)
{
	uint64_t nodeid, fh;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	lookup_in(FUSE_ROOT_ID, "file", &nodeid);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_tag(&client, "file", XATTR, "yes");
	let_ctime_age();
	assert_false(getattr(nodeid));
	verdict_tree_changed(client.share);
	client_release(&client, nodeid, fh);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), -ESTALE);
	done();
}

static void what_is_taken_back_while_open_changes_nothing(void **state)
{
	uint64_t nodeid, fh;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	lookup_in(FUSE_ROOT_ID, "file", &nodeid);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_tag(&client, "file", XATTR, "yes");
	getattr(nodeid);
	client_tag(&client, "file", XATTR, "no");
	assert_false(getattr(nodeid));
	assert_false(verdict_of(nodeid).pending);
	client_release(&client, nodeid, fh);
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	client_release(&client, nodeid, fh);
	done();
}

static void a_new_policy_is_obeyed(void **state)
{
	(void)state;
	open_with(LARGE);
	client_put_size(&client, "file", 40000);
	let_ctime_age();
	assert_true(lookup("file"));
	front_end_policy(&client, NO_TAG);
	assert_false(lookup("file"));
	front_end_policy(&client, LARGE);
	assert_true(lookup("file"));
	done();
}

static void another_tag_of_a_new_policy_is_read(void **state)
{
	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 40000);
	setxattr(client_host_path(&client, "."), "user.other", "yes", 3, 0);
	let_ctime_age();
	assert_false(lookup("file"));
	front_end_policy(&client, "[tag]\nxattr = user.other\n");
	assert_true(lookup("file"));
	done();
}

/* ---- Sizes ------------------------------------------------------------------------------------------ */

static void assert_sticky(off_t first, off_t near, off_t far)
{
	bool flag;
	uint64_t nodeid;

	client_put_size(&client, "file", first);
	flag = lookup_in(FUSE_ROOT_ID, "file", &nodeid);
	client_put_size(&client, "file", near);
	assert_int_equal(lookup("file"), flag);
	assert_int_equal(fchmodat(client.dirfd, "file", 0600, 0), 0);
	assert_int_equal(lookup("file"), flag);
	assert_false(verdict_of(nodeid).pending);
	client_put_size(&client, "file", far);
	assert_int_equal(lookup("file"), !flag);
}

static void a_growing_file_is_sticky(void **state)
{
	(void)state;
	open_with(LARGE);
	assert_sticky(20000, 65535, 65536);
	done();
}

static void a_shrinking_file_is_sticky(void **state)
{
	(void)state;
	open_with(LARGE);
	assert_sticky(100000, 16384, 16383);
	done();
}

static void a_tag_is_not_sticky(void **state)
{
	(void)state;
	open_with(TAGS "[rule large]\nsize = >= 32K\ndax = yes\n");
	client_put_size(&client, "file", 30000);
	assert_false(lookup("file"));
	client_put_size(&client, "file", 34000);
	assert_false(lookup("file"));
	client_tag(&client, "file", XATTR, "yes");
	assert_true(lookup("file"));
	done();
}

/* ---- What can't be mapped ------------------------------------------------------------------------------ */

static void an_empty_file_is_no(void **state)
{
	(void)state;
	open_with(NO_TAG "[policy]\ndefault = yes\n");
	client_put_size(&client, "empty", 0);
	assert_unmappable("empty", UNMAPPABLE_EMPTY);
	client_put_size(&client, "empty", 1);
	assert_true(lookup("empty"));
	done();
}

static void set_attributes(const char *name, int attributes)
{
	int fd = openat(client.dirfd, name, O_RDONLY);

	assert_int_equal(ioctl(fd, _IOW('f', 2, long), &attributes), 0);
	close(fd);
}

static void an_immutable_file_is_no(void **state)
{
	(void)state;
	open_with(NO_TAG "[policy]\ndefault = yes\n");
	client_put_size(&client, "file", 5000);
	set_attributes("file", 0x10);
	assert_unmappable("file", UNMAPPABLE_IMMUTABLE);
	set_attributes("file", 0x20);
	assert_unmappable("file", UNMAPPABLE_IMMUTABLE);
	set_attributes("file", 0);
	assert_true(lookup("file"));
	done();
}

static void a_read_only_mount_is_no(void **state)
{
	char dir[512];

	(void)state;
	open_with(NO_TAG "[policy]\ndefault = yes\n");
	mkdirat(client.dirfd, "mnt", 0755);
	snprintf(dir, sizeof(dir), "%s", client_host_path(&client, "mnt"));
	assert_int_equal(mount("none", dir, "tmpfs", 0, NULL), 0);
	client_put_size(&client, "mnt/file", 5000);
	assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	{
		uint64_t mnt = client_nodeid(&client, FUSE_ROOT_ID, "mnt");
		uint64_t file;

		assert_false(lookup_in(mnt, "file", &file));
		assert_int_equal(verdict_of(file).unmappable, UNMAPPABLE_READONLY);
		assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT, NULL), 0);
		assert_true(lookup_in(mnt, "file", NULL));
	}
	client_init(&client, UINT64_MAX, &(struct fuse_init_out){0});
	umount2(dir, MNT_DETACH);
	done();
}

static void a_file_in_proc_is_no(void **state)
{
	char dir[512];
	uint64_t mnt, file;

	(void)state;
	open_with(NO_TAG "[policy]\ndefault = yes\n");
	mkdirat(client.dirfd, "mnt", 0755);
	snprintf(dir, sizeof(dir), "%s", client_host_path(&client, "mnt"));
	assert_int_equal(mount("none", dir, "sysfs", 0, NULL), 0);
	mnt = client_nodeid(&client, FUSE_ROOT_ID, "mnt");
	mnt = client_nodeid(&client, mnt, "kernel");
	mnt = client_nodeid(&client, mnt, "mm");
	mnt = client_nodeid(&client, mnt, "transparent_hugepage");
	assert_false(lookup_in(mnt, "enabled", &file));
	assert_int_equal(verdict_of(file).unmappable, UNMAPPABLE_FS);
	client_init(&client, UINT64_MAX, &(struct fuse_init_out){0});
	umount2(dir, MNT_DETACH);
	done();
}

static void an_unlinked_file_stays_as_it_was(void **state)
{
	uint64_t nodeid, fh;

	(void)state;
	open_with(LARGE);
	client_put_size(&client, "file", 40000);
	assert_true(lookup_in(FUSE_ROOT_ID, "file", &nodeid));
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	unlinkat(client.dirfd, "file", 0);
	assert_true(getattr(nodeid));
	assert_int_equal(
		client_call(&client, FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "file", NULL, NULL, 0),
		-ENOENT);
	assert_true(getattr(nodeid));
	client_release(&client, nodeid, fh);
	done();
}

static void a_replaced_file_is_not_taken_for_the_new_one(void **state)
{
	uint64_t nodeid, fh, other;

	(void)state;
	open_with(TAGS);
	client_put_size(&client, "file", 5000);
	assert_false(lookup_in(FUSE_ROOT_ID, "file", &nodeid));
	assert_int_equal(client_open_file(&client, nodeid, O_RDONLY, &fh), 0);
	assert_int_equal(linkat(client.dirfd, "file", client.dirfd, "kept", 0), 0);
	client_put_size(&client, "new", 5000);
	client_tag(&client, "new", XATTR, "yes");
	renameat(client.dirfd, "new", client.dirfd, "file");
	assert_false(getattr(nodeid));
	assert_false(verdict_of(nodeid).pending);
	assert_true(lookup_in(FUSE_ROOT_ID, "file", &other));
	assert_int_not_equal(other, nodeid);
	client_release(&client, nodeid, fh);
	done();
}

/* ---- Several queues ----------------------------------------------------------------------------- */

enum { N_TWINS = 4, N_NEW = 500 };

struct twin {
	struct client client; /* its own, of the same share */
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct fuse_entry_out *entries; /* N_NEW */
};

static void *look_all_up(void *data)
{
	struct twin *twin = data;
	char name[16];

	for (int i = 0; i < N_NEW; i++) {
		snprintf(name, sizeof(name), "%d", i);
		pthread_barrier_wait(twin->barrier);
		assert_int_equal(client_lookup(&twin->client, FUSE_ROOT_ID, name, &twin->entries[i]),
				 0);
	}
	return NULL;
}

/* Whoever comes first decides, and all others say the same. */
static void all_queues_tell_the_same(void **state)
{
	static struct fuse_entry_out entries[N_TWINS][N_NEW];
	struct twin twins[N_TWINS];
	pthread_barrier_t barrier;
	char name[16];

	(void)state;
	open_with(LARGE);
	for (int i = 0; i < N_NEW; i++) {
		snprintf(name, sizeof(name), "%d", i);
		client_put_size(&client, name, 65536);
	}
	let_ctime_age();
	pthread_barrier_init(&barrier, NULL, N_TWINS);
	for (int t = 0; t < N_TWINS; t++) {
		twins[t] = (struct twin){client, 0, &barrier, entries[t]};
		assert_int_equal(pthread_create(&twins[t].thread, NULL, look_all_up, &twins[t]), 0);
	}
	for (int t = 0; t < N_TWINS; t++)
		pthread_join(twins[t].thread, NULL);
	pthread_barrier_destroy(&barrier);
	for (int t = 0; t < N_TWINS; t++) {
		for (int i = 0; i < N_NEW; i++) {
			assert_int_equal(entries[t][i].nodeid, entries[0][i].nodeid);
			assert_int_equal(entries[t][i].attr.flags, FUSE_ATTR_DAX);
		}
	}
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_decides_by_size),
		cmocka_unit_test(all_replies_agree),
		cmocka_unit_test(a_decision_is_kept),
		cmocka_unit_test(a_rule_decides_by_path),
		cmocka_unit_test(a_tag_beats_rules),
		cmocka_unit_test(a_folders_tag_holds_below),
		cmocka_unit_test(folders_and_links_are_never_flagged),
		cmocka_unit_test(nothing_is_flagged_unless_negotiated),
		cmocka_unit_test(of_several_names_no_wins),
		cmocka_unit_test(a_renamed_folders_files_follow),
		cmocka_unit_test(a_folder_renamed_on_the_host_is_followed),
		cmocka_unit_test(a_folder_seen_before_its_new_name_is_followed),
		cmocka_unit_test(a_file_seen_before_its_new_name_is_followed),
		cmocka_unit_test(a_folders_new_tag_is_seen),
		cmocka_unit_test(the_roots_new_tag_is_seen),
		cmocka_unit_test(a_file_that_is_not_open_changes_at_the_next_lookup),
		cmocka_unit_test(a_file_that_is_open_changes_when_it_is_closed),
		cmocka_unit_test(a_change_that_waits_is_not_lost_when_others_change),
		cmocka_unit_test(what_is_taken_back_while_open_changes_nothing),
		cmocka_unit_test(a_new_policy_is_obeyed),
		cmocka_unit_test(another_tag_of_a_new_policy_is_read),
		cmocka_unit_test(a_growing_file_is_sticky),
		cmocka_unit_test(a_shrinking_file_is_sticky),
		cmocka_unit_test(a_tag_is_not_sticky),
		cmocka_unit_test(an_empty_file_is_no),
		cmocka_unit_test(an_immutable_file_is_no),
		cmocka_unit_test(a_read_only_mount_is_no),
		cmocka_unit_test(a_file_in_proc_is_no),
		cmocka_unit_test(an_unlinked_file_stays_as_it_was),
		cmocka_unit_test(a_replaced_file_is_not_taken_for_the_new_one),
		cmocka_unit_test(all_queues_tell_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
