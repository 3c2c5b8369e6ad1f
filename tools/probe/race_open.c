/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_open.c - see race.h: what a guest's kernel does to a file and to a folder, in a race: opens,
 * with a second try; asks for attributes; lists.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "race.h"

/* ---- Opening ---- */

static void read_claim(struct racer *racer, struct race_opened *o)
{
	pthread_mutex_lock(&racer->race->lock);
	o->claimed = o->file->claimed;
	o->claim_number = o->file->claim_number;
	pthread_mutex_unlock(&racer->race->lock);
}

/* Open now: never while it is open in the other state, nor in one that is said to be over. */
static void count_open(struct racer *racer, const struct race_opened *o)
{
	struct race_file *file = o->file;
	bool both, stale;

	pthread_mutex_lock(&racer->race->lock);
	file->open[o->flag]++;
	both = file->open[!o->flag] > 0;
	stale = o->claimed >= 0 && o->claim_number == file->claim_number &&
		(unsigned)o->claimed != o->flag;
	pthread_mutex_unlock(&racer->race->lock);
	if (both)
		race_fail(racer, "%s is open both ways", file->name);
	if (stale)
		race_fail(racer, "%s was opened in a state that was said to be over", file->name);
}

static int look_up(struct racer *racer, uint64_t parent, struct race_opened *o)
{
	struct fuse_entry_out entry;
	int err = race_lookup(racer, parent, o->file->name, &entry);

	if (err)
		return err;
	o->nodeid = entry.nodeid;
	o->flag = entry.attr.flags & FUSE_ATTR_DAX ? 1 : 0;
	return 0;
}

int race_open(struct racer *racer, uint64_t parent, struct race_file *file, uint32_t flags,
	      struct race_opened *o)
{
	int err = -ESTALE;

	*o = (struct race_opened){.file = file};
	read_claim(racer, o);
	for (int i = 0; i < 2 && err == -ESTALE; i++) {
		err = look_up(racer, parent, o);
		if (err)
			return err;
		/* A kernel may take its time. */
		if (race_random(racer, 4) == 0)
			usleep(200);
		err = client_open_file(&racer->c, o->nodeid, flags, &o->fh);
		if (err)
			race_forget(racer, o->nodeid, 1);
	}
	if (!err)
		count_open(racer, o);
	return err;
}

void race_close(struct racer *racer, const struct race_opened *o)
{
	int err;

	pthread_mutex_lock(&racer->race->lock);
	o->file->open[o->flag]--;
	pthread_mutex_unlock(&racer->race->lock);
	err = client_release(&racer->c, o->nodeid, o->fh);
	if (err && !racer->c.broken)
		race_fail(racer, "RELEASE: %s", strerror(-err));
	race_forget(racer, o->nodeid, 1);
}

/* ---- Looking ---- */

void race_getattr(struct racer *racer, uint64_t nodeid, uint64_t fh)
{
	struct fuse_attr attr;
	int err = client_getattr(&racer->c, nodeid, fh, &attr);

	if (!err)
		race_note_attr(racer, nodeid, &attr);
	else if (!racer->c.broken)
		race_fail(racer, "GETATTR of what is looked up: %s", strerror(-err));
}

static void note_entries(struct racer *racer, const char *buf, size_t size)
{
	struct client_dirent dirent;
	ssize_t n;

	while ((n = client_next_dirent(buf, size, true, &dirent)) > 0) {
		if (dirent.entry.nodeid) {
			race_note_name(racer, dirent.name, &dirent.entry);
			race_forget(racer, dirent.entry.nodeid, 1);
		}
		buf += n;
		size -= (size_t)n;
	}
	if (n < 0)
		race_fail(racer, "READDIRPLUS: entries that make no sense");
}

void race_list(struct racer *racer, uint64_t node)
{
	static _Thread_local char buf[32768];
	struct client *c = &racer->c;
	uint64_t fh;
	ssize_t n;

	if (client_opendir(c, node, &fh))
		return;
	n = client_readdir(c, node, fh, 0, buf, sizeof(buf), true);
	if (n > 0)
		note_entries(racer, buf, (size_t)n);
	client_releasedir(c, node, fh);
}
