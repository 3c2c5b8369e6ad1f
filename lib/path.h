/* SPDX-License-Identifier: BSD-3-Clause */
/* path.h - takes a path below the share's root apart. */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Whether a component is empty, "." or "..": no entry of a folder has such a name. */
static inline bool path_is_dots(const char *name, size_t len)
{
	return len == 0 || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/* Whether this can be the name of an entry of a folder. */
static inline bool path_is_name(const char *name, size_t len)
{
	return !path_is_dots(name, len) && !memchr(name, '/', len);
}

#endif
