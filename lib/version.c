/* SPDX-License-Identifier: BSD-3-Clause */
/* version.c - the version of the library. */
#include <fsdax/fsdax.h>

#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *fsdax_version(void)
{
	return VERSION(FSDAX_VERSION_MAJOR, FSDAX_VERSION_MINOR, FSDAX_VERSION_PATCH);
}
