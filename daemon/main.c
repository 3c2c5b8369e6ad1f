/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c - fsdaxd: shares a folder of the host with a guest, by virtiofs, and decides for each
 * file whether the guest uses DAX for it.
 *
 * The way of a request:
 *
 *	front-end ─▶ vhost_user ─▶ vhost_queue ─▶ virtq ─┐
 *	                (memory: guest_memory)           ├▶ serve ─▶ op_* ─▶ inode, handle ─▶ reply
 *	local kernel ─▶ mount ───────────────────────────┘             │
 *	                                  verdict (libfsdax) ◀─ attr ◀─┤
 *	front-end ◀─ backend_channel ◀─ window (view) ◀── op_map ◀─────┘
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "filter.h"
#include "listen.h"
#include "log.h"
#include "mount.h"
#include "notify.h"
#include "options.h"
#include "outside.h"
#include "privileges.h"
#include "sandbox.h"
#include "share.h"
#include "thread.h"
#include "vhost_user.h"
#include "window.h"

/* Statuses as of sysexits.h and design: 2 usage, 65 the policy is invalid. */
enum { EXIT_USAGE = 2, EXIT_POLICY = 65 };

/* A descriptor that becomes readable when the daemon is to end. */
static int catch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Before there are threads, for they inherit it. SIGHUP: see control.h. */
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return fd;
}

static void raise_limits(const struct settings *settings)
{
	struct rlimit limit;

	if (!settings->rlimit_nofile || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (settings->rlimit_nofile != RLIMIT_NOFILE_MOST)
		limit.rlim_max = settings->rlimit_nofile;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_warn("--rlimit-nofile=%llu: %s", (unsigned long long)settings->rlimit_nofile,
			 strerror(errno));
}

/* A message that makes no sense, or asks for what is not there. */
static bool is_malformed(int err)
{
	return err == -EPROTO || err == -EINVAL;
}

static void count_end(struct share *share, int err)
{
	if (is_malformed(err))
		atomic_fetch_add(&share->front_ends.malformed, 1);
	else if (err && err != -ECANCELED)
		atomic_fetch_add(&share->front_ends.failed, 1);
}

/* Serve front-ends, one after the other. 0 or -errno. */
static int serve_front_ends(struct share *share, int listener, bool reconnect, int stop_fd)
{
	int err;

	log_info("waiting for a front-end");
	notify_tell(share->notify, NOTIFY_READY);
	do {
		int socket = listen_accept(listener, stop_fd);

		if (socket < 0)
			return socket == -ECANCELED ? 0 : socket;
		log_info("a front-end has connected");
		atomic_fetch_add(&share->front_ends.connections, 1);
		atomic_store(&share->connected, true);
		notify_tell(share->notify, NOTIFY_CONNECTED);
		err = vhost_user_serve(share, socket, stop_fd);
		atomic_store(&share->connected, false);
		count_end(share, err);
		notify_tell(share->notify, NOTIFY_GONE);
		if (err == -EPROTO)
			log_error("the front-end sent what is not vhost-user; its connection is "
				  "closed");
		else
			log_info("the front-end has gone");
	} while (reconnect && err != -ECANCELED);
	return err == -ECANCELED ? 0 : err;
}

/* ---- Into the sandbox ------------------------------------------------------------------ */

/* Whatever else has been left open for us: it may lead anywhere. */
static int close_inherited(const struct settings *settings)
{
	const unsigned int first = STDERR_FILENO + 1;
	const unsigned int kept = settings->socket_fd >= (int)first ? (unsigned int)settings->socket_fd
								     : first - 1;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Standard error stays: it is the log. */
	if (null >= 0 && (settings->socket_fd == STDIN_FILENO || dup2(null, STDIN_FILENO) >= 0) &&
	    dup2(null, STDOUT_FILENO) >= 0 &&
	    (kept < first || kept == first || !syscall(SYS_close_range, first, kept - 1, 0)) &&
	    !syscall(SYS_close_range, kept + 1, ~0U, 0))
		return 0;
	log_error("descriptors can't be put in order: %s", strerror(errno));
	return -EIO;
}

/* Without privilege a guest can do less, and so can the policy: each in a line, at the start. */
static void say_what_is_missing(const struct share *share, const struct fsdax_policy *policy)
{
	const struct settings *settings = share->settings;

	if (policy && !share->trusted && privileges_policy_needs_trusted(policy))
		log_warn("tags and other xattrs in trusted.* can't be read, and count as missing: "
			 "start fsdaxd as root, or name one in user.* in the policy");
	if (!settings->unprivileged)
		return;
	if (settings->file_handles != HANDLES_NEVER)
		log_info("not started as root: files have no handles, so the guest can know only "
			 "as many as --rlimit-nofile");
	if (!settings->uid_map.count)
		log_info("not started as root: all files belong to one user; --uid-map and "
			 "--gid-map give the guest more");
}

/* Go where only the share is in reach, and give up what would lead out of it. */
static int go_inside(struct share *share)
{
	const struct settings *settings = share->settings;
	struct fsdax_policy *policy;
	int root_fd, proc_fd;
	int err = sandbox_enter(settings, &root_fd, &proc_fd);

	if (!err && share->settings->mount_dir)
		err = mount_keep_out(share->settings, &root_fd);
	if (!err)
		err = share_open(share, root_fd, proc_fd);
	/* A local mount is unmounted at the end, which takes privilege, or a program that has it. */
	if (err || settings->mount_dir)
		return err;
	policy = share->policy ? fsdax_slot_get(share->policy) : NULL;
	err = privileges_drop_to_serve(settings, policy, &share->had_trusted, &share->trusted);
	if (!err)
		say_what_is_missing(share, policy);
	fsdax_policy_unref(policy);
	return err ? err : filter_load(FILTER_SERVE, settings);
}

/* What has a path outside, the sockets, has been made before the share is entered. */
static int serve_guest(struct share *share, struct control *control, const struct options *options,
		       int listener, int stop_fd)
{
	int err = listen_again(listener, share->settings);

	if (!err)
		err = control_listen_again(control);
	if (!err)
		err = go_inside(share);
	if (!err)
		err = control_serve(control);
	return err ? err : serve_front_ends(share, listener, options->reconnect, stop_fd);
}

static int serve_mount(struct share *share, struct control *control)
{
	int err = go_inside(share);

	if (!err)
		err = control_serve(control);
	return err ? err : mount_serve(share);
}

static int begin_outside(struct settings *settings, struct notify *notify)
{
	if (settings->sandbox == SANDBOX_NONE)
		return 0;
	return outside_begin(settings, notify, settings->sandbox == SANDBOX_NAMESPACE);
}

static int serve(struct share *share, struct control *control, struct options *options, int stop_fd)
{
	struct settings *settings = &options->settings;
	int listener, err;

	if (settings->mount_dir)
		return serve_mount(share, control);
	listener = listen_open(settings);
	if (listener < 0)
		return listener;
	err = begin_outside(settings, share->notify);
	if (!err)
		err = serve_guest(share, control, options, listener, stop_fd);
	listen_close(listener, settings);
	return err;
}

/* How large a window guests are offered. */
static uint64_t offered_window(const struct share *share)
{
	struct window_stats stats;

	if (!share->window)
		return 0;
	window_stats(share->window, &stats);
	return stats.view ? share->settings->dax_window : 0;
}

static int run(struct options *options)
{
	char control_path[CONTROL_PATH_MAX];
	struct control *control = NULL;
	struct notify notify;
	struct share *share;
	int stop_fd, err;

	if (!thread_check() || close_inherited(&options->settings) || notify_open(&notify))
		return EXIT_FAILURE;
	options->settings.unprivileged = geteuid() != 0 || options->settings.uid_map.count;
	control_settle(&options->settings, control_path);
	stop_fd = catch_signals();
	if (stop_fd < 0)
		return EXIT_FAILURE;
	umask(0); /* the guest's umask has been applied by the guest */
	raise_limits(&options->settings);
	err = share_new(&options->settings, &share);
	if (err == -EBADMSG)
		return EXIT_POLICY;
	if (err)
		return EXIT_FAILURE;
	share->notify = &notify;
	notify.window = offered_window(share);
	err = control_start(share, &control);
	if (!err)
		err = serve(share, control, options, stop_fd);
	notify_tell(&notify, NOTIFY_STOPPING);
	control_stop(control);
	share_free(share);
	notify_close(&notify);
	close(stop_fd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int parse_and_run(int argc, char **argv, struct options *options)
{
	switch (options_parse(argc, argv, options)) {
	case OPTIONS_WRONG: return EXIT_USAGE;
	case OPTIONS_HELP: options_print_help(); return EXIT_SUCCESS;
	case OPTIONS_VERSION: printf("fsdaxd %s\n", fsdax_version()); return EXIT_SUCCESS;
	case OPTIONS_CAPABILITIES:
		puts("{\n  \"type\": \"fs\",\n  \"features\": [\n    \"separate-options\"\n  ]\n}");
		return EXIT_SUCCESS;
	case OPTIONS_RUN: break;
	}
	log_start(options->log_level, options->syslog);
	return run(options);
}

int main(int argc, char **argv)
{
	struct options options;
	int status = parse_and_run(argc, argv, &options);

	options_free(&options);
	return status;
}
