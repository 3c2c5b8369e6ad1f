/* SPDX-License-Identifier: BSD-3-Clause */
/* conditions.c - how each condition is read, tested, and shown. See conditions.h. */
#include <inttypes.h>
#include <linux/limits.h>
#include <string.h>

#include "conditions.h"

static enum fsdax_outcome outcome_of(bool matched)
{
	return matched ? FSDAX_OUTCOME_MATCHED : FSDAX_OUTCOME_FAILED;
}

/* Only explain asks without these facts. */
static bool has_stat(const struct subject *subject)
{
	return subject->facts->mask & FSDAX_FACT_STAT;
}

static enum fsdax_outcome in_range(const struct range *range, const struct subject *subject,
				   uint64_t value)
{
	if (!has_stat(subject))
		return FSDAX_OUTCOME_UNKNOWN;
	return outcome_of(value >= range->lo && value <= range->hi);
}

static void number_found(const struct subject *subject, uint64_t value, char *text)
{
	if (has_stat(subject))
		snprintf(text, FOUND_SIZE, "%" PRIu64, value);
	else
		strcpy(text, "unknown");
}

/* ---- size -------------------------------------------------------------------- */

int size_parse(struct clause *clause, struct mistake *mistake)
{
	return value_size_range(clause->text, strlen(clause->text), &clause->range,
				&clause->descriptors, mistake);
}

enum fsdax_outcome size_test(const struct clause *clause, const struct subject *subject)
{
	return in_range(&clause->range, subject, subject->facts->size);
}

void size_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	number_found(subject, subject->facts->size, text);
}

/* ---- owner, group -------------------------------------------------------------- */

int owner_parse(struct clause *clause, struct mistake *mistake)
{
	return value_id_range(clause->text, strlen(clause->text), false, &clause->range, mistake);
}

enum fsdax_outcome owner_test(const struct clause *clause, const struct subject *subject)
{
	return in_range(&clause->range, subject, subject->facts->uid);
}

void owner_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	number_found(subject, subject->facts->uid, text);
}

int group_parse(struct clause *clause, struct mistake *mistake)
{
	return value_id_range(clause->text, strlen(clause->text), true, &clause->range, mistake);
}

enum fsdax_outcome group_test(const struct clause *clause, const struct subject *subject)
{
	return in_range(&clause->range, subject, subject->facts->gid);
}

void group_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	number_found(subject, subject->facts->gid, text);
}

/* ---- mode ---------------------------------------------------------------------- */

int mode_parse(struct clause *clause, struct mistake *mistake)
{
	return value_mode(clause->text, strlen(clause->text), &clause->mode, mistake);
}

enum fsdax_outcome mode_test(const struct clause *clause, const struct subject *subject)
{
	if (!has_stat(subject))
		return FSDAX_OUTCOME_UNKNOWN;
	return outcome_of(!(subject->facts->mode & clause->mode.bits) == clause->mode.none);
}

void mode_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	if (has_stat(subject))
		snprintf(text, FOUND_SIZE, "%04" PRIo32, subject->facts->mode & 07777);
	else
		strcpy(text, "unknown");
}

/* ---- age ------------------------------------------------------------------------- */

int age_parse(struct clause *clause, struct mistake *mistake)
{
	return value_age_range(clause->text, strlen(clause->text), &clause->range, mistake);
}

/* Seconds since the last change; one in the future is 0. */
static uint64_t age_of(const struct fsdax_facts *facts)
{
	return facts->now > facts->mtime ? (uint64_t)facts->now - (uint64_t)facts->mtime : 0;
}

enum fsdax_outcome age_test(const struct clause *clause, const struct subject *subject)
{
	if (!subject->facts->now)
		return FSDAX_OUTCOME_FAILED;
	return in_range(&clause->range, subject, age_of(subject->facts));
}

void age_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	if (!subject->facts->now || !has_stat(subject))
		snprintf(text, FOUND_SIZE, "unknown");
	else
		snprintf(text, FOUND_SIZE, "%" PRIu64 "s", age_of(subject->facts));
}

/* ---- xattr ----------------------------------------------------------------------- */

int xattr_name_check(const char *name, size_t len, struct mistake *mistake)
{
	static const char *const spaces[] = {"user.", "trusted.", "security.", "system."};

	if (len > XATTR_NAME_MAX)
		return mistake_set(mistake, 0, len, NULL, "no xattr has a name of %zu bytes", len);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t n = strlen(spaces[i]);

		if (len > n && !memcmp(name, spaces[i], n))
			return 0;
	}
	return mistake_set(mistake, 0, len, "write it as in user.fsdax or trusted.fsdax",
			   "'%.*s' is not the name of an xattr", (int)(len < 60 ? len : 60), name);
}

int xattr_parse(struct clause *clause, struct mistake *mistake)
{
	const char *equals = strchr(clause->text, '=');
	size_t len = equals ? (size_t)(equals - clause->text) : strlen(clause->text);

	while (len && (clause->text[len - 1] == ' ' || clause->text[len - 1] == '\t'))
		len--;
	clause->xattr.name_len = (uint32_t)len;
	if (equals) {
		equals += 1 + strspn(equals + 1, " \t");
		clause->xattr.value = (uint32_t)(equals - clause->text);
		if (strlen(equals) > XATTR_SIZE_MAX)
			return mistake_set(mistake, clause->xattr.value, strlen(equals), NULL,
					   "no xattr has a value of %zu bytes", strlen(equals));
	}
	return xattr_name_check(clause->text, len, mistake);
}

const struct fsdax_xattr *key_xattr(const struct fsdax_facts *facts, uint32_t index)
{
	static const struct fsdax_xattr unknown = {.state = FSDAX_XATTR_UNKNOWN};

	return index < facts->n_xattrs ? &facts->xattrs[index] : &unknown;
}

enum fsdax_outcome xattr_test(const struct clause *clause, const struct subject *subject)
{
	const struct fsdax_xattr *xattr = key_xattr(subject->facts, clause->xattr.index);
	const char *wanted = clause->text + clause->xattr.value;

	if (xattr->state == FSDAX_XATTR_UNKNOWN)
		return FSDAX_OUTCOME_UNKNOWN;
	if (xattr->state == FSDAX_XATTR_ABSENT)
		return FSDAX_OUTCOME_FAILED;
	if (!clause->xattr.value)
		return FSDAX_OUTCOME_MATCHED;
	return outcome_of(xattr->state == FSDAX_XATTR_PRESENT && xattr->size == strlen(wanted) &&
			  (!xattr->size || !memcmp(xattr->value, wanted, xattr->size)));
}

void xattr_found(const struct clause *clause, const struct subject *subject, char *text)
{
	const struct fsdax_xattr *xattr = key_xattr(subject->facts, clause->xattr.index);
	size_t n = 0;

	if (xattr->state != FSDAX_XATTR_PRESENT) {
		snprintf(text, FOUND_SIZE, "%s",
			 xattr->state == FSDAX_XATTR_UNKNOWN ? "unknown" :
			 xattr->state == FSDAX_XATTR_ABSENT  ? "absent" :
							       "a longer value");
		return;
	}
	for (; n < xattr->size && n < FOUND_SIZE - 4; n++) {
		char c = ((const char *)xattr->value)[n];

		text[n] = c >= 0x20 && c < 0x7f ? c : '?';
	}
	snprintf(text + n, FOUND_SIZE - n, "%s", n < xattr->size ? "..." : "");
}

/* ---- path ------------------------------------------------------------------------ */

enum fsdax_outcome path_test(const struct clause *clause, const struct subject *subject)
{
	const struct fsdax_policy *policy = subject->policy;

	for (uint32_t i = 0; i < clause->path.n; i++) {
		if (matcher_matches(&policy->matcher, subject->folder, subject->name, subject->len,
				    policy->spots[clause->path.first + i]))
			return FSDAX_OUTCOME_MATCHED;
	}
	return FSDAX_OUTCOME_FAILED;
}

/* The path itself is too long for a text: the caller knows it. */
void path_found(const struct clause *clause, const struct subject *subject, char *text)
{
	(void)clause;
	(void)subject;
	text[0] = '\0';
}
