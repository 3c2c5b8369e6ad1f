/* SPDX-License-Identifier: BSD-3-Clause */
/* source.c - the files of a policy, by the place that somebody named or that is usual. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source.h"

/* Where policies are looked for; what comes later replaces what comes before. */
static const char *const search_path[] = {
	"/usr/lib/fsdax/policy.d",
	"/run/fsdax/policy.d",
	"/etc/fsdax/policy.d",
};

enum { N_SEARCH = sizeof(search_path) / sizeof(search_path[0]) };

static int read_search_path(struct fsdax_report *report, const char *root, dropin_fn *fn,
			    void *data)
{
	char *dirs[N_SEARCH] = {NULL};
	int err = 0;

	for (int i = 0; i < N_SEARCH; i++) {
		if (asprintf(&dirs[i], "%s%s", root, search_path[i]) < 0) {
			dirs[i] = NULL;
			err = -ENOMEM;
		}
	}
	if (!err)
		err = dropin_read_dirs(report, (const char *const *)dirs, N_SEARCH, fn, data);
	for (int i = 0; i < N_SEARCH; i++)
		free(dirs[i]);
	return err;
}

int source_read(struct fsdax_report *report, const char *path, const char *root, dropin_fn *fn,
		void *data)
{
	struct stat st;

	if (!path)
		return read_search_path(report, root && strcmp(root, "/") ? root : "", fn, data);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return dropin_read_dirs(report, &path, 1, fn, data);
	return dropin_read_file(report, path, fn, data);
}
