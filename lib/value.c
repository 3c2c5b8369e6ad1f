/* SPDX-License-Identifier: BSD-3-Clause */
/* value.c - the values that keys of a policy take, but for patterns. See value.h. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <fsdax/fsdax.h>

#include "value.h"

/* A letter behind a number, and what it multiplies by. */
struct unit {
	char letter;
	uint64_t factor;
};

/* What numbers of one kind look like. */
struct measure {
	const struct unit *units; /* ends with factor 0 */
	const char *example;      /* for hints */
	uint64_t largest;
	const char *too_large;
};

static const struct unit size_units[] = {
	{'K', 1ull << 10}, {'M', 1ull << 20}, {'G', 1ull << 30}, {'T', 1ull << 40}, {0, 0},
};
static const struct unit age_units[] = {
	{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}, {0, 0},
};
static const struct unit no_units[] = {{0, 0}};

static const struct measure sizes = {
	.units = size_units,
	.example = "write a number of bytes, or one with K, M, G or T behind it, as in 32K",
	.largest = VALUE_LARGEST,
	.too_large = "no file is that large",
};
static const struct measure ages = {
	.units = age_units,
	.example = "write a number with s, m, h, d or w behind it, as in 7d",
	.largest = VALUE_LARGEST,
	.too_large = "no file is that old",
};
static const struct measure ids = {
	.units = no_units,
	.example = "write a number, a range as in 1000..1999, or a name",
	.largest = UINT32_MAX - 1,
	.too_large = "ids end at 4294967294",
};

/* A part of the text that is being parsed; at counts from the start of the value. */
struct part {
	const char *text;
	size_t len, at;
};

static bool same(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

static struct part trim(struct part part)
{
	while (part.len && (*part.text == ' ' || *part.text == '\t')) {
		part.text++;
		part.at++;
		part.len--;
	}
	while (part.len && (part.text[part.len - 1] == ' ' || part.text[part.len - 1] == '\t'))
		part.len--;
	return part;
}

int value_bool(const char *text, size_t len, bool *out, struct mistake *mistake)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (same(text, len, words[i])) {
			*out = i % 2;
			return 0;
		}
	}
	return mistake_set(mistake, 0, len,
			   memchr(text, '#', len) ? "a comment behind a value starts with ' ;'" :
						    "write yes or no",
			   "'%.*s' is neither yes nor no", (int)(len < 60 ? len : 60), text);
}

static uint64_t unit_factor(const struct unit *units, char letter)
{
	for (; units->factor; units++) {
		if (units->letter == letter)
			return units->factor;
	}
	return 0;
}

static int parse_number(struct part part, const struct measure *measure, uint64_t *out,
			struct mistake *mistake)
{
	uint64_t value = 0, factor = 1;
	size_t i = 0;

	for (; i < part.len && part.text[i] >= '0' && part.text[i] <= '9'; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(part.text[i] - '0'), &value))
			value = UINT64_MAX; /* stays too large: the next digit overflows too */
		if (value > measure->largest)
			value = measure->largest + 1;
	}
	if (i > 0 && i + 1 == part.len) {
		factor = unit_factor(measure->units, part.text[i]);
		i++;
	}
	if (part.len == 0)
		return mistake_set(mistake, part.at, 0, measure->example, "there is no number here");
	if (i == 0 || i != part.len || !factor)
		return mistake_set(mistake, part.at, part.len, measure->example,
				   "'%.*s' is not a number here",
				   (int)(part.len < 60 ? part.len : 60), part.text);
	if (value > measure->largest || __builtin_mul_overflow(value, factor, &value) ||
	    value > measure->largest) {
		mistake_set(mistake, part.at, part.len, NULL, "'%.*s' is too large: %s",
			    (int)(part.len < 60 ? part.len : 60), part.text, measure->too_large);
		return -ERANGE;
	}
	*out = value;
	return 0;
}

int value_size(const char *text, size_t len, uint64_t *out, struct mistake *mistake)
{
	return parse_number((struct part){text, len, 0}, &sizes, out, mistake);
}

/* One of >=, >, <=, <, = in front of a number; "" if there is none. */
static const char *parse_operator(struct part *part)
{
	static const char *const operators[] = {">=", "<=", ">", "<", "="};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t n = strlen(operators[i]);

		if (part->len >= n && !memcmp(part->text, operators[i], n)) {
			part->text += n;
			part->at += n;
			part->len -= n;
			*part = trim(*part);
			return operators[i];
		}
	}
	return "";
}

/* The range that "OP number" means. */
static int range_of(const char *operator, uint64_t number, struct range *out)
{
	*out = (struct range){0, UINT64_MAX};
	if (!strcmp(operator, ">="))
		out->lo = number;
	else if (!strcmp(operator, ">"))
		out->lo = number + 1;
	else if (!strcmp(operator, "<="))
		out->hi = number;
	else if (!strcmp(operator, "<") && number == 0)
		return -EINVAL;
	else if (!strcmp(operator, "<"))
		out->hi = number - 1;
	else
		*out = (struct range){number, number};
	return 0;
}

/* "A..B". Returns 1 if there is no ".." in the text. */
static int parse_between(struct part part, const struct measure *measure, struct range *out,
			 struct mistake *mistake)
{
	const char *dots = memmem(part.text, part.len, "..", 2);
	struct part low, high;
	size_t before;
	int err;

	if (!dots)
		return 1;
	before = (size_t)(dots - part.text);
	low = trim((struct part){part.text, before, part.at});
	high = trim((struct part){dots + 2, part.len - before - 2, part.at + before + 2});
	err = parse_number(low, measure, &out->lo, mistake);
	if (!err)
		err = parse_number(high, measure, &out->hi, mistake);
	if (err)
		return err;
	if (out->lo > out->hi)
		return mistake_set(mistake, part.at, part.len, "write the smaller number first",
				   "nothing is between '%.*s' and '%.*s'", (int)low.len, low.text,
				   (int)high.len, high.text);
	return 0;
}

static int parse_comparison(struct part part, const struct measure *measure, struct range *out,
			    struct mistake *mistake)
{
	struct part number = part;
	const char *operator = parse_operator(&number);
	uint64_t value;
	int err;

	if (!*operator)
		return mistake_set(mistake, part.at, part.len,
				   "write one of >=, >, <=, <, = in front, or a range as in A..B",
				   "'%.*s' does not say how to compare",
				   (int)(part.len < 60 ? part.len : 60), part.text);
	err = parse_number(number, measure, &value, mistake);
	if (err)
		return err;
	if (range_of(operator, value, out))
		return mistake_set(mistake, part.at, part.len, NULL, "nothing is less than 0");
	return 0;
}

static int parse_range(struct part part, const struct measure *measure, struct range *out,
		       struct mistake *mistake)
{
	int err = parse_between(part, measure, out, mistake);

	return err > 0 ? parse_comparison(part, measure, out, mistake) : err;
}

int value_size_range(const char *text, size_t len, struct range *out, bool *descriptors,
		     struct mistake *mistake)
{
	struct part part = {text, len, 0};
	struct part number = part;
	const char *operator = parse_operator(&number);

	*descriptors = same(number.text, number.len, "descriptors");
	if (!*descriptors)
		return parse_range(part, &sizes, out, mistake);
	if (strcmp(operator, ">=") && strcmp(operator, "<"))
		return mistake_set(mistake, 0, len, "write >= descriptors, or < descriptors",
				   "'descriptors' goes with >= or < only");
	return range_of(operator, 1, out);
}

int value_age_range(const char *text, size_t len, struct range *out, struct mistake *mistake)
{
	return parse_range((struct part){text, len, 0}, &ages, out, mistake);
}

/* Ask the user or group database once. 0 or an errno; *id is written if it was found. */
static int ask_id(const char *name, bool group, char *buffer, size_t size, uint64_t *id)
{
	struct passwd user, *found_user = NULL;
	struct group grp, *found_group = NULL;
	int err;

	if (group)
		err = getgrnam_r(name, &grp, buffer, size, &found_group);
	else
		err = getpwnam_r(name, &user, buffer, size, &found_user);
	if (found_group)
		*id = grp.gr_gid;
	if (found_user)
		*id = user.pw_uid;
	return err;
}

/* The id of a user or group. Returns 1 if there is no such name. */
static int find_id(const char *name, bool group, uint64_t *id)
{
	const uint64_t unset = UINT64_MAX;
	size_t size = 16 * 1024;
	uint64_t found = unset;
	int err;

	/* A group with many members needs much room. */
	do {
		char *buffer = malloc(size);

		if (!buffer)
			return -ENOMEM;
		err = ask_id(name, group, buffer, size, &found);
		free(buffer);
		size *= 2;
	} while (err == ERANGE);
	if (err == ENOMEM)
		return -ENOMEM;
	if (found == unset)
		return 1;
	*id = found;
	return 0;
}

static int parse_id(struct part part, bool group, uint64_t *id, struct mistake *mistake)
{
	char name[256];
	int err;

	if (part.len && *part.text >= '0' && *part.text <= '9')
		return parse_number(part, &ids, id, mistake);
	if (part.len == 0 || part.len >= sizeof(name))
		return mistake_set(mistake, part.at, part.len, ids.example, "this is no name");
	memcpy(name, part.text, part.len);
	name[part.len] = '\0';
	err = find_id(name, group, id);
	if (err > 0)
		return mistake_set(mistake, part.at, part.len,
				   "names are looked up on this host when the policy is loaded; "
				   "a number always works",
				   "there is no %s '%s'", group ? "group" : "user", name);
	return err;
}

int value_id_range(const char *text, size_t len, bool group, struct range *out,
		   struct mistake *mistake)
{
	struct part part = {text, len, 0};
	int err = parse_between(part, &ids, out, mistake);

	if (err <= 0)
		return err;
	err = parse_id(part, group, &out->lo, mistake);
	if (!err)
		out->hi = out->lo;
	return err;
}

int value_mode(const char *text, size_t len, struct mode_test *out, struct mistake *mistake)
{
	struct mode_test test = {.none = len && *text == '!'};
	size_t i = test.none;

	for (; i < len && text[i] >= '0' && text[i] <= '7' && test.bits <= 07777; i++)
		test.bits = test.bits * 8 + (uint32_t)(text[i] - '0');
	if (i != len || test.bits == 0 || test.bits > 07777)
		return mistake_set(mistake, 0, len,
				   "write octal bits, as in 0111 (any of them is set) "
				   "or !0222 (none of them is)",
				   "'%.*s' is not a mode", (int)(len < 60 ? len : 60), text);
	*out = test;
	return 0;
}

int fsdax_parse_size(const char *text, uint64_t *bytes)
{
	struct mistake mistake;

	return value_size(text, strlen(text), bytes, &mistake);
}
