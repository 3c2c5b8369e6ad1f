/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * outside.c - see outside.h.
 *
 * A namespace of processes is for children only, and a user namespace has to be filled in by
 * somebody outside of it. So with namespaces there is one more process for a moment: the first
 * child enters them and has a child, the daemon, of which it tells the number; when it ends, the
 * daemon becomes a child of the process outside.
 */
#include "outside.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "helper.h"
#include "ids.h"
#include "log.h"
#include "notify.h"
#include "privileges.h"
#include "settings.h"

/* What the two sides say to each other, each time with a number. */
static int tell(int socket, int number)
{
	return send(socket, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number) ? 0 : -EPIPE;
}

/* -EPIPE: the other side has ended, and has said why. */
static int hear(int socket, int *number)
{
	ssize_t n;

	do
		n = recv(socket, number, sizeof(*number), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*number) ? 0 : -EPIPE;
}

/* ---- While the daemon runs ------------------------------------------------------------- */

static void remove_sockets(const struct settings *settings)
{
	if (settings->socket_path)
		unlink(settings->socket_path);
	if (settings->control_path)
		unlink(settings->control_path);
}

/* End as the daemon did, which may be by a signal. */
static _Noreturn void end_like(int status)
{
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) == SIGSYS)
			log_error("the daemon made a system call that it never makes, and was "
				  "ended: it was taken over, or has a mistake");
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

/* To signal the daemon whoever it is by now, and to remove sockets from anybody's folder. */
static int give_up_privileges(const struct settings *settings)
{
	const uint64_t caps = CAPABILITY(KILL) | CAPABILITY(DAC_OVERRIDE);
	int err = privileges_drop(caps, caps);

	return err ? err : filter_load(FILTER_OUTSIDE, settings);
}

/* What the process outside has: its signals, the daemon's words, and to whom it passes them on. */
struct outside {
	const struct settings *settings;
	struct notify *notify;
	int signal_fd, socket; /* socket: -1 if nobody wants to know */
	pid_t daemon;
};

/* Keep what is needed, and nothing else. 0 or -errno. */
static int become_outside(struct outside *outside)
{
	int fds[] = {outside->socket, outside->notify->fd};
	bool wanted = fds[1] >= 0;
	sigset_t set;
	int err = helper_keep_only(fds, wanted ? 2 : 0);

	if (err)
		return err;
	outside->socket = wanted ? fds[0] : -1;
	outside->notify->fd = wanted ? fds[1] : -1;
	outside_signals(&set);
	outside->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (outside->signal_fd < 0)
		return -errno;
	return give_up_privileges(outside->settings);
}

static void pass_on_signals(const struct outside *outside)
{
	struct signalfd_siginfo info;

	while (read(outside->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			kill(outside->daemon, (int)info.ssi_signo);
	}
}

static void pass_on_words(struct outside *outside)
{
	/* A descriptor below 0 is not watched. */
	if (outside->socket >= 0 && notify_pass_on(outside->notify, outside->socket))
		outside->socket = -1;
}

/* Until the daemon ends. */
static _Noreturn void stay_outside(struct outside *outside)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = outside->signal_fd, .events = POLLIN},
			{.fd = outside->socket, .events = POLLIN},
		};
		int status;

		poll(fds, 2, -1);
		pass_on_signals(outside);
		if (waitpid(outside->daemon, &status, WNOHANG) != outside->daemon)
			status = -1;
		/* After that: to its last words. */
		pass_on_words(outside);
		if (status < 0)
			continue;
		remove_sockets(outside->settings);
		end_like(status);
	}
}

/* ---- The child -------------------------------------------------------------------------- */

static int enter_user_namespace(const struct settings *settings, int socket)
{
	int number, err = ids_enter_namespace();

	if (!err)
		err = tell(socket, 0);
	if (!err)
		err = hear(socket, &number);
	return err ? err : ids_become_root(settings);
}

/* Returns in the first process of the new namespace, or with an error. */
static int enter_namespaces(const struct settings *settings, int socket)
{
	int err = ids_need_namespace(settings) ? enter_user_namespace(settings, socket) : 0;
	pid_t pid = 0;

	if (err)
		return err;
	if (unshare(CLONE_NEWPID) || (pid = fork()) < 0) {
		err = -errno;
		log_error("a PID namespace can't be made: %s; --sandbox=none does without",
			  strerror(-err));
		return err;
	}
	if (pid > 0)
		_exit(tell(socket, pid) ? EXIT_FAILURE : EXIT_SUCCESS);
	return 0;
}

/* What goes on as the daemon. Whatever fails has been said. */
static void become_daemon(struct settings *settings, struct notify *notify, bool namespaces,
			  int socket)
{
	int number;

	if ((namespaces && enter_namespaces(settings, socket)) || hear(socket, &number))
		_exit(EXIT_FAILURE);
	if (notify->fd >= 0)
		notify_through(notify, socket);
	else
		close(socket);
	/* Nobody would tell us to end if the process outside were killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	settings->outside = true;
}

/* ---- The parent --------------------------------------------------------------------------- */

static int lead_into_namespaces(const struct settings *settings, int socket, pid_t first,
				pid_t *daemon)
{
	int number, err = 0;

	if (ids_need_namespace(settings)) {
		err = hear(socket, &number);
		if (!err)
			err = ids_map(settings, first);
		if (!err)
			err = tell(socket, 0);
	}
	if (!err)
		err = hear(socket, daemon);
	/* Only when it is gone is the daemon our child. */
	if (!err && waitpid(first, NULL, 0) != first)
		err = -errno;
	return err;
}

/* Does not return if there is a daemon. */
static int lead(struct outside *outside, bool namespaces, pid_t first)
{
	int err;

	outside->daemon = first;
	err = namespaces ? lead_into_namespaces(outside->settings, outside->socket, first,
						&outside->daemon)
			 : 0;
	if (!err)
		err = tell(outside->socket, 0);
	if (!err)
		err = become_outside(outside);
	if (!err)
		stay_outside(outside);
	kill(outside->daemon, SIGKILL);
	waitpid(outside->daemon, NULL, 0);
	return err;
}

int outside_begin(struct settings *settings, struct notify *notify, bool namespaces)
{
	struct outside outside = {.settings = settings, .notify = notify};
	sigset_t set, before;
	int sockets[2];
	pid_t first;
	int err;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		err = -errno;
		log_error("no process for the sandbox: %s", strerror(-err));
		return err;
	}
	/* Before the daemon is there, which may end at once. */
	outside_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	first = fork();
	if (first == 0) {
		close(sockets[0]);
		sigprocmask(SIG_SETMASK, &before, NULL);
		become_daemon(settings, notify, namespaces, sockets[1]);
		return 0;
	}
	err = first < 0 ? -errno : 0;
	close(sockets[1]);
	outside.socket = sockets[0];
	if (!err)
		err = lead(&outside, namespaces, first);
	else
		log_error("no process for the sandbox: %s", strerror(-err));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}
