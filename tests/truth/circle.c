/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * circle.c - who waits for whom in the oracle, from /proc/locks: its kernel follows only the lock
 * that it met first, and so does not know of each circle at once. See "circle-later" in exceptions.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

/* A lock that a process holds. */
struct held {
	int pid;
	uint64_t ino;
	int64_t start, end;
	bool writes;
};

/* Those of flock() and of open files are of no process, and nor is what waits. */
static bool parse(const char *line, struct held *held)
{
	char mode[16], place[64], end[32];
	const char *ino;

	if (sscanf(line, "%*d: POSIX %*s %15s %d %63s %" SCNd64 " %31s", mode, &held->pid, place,
		   &held->start, end) != 5)
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
