/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * settings.h - what the command line says, parsed and checked. Filled in once by options.c and
 * main.c, and not changed once there are threads.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --cache: how long a guest may believe what it was told. */
enum cache_mode {
	CACHE_AUTO,	/* a second for attributes and names; data while it is unchanged */
	CACHE_ALWAYS,	/* a day, and data is kept */
	CACHE_METADATA, /* a day for attributes and names; data is never kept */
	CACHE_NEVER,	/* not at all */
};

/* --inode-file-handles: what stands for an inode that the guest knows. */
enum file_handles_mode {
	HANDLES_NEVER,	   /* an O_PATH descriptor each */
	HANDLES_PREFER,	   /* a file handle where the file system has them */
	HANDLES_MANDATORY, /* ... or the inode is refused */
};

enum sandbox_mode {
	SANDBOX_NAMESPACE,
	SANDBOX_CHROOT,
	SANDBOX_NONE,
};

/* --seccomp: what becomes of a process that makes a system call that it never makes. */
enum seccomp_action {
	SECCOMP_KILL, /* it ends */
	SECCOMP_NONE, /* there is no filter */
	SECCOMP_LOG,  /* the kernel's log tells of it */
	SECCOMP_TRAP, /* it gets SIGSYS, as for a debugger */
};

/* --uid-map, --gid-map: ids of a user namespace that are this host's. */
struct id_range {
	uint32_t inside, outside;
	uint32_t count; /* 0: none */
};

#define RLIMIT_NOFILE_MOST UINT64_MAX /* as high as may be */

struct settings {
	const char *shared_dir;
	const char *tag;
	const char *socket_path; /* one of these three is given */
	const char *mount_dir;
	int socket_fd;		  /* -1: none */
	const char *socket_group; /* NULL: the daemon's own */
	const char *policy;	  /* a file or folder; NULL: the installed policy */
	bool policy_off;	  /* --policy=none: nothing is DAX, nothing is asked for */
	const char *control_path; /* NULL: no control socket */
	pid_t pid;		  /* as those outside a sandbox know the daemon */
	uint64_t dax_window;	  /* bytes; 0: none */
	enum cache_mode cache;
	enum file_handles_mode file_handles;
	enum sandbox_mode sandbox;
	bool unprivileged; /* not root of the host: main.c */
	bool outside; /* a process outside the sandbox removes the sockets; see outside.h */
	enum seccomp_action seccomp;
	uint64_t caps_add, caps_remove; /* --modcaps: a bit for each capability */
	struct id_range uid_map, gid_map;
	bool xattr;
	bool posix_acl;
	bool posix_lock;
	bool flock;
	bool readonly;
	bool writeback;
	bool allow_direct_io;
	bool allow_mmap;
	bool announce_submounts;
	bool no_readdirplus;
	bool killpriv_v2;
	bool preserve_noatime;
	bool guest_tags; /* the guest may see and write the xattr that carries tags */
	unsigned int thread_pool_size;
	unsigned int request_queues;
	unsigned int poll_us; /* see polling.h; 0: never */
	uint64_t rlimit_nofile; /* 0: as it is */
};

#endif
