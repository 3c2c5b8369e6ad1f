/* SPDX-License-Identifier: BSD-3-Clause */
/* calls.c - the table of all calls, and what they have in common. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "truth.h"

enum { N_TABLES = 8 };

static const struct call *const TABLES[N_TABLES] = {NAME_CALLS,	 ATTR_CALLS, DATA_CALLS,
						    XATTR_CALLS, LOCK_CALLS, DIR_CALLS,
						    WAIT_CALLS,	 AIO_CALLS};

static unsigned int table_size(unsigned int table)
{
	switch (table) {
	case 0: return N_NAME_CALLS;
	case 1: return N_ATTR_CALLS;
	case 2: return N_DATA_CALLS;
	case 3: return N_XATTR_CALLS;
	case 4: return N_LOCK_CALLS;
	case 5: return N_DIR_CALLS;
	case 6: return N_WAIT_CALLS;
	default: return N_AIO_CALLS;
	}
}

unsigned int n_calls(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < N_TABLES; i++)
		n += table_size(i);
	return n;
}

const struct call *call_at(unsigned int number)
{
	for (unsigned int i = 0; i < N_TABLES; i++) {
		if (number < table_size(i))
			return &TABLES[i][number];
		number -= table_size(i);
	}
	return NULL;
}

int call_find(const char *name, size_t len)
{
	for (unsigned int i = 0; i < n_calls(); i++) {
		const char *known = call_at(i)->name;

		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return (int)i;
	}
	return -1;
}

unsigned int call_draw(uint64_t *random)
{
	unsigned int sum = 0, at = 0;
	uint64_t drawn;

	for (unsigned int i = 0; i < n_calls(); i++)
		sum += call_at(i)->weight;
	drawn = random_below(random, sum);
	while (drawn >= call_at(at)->weight)
		drawn -= call_at(at++)->weight;
	return at;
}

long say_result(struct text *out, long result)
{
	if (result < 0)
		say(out, "%s", errno_name(errno));
	else
		say(out, "%ld", result);
	return result;
}

int slot_fd(const struct actor *actor, int64_t slot)
{
	return actor->slots[(uint64_t)slot % N_SLOTS];
}

/* A FUSE client tells of it in the background, and locks of the open file go only then. */
static int close_and_wait(int fd)
{
	const struct timespec pause = {.tv_nsec = 1000 * 1000};
	int result = close(fd);

	nanosleep(&pause, NULL);
	return result;
}

int slot_put(struct actor *actor, int64_t slot, int fd)
{
	int *place = &actor->slots[(uint64_t)slot % N_SLOTS];
	int result = 0;

	if (*place >= 0)
		result = close_and_wait(*place);
	*place = fd;
	return result;
}
