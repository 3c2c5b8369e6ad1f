/* SPDX-License-Identifier: BSD-3-Clause */
/* fuse_host.c - see fuse_host.h. */
#include "fuse_host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "insist.h"
#include "share.h"
#include "share_fixture.h"
#include "stubs.h"
#include "window.h"

/* ---- The front-end ------------------------------------------------------------------------------------ */

/* What it has mapped, as a row of chunks: it refuses as QEMU does. */
static bool chunk_is_mapped[8];
static bool chunk_is_stuck[8]; /* it was to be unmapped, but that was refused */
static int front_end_error;    /* bit 0: it maps nothing; bit 1: it unmaps nothing */

static int map(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
	       bool writable)
{
	struct stat st;

	(void)data;
	insist(fd >= 0 && !fstat(fd, &st), "the front-end is given no file");
	insist(len == 2 << 20 && window_offset % len == 0 && window_offset < (16 << 20) &&
		       fd_offset % 4096 == 0 && writable,
	       "a mapping of %#llx bytes at %#llx", (unsigned long long)len,
	       (unsigned long long)window_offset);
	insist(!chunk_is_mapped[window_offset / len] || chunk_is_stuck[window_offset / len],
	       "a mapping in the place of another");
	if (front_end_error & 1 || chunk_is_mapped[window_offset / len])
		return -EIO;
	chunk_is_mapped[window_offset / len] = true;
	return 0;
}

static int unmap(void *data, uint64_t window_offset, uint64_t len)
{
	(void)data;
	insist(len == 2 << 20 && window_offset % len == 0 && window_offset < (16 << 20),
	       "%#llx bytes at %#llx are unmapped", (unsigned long long)len,
	       (unsigned long long)window_offset);
	insist(chunk_is_mapped[window_offset / len], "what is not mapped is unmapped");
	chunk_is_stuck[window_offset / len] = front_end_error & 2;
	if (front_end_error & 2)
		return -EIO;
	chunk_is_mapped[window_offset / len] = false;
	return 0;
}

static const struct mapper front_end = {map, unmap, NULL};

void fuse_attach(struct share *share, bool there)
{
	if (!share->window)
		return;
	window_attach(share->window, NULL);
	memset(chunk_is_mapped, 0, sizeof(chunk_is_mapped));
	memset(chunk_is_stuck, 0, sizeof(chunk_is_stuck));
	if (there)
		window_attach(share->window, &front_end);
}

/* ---- The host ------------------------------------------------------------------------------------------ */

static void host_truncates(const struct step *step)
{
	static const char *const names[] = {"a", "b.dax", "empty", "d/y.dax"};
	int fd = openat(fixture_root(), names[step->name % 4], O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (ftruncate(fd, (off_t)(build_number(step->big) % (64 << 20))))
		step = NULL;
	close(fd);
	stub_host_changed();
}

static void host_tags(const struct step *step)
{
	static const char *const names[] = {"a", "b.dax", "d", "d/y.dax"};
	static const char *const values[] = {"yes", "no", "nonsense", "yes policy"};
	int fd = openat(fixture_root(), names[step->name % 4],
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (step->other % 8 < 4)
		fsetxattr(fd, "trusted.fsdax", values[step->other % 4],
			  strlen(values[step->other % 4]), 0);
	else
		fremovexattr(fd, "trusted.fsdax");
	close(fd);
}

/* A folder becomes a link out of the share, and a file another one. */
static void host_replaces(const struct step *step)
{
	int root = fixture_root();

	switch (step->name % 4) {
	case 0:
		renameat(root, "d", root, "d-old");
		if (symlinkat("../canary", root, "d"))
			return;
		break;
	case 1:
		unlinkat(root, "a", 0);
		if (symlinkat("../canary/secret", root, "a"))
			return;
		break;
	case 2: renameat(root, "b.dax", root, "a"); break;
	default: unlinkat(root, "d/x", 0); break;
	}
}

bool fuse_host_event(struct session *session, const struct step *step)
{
	switch (step->op % 8) {
	case 0: host_truncates(step); break;
	case 1: host_tags(step); break;
	case 2: host_replaces(step); break;
	case 3: stub_host_changed(); return false;
	case 4: fuse_attach(session->share, step->name % 2); return false;
	case 5: front_end_error = step->name % 4; return false;
	case 6:
		stub_view_error = step->name % 4 == 1	? -EIO
				  : step->name % 4 == 2 ? -ETXTBSY
				  : step->name % 4 == 3 ? -ELOOP
							: 0;
		return false;
	default: atomic_fetch_add(&session->share->tree_generation, 1); return false;
	}
	return true;
}

void fuse_host_reset(void)
{
	front_end_error = 0;
	stub_view_error = 0;
}
