/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_class.h - classes of bytes that names which an edge matches start with, or end in.
 *
 * Edges that are found by one end of a name, such as 'lib*.so' and '[a-z]*.so', are told from
 * each other by one byte at the other end. Each set of such bytes is a class, and has a bit;
 * for each byte there is a word of the classes that hold it, so that a test is a shift.
 */
#ifndef LIB_MATCHER_CLASS_H
#define LIB_MATCHER_CLASS_H

#include "matcher.h"

/* So many sets have classes of their own. Others share the rest, which hold too much then. */
enum { CLASS_OWN = 56 };

struct byte_classes {
	struct byte_set sets[CLASS_BITS];
	uint32_t n; /* of CLASS_OWN that are in use; the first is that of all bytes */
};

struct class_builder {
	struct byte_classes ends[2]; /* of first bytes, of last bytes */
};

void class_init(struct class_builder *b);

/*
 * The class of the bytes that names which a glob matches can start with, or with last, end in.
 * *exact: it holds no others.
 */
uint8_t class_of(struct class_builder *b, const struct glob *glob, bool last, bool *exact);

/* All classes are known: fill in matcher.classes. */
void class_finish(const struct class_builder *b, struct matcher *m);

#endif
