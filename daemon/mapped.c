/* SPDX-License-Identifier: BSD-3-Clause */
/* mapped.c - see mapped.h. */
#include "mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "inode.h"
#include "log.h"
#include "mappable.h"
#include "share.h"
#include "view.h"

uint64_t mapped_size(const struct mapped *mapped)
{
	struct stat st;

	return fstat(mapped->source, &st) ? 0 : (uint64_t)st.st_size;
}

/* ---- Copies ------------------------------------------------------------------------------ */

/* zeros: what lies behind the file's end has them already. */
static int read_copy(const struct mapped *mapped, int copy, uint64_t offset, uint64_t len,
		     bool zeros)
{
	char *to = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	uint64_t done = 0;
	ssize_t n = 1;

	if (to == MAP_FAILED)
		return -errno;
	while (done < len && n > 0) {
		n = pread(mapped->source, to + done, len - done, (off_t)(offset + done));
		done += n > 0 ? (uint64_t)n : 0;
	}
	n = n < 0 ? -errno : 0;
	if (!n && !zeros)
		memset(to + done, 0, len - done);
	munmap(to, len);
	return (int)n;
}

/* The file may have been longer. */
int mapped_refresh(const struct mapped *mapped, int copy, uint64_t offset, uint64_t len)
{
	return read_copy(mapped, copy, offset, len, false);
}

int mapped_copy(const struct mapped *mapped, uint64_t offset, uint64_t len)
{
	int fd = memfd_create("fsdaxd-copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* The front-end gets it too: who could cut it would have us touch what is not there. */
	if (ftruncate(fd, (off_t)len) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	if (!err && offset < mapped_size(mapped))
		err = read_copy(mapped, fd, offset, len, true);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- Files ------------------------------------------------------------------------------- */

/* 0: it may be mapped; -errno for the guest. */
static int check(struct share *share, struct inode *inode, int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, &stx))
		return -errno;
	switch (mappable_check(share, inode, &stx)) {
	case MAPPABLE: return 0;
	case UNMAPPABLE_EMPTY: return 0; /* it was cut just now: see window.c */
	case UNMAPPABLE_READONLY: return -EROFS;
	case UNMAPPABLE_IMMUTABLE:
	case UNMAPPABLE_DENIED: return -EACCES;
	default: return -EOPNOTSUPP;
	}
}

static int open_view(struct share *share, struct view *view, struct mapped *mapped)
{
	int err = check(share, mapped->inode, mapped->source);
	int fd;

	if (err)
		return err;
	fd = inode_open(share, mapped->inode, O_RDWR | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	mapped->fd = inode_fd_keep(share, view_open(view, fd));
	err = mapped->fd < 0 ? mapped->fd : 0;
	close(fd);
	return err;
}

static bool is_flagged(struct share *share, struct inode *inode)
{
	bool flag;

	inode_lock(share, inode);
	flag = inode->verdict.flag;
	inode_unlock(share, inode);
	return flag;
}

/*
 * It can't be mapped. A guest that uses DAX because we said so has to get a copy. One that
 * would use it in any case (dax=always) is refused, but for programs that are running.
 */
static int fall_back(struct share *share, struct mapped *mapped, int err)
{
	if (err != -ETXTBSY && !is_flagged(share, mapped->inode))
		return err;
	log_debug("inode %llu is copied instead of mapped: error %d",
		  (unsigned long long)mapped->inode->key.ino, -err);
	verdict_copied(share, mapped->inode);
	return 0;
}

int mapped_new(struct share *share, struct view *view, struct inode *inode, struct mapped **mapped)
{
	struct mapped *made = malloc(sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	*made = (struct mapped){.inode = inode_ref(inode), .fd = -1, .watch = -1};
	made->source = inode_open(share, inode, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	err = made->source < 0 ? made->source : open_view(share, view, made);
	made->refused = err;
	if (err && made->source >= 0)
		err = fall_back(share, made, err);
	if (err) {
		mapped_free(share, made);
		return err;
	}
	made->told = mapped_size(made);
	*mapped = made;
	return 0;
}

void mapped_free(struct share *share, struct mapped *mapped)
{
	if (mapped->fd >= 0)
		close(mapped->fd);
	if (mapped->source >= 0)
		close(mapped->source);
	inode_put(share, mapped->inode);
	free(mapped);
}
