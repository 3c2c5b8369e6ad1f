/* SPDX-License-Identifier: BSD-3-Clause */
/* sandbox.c - see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "settings.h"

static int failed(const char *what)
{
	int err = -errno;

	log_error("the sandbox can't be made: %s: %s; --sandbox=none does without", what,
		  strerror(-err));
	return err;
}

static int open_place(const char *path, int *fd)
{
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/*
 * The daemon opens files anew by /proc/self/fd, and changes files by it of which it has only an
 * O_PATH descriptor. As a mount of its own that is all of /proc that can be reached: ".." does
 * not lead to /proc, nor so to the root directories of other processes.
 */
static int open_proc(int *fd)
{
	*fd = open_tree(AT_FDCWD, "/proc/self/fd", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (*fd >= 0)
		return 0;
	/* It takes CAP_SYS_ADMIN, which who asks for no namespaces may not have. */
	return open_place("/proc/self/fd", fd) ? failed("/proc/self/fd") : 0;
}

/* ---- Without namespaces --------------------------------------------------------------- */

static int open_both(const char *root, int *root_fd, int *proc_fd)
{
	int err = open_proc(proc_fd);

	if (err)
		return err;
	err = open_place(root, root_fd);
	if (err) {
		close(*proc_fd);
		return failed("the shared folder");
	}
	return 0;
}

static int enter_chroot(const char *dir, int *root_fd, int *proc_fd)
{
	int err = open_both(dir, root_fd, proc_fd);

	if (err)
		return err;
	if (fchdir(*root_fd) == 0 && chroot(".") == 0)
		return 0;
	err = failed("chroot");
	close(*root_fd);
	close(*proc_fd);
	return err;
}

/* ---- With namespaces ------------------------------------------------------------------- */

/* A /proc that has our own processes, for /proc/self/fd; it is seen by nobody else. */
static int mount_proc(void)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return failed("mounting /proc");
	return 0;
}

/* Make the folder a mount of its own, with all that is mounted below it, and go there. */
static int bind_share(const char *dir)
{
	/* EINVAL: there is nothing mounted on "/", and so nothing that could be pivoted away. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return failed(errno == EINVAL ? "this runs in a chroot that is no mount point" :
						"making mounts private");
	if (mount(dir, dir, NULL, MS_BIND | MS_REC, NULL))
		return failed("binding the shared folder");
	if (chdir(dir))
		return failed("going to the shared folder");
	return 0;
}

/* The folder that we are in becomes the root; what was the root is unmounted from above it. */
static int pivot(void)
{
	if (syscall(SYS_pivot_root, ".", "."))
		return failed("pivot_root");
	if (umount2(".", MNT_DETACH))
		return failed("unmounting the old root");
	if (chdir("/"))
		return failed("going to the new root");
	return 0;
}

/*
 * A device node that the guest has made is a file to be looked at, and never a device of the
 * host. And what is shared read-only the kernel keeps from being written to, too. (Not noexec:
 * access(2) would say that nothing can be executed.)
 */
static int limit_mounts(bool readonly)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID};

	if (readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)))
		return failed("mounting the shared folder with nodev");
	return 0;
}

static int enter_namespaces(const struct settings *settings, int *root_fd, int *proc_fd)
{
	int err;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP))
		return failed("mount, network, IPC, UTS and cgroup namespaces");
	err = bind_share(settings->shared_dir);
	if (!err)
		err = mount_proc();
	if (!err)
		err = open_proc(proc_fd);
	if (err)
		return err;
	err = pivot();
	if (!err)
		err = limit_mounts(settings->readonly);
	if (!err && open_place("/", root_fd))
		err = failed("the shared folder");
	if (err)
		close(*proc_fd);
	return err;
}

int sandbox_enter(const struct settings *settings, int *root_fd, int *proc_fd)
{
	switch (settings->sandbox) {
	case SANDBOX_NAMESPACE: return enter_namespaces(settings, root_fd, proc_fd);
	case SANDBOX_CHROOT: return enter_chroot(settings->shared_dir, root_fd, proc_fd);
	case SANDBOX_NONE: break;
	}
	return open_both(settings->shared_dir, root_fd, proc_fd);
}
