/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-climb.c - a guest that tries to get out of the share by what it asks for, without a
 * sandbox to stop it: while somebody else keeps putting a link that leads outside in place of a
 * folder, and that folder outside. Calls pthread_create().
 *
 * All file systems but the test's own are read-only meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuse_client.h"
#include "share.h"

/* Below one tmpfs: share/ is shared, outside/ has the same names in it. */
struct scene {
	struct client client;
	int base_fd;
	atomic_bool stop;
	pthread_t thread;
	atomic_uint swaps;
};

static char base[] = "/tmp/fsdaxd-climb-XXXXXX";

static const char *seconds(void)
{
	const char *given = getenv("FSDAX_CLIMB_SECONDS");

	return given ? given : "2";
}

static void put(int dirfd, const char *path, const char *text)
{
	int fd = openat(dirfd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* In a mount namespace of the test's own. */
static void shield(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)), 0);
	assert_int_equal(mount("none", base, "tmpfs", 0, NULL), 0);
}

static int setup(void **state)
{
	static struct scene scene;
	struct client *client = &scene.client;

	shield();
	assert_int_equal(setenv("TMPDIR", base, 1), 0);
	scene.base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(scene.base_fd, "outside", 0755), 0);
	put(scene.base_fd, "outside/name", "outside");
	client_make(client);
	client->settings.xattr = true;
	assert_int_equal(mkdirat(client->dirfd, "folder", 0755), 0);
	put(client->dirfd, "folder/name", "inside");
	assert_int_equal(symlinkat("../outside", client->dirfd, "link"), 0);
	client_open(client);
	*state = &scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	client_free(&scene->client);
	close(scene->base_fd);
	umount2(base, MNT_DETACH);
	return 0;
}

/* ---- Who swaps ------------------------------------------------------------------------------ */

static void exchange(int from, const char *a, int to, const char *b)
{
	assert_int_equal(syscall(SYS_renameat2, from, a, to, b, RENAME_EXCHANGE), 0);
}

/* The folder and the link, over and over. */
static void *swap(void *data)
{
	struct scene *scene = data;
	int dir = scene->client.dirfd;

	while (!atomic_load(&scene->stop)) {
		exchange(dir, "folder", dir, "link");
		exchange(dir, "folder", dir, "link");
		atomic_fetch_add(&scene->swaps, 1);
	}
	return NULL;
}

static void begin_swapping(struct scene *scene)
{
	atomic_store(&scene->stop, false);
	assert_int_equal(pthread_create(&scene->thread, NULL, swap, scene), 0);
}

static void end_swapping(struct scene *scene)
{
	atomic_store(&scene->stop, true);
	pthread_join(scene->thread, NULL);
	assert_true(atomic_load(&scene->swaps) > 100);
}

/* ---- The guest -------------------------------------------------------------------------------- */

static int read_file(struct client *client, uint64_t nodeid, char text[16])
{
	struct fuse_open_in open = {.flags = O_RDONLY};
	struct fuse_open_out opened;
	struct fuse_read_in in = {.size = 15};
	struct fuse_release_in release = {0};
	int n = client_send(client, FUSE_OPEN, nodeid, &open, sizeof(open), &opened,
			    sizeof(opened));

	if (n < 0)
		return n;
	in.fh = release.fh = opened.fh;
	n = client_send(client, FUSE_READ, nodeid, &in, sizeof(in), text, 15);
	if (n >= 0)
		text[n] = '\0';
	client_send(client, FUSE_RELEASE, nodeid, &release, sizeof(release), NULL, 0);
	return n < 0 ? n : 0;
}

/* Down by two steps, as the guest's kernel goes. Whatever it comes to must be of the share. */
static void go_down(struct client *client, unsigned int *seen, unsigned int *links)
{
	struct fuse_entry_out folder, file;
	char text[16];

	if (client_lookup(client, FUSE_ROOT_ID, "folder", &folder) < 0)
		return;
	if (S_ISLNK(folder.attr.mode))
		++*links;
	if (client_lookup(client, folder.nodeid, "name", &file) >= 0) {
		if (read_file(client, file.nodeid, text) == 0) {
			assert_string_equal(text, "inside");
			++*seen;
		}
		client_forget(client, file.nodeid, 1);
	}
	client_forget(client, folder.nodeid, 1);
}

/* What acts on an inode acts on the link, and not on what it leads to. */
static void change_it(struct client *client)
{
	struct fuse_setattr_in in = {.valid = FATTR_MODE, .mode = 0700};
	struct fuse_attr_out out;
	struct fuse_entry_out entry;

	if (client_lookup(client, FUSE_ROOT_ID, "folder", &entry) < 0)
		return;
	client_send(client, FUSE_SETATTR, entry.nodeid, &in, sizeof(in), &out, sizeof(out));
	client_forget(client, entry.nodeid, 1);
}

static void a_link_that_is_swapped_in_leads_nowhere(void **state)
{
	struct scene *scene = *state;
	const time_t end = time(NULL) + atoi(seconds());
	unsigned int seen = 0, links = 0;
	struct stat st;

	begin_swapping(scene);
	while (time(NULL) < end) {
		for (int i = 0; i < 100; i++) {
			go_down(&scene->client, &seen, &links);
			change_it(&scene->client);
		}
	}
	end_swapping(scene);
	/* The race took place: both were met. */
	assert_true(seen > 10);
	assert_true(links > 10);
	assert_int_equal(fstatat(scene->base_fd, "outside", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

/* A folder that the guest knows is carried out of the share by the host, and back. */
static void dots_do_not_lead_out_of_a_folder_that_is_moved(void **state)
{
	struct scene *scene = *state;
	struct client *client = &scene->client;
	uint64_t folder = client_nodeid(client, FUSE_ROOT_ID, "folder");
	struct fuse_entry_out entry;

	assert_int_equal(renameat(client->dirfd, "folder", scene->base_fd, "moved"), 0);
	assert_int_equal(client_lookup(client, folder, "..", &entry), -EINVAL);
	assert_int_equal(client_lookup(client, folder, "../outside", &entry), -EINVAL);
	assert_int_equal(client_lookup(client, folder, "/etc", &entry), -EINVAL);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "..", &entry), -EINVAL);
	assert_int_equal(renameat(scene->base_fd, "moved", client->dirfd, "folder"), 0);
}

/* In /proc/self/fd, where the daemon looks for its own descriptors, a guest's link is just one. */
static void a_link_to_proc_is_not_followed(void **state)
{
	struct scene *scene = *state;
	struct client *client = &scene->client;
	struct fuse_entry_out entry, below;
	char target[64], text[64] = "";

	snprintf(target, sizeof(target), "/proc/self/fd/%d", scene->base_fd);
	assert_int_equal(symlinkat(target, client->dirfd, "magic"), 0);
	assert_true(client_lookup(client, FUSE_ROOT_ID, "magic", &entry) >= 0);
	assert_true(S_ISLNK(entry.attr.mode));
	assert_true(client_lookup(client, entry.nodeid, "outside", &below) < 0);
	assert_int_equal(read_file(client, entry.nodeid, text), -ENXIO);
	assert_int_equal(unlinkat(client->dirfd, "magic", 0), 0);
}

/* A number that the guest was never told, as of a handle that was made up. */
static void numbers_that_were_never_told_mean_nothing(void **state)
{
	struct scene *scene = *state;
	struct fuse_attr attr;

	for (uint64_t nodeid = 1000; nodeid; nodeid <<= 1)
		assert_true(client_getattr(&scene->client, nodeid, &attr) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_is_swapped_in_leads_nowhere),
		cmocka_unit_test(dots_do_not_lead_out_of_a_folder_that_is_moved),
		cmocka_unit_test(a_link_to_proc_is_not_followed),
		cmocka_unit_test(numbers_that_were_never_told_mean_nothing),
	};

	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 0;
	}
	/* The folder is removed by somebody for whom nothing is read-only. */
	assert_non_null(mkdtemp(base));
	pid = fork();
	if (pid == 0)
		return cmocka_run_group_tests(tests, setup, teardown);
	if (waitpid(pid, &status, 0) != pid)
		status = -1;
	rmdir(base);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
