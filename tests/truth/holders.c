/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * holders.c - who holds a lock in the oracle, and who waits for whom, from /proc/locks: of several
 * locks in the way a kernel tells one, whichever comes first. See "circle-later" and "getlk-order"
 * in exceptions.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

struct held {
	int pid; /* -1: an open file holds it */
	uint64_t ino;
	int64_t start, end;
	bool writes;
};

/* false: of flock(), or one that is waited for. */
static bool parse(const char *line, struct held *held)
{
	char kind[16], mode[16], place[64], end[32];
	const char *ino;

	if (sscanf(line, "%*d: %15s %*s %15s %d %63s %" SCNd64 " %31s", kind, mode, &held->pid,
		   place, &held->start, end) != 6 ||
	    (strcmp(kind, "POSIX") && strcmp(kind, "OFDLCK")))
		return false;
	ino = strrchr(place, ':');
	if (!ino)
		return false;
	held->ino = strtoull(ino + 1, NULL, 10);
	held->end = strcmp(end, "EOF") ? strtoll(end, NULL, 10) : INT64_MAX;
	held->writes = strcmp(mode, "WRITE") == 0;
	return true;
}

static bool waits_for(const struct wait *wait, const struct held *held)
{
	return wait->state != WAIT_NONE && wait->of_process && wait->ino == held->ino &&
	       wait->start <= held->end && held->start <= wait->end &&
	       (wait->writes || held->writes);
}

/* A bit for each actor that is in the way of each. */
static void find_ways(const struct wait *waits, const int *pids, unsigned int in_way[N_ACTORS])
{
	FILE *file = fopen("/proc/locks", "r");
	struct held held;
	char line[256];

	memset(in_way, 0, N_ACTORS * sizeof(*in_way));
	while (file && fgets(line, sizeof(line), file)) {
		if (!parse(line, &held))
			continue;
		for (int i = 0; i < N_ACTORS; i++) {
			for (int holder = 0; holder < N_ACTORS; holder++) {
				if (holder != i && pids[holder] == held.pid &&
				    waits_for(&waits[i], &held))
					in_way[i] |= 1u << holder;
			}
		}
	}
	if (file)
		fclose(file);
}

bool is_in_circle(int actor, const struct wait *waits, const int *pids)
{
	unsigned int in_way[N_ACTORS], reached;

	find_ways(waits, pids, in_way);
	reached = in_way[actor];
	for (int round = 0; round < N_ACTORS; round++) {
		for (int i = 0; i < N_ACTORS; i++) {
			if (reached >> i & 1)
				reached |= in_way[i];
		}
	}
	return reached >> actor & 1;
}

bool is_held(ino_t ino, int pid, int type, int64_t start, int64_t length)
{
	FILE *file = fopen("/proc/locks", "r");
	int64_t end = length ? start + length - 1 : INT64_MAX;
	bool found = false;
	struct held held;
	char line[256];

	while (!found && file && fgets(line, sizeof(line), file)) {
		found = parse(line, &held) && held.ino == ino &&
			(held.pid == pid || held.pid == -1) && held.start == start &&
			held.end == end && held.writes == (type == F_WRLCK);
	}
	if (file)
		fclose(file);
	return found;
}
