/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher.h - all patterns of a policy at once, as one machine that reads a path
 * component by component.
 *
 * The patterns are merged into a tree of nodes. A node is what the first few components
 * of some patterns have in common: '/usr/lib' and '/usr/share/a?' share the node of '/usr'.
 * A folder is described by its live nodes: those that its path has reached. From a node
 * lead edges, each with a glob for the next component:
 *  - an inner edge leads to another node, when a folder is entered;
 *  - a leaf edge accepts, when a file is looked up.
 * '**' is a star node below a node: once live, it stays live in all that lies below.
 *
 * There may be thousands of edges (all patterns like '*.so' hang from one star node), so
 * they are found by hashing: each edge has an anchor, some literal bytes that the name
 * must be, start with, or end in. A lookup hashes the few ends of the name that have
 * lengths in use, passes a filter that is small enough to stay in the first cache, and
 * verifies what is left. Its cost hardly depends on how many edges there are.
 *
 * The edges of star nodes share one set of anchors, for many star nodes may be live at
 * once; of what is found, the edges of nodes that are not live are left out. An anchor that
 * too many of them share is looked up once more, for each live star node. Other nodes have
 * sets of their own.
 */
#ifndef LIB_MATCHER_H
#define LIB_MATCHER_H

#include <stdlib.h>

#include "pattern.h"

#define MATCHER_NONE UINT32_MAX

/* What a pattern stands for: a rule, and whether the path is its only condition. */
typedef uint32_t accept_t;

static inline accept_t accept_make(uint32_t rule, bool bare)
{
	return rule << 1 | bare;
}

static inline uint32_t accept_rule(accept_t accept)
{
	return accept >> 1;
}

static inline bool accept_bare(accept_t accept)
{
	return accept & 1;
}

/* A live node: its number, and what there is to do there, so that it need not be looked at. */
typedef uint32_t live_t;

enum {
	LIVE_STAR = 1,  /* it stays live */
	LIVE_INNER = 2, /* it has inner edges that are not in the shared set */
	LIVE_LEAF = 4,  /* it has such leaf edges, or accepts what lies below on conditions */
	LIVE_FLOOR = 8, /* it accepts all that lies below: see node.floor */
	LIVE_SHIFT = 4,
	LIVE_FLAGS = (1 << LIVE_SHIFT) - 1
};

static inline uint32_t live_node(live_t live)
{
	return live >> LIVE_SHIFT;
}

/*
 * Each node is given one of 64 bits. A word then tells most edges of nodes that are not live
 * from the others.
 */
static inline unsigned int matcher_star_bit(uint32_t node)
{
	return node & 63;
}

/* How to find the edges of one kind that lead from a node. */
struct edge_set {
	uint32_t few, n_few; /* in matcher.few: edges to try one by one */
	uint16_t head_lens;  /* some anchors are heads of names: a bit for each length in use */
	uint16_t tail_lens;  /* the same for tails; see key_length() */
	bool exact;          /* some are whole names */
};

/*
 * How to find the shared edges: the lengths in use, as above, by the first and by the last
 * two bytes of names. So 'vmlinuz' is not looked up among patterns like 'lib*'. Whole names
 * are looked up where LENS_EXACT is set in both.
 */
enum { LENS_SIZE = 1024, LENS_EXACT = 0x8000 };

struct lens_table {
	uint16_t heads[LENS_SIZE];
	uint16_t tails[LENS_SIZE];
};

struct node {
	struct edge_set inner, leaf;
	uint32_t star;           /* the star node below, or MATCHER_NONE */
	uint32_t below, n_below; /* star nodes: in matcher.accepts, of patterns that end here */
	int64_t floor;           /* the latest bare one of these, below which none is listed; -1 */
	live_t live;             /* this node when it is live */
	bool is_star;
};

/*
 * What a lookup needs of an edge, in one cache line: the literal ends of its glob, as far
 * as they fit into a word, tell nearly all names from those that match.
 */
struct edge {
	uint64_t first, first_mask; /* as in struct name_ends */
	uint64_t last, last_mask;
	uint16_t min_len, span; /* of names: from min_len to min_len + span bytes */
	uint32_t node;          /* that it leads from */
	union {
		struct {
			uint32_t target;          /* inner: the node it leads to */
			live_t live, star;        /* what is live then; star may be MATCHER_NONE */
		};
		struct {
			uint32_t accepts, n; /* leaf: in matcher.accepts, latest rule first */
			accept_t latest;     /* the first of them; 0 if there is none */
		};
	};
	bool leaf;
	uint8_t star_bit; /* of the node: see matcher_star_bit() */
	bool partial; /* the ends are not all: ask matcher.globs too */
};

/* One place in the hash table. */
struct slot {
	uint32_t tag;
	/* An edge; a place in matcher.lists or .crowds, with a bit that tells; MATCHER_NONE: free. */
	uint32_t ref;
};

/* One of several edges that share an anchor; they come in descending order of `latest`. */
struct candidate {
	int64_t latest; /* as in a leaf edge, 0 for inner ones; INT64_MIN ends a list */
	uint32_t edge;
	uint8_t star_bit;
};

/* An anchor that too many edges of star nodes share. */
struct crowd {
	uint64_t stars; /* the star bits of their nodes */
	int64_t latest; /* of them all; 0 for inner edges */
};

/* Immutable once built. */
struct matcher {
	struct node *nodes;
	struct edge *edges;
	struct glob *globs; /* of the edges */
	accept_t *accepts;
	uint32_t *few;
	struct candidate *lists; /* edges that share an anchor */
	struct crowd *crowds;
	struct slot *slots;
	uint64_t *filter;
	struct lens_table shared_inner, shared_leaf; /* of edges of star nodes */
	uint32_t n_nodes, n_edges;
	uint32_t slot_mask;
	uint32_t filter_shift; /* key >> filter_shift is a word of the filter */
};

/* Where a pattern ends: enough to ask later whether it matches. */
struct spot {
	uint32_t node;
	uint32_t edge; /* MATCHER_NONE: the pattern ends in '**', and node is its star node */
};

/* A folder, as a lookup sees it: its live nodes, each once, and what they have in common. */
struct matcher_folder {
	const live_t *stars, *plain; /* the star nodes, and the others; borrowed */
	uint32_t n_stars, n_plain;
	live_t star_flags, plain_flags; /* LIVE_* of them all */
	uint64_t star_bits;             /* of the star nodes: see matcher_star_bit() */
	int64_t floor; /* the latest bare accept that holds for all files in it, or -1 */
};

/* A set of nodes that grows. */
enum { LIVE_INLINE = 64 };

struct live_set {
	live_t *nodes; /* own[], or from malloc */
	uint32_t n, capacity;
	live_t own[LIVE_INLINE];
};

/*
 * A folder on the way down a path. Star nodes stay live on all of the way, so that they need
 * not be copied from step to step; the others are live in one folder.
 */
struct live {
	struct matcher_folder folder; /* of the sets below */
	struct live_set stars;
	struct live_set plain[2]; /* of the folder, and room for those of the next */
	unsigned int at;          /* which of the two */
};

static inline void live_set_init(struct live_set *set)
{
	set->nodes = set->own;
	set->n = 0;
	set->capacity = LIVE_INLINE;
}

static inline void live_init(struct live *live)
{
	live_set_init(&live->stars);
	live_set_init(&live->plain[0]);
	live_set_init(&live->plain[1]);
	live->at = 0;
	live->folder = (struct matcher_folder){
		.stars = live->stars.nodes,
		.plain = live->plain[0].nodes,
		.floor = -1,
	};
}

static inline void live_set_release(struct live_set *set)
{
	if (set->nodes != set->own)
		free(set->nodes);
}

static inline void live_release(struct live *live)
{
	live_set_release(&live->stars);
	live_set_release(&live->plain[0]);
	live_set_release(&live->plain[1]);
}

/* Start at the share's root. live: initialized. 0 or -ENOMEM, as the next two. */
int matcher_start(const struct matcher *m, struct live *live);

/* Start at a folder that was reached before. live: initialized. */
int matcher_resume(const struct matcher_folder *folder, struct live *live);

/* Go on to the folder `name` in the folder. After an error, live can only be released. */
int matcher_enter(const struct matcher *m, struct live *live, const char *name, size_t len);

/*
 * Called for each pattern that matches, in no order. A pattern whose accept is not above
 * the value that the last call returned need not be, and is not, looked at.
 */
typedef int64_t matcher_fn(void *data, accept_t accept);

/* Find the patterns that match the file `name` in a folder, above its floor. */
void matcher_find(const struct matcher *m, const struct matcher_folder *folder, const char *name,
		  size_t len, matcher_fn *fn, void *data);

/* Whether one pattern matches the file `name` in a folder. */
bool matcher_matches(const struct matcher *m, const struct matcher_folder *folder,
		     const char *name, size_t len, struct spot spot);

void matcher_release(struct matcher *m);

#endif
