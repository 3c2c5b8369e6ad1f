/* SPDX-License-Identifier: BSD-3-Clause */
/* glob.c - compiles a pattern for one component of a path, and matches it. See glob.h. */
#include <stdlib.h>

#include "glob.h"
#include "utf8.h"

enum op_kind { OP_BYTES, OP_ONE, OP_STAR, OP_SET };

/* Characters from lo to hi, both included. */
struct set_range {
	uint32_t lo, hi;
};

struct glob_op {
	uint8_t kind;
	bool negated;			/* OP_SET */
	uint8_t ragged;			/* OP_BYTES: see ragged_end() */
	uint16_t n;			/* OP_BYTES: bytes; OP_SET: ranges */
	const char *bytes;		/* OP_BYTES */
	const struct set_range *ranges; /* OP_SET: beyond ASCII */
	uint64_t ascii[2];		/* OP_SET: one bit a character */
};

/* ---- Reading the text ---------------------------------------------------- */

/*
 * The text of a component while it is compiled, and what was read so far. Most components
 * are simple shapes that need no ops in the end: only what is needed goes into the arena.
 */
struct reader {
	const char *text;
	const uint32_t *at;
	size_t len, i;
	struct mistake *mistake;
	struct glob_op *ops;
	struct set_range *ranges;
	char *bytes;
	size_t n_ops, n_ranges, n_bytes;
};

static int refuse(const struct reader *r, size_t from, size_t to, const char *hint,
		  const char *message)
{
	size_t last = to > from ? r->at[to - 1] : r->at[from];

	return mistake_set(r->mistake, r->at[from], last - r->at[from] + 1, hint, "%s", message);
}

/* Where a set that starts at text[0] == '[' ends, behind its ']'. 0: it does not. */
static size_t set_length(const char *text, size_t len)
{
	size_t i = 1;

	if (i < len && (text[i] == '!' || text[i] == '^'))
		i++;
	if (i < len && text[i] == ']')
		i++;
	for (; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == ']')
			return i + 1;
	}
	return 0;
}

size_t glob_skip(const char *text, size_t len)
{
	if (text[0] == '\\')
		return len > 1 ? 2 : 1;
	if (text[0] == '[')
		return set_length(text, len);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\xHH": any byte but NUL and '/'. Behind the 'x' at r->i. */
static int read_hex(struct reader *r, uint32_t *c)
{
	size_t start = r->i - 1;
	int high = r->i + 1 < r->len ? hex_digit(r->text[r->i + 1]) : -1;
	int low = r->i + 2 < r->len ? hex_digit(r->text[r->i + 2]) : -1;
	uint32_t byte;

	if (high < 0 || low < 0)
		return refuse(r, start, r->i + 1, "write it as in \\xff",
			      "\\x needs two hexadecimal digits");
	byte = (uint32_t)(high * 16 + low);
	if (byte == 0 || byte == '/')
		return refuse(r, start, r->i + 3, NULL, "no name holds this byte");
	*c = byte < 0x80 ? byte : UTF8_STRAY + byte;
	r->i += 3;
	return 0;
}

/* One character, escaped or not; r->i moves behind it. */
static int read_char(struct reader *r, uint32_t *c)
{
	size_t used;

	if (r->text[r->i] == '\\') {
		if (r->i + 1 == r->len)
			return refuse(r, r->i, r->i + 1, "write \\\\ for a literal backslash",
				      "a backslash with nothing behind it");
		r->i++;
		if (r->text[r->i] == 'x')
			return read_hex(r, c);
		if (r->text[r->i] == '/')
			return refuse(r, r->i - 1, r->i + 1, "write it without the backslash",
				      "a slash always separates");
	}
	*c = utf8_decode(r->text + r->i, r->len - r->i, &used);
	r->i += used;
	return 0;
}

/* ---- Sets ---------------------------------------------------------------- */

static void add_ascii(struct glob_op *op, uint32_t lo, uint32_t hi)
{
	for (uint32_t c = lo; c <= hi && c < 128; c++)
		op->ascii[c / 64] |= 1ull << (c % 64);
}

static int read_set_range(struct reader *r, size_t end, struct glob_op *op)
{
	size_t start = r->i;
	uint32_t lo, hi;
	int err = read_char(r, &lo);

	if (err)
		return err;
	hi = lo;
	if (r->i + 1 < end - 1 && r->text[r->i] == '-') {
		r->i++;
		err = read_char(r, &hi);
		if (err)
			return err;
	}
	if (lo > hi)
		return refuse(r, start, r->i, "write the lower character first",
			      "this range holds no character");
	add_ascii(op, lo, hi);
	if (hi >= 128) {
		r->ranges[r->n_ranges++] = (struct set_range){lo, hi};
		op->n++;
	}
	return 0;
}

static int refuse_class(struct reader *r, size_t end)
{
	if (r->text[r->i] != '[' || r->i + 1 >= end ||
	    (r->text[r->i + 1] != ':' && r->text[r->i + 1] != '.' && r->text[r->i + 1] != '='))
		return 0;
	return refuse(r, r->i, r->i + 2, "write ranges, as in [0-9]; \\[ is a literal bracket",
		      "named classes such as [:digit:] are not understood");
}

/* "[...]", at r->i. */
static int read_set(struct reader *r, struct glob_op *op)
{
	size_t start = r->i;
	size_t len = set_length(r->text + start, r->len - start);
	size_t end = start + len;
	int err;

	if (!len)
		return refuse(r, start, start + 1, "write \\[ for a literal bracket",
			      "'[' is never closed");
	if (memchr(r->text + start, '/', len))
		return refuse(r, start, end, NULL, "a set cannot hold '/'");
	*op = (struct glob_op){.kind = OP_SET, .ranges = r->ranges + r->n_ranges};
	r->i++;
	if (r->text[r->i] == '!' || r->text[r->i] == '^') {
		op->negated = true;
		r->i++;
	}
	while (r->i < end - 1) {
		err = refuse_class(r, end);
		if (!err)
			err = read_set_range(r, end, op);
		if (err)
			return err;
	}
	r->i = end;
	return 0;
}

static bool set_holds(const struct glob_op *op, uint32_t c)
{
	if (c < 128)
		return (op->ascii[c / 64] >> (c % 64) & 1) != op->negated;
	for (unsigned int i = 0; i < op->n; i++) {
		if (c >= op->ranges[i].lo && c <= op->ranges[i].hi)
			return !op->negated;
	}
	return op->negated;
}

/* ---- Compiling ------------------------------------------------------------ */

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * How many bytes at the end begin a character without ending it, as in "caf\xc3": they
 * must not match the first part of a whole one. Most often 0.
 */
static uint8_t ragged_end(const char *bytes, size_t n)
{
	size_t back = 1;
	size_t used;

	while (back < 3 && back < n && continues(bytes[n - back]))
		back++;
	if (n == 0 || (unsigned char)bytes[n - back] < 0xc2)
		return 0;
	utf8_decode(bytes + n - back, back, &used);
	return used == back && back > 1 ? 0 : (uint8_t)back;
}

/* An escaped character goes without its backslash; \xHH is one byte. */
static void add_char(struct reader *r, size_t from, uint32_t c)
{
	bool escaped = r->text[from] == '\\';

	if (escaped && r->text[from + 1] == 'x') {
		r->bytes[r->n_bytes++] = (char)(c >= UTF8_STRAY ? c - UTF8_STRAY : c);
		return;
	}
	from += escaped;
	memcpy(r->bytes + r->n_bytes, r->text + from, r->i - from);
	r->n_bytes += r->i - from;
}

static bool is_wildcard(char c)
{
	return c == '*' || c == '?' || c == '[';
}

/* Most characters are a byte that stands for itself. */
static bool is_plain(char c)
{
	return (unsigned char)c < 0x80 && c != '\\';
}

static int read_bytes(struct reader *r, struct glob_op *op)
{
	size_t start = r->n_bytes;

	while (r->i < r->len && !is_wildcard(r->text[r->i])) {
		size_t from = r->i;
		uint32_t c;
		int err;

		if (is_plain(r->text[r->i])) {
			r->bytes[r->n_bytes++] = r->text[r->i++];
			continue;
		}
		err = read_char(r, &c);
		if (err)
			return err;
		add_char(r, from, c);
	}
	*op = (struct glob_op){
		.kind = OP_BYTES,
		.bytes = r->bytes + start,
		.n = (uint16_t)(r->n_bytes - start),
		.ragged = ragged_end(r->bytes + start, r->n_bytes - start),
	};
	return 0;
}

static int read_op(struct reader *r, struct glob_op *op)
{
	switch (r->text[r->i]) {
	case '*':
		if (r->i + 1 < r->len && r->text[r->i + 1] == '*')
			return refuse(r, r->i, r->i + 2,
				      "write a single * here, or give ** slashes on both sides",
				      "'**' must stand alone between slashes");
		r->i++;
		*op = (struct glob_op){.kind = OP_STAR};
		return 0;
	case '?':
		r->i++;
		*op = (struct glob_op){.kind = OP_ONE};
		return 0;
	case '[': return read_set(r, op);
	default: return read_bytes(r, op);
	}
}

static enum glob_kind kind_of(const struct glob_op *ops, size_t n)
{
	const struct glob_op *last = &ops[n - 1];

	/* Where a name is compared byte by byte, it could be in the middle of a character. */
	for (size_t i = 0; i < n; i++) {
		if (ops[i].ragged || (i && ops[i].kind == OP_BYTES && continues(*ops[i].bytes)))
			return GLOB_GENERAL;
	}
	if (n == 1 && ops[0].kind == OP_BYTES)
		return GLOB_EXACT;
	if (n == 1 && ops[0].kind == OP_STAR)
		return GLOB_ANY;
	if (n == 2 && ops[0].kind == OP_BYTES && last->kind == OP_STAR)
		return GLOB_PREFIX;
	if (n == 2 && ops[0].kind == OP_STAR && last->kind == OP_BYTES)
		return GLOB_SUFFIX;
	if (n == 3 && ops[0].kind == OP_BYTES && ops[1].kind == OP_STAR && last->kind == OP_BYTES)
		return GLOB_BOTH;
	return GLOB_GENERAL;
}

static int keep_ops(struct arena *arena, const struct reader *r, const char *bytes,
		    struct glob *glob)
{
	struct glob_op *ops = arena_alloc(arena, r->n_ops * sizeof(*ops));
	struct set_range *ranges = arena_alloc(arena, r->n_ranges * sizeof(*ranges));

	if (!ops || !ranges)
		return -ENOMEM;
	memcpy(ops, r->ops, r->n_ops * sizeof(*ops));
	if (r->n_ranges)
		memcpy(ranges, r->ranges, r->n_ranges * sizeof(*ranges));
	for (size_t i = 0; i < r->n_ops; i++) {
		if (ops[i].kind == OP_BYTES)
			ops[i].bytes = bytes + (ops[i].bytes - r->bytes);
		if (ops[i].kind == OP_SET)
			ops[i].ranges = ranges + (ops[i].ranges - r->ranges);
	}
	glob->ops = ops;
	glob->n_ops = (uint16_t)r->n_ops;
	return 0;
}

/* Bring what was read into the arena. */
static int keep(struct arena *arena, const struct reader *r, struct glob *glob)
{
	const struct glob_op *first = &r->ops[0];
	const struct glob_op *last = &r->ops[r->n_ops - 1];
	const char *bytes = arena_strndup(arena, r->bytes, r->n_bytes);

	if (!bytes)
		return -ENOMEM;
	*glob = (struct glob){.prefix = "", .suffix = ""};
	glob->kind = (uint8_t)kind_of(r->ops, r->n_ops);
	if (first->kind == OP_BYTES) {
		glob->prefix = bytes;
		glob->prefix_len = first->n;
	}
	if (r->n_ops > 1 && last->kind == OP_BYTES) {
		glob->suffix = bytes + (last->bytes - r->bytes);
		glob->suffix_len = last->n;
	}
	return glob->kind == GLOB_GENERAL ? keep_ops(arena, r, bytes, glob) : 0;
}

static int read_ops(struct reader *r)
{
	while (r->i < r->len) {
		int err = read_op(r, &r->ops[r->n_ops]);

		if (err)
			return err;
		r->n_ops++;
	}
	return 0;
}

int glob_compile(struct arena *arena, const char *text, const uint32_t *at, size_t len,
		 struct glob *glob, struct mistake *mistake)
{
	struct reader r = {.text = text, .at = at, .len = len, .mistake = mistake};
	int err = -ENOMEM;

	/* Each byte gives at most one op, one range, and one byte. */
	r.ops = malloc(len * sizeof(*r.ops));
	r.ranges = malloc(len * sizeof(*r.ranges));
	r.bytes = calloc(len, 1);
	if (r.ops && r.ranges && r.bytes)
		err = read_ops(&r);
	if (!err)
		err = keep(arena, &r, glob);
	free(r.ops);
	free(r.ranges);
	free(r.bytes);
	return err;
}

/* ---- Matching --------------------------------------------------------------- */

/* Match one op other than a star at name[at]; returns the bytes it takes, or -1. */
static ptrdiff_t match_op(const struct glob_op *op, const char *name, size_t len, size_t at)
{
	size_t used;
	uint32_t c;

	if (op->kind == OP_BYTES) {
		if (len - at < op->n || memcmp(name + at, op->bytes, op->n))
			return -1;
		if (!op->ragged)
			return op->n;
		at += op->n - op->ragged;
		utf8_decode(name + at, len - at, &used);
		return used > op->ragged ? -1 : op->n;
	}
	if (at == len)
		return -1;
	c = utf8_decode(name + at, len - at, &used);
	if (op->kind == OP_ONE || set_holds(op, c))
		return (ptrdiff_t)used;
	return -1;
}

/* Whether an op is all that follows the last star, and can be looked for at the end at once. */
static bool is_literal_end(const struct glob *glob, size_t op)
{
	const struct glob_op *last = &glob->ops[op];

	return op + 1 == glob->n_ops && last->kind == OP_BYTES && !last->ragged &&
	       !continues(*last->bytes);
}

static bool ends_in(const struct glob_op *op, const char *name, size_t len, size_t at)
{
	return len - at >= op->n && !memcmp(name + len - op->n, op->bytes, op->n);
}

/* "[...]*.so", as many are: whether it is one, and *matches. */
static inline bool match_set_and_end(const struct glob *glob, const char *name, size_t len,
				     bool *matches)
{
	const struct glob_op *ops = glob->ops;

	if (glob->n_ops != 3 || ops[0].kind != OP_SET || ops[1].kind != OP_STAR ||
	    !is_literal_end(glob, 2) || !len || (unsigned char)*name >= 128)
		return false;
	*matches = set_holds(&ops[0], (unsigned char)*name) && ends_in(&ops[2], name, len, 1);
	return true;
}

/* Only the last star seen ever needs to take more: an earlier one has done its part. */
bool glob_match_general(const struct glob *glob, const char *name, size_t len)
{
	size_t at = 0, op = 0;
	size_t star_op = 0, star_at = 0;
	bool star = false;
	bool matches;

	if (match_set_and_end(glob, name, len, &matches))
		return matches;
	while (op < glob->n_ops || at < len) {
		ptrdiff_t used = -1;

		if (op < glob->n_ops && glob->ops[op].kind == OP_STAR) {
			star = true;
			star_op = ++op;
			star_at = at;
			if (op == glob->n_ops)
				return true;
			if (is_literal_end(glob, op))
				return ends_in(&glob->ops[op], name, len, at);
			continue;
		}
		if (op < glob->n_ops)
			used = match_op(&glob->ops[op], name, len, at);
		if (used >= 0) {
			at += (size_t)used;
			op++;
			continue;
		}
		if (!star || star_at >= len)
			return false;
		utf8_decode(name + star_at, len - star_at, &at);
		star_at += at;
		at = star_at;
		op = star_op;
	}
	return true;
}

/* ---- Anchors -------------------------------------------------------------- */

/* The members of a small set of ASCII characters; 0 if it is not such a set. */
static int set_members(const struct glob_op *op, char members[GLOB_MAX_ANCHORS])
{
	int n = 0;

	if (op->negated || op->n)
		return 0;
	for (uint32_t c = 0; c < 128; c++) {
		if (!set_holds(op, c))
			continue;
		if (n == GLOB_MAX_ANCHORS)
			return 0;
		members[n++] = (char)c;
	}
	return n;
}

static void extend(struct anchor *anchor, char c, bool tail)
{
	if (tail) {
		memmove(anchor->bytes + 1, anchor->bytes, anchor->len);
		anchor->bytes[0] = c;
	} else {
		anchor->bytes[anchor->len] = c;
	}
	anchor->len++;
}

/* Extend each anchor by each member; -1 if they would be too many. */
static int multiply(struct anchor *anchors, int n, const char *members, int n_members, bool tail)
{
	struct anchor before[GLOB_MAX_ANCHORS];

	if (n * n_members > GLOB_MAX_ANCHORS || anchors[0].len == sizeof(anchors[0].bytes))
		return -1;
	memcpy(before, anchors, (size_t)n * sizeof(*anchors));
	for (int i = 0; i < n * n_members; i++) {
		anchors[i] = before[i / n_members];
		extend(&anchors[i], members[i % n_members], tail);
	}
	return n * n_members;
}

static void extend_all(struct anchor *anchors, int n, const struct glob_op *op, bool tail)
{
	for (int i = 0; i < op->n && anchors[0].len < sizeof(anchors[0].bytes); i++) {
		for (int k = 0; k < n; k++)
			extend(&anchors[k], op->bytes[tail ? op->n - 1 - i : i], tail);
	}
}

/* The shapes without ops: the literal end is all there is. */
static int literal_anchor(const struct glob *glob, bool tail, struct anchor *anchor)
{
	bool exact = glob->kind == GLOB_EXACT;
	const char *bytes = tail && !exact ? glob->suffix : glob->prefix;
	size_t len = tail && !exact ? glob->suffix_len : glob->prefix_len;
	size_t kept = len < sizeof(anchor->bytes) ? len : sizeof(anchor->bytes);

	memcpy(anchor->bytes, tail ? bytes + len - kept : bytes, kept);
	anchor->len = (uint8_t)kept;
	return kept > 0;
}

/* An op, counted from one end. */
static const struct glob_op *op_at(const struct glob *glob, bool tail, size_t i)
{
	return &glob->ops[tail ? glob->n_ops - 1 - i : i];
}

int glob_anchors(const struct glob *glob, bool tail, struct anchor anchors[GLOB_MAX_ANCHORS])
{
	char members[GLOB_MAX_ANCHORS];
	int n = 1;

	if (glob->kind != GLOB_GENERAL)
		return literal_anchor(glob, tail, anchors);
	memset(anchors, 0, sizeof(*anchors));
	for (size_t i = 0; i < glob->n_ops; i++) {
		const struct glob_op *op = op_at(glob, tail, i);
		int more;

		if (op->kind == OP_BYTES) {
			extend_all(anchors, n, op, tail);
			continue;
		}
		if (op->kind != OP_SET)
			break;
		more = set_members(op, members);
		more = more ? multiply(anchors, n, members, more, tail) : -1;
		if (more < 0)
			break;
		n = more;
	}
	return anchors[0].len ? n : 0;
}

/* ---- What an anchor leaves open ---------------------------------------------- */

static void add_byte(struct byte_set *set, unsigned char byte)
{
	set->bits[byte / 64] |= 1ull << byte % 64;
}

/* Of characters beyond ASCII, all bytes. */
static void add_set(struct byte_set *set, const struct glob_op *op)
{
	for (int i = 0; i < 2; i++)
		set->bits[i] = op->negated ? ~op->ascii[i] : op->ascii[i];
	if (op->n || op->negated)
		set->bits[2] = set->bits[3] = UINT64_MAX;
}

void glob_end_bytes(const struct glob *glob, bool last, struct byte_set *set)
{
	size_t len = last ? glob->suffix_len : glob->prefix_len;
	const struct glob_op *op = NULL;

	memset(set, 0, sizeof(*set));
	if (glob->kind == GLOB_EXACT)
		return add_byte(set, (unsigned char)glob->prefix[last ? glob->prefix_len - 1 : 0]);
	if (len)
		return add_byte(set, (unsigned char)(last ? glob->suffix[len - 1] : *glob->prefix));
	if (glob->kind == GLOB_GENERAL)
		op = op_at(glob, last, 0);
	if (op && op->kind == OP_SET)
		return add_set(set, op);
	memset(set, 0xff, sizeof(*set));
}

/* Whether bytes begin and end where characters do, wherever they stand in a name. */
static bool are_characters(const struct glob_op *op)
{
	return !op->ragged && !continues(*op->bytes);
}

/* The bytes up to the star, if anchors say all of them; or 0. *n: ops that this takes. */
static size_t anchored_bytes(const struct glob *glob, bool tail, size_t *n)
{
	char members[GLOB_MAX_ANCHORS];
	size_t bytes = 0;

	for (*n = 0; *n < glob->n_ops && op_at(glob, tail, *n)->kind != OP_STAR; ++*n) {
		const struct glob_op *op = op_at(glob, tail, *n);

		if (op->kind == OP_BYTES ? !are_characters(op)
					 : op->kind != OP_SET || !set_members(op, members))
			return 0;
		bytes += op->kind == OP_BYTES ? op->n : 1;
	}
	return bytes;
}

/* Whether an op asks for one character, of which one byte says all. */
static bool is_one_byte(const struct glob_op *op)
{
	if (op->kind == OP_BYTES)
		return op->n == 1 && are_characters(op);
	return op->kind == OP_ONE || (op->kind == OP_SET && !op->n);
}

static enum glob_says general_says(const struct glob *glob, bool tail, size_t len)
{
	size_t n;

	if (anchored_bytes(glob, tail, &n) != len || n == glob->n_ops)
		return GLOB_SAYS_LESS;
	if (n + 1 == glob->n_ops)
		return GLOB_SAYS_ALL;
	return n + 2 == glob->n_ops && is_one_byte(op_at(glob, tail, n + 1)) ? GLOB_SAYS_BUT_END
									     : GLOB_SAYS_LESS;
}

enum glob_says glob_anchor_says(const struct glob *glob, bool tail, size_t len)
{
	size_t near = tail ? glob->suffix_len : glob->prefix_len;
	size_t far = tail ? glob->prefix_len : glob->suffix_len;

	if (len == 0)
		return GLOB_SAYS_LESS;
	switch (glob->kind) {
	case GLOB_GENERAL: return general_says(glob, tail, len);
	case GLOB_PREFIX:
	case GLOB_SUFFIX: return near == len ? GLOB_SAYS_ALL : GLOB_SAYS_LESS;
	case GLOB_BOTH: return near == len && far == 1 ? GLOB_SAYS_BUT_END : GLOB_SAYS_LESS;
	default: return GLOB_SAYS_LESS;
	}
}
