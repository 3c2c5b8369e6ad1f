/* SPDX-License-Identifier: BSD-3-Clause */
/* confined.c - see confined.h. */
#include "confined.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../../tools/probe/confine.h"
#include "insist.h"

/* In the namespace it is covered; and it is there on every machine. */
#define PLACE "/mnt"

/* Small, so that nothing that is asked for takes long; and no device in it works. */
#define SIZE "size=2m,nr_inodes=600,mode=0755"

const char *confined_enter(void)
{
	struct names writable = {.n = 0};
	const char *given = getenv("FSDAX_FUZZ_WRITABLE");
	char *list = strdup(given ? given : "");
	char *rest = NULL;

	for (char *dir = strtok_r(list, ":", &rest); dir && writable.n < MAX_NAMES;
	     dir = strtok_r(NULL, ":", &rest))
		writable.list[writable.n++] = dir;
	if (confine(&writable))
		exit(EXIT_FAILURE);
	free(list);
	if (mount("fuzz", PLACE, "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, SIZE)) {
		fprintf(stderr, PLACE ": %s\n", strerror(errno));
		exit(EXIT_FAILURE);
	}
	return PLACE;
}

/*
 * Which of the first numbers are descriptors, all by one call: those that the target had when it
 * began, and SPARE more, since a new one gets the lowest number. Those up to the first gap are the
 * target's own, and stay; others may be libFuzzer's, which starts a symbolizer now and then.
 */
enum { LOOKED_AT = 128, SPARE = 16 };
static struct pollfd before[LOOKED_AT], after[LOOKED_AT];
static int looked_at, own;

static void look(struct pollfd *fds, int from, int to)
{
	for (int i = from; i < to; i++)
		fds[i] = (struct pollfd){.fd = i};
	if (poll(fds + from, (nfds_t)(to - from), 0) < 0)
		abort();
}

static void count_looked_at(void)
{
	int n = LOOKED_AT - SPARE;

	look(before, 0, LOOKED_AT);
	while (n && before[n - 1].revents & POLLNVAL)
		n--;
	looked_at = n + SPARE;
	while (!(before[own].revents & POLLNVAL))
		own++;
}

void confined_fds_before(void)
{
	if (!looked_at)
		count_looked_at();
	look(before, own, looked_at);
}

void confined_fds_after(void)
{
	look(after, 0, looked_at);
	for (int i = 0; i < own; i++)
		insist(!(after[i].revents & POLLNVAL), "descriptor %d is closed, by another", i);
	for (int i = own; i < looked_at; i++)
		insist((after[i].revents & POLLNVAL) >= (before[i].revents & POLLNVAL),
		       "descriptor %d is left open", i);
}

void confined_be_quiet(void)
{
	FILE *nowhere = fopen("/dev/null", "w");

	if (!nowhere || !freopen("/dev/null", "w", stdout))
		abort();
	/* Theirs is the one from before. */
	stderr = nowhere;
}
