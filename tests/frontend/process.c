/* SPDX-License-Identifier: BSD-3-Clause */
/* process.c - see process.h. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

int process_rss(pid_t pid, uint64_t *rss)
{
	char path[64], line[256];
	unsigned long long kib;
	int err = -ENODATA;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (err && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmRSS: %llu kB", &kib) != 1)
			continue;
		*rss = kib << 10;
		err = 0;
	}
	fclose(file);
	return err;
}

int process_fds(pid_t pid, unsigned int *n)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	*n = 0;
	while ((entry = readdir(dir)))
		*n += entry->d_name[0] != '.';
	closedir(dir);
	return 0;
}
