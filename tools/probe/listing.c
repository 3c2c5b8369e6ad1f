/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listing.c - OPENDIR, READDIR or READDIRPLUS until nothing comes, RELEASEDIR.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"

#define MAX_ENTRIES 1000000

static int append(struct listing *listing, const struct client_dirent *entry)
{
	if (listing->n == listing->cap) {
		size_t cap = listing->cap ? 2 * listing->cap : 64;
		void *grown = realloc(listing->list, cap * sizeof(*listing->list));

		if (!grown)
			return -ENOMEM;
		listing->list = grown;
		listing->cap = cap;
	}
	listing->list[listing->n++] = *entry;
	return listing->n > MAX_ENTRIES ? -ELOOP : 0;
}

static int take_all(struct listing *listing, const char *buf, size_t size, bool plus,
		    uint64_t *offset)
{
	struct client_dirent entry;
	ssize_t step;
	int err;

	while ((step = client_next_dirent(buf, size, plus, &entry)) > 0) {
		err = append(listing, &entry);
		if (err)
			return err;
		*offset = entry.off;
		buf += step;
		size -= (size_t)step;
	}
	return (int)step;
}

static int read_all(struct test *t, uint64_t node, uint64_t fh, bool plus, size_t size,
		    struct listing *listing)
{
	uint64_t offset = 0;

	for (;;) {
		ssize_t len = client_readdir(&t->c, node, fh, offset, t->buffer, size, plus);
		int err;

		if (len <= 0)
			return (int)len;
		err = take_all(listing, t->buffer, (size_t)len, plus, &offset);
		if (err)
			return err;
		listing->replies++;
	}
}

int listing_read(struct test *t, uint64_t node, bool plus, size_t size, struct listing *listing)
{
	uint64_t fh;
	int err = client_opendir(&t->c, node, &fh);

	*listing = (struct listing){0};
	if (err)
		return err;
	err = read_all(t, node, fh, plus, size, listing);
	client_releasedir(&t->c, node, fh);
	return err;
}

void listing_free(struct listing *listing)
{
	free(listing->list);
	*listing = (struct listing){0};
}

const struct client_dirent *listing_find(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->n; i++) {
		if (strcmp(listing->list[i].name, name) == 0)
			return &listing->list[i];
	}
	return NULL;
}

unsigned listing_count(const struct listing *listing, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < listing->n; i++)
		n += strcmp(listing->list[i].name, name) == 0;
	return n;
}
