/* SPDX-License-Identifier: BSD-3-Clause */
/* memo.c - decisions that are kept with an inode. */
#include "policy.h"

/* The kernel stamps inodes with a clock that may stand still for so long. */
enum { FRESH_NS = 20 * 1000 * 1000, NS_PER_S = 1000 * 1000 * 1000 };

/* Whether a second change could yet get the same ctime; one from the future may. */
static bool is_fresh(int64_t ctime_sec, uint32_t ctime_nsec, int64_t now_sec, uint32_t now_nsec)
{
	if (now_sec < ctime_sec)
		return true;
	if ((uint64_t)now_sec - (uint64_t)ctime_sec > 1)
		return false;
	return (now_sec - ctime_sec) * NS_PER_S + now_nsec - ctime_nsec < FRESH_NS;
}

void fsdax_memo_keep(struct fsdax_memo *memo, struct fsdax_cursor *cursor, int64_t ctime_sec,
		     uint32_t ctime_nsec, int64_t now_sec, uint32_t now_nsec,
		     struct fsdax_decision decision)
{
	if (is_fresh(ctime_sec, ctime_nsec, now_sec, now_nsec) ||
	    (fsdax_cursor_policy(cursor)->needs & FSDAX_NEED_MTIME)) {
		fsdax_memo_clear(memo);
		return;
	}
	if (memo->cursor != cursor) {
		fsdax_memo_clear(memo);
		memo->cursor = fsdax_cursor_ref(cursor);
	}
	memo->ctime_sec = ctime_sec;
	memo->ctime_nsec = ctime_nsec;
	memo->decision = decision;
}

void fsdax_memo_clear(struct fsdax_memo *memo)
{
	fsdax_cursor_unref(memo->cursor);
	memo->cursor = NULL;
}
