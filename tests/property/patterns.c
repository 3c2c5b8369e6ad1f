/* SPDX-License-Identifier: BSD-3-Clause */
/* patterns.c - random patterns, and paths that may match them. See patterns.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patterns.h"
#include "random.h"

/* Few, so that things match; among them what means something in a pattern. */
static const uint32_t common[] = {'a', 'b', 'c', 'a', 'b', '.', '-'};
static const uint32_t rare[] = {
	'*',	      '?',	    '[',	  ']',		'{',	      '}',  ',',
	'\\',	      '!',	    '^',	  ' ',		';',	      '#',  '=',
	'"',	      '\'',	    '\n',	  '\x7f',	0xe4,	      0xe5, 0x20ac,
	0x1f600,      0xfffd,	    'A',	  '0',		'9',	      '~',  STRAY + 0xff,
	STRAY + 0xc3, STRAY + 0xa4, STRAY + 0x80, STRAY + 0xe2, STRAY + 0xf0,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t random_char(void)
{
	if (random_once_in(6))
		return rare[random_below(COUNT(rare))];
	return common[random_below(COUNT(common))];
}

/* ---- Bytes of characters ----------------------------------------------------- */

unsigned int pattern_encode(uint32_t c, char bytes[4])
{
	if (c >= STRAY) {
		bytes[0] = (char)(c - STRAY);
		return 1;
	}
	if (c < 0x80) {
		bytes[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | c >> 18);
	bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* ---- Writing ----------------------------------------------------------------- */

static void put(struct pattern *p, const char *text, size_t len)
{
	if (p->len + len >= sizeof(p->text))
		abort();
	memcpy(p->text + p->len, text, len);
	p->len += len;
	p->text[p->len] = '\0';
}

static void put_hex(struct pattern *p, uint32_t c)
{
	char bytes[4], hex[8];
	unsigned int n = pattern_encode(c, bytes);

	for (unsigned int i = 0; i < n; i++)
		put(p, hex,
		    (size_t)snprintf(hex, sizeof(hex), random_once_in(2) ? "\\x%02x" : "\\x%02X",
				     (unsigned char)bytes[i]));
}

/* A character that has to be escaped, as `special` tells, or is so for no reason. */
static void put_char(struct pattern *p, uint32_t c, const char *special)
{
	char bytes[4];

	/* A line of a policy must be text, and blanks at its ends are lost. */
	if (c >= STRAY || c < 0x20 || c == 0x7f || c == ' ') {
		put_hex(p, c);
		return;
	}
	if ((c < 0x80 && strchr(special, (int)c)) || (c != 'x' && random_once_in(20)))
		put(p, "\\", 1);
	put(p, bytes, pattern_encode(c, bytes));
}

static void put_set(struct pattern *p, const struct piece *set)
{
	static const char special[] = "[]\\-!^";

	put(p, "[", 1);
	if (set->negated)
		put(p, random_once_in(2) ? "!" : "^", 1);
	for (unsigned int i = 0; i < set->n_ranges; i++) {
		put_char(p, set->lo[i], special);
		if (set->lo[i] == set->hi[i])
			continue;
		put(p, "-", 1);
		put_char(p, set->hi[i], special);
	}
	put(p, "]", 1);
}

static void put_piece(struct pattern *p, const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_CHAR:
		if (piece->by_bytes)
			put_hex(p, piece->c);
		else
			put_char(p, piece->c, "*?[]{},\\!;\"'");
		break;
	case PIECE_ONE: put(p, "?", 1); break;
	case PIECE_STAR: put(p, "*", 1); break;
	case PIECE_SLASH: put(p, "/", 1); break;
	case PIECE_SET: put_set(p, piece); break;
	}
}

/* ---- Choosing ---------------------------------------------------------------- */

static struct piece random_set(void)
{
	struct piece set = {.kind = PIECE_SET, .negated = random_once_in(4)};

	set.n_ranges = 1 + random_below(MOST_RANGES);
	for (unsigned int i = 0; i < set.n_ranges; i++) {
		set.lo[i] = random_char();
		set.hi[i] = random_once_in(3) ? random_char() : set.lo[i];
		/* Now and then it is left the wrong way round. */
		if (set.lo[i] > set.hi[i] && !random_once_in(60)) {
			uint32_t lo = set.hi[i];

			set.hi[i] = set.lo[i];
			set.lo[i] = lo;
		}
	}
	return set;
}

static struct piece random_piece(void)
{
	switch (random_below(9)) {
	case 0: return (struct piece){.kind = PIECE_STAR};
	case 1: return (struct piece){.kind = PIECE_STAR};
	case 2: return (struct piece){.kind = PIECE_ONE};
	case 3: return random_set();
	default: {
		uint32_t c = random_char();

		return (struct piece){
			.kind = PIECE_CHAR,
			.c = c,
			.by_bytes = c >= STRAY || random_once_in(20),
		};
	}
	}
}

/* Write a piece down, and let all alternatives from `first` on end in it. */
static void add(struct pattern *p, unsigned int first, struct piece piece)
{
	put_piece(p, &piece);
	for (unsigned int i = first; i < p->n; i++) {
		if (p->alternatives[i].n == MOST_PIECES)
			abort();
		p->alternatives[i].pieces[p->alternatives[i].n++] = piece;
	}
}

static void add_pieces(struct pattern *p, unsigned int first, unsigned int most)
{
	unsigned int n = random_below(most + 1);

	for (unsigned int i = 0; i < n; i++)
		add(p, first, random_piece());
}

/* Some pieces, among them maybe a slash. */
static void add_branch(struct pattern *p, unsigned int first)
{
	add_pieces(p, first, 2);
	if (random_once_in(5)) {
		add(p, first, (struct piece){.kind = PIECE_SLASH});
		add_pieces(p, first, 2);
	}
}

/* "{...,...}": each alternative so far goes on with each of the branches. */
static void add_braces(struct pattern *p, unsigned int depth)
{
	static struct alternative stems[3][MOST_ALTERNATIVES], done[3][MOST_ALTERNATIVES];
	unsigned int branches = 1 + random_below(3);
	unsigned int before = p->n;
	unsigned int n_done = 0;

	if (before * branches > MOST_ALTERNATIVES / 4 || depth > 2)
		return;
	memcpy(stems[depth], p->alternatives, before * sizeof(struct alternative));
	put(p, "{", 1);
	for (unsigned int i = 0; i < branches; i++) {
		memcpy(p->alternatives, stems[depth], before * sizeof(struct alternative));
		p->n = before;
		if (i)
			put(p, ",", 1);
		add_branch(p, 0);
		if (random_once_in(4))
			add_braces(p, depth + 1);
		if (n_done + p->n > MOST_ALTERNATIVES)
			abort();
		memcpy(done[depth] + n_done, p->alternatives, p->n * sizeof(struct alternative));
		n_done += p->n;
	}
	memcpy(p->alternatives, done[depth], n_done * sizeof(struct alternative));
	p->n = n_done;
	put(p, "}", 1);
}

static void add_component(struct pattern *p)
{
	if (random_once_in(4)) {
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		return;
	}
	add_pieces(p, 0, 3);
	if (random_once_in(5))
		add_braces(p, 0);
	add_pieces(p, 0, 2);
}

/* ---- What the language allows ------------------------------------------------ */

static bool is_char(const struct piece *piece, uint32_t c)
{
	return piece->kind == PIECE_CHAR && piece->c == c;
}

static bool component_allowed(const struct piece *pieces, unsigned int n)
{
	if (n == 0 || (n == 1 && is_char(pieces, '.')) ||
	    (n == 2 && is_char(pieces, '.') && is_char(pieces + 1, '.')))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		const struct piece *piece = &pieces[i];

		for (unsigned int k = 0; k < piece->n_ranges; k++) {
			if (piece->lo[k] > piece->hi[k])
				return false;
		}
		if (n > 2 && i > 0 && piece->kind == PIECE_STAR && pieces[i - 1].kind == PIECE_STAR)
			return false;
	}
	return true;
}

static bool allowed(const struct alternative *a)
{
	unsigned int from = 0;

	/* One slash in front says that it is anchored. */
	if (a->n > 0 && a->pieces[0].kind == PIECE_SLASH)
		from = 1;
	for (unsigned int i = from; i <= a->n; i++) {
		if (i < a->n && a->pieces[i].kind != PIECE_SLASH)
			continue;
		if (!component_allowed(a->pieces + from, i - from))
			return false;
		from = i + 1;
	}
	return true;
}

static void finish(struct pattern *p)
{
	for (unsigned int i = 0; i < p->n; i++) {
		if (!allowed(&p->alternatives[i]))
			p->valid = false;
	}
}

static void start(struct pattern *p)
{
	p->len = 0;
	p->text[0] = '\0';
	p->n = 1;
	p->alternatives[0].n = 0;
	p->valid = true;
}

void pattern_make(struct pattern *p, unsigned int components)
{
	unsigned int n = 1 + random_below(components);

	start(p);
	if (random_once_in(3))
		add(p, 0, (struct piece){.kind = PIECE_SLASH});
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			add(p, 0, (struct piece){.kind = PIECE_SLASH});
		add_component(p);
	}
	finish(p);
}

/* Some letters that few other patterns have. */
static void add_word(struct pattern *p)
{
	unsigned int n = 1 + random_below(10);

	for (unsigned int i = 0; i < n; i++)
		add(p, 0, (struct piece){.kind = PIECE_CHAR, .c = 'a' + random_below(4)});
}

void pattern_make_name(struct pattern *p)
{
	start(p);
	switch (random_below(7)) {
	case 0: add_word(p); break;
	case 1:
		add_word(p);
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		break;
	case 2:
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		add_word(p);
		break;
	case 3:
		add_word(p);
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		add_word(p);
		break;
	case 4:
		add(p, 0, (struct piece){.kind = PIECE_STAR});
		add(p, 0, (struct piece){.kind = PIECE_CHAR, .c = '.'});
		add(p, 0, random_set());
		break;
	case 5:
		add(p, 0, random_set());
		add_word(p);
		add(p, 0, random_piece());
		add_word(p);
		break;
	default:
		add_pieces(p, 0, 3);
		add_word(p);
		add_pieces(p, 0, 3);
		break;
	}
	finish(p);
}

/* ---- Paths ------------------------------------------------------------------- */

struct writer {
	char *bytes;
	size_t size, len;
};

static void write_char(struct writer *w, uint32_t c)
{
	char bytes[4];
	unsigned int n = pattern_encode(c, bytes);

	if (w->len + n > w->size || c == '/')
		return;
	memcpy(w->bytes + w->len, bytes, n);
	w->len += n;
}

static void write_name(struct writer *w, unsigned int most)
{
	unsigned int n = random_below(most + 1);

	for (unsigned int i = 0; i < n; i++)
		write_char(w, random_char());
}

/* Something that a piece matches, most of the time. */
static void write_piece(struct writer *w, const struct piece *piece)
{
	unsigned int range;

	if (random_once_in(40))
		return;
	switch (piece->kind) {
	case PIECE_CHAR: write_char(w, piece->c); break;
	case PIECE_STAR: write_name(w, random_once_in(10) ? 20 : 3); break;
	case PIECE_ONE: write_char(w, random_char()); break;
	case PIECE_SET:
		range = random_below(piece->n_ranges);
		if (piece->negated)
			write_char(w, random_char());
		else
			write_char(w, random_once_in(2) ? piece->lo[range] : piece->hi[range]);
		break;
	case PIECE_SLASH: break;
	}
}

static void end_name(struct writer *w, size_t from)
{
	const char *name = w->bytes + from;
	size_t len = w->len - from;

	if (len == 0 || (len == 1 && *name == '.') || (len == 2 && !memcmp(name, "..", 2)))
		write_char(w, 'a');
}

static void write_slash(struct writer *w, size_t *from)
{
	end_name(w, *from);
	if (w->len + 2 < w->size) {
		w->bytes[w->len++] = '/';
		*from = w->len;
	}
}

static void write_folders(struct writer *w, size_t *from)
{
	for (unsigned int n = random_below(3); n > 0; n--) {
		write_name(w, 2);
		write_slash(w, from);
	}
}

size_t path_make(char *path, size_t size, const struct pattern *pattern)
{
	struct writer w = {path, size, 0};
	size_t from = 0;
	const struct alternative *a;

	if (!pattern || pattern->n == 0) {
		write_folders(&w, &from);
		write_name(&w, 6);
		end_name(&w, from);
		return w.len;
	}
	a = &pattern->alternatives[random_below(pattern->n)];
	if (random_once_in(2))
		write_folders(&w, &from);
	for (unsigned int i = 0; i < a->n; i++) {
		const struct piece *piece = &a->pieces[i];

		if (i + 1 < a->n && piece->kind == PIECE_STAR &&
		    a->pieces[i + 1].kind == PIECE_STAR)
			write_folders(&w, &from);
		else if (piece->kind == PIECE_SLASH && w.len > from)
			write_slash(&w, &from);
		else
			write_piece(&w, piece);
	}
	end_name(&w, from);
	return w.len;
}
