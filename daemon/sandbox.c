/* SPDX-License-Identifier: BSD-3-Clause */
/* sandbox.c - see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* ---- Stage 1: the process outside -------------------------------------------------------- */

static void remove_sockets(const struct settings *settings)
{
	if (settings->socket_path)
		unlink(settings->socket_path);
	if (settings->control_path)
		unlink(settings->control_path);
}

/* End as the daemon did, which may be by a signal. */
static void end_like(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

/* What the process outside waits for. */
static void outside_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

/* Pass signals on to the daemon until it ends. They are blocked. */
__attribute__((noreturn)) static void stay_outside(const struct settings *settings, pid_t daemon)
{
	sigset_t set;

	outside_signals(&set);
	for (;;) {
		int status;
		int number = sigwaitinfo(&set, NULL);

		if (number > 0 && number != SIGCHLD)
			kill(daemon, number);
		if (waitpid(daemon, &status, WNOHANG) != daemon)
			continue;
		remove_sockets(settings);
		end_like(status);
	}
}

/* Write a file of /proc/self that maps ids into a user namespace. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Be root of a user namespace in which only our own ids are. */
static int enter_user_namespace(void)
{
	char uids[32], gids[32];
	int err;

	snprintf(uids, sizeof(uids), "0 %u 1\n", (unsigned int)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1\n", (unsigned int)getegid());
	if (unshare(CLONE_NEWUSER))
		return failed("a user namespace");
	err = write_file("/proc/self/setgroups", "deny");
	if (!err)
		err = write_file("/proc/self/uid_map", uids);
	if (!err)
		err = write_file("/proc/self/gid_map", gids);
	errno = -err;
	return err ? failed("ids of a user namespace") : 0;
}

int sandbox_begin(const struct settings *settings)
{
	sigset_t set, before;
	pid_t daemon;
	int err;

	if (settings->sandbox != SANDBOX_NAMESPACE)
		return 0;
	if (geteuid() != 0) {
		err = enter_user_namespace();
		if (err)
			return err;
	}
	if (unshare(CLONE_NEWPID))
		return failed("a PID namespace");
	/* Before the daemon is there, which may end at once. */
	outside_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	daemon = fork();
	if (daemon < 0)
		return failed("fork");
	if (daemon > 0)
		stay_outside(settings, daemon);
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* Nobody would tell us to end if the process outside were killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return 0;
}

/* ---- Stage 2 -------------------------------------------------------------------------------- */

static int open_place(const char *path, int *fd)
{
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/* Without a sandbox, and outside it. */
static int open_both(const char *root, int *root_fd, int *proc_fd)
{
	int err = open_place("/proc/self/fd", proc_fd);

	if (err)
		return failed("/proc/self/fd");
	err = open_place(root, root_fd);
	if (err) {
		close(*proc_fd);
		return failed("the shared folder");
	}
	return 0;
}

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
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return failed("making mounts private");
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

static int enter_namespaces(const char *dir, int *root_fd, int *proc_fd)
{
	int err;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET))
		return failed("mount and network namespaces");
	err = bind_share(dir);
	if (!err)
		err = mount_proc();
	if (err)
		return err;
	if (open_place("/proc/self/fd", proc_fd))
		return failed("/proc/self/fd");
	err = pivot();
	if (!err && open_place("/", root_fd))
		err = failed("the shared folder");
	if (err)
		close(*proc_fd);
	return err;
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

int sandbox_enter(const struct settings *settings, int *root_fd, int *proc_fd)
{
	switch (settings->sandbox) {
	case SANDBOX_NAMESPACE: return enter_namespaces(settings->shared_dir, root_fd, proc_fd);
	case SANDBOX_CHROOT: return enter_chroot(settings->shared_dir, root_fd, proc_fd);
	case SANDBOX_NONE: break;
	}
	return open_both(settings->shared_dir, root_fd, proc_fd);
}
