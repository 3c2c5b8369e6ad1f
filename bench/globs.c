/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * globs.c - the rule generator: takes a path at random, and makes of it what an admin
 * would write who had such files in mind.
 */
#include "globs.h"
#include "engine.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20211101
#define MAX_GLOB 1024
#define SAMPLE 1000 /* paths, to see how much a glob matches */

struct maker {
	const struct path **usable; /* paths whose names mean nothing special to a glob */
	size_t n_usable;
	size_t *folders; /* where each folder starts in usable */
	size_t n_folders;
	struct path *sample;
	size_t n_sample;
	double widest; /* the part of all paths that a glob may match */
	uint64_t seed;
	char glob[MAX_GLOB];
	char **seen; /* a hash table of the globs made so far */
	size_t n_slots;
};

/* A draw returns false if the path it took is no good for its kind. */
struct kind {
	bool (*draw)(struct maker *maker);
	unsigned int weight; /* percent */
	const char *example;
};

static size_t below(struct maker *maker, size_t n)
{
	return random_next(&maker->seed) % n;
}

/* Any folder is as likely, or the few huge ones would get most of the globs. */
static const struct path *pick(struct maker *maker)
{
	size_t folder = below(maker, maker->n_folders), first = maker->folders[folder];
	size_t end = folder + 1 < maker->n_folders ? maker->folders[folder + 1] : maker->n_usable;

	return maker->usable[first + below(maker, end - first)];
}

__attribute__((format(printf, 2, 3))) static bool emit(struct maker *maker, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(maker->glob, sizeof(maker->glob), format, args);
	va_end(args);
	return len > 0 && len < MAX_GLOB;
}

/* ".gz", or NULL for a name without an extension. */
static const char *extension(const struct path *path)
{
	const char *dot = strrchr(path->name, '.');

	return dot && dot != path->name && dot[1] ? dot : NULL;
}

/* Length of the path's first @depth components, or 0 if its folder is not as deep. */
static size_t ancestor(const struct path *path, size_t depth)
{
	const char *at = path->text;

	while (depth--) {
		at = strchr(at + 1, '/');
		if (!at || at >= path->name)
			return 0;
	}
	return (size_t)(at - path->text);
}

static size_t folder_depth(const struct path *path)
{
	size_t depth = 0;

	for (const char *at = path->text + 1; at < path->name; at++)
		depth += *at == '/';
	return depth;
}

/* The name of the file's own folder. */
static const char *folder_name(const struct path *path, size_t *len)
{
	const char *end = path->name - 1, *at = end;

	while (at > path->text && at[-1] != '/')
		at--;
	*len = (size_t)(end - at);
	return at;
}

static bool draw_suffix(struct maker *maker)
{
	const struct path *path = pick(maker);
	const char *cut = path->name + path->name_len;

	do {
		do
			cut--;
		while (cut > path->name && !strchr("._-", *cut));
	} while (cut > path->name && below(maker, 2));
	return cut > path->name && cut[1] && emit(maker, "*%s", cut);
}

static bool draw_name(struct maker *maker)
{
	return emit(maker, "%s", pick(maker)->name);
}

static bool draw_prefix(struct maker *maker)
{
	const struct path *path = pick(maker);
	const char *ext = extension(path);
	size_t cut;

	if (path->name_len < 5)
		return false;
	cut = 3 + below(maker, path->name_len - 4);
	if (ext && path->name + cut < ext && below(maker, 2))
		return emit(maker, "%.*s*%s", (int)cut, path->name, ext);
	return emit(maker, "%.*s*", (int)cut, path->name);
}

static bool draw_any_folder(struct maker *maker)
{
	const struct path *path = pick(maker);
	const char *ext = extension(path), *folder;
	size_t len;

	folder = folder_name(path, &len);
	return ext && len && emit(maker, "**/%.*s/*%s", (int)len, folder, ext);
}

static bool draw_below(struct maker *maker)
{
	const struct path *path = pick(maker);
	const char *ext = extension(path);
	size_t len = ancestor(path, 1 + below(maker, 4));

	return ext && len && emit(maker, "%.*s/**/*%s", (int)len, path->text, ext);
}

static bool draw_subtree(struct maker *maker)
{
	const struct path *path = pick(maker);
	size_t depth = folder_depth(path), len;

	if (depth < 3)
		return false;
	len = ancestor(path, 3 + below(maker, depth - 2));
	return len && emit(maker, "%.*s/**", (int)len, path->text);
}

static bool draw_exact(struct maker *maker)
{
	return emit(maker, "%s", pick(maker)->text);
}

static bool draw_folder_and_suffix(struct maker *maker)
{
	const struct path *path = pick(maker);
	const char *ext = extension(path);

	return ext && emit(maker, "%.*s*%s", (int)(path->name - path->text), path->text, ext);
}

/* A digit of the name made a class, or a question mark. */
static bool draw_digit(struct maker *maker, const char *wildcard)
{
	const struct path *path = pick(maker);
	size_t at = strcspn(path->name, "0123456789");

	return at < path->name_len &&
	       emit(maker, "%.*s%s%s", (int)at, path->name, wildcard, path->name + at + 1);
}

static bool draw_class(struct maker *maker)
{
	static const char *const ranges[] = {
		"[a-z]", "[A-Z]", "[a-m]", "[n-z]", "[0-9]", "[!a-z]", "[a-zA-Z_]",
	};
	const char *range = ranges[below(maker, sizeof(ranges) / sizeof(*ranges))];
	const struct path *path = pick(maker);
	const char *ext = extension(path);
	size_t folder_len = (size_t)(path->name - path->text);

	switch (below(maker, 8)) {
	case 0: return ext && emit(maker, "%s*%s", range, ext);
	case 1:
		return ext && emit(maker, "*%.*s[%c%c]", (int)strlen(ext) - 1, ext,
				   (int)('a' + below(maker, 26)), ext[strlen(ext) - 1]);
	case 2:
	case 3: return ext && emit(maker, "%.*s%s*%s", (int)folder_len, path->text, range, ext);
	case 4: return draw_digit(maker, "?");
	default: return draw_digit(maker, "[0-9]");
	}
}

static bool draw_brace(struct maker *maker)
{
	const struct path *path = pick(maker), *other = pick(maker);
	const char *ext = extension(path), *other_ext = extension(other);
	const char *folder, *other_folder;
	size_t len, other_len;

	switch (below(maker, 4)) {
	case 0: return ext && other_ext && emit(maker, "*.{%s,%s}", ext + 1, other_ext + 1);
	case 1: return emit(maker, "{%s,%s}", path->name, other->name);
	case 2:
		return ext && other_ext &&
		       emit(maker, "%.*s*.{%s,%s}", (int)(path->name - path->text), path->text,
			    ext + 1, other_ext + 1);
	default:
		folder = folder_name(path, &len);
		other_folder = folder_name(other, &other_len);
		return folder - path->text > 1 &&
		       emit(maker, "%.*s{%.*s,%.*s}/**", (int)(folder - path->text), path->text,
			    (int)len, folder, (int)other_len, other_folder);
	}
}

static const struct kind kinds[] = {
	{draw_suffix, 18, "*.so"},
	{draw_subtree, 12, "/usr/lib/x/**"},
	{draw_exact, 12, "/usr/share/misc/magic"},
	{draw_prefix, 10, "lib*"},
	{draw_below, 9, "/usr/share/**/*.xml"},
	{draw_any_folder, 8, "**/doc/*.gz"},
	{draw_class, 8, "[a-z]*.py"},
	{draw_brace, 8, "*.{png,svg}"},
	{draw_name, 8, "Makefile"},
	{draw_folder_and_suffix, 7, "/usr/lib/x/*.so"},
};

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

void globs_print_mix(void)
{
	for (size_t i = 0; i < N_KINDS; i++)
		printf("%s%u%% %s", i ? ", " : "", kinds[i].weight, kinds[i].example);
	putchar('\n');
}

static bool plain(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789/._+@:=~%-";

	return !text[strspn(text, safe)];
}

static void add_usable(struct maker *maker, const struct path *path)
{
	size_t n = maker->n_usable;

	if (!n || maker->usable[n - 1]->folder != path->folder)
		maker->folders[maker->n_folders++] = n;
	maker->usable[maker->n_usable++] = path;
}

static void maker_init(struct maker *maker, const struct corpus *corpus, size_t n, double widest)
{
	size_t n_paths = corpus->n_paths;

	*maker = (struct maker){.seed = SEED, .n_slots = 16, .widest = widest};
	while (maker->n_slots < 2 * n)
		maker->n_slots *= 2;
	maker->n_sample = n_paths < SAMPLE ? n_paths : SAMPLE;
	maker->seen = calloc(maker->n_slots, sizeof(*maker->seen));
	maker->usable = calloc(n_paths, sizeof(*maker->usable));
	maker->folders = calloc(n_paths, sizeof(*maker->folders));
	maker->sample = calloc(maker->n_sample, sizeof(*maker->sample));
	if (!maker->seen || !maker->usable || !maker->folders || !maker->sample)
		err(1, NULL);
	for (size_t i = 0; i < n_paths; i++) {
		if (plain(corpus->paths[i].text))
			add_usable(maker, &corpus->paths[i]);
	}
	for (size_t i = 0; i < maker->n_sample; i++)
		maker->sample[i] = corpus->paths[i * (n_paths / maker->n_sample)];
	if (!maker->n_usable)
		errx(1, "no path in the list can be made a glob");
}

static void maker_free(struct maker *maker)
{
	free(maker->seen);
	free(maker->usable);
	free(maker->folders);
	free(maker->sample);
}

/* The glob just drawn, or NULL if there is one like it already. */
static char *keep_new(struct maker *maker)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t slot;
	char *copy;

	for (const char *at = maker->glob; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
	slot = random_next(&hash) & (maker->n_slots - 1);
	for (; maker->seen[slot]; slot = (slot + 1) & (maker->n_slots - 1)) {
		if (!strcmp(maker->seen[slot], maker->glob))
			return NULL;
	}
	copy = strdup(maker->glob);
	if (!copy)
		err(1, NULL);
	maker->seen[slot] = copy;
	return copy;
}

/* How many paths of the sample a glob matches. */
static size_t count_matches(const struct maker *maker, const char *glob)
{
	char *pattern = (char *)glob;
	struct globs one = {.pattern = &pattern, .n = 1};
	uint32_t winners[SAMPLE];
	void *engine = engine_fnmatch.build(&one, NULL);
	size_t matches = 0;

	engine_fnmatch.pass(engine, maker->sample, maker->n_sample, winners);
	engine_fnmatch.destroy(engine);
	for (size_t i = 0; i < maker->n_sample; i++)
		matches += winners[i] != NO_WINNER;
	return matches;
}

static char *draw_new(struct maker *maker, const struct kind *kind, size_t *reach)
{
	for (int tries = 0; tries < 2000; tries++) {
		char *glob;

		if (!kind->draw(maker))
			continue;
		*reach = count_matches(maker, maker->glob);
		if ((double)*reach > maker->widest * (double)maker->n_sample)
			continue;
		glob = keep_new(maker);
		if (glob)
			return glob;
	}
	return NULL;
}

/* Deals the kinds by their weights, evenly: any piece of the sequence has the mix. */
static const struct kind *next_kind(int credit[N_KINDS])
{
	size_t best = 0;

	for (size_t i = 0; i < N_KINDS; i++) {
		credit[i] += (int)kinds[i].weight;
		if (credit[i] > credit[best])
			best = i;
	}
	credit[best] -= 100;
	return &kinds[best];
}

/* A glob, and how much it matches. */
struct ranked {
	char *glob;
	size_t reach, number;
};

static int compare_ranks(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->reach != b->reach)
		return a->reach > b->reach ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static void draw_all(struct maker *maker, struct ranked *ranked, size_t n)
{
	static const struct kind last_resort = {draw_exact, 0, NULL};
	int credit[N_KINDS] = {0};

	for (size_t i = 0; i < n; i++) {
		const struct kind *kind = next_kind(credit);

		ranked[i].number = i;
		ranked[i].glob = draw_new(maker, kind, &ranked[i].reach);
		if (!ranked[i].glob)
			ranked[i].glob = draw_new(maker, &last_resort, &ranked[i].reach);
		if (!ranked[i].glob)
			errx(1, "the paths are too few for %zu globs", n);
	}
}

void globs_make(struct globs *globs, const struct corpus *corpus, size_t n, double widest)
{
	struct ranked *ranked = calloc(n, sizeof(*ranked));
	struct maker maker;

	globs->n = n;
	globs->pattern = calloc(n, sizeof(*globs->pattern));
	if (!ranked || !globs->pattern)
		err(1, NULL);
	maker_init(&maker, corpus, n, widest);
	draw_all(&maker, ranked, n);
	maker_free(&maker);
	/*
	 * The general ones first, as people write them: for the last match wins, and a
	 * special rule before a general one would never have a say.
	 */
	qsort(ranked, n, sizeof(*ranked), compare_ranks);
	for (size_t i = 0; i < n; i++)
		globs->pattern[i] = ranked[i].glob;
	free(ranked);
}

void globs_free(struct globs *globs)
{
	for (size_t i = 0; i < globs->n; i++)
		free(globs->pattern[i]);
	free(globs->pattern);
}

char *globs_policy(const struct globs *globs, size_t *size)
{
	char *text;
	FILE *out = open_memstream(&text, size);

	if (!out)
		err(1, NULL);
	fputs("[policy]\ndefault = no\n\n[tag]\nxattr = none\n", out);
	for (size_t i = 0; i < globs->n; i++)
		fprintf(out, "\n[rule glob-%zu]\npath = %s\ndax = %s\n", i, globs->pattern[i],
			i % 2 ? "yes" : "no");
	if (fclose(out))
		err(1, NULL);
	return text;
}
