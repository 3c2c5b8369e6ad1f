/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - a set of strings, each with a number. See names.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher_key.h"
#include "names.h"

enum { FIRST_SIZE = 64 };

struct name {
	const char *text; /* NULL: free */
	uint32_t number;
};

static struct name *find(const struct names *names, const char *text)
{
	struct name_ends ends = key_ends(text, strlen(text));
	uint32_t i = key_tag(key_name(&ends)) & names->mask;

	while (names->slots[i].text && strcmp(names->slots[i].text, text))
		i = (i + 1) & names->mask;
	return &names->slots[i];
}

static int grow(struct names *names)
{
	struct names grown = {.n = names->n};
	uint32_t size = names->slots ? (names->mask + 1) * 2 : FIRST_SIZE;

	grown.mask = size - 1;
	grown.slots = calloc(size, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (uint32_t i = 0; names->slots && i <= names->mask; i++) {
		if (names->slots[i].text)
			*find(&grown, names->slots[i].text) = names->slots[i];
	}
	free(names->slots);
	*names = grown;
	return 0;
}

int names_add(struct names *names, const char *text, uint32_t *number)
{
	struct name *name;

	if ((!names->slots || names->n > names->mask / 2) && grow(names))
		return -ENOMEM;
	name = find(names, text);
	if (name->text) {
		*number = name->number;
		return 0;
	}
	*name = (struct name){text, *number};
	names->n++;
	return 1;
}

void names_release(struct names *names)
{
	free(names->slots);
	*names = (struct names){0};
}
