/* SPDX-License-Identifier: BSD-3-Clause */
/* share.h - the folder that is served, and all that is known of the guest it is served to. */
#ifndef DAEMON_SHARE_H
#define DAEMON_SHARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <fsdax/fsdax.h>
#include <fsdax/fuse.h>

#include "settings.h"

struct inode_table;
struct handle_table;
struct notify;
struct policy_reader;
struct window;
struct worker;

struct share {
	const struct settings *settings; /* outlives the share */
	int root_fd;			 /* O_PATH: the share's root */
	int proc_fd;			 /* O_PATH: /proc/self/fd, through which to open anew */
	struct inode_table *inodes;
	struct handle_table *handles;
	struct window *window;		       /* NULL: no --dax-window */
	struct fsdax_slot *policy;	       /* NULL: --policy=none */
	struct policy_reader *reader;	       /* NULL: there is no sandbox */
	struct notify *notify;		       /* main.c's; NULL: nobody wants to know */
	bool had_trusted, trusted; /* xattrs in trusted.* could be read, and still can */
	atomic_uint_least64_t tree_generation; /* see verdict.h */
	_Atomic(struct worker *) workers;      /* see worker.h */
	atomic_uint dir_buffers;	       /* handles that have one: see op_readdir.c */

	/*
	 * What the guest and we agreed on in FUSE_INIT. Written by INIT and DESTROY alone, which a
	 * guest may well send by one queue while others are busy: so each is atomic by itself.
	 */
	struct {
		atomic_bool window, inode_dax; /* as in struct fsdax_fuse_session */
	} dax;
	atomic_bool initialized;
	atomic_bool connected; /* a front-end is there; main.c's, for the control socket */
	struct {
		atomic_uint_least64_t connections; /* so far */
		atomic_uint_least64_t malformed;   /* that were ended for what was sent by them */
		atomic_uint_least64_t failed;	   /* that ended for another reason than that */
		atomic_uint_least64_t broken_queues;
	} front_ends;
	atomic_uint minor;
	atomic_uint_least64_t flags; /* FUSE_* bits that are in force */
};

/*
 * Load the policy and make the window, which starts processes: what has to be done outside of a
 * sandbox, while there is one thread. What is wrong goes to the log. Errors: -EBADMSG (the policy has mistakes), -ENOMEM, what open(2) may say.
 */
int share_new(const struct settings *settings, struct share **share);

/* Read the policy's files again. As fsdax_policy_load(), but for *report see policy_reader.h. */
int share_load_policy(struct share *share, struct fsdax_policy **policy,
		      struct fsdax_report **report);

/* Say on the log what is wrong with a policy, a line each. */
void share_log_report(const struct fsdax_report *report);

/*
 * Begin to serve from root_fd (O_PATH) with proc_fd (O_PATH, /proc/self/fd), as made by
 * sandbox_enter(). Both are taken over in any case. 0 or -errno (on the log).
 */
int share_open(struct share *share, int root_fd, int proc_fd);

/* All requests have been served. NULL is fine. */
void share_free(struct share *share);

#endif
