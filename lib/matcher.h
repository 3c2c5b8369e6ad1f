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
 * they are not tried one by one. Each edge has an anchor, some literal bytes that the name
 * must start with or end in. The anchors make two tries: heads are read from the start of a
 * name, tails from its end, until no anchor is left that goes on like it. Edges whose glob is
 * a whole name are found by a hash of the name. So what a lookup costs hardly depends on how
 * many edges there are.
 *
 * Either way ends at a bunch: the edges that share an anchor, with a link up to the bunch of
 * the next shorter anchor. Since the last rule wins, a bunch starts with the latest rule that
 * holds for every name that gets there: for '*.so' as the only condition, nothing is left to
 * be verified. The other edges come latest first, as candidates, and each lookup stops at the
 * first that comes before what it has found already. The first and the last byte of a name tell
 * most candidates that do not match, and for '[a-z]*.so' that is all there is to verify.
 *
 * The edges of star nodes share one set of tries, for many star nodes may be live at once. In
 * each bunch, those of the root's star node, which is live everywhere, are apart from the
 * others, of which the edges of nodes that are not live are left out. Where these are of many
 * star nodes, they are a crowd: a table tells for each pair of a crowd and a star node which
 * edges there are. Other nodes have sets of their own.
 */
#ifndef LIB_MATCHER_H
#define LIB_MATCHER_H

#include <stdlib.h>

#include "pattern.h"

#define MATCHER_NONE UINT32_MAX

/*
 * What a pattern stands for: a rule, and whether the path is its only condition. Later rules
 * are greater, and all are greater than 0, which stands for no rule.
 */
typedef uint32_t accept_t;

static inline accept_t accept_make(uint32_t rule, bool bare)
{
	return (rule + 1) << 1 | bare;
}

static inline uint32_t accept_rule(accept_t accept)
{
	return (accept >> 1) - 1;
}

static inline bool accept_bare(accept_t accept)
{
	return accept & 1;
}

/* A live node: its number, and what there is to do there, so that it need not be looked at. */
typedef uint32_t live_t;

enum {
	LIVE_STAR = 1,	/* it stays live */
	LIVE_INNER = 2, /* it has inner edges that are not in the shared set, nor whole names */
	LIVE_LEAF = 4,	/* it has such leaf edges, or accepts what lies below on conditions */
	LIVE_NAMES = 8, /* it has such inner edges for whole names */
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

/* How to find the edges of one kind that lead from a node, or from all star nodes. */
struct edge_set {
	uint32_t few : 31;     /* in matcher.candidates: edges to try one by one; 0: none */
	uint32_t exact : 1;    /* some are whole names */
	uint32_t heads, tails; /* in matcher.cells: the roots of the tries; 0: there is none */
};

struct node {
	struct edge_set inner, leaf;
	uint32_t star;	       /* the star node below, or MATCHER_NONE */
	uint32_t below;	       /* star nodes: in matcher.accepts, of patterns that end here ... */
	uint32_t n_below : 31; /* ... and how many */
	uint32_t is_star : 1;
	accept_t floor;	 /* the latest bare one of these, below which none is listed; 0 */
	accept_t latest; /* of these and of the leaf edges: none is after this */
	live_t live;	 /* this node when it is live */
};

/*
 * What a lookup needs of an edge, in few bytes: the literal ends of its glob, as far
 * as they fit into a word, tell nearly all names from those that match.
 */
struct edge {
	uint64_t first, last;	/* as in struct name_ends */
	uint16_t min_len, span; /* of names: from min_len to min_len + span bytes */
	uint32_t node;		/* that it leads from */
	union {
		struct {
			live_t live;	/* inner: the node it leads to, when it is live ... */
			live_t star;	/* ... and the star node below, or MATCHER_NONE */
			accept_t floor; /* node.floor of that star node; 0 if there is none */
		};
		struct {
			uint32_t accepts, n; /* leaf: in matcher.accepts, latest rule first */
			accept_t latest;     /* the first of them; 0 if there is none */
		};
	};
	bool leaf;
	bool partial;		     /* the ends are not all: ask matcher.globs too */
	uint8_t first_len, last_len; /* bytes of the ends that the glob has */
};

/*
 * A place in a trie. The node in which a walk is has a base; the next is at this plus the
 * next byte, if the label there is that byte. No two nodes have the same base, and what is
 * not in use has a label with which no node gets there.
 */
typedef uint64_t cell_t;

enum { CELL_LABEL_BITS = 8, CELL_BASE_BITS = 24 };

static inline uint8_t cell_label(cell_t cell)
{
	return (uint8_t)cell;
}

static inline uint32_t cell_base(cell_t cell)
{
	return (uint32_t)cell >> CELL_LABEL_BITS;
}

/* The bunch of the longest anchor so far; 0: none. */
static inline uint32_t cell_bunch(cell_t cell)
{
	return (uint32_t)(cell >> (CELL_LABEL_BITS + CELL_BASE_BITS));
}

static inline cell_t cell_make(uint8_t label, uint32_t base, uint32_t bunch)
{
	return label | (cell_t)base << CELL_LABEL_BITS |
	       (cell_t)bunch << (CELL_LABEL_BITS + CELL_BASE_BITS);
}

/* The edges that share an anchor. The first is not used: it stands for none. */
struct bunch {
	accept_t sure;	 /* bare, and holds for all names that get here, by this or up; or 0 */
	accept_t latest; /* of the candidates, here and up; 0 if there are none */
	uint64_t stars;	 /* star bits of the others */
	uint32_t up;	 /* the bunch of the next shorter anchor that has candidates; or 0 */
	uint32_t first;	 /* in matcher.candidates: those that are live when they are looked up */
	uint32_t others; /* there: those of star nodes; or in .crowds, with BUNCH_CROWD; 0: none */
};

#define BUNCH_CROWD 0x80000000u /* see bunch.others */

/* One edge of a bunch. They come latest first; the end is marked by one without `latest`. */
struct candidate {
	accept_t latest; /* as in a leaf edge; 1 for inner ones */
	uint32_t edge;
	uint32_t node;	 /* that it leads from */
	bool whole;	 /* its anchor, and what follows here, is all there is to verify */
	uint8_t min_len; /* of names; 255 for more, too */
	uint8_t ends[2]; /* classes of the first byte of names, and of the last: matcher_class.h */
};

enum { CROWD_WORDS = 8 };

/* Many star nodes that share an anchor. */
struct crowd {
	uint64_t stars[CROWD_WORDS]; /* see crowd_holds() */
};

/* In which word of a crowd a star node has its bit: that of matcher_star_bit(). */
static inline unsigned int crowd_word(uint32_t node)
{
	return node / 64 % CROWD_WORDS;
}

/* Whether a star node is likely to be one of a crowd. */
static inline bool crowd_holds(const struct crowd *crowd, uint32_t node)
{
	return crowd->stars[crowd_word(node)] >> matcher_star_bit(node) & 1;
}

/* What of a crowd hangs from one star node. All is 0 where the table is free. */
struct pair {
	uint32_t crowd, node;
	accept_t sure;	/* as in a bunch */
	uint32_t first; /* in matcher.candidates */
};

/* One place in a hash table of whole names. */
struct slot {
	uint32_t tag;
	uint32_t ref; /* an edge, with SLOT_EDGE; the bunch of several; 0: free */
};

#define SLOT_EDGE 0x80000000u /* see slot.ref */

/*
 * The edges whose globs are whole names: all inner ones, or all leaf ones. Each tag has two
 * places, and is in one of them.
 */
struct name_table {
	struct slot *slots;
	uint64_t *filter; /* of the ends of names: small enough to stay in the first cache */
	uint32_t mask;
	uint32_t filter_shift; /* key >> filter_shift is a word of the filter */
};

enum { CLASS_BITS = 64 };

/* Immutable once built. */
struct matcher {
	struct node *nodes;
	struct edge *edges;
	struct glob *globs; /* of the edges */
	accept_t *accepts;
	cell_t *cells;
	struct bunch *bunches;
	struct candidate *candidates;
	struct crowd *crowds; /* from 1 */
	struct pair *pairs;
	struct name_table inner_names, leaf_names;
	struct edge_set shared_inner, shared_leaf; /* of edges of star nodes */
	accept_t shared_latest;			   /* none of the shared leaf edges is after this */
	uint32_t n_nodes, n_edges;
	uint32_t pair_mask;
	uint64_t classes[2][256]; /* of a first byte, of a last byte: see matcher_class.h */
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
	uint64_t star_bits;		/* of the star nodes: see matcher_star_bit() */
	accept_t floor; /* the latest bare accept that holds for all files in it, or 0 */
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
	struct live_set plain[2], *now, *next; /* of the folder, and room for those of the next */
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
	live->now = &live->plain[0];
	live->next = &live->plain[1];
	live->folder = (struct matcher_folder){
		.stars = live->stars.nodes,
		.plain = live->plain[0].nodes,
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
 * Go on to all folders of a path. *path and *len: what is left, behind the last slash. -EINVAL
 * if a component cannot be a name.
 */
int matcher_enter_all(const struct matcher *m, struct live *live, const char **path, size_t *len);

/* Whether the other conditions of a rule hold, when a pattern of it matches. */
typedef bool matcher_fn(void *data, uint32_t rule);

/*
 * Find the last rule that holds for the file `name` in a folder: its accept, or 0. fn is
 * called in no order, only for rules that have other conditions, and may be called again for
 * one that did not hold. What comes before a rule that holds need not be, and is not, looked
 * at.
 */
accept_t matcher_find(const struct matcher *m, const struct matcher_folder *folder,
		      const char *name, size_t len, matcher_fn *fn, void *data);

/* Whether one pattern matches the file `name` in a folder. */
bool matcher_matches(const struct matcher *m, const struct matcher_folder *folder, const char *name,
		     size_t len, struct spot spot);

void matcher_release(struct matcher *m);

#endif
