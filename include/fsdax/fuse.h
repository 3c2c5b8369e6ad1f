/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * fuse.h - from a decision to what goes over the wire, in terms of <linux/fuse.h>.
 *
 * For authors of virtiofs daemons. The rules it keeps, each of them learned from
 * what guest kernels do:
 *  - nothing is flagged unless the guest asked for per-inode DAX *and* there is a
 *    window, or the guest's inodes become uncacheable;
 *  - a folder is never flagged;
 *  - every reply that carries attributes (LOOKUP, GETATTR, SETATTR, CREATE, MKNOD,
 *    LINK, READDIRPLUS, TMPFILE) must come through fsdax_fuse_attr_flags(), or the
 *    guest throws the inode out of its cache at each reply that disagrees.
 */
#ifndef FSDAX_FUSE_H
#define FSDAX_FUSE_H

#include <linux/fuse.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

#ifdef __cplusplus
extern "C" {
#endif

/** log2 of the alignment of mappings. Guests accept 12; larger ones break stat(2). */
#define FSDAX_FUSE_MAP_ALIGNMENT 12

/** What a guest and the daemon agreed on in FUSE_INIT. Start from {0}. Since: 0.1 */
struct fsdax_fuse_session {
	bool window;    /**< mappings may be made */
	bool inode_dax; /**< FUSE_ATTR_DAX may be sent */
};

/**
 * All 64 flag bits of a FUSE_INIT request. @in must be a whole struct fuse_init_in,
 * as sent since protocol 7.36; a shorter one has no flags2, so pass
 * @has_flags2 = false for it. Since: 0.1
 */
static inline uint64_t fsdax_fuse_init_flags(const struct fuse_init_in *in, bool has_flags2)
{
	uint64_t flags = in->flags;

	if (has_flags2 && (flags & FUSE_INIT_EXT))
		flags |= (uint64_t)in->flags2 << 32;
	return flags;
}

/**
 * Negotiate: what of DAX goes into the reply to FUSE_INIT.
 *
 * @asked: fsdax_fuse_init_flags() of the request
 * @window: whether the daemon can serve FUSE_SETUPMAPPING
 * @out: gets FUSE_MAP_ALIGNMENT, FUSE_INIT_EXT and FUSE_HAS_INODE_DAX or-ed into
 *	flags and flags2, and map_alignment set; nothing else is touched
 * Returns what was agreed on. A guest mounted with dax=always gets a window and no
 * per-inode DAX, one with dax=never asks for neither. Since: 0.1
 */
static inline struct fsdax_fuse_session fsdax_fuse_init(uint64_t asked, bool window,
							 struct fuse_init_out *out)
{
	struct fsdax_fuse_session session = {false, false};

	if (!window || !(asked & FUSE_MAP_ALIGNMENT))
		return session;
	session.window = true;
	out->flags |= FUSE_MAP_ALIGNMENT;
	out->map_alignment = FSDAX_FUSE_MAP_ALIGNMENT;
	if (!(asked & FUSE_INIT_EXT) || !(asked & FUSE_HAS_INODE_DAX))
		return session;
	session.inode_dax = true;
	out->flags |= FUSE_INIT_EXT;
	out->flags2 |= (uint32_t)(FUSE_HAS_INODE_DAX >> 32);
	return session;
}

/** The value of fuse_attr.flags that goes with a decision. Since: 0.1 */
static inline uint32_t fsdax_fuse_attr_flags(const struct fsdax_fuse_session *session,
					     uint32_t mode, const struct fsdax_decision *decision)
{
	if (!session->window || !session->inode_dax || !S_ISREG(mode) || !decision->dax)
		return 0;
	return FUSE_ATTR_DAX;
}

#ifdef __cplusplus
}
#endif

#endif
