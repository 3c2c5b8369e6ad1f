/* SPDX-License-Identifier: BSD-3-Clause */
/* opening.c - see opening.h. */
#include "opening.h"

#include <fcntl.h>
#include <linux/fuse.h>

#include "share.h"

/*
 * The rest means nothing for a regular file, or would act on the daemon. O_APPEND is said again
 * with each WRITE: it can be changed while a file is open, and what the guest writes back from a
 * mapping goes to its place, through whichever open file the guest's kernel picks.
 */
#define ALLOWED (O_ACCMODE | O_TRUNC | O_DIRECT | O_SYNC | O_DSYNC | O_NONBLOCK)

int opening_flags(const struct share *share, uint32_t asked)
{
	const struct settings *settings = share->settings;
	int flags = (int)asked & ALLOWED;

	if (settings->preserve_noatime)
		flags |= (int)asked & O_NOATIME;
	if (!settings->allow_direct_io)
		flags &= ~O_DIRECT;
	if (share->flags & FUSE_WRITEBACK_CACHE) {
		/* The guest reads what lies around a write. */
		if ((flags & O_ACCMODE) == O_WRONLY)
			flags = (flags & ~O_ACCMODE) | O_RDWR;
	}
	return flags | O_CLOEXEC;
}

uint32_t opening_reply_flags(const struct share *share, int is_dir)
{
	switch (share->settings->cache) {
	case CACHE_NEVER: return is_dir ? 0 : FOPEN_DIRECT_IO;
	case CACHE_METADATA: return is_dir ? FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR : FOPEN_DIRECT_IO;
	case CACHE_ALWAYS: return is_dir ? FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR : FOPEN_KEEP_CACHE;
	case CACHE_AUTO: break;
	}
	/* With O_DIRECT the guest's kernel goes around its cache by itself, and can still map it. */
	return 0;
}
