/* SPDX-License-Identifier: BSD-3-Clause */
/* op_session.c - how a guest's session begins and ends: INIT, DESTROY; and INTERRUPT. */
#include "operations.h"

#include <errno.h>
#include <stddef.h>

#include "fuse_compat.h"
#include "handle.h"
#include "locks.h"
#include "share.h"
#include "window.h"

/* Linux 4.20 and newer. Before, structures were shorter. */
#define OLDEST_MINOR 27

/* As much as a request's pages may hold; Linux takes 256 at most unless told otherwise. */
#define MAX_PAGES 256
#define PAGE_BYTES 4096

/* An INIT before 7.36 ends with the flags. */
#define SHORT_INIT_SIZE offsetof(struct fuse_init_in, flags2)

/* Enough for the guest never to hold requests back by itself: the queues do that. */
#define MAX_BACKGROUND 65535

/* ---- What is offered ------------------------------------------------------------------- */

static bool always(const struct settings *settings)
{
	(void)settings;
	return true;
}

/* With --cache=always the guest believes what it has, until it writes it itself. */
static bool data_may_change(const struct settings *settings)
{
	return settings->cache != CACHE_ALWAYS;
}

static bool links_are_cached(const struct settings *settings)
{
	return settings->cache != CACHE_NEVER;
}

static bool has_readdirplus(const struct settings *settings)
{
	return !settings->no_readdirplus;
}

static bool has_writeback(const struct settings *settings)
{
	return settings->writeback;
}

static bool has_posix_lock(const struct settings *settings)
{
	return settings->posix_lock;
}

static bool has_flock(const struct settings *settings)
{
	return settings->flock;
}

static bool has_posix_acl(const struct settings *settings)
{
	return settings->posix_acl;
}

static bool has_submounts(const struct settings *settings)
{
	return settings->announce_submounts;
}

static bool has_killpriv_v2(const struct settings *settings)
{
	return settings->killpriv_v2;
}

static bool has_mmap(const struct settings *settings)
{
	return settings->allow_mmap;
}

/*
 * What is not here is not done: EXPORT_SUPPORT (lookups of ".."), NO_OPEN_SUPPORT (we want to
 * know what is open: see inode.h), SECURITY_CTX, HANDLE_KILLPRIV (the guest does it better),
 * the splice flags (there is no pipe). What DAX needs is added by fsdax_fuse_init().
 */
static const struct {
	uint64_t flags;
	bool (*offered)(const struct settings *settings);
} FEATURES[] = {
	{FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_BIG_WRITES | FUSE_ASYNC_DIO, always},
	{FUSE_ATOMIC_O_TRUNC | FUSE_MAX_PAGES | FUSE_SETXATTR_EXT | FUSE_INIT_EXT, always},
	{FUSE_CREATE_SUPP_GROUP, always},
	{FUSE_AUTO_INVAL_DATA, data_may_change},
	{FUSE_CACHE_SYMLINKS, links_are_cached},
	{FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO, has_readdirplus},
	{FUSE_WRITEBACK_CACHE, has_writeback},
	{FUSE_POSIX_LOCKS, has_posix_lock},
	{FUSE_FLOCK_LOCKS, has_flock},
	{FUSE_POSIX_ACL | FUSE_DONT_MASK, has_posix_acl},
	{FUSE_SUBMOUNTS, has_submounts},
	{FUSE_HANDLE_KILLPRIV_V2, has_killpriv_v2},
	{FUSE_DIRECT_IO_ALLOW_MMAP, has_mmap},
};

/* What both sides can: in force from here on. */
static uint64_t agree(const struct settings *settings, uint64_t asked)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < sizeof(FEATURES) / sizeof(*FEATURES); i++) {
		if (FEATURES[i].offered(settings))
			flags |= FEATURES[i].flags;
	}
	/* The kernel knows them as a pair: one without the other means no mask at all. */
	flags &= asked;
	if ((flags & (FUSE_POSIX_ACL | FUSE_DONT_MASK)) != (FUSE_POSIX_ACL | FUSE_DONT_MASK))
		flags &= ~(uint64_t)(FUSE_POSIX_ACL | FUSE_DONT_MASK);
	/* Flags past the first 32 can only be answered with it. */
	return flags & FUSE_INIT_EXT ? flags : (uint32_t)flags;
}

/* ---- INIT --------------------------------------------------------------------------------- */

static void begin_session(struct share *share, const struct fuse_init_in *in, bool has_flags2,
			  struct fuse_init_out *out)
{
	uint64_t asked = fsdax_fuse_init_flags(in, has_flags2);
	uint64_t flags = agree(share->settings, asked);
	uint32_t max_write = flags & FUSE_MAX_PAGES ? MAX_PAGES * PAGE_BYTES : 32 * PAGE_BYTES;
	struct fsdax_fuse_session dax;

	*out = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = in->max_readahead,
		.flags = (uint32_t)flags,
		.flags2 = (uint32_t)(flags >> 32),
		.max_background = MAX_BACKGROUND,
		.congestion_threshold = MAX_BACKGROUND / 4 * 3,
		.max_write = max_write,
		.time_gran = 1,
		.max_pages = flags & FUSE_MAX_PAGES ? MAX_PAGES : 0,
	};
	dax = fsdax_fuse_init(asked, share->window && window_ready(share->window), out);
	share->dax.window = dax.window;
	share->dax.inode_dax = dax.inode_dax;
	share->minor = in->minor < out->minor ? in->minor : out->minor;
	share->flags = flags;
	atomic_store(&share->initialized, true);
}

/* What the guest sent, with 0 for what it is too old to send. */
static bool read_init(struct request *request, struct fuse_init_in *in, bool *has_flags2)
{
	*has_flags2 = request->in.size >= sizeof(*in);
	return request->in.size >= SHORT_INIT_SIZE &&
	       request_read_short(request, in, *has_flags2 ? sizeof(*in) : SHORT_INIT_SIZE);
}

void op_init(struct request *request)
{
	struct fuse_init_in in = {0};
	struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
				    .minor = FUSE_KERNEL_MINOR_VERSION};
	bool has_flags2;

	if (!read_init(request, &in, &has_flags2)) {
		request_reply_error(request, -EINVAL);
		return;
	}
	/* A newer kernel hears what we speak, and asks once more. */
	if (in.major > FUSE_KERNEL_VERSION) {
		request_reply(request, &out, sizeof(out));
		return;
	}
	if (in.major < FUSE_KERNEL_VERSION || in.minor < OLDEST_MINOR) {
		request_reply_error(request, -EPROTO);
		return;
	}
	/* A guest that was reset says nothing before it begins anew. */
	serve_reset(request->share);
	begin_session(request->share, &in, has_flags2, &out);
	request_reply(request, &out, sizeof(out));
}

/* ---- DESTROY, INTERRUPT ------------------------------------------------------------------------ */

void op_destroy(struct request *request)
{
	serve_reset(request->share);
	request_reply_error(request, 0);
}

/* virtiofs never sends it; a local mount does. All that can wait is a lock. */
void op_interrupt(struct request *request)
{
	struct fuse_interrupt_in in;

	if (request_read(request, &in, sizeof(in)))
		locks_interrupt(handle_locks(request->share), in.unique);
	request_reply_none(request);
}
