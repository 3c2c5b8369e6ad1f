/* SPDX-License-Identifier: BSD-3-Clause */
/* decide.c - the decision about one file: from facts to yes or no, and why. Pure. */
#include <sys/stat.h>

#include "cursor.h"
#include "decide.h"
#include "path.h"
#include "rules.h"

/* A decision is so short that calls, and what goes through memory for them, are a part of it. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ... a fifth, in fact: so in these functions all is inlined, down to the matcher. */
#define FLAT __attribute__((flatten))

static inline int decided(struct fsdax_decision *decision, bool dax, enum fsdax_reason reason,
			  uint32_t rule)
{
	decision->dax = dax;
	decision->reason = (uint8_t)reason;
	decision->flags = 0;
	decision->rule = rule;
	return 0;
}

/*
 * What the rules say. A rule that hangs on an xattr that nobody has read yet matters only
 * if it comes after the last rule that holds, and says otherwise.
 */
static ALWAYS_INLINE int decide_by_rules(const struct subject *subject, unsigned int flags,
					 struct fsdax_decision *decision, int *want)
{
	struct rules_result found;
	bool dax = subject->policy->settings.default_dax;
	int other;

	rules_find(subject, &found);
	if (found.sure >= 0)
		dax = policy_rule_dax(subject->policy, (uint32_t)found.sure);
	other = found.maybe[!dax] > found.sure ? !dax : -1;
	if ((flags & FSDAX_DECIDE_EXACT) && found.maybe[dax] > found.sure &&
	    (other < 0 || found.maybe[dax] > found.maybe[!dax]))
		other = dax;
	if (other >= 0) {
		*want = (int)found.want[other];
		return -EAGAIN;
	}
	if (found.sure < 0)
		return decided(decision, dax, FSDAX_REASON_DEFAULT, FSDAX_NO_RULE);
	return decided(decision, dax, FSDAX_REASON_RULE, (uint32_t)found.sure);
}

/* What is below the file's own tags: the nearest tagged folder, or the rules. */
static ALWAYS_INLINE int decide_below_tags(const struct subject *subject, enum fsdax_tag folder_tag,
					   unsigned int flags, struct fsdax_decision *decision,
					   int *want)
{
	if (folder_tag == FSDAX_TAG_NONE)
		return decide_by_rules(subject, flags, decision, want);
	return decided(decision, folder_tag == FSDAX_TAG_YES, FSDAX_REASON_FOLDER_TAG,
		       FSDAX_NO_RULE);
}

/* The inode flag says only yes: it is needed only where the answer would be no. */
static ALWAYS_INLINE int decide_by_flag(const struct subject *subject, enum fsdax_tag folder_tag,
					unsigned int flags, struct fsdax_decision *decision,
					int *want)
{
	bool asked = subject->policy->settings.inode_flag;
	bool known = subject->facts->mask & FSDAX_FACT_FLAG;
	struct fsdax_decision below;
	int err;

	if (asked && known && subject->facts->inode_flag)
		return decided(decision, true, FSDAX_REASON_FLAG, FSDAX_NO_RULE);
	if (asked && !known && (flags & FSDAX_DECIDE_EXACT)) {
		*want = FSDAX_WANT_FLAG;
		return -EAGAIN;
	}
	err = decide_below_tags(subject, folder_tag, flags, &below, want);
	if (err)
		return err;
	if (asked && !known && !below.dax) {
		*want = FSDAX_WANT_FLAG;
		return -EAGAIN;
	}
	*decision = below;
	return 0;
}

/* The tag xattr of the file. Returns 1 if it says nothing. */
static inline int decide_by_tag(const struct subject *subject, struct fsdax_decision *decision,
				int *want, bool *bad)
{
	const struct fsdax_xattr *xattr;
	enum fsdax_tag tag = FSDAX_TAG_NONE;
	bool by_policy = false;

	if (!subject->policy->settings.tag_xattr)
		return 1;
	xattr = key_xattr(subject->facts, 0);
	if (xattr->state == FSDAX_XATTR_ABSENT)
		return 1;
	if (xattr->state == FSDAX_XATTR_UNKNOWN) {
		*want = 0;
		return -EAGAIN;
	}
	if (xattr->state == FSDAX_XATTR_PRESENT)
		tag = fsdax_tag_parse(xattr->value, xattr->size, &by_policy);
	*bad = tag == FSDAX_TAG_NONE;
	if (*bad || by_policy)
		return 1;
	return decided(decision, tag == FSDAX_TAG_YES, FSDAX_REASON_TAG, FSDAX_NO_RULE);
}

static ALWAYS_INLINE int decide(const struct subject *subject, enum fsdax_tag folder_tag,
				unsigned int flags, struct fsdax_decision *decision, int *want)
{
	bool bad = false;
	int unused;
	int err;

	if (!want)
		want = &unused;
	if (!(subject->facts->mask & FSDAX_FACT_STAT)) {
		*want = FSDAX_WANT_STAT;
		return -EAGAIN;
	}
	if (!S_ISREG(subject->facts->mode))
		return decided(decision, false, FSDAX_REASON_NOT_REGULAR, FSDAX_NO_RULE);
	if (subject->facts->mask & FSDAX_FACT_UNMAPPABLE)
		return decided(decision, false, FSDAX_REASON_UNMAPPABLE, FSDAX_NO_RULE);
	err = decide_by_tag(subject, decision, want, &bad);
	if (err > 0)
		err = decide_by_flag(subject, folder_tag, flags, decision, want);
	if (!err && bad)
		decision->flags = FSDAX_DECISION_BAD_TAG;
	return err;
}

int decide_subject(const struct subject *subject, enum fsdax_tag folder_tag, unsigned int flags,
		   struct fsdax_decision *decision, int *want)
{
	return decide(subject, folder_tag, flags, decision, want);
}

/* What most files are decided by. */
FLAT int fsdax_decide(const struct fsdax_cursor *cursor, const char *name, size_t len,
		      const struct fsdax_facts *facts, unsigned int flags,
		      struct fsdax_decision *decision, int *want)
{
	const struct subject subject = {
		.policy = cursor->policy,
		.folder = &cursor->folder,
		.name = name,
		.len = len,
		.facts = facts,
	};

	return decide(&subject, (enum fsdax_tag)cursor->tag, flags, decision, want);
}

/* ---- Whole paths ------------------------------------------------------------- */

FLAT int fsdax_decide_path(const struct fsdax_policy *policy, const char *path, size_t len,
			   enum fsdax_tag folder_tag, const struct fsdax_facts *facts,
			   unsigned int flags, struct fsdax_decision *decision, int *want)
{
	struct subject subject = {.policy = policy, .facts = facts};
	struct live live;
	int err;

	if (len && *path == '/') {
		path++;
		len--;
	}
	live_init(&live);
	err = matcher_start(&policy->matcher, &live);
	if (!err)
		err = matcher_enter_all(&policy->matcher, &live, &path, &len);
	if (!err && path_is_dots(path, len))
		err = -EINVAL;
	subject.folder = &live.folder;
	subject.name = path;
	subject.len = len;
	if (!err)
		err = decide_subject(&subject, folder_tag, flags, decision, want);
	live_release(&live);
	return err;
}

/* ---- Several names ------------------------------------------------------------ */

struct fsdax_decision fsdax_decision_merge(struct fsdax_decision a, struct fsdax_decision b)
{
	if (a.dax != b.dax)
		return a.dax ? b : a;
	if (a.reason != b.reason)
		return a.reason < b.reason ? a : b;
	return a.rule <= b.rule ? a : b;
}

const char *fsdax_reason_name(enum fsdax_reason reason)
{
	static const char *const names[] = {
		[FSDAX_REASON_DEFAULT] = "default",
		[FSDAX_REASON_RULE] = "rule",
		[FSDAX_REASON_TAG] = "tag",
		[FSDAX_REASON_FLAG] = "flag",
		[FSDAX_REASON_FOLDER_TAG] = "folder-tag",
		[FSDAX_REASON_NOT_REGULAR] = "not-regular",
		[FSDAX_REASON_UNMAPPABLE] = "unmappable",
	};

	if ((size_t)reason >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[reason];
}
