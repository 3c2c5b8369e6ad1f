/* SPDX-License-Identifier: BSD-3-Clause */
/* share_fixture.c - see share_fixture.h. */
#include "share_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "confined.h"
#include "insist.h"
#include "log.h"

static struct share *shares[FIXTURE_SHARES];
static struct settings all_settings[FIXTURE_SHARES];
static char tree_path[64], policy_path[64];
static int place, tree = -1, canary_fds[2];
static struct stat canary_dir, canary_file, place_dir;

#define MUST(call) insist((call) >= 0, "%s: %s", #call, strerror(errno))

/* ---- The tree ---------------------------------------------------------------------------- */

static void make_file(const char *name, const char *text, off_t size)
{
	int fd = openat(tree, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	MUST(ftruncate(fd, size));
	close(fd);
}

/* What is in the tree, folders before what is in them. */
struct entry {
	const char *name;
	mode_t type;
	off_t size;
	const char *text; /* or a link's target */
	struct stat made;
};

static char out_of_share[80];

static struct entry entries[] = {
	{"a", S_IFREG, 5000, "the file a", {0}}, {"b.dax", S_IFREG, 40000, "the file b", {0}},
	{"empty", S_IFREG, 0, "", {0}},		 {"d", S_IFDIR, 0, NULL, {0}},
	{"d/x", S_IFREG, 1, "x", {0}},		 {"d/y.dax", S_IFREG, 100000, "y", {0}},
	{"link", S_IFLNK, 1, "a", {0}},		 {"up", S_IFLNK, 9, "../canary", {0}},
	{"abs", S_IFLNK, 0, out_of_share, {0}},	 {"p", S_IFIFO, 0, NULL, {0}},
};

enum { N_ENTRIES = sizeof(entries) / sizeof(*entries) };

/* A second name of the first entry. */
static const char second_name[] = "h";

static void make_entry(struct entry *entry)
{
	switch (entry->type) {
	case S_IFREG: make_file(entry->name, entry->text, entry->size); break;
	case S_IFDIR: MUST(mkdirat(tree, entry->name, 0755)); break;
	case S_IFLNK: MUST(symlinkat(entry->text, tree, entry->name)); break;
	default: MUST(mknodat(tree, entry->name, entry->type | 0644, 0)); break;
	}
	if (entry == entries)
		MUST(linkat(tree, entry->name, tree, second_name, 0));
	MUST(fstatat(tree, entry->name, &entry->made, AT_SYMLINK_NOFOLLOW));
}

static void make_tree(void)
{
	snprintf(out_of_share, sizeof(out_of_share), "%s/../canary", tree_path);
	for (int i = 0; i < N_ENTRIES; i++)
		make_entry(&entries[i]);
}

static bool is_entry(const char *folder, const char *name)
{
	size_t len = strlen(folder);

	if (!len && !strcmp(name, second_name))
		return true;
	for (int i = 0; i < N_ENTRIES; i++) {
		if (!strncmp(entries[i].name, folder, len) && !strcmp(entries[i].name + len, name))
			return true;
	}
	return false;
}

static void remove_all(int fd, const char *keep);

static void remove_entry(int fd, const char *name)
{
	int child;

	if (!unlinkat(fd, name, 0) || errno == ENOENT)
		return;
	child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	MUST(child);
	remove_all(child, NULL);
	MUST(unlinkat(fd, name, AT_REMOVEDIR));
}

static void clear_xattrs(int fd)
{
	char names[4096];
	ssize_t size = flistxattr(fd, names, sizeof(names));

	for (ssize_t i = 0; i < size; i += (ssize_t)strlen(names + i) + 1)
		fremovexattr(fd, names + i);
}

/* All that is in a folder, which is closed; but for entries of the tree, in the folder `keep`. */
static void remove_all(int fd, const char *keep)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	insist(dir, "fdopendir: %s", strerror(errno));
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    (keep && is_entry(keep, entry->d_name)))
			continue;
		remove_entry(fd, entry->d_name);
	}
	if (keep)
		clear_xattrs(fd);
	closedir(dir);
}

static bool is_as_made(const struct entry *entry)
{
	const struct stat *was = &entry->made;
	struct stat now, second;

	if (fstatat(tree, entry->name, &now, AT_SYMLINK_NOFOLLOW) || now.st_ino != was->st_ino ||
	    now.st_mode != was->st_mode || now.st_uid != was->st_uid || now.st_gid != was->st_gid)
		return false;
	/* A folder's time tells of what is in it. */
	if (entry->type == S_IFDIR)
		return true;
	if (entry == entries && (fstatat(tree, second_name, &second, AT_SYMLINK_NOFOLLOW) ||
				 second.st_ino != now.st_ino))
		return false;
	return now.st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == was->st_ctim.tv_nsec && now.st_nlink == was->st_nlink &&
	       now.st_size == was->st_size;
}

static void tidy(const char *folder, const char *prefix)
{
	int fd = openat(tree, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	MUST(fd);
	remove_all(fd, prefix);
}

static void remove_changed(struct entry *entry)
{
	if (is_as_made(entry)) {
		if (entry->type == S_IFDIR)
			tidy(entry->name, "d/");
		return;
	}
	remove_entry(tree, entry->name);
	if (entry == entries)
		remove_entry(tree, second_name);
	entry->made.st_ino = 0;
}

void fixture_restore(void)
{
	MUST(fchmod(tree, 0755));
	MUST(fchown(tree, 0, 0));
	tidy(".", "");
	/* Any of them may have all the room that there is. */
	for (int i = 0; i < N_ENTRIES; i++)
		remove_changed(&entries[i]);
	for (int i = 0; i < N_ENTRIES; i++) {
		if (!entries[i].made.st_ino)
			make_entry(&entries[i]);
	}
}

int fixture_root(void)
{
	return tree;
}

/* ---- The canary -------------------------------------------------------------------------- */

static void make_canary(void)
{
	int fd;

	MUST(mkdirat(place, "canary", 0755));
	fd = openat(place, "canary/secret", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	MUST(fd);
	MUST(write(fd, FIXTURE_SECRET, strlen(FIXTURE_SECRET)));
	close(fd);
	canary_fds[0] = openat(place, "canary", O_PATH | O_CLOEXEC);
	canary_fds[1] = openat(place, "canary/secret", O_PATH | O_CLOEXEC);
	MUST(fstat(canary_fds[0], &canary_dir));
	MUST(fstat(canary_fds[1], &canary_file));
}

static bool is_same_canary(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_nlink == b->st_nlink && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void check_one(int fd, const char *name, const struct stat *was)
{
	struct stat now;

	insist(!fstat(fd, &now) && is_same_canary(&now, was),
	       "%s, outside of the share, was changed", name);
}

/* If one gets another name, or another one gets its name, the times of its folder change. */
void fixture_check(void)
{
	check_one(canary_fds[0], "canary", &canary_dir);
	check_one(canary_fds[1], "canary/secret", &canary_file);
	check_one(place, ".", &place_dir);
}

bool fixture_is_outside(uint64_t ino)
{
	return ino == canary_dir.st_ino || ino == canary_file.st_ino || ino == place_dir.st_ino;
}

/* ---- The shares -------------------------------------------------------------------------- */

static void make_policy(void)
{
	static const char text[] = "[policy]\ndefault = no\n"
				   "[tag]\nxattr = trusted.fsdax\ninode-flag = no\n"
				   "[rule dax]\npath = *.dax\nsize = >= 32K\ndax = yes\n"
				   "[rule marked]\nxattr = user.dax\ndax = yes\n";
	int fd = openat(place, "policy.ini", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	MUST(fd);
	MUST(write(fd, text, sizeof(text) - 1));
	close(fd);
}

/* Each option has one value in some of them, and another one in others. */
static void choose_settings(void)
{
	for (unsigned int i = 0; i < FIXTURE_SHARES; i++) {
		all_settings[i] = (struct settings){
			.shared_dir = tree_path,
			.tag = "fuzz",
			.socket_fd = -1,
			.policy = policy_path,
			.dax_window = 16 << 20,
			.cache = (enum cache_mode)i,
			.file_handles = i % 2 ? HANDLES_NEVER : HANDLES_PREFER,
			.sandbox = SANDBOX_NONE,
			.xattr = true,
			.posix_acl = i == 0,
			.posix_lock = i != 2,
			.flock = i != 2,
			.killpriv_v2 = i != 3,
			.request_queues = 1,
		};
	}
	all_settings[0].poll_us = 200;
	all_settings[1].writeback = true;
	all_settings[1].allow_direct_io = true;
	all_settings[1].preserve_noatime = true;
	all_settings[1].announce_submounts = true;
	all_settings[1].guest_tags = true;
	all_settings[2].policy = NULL;
	all_settings[2].policy_off = true;
	all_settings[2].dax_window = 0;
	all_settings[2].xattr = false;
	all_settings[2].no_readdirplus = true;
	all_settings[3].readonly = true;
}

static struct share *open_share(const struct settings *settings)
{
	struct share *share;
	int root_fd, proc_fd;

	insist(share_new(settings, &share) == 0, "no share");
	root_fd = open(tree_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	insist(share_open(share, root_fd, proc_fd) == 0, "the share is not to be opened");
	return share;
}

void fixture_begin(void)
{
	const char *path = confined_enter();

	log_start(LOG_LEVEL_OFF, false);
	umask(0);
	snprintf(tree_path, sizeof(tree_path), "%s/share", path);
	snprintf(policy_path, sizeof(policy_path), "%s/policy.ini", path);
	place = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(place);
	make_policy();
	make_canary();
	MUST(mkdirat(place, "share", 0755));
	MUST(fstatat(place, ".", &place_dir, 0));
	tree = openat(place, "share", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(tree);
	make_tree();
	choose_settings();
	for (unsigned int i = 0; i < FIXTURE_SHARES; i++)
		shares[i] = open_share(&all_settings[i]);
}

struct share *fixture_share(unsigned int i)
{
	return shares[i % FIXTURE_SHARES];
}
