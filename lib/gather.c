/* SPDX-License-Identifier: BSD-3-Clause */
/* gather.c - learns about a file what the decision asks for, and not more. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cursor.h"
#include "sys.h"

enum {
	SOME_XATTRS = 8,        /* no memory is allocated for up to so many */
	SHORTEST_BUFFER = 40,   /* holds any tag */
	SOME_BYTES = SOME_XATTRS * SHORTEST_BUFFER
};

/* What has been learned. */
struct gathering {
	const struct fsdax_policy *policy;
	int dirfd;
	const char *name;
	struct fsdax_facts *facts;
	struct fsdax_xattr *xattrs; /* some, or from malloc */
	char *values;               /* some_values, or from malloc; value_size for each */
	size_t value_size;
	struct fsdax_xattr some[SOME_XATTRS];
	char some_values[SOME_BYTES];
};

void fsdax_facts_statx(struct fsdax_facts *facts, const struct statx *stx)
{
	facts->mask |= FSDAX_FACT_STAT;
	facts->mode = stx->stx_mode;
	facts->uid = stx->stx_uid;
	facts->gid = stx->stx_gid;
	facts->nlink = stx->stx_nlink;
	facts->size = stx->stx_size;
	facts->mtime = stx->stx_mtime.tv_sec;
}

static int gather_stat(struct gathering *g)
{
	struct statx stx;

	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	if (!*g->name)
		flags |= AT_EMPTY_PATH;
	if (statx(g->dirfd, g->name, flags, STATX_BASIC_STATS, &stx))
		return -errno;
	fsdax_facts_statx(g->facts, &stx);
	return 0;
}

static int gather_flag(struct gathering *g)
{
	bool dax = false;
	int err = fsdax_flag_read(g->dirfd, g->name, &dax);

	if (err && err != -EOPNOTSUPP)
		return err;
	g->facts->inode_flag = dax;
	g->facts->mask |= FSDAX_FACT_FLAG;
	return 0;
}

/* Room for the xattrs. There is none to give back before it is asked for. */
static int make_room(struct gathering *g)
{
	size_t n = g->policy->n_xattrs;

	if (g->xattrs)
		return 0;
	g->value_size = g->policy->longest_xattr + 1;
	if (g->value_size < SHORTEST_BUFFER)
		g->value_size = SHORTEST_BUFFER;
	g->values = n <= SOME_BYTES / g->value_size ? g->some_values : malloc(n * g->value_size);
	g->xattrs = n <= SOME_XATTRS ? g->some : malloc(n * sizeof(*g->xattrs));
	if (!g->values || !g->xattrs)
		return -ENOMEM;
	memset(g->xattrs, 0, n * sizeof(*g->xattrs));
	g->facts->xattrs = g->xattrs;
	g->facts->n_xattrs = n;
	return 0;
}

static void release(struct gathering *g)
{
	if (g->xattrs != g->some)
		free(g->xattrs);
	if (g->values != g->some_values)
		free(g->values);
	g->facts->xattrs = NULL;
	g->facts->n_xattrs = 0;
}

static int gather_xattr(struct gathering *g, size_t i)
{
	struct fsdax_xattr *xattr;
	char *value;
	ssize_t size;
	int err = make_room(g);

	if (err)
		return err;
	xattr = &g->xattrs[i];
	value = g->values + i * g->value_size;
	size = sys_get_xattr(g->dirfd, g->name, g->policy->xattrs[i], value, g->value_size);
	if (size >= 0)
		*xattr = (struct fsdax_xattr){FSDAX_XATTR_PRESENT, value, (size_t)size};
	else if (size == -ENODATA || size == -EOPNOTSUPP)
		xattr->state = FSDAX_XATTR_ABSENT;
	else if (size == -ERANGE || size == -E2BIG)
		xattr->state = FSDAX_XATTR_LONGER;
	else
		return (int)size;
	return 0;
}

static int gather(struct gathering *g, int want)
{
	if (want == FSDAX_WANT_STAT)
		return gather_stat(g);
	if (want == FSDAX_WANT_FLAG)
		return gather_flag(g);
	return gather_xattr(g, (size_t)want);
}

/* Decide about `name`, and learn what is needed of `place` in dirfd. */
static int decide_from(const struct fsdax_cursor *cursor, int dirfd, const char *place,
		       const char *name, struct fsdax_facts *facts, unsigned int flags,
		       struct fsdax_decision *decision)
{
	struct fsdax_facts own = {0};
	struct gathering g;
	size_t len = strlen(name);
	int want, err;

	g.policy = cursor->policy;
	g.dirfd = dirfd;
	g.name = place;
	g.facts = facts ? facts : &own;
	g.xattrs = NULL;
	g.values = g.some_values;
	if ((g.policy->needs & FSDAX_NEED_MTIME) && !g.facts->now)
		g.facts->now = time(NULL);
	for (;;) {
		err = fsdax_decide(cursor, name, len, g.facts, flags, decision, &want);
		if (err != -EAGAIN)
			break;
		err = gather(&g, want);
		if (err)
			break;
	}
	release(&g);
	return err;
}

int fsdax_decide_at(const struct fsdax_cursor *cursor, int dirfd, const char *name,
		    struct fsdax_facts *facts, unsigned int flags, struct fsdax_decision *decision)
{
	return decide_from(cursor, dirfd, name, name, facts, flags, decision);
}

int fsdax_decide_fd(const struct fsdax_cursor *cursor, int fd, const char *name,
		    struct fsdax_facts *facts, unsigned int flags, struct fsdax_decision *decision)
{
	return decide_from(cursor, fd, "", name, facts, flags, decision);
}
