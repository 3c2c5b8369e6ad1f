/* SPDX-License-Identifier: BSD-3-Clause */
/* local_mount.c - see local_mount.h. */
#include "local_mount.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 16 };

static void make_folders(struct local_mount *mount)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(mount->base, sizeof(mount->base), "%s/fsdaxd-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(mount->base));
	assert_int_equal(chmod(mount->base, 0755), 0);
	snprintf(mount->share, sizeof(mount->share), "%s/share", mount->base);
	snprintf(mount->mnt, sizeof(mount->mnt), "%s/mnt", mount->base);
	assert_int_equal(mkdir(mount->share, 0755), 0);
	assert_int_equal(mkdir(mount->mnt, 0755), 0);
}

static bool is_mounted(const struct local_mount *mount)
{
	struct stat above, at;

	assert_int_equal(stat(mount->base, &above), 0);
	return stat(mount->mnt, &at) == 0 && at.st_dev != above.st_dev;
}

/* Only an end to a hang: what is waited for comes in some milliseconds. */
static void wait_until_mounted(const struct local_mount *mount)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	for (int i = 0; i < 6000; i++) {
		if (is_mounted(mount))
			return;
		assert_int_equal(waitpid(mount->daemon, NULL, WNOHANG), 0);
		nanosleep(&pause, NULL);
	}
	fail_msg("%s was not mounted", mount->mnt);
}

bool local_mount_possible(void)
{
	if (getenv("FSDAXD") && geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0)
		return true;
	puts("1..0 # skip: needs root, /dev/fuse, and the program in $FSDAXD");
	return false;
}

void local_mount_begin(struct local_mount *mount, const char *const *options)
{
	const char *program = getenv("FSDAXD");
	char share[256], mnt[256];
	const char *argv[MOST_ARGUMENTS] = {program, share, mnt, "--policy=none",
					    "--log-level=warn"};
	int n = 5;

	make_folders(mount);
	snprintf(share, sizeof(share), "--shared-dir=%s", mount->share);
	snprintf(mnt, sizeof(mnt), "--mount=%s", mount->mnt);
	while (*options)
		argv[n++] = *options++;
	argv[n] = NULL;
	mount->daemon = fork();
	assert_true(mount->daemon >= 0);
	if (!mount->daemon) {
		/* It unmounts and ends with a test that has failed, too. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execv(program, (char **)argv);
		_exit(127);
	}
	wait_until_mounted(mount);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void local_mount_end(struct local_mount *mount)
{
	int status;

	assert_int_equal(kill(mount->daemon, SIGTERM), 0);
	assert_int_equal(waitpid(mount->daemon, &status, 0), mount->daemon);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(is_mounted(mount));
	assert_int_equal(nftw(mount->base, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
}
