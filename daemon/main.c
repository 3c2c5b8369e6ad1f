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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "listen.h"
#include "log.h"
#include "mount.h"
#include "options.h"
#include "sandbox.h"
#include "share.h"
#include "vhost_user.h"

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

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (settings->rlimit_nofile)
		limit.rlim_max = settings->rlimit_nofile;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_warn("--rlimit-nofile=%llu: %s", (unsigned long long)settings->rlimit_nofile,
			 strerror(errno));
}

/* Serve front-ends, one after the other. 0 or -errno. */
static int serve_front_ends(struct share *share, int listener, bool reconnect, int stop_fd)
{
	int err;

	log_info("waiting for a front-end");
	do {
		int socket = listen_accept(listener, stop_fd);

		if (socket < 0)
			return socket == -ECANCELED ? 0 : socket;
		log_info("a front-end has connected");
		atomic_store(&share->connected, true);
		err = vhost_user_serve(share, socket, stop_fd);
		atomic_store(&share->connected, false);
		if (err == -EPROTO)
			log_error("the front-end sent what is not vhost-user; its connection is "
				  "closed");
		else
			log_info("the front-end has gone");
	} while (reconnect && err != -ECANCELED);
	return err == -ECANCELED ? 0 : err;
}

/* Go where only the share is in reach. */
static int go_inside(struct share *share, struct control *control)
{
	int root_fd, proc_fd;
	int err = sandbox_enter(share->settings, &root_fd, &proc_fd);

	if (!err)
		err = share_open(share, root_fd, proc_fd);
	if (!err)
		control_serve(control);
	return err;
}

/* What has a path outside, the socket or the mount, is made before the share is entered. */
static int serve_guest(struct share *share, struct control *control, const struct options *options,
		       int stop_fd)
{
	int listener = listen_open(share->settings);
	int err;

	if (listener < 0)
		return listener;
	err = go_inside(share, control);
	if (!err)
		err = serve_front_ends(share, listener, options->reconnect, stop_fd);
	listen_close(listener, share->settings);
	return err;
}

static int serve_mount(struct share *share, struct control *control)
{
	int err = go_inside(share, control);

	return err ? err : mount_serve(share);
}

static int run(struct options *options)
{
	char control_path[CONTROL_PATH_MAX];
	struct control *control = NULL;
	struct share *share;
	int stop_fd, err;

	control_settle(&options->settings, control_path);
	/* First: in a PID namespace of its own, the daemon would not notice those that come before. */
	stop_fd = catch_signals();
	if (stop_fd < 0 || sandbox_begin(&options->settings))
		return EXIT_FAILURE;
	umask(0); /* the guest's umask has been applied by the guest */
	raise_limits(&options->settings);
	err = share_new(&options->settings, &share);
	if (err == -EBADMSG)
		return EXIT_POLICY;
	if (err)
		return EXIT_FAILURE;
	err = control_start(share, &control);
	if (!err)
		err = options->settings.mount_dir ? serve_mount(share, control)
						  : serve_guest(share, control, options, stop_fd);
	control_stop(control);
	share_free(share);
	close(stop_fd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_WRONG: return EXIT_USAGE;
	case OPTIONS_HELP: options_print_help(); return EXIT_SUCCESS;
	case OPTIONS_VERSION: printf("fsdaxd %s\n", fsdax_version()); return EXIT_SUCCESS;
	case OPTIONS_CAPABILITIES:
		puts("{\n  \"type\": \"fs\",\n  \"features\": [\n    \"separate-options\"\n  ]\n}");
		return EXIT_SUCCESS;
	case OPTIONS_RUN: break;
	}
	log_start(options.log_level, options.syslog);
	return run(&options);
}
