/* SPDX-License-Identifier: BSD-3-Clause */
/* fuse_build.h - from a record of fuzz-fuse.c's input to the bytes of a FUSE request. */
#ifndef FUZZ_FUSE_BUILD_H
#define FUZZ_FUSE_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "fuse_session.h"

/* One step of a session. */
struct step {
	uint8_t op;  /* see build_request(); from HOST_EVENTS on, something that the host does */
	uint8_t how; /* HOW_* */
	uint8_t node, fh; /* one of those that the guest knows, or none */
	uint8_t name, other;
	uint8_t room; /* for the reply */
	uint8_t cut;
	uint32_t flags, small;
	uint64_t big, more;
};

enum {
	HOW_RAW = 1,	  /* what follows the header is the record's own bytes */
	HOW_CUT = 2,	  /* a part of the request only */
	HOW_LENGTH = 4,	  /* the header says another length */
	HOW_SPLIT_IN = 8, /* in several buffers */
	HOW_SPLIT_OUT = 16,
	HOW_OPCODE = 32, /* any opcode, rather than one that there is */
	HOW_EXTENSION = 64,
};

enum { HOST_EVENTS = 0xe0, REQUEST_MAX = 70000 };

/* Numbers that are interesting, and any other. */
uint64_t build_number(uint64_t raw);

/* Returns the request's size: with its header, which says the same. */
size_t build_request(const struct session *session, const struct step *step,
		     uint8_t request[REQUEST_MAX]);

#endif
