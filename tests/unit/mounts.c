/* SPDX-License-Identifier: BSD-3-Clause */
/* mounts.c - real file systems to test on. See mounts.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mounts.h"
#include "syscalls.h"

/* A folder that every system has, and that no test puts anything into. */
#define BASE "/mnt"

enum { N_MOUNTS = 5 };

static const char not_there[] = "this kernel does not have it";

/* How each is made. */
struct recipe {
	const char *type;
	bool has_flags;
	const char *make; /* shell commands, with $i for its image and $d for its folder */
};

static const struct recipe recipes[N_MOUNTS] = {
	{"ext4", true, "truncate -s 64M $i && mkfs.ext4 -q -F $i && mount -o loop $i $d"},
	{"xfs", true, "truncate -s 320M $i && mkfs.xfs -q -f $i && mount -o loop $i $d"},
	{"btrfs", false, "truncate -s 160M $i && mkfs.btrfs -q -f $i && mount -o loop $i $d"},
	{"tmpfs", false, "mount -t tmpfs -o size=16M tmpfs $d"},
	{"overlay", false,
	 "mkdir $i $i/lower $i/upper $i/work && mount -t overlay -o "
	 "lowerdir=$i/lower,upperdir=$i/upper,workdir=$i/work overlay $d"},
};

static bool kernel_has(const char *type)
{
	char line[128], wanted[64];
	FILE *list = fopen("/proc/filesystems", "re");
	bool found = false;

	if (!list)
		return false;
	snprintf(wanted, sizeof(wanted), "\t%s\n", type);
	while (!found && fgets(line, sizeof(line), list))
		found = strlen(line) >= strlen(wanted) &&
			!strcmp(line + strlen(line) - strlen(wanted), wanted);
	fclose(list);
	return found;
}

static bool run(const struct recipe *recipe, const char *folder)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), "i=%s/image.%s d=%s; { %s; } >%s/log 2>&1", BASE,
		 recipe->type, folder, recipe->make, BASE);
	status = system(command);
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void make_one(const struct recipe *recipe, struct mounted *mounted)
{
	*mounted = (struct mounted){
		.type = recipe->type,
		.has_flags = recipe->has_flags,
	};
	snprintf(mounted->path, sizeof(mounted->path), "%s/%s", BASE, recipe->type);
	if (mkdir(mounted->path, 0755))
		mounted->why_not = "its folder could not be made";
	else if (!run(recipe, mounted->path))
		/* A kernel may load it only when it is asked for. */
		mounted->why_not = kernel_has(recipe->type) ? "it could not be mounted" : not_there;
	mounted->fd = open(mounted->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mounted->fd < 0 && !mounted->why_not)
		mounted->why_not = "it could not be opened";
}

/* ---- Tests on all of them ---------------------------------------------------- */

/* From here on, what is mounted on BASE is seen by no other process. */
static bool own_namespace(void)
{
	if (unshare(CLONE_NEWNS))
		return false;
	if (!mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return true;
	/* In a chroot, "/" need not be a mount point; then BASE is made one. */
	return errno == EINVAL && !mount(BASE, BASE, NULL, MS_BIND, NULL) &&
	       !mount("", BASE, NULL, MS_PRIVATE, NULL);
}

/* What own_namespace() put on BASE may be seen by others: it goes, with what is on it. */
static void leave_namespace(void)
{
	umount2(BASE, MNT_DETACH);
	umount2(BASE, MNT_DETACH);
}

/* Returns NULL, or why there are none at all. */
static const char *make_all(struct mounted mounts[N_MOUNTS])
{
	if (geteuid() != 0)
		return "mounting needs root";
	if (!own_namespace() || mount("tmpfs", BASE, "tmpfs", 0, "mode=0755"))
		return "no mount namespace of its own";
	for (int i = 0; i < N_MOUNTS; i++)
		make_one(&recipes[i], &mounts[i]);
	return NULL;
}

const struct mounted *mounts_on(void **state)
{
	const struct mounted *m = *state;

	if (m->why_not) {
		print_message("%s: %s\n", m->type, m->why_not);
		if (strcmp(m->why_not, not_there))
			fail();
		skip();
	}
	return m;
}

static int run_all(struct mounted mounts[N_MOUNTS], const struct CMUnitTest *tests, size_t n,
		   const char *kernel)
{
	struct CMUnitTest *on_mount = calloc(n, sizeof(*tests));
	int failed = 0;

	if (!on_mount)
		return 1;
	memcpy(on_mount, tests, n * sizeof(*tests));
	for (int i = 0; i < N_MOUNTS; i++) {
		for (size_t k = 0; k < n; k++)
			on_mount[k].initial_state = &mounts[i];
		print_message("---- %s on %s\n", mounts[i].type, kernel);
		/* The macro around it takes arrays only. */
		failed += _cmocka_run_group_tests(mounts[i].type, on_mount, n, NULL, NULL) != 0;
	}
	free(on_mount);
	return failed;
}

static int run_all_on_old_kernel(struct mounted mounts[N_MOUNTS], const struct CMUnitTest *tests,
				 size_t n)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		syscalls_of_an_old_kernel();
		status = run_all(mounts, tests, n, "an old kernel");
		fflush(NULL);
		_exit(status);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

int mounts_run(const struct CMUnitTest *tests, size_t n)
{
	struct mounted mounts[N_MOUNTS];
	const char *why_none = make_all(mounts);
	int failed;

	if (why_none) {
		print_message("skipped: %s\n", why_none);
		return geteuid() == 0;
	}
	failed = run_all(mounts, tests, n, "this kernel");
	failed += run_all_on_old_kernel(mounts, tests, n);
	leave_namespace();
	return failed;
}
