/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interrupt.c - signals through a signalfd(2): no handler, and so nothing that a handler
 * must not do.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"

/* What is ignored stays so: nohup(1) and a shell's background jobs rely on it. */
static void add(sigset_t *set, int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		sigaddset(set, signal);
}

int interrupt_open(struct interrupt *in)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	add(&set, SIGINT);
	add(&set, SIGTERM);
	add(&set, SIGHUP);
	in->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (in->fd < 0)
		return -errno;
	err = pthread_sigmask(SIG_BLOCK, &set, &in->before);
	if (err) {
		close(in->fd);
		return -err;
	}
	return 0;
}

bool interrupt_came(struct interrupt *in)
{
	const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
	struct signalfd_siginfo info;

	if (read(in->fd, &info, sizeof(info)) != sizeof(info))
		return false;
	/* timeout(1) sends its signal to us and to our process group: that is one, not two. */
	nanosleep(&moment, NULL);
	while (read(in->fd, &info, sizeof(info)) == sizeof(info))
		;
	/* Good order may take long, as on a hanging file system: the next one kills. */
	pthread_sigmask(SIG_SETMASK, &in->before, NULL);
	return true;
}

void interrupt_close(struct interrupt *in)
{
	pthread_sigmask(SIG_SETMASK, &in->before, NULL);
	close(in->fd);
}
