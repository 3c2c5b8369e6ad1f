/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_class.c - classes of bytes at the ends of names. See matcher_class.h. */
#include <string.h>

#include "matcher_class.h"

static void join(struct byte_set *to, const struct byte_set *from)
{
	for (int i = 0; i < 4; i++)
		to->bits[i] |= from->bits[i];
}

void class_init(struct class_builder *b)
{
	memset(b, 0, sizeof(*b));
	for (int last = 0; last < 2; last++) {
		memset(&b->ends[last].sets[0], 0xff, sizeof(b->ends[last].sets[0]));
		b->ends[last].n = 1;
	}
}

/* Of those in use; or the number of these. */
static uint32_t find_set(const struct byte_classes *classes, const struct byte_set *set)
{
	uint32_t i = 0;

	while (i < classes->n && memcmp(&classes->sets[i], set, sizeof(*set)) != 0)
		i++;
	return i;
}

/* One that is shared: always the same for the same set. */
static uint32_t shared_class(const struct byte_set *set)
{
	uint64_t sum = 0;

	for (int i = 0; i < 4; i++)
		sum = (sum ^ set->bits[i]) * 0x9e3779b97f4a7c15u;
	return CLASS_OWN + (uint32_t)(sum >> 32) % (CLASS_BITS - CLASS_OWN);
}

uint8_t class_of(struct class_builder *b, const struct glob *glob, bool last, bool *exact)
{
	struct byte_classes *classes = &b->ends[last];
	struct byte_set set;
	uint32_t i;

	glob_end_bytes(glob, last, &set);
	i = find_set(classes, &set);
	*exact = i < CLASS_OWN;
	if (!*exact) {
		i = shared_class(&set);
		join(&classes->sets[i], &set);
	} else if (i == classes->n) {
		classes->sets[classes->n++] = set;
	}
	return (uint8_t)i;
}

static uint64_t classes_of_byte(const struct byte_classes *classes, unsigned int byte)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < CLASS_BITS; i++)
		bits |= (classes->sets[i].bits[byte / 64] >> byte % 64 & 1) << i;
	return bits;
}

void class_finish(const struct class_builder *b, struct matcher *m)
{
	for (int last = 0; last < 2; last++) {
		for (unsigned int byte = 0; byte < 256; byte++)
			m->classes[last][byte] = classes_of_byte(&b->ends[last], byte);
	}
}
