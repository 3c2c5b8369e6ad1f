/* SPDX-License-Identifier: BSD-3-Clause */
/* test-inode.c - what the guest knows, by which nodeid, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse_client.h"
#include "inode.h"
#include "inode_table.h"
#include "share.h"

/* ---- Nodeids -------------------------------------------------------------------------- */

static void forged_nodeids_are_refused(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t good;

	client_put_file(client, "file", "x");
	good = client_nodeid(client, FUSE_ROOT_ID, "file");
	for (uint64_t slot = 0; slot < 5000; slot++) {
		for (uint64_t generation = 0; generation < 3; generation++) {
			uint64_t nodeid = generation << 32 | slot;

			if (nodeid == good || nodeid == FUSE_ROOT_ID)
				continue;
			assert_int_equal(client_getattr(client, nodeid, &attr), -ESTALE);
		}
	}
	assert_int_equal(client_getattr(client, UINT64_MAX, &attr), -ESTALE);
	assert_int_equal(client_getattr(client, good | 1ULL << 63, &attr), -ESTALE);
	assert_int_equal(client_getattr(client, good, &attr), 0);
}

static void a_forgotten_nodeid_is_never_given_again(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t first, second;

	client_put_file(client, "file", "x");
	first = client_nodeid(client, FUSE_ROOT_ID, "file");
	client_forget(client, first, 1);
	assert_int_equal(client_getattr(client, first, &attr), -ESTALE);
	second = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_not_equal(first, second);
	assert_int_equal(client_getattr(client, first, &attr), -ESTALE);
	assert_int_equal(client_getattr(client, second, &attr), 0);
}

static void lookups_are_counted(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t nodeid;

	client_put_file(client, "file", "x");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	for (int i = 0; i < 4; i++)
		assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "file"), nodeid);
	client_forget(client, nodeid, 4);
	assert_int_equal(client_getattr(client, nodeid, &attr), 0);
	client_forget(client, nodeid, 1);
	assert_int_equal(client_getattr(client, nodeid, &attr), -ESTALE);
	assert_int_equal(inode_count(client->share), 1);
}

static void too_many_forgets_do_no_harm(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t nodeid;

	client_put_file(client, "file", "x");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	client_forget(client, nodeid, UINT64_MAX);
	client_forget(client, nodeid, UINT64_MAX);
	client_forget(client, FUSE_ROOT_ID, UINT64_MAX);
	client_forget(client, 12345, 1);
	client_forget(client, 0, 1);
	assert_int_equal(inode_count(client->share), 1);
	assert_int_equal(client_getattr(client, FUSE_ROOT_ID, &attr), 0);
}

static void a_batch_is_as_long_as_what_was_sent(void **state)
{
	struct client *client = *state;
	struct {
		struct fuse_batch_forget_in head;
		struct fuse_forget_one one[2];
	} in = {.head = {.count = 50000000}};

	client_put_file(client, "a", "");
	client_put_file(client, "b", "");
	in.one[0] = (struct fuse_forget_one){client_nodeid(client, FUSE_ROOT_ID, "a"), 1};
	in.one[1] = (struct fuse_forget_one){client_nodeid(client, FUSE_ROOT_ID, "b"), 1};
	assert_int_equal(client_send(client, FUSE_BATCH_FORGET, 0, &in, sizeof(in), NULL, 0),
			 CLIENT_NO_REPLY);
	assert_int_equal(inode_count(client->share), 1);
}

static void a_folder_stays_as_long_as_it_is_above_something(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t dir, file;

	client_put_dir(client, "dir");
	client_put_file(client, "dir/file", "x");
	dir = client_nodeid(client, FUSE_ROOT_ID, "dir");
	file = client_nodeid(client, dir, "file");
	client_forget(client, dir, 1);
	assert_int_equal(inode_count(client->share), 3);
	/* But not for the guest, until it looks it up again. */
	assert_int_equal(client_getattr(client, dir, &attr), -ESTALE);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "dir"), dir);
	client_forget(client, dir, 1);
	client_forget(client, file, 1);
	assert_int_equal(inode_count(client->share), 1);
}

struct last_forget {
	struct client *client;
	uint64_t nodeid;
};

static void *forget_last(void *data)
{
	struct last_forget *last = data;

	client_forget(last->client, last->nodeid, 1);
	return NULL;
}

/* All at once, when the guest forgets what is deepest; on a stack too small for recursion. */
static void a_deep_tree_can_be_forgotten(void **state)
{
	enum { DEPTH = 1000, STACK = 128 << 10 };
	struct client *client = *state;
	struct last_forget last = {client, FUSE_ROOT_ID};
	uint64_t above[DEPTH];
	pthread_attr_t attr;
	pthread_t thread;
	char command[400];

	for (int i = 0; i < DEPTH; i++) {
		struct fuse_mkdir_in in = {.mode = 0755};
		struct fuse_entry_out entry;

		above[i] = last.nodeid;
		assert_int_equal(client_call(client, FUSE_MKDIR, last.nodeid, &in, sizeof(in), "d",
					     NULL, &entry, sizeof(entry)),
				 sizeof(entry));
		last.nodeid = entry.nodeid;
	}
	for (int i = 0; i < DEPTH; i++)
		client_forget(client, above[i], 1);
	assert_int_equal(inode_count(client->share), DEPTH + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	assert_int_equal(pthread_create(&thread, &attr, forget_last, &last), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(inode_count(client->share), 1);
	/* The teardown's nftw() would go too deep. */
	snprintf(command, sizeof(command), "rm -rf '%s/d'", client->dir);
	assert_int_equal(system(command), 0);
}

/* ---- Names ------------------------------------------------------------------------------ */

static void assert_path(struct client *client, uint64_t nodeid, const char *expected)
{
	struct inode *inode = inode_get(client->share, nodeid);
	char *path;

	assert_non_null(inode);
	path = inode_path(client->share, inode);
	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
	free(path);
	inode_put(client->share, inode);
}

static void paths_are_known(void **state)
{
	struct client *client = *state;
	uint64_t dir;

	client_put_dir(client, "dir");
	client_put_file(client, "dir/file", "x");
	assert_path(client, FUSE_ROOT_ID, "/");
	dir = client_nodeid(client, FUSE_ROOT_ID, "dir");
	assert_path(client, dir, "/dir");
	assert_path(client, client_nodeid(client, dir, "file"), "/dir/file");
}

/* Or a question about a thousand files far down would take a thousand times as many bytes. */
static void a_path_is_as_long_as_it_may_be(void **state)
{
	enum { NAME = NAME_MAX - 15, DEEP = PATH_MAX / (NAME + 1) };
	struct client *client = *state;
	char name[NAME + 1], path[PATH_MAX] = "";
	uint64_t nodeid = FUSE_ROOT_ID;
	int dir = dup(client->dirfd);

	memset(name, 'n', NAME);
	name[NAME] = '\0';
	for (int i = 0; i < DEEP + 3; i++) {
		int below;

		assert_int_equal(mkdirat(dir, name, 0755), 0);
		below = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = below;
		nodeid = client_nodeid(client, nodeid, name);
		if (i < DEEP)
			snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
		assert_path(client, nodeid, i < DEEP ? path : NULL);
	}
	close(dir);
	/* The teardown's nftw() would go too deep. */
	snprintf(path, sizeof(path), "rm -rf '%s/%s'", client->dir, name);
	assert_int_equal(system(path), 0);
}

static void hard_links_are_one_inode_with_several_names(void **state)
{
	struct client *client = *state;
	struct inode *inode;
	uint64_t nodeid;

	client_put_file(client, "one", "x");
	assert_int_equal(linkat(client->dirfd, "one", client->dirfd, "two", 0), 0);
	assert_int_equal(linkat(client->dirfd, "one", client->dirfd, "three", 0), 0);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "one");
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "two"), nodeid);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "one"), nodeid);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "three"), nodeid);
	inode = inode_get(client->share, nodeid);
	assert_string_equal(inode->name.name, "three");
	assert_int_equal(inode->n_others, 2);
	/* Of a name that has gone on the host, the next lookup of another tells. */
	assert_int_equal(unlinkat(client->dirfd, "two", 0), 0);
	assert_int_equal(unlinkat(client->dirfd, "three", 0), 0);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "one"), nodeid);
	assert_string_equal(inode->name.name, "one");
	assert_int_equal(inode->n_others, 0);
	inode_put(client->share, inode);
}

static int rename_to(struct client *client, uint64_t from, const char *name, uint64_t to,
		     const char *new_name, uint32_t flags)
{
	struct fuse_rename2_in in = {.newdir = to, .flags = flags};

	return client_call(client, FUSE_RENAME2, from, &in, sizeof(in), name, new_name, NULL, 0);
}

static void a_rename_moves_the_name(void **state)
{
	struct client *client = *state;
	uint64_t dir, file;

	client_put_dir(client, "dir");
	client_put_file(client, "file", "x");
	dir = client_nodeid(client, FUSE_ROOT_ID, "dir");
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "file", dir, "moved", 0), 0);
	assert_path(client, file, "/dir/moved");
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "dir", FUSE_ROOT_ID, "folder", 0), 0);
	assert_path(client, file, "/folder/moved");
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "gone", FUSE_ROOT_ID, "x", 0), -ENOENT);
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "folder", FUSE_ROOT_ID, "x", 0x80),
			 -EINVAL);
}

static void an_exchange_moves_both(void **state)
{
	struct client *client = *state;
	uint64_t a, b;

	client_put_file(client, "a", "x");
	client_put_file(client, "b", "x");
	a = client_nodeid(client, FUSE_ROOT_ID, "a");
	b = client_nodeid(client, FUSE_ROOT_ID, "b");
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "a", FUSE_ROOT_ID, "b", RENAME_EXCHANGE),
			 0);
	assert_path(client, a, "/b");
	assert_path(client, b, "/a");
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "a", FUSE_ROOT_ID, "b", RENAME_NOREPLACE),
			 -EEXIST);
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "a", FUSE_ROOT_ID, "b", 0), 0);
	assert_path(client, b, "/b");
	assert_path(client, a, NULL);
}

static void what_is_unlinked_has_no_name(void **state)
{
	struct client *client = *state;
	struct fuse_attr attr;
	uint64_t file;

	client_put_file(client, "file", "x");
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(
		client_call(client, FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "file", NULL, NULL, 0), 0);
	assert_path(client, file, NULL);
	assert_int_equal(client_getattr(client, file, &attr), 0);
	assert_int_equal(attr.nlink, 0);
}

/* Two folders change places on the host, and the guest learns of it in an unlucky order. */
static void no_folder_gets_above_itself(void **state)
{
	struct client *client = *state;
	uint64_t a, b;

	client_put_dir(client, "a");
	client_put_dir(client, "a/b");
	a = client_nodeid(client, FUSE_ROOT_ID, "a");
	b = client_nodeid(client, a, "b");
	assert_path(client, b, "/a/b");
	assert_int_equal(renameat(client->dirfd, "a/b", client->dirfd, "b"), 0);
	assert_int_equal(renameat(client->dirfd, "a", client->dirfd, "b/a"), 0);
	assert_int_equal(client_nodeid(client, b, "a"), a);
	assert_path(client, a, NULL);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "b"), b);
	assert_path(client, a, "/b/a");
	client_forget(client, a, 2);
	client_forget(client, b, 2);
	assert_int_equal(inode_count(client->share), 1);
}

/* Nor while it has no name, as it is in the middle of a rename. */
static void no_folder_is_renamed_above_itself(void **state)
{
	struct client *client = *state;
	uint64_t a, b;

	client_put_dir(client, "a");
	client_put_dir(client, "a/b");
	a = client_nodeid(client, FUSE_ROOT_ID, "a");
	b = client_nodeid(client, a, "b");
	assert_int_equal(renameat(client->dirfd, "a/b", client->dirfd, "b"), 0);
	assert_int_equal(rename_to(client, FUSE_ROOT_ID, "a", b, "a", 0), 0);
	assert_path(client, a, NULL);
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "b"), b);
	assert_path(client, a, "/b/a");
}

static void names_that_lead_out_are_refused(void **state)
{
	static const char *const names[] = {"..", ".", "", "../x", "dir/file", "/etc"};
	struct client *client = *state;
	struct fuse_mkdir_in in = {.mode = 0755};
	struct fuse_entry_out entry;
	uint64_t dir;

	client_put_dir(client, "dir");
	client_put_file(client, "dir/file", "x");
	dir = client_nodeid(client, FUSE_ROOT_ID, "dir");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(client_lookup(client, FUSE_ROOT_ID, names[i], &entry), -EINVAL);
		assert_int_equal(client_lookup(client, dir, names[i], &entry), -EINVAL);
		assert_int_equal(client_call(client, FUSE_MKDIR, dir, &in, sizeof(in), names[i],
					     NULL, &entry, sizeof(entry)),
				 -EINVAL);
		assert_int_equal(rename_to(client, FUSE_ROOT_ID, "dir", FUSE_ROOT_ID, names[i], 0),
				 -EINVAL);
	}
}

static void links_are_not_followed(void **state)
{
	struct client *client = *state;
	struct fuse_entry_out entry;
	char target[64];

	assert_int_equal(symlinkat("/etc", client->dirfd, "link"), 0);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "link", &entry), 0);
	assert_int_equal(entry.attr.mode & S_IFMT, S_IFLNK);
	assert_int_equal(client_send(client, FUSE_READLINK, entry.nodeid, NULL, 0, target, 64), 4);
	assert_memory_equal(target, "/etc", 4);
	assert_int_equal(client_lookup(client, entry.nodeid, "passwd", &entry), -ENOTDIR);
	assert_int_equal(client_send(client, FUSE_READLINK, FUSE_ROOT_ID, NULL, 0, target, 64),
			 -EINVAL);
}

/* ---- Retiring ----------------------------------------------------------------------------- */

static void a_retired_inode_makes_room_for_a_fresh_one(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {.valid = FATTR_SIZE};
	struct fuse_attr_out out;
	struct fuse_attr attr;
	struct inode *inode;
	uint64_t old, fresh;

	client_put_file(client, "file", "content");
	old = client_nodeid(client, FUSE_ROOT_ID, "file");
	inode = inode_get(client->share, old);
	inode_lock(client->share, inode);
	inode_retire(client->share, inode);
	inode_unlock(client->share, inode);
	assert_true(inode_is_retired(inode));
	inode_put(client->share, inode);
	fresh = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_not_equal(old, fresh);
	/* The old one answers, but for what has to go to the new one. */
	assert_int_equal(client_getattr(client, old, &attr), 0);
	assert_int_equal(client_send(client, FUSE_SETATTR, old, &in, sizeof(in), &out, sizeof(out)),
			 -ESTALE);
	assert_int_equal(
		client_send(client, FUSE_SETATTR, fresh, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	client_forget(client, old, 1);
	client_forget(client, fresh, 1);
	assert_int_equal(inode_count(client->share), 1);
}

/* ---- Descriptors ---------------------------------------------------------------------------- */

static unsigned int count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void without_handles_too_many_files_are_an_error_for_that_request(void **state)
{
	struct client *client = *state;
	struct rlimit limit, low;
	struct fuse_entry_out entry;
	uint64_t known[64];
	int n = 0, err = 0;

	for (int i = 0; i < 64; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		client_put_file(client, name, "x");
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = count_fds() + 20;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int i = 0; i < 64; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		err = client_lookup(client, FUSE_ROOT_ID, name, &entry);
		if (err)
			break;
		known[n++] = entry.nodeid;
	}
	assert_int_equal(err, -EMFILE);
	assert_int_equal(client_getattr(client, known[0], &entry.attr), 0);
	client_forget(client, known[0], 1);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "63", &entry), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Handles take a file system that has them, and a privilege. */
static void need_handles(struct client *client)
{
	struct inode *inode = inode_get(client->share, client_nodeid(client, FUSE_ROOT_ID, "0"));
	bool has = inode->handle;

	inode_put(client->share, inode);
	if (!has)
		skip();
}

static int setup_handles(void **state)
{
	static struct client client;
	struct rlimit limit, low;

	client_make(&client);
	client.settings.file_handles = HANDLES_PREFER;
	/* So that few descriptors are kept. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	client_open(&client);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	*state = &client;
	return 0;
}

/* So many of our descriptors are of files that have gone. */
static int count_deleted(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (len < 0)
			continue;
		target[len] = '\0';
		n += strstr(target, "/pinned (deleted)") != NULL;
	}
	closedir(dir);
	return n;
}

/* The mount has to be opened for handles; not by the file that was the first one. */
static void with_handles_the_first_file_can_be_removed(void **state)
{
	struct client *client = *state;
	uint64_t nodeid, other;

	client_put_file(client, "pinned", "content");
	client_put_file(client, "other", "content");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "pinned");
	other = client_nodeid(client, FUSE_ROOT_ID, "other");
	assert_int_equal(unlinkat(client->dirfd, "pinned", 0), 0);
	client_forget(client, nodeid, 1);
	assert_int_equal(count_deleted(), 0);
	client_forget(client, other, 1);
}

static void with_handles_any_number_of_inodes_takes_few_descriptors(void **state)
{
	enum { N = 1000 };
	struct client *client = *state;
	uint64_t nodeids[N];
	unsigned int before;

	client_put_file(client, "0", "");
	need_handles(client);
	before = count_fds();
	for (int i = 0; i < N; i++) {
		char name[16], content[16];

		snprintf(name, sizeof(name), "%d", i);
		memset(content, 'x', sizeof(content));
		content[i % 16] = '\0';
		client_put_file(client, name, content);
		nodeids[i] = client_nodeid(client, FUSE_ROOT_ID, name);
	}
	assert_true(count_fds() < before + 60);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			struct fuse_attr attr;
			char name[16];

			assert_int_equal(client_getattr(client, nodeids[i], &attr), 0);
			assert_int_equal(attr.size, i % 16);
			snprintf(name, sizeof(name), "%d", i);
			assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, name), nodeids[i]);
		}
	}
	assert_true(count_fds() < before + 60);
}

/* Files come and go on the host; where their numbers are used again, that must not fool us. */
static void a_number_that_is_used_again_is_another_inode(void **state)
{
	enum { N = 300 };
	struct client *client = *state;
	uint64_t nodeids[N];
	char name[16];

	client_put_file(client, "0", "");
	need_handles(client);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		client_put_file(client, name, "old");
		nodeids[i] = client_nodeid(client, FUSE_ROOT_ID, name);
	}
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(unlinkat(client->dirfd, name, 0), 0);
	}
	for (int i = 0; i < N; i++) {
		struct fuse_entry_out entry;

		snprintf(name, sizeof(name), "%d", i);
		client_put_file(client, name, "newer");
		assert_int_equal(client_lookup(client, FUSE_ROOT_ID, name, &entry), 0);
		for (int j = 0; j < N; j++)
			assert_int_not_equal(entry.nodeid, nodeids[j]);
		assert_int_equal(client_getattr(client, entry.nodeid, &entry.attr), 0);
		assert_int_equal(entry.attr.size, 5);
	}
}

static void no_descriptor_is_left_behind(void **state)
{
	struct client client;
	unsigned int before = count_fds();

	(void)state;
	for (int mode = HANDLES_NEVER; mode <= HANDLES_PREFER; mode++) {
		client_make(&client);
		client.settings.file_handles = (enum file_handles_mode)mode;
		client_open(&client);
		client_put_dir(&client, "dir");
		client_put_file(&client, "dir/file", "x");
		client_nodeid(&client, client_nodeid(&client, FUSE_ROOT_ID, "dir"), "file");
		client_free(&client);
		assert_int_equal(count_fds(), before);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, client_setup, client_teardown)
#define TEST_HANDLES(name) cmocka_unit_test_setup_teardown(name, setup_handles, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(forged_nodeids_are_refused),
		TEST(a_forgotten_nodeid_is_never_given_again),
		TEST(lookups_are_counted),
		TEST(too_many_forgets_do_no_harm),
		TEST(a_batch_is_as_long_as_what_was_sent),
		TEST(a_folder_stays_as_long_as_it_is_above_something),
		TEST(a_deep_tree_can_be_forgotten),
		TEST(paths_are_known),
		TEST(a_path_is_as_long_as_it_may_be),
		TEST(hard_links_are_one_inode_with_several_names),
		TEST(a_rename_moves_the_name),
		TEST(an_exchange_moves_both),
		TEST(what_is_unlinked_has_no_name),
		TEST(no_folder_gets_above_itself),
		TEST(no_folder_is_renamed_above_itself),
		TEST(names_that_lead_out_are_refused),
		TEST(links_are_not_followed),
		TEST(a_retired_inode_makes_room_for_a_fresh_one),
		TEST(without_handles_too_many_files_are_an_error_for_that_request),
		TEST_HANDLES(with_handles_the_first_file_can_be_removed),
		TEST_HANDLES(with_handles_any_number_of_inodes_takes_few_descriptors),
		TEST_HANDLES(a_number_that_is_used_again_is_another_inode),
		cmocka_unit_test(no_descriptor_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
