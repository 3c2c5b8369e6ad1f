/* SPDX-License-Identifier: BSD-3-Clause */
/* test-matcher_index.c - what edges are found by: keys, tables of names, crowds. */
#include "machine.h"
#include "matcher_key.h"

/* ---- Crowds: many star nodes that share an anchor ------------------------------- */

static void every_pair_of_a_crowd_and_a_folder_is_told_apart(void **state)
{
	struct machine *m = machine_new();
	char text[64], wanted[16];

	(void)state;
	for (unsigned int i = 0; i < 40 * 24; i += 2) {
		snprintf(text, sizeof(text), "/d%u/**/*.x%u", i % 40 / 2 * 2 + i / 40 % 2, i / 40);
		machine_add(m, text);
	}
	machine_finish(m);
	for (unsigned int folder = 0; folder < 40; folder++) {
		for (unsigned int ending = 0; ending < 24; ending++) {
			unsigned int number = ending * 20 + folder / 2;

			snprintf(text, sizeof(text), "d%u/e/n.x%u", folder, ending);
			snprintf(wanted, sizeof(wanted), "%u", number);
			assert_string_equal(found(m, text), folder % 2 == ending % 2 ? wanted : "");
		}
	}
	machine_free(m);
}

/* Names that differ only where the ends, or the middle, of a name are not looked at first. */
static void long_names_are_told_apart(void **state)
{
	static const size_t lengths[] = {9, 16, 17, 24, 25, 32, 33, 40, 41, 100, 255};
	char name[256];

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t len = lengths[i];
		struct machine *m = machine_new();
		char wanted[16];

		memset(name, 'a', sizeof(name));
		name[len] = '\0';
		for (size_t k = 0; k < len; k++) {
			name[k] = 'b';
			machine_add(m, name);
			name[k] = 'a';
		}
		machine_finish(m);
		assert_string_equal(found(m, name), "");
		for (size_t k = 0; k < len; k++) {
			name[k] = 'b';
			snprintf(wanted, sizeof(wanted), "%u", (unsigned int)k);
			assert_string_equal(found(m, name), wanted);
			name[k] = 'a';
		}
		machine_free(m);
	}
}

/* ---- What candidates are told apart by ------------------------------------------ */

/* How many patterns match; found() also asks each of them by itself. */
static int count_found(const struct machine *m, const char *path)
{
	int n = 0;

	for (const char *at = found(m, path); *at; at += strspn(at, " "), n++)
		at += strcspn(at, " ");
	return n;
}

/* Sets of two members, or of all others: by those, no name can be found. */
static void add_sets(struct machine *m, const char *negation)
{
	char text[32];

	for (char a = 'a'; a <= 'p'; a++) {
		for (char b = a; b <= 'p'; b++) {
			snprintf(text, sizeof(text), "[%s%c%c]*.so", negation, a, b);
			machine_add(m, text);
			snprintf(text, sizeof(text), "lib*[%s%c%c]", negation, a, b);
			machine_add(m, text);
		}
	}
}

/* So many sets of first bytes, and of last bytes, that not each has a class of its own. */
static void assert_sets_told_apart(const char *negation, int with, int without)
{
	struct machine *m = machine_new();
	char text[32];

	add_sets(m, negation);
	/* Longer anchors: so walks go on to the end of those above, and these are proven. */
	machine_add(m, "*+.so");
	machine_add(m, "lib+*");
	machine_finish(m);
	for (char a = 'a'; a <= 'q'; a++) {
		snprintf(text, sizeof(text), "%c.so", a);
		assert_int_equal(count_found(m, text), a == 'q' ? without : with);
		snprintf(text, sizeof(text), "lib-%c", a);
		assert_int_equal(count_found(m, text), a == 'q' ? without : with);
	}
	assert_int_equal(count_found(m, ".so"), 0);
	assert_int_equal(count_found(m, "lib"), 0);
	machine_free(m);
}

static void more_sets_of_bytes_than_classes_are_told_apart(void **state)
{
	(void)state;
	assert_sets_told_apart("", 16, 0);
	assert_sets_told_apart("!", 120, 136);
}

/* What is all of the name, and no more: the star takes nothing, and what is beside it does. */
static void a_name_is_as_long_as_its_parts(void **state)
{
	static const char *const patterns[] = {
		"[!a-z]*.so", "?*.so", "l*.so", ".*.so", "*.so",
		"lib*[!x]",   "lib*?", "lib*",	"lib*b",
	};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, ".so"), "4");
	assert_string_equal(found(m, "l.so"), "1 2 4");
	assert_string_equal(found(m, "..so"), "0 1 3 4");
	assert_string_equal(found(m, ".x.so"), "0 1 3 4");
	assert_string_equal(found(m, "\xc3\xa4.so"), "0 1 4");
	assert_string_equal(found(m, "lib"), "7");
	assert_string_equal(found(m, "libx"), "6 7");
	assert_string_equal(found(m, "libb"), "5 6 7 8");
	machine_free(m);
}

/* ---- Walks ------------------------------------------------------------------------ */

/* Anchors of all lengths, each a part of the next, from both ends. */
static void walks_go_on_past_the_bytes_at_hand(void **state)
{
	static const char head[] = "abcdefghijklmnopqrst";
	static const char tail[] = "ABCDEFGHIJKLMNOPQRST";
	enum { N = sizeof(head) - 1 };
	struct machine *m = machine_new();
	char text[64];

	(void)state;
	for (int i = 1; i <= N; i++) {
		for (int twice = 0; twice < 2; twice++) {
			snprintf(text, sizeof(text), "%.*s*%s", i, head, twice ? "?" : "");
			machine_add(m, text);
			snprintf(text, sizeof(text), "%s*%s", twice ? "?" : "", tail + N - i);
			machine_add(m, text);
		}
	}
	machine_finish(m);
	for (int i = 0; i <= N; i++) {
		/* The whole name is an anchor: but for that one, a byte is left for a '?'. */
		if (i) {
			snprintf(text, sizeof(text), "%.*s", i, head);
			assert_int_equal(count_found(m, text), 2 * i - 1);
			assert_int_equal(count_found(m, tail + N - i), 2 * i - 1);
		}
		for (int k = 0; k <= N; k++) {
			snprintf(text, sizeof(text), "%.*s--%s", i, head, tail + N - k);
			assert_int_equal(count_found(m, text), 2 * (i + k));
		}
	}
	machine_free(m);
}

static bool hold(void *data, uint32_t rule)
{
	(void)data;
	(void)rule;
	return true;
}

/* No file has such a name, but a caller may. */
static void a_name_with_zeros_is_not_taken_for_one_without(void **state)
{
	static const char *const patterns[] = {"abcde*", "abcdf*", "*edcba", "*fdcba"};
	static const char names[2][11] = {"abc\0\0\0\0\0dex", "xed\0\0\0\0\0cba"};
	struct machine *m = machine_of(patterns, COUNT(patterns));
	struct live live;

	(void)state;
	walk(m, "x", &live);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(matcher_find(&m->matcher, &live.folder, names[i], sizeof(names[i]),
					      hold, NULL),
				 0);
	live_release(&live);
	machine_free(m);
}

/* ---- Names whose keys share a tag ---------------------------------------------- */

enum { NAMES = 1 << 19 };

struct tagged {
	uint32_t tag, number;
};

static int by_tag(const void *left, const void *right)
{
	const struct tagged *a = left, *b = right;

	return a->tag < b->tag ? -1 : a->tag > b->tag;
}

enum { NAME_SIZE = 40 };

/* Long names have the same length and the same ends. */
static uint32_t tag_of(uint32_t set, bool is_long, char letter, uint32_t number, char *name)
{
	struct name_ends ends;

	snprintf(name, NAME_SIZE, is_long ? "the-same-%c%06u-for-each" : "%c%u", letter, number);
	ends = key_ends(name, strlen(name));
	return key_tag(key_make(set, key_name(&ends)));
}

/* The key of a in one set has the tag of b in another. */
struct collision {
	char a[NAME_SIZE], b[NAME_SIZE];
};

/* So many, that some of the keys that are not in a table pass its filter nevertheless. */
enum { COLLISIONS = 60, FILLERS = 2400 };

static void find_collisions(bool is_long, uint32_t set_a, uint32_t set_b,
			    struct collision found[COLLISIONS])
{
	struct tagged *tags = calloc(NAMES, sizeof(*tags));
	char name[NAME_SIZE];

	assert_non_null(tags);
	for (uint32_t i = 0; i < NAMES; i++)
		tags[i] = (struct tagged){tag_of(set_a, is_long, 'a', i, name), i};
	qsort(tags, NAMES, sizeof(*tags), by_tag);
	for (uint32_t i = 0, n = 0; n < COLLISIONS; i++) {
		struct tagged wanted = {tag_of(set_b, is_long, 'b', i, found[n].b), 0};
		const struct tagged *hit = bsearch(&wanted, tags, NAMES, sizeof(*tags), by_tag);

		if (hit)
			tag_of(set_a, is_long, 'a', hit->number, found[n++].a);
	}
	free(tags);
}

/* A text with a name in place of its '#'. */
static const char *named(const char *text, const char *name)
{
	static char path[64];
	int before = (int)strcspn(text, "#");

	snprintf(path, sizeof(path), "%.*s%.*s%s", before, text, NAME_SIZE, name,
		 text + before + 1);
	return path;
}

/* Names below a folder, which do no more than fill the filter. */
static void add_fillers(struct machine *m, const char *folder, const char *end)
{
	char pattern[64];

	for (unsigned int i = 0; i < FILLERS; i++) {
		snprintf(pattern, sizeof(pattern), "%sfiller%u%s", folder, i, end);
		machine_add(m, pattern);
	}
}

static void assert_told_apart(bool is_long)
{
	struct collision c[COLLISIONS];
	struct machine *m = machine_new();
	char wanted[16];

	find_collisions(is_long, KEY_SHARED_LEAF, KEY_SHARED_LEAF, c);
	for (unsigned int i = 0; i < COLLISIONS; i++) {
		machine_add(m, c[i].a);
		machine_add(m, i % 2 ? c[i].b : "/other");
	}
	add_fillers(m, "/f/", "");
	machine_finish(m);
	for (unsigned int i = 0; i < COLLISIONS; i++) {
		snprintf(wanted, sizeof(wanted), "%u", 2 * i);
		assert_string_equal(found(m, c[i].a), wanted);
		snprintf(wanted, sizeof(wanted), "%u", 2 * i + 1);
		assert_string_equal(found(m, c[i].b), i % 2 ? wanted : "");
	}
	machine_free(m);
}

static void names_of_one_set_that_share_a_tag_are_told_apart(void **state)
{
	(void)state;
	assert_told_apart(false);
	assert_told_apart(true);
}

static void names_of_several_sets_that_share_a_tag_are_told_apart(void **state)
{
	struct collision c[COLLISIONS];
	struct machine *m = machine_new();
	char wanted[16];

	(void)state;
	/* The first folder is node 1, and has leaves; the other names are anywhere. */
	find_collisions(false, KEY_SHARED_LEAF, key_leaf_set(1), c);
	for (unsigned int i = 0; i < COLLISIONS; i++) {
		machine_add(m, named("/d/#", i % 2 ? c[i].b : "other"));
		machine_add(m, c[i].a);
	}
	add_fillers(m, "/f/", "");
	machine_finish(m);
	assert_int_equal(m->spots[0].node, 1);
	for (unsigned int i = 0; i < COLLISIONS; i++) {
		snprintf(wanted, sizeof(wanted), "%u", 2 * i + 1);
		assert_string_equal(found(m, named("d/#", c[i].a)), wanted);
		snprintf(wanted, sizeof(wanted), "%u", 2 * i);
		assert_string_equal(found(m, named("d/#", c[i].b)), i % 2 ? wanted : "");
		assert_string_equal(found(m, named("x/#", c[i].b)), "");
	}
	machine_free(m);
}

/* Each name a belongs to a crowd; what names b find in some other set is no business of theirs. */
static void add_crowds(struct machine *m, const struct collision c[COLLISIONS], const char *end)
{
	char pattern[128];

	for (unsigned int i = 0; i < COLLISIONS * 20; i++) {
		snprintf(pattern, sizeof(pattern), "/e%u/**/%s%s", i % 20, c[i / 20].a, end);
		machine_add(m, pattern);
	}
}

static void names_that_share_a_tag_with_a_crowd_are_told_apart(void **state)
{
	struct collision c[COLLISIONS];
	struct machine *m = machine_new();
	char wanted[16];

	(void)state;
	find_collisions(false, KEY_SHARED_LEAF, key_leaf_set(1), c);
	machine_add(m, "/d/other");
	add_crowds(m, c, "");
	for (unsigned int i = 0; i < COLLISIONS; i += 4)
		machine_add(m, named("/d/#", c[i].b));
	add_fillers(m, "/f/", "");
	machine_finish(m);
	for (unsigned int i = 0; i < COLLISIONS; i++) {
		snprintf(wanted, sizeof(wanted), "%u", 1 + i * 20 + 7);
		assert_string_equal(found(m, named("e7/#", c[i].b)), "");
		assert_string_equal(found(m, named("e7/#", c[i].a)), wanted);
		snprintf(wanted, sizeof(wanted), "%u", 1 + COLLISIONS * 20 + i / 4);
		assert_string_equal(found(m, named("d/#", c[i].b)), i % 4 ? "" : wanted);
	}
	machine_free(m);
}

static void folders_that_share_a_tag_are_told_apart(void **state)
{
	struct collision c[COLLISIONS];
	struct machine *m = machine_new();
	char wanted[32];

	(void)state;
	/* The root is node 0. */
	find_collisions(false, KEY_SHARED_INNER, key_inner_set(0), c);
	machine_add(m, "/other/x");
	add_crowds(m, c, "/x");
	machine_add(m, named("**/#/x", c[1].a));
	add_fillers(m, "/f/", "/x");
	machine_finish(m);
	snprintf(wanted, sizeof(wanted), "%u", 1 + COLLISIONS * 20);
	assert_string_equal(found(m, named("#/x", c[1].a)), wanted);
	for (unsigned int i = 2; i < COLLISIONS; i++) {
		snprintf(wanted, sizeof(wanted), "%u", 1 + i * 20 + 7);
		assert_string_equal(found(m, named("#/x", c[i].b)), "");
		assert_string_equal(found(m, named("#/x", c[i].a)), "");
		assert_string_equal(found(m, named("e7/#/x", c[i].a)), wanted);
	}
	machine_free(m);
}

/* ---- Keys -------------------------------------------------------------------- */

/* The same of a name that is in more memory, but no more than is promised. */
static void assert_same_ends(const struct name_ends *ends, const char *name, size_t len)
{
	size_t size = len < KEY_WORD ? KEY_WORD : len;
	char *room = malloc(size);
	struct name_ends same;

	memset(room, '/', size);
	memcpy(room, name, len);
	same = key_ends_readable(room, len);
	assert_true(same.first == ends->first && same.last == ends->last);
	assert_true(same.hash == ends->hash && same.len == ends->len && same.name == room);
	free(room);
}

static void the_ends_of_a_name_are_its_first_and_last_bytes(void **state)
{
	char name[24];

	(void)state;
	for (size_t len = 0; len <= sizeof(name); len++) {
		struct name_ends ends;
		char *copy = malloc(len + !len);

		for (size_t i = 0; i < len; i++)
			copy[i] = (char)(i * 37 + len);
		ends = key_ends(copy, len);
		for (size_t i = 0; i < 8; i++) {
			unsigned char first = i < len ? (unsigned char)copy[i] : 0;
			unsigned char last = i < len ? (unsigned char)copy[len - 1 - i] : 0;

			assert_int_equal(ends.first >> (i * 8) & 0xff, first);
			assert_int_equal(ends.last >> (56 - i * 8) & 0xff, last);
		}
		if (len)
			assert_same_ends(&ends, copy, len);
		free(copy);
	}
}

static void names_that_differ_in_one_byte_have_other_keys(void **state)
{
	char name[64];

	(void)state;
	for (size_t len = 1; len < sizeof(name); len++) {
		uint64_t key;
		struct name_ends ends;

		memset(name, 'a', sizeof(name));
		ends = key_ends(name, len);
		key = key_name(&ends);
		assert_true(key_make(3, key) != key_make(4, key));
		for (size_t i = 0; i < len; i++) {
			name[i] = 'b';
			ends = key_ends(name, len);
			assert_true(key_name(&ends) != key);
			name[i] = 'a';
		}
		ends = key_ends(name, len + 1);
		assert_true(len + 1 >= sizeof(name) || key_name(&ends) != key);
	}
}

static void an_end_of_a_name_has_a_bit_for_each_byte(void **state)
{
	(void)state;
	assert_true(key_first_mask(0) == 0);
	assert_true(key_first_mask(1) == 0xff);
	assert_true(key_first_mask(8) == UINT64_MAX);
	assert_true(key_last_mask(0) == 0);
	assert_true(key_last_mask(1) == 0xff00000000000000u);
	assert_true(key_last_mask(8) == UINT64_MAX);
	for (size_t len = 0; len <= 8; len++) {
		assert_int_equal(__builtin_popcountll(key_first_mask(len)), len * 8);
		assert_true((key_first_mask(len) ^ key_last_mask(8 - len)) == UINT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_a_crowd_and_a_folder_is_told_apart),
		cmocka_unit_test(long_names_are_told_apart),
		cmocka_unit_test(more_sets_of_bytes_than_classes_are_told_apart),
		cmocka_unit_test(a_name_is_as_long_as_its_parts),
		cmocka_unit_test(walks_go_on_past_the_bytes_at_hand),
		cmocka_unit_test(a_name_with_zeros_is_not_taken_for_one_without),
		cmocka_unit_test(names_of_one_set_that_share_a_tag_are_told_apart),
		cmocka_unit_test(names_of_several_sets_that_share_a_tag_are_told_apart),
		cmocka_unit_test(names_that_share_a_tag_with_a_crowd_are_told_apart),
		cmocka_unit_test(folders_that_share_a_tag_are_told_apart),
		cmocka_unit_test(the_ends_of_a_name_are_its_first_and_last_bytes),
		cmocka_unit_test(names_that_differ_in_one_byte_have_other_keys),
		cmocka_unit_test(an_end_of_a_name_has_a_bit_for_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
