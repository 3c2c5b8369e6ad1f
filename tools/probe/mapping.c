/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapping.c - SETUPMAPPING of 2 MiB each, as all Linux guests do, and a look through the window.
 */
#include "mapping.h"

unsigned mapping_chunks(uint64_t size)
{
	return (unsigned)((size + CHUNK - 1) / CHUNK);
}

int mapping_set(struct test *t, uint64_t node, uint64_t size, unsigned slot, uint64_t flags)
{
	for (unsigned i = 0; i < mapping_chunks(size); i++) {
		int err = client_setupmapping(&t->c, node, i * CHUNK, CHUNK, flags,
					      (slot + i) * CHUNK);

		if (err)
			return err;
	}
	return 0;
}

int mapping_unset(struct test *t, uint64_t node, uint64_t size, unsigned slot)
{
	struct fuse_removemapping_one list[16];
	unsigned n = mapping_chunks(size);

	if (n > 16)
		n = 16;
	for (unsigned i = 0; i < n; i++)
		list[i] = (struct fuse_removemapping_one){(slot + i) * CHUNK, CHUNK};
	return n ? client_removemapping(&t->c, node, list, n) : 0;
}

bool mapping_holds(struct test *t, const char *name, unsigned slot, uint64_t from, uint64_t to,
		   unsigned seed)
{
	while (from < to) {
		size_t part = to - from < CLIENT_MAX_DATA ? (size_t)(to - from) : CLIENT_MAX_DATA;
		size_t at;

		if (window_read(&t->fe.window, slot * CHUNK + from, t->buffer, part)) {
			test_fail(t, "%s: a guest that reads bytes %llu to %llu would crash", name,
				  (unsigned long long)from, (unsigned long long)(from + part));
			return false;
		}
		if (!scratch_matches(t->buffer, part, from, seed, &at)) {
			test_fail(t, "%s: byte %llu in the window is %#x, in the file %#x", name,
				  (unsigned long long)(from + at), (uint8_t)t->buffer[at],
				  scratch_byte(from + at, seed));
			return false;
		}
		from += part;
	}
	return true;
}

bool mapping_wanted(struct test *t, const struct fuse_entry_out *entry)
{
	if (entry->attr.flags & FUSE_ATTR_DAX)
		return true;
	test_skip(t, "a file of %llu bytes is not DAX: the policy should say yes to all",
		  (unsigned long long)entry->attr.size);
	return false;
}
