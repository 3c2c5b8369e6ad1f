/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filter.c - see filter.h.
 *
 * Where the lists come from: the functions of the C library that the daemon and libfsdax call
 * (nm -D), the system calls behind them as strace shows them, and the arguments from the code.
 * test-sandbox-calls.sh has a daemon serve every operation under strace and compares: a call that
 * is missing here is a failure, and so is one that is here but was not made, unless it is marked
 * RARE with the reason for which it is there. Other architectures and C libraries make some calls
 * by other names: a name that an architecture does not have is passed over.
 *
 * What the lists leave out matters most: no program can be executed; no mount, no namespace, no
 * other root; no socket is made or connected; no process is started, traced, looked into, or
 * signalled; no keys, no bpf, no io_uring, no userfaultfd; no memory becomes executable.
 */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuse_compat.h"
#include "log.h"

/* Newer than the libraries; the same on all architectures but alpha. */
#ifndef __NR_getxattrat
#define __NR_getxattrat 464
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468
#endif
#define __SNR_getxattrat __NR_getxattrat
#define __SNR_file_getattr __NR_file_getattr

enum { MOST_CONDITIONS = 3 };

struct call {
	int number;
	const char *name;
	const char *rare; /* why it is here, though no test makes it */
	uint32_t error;	  /* what it gets instead of being made; 0: it is made */
	unsigned int n_conditions;
	struct scmp_arg_cmp conditions[MOST_CONDITIONS];
};

#define CALL(name)                                 \
	{                                          \
		SCMP_SYS(name), #name, NULL, 0, 0, \
		{                                  \
			{                          \
				0                  \
			}                          \
		}                                  \
	}
#define RARE(name, why)                           \
	{                                         \
		SCMP_SYS(name), #name, why, 0, 0, \
		{                                 \
			{                         \
				0                 \
			}                         \
		}                                 \
	}
#define REFUSED(name, why, error)                     \
	{                                             \
		SCMP_SYS(name), #name, why, error, 0, \
		{                                     \
			{                             \
				0                     \
			}                             \
		}                                     \
	}
/* Only with this value of argument n; or where the bits of the mask have this value. */
#define WITH(name, n, value)                             \
	{                                                \
		SCMP_SYS(name), #name, NULL, 0, 1,       \
		{                                        \
			{                                \
				n, SCMP_CMP_EQ, value, 0 \
			}                                \
		}                                        \
	}
#define RARE_WITH(name, why, n, value)                   \
	{                                                \
		SCMP_SYS(name), #name, why, 0, 1,        \
		{                                        \
			{                                \
				n, SCMP_CMP_EQ, value, 0 \
			}                                \
		}                                        \
	}
#define MASKED(name, n, mask, value)                               \
	{                                                          \
		SCMP_SYS(name), #name, NULL, 0, 1,                 \
		{                                                  \
			{                                          \
				n, SCMP_CMP_MASKED_EQ, mask, value \
			}                                          \
		}                                                  \
	}
#define RARE_MASKED(name, why, n, mask, value)                     \
	{                                                          \
		SCMP_SYS(name), #name, why, 0, 1,                  \
		{                                                  \
			{                                          \
				n, SCMP_CMP_MASKED_EQ, mask, value \
			}                                          \
		}                                                  \
	}
#define END                          \
	{                            \
		0, NULL, NULL, 0, 0, \
		{                    \
			{            \
				0    \
			}            \
		}                    \
	}

/* ---- All processes ------------------------------------------------------------------- */

#define ON_ABORT "abort(3), when memory is found to be damaged"
#define ALLOCATOR "memory that is allocated, or given back"
#define WITHOUT_VDSO "machines whose clock can't be read without a system call"

static const struct call common[] = {
	CALL(exit_group),
	RARE(write, "what goes to the log"),
	RARE(brk, ALLOCATOR),
	RARE(munmap, ALLOCATOR),
	RARE_MASKED(mmap, ALLOCATOR, 2, PROT_EXEC, 0),
	/* 32 bit, where there is one. */
	RARE_MASKED(mmap2, "32-bit machines", 2, PROT_EXEC, 0),
	RARE_MASKED(mprotect, "the heap of a new thread", 2, PROT_EXEC, 0),
	RARE(mremap, "a large block of memory that grows"),
	RARE(madvise, "memory of a thread that has ended"),
	RARE(futex, "threads, and locks in the C library"),
	RARE(rt_sigreturn, "behind a signal handler"),
	RARE(restart_syscall, "a wait that was stopped, as by a debugger, and goes on"),
	RARE(rt_sigprocmask, ON_ABORT),
	RARE(rt_sigaction, ON_ABORT),
	RARE(getpid, ON_ABORT),
	RARE(gettid, ON_ABORT),
	RARE(tgkill, ON_ABORT), /* see add_own() */
	RARE(writev, ON_ABORT),
	RARE(getrandom, "the C library's allocator, once"),
	RARE(clock_gettime, "processor time, for status; and " WITHOUT_VDSO),
	RARE(gettimeofday, WITHOUT_VDSO),
	RARE(time, WITHOUT_VDSO),
	END,
};

/* ---- Serving ------------------------------------------------------------------------- */

/* What pthread_create() asks for, and nothing else: a thread, never a process or a namespace. */
#define THREAD                                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#define OLD_KERNEL "Linux before 6.13, which has no getxattrat(2)"
#define OLD_FLAGS "Linux before 6.17, which has no file_getattr(2)"
#define OTHER_LIBC "what other C libraries and machines call instead"

static const struct call serve[] = {
	/* Threads. */
	WITH(clone, 0, THREAD),
	/* Its flags are in memory, where a filter can't look; told so, the C library uses clone. */
	REFUSED(clone3, NULL, ENOSYS),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(exit),
	WITH(unshare, 0, CLONE_FS),
	WITH(prctl, 0, PR_SET_NAME),
	CALL(umask),
	CALL(fchdir),
	/* Acting as the guest's user. */
	CALL(setresuid),
	CALL(setresgid),
	CALL(setgroups),
	CALL(capget),
	CALL(capset),
	RARE(getuid, "never refused, in case that the C library does not know it"),
	CALL(geteuid),
	CALL(getegid),
	RARE(getgid, "as getuid(2)"),
	/* Waiting, and messages on sockets that are there. */
	CALL(read),
	CALL(close),
	CALL(poll),
	RARE(ppoll, OTHER_LIBC),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	RARE(epoll_pwait, OTHER_LIBC),
	CALL(eventfd2),
	CALL(accept4),
	CALL(recvmsg),
	CALL(recvfrom),
	CALL(sendmsg),
	CALL(sendto),
	RARE(shutdown, "a front-end that does not take what it is sent"),
	/* Who the front-end is, and how many processors there are: polling.h. */
	WITH(getsockopt, 2, SO_PEERCRED),
	CALL(sched_getaffinity),
	/* Finding and opening. */
	CALL(openat),
	CALL(statx),
	CALL(newfstatat),
	RARE(fstatat64, "32-bit machines"),
	RARE(fstat, OTHER_LIBC),
	CALL(fstatfs),
	CALL(readlinkat),
	CALL(getdents64),
	CALL(faccessat2),
	/* Names. */
	CALL(mkdirat),
	CALL(mknodat),
	CALL(symlinkat),
	CALL(linkat),
	CALL(unlinkat),
	CALL(renameat),
	CALL(renameat2),
	/* Data. */
	CALL(pread64),
	CALL(preadv),
	CALL(pwritev),
	CALL(pwritev2),
	CALL(lseek),
	CALL(fallocate),
	CALL(copy_file_range),
	CALL(ftruncate),
	CALL(truncate),
	CALL(fsync),
	CALL(fdatasync),
	CALL(syncfs),
	/* Attributes. */
	CALL(fchmodat),
	CALL(fchownat),
	CALL(utimensat),
	CALL(fgetxattr),
	CALL(getxattrat),
	RARE(lgetxattr, OLD_KERNEL),
	CALL(file_getattr),
	RARE_WITH(ioctl, OLD_FLAGS, 1, FS_IOC_FSGETXATTR),
	/* Locks, and descriptors. F_SETOWN above all is missing: it lets the kernel send signals. */
	CALL(flock),
	WITH(fcntl, 1, F_OFD_SETLK),
	WITH(fcntl, 1, F_OFD_GETLK),
	WITH(fcntl, 1, F_DUPFD_CLOEXEC),
	WITH(fcntl, 1, F_ADD_SEALS),
	WITH(fcntl, 1, F_GET_SEALS),
	RARE_WITH(fcntl, "the C library's streams", 1, F_GETFL),
	RARE_WITH(fcntl, OLD_FLAGS, 1, F_GETFD),
	RARE_WITH(fcntl64, "32-bit machines", 1, F_OFD_SETLK),
	RARE_WITH(fcntl64, "32-bit machines", 1, F_OFD_GETLK),
	/* Files that the guest has mapped: guard.h, mapped.h. */
	CALL(inotify_init1),
	CALL(inotify_add_watch),
	CALL(inotify_rm_watch),
	CALL(memfd_create),
	/* The end. */
	CALL(wait4),
	CALL(unlink),
	END,
};

/* Not with --inode-file-handles=never. */
static const struct call with_handles[] = {
	CALL(open_by_handle_at),
	CALL(name_to_handle_at),
	END,
};

/* With --xattr. */
static const struct call with_xattr[] = {
	CALL(getxattr),
	CALL(setxattr),
	CALL(listxattr),
	CALL(removexattr),
	END,
};

/* With --syslog; another one is not to be had in a sandbox, and must not be the daemon's end. */
static const struct call with_syslog[] = {
	REFUSED(socket, "when the syslog daemon was started again", EACCES),
	END,
};

/* ---- The view ------------------------------------------------------------------------ */

static const struct call view[] = {
	CALL(read),
	CALL(close),
	CALL(poll),
	RARE(ppoll, OTHER_LIBC),
	CALL(writev),
	CALL(recvmsg),
	CALL(sendto),
	WITH(ioctl, 1, FUSE_DEV_IOC_BACKING_OPEN),
	WITH(ioctl, 1, FUSE_DEV_IOC_BACKING_CLOSE),
	END,
};

/* ---- The policy's reader --------------------------------------------------------------- */

/* Neither to write nor to make anything. */
#define TO_READ (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

static const struct call policy[] = {
	CALL(read),
	CALL(close),
	CALL(recvfrom),
	CALL(sendmsg),
	MASKED(openat, 2, TO_READ, O_RDONLY),
	RARE_MASKED(open, OTHER_LIBC, 1, TO_READ, O_RDONLY),
	CALL(newfstatat),
	RARE(fstatat64, "32-bit machines"),
	RARE(fstat, OTHER_LIBC),
	RARE(stat, OTHER_LIBC),
	RARE(statx, OTHER_LIBC),
	CALL(getdents64),
	CALL(memfd_create),
	WITH(fcntl, 1, F_ADD_SEALS),
	RARE_WITH(fcntl, OTHER_LIBC, 1, F_GETFL),
	RARE_WITH(fcntl, OTHER_LIBC, 1, F_SETFD),
	END,
};

/* ---- The process outside ------------------------------------------------------------------ */

static const struct call outside[] = {
	CALL(poll),
	RARE(ppoll, OTHER_LIBC),
	CALL(read),
	CALL(recvfrom),
	CALL(sendto),
	CALL(wait4),
	CALL(kill),
	CALL(unlink),
	RARE(unlinkat, OTHER_LIBC),
	END,
};

/* ---- Sanitizers --------------------------------------------------------------------------- */

/*
 * What their run time calls, beyond that: of the thread's stack, of /proc, for the signals'
 * stack, and for the search for leaks at the end, which stops and traces all threads. Only in
 * builds with a sanitizer, which nobody installs.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(FSDAX_SANITIZED)
#define RUNTIME "the sanitizer's run time"
static const struct call sanitizer[] = {
	RARE(sigaltstack, RUNTIME),
	RARE(sched_getaffinity, RUNTIME),
	RARE(sched_yield, RUNTIME),
	RARE(getrusage, RUNTIME),
	RARE(prlimit64, RUNTIME),
	RARE(readlink, RUNTIME),
	RARE(readlinkat, RUNTIME),
	RARE(open, RUNTIME),
	RARE(openat, RUNTIME),
	RARE(newfstatat, RUNTIME),
	RARE(fstat, RUNTIME),
	RARE(stat, RUNTIME),
	RARE(getdents, RUNTIME),
	RARE(getdents64, RUNTIME),
	RARE(lseek, RUNTIME),
	RARE(getppid, RUNTIME),
	RARE(prctl, RUNTIME),
	RARE(arch_prctl, RUNTIME),
	RARE(ptrace, RUNTIME),
	RARE(clone, RUNTIME),
	RARE(wait4, RUNTIME),
	RARE(process_vm_readv, RUNTIME),
	RARE(mmap, RUNTIME),
	RARE(mprotect, RUNTIME),
	RARE(clock_nanosleep, RUNTIME),
	RARE(nanosleep, RUNTIME),
	RARE(dup, RUNTIME),
	RARE(dup2, RUNTIME),
	RARE(dup3, RUNTIME),
	RARE(pipe2, RUNTIME),
	RARE_WITH(fcntl, RUNTIME, 1, F_SETFD),
	RARE_WITH(ioctl, RUNTIME, 1, TCGETS),
	RARE(rt_sigtimedwait, RUNTIME),
	RARE(kill, RUNTIME),
	RARE(uname, RUNTIME),
	RARE(access, RUNTIME),
	RARE(set_robust_list, RUNTIME),
	RARE(rseq, RUNTIME),
	RARE(exit, RUNTIME),
	END,
};
#endif

/* ---- Building a filter --------------------------------------------------------------------- */

static const struct {
	const char *name;
	const struct call *calls;
} kinds[N_FILTERS] = {
	[FILTER_SERVE] = {"the daemon", serve},
	[FILTER_VIEW] = {"the view's process", view},
	[FILTER_POLICY] = {"the policy's reader", policy},
	[FILTER_OUTSIDE] = {"the process outside", outside},
};

static int add(scmp_filter_ctx ctx, const struct call *call)
{
	uint32_t action = call->error ? SCMP_ACT_ERRNO(call->error) : SCMP_ACT_ALLOW;
	int err;

	/* A pseudo number: this architecture does not have it. */
	if (call->number < 0)
		return 0;
	err = seccomp_rule_add_array(ctx, action, call->number, call->n_conditions,
				     call->conditions);
	return err == -EEXIST ? 0 : err;
}

/* Calls that only concern the process itself: what is known only at run time. */
static int add_own(scmp_filter_ctx ctx, const struct call *call)
{
	struct call own = *call;

	if (call->number == SCMP_SYS(tgkill)) {
		own.n_conditions = 1;
		own.conditions[0] = (struct scmp_arg_cmp){
			.op = SCMP_CMP_EQ,
			.datum_a = (scmp_datum_t)getpid(),
		};
	}
	return add(ctx, &own);
}

static int add_list(scmp_filter_ctx ctx, const struct call *calls)
{
	int err = 0;

	for (; calls->name && !err; calls++)
		err = add_own(ctx, calls);
	return err;
}

static int add_optional(scmp_filter_ctx ctx, const struct settings *settings)
{
	int err = 0;

	if (settings->file_handles != HANDLES_NEVER)
		err = add_list(ctx, with_handles);
	if (!err && settings->xattr)
		err = add_list(ctx, with_xattr);
	if (!err && log_is_syslog())
		err = add_list(ctx, with_syslog);
	return err;
}

static int add_all(scmp_filter_ctx ctx, enum filter_kind kind, const struct settings *settings)
{
	int err = add_list(ctx, common);

#ifdef RUNTIME
	if (!err)
		err = add_list(ctx, sanitizer);
#endif
	if (!err)
		err = add_list(ctx, kinds[kind].calls);
	if (!err && kind == FILTER_SERVE)
		err = add_optional(ctx, settings);
	return err;
}

/* All threads, though there should be one; no slower code for it; as a tree, since it is long. */
static int set_attributes(scmp_filter_ctx ctx, uint32_t action)
{
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, action);

	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return err;
}

static int load(enum filter_kind kind, const struct settings *settings, uint32_t action)
{
	scmp_filter_ctx ctx = seccomp_init(action);
	int err = ctx ? set_attributes(ctx, action) : -ENOMEM;

	if (!err)
		err = add_all(ctx, kind, settings);
	if (!err)
		err = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	return err;
}

int filter_load(enum filter_kind kind, const struct settings *settings)
{
	static const uint32_t actions[] = {
		[SECCOMP_KILL] = SCMP_ACT_KILL_PROCESS,
		[SECCOMP_LOG] = SCMP_ACT_LOG,
		[SECCOMP_TRAP] = SCMP_ACT_TRAP,
	};
	int err;

	if (settings->seccomp == SECCOMP_NONE)
		return 0;
	err = load(kind, settings, actions[settings->seccomp]);
	if (err)
		log_error("%s can't be kept from other system calls: %s; --seccomp=none does "
			  "without",
			  kinds[kind].name, strerror(-err));
	return err;
}

/* ---- For the test ----------------------------------------------------------------------------- */

static size_t length(const struct call *calls)
{
	size_t n = 0;

	while (calls[n].name)
		n++;
	return n;
}

bool filter_call(enum filter_kind kind, size_t i, struct filter_call *call)
{
	const struct call *const lists[] = {common, kinds[kind].calls, with_handles, with_xattr};
	const size_t n_lists = kind == FILTER_SERVE ? 4 : 2;

	for (size_t list = 0; list < n_lists; list++) {
		size_t n = length(lists[list]);

		if (i < n) {
			*call = (struct filter_call){lists[list][i].name, lists[list][i].rare};
			return true;
		}
		i -= n;
	}
	return false;
}
