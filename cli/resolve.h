/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resolve.h - the real path of a folder. What realpath(3) does, but for paths of any
 * length, and with the folder opened on the way.
 */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

/*
 * Follow links, "." and ".." in path until the folder that it means.
 *
 * real: set to its path from "/", without a slash at the end: "" for "/" itself. The
 *	caller frees it.
 * fd: set to the folder, opened with O_PATH; the caller closes it. May be NULL.
 *
 * Errors: -ENOENT (also for an empty path), -ENOTDIR, -EACCES, -ELOOP (more than 40 links),
 * -ENOMEM.
 */
int resolve_folder(const char *path, char **real, int *fd);

#endif
