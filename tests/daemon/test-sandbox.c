/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-sandbox.c - the sandbox's doors are shut: a process goes through the very stages that the
 * daemon goes through, and then tries to get out. Each stage is tried by itself, with those
 * behind it left open. Needs root.
 *
 * With an argument, the program only lists the system calls of a kind of process: see
 * test-sandbox-calls.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <fsdax/fsdax.h>

#include "creds.h"
#include "filter.h"
#include "notify.h"
#include "outside.h"
#include "privileges.h"
#include "sandbox.h"
#include "settings.h"

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* What a process that is inside has, and some things that it should not have got. */
struct inside {
	int root_fd, proc_fd;
	pid_t outsider; /* a process that is not in the sandbox */
	int port;	/* where somebody listens, in the host's network */
	int mnt_ns;	/* the host's mount namespace */
};

/* Returns what went wrong, as a positive errno; 0: nothing did. */
typedef int attempt(const struct inside *inside);

struct place {
	char base[64], share[80], secret[80];
	struct inside outer;
	int listener;
};

/* That the daemon has; NULL: none. */
static struct fsdax_policy *policy;

/* ---- The place --------------------------------------------------------------------------- */

static int listen_on_loopback(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 5) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

/* The share is a file system of its own, below a folder that has a secret in it. */
static int setup(void **state)
{
	static struct place place;
	int fd;

	strcpy(place.base, "/tmp/fsdaxd-sandbox-XXXXXX");
	assert_non_null(mkdtemp(place.base));
	assert_int_equal(chmod(place.base, 0755), 0);
	snprintf(place.share, sizeof(place.share), "%s/share", place.base);
	snprintf(place.secret, sizeof(place.secret), "%s/secret", place.base);
	assert_int_equal(mkdir(place.share, 0755), 0);
	assert_int_equal(mount("none", place.share, "tmpfs", 0, NULL), 0);
	fd = open(place.secret, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
	assert_int_equal(chdir(place.share), 0);
	close(open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	assert_int_equal(symlink(place.secret, "absolute"), 0);
	assert_int_equal(symlink("../secret", "relative"), 0);
	assert_int_equal(mknod("null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(chdir("/"), 0);
	place.outer.outsider = getpid();
	place.listener = listen_on_loopback(&place.outer.port);
	*state = &place;
	return 0;
}

static int teardown(void **state)
{
	const struct place *place = *state;

	close(place->listener);
	umount2(place->share, MNT_DETACH);
	rmdir(place->share);
	unlink(place->secret);
	rmdir(place->base);
	return 0;
}

/* ---- Going inside -------------------------------------------------------------------------- */

static struct settings settings_of(const struct place *place, enum sandbox_mode mode,
				   enum seccomp_action seccomp)
{
	return (struct settings){
		.shared_dir = place->share,
		.sandbox = mode,
		.seccomp = seccomp,
		.socket_fd = -1,
		.file_handles = HANDLES_NEVER,
	};
}

static _Noreturn void go(struct settings *settings, struct inside inside, attempt *try)
{
	struct notify notify = {.fd = -1};
	bool had, trusted;

	/* cmocka's handler would make something else of it. */
	signal(SIGSYS, SIG_DFL);
	if (settings->sandbox != SANDBOX_NONE &&
	    outside_begin(settings, &notify, settings->sandbox == SANDBOX_NAMESPACE))
		_exit(200);
	/* To be tried with setns(2), as if it had been left open. */
	inside.mnt_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (sandbox_enter(settings, &inside.root_fd, &inside.proc_fd))
		_exit(201);
	if (privileges_drop_to_serve(settings, policy, &had, &trusted))
		_exit(202);
	if (filter_load(FILTER_SERVE, settings))
		_exit(203);
	_exit(try(&inside));
}

/* The errno that it came to; -1: it was killed for a system call. */
static int outcome(struct settings *settings, const struct place *place, attempt *try)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		go(settings, place->outer, try);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return -1;
	}
	assert_true(WEXITSTATUS(status) < 200);
	return WEXITSTATUS(status);
}

static int outcome_in(const struct place *place, enum sandbox_mode mode,
		      enum seccomp_action seccomp, attempt *try)
{
	struct settings settings = settings_of(place, mode, seccomp);

	return outcome(&settings, place, try);
}

/* ---- Paths ------------------------------------------------------------------------------------- */

static int open_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int open_own(const struct inside *inside)
{
	return open_at(inside->root_fd, "file");
}

static int climb(const struct inside *inside)
{
	return open_at(inside->root_fd, "../secret");
}

static int climb_far(const struct inside *inside)
{
	return open_at(inside->root_fd, "../../../../../../../../etc/passwd");
}

static int go_by_root(const struct inside *inside)
{
	(void)inside;
	return open_at(AT_FDCWD, "/etc/passwd");
}

static int follow_absolute(const struct inside *inside)
{
	return open_at(inside->root_fd, "absolute");
}

static int follow_relative(const struct inside *inside)
{
	return open_at(inside->root_fd, "relative");
}

static int climb_from_proc(const struct inside *inside)
{
	return open_at(inside->proc_fd, "../status");
}

static int climb_to_proc(const struct inside *inside)
{
	return open_at(inside->proc_fd, "../../self/status");
}

static int open_proc(const struct inside *inside)
{
	(void)inside;
	return open_at(AT_FDCWD, "/proc/self/status");
}

/* A descriptor that is open can be opened anew: that is what it is for. */
static int open_anew(const struct inside *inside)
{
	int fd = openat(inside->root_fd, "file", O_PATH | O_CLOEXEC);
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return open_at(inside->proc_fd, name);
}

static int open_device(const struct inside *inside)
{
	return open_at(inside->root_fd, "null");
}

static int write_file(const struct inside *inside)
{
	int fd = openat(inside->root_fd, "file", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static void no_path_leads_out_of_namespaces(void **state)
{
	static attempt *const tries[] = {climb,		  climb_far,	   go_by_root,
					 follow_absolute, follow_relative, climb_from_proc,
					 climb_to_proc,	  open_proc};

	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, open_own), 0);
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, open_anew), 0);
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, tries[i]),
				 ENOENT);
}

static void no_path_leads_out_of_a_chroot(void **state)
{
	static attempt *const tries[] = {climb,		  climb_far,	   go_by_root,
					 follow_absolute, follow_relative, climb_from_proc,
					 climb_to_proc,	  open_proc};

	assert_int_equal(outcome_in(*state, SANDBOX_CHROOT, SECCOMP_NONE, open_own), 0);
	assert_int_equal(outcome_in(*state, SANDBOX_CHROOT, SECCOMP_NONE, open_anew), 0);
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		assert_int_equal(outcome_in(*state, SANDBOX_CHROOT, SECCOMP_NONE, tries[i]),
				 ENOENT);
}

/* So that the tests above can fail. */
static void without_a_sandbox_they_do(void **state)
{
	static attempt *const tries[] = {climb,		  climb_far,	   go_by_root,
					 follow_absolute, follow_relative, open_proc};

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		assert_int_equal(outcome_in(*state, SANDBOX_NONE, SECCOMP_NONE, tries[i]), 0);
}

static void a_device_is_only_looked_at(void **state)
{
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, open_device), EACCES);
	assert_int_equal(outcome_in(*state, SANDBOX_NONE, SECCOMP_NONE, open_device), 0);
}

static void what_is_shared_read_only_the_kernel_keeps_so(void **state)
{
	struct settings settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);

	assert_int_equal(outcome(&settings, *state, write_file), 0);
	settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);
	settings.readonly = true;
	assert_int_equal(outcome(&settings, *state, write_file), EROFS);
}

/* ---- Handles -------------------------------------------------------------------------------------- */

/* By a handle of the share's own file; it is a folder's descriptor that says where. */
static int open_handle(const struct inside *inside)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int mount_id, mount_fd;

	if (name_to_handle_at(inside->root_fd, "file", &buffer.handle, &mount_id, 0))
		return 199;
	mount_fd = openat(inside->root_fd, ".", O_RDONLY | O_CLOEXEC);
	return open_by_handle_at(mount_fd, &buffer.handle, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

/* A handle from another file system means nothing on the share's. */
static int open_foreign_handle(const struct inside *inside)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer = {.handle.handle_bytes = 8, .handle.handle_type = 1};
	int mount_fd = openat(inside->root_fd, ".", O_RDONLY | O_CLOEXEC);
	const uint32_t root_of_ext4[] = {2, 0};

	memcpy(buffer.handle.f_handle, root_of_ext4, sizeof(root_of_ext4));
	return open_by_handle_at(mount_fd, &buffer.handle, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static void handles_are_only_for_who_uses_them(void **state)
{
	struct settings settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);

	assert_int_equal(outcome(&settings, *state, open_handle), EPERM);
	settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);
	settings.file_handles = HANDLES_PREFER;
	assert_int_equal(outcome(&settings, *state, open_handle), 0);
	settings.outside = false;
	assert_int_equal(outcome(&settings, *state, open_foreign_handle), ESTALE);
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_KILL, open_handle), -1);
}

/* ---- Other processes, the network -------------------------------------------------------------------- */

static int signal_outsider(const struct inside *inside)
{
	return kill(inside->outsider, 0) ? errno : 0;
}

static int connect_to_host(const struct inside *inside)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)inside->port);
	if (fd < 0)
		return errno;
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

static void nobody_outside_is_in_reach(void **state)
{
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, signal_outsider),
			 ESRCH);
	assert_int_equal(outcome_in(*state, SANDBOX_NONE, SECCOMP_NONE, signal_outsider), 0);
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_NONE, connect_to_host),
			 ENETUNREACH);
	assert_int_equal(outcome_in(*state, SANDBOX_NONE, SECCOMP_NONE, connect_to_host), 0);
}

/* ---- Privileges ------------------------------------------------------------------------------------------ */

static int make_mount(const struct inside *inside)
{
	(void)inside;
	return mount("none", "/", "tmpfs", 0, NULL) ? errno : 0;
}

static int make_namespace(const struct inside *inside)
{
	(void)inside;
	return unshare(CLONE_NEWNS) ? errno : 0;
}

static int enter_namespace(const struct inside *inside)
{
	return setns(inside->mnt_ns, CLONE_NEWNS) ? errno : 0;
}

static int change_root(const struct inside *inside)
{
	(void)inside;
	return chroot(".") ? errno : 0;
}

static int stop_swapping(const struct inside *inside)
{
	(void)inside;
	return swapoff("/nonexistent") ? errno : 0;
}

static int set_clock(const struct inside *inside)
{
	const struct timespec never = {-1, -1};

	(void)inside;
	return clock_settime(CLOCK_REALTIME, &never) ? errno : 0;
}

static int set_xattr(const struct inside *inside, const char *name, const void *value, size_t size)
{
	int fd = openat(inside->root_fd, "file", O_RDONLY | O_CLOEXEC);

	return fsetxattr(fd, name, value, size, 0) ? errno : 0;
}

static int set_trusted(const struct inside *inside)
{
	return set_xattr(inside, "trusted.fsdax", "yes", 3);
}

static int set_capability(const struct inside *inside)
{
	const struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2};

	return set_xattr(inside, "security.capability", &data, sizeof(data));
}

static void without_privilege_nothing_can_be_changed(void **state)
{
	static attempt *const tries[] = {make_mount,	make_namespace, enter_namespace,
					 change_root,	stop_swapping,	set_trusted,
					 set_capability};
	static const enum sandbox_mode modes[] = {SANDBOX_NAMESPACE, SANDBOX_CHROOT, SANDBOX_NONE};

	for (size_t mode = 0; mode < sizeof(modes) / sizeof(*modes); mode++) {
		for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
			assert_int_equal(outcome_in(*state, modes[mode], SECCOMP_NONE, tries[i]),
					 EPERM);
	}
	assert_true(outcome_in(*state, SANDBOX_NONE, SECCOMP_NONE, set_clock) != 0);
}

static void with_xattr_a_guest_may_give_capabilities_and_no_more(void **state)
{
	struct settings settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_KILL);

	settings.xattr = true;
	settings.seccomp = SECCOMP_NONE;
	assert_int_equal(outcome(&settings, *state, set_capability), 0);
	settings.outside = false;
	assert_int_equal(outcome(&settings, *state, set_trusted), EPERM);
	settings.outside = false;
	settings.caps_add = CAPABILITY(SYS_ADMIN);
	assert_int_equal(outcome(&settings, *state, set_trusted), 0);
	settings.outside = false;
	settings.caps_remove = CAPABILITY(SETFCAP);
	settings.caps_add = 0;
	assert_int_equal(outcome(&settings, *state, set_capability), EPERM);
}

/* The daemon's own privilege is for reading tags: not for what the guest asks in between. */
static int use_reserve(const struct inside *inside)
{
	int fd = openat(inside->root_fd, "file", O_RDONLY | O_CLOEXEC);
	struct creds creds;
	char value[8];

	if (fgetxattr(fd, "trusted.fsdax", value, sizeof(value)) != -1 || errno != ENODATA)
		return 1;
	creds_admin(true);
	if (fgetxattr(fd, "trusted.fsdax", value, sizeof(value)) != 3)
		return 2;
	creds_admin(false);
	if (set_trusted(inside) != EPERM)
		return 3;
	/* To be somebody else and back makes all that is permitted effective, in the kernel. */
	if (creds_enter(1000, 1000, (gid_t)-1, &creds))
		return 4;
	creds_leave(&creds);
	return set_trusted(inside) == EPERM ? 0 : 5;
}

static void tags_can_be_read_and_nothing_else_be_done_by_that(void **state)
{
	static const char text[] = "[rule a]\nsize = >= 1\ndax = yes\n";
	struct settings settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);
	const struct place *place = *state;
	char path[100];

	snprintf(path, sizeof(path), "%s/file", place->share);
	assert_int_equal(setxattr(path, "trusted.fsdax", "yes", 3, 0), 0);
	assert_int_equal(fsdax_policy_parse("p", text, sizeof(text) - 1, &policy, NULL), 0);
	assert_int_equal(outcome(&settings, place, use_reserve), 0);
	fsdax_policy_unref(policy);
	policy = NULL;
	removexattr(path, "trusted.fsdax");
}

/* 0 if the sets are what they are to be. */
static int compare_capabilities(uint64_t wanted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return errno;
	if (data[0].effective != (uint32_t)wanted || data[0].permitted != (uint32_t)wanted ||
	    data[1].effective || data[1].permitted || data[0].inheritable || data[1].inheritable)
		return 1;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			return 2;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			return 3;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 4;
	return 0;
}

static int compare_with_default(const struct inside *inside)
{
	(void)inside;
	return compare_capabilities(CAPABILITY(DAC_OVERRIDE) | CAPABILITY(SETUID) |
				    CAPABILITY(SETGID) | CAPABILITY(FOWNER) | CAPABILITY(CHOWN) |
				    CAPABILITY(FSETID) | CAPABILITY(MKNOD));
}

static int compare_with_readonly(const struct inside *inside)
{
	(void)inside;
	return compare_capabilities(CAPABILITY(DAC_OVERRIDE) | CAPABILITY(SETUID) |
				    CAPABILITY(SETGID) | CAPABILITY(FOWNER));
}

static void the_capabilities_are_the_named_few(void **state)
{
	struct settings settings = settings_of(*state, SANDBOX_NAMESPACE, SECCOMP_NONE);

	assert_int_equal(outcome(&settings, *state, compare_with_default), 0);
	settings.outside = false;
	settings.readonly = true;
	assert_int_equal(outcome(&settings, *state, compare_with_readonly), 0);
}

static void modcaps_is_parsed(void **state)
{
	uint64_t add = 0, remove = 0;

	(void)state;
	assert_true(privileges_parse("+sys_admin:-mknod:+lease", &add, &remove));
	assert_int_equal(add, CAPABILITY(SYS_ADMIN) | CAPABILITY(LEASE));
	assert_int_equal(remove, CAPABILITY(MKNOD));
	add = remove = 0;
	assert_false(privileges_parse("", &add, &remove));
	assert_false(privileges_parse("sys_admin", &add, &remove));
	assert_false(privileges_parse("+nonsense", &add, &remove));
	add = remove = 0;
	assert_false(privileges_parse("+mknod:-mknod", &add, &remove));
}

/* ---- System calls -------------------------------------------------------------------------------------------- */

#define DOOR(name, expression)                         \
	static int name(const struct inside *inside)   \
	{                                              \
		(void)inside;                          \
		return (expression) == -1 ? errno : 0; \
	}

DOOR(do_execve, execl("/bin/true", "true", NULL))
DOOR(do_execveat, syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0))
DOOR(do_fork, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL))
DOOR(do_new_user, unshare(CLONE_NEWUSER))
DOOR(do_new_thread_ns, unshare(CLONE_FS | CLONE_NEWNET))
DOOR(do_umount, umount2("/", MNT_DETACH))
DOOR(do_pivot, syscall(SYS_pivot_root, ".", "."))
DOOR(do_open_tree, syscall(SYS_open_tree, AT_FDCWD, "/", 1))
DOOR(do_fsopen, syscall(SYS_fsopen, "tmpfs", 0))
DOOR(do_move_mount, syscall(SYS_move_mount, -1, "", -1, "", 0))
DOOR(do_mount_setattr, syscall(SYS_mount_setattr, -1, "", 0, NULL, 0))
DOOR(do_ptrace, ptrace(PTRACE_ATTACH, 1, NULL, NULL))
DOOR(do_vm_read, process_vm_readv(1, NULL, 0, NULL, 0, 0))
DOOR(do_kill, kill(-1, 0))
DOOR(do_tgkill, syscall(SYS_tgkill, getpid() + 1, 1, 0))
DOOR(do_pidfd, syscall(SYS_pidfd_open, 1, 0))
DOOR(do_inet, socket(AF_INET, SOCK_STREAM, 0))
DOOR(do_unix, socket(AF_UNIX, SOCK_STREAM, 0))
DOOR(do_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
DOOR(do_connect, connect(-1, NULL, 0))
DOOR(do_bind, bind(-1, NULL, 0))
DOOR(do_bpf, syscall(SYS_bpf, 0, NULL, 0))
DOOR(do_perf, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0))
DOOR(do_uring, syscall(SYS_io_uring_setup, 1, NULL))
DOOR(do_userfault, syscall(SYS_userfaultfd, 0))
DOOR(do_keyctl, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
DOOR(do_fanotify, syscall(SYS_fanotify_init, 0, 0))
DOOR(do_quota, syscall(SYS_quotactl, 0, NULL, 0, NULL))
DOOR(do_swapon, syscall(SYS_swapon, "/file", 0))
DOOR(do_seccomp, syscall(SYS_seccomp, 0, 0, NULL))
DOOR(do_prctl, prctl(PR_SET_MM, 0, 0, 0, 0))
DOOR(do_personality, syscall(SYS_personality, 0))
DOOR(do_setowner, fcntl(2, F_SETOWN, 1))
DOOR(do_setsig, fcntl(2, F_SETSIG, SIGKILL))
DOOR(do_tiocsti, ioctl(2, TIOCSTI, "x"))
DOOR(do_setflags, ioctl(2, _IOW('f', 2, long), NULL))
DOOR(do_limits, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &(struct rlimit64){1, 1}, NULL))
DOOR(do_limits_of_other, syscall(SYS_prlimit64, 1 << 20, RLIMIT_NOFILE, NULL, NULL))
DOOR(do_chroot, chroot("."))
DOOR(do_setgid, syscall(SYS_setgid, 0))
DOOR(do_exec_memory,
     mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
											       : 0)
DOOR(do_make_exec,
     mprotect((void *)((uintptr_t)&settings_of & ~4095ul), 4096, PROT_READ | PROT_EXEC))

static const struct {
	const char *name;
	attempt *try;
	bool in_sanitizer; /* its run time makes that call, too */
} doors[] = {
	{"execve", do_execve, false},
	{"execveat", do_execveat, false},
	{"fork", do_fork, true},
	{"a user namespace", do_new_user, false},
	{"a network namespace, with an allowed flag", do_new_thread_ns, false},
	{"setns", enter_namespace, false},
	{"mount", make_mount, false},
	{"umount2", do_umount, false},
	{"pivot_root", do_pivot, false},
	{"chroot", do_chroot, false},
	{"open_tree", do_open_tree, false},
	{"fsopen", do_fsopen, false},
	{"move_mount", do_move_mount, false},
	{"mount_setattr", do_mount_setattr, false},
	{"ptrace", do_ptrace, true},
	{"process_vm_readv", do_vm_read, true},
	{"kill", do_kill, true},
	{"tgkill of others", do_tgkill, false},
	{"pidfd_open", do_pidfd, false},
	{"socket of inet", do_inet, false},
	{"socket of unix", do_unix, false},
	{"socket of netlink", do_netlink, false},
	{"connect", do_connect, false},
	{"bind", do_bind, false},
	{"bpf", do_bpf, false},
	{"perf_event_open", do_perf, false},
	{"io_uring_setup", do_uring, false},
	{"userfaultfd", do_userfault, false},
	{"keyctl", do_keyctl, false},
	{"fanotify_init", do_fanotify, false},
	{"quotactl", do_quota, false},
	{"swapon", do_swapon, false},
	{"seccomp", do_seccomp, false},
	{"prctl of other things", do_prctl, true},
	{"personality", do_personality, false},
	{"F_SETOWN", do_setowner, false},
	{"F_SETSIG", do_setsig, false},
	{"TIOCSTI", do_tiocsti, false},
	{"FS_IOC_SETFLAGS", do_setflags, false},
	{"limits of its own", do_limits, true},
	{"limits of others", do_limits_of_other, true},
	{"setgid", do_setgid, false},
	{"memory that can be executed", do_exec_memory, true},
	{"memory made executable", do_make_exec, true},
};

static void a_call_that_is_never_made_is_the_end(void **state)
{
	for (size_t i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		int result;

		if (SANITIZED && doors[i].in_sanitizer)
			continue;
		result = outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_KILL, doors[i].try);
		if (result != -1)
			fail_msg("%s: %s", doors[i].name, strerror(result));
	}
}

/* ---- Older kernels ------------------------------------------------------------------------------ */

static int read_flag(const struct inside *inside)
{
	bool dax;

	return -fsdax_flag_read(inside->root_fd, "file", &dax);
}

static int read_flag_of_open(const struct inside *inside)
{
	const int fd = openat(inside->root_fd, "file", O_RDONLY | O_CLOEXEC);
	bool dax;

	return fd < 0 ? errno : -fsdax_flag_read(fd, "", &dax);
}

static int read_tag(const struct inside *inside)
{
	struct fsdax_tag_state tag;

	return -fsdax_tag_read(inside->root_fd, "file", "trusted.fsdax", &tag);
}

/* What is done where these calls are not there, as in Linux before 6.13 and 6.17. */
static void what_older_kernels_need_is_allowed(void **state)
{
	static attempt *const tries[] = {read_flag, read_flag_of_open, read_tag};
	const pid_t pid = fork();
	int status;

	if (!pid) {
		scmp_filter_ctx old = seccomp_init(SCMP_ACT_ALLOW);

		/* getxattrat() and file_getattr(): the same number on all machines. */
		if (!old || seccomp_rule_add(old, SCMP_ACT_ERRNO(ENOSYS), 464, 0) ||
		    seccomp_rule_add(old, SCMP_ACT_ERRNO(ENOSYS), 468, 0) || seccomp_load(old))
			_exit(99);
		seccomp_release(old);
		for (int i = 0; i < 3; i++) {
			if (outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_KILL, tries[i]) == -1)
				_exit(1 + i);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int use_clone3(const struct inside *inside)
{
	(void)inside;
	return syscall(SYS_clone3, NULL, 0) ? errno : 0;
}

static void clone3_is_said_not_to_be_there(void **state)
{
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_KILL, use_clone3), ENOSYS);
}

static void the_action_can_be_chosen(void **state)
{
	/* Logged, and made. */
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_LOG, do_chroot), EPERM);
	assert_int_equal(outcome_in(*state, SANDBOX_NAMESPACE, SECCOMP_TRAP, do_chroot), -1);
}

/* ---- The small processes' filters --------------------------------------------------------------------------------- */

static int kind_outcome(enum filter_kind kind, attempt *try)
{
	const struct inside nothing = {.root_fd = AT_FDCWD, .mnt_ns = -1};
	const struct settings settings = {.seccomp = SECCOMP_KILL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSYS, SIG_DFL);
		if (privileges_drop(0, 0) || filter_load(kind, &settings))
			_exit(203);
		_exit(try(&nothing));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

DOOR(do_open_to_write, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY))
DOOR(do_open_to_make, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CREAT, 0600))
DOOR(do_open, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY))
DOOR(do_unlink, syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0))
DOOR(do_rename, syscall(SYS_renameat, AT_FDCWD, "/nonexistent", AT_FDCWD, "/nonexistent"))
DOOR(do_clone_fuse, ioctl(2, _IOR(229, 0, uint32_t), NULL))
DOOR(do_unshare_fs, unshare(CLONE_FS))

static void the_small_processes_can_do_less(void **state)
{
	static attempt *const none_may[] = {do_execve, do_inet,	    do_bpf,    make_mount,
					    do_uring,  do_setowner, do_rename, do_unshare_fs};

	(void)state;
	for (int kind = FILTER_VIEW; kind < N_FILTERS; kind++) {
		for (size_t i = 0; i < sizeof(none_may) / sizeof(*none_may); i++)
			assert_int_equal(kind_outcome(kind, none_may[i]), -1);
	}
	assert_int_equal(kind_outcome(FILTER_POLICY, do_open), 0);
	assert_int_equal(kind_outcome(FILTER_VIEW, do_clone_fuse), -1);
	if (SANITIZED)
		return;
	assert_int_equal(kind_outcome(FILTER_POLICY, do_open_to_write), -1);
	assert_int_equal(kind_outcome(FILTER_POLICY, do_open_to_make), -1);
	assert_int_equal(kind_outcome(FILTER_POLICY, do_unlink), -1);
	assert_int_equal(kind_outcome(FILTER_VIEW, do_open), -1);
	assert_int_equal(kind_outcome(FILTER_OUTSIDE, do_open), -1);
}

/* ---- Listing ------------------------------------------------------------------------------------------------------- */

static int list(const char *word)
{
	static const char *const words[] = {"serve", "view", "policy", "outside"};
	struct filter_call call;

	for (int kind = 0; kind < N_FILTERS; kind++) {
		if (strcmp(word, words[kind]) != 0)
			continue;
		for (size_t i = 0; filter_call(kind, i, &call); i++)
			printf("%s\t%s\n", call.name, call.rare ? call.rare : "");
		return EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_path_leads_out_of_namespaces),
		cmocka_unit_test(no_path_leads_out_of_a_chroot),
		cmocka_unit_test(without_a_sandbox_they_do),
		cmocka_unit_test(a_device_is_only_looked_at),
		cmocka_unit_test(what_is_shared_read_only_the_kernel_keeps_so),
		cmocka_unit_test(handles_are_only_for_who_uses_them),
		cmocka_unit_test(nobody_outside_is_in_reach),
		cmocka_unit_test(without_privilege_nothing_can_be_changed),
		cmocka_unit_test(with_xattr_a_guest_may_give_capabilities_and_no_more),
		cmocka_unit_test(the_capabilities_are_the_named_few),
		cmocka_unit_test(tags_can_be_read_and_nothing_else_be_done_by_that),
		cmocka_unit_test(modcaps_is_parsed),
		cmocka_unit_test(a_call_that_is_never_made_is_the_end),
		cmocka_unit_test(what_older_kernels_need_is_allowed),
		cmocka_unit_test(clone3_is_said_not_to_be_there),
		cmocka_unit_test(the_action_can_be_chosen),
		cmocka_unit_test(the_small_processes_can_do_less),
	};

	if (argc > 1)
		return list(argv[1]);
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
