/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * fsdax.h - decide, per file, whether a virtiofs guest should use DAX.
 *
 * The flow is: load a policy, keep a cursor per folder, gather facts about a
 * file, decide.
 *
 *	struct fsdax_policy *policy;
 *	struct fsdax_cursor *root;
 *	struct fsdax_decision decision;
 *	enum fsdax_tag tag;
 *
 *	fsdax_policy_load(NULL, NULL, &policy, NULL);
 *	fsdax_folder_tag(policy, share_fd, "", &tag);
 *	fsdax_cursor_root(policy, tag, &root);
 *	fsdax_decide_at(root, share_fd, "vmlinuz", NULL, 0, &decision);
 *
 * Conventions, for every function that does not say otherwise:
 *  - it returns 0, or a negative errno;
 *  - out-parameters are written only on success;
 *  - it never prints, never exits, and keeps no global state;
 *  - names and paths are bytes, need not be UTF-8, and need not end in a NUL
 *    where a length is given;
 *  - policies and cursors are immutable: any number of threads may use one at
 *    the same time. Objects that are not immutable say who may use them.
 */
#ifndef FSDAX_FSDAX_H
#define FSDAX_FSDAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct statx;

/** The version of these headers; fsdax_version() tells the library's. Since: 0.1 */
#define FSDAX_VERSION_MAJOR 0
#define FSDAX_VERSION_MINOR 1
#define FSDAX_VERSION_PATCH 0

/** The library's version, such as "0.1.0". A static string. Since: 0.1 */
const char *fsdax_version(void);

/* ---- Words ------------------------------------------------------------- */

/** What an admin said about one file or folder. Since: 0.1 */
enum fsdax_tag {
	FSDAX_TAG_NONE = 0, /**< nothing: the rules decide */
	FSDAX_TAG_NO = 1,
	FSDAX_TAG_YES = 2,
};

/** What a decision rests on. Since: 0.1 */
enum fsdax_reason {
	FSDAX_REASON_DEFAULT = 0, /**< no rule matched: the policy's default */
	FSDAX_REASON_RULE,        /**< the last rule that matched */
	FSDAX_REASON_TAG,         /**< an xattr on the file itself */
	FSDAX_REASON_FLAG,        /**< FS_XFLAG_DAX on the file itself */
	FSDAX_REASON_FOLDER_TAG,  /**< a tag on the nearest tagged folder above */
	FSDAX_REASON_NOT_REGULAR, /**< only regular files can be yes */
	FSDAX_REASON_UNMAPPABLE,  /**< the daemon cannot map this file */
};

/**
 * The stable, machine-readable name of a reason: "default", "rule", "tag",
 * "flag", "folder-tag", "not-regular", "unmappable". A static string; "unknown"
 * for a value that is not a reason. Since: 0.1
 */
const char *fsdax_reason_name(enum fsdax_reason reason);

/** decision.rule when no rule decided. Since: 0.1 */
#define FSDAX_NO_RULE UINT32_MAX

/** The tag xattr holds something that is neither yes nor no, and was ignored. */
#define FSDAX_DECISION_BAD_TAG 0x1u

/** The answer for one file. Since: 0.1 */
struct fsdax_decision {
	bool dax;
	uint8_t reason;  /**< enum fsdax_reason */
	uint16_t flags;  /**< FSDAX_DECISION_* */
	uint32_t rule;   /**< index for fsdax_policy_rule(), or FSDAX_NO_RULE */
};

/* ---- Reports: what is wrong with a policy, and where --------------------- */

/** How bad a remark is. Since: 0.1 */
enum fsdax_severity {
	FSDAX_NOTE,    /**< belongs to the remark before it */
	FSDAX_WARNING, /**< the policy works, perhaps not as meant */
	FSDAX_ERROR,   /**< the policy was refused */
};

/** One remark. All strings live as long as the report. Since: 0.1 */
struct fsdax_remark {
	enum fsdax_severity severity;
	const char *file;    /**< path as found; NULL if it is about no file */
	uint32_t line;       /**< from 1; 0 if it is about the whole file */
	uint32_t column;     /**< from 1, in characters; 0 if about the line */
	uint32_t width;      /**< characters the remark is about; at least 1 */
	const char *message; /**< one line, no full stop, UTF-8 */
	const char *hint;    /**< what to do next, or NULL */
	const char *text;    /**< the line itself, made printable, or NULL */
};

/** Everything a load had to say, in file and line order. Since: 0.1 */
struct fsdax_report;

/** Release a report. NULL is fine. Since: 0.1 */
void fsdax_report_free(struct fsdax_report *report);

/** The number of remarks, or of those that are errors. NULL has none. Since: 0.1 */
size_t fsdax_report_count(const struct fsdax_report *report);
size_t fsdax_report_errors(const struct fsdax_report *report);

/** Remark i, counted from 0, or NULL past the end. Since: 0.1 */
const struct fsdax_remark *fsdax_report_get(const struct fsdax_report *report, size_t i);

/**
 * A remark as text for people, with the line and a caret below it, ended by a
 * newline:
 *
 *	policy.d/50-models.ini:12:16: error: '[' is never closed
 *	   12 | path = /models/[ab
 *	      |                ^
 *	      = write \[ for a literal bracket
 *
 * @text: set to a string that the caller frees with free()
 * Errors: -ENOMEM. Since: 0.1
 */
int fsdax_remark_format(const struct fsdax_remark *remark, char **text);

/* ---- Policies ------------------------------------------------------------ */

/**
 * The ordered, compiled rules of all policy files. Immutable and counted by
 * reference. Since: 0.1
 */
struct fsdax_policy;

/**
 * Load a policy from disk.
 *
 * @path: a folder of *.ini files, or one file; NULL searches
 *	/usr/lib/fsdax/policy.d, /run/fsdax/policy.d and /etc/fsdax/policy.d, where
 *	a file in a later folder replaces one of the same name in an earlier, and
 *	an empty file or a link to /dev/null masks it
 * @root: searched below this folder instead of "/" when @path is NULL (as for an
 *	image that is being built); NULL for "/"
 * @policy: set to a policy with one reference, the caller's
 * @report: set to all errors and warnings, also when the load fails; may be NULL.
 *	The caller frees it with fsdax_report_free().
 *
 * Finding no policy file at all is no error when @path is NULL or a folder: such
 * a policy says no to everything, and the report has a warning.
 *
 * Errors: -EBADMSG (the policy has mistakes: see the report, which then has at
 * least one error), -ENOENT and what open(2) may say for @path itself (with a
 * remark), -ENOMEM (and *report may then be NULL). *report is written in all
 * cases. Since: 0.1
 */
int fsdax_policy_load(const char *path, const char *root, struct fsdax_policy **policy,
		      struct fsdax_report **report);

/**
 * As fsdax_policy_load(), for drop-in folders of one's own, lowest precedence first. Of
 * several folders, those that are not there count as empty; a single one must be there.
 * Since: 0.1
 */
int fsdax_policy_load_dirs(const char *const *dirs, size_t n_dirs, struct fsdax_policy **policy,
			   struct fsdax_report **report);

/**
 * Compile a policy from memory.
 *
 * @name: what messages call it, such as a file name
 * @text: @size bytes of policy text, not needed after the call
 * Errors: -EBADMSG, -ENOMEM, as fsdax_policy_load(). Since: 0.1
 */
int fsdax_policy_parse(const char *name, const void *text, size_t size,
		       struct fsdax_policy **policy, struct fsdax_report **report);

/**
 * Load a policy in two steps, for a daemon that can't open files by a name any more: one
 * process reads the files into a bundle, the other compiles it. The outcome is
 * fsdax_policy_load()'s, reports and errors included; what could not be read is in the
 * bundle, too.
 *
 * @bundle: set to memory that the caller frees with free(). What is in it is for the same
 *	version of the library on the same machine; it may come from somebody who is not trusted
 * Errors of pack: -ENOMEM. Of unpack: -EINVAL (it is no bundle), and as
 * fsdax_policy_load(). Since: 0.1
 */
int fsdax_policy_pack(const char *path, const char *root, void **bundle, size_t *size);
int fsdax_policy_unpack(const void *bundle, size_t size, struct fsdax_policy **policy,
			struct fsdax_report **report);

/** Take or drop a reference. unref(NULL) is fine. Both are thread-safe. Since: 0.1 */
struct fsdax_policy *fsdax_policy_ref(struct fsdax_policy *policy);
void fsdax_policy_unref(struct fsdax_policy *policy);

/** One rule. Strings live as long as the policy. Since: 0.1 */
struct fsdax_rule_info {
	const char *name;
	const char *file; /**< the path of the policy file, as found */
	uint32_t line;    /**< of the [rule NAME] line */
	bool dax;
};

/** The number of rules. Later ones win. Since: 0.1 */
uint32_t fsdax_policy_rules(const struct fsdax_policy *policy);

/** Rule @i, counted from 0. Errors: -ENOENT past the end. Since: 0.1 */
int fsdax_policy_rule(const struct fsdax_policy *policy, uint32_t i, struct fsdax_rule_info *info);

/** The settings of a policy. Strings live as long as the policy. Since: 0.1 */
struct fsdax_settings {
	bool default_dax;         /**< [policy] default */
	bool inode_flag;          /**< [tag] inode-flag: FS_XFLAG_DAX counts as a tag */
	const char *tag_xattr;    /**< [tag] xattr, or NULL for "none" */
	uint64_t page_size;       /**< [window] page-size, bytes, of the guest */
	uint64_t chunk_size;      /**< [window] chunk-size, bytes */
	uint64_t descriptor_size; /**< [window] descriptor-size, bytes a page */
};

/** Read the settings. Since: 0.1 */
void fsdax_policy_settings(const struct fsdax_policy *policy, struct fsdax_settings *settings);

/** What a policy can ask for, and so what a caller need not gather. Since: 0.1 */
#define FSDAX_NEED_SIZE 0x01u  /**< size */
#define FSDAX_NEED_OWNER 0x02u /**< uid, gid */
#define FSDAX_NEED_MODE 0x04u  /**< permission bits; the type is always needed */
#define FSDAX_NEED_MTIME 0x08u /**< mtime, and the time now */
#define FSDAX_NEED_XATTR 0x10u /**< one xattr or more */
#define FSDAX_NEED_FLAG 0x20u  /**< FS_XFLAG_DAX */

/** The FSDAX_NEED_* bits of a policy. Since: 0.1 */
uint32_t fsdax_policy_needs(const struct fsdax_policy *policy);

/**
 * One line of the merged policy, for `check --effective`.
 * @section: "policy", "tag", "window" or "rule NAME"
 * @file: NULL for a built-in default, and then @line is 0
 */
struct fsdax_policy_line {
	const char *section;
	const char *key;   /**< NULL for the section line itself */
	const char *value; /**< as it must be written in a policy file; NULL if key is */
	const char *file;
	uint32_t line;
};

/**
 * Call @fn for each line of the merged policy, in the order that a single file
 * with the same meaning would have. The strings live for the call only.
 * Returns the first value other than 0 that @fn returns, or 0. Since: 0.1
 */
int fsdax_policy_print(const struct fsdax_policy *policy,
		       int (*fn)(void *data, const struct fsdax_policy_line *line), void *data);

/** One key of the policy language, for help texts and manuals. Since: 0.1 */
struct fsdax_key_info {
	const char *section; /**< "policy", "tag", "window" or "rule" */
	const char *key;
	const char *value; /**< the syntax of its value, as in "yes|no" */
	const char *preset; /**< the value when nothing is said, or NULL */
	const char *help;  /**< some sentences, plain text */
	bool repeats;      /**< several are alternatives */
};

/** Key @i, counted from 0. Errors: -ENOENT past the end. Since: 0.1 */
int fsdax_key(size_t i, struct fsdax_key_info *info);

/**
 * Parse a size as policies write it: a decimal number and at most one of K, M, G,
 * T (powers of 1024). Errors: -EINVAL, -ERANGE (does not fit 63 bits). Since: 0.1
 */
int fsdax_parse_size(const char *text, uint64_t *bytes);

/** What a file costs a guest either way, in bytes of guest memory. Since: 0.1 */
struct fsdax_cost {
	uint64_t chunks;      /**< chunks of the window it takes when all of it is mapped */
	uint64_t descriptors; /**< page descriptors of those chunks */
	uint64_t page_cache;  /**< pages it takes in the page cache when all of it is read */
};

/** The cost of a file of @size bytes under the policy's [window]. Since: 0.1 */
void fsdax_policy_cost(const struct fsdax_policy *policy, uint64_t size, struct fsdax_cost *cost);

/* ---- Facts ------------------------------------------------------------- */

/** What is known of one xattr. Since: 0.1 */
enum fsdax_xattr_state {
	FSDAX_XATTR_UNKNOWN = 0, /**< nobody asked yet */
	FSDAX_XATTR_ABSENT,
	FSDAX_XATTR_PRESENT,
	FSDAX_XATTR_LONGER, /**< present, longer than any value the policy has */
};

/** One xattr of a file. The value is the caller's, and need not end in NUL. */
struct fsdax_xattr {
	enum fsdax_xattr_state state;
	const void *value;
	size_t size;
};

/**
 * The xattrs that a policy can ask for are numbered from 0. The tag's own xattr
 * is the first, if the policy has one.
 */
size_t fsdax_policy_xattrs(const struct fsdax_policy *policy);

/** The name of xattr @i, or NULL past the end; lives as long as the policy. */
const char *fsdax_policy_xattr(const struct fsdax_policy *policy, size_t i);

/** Which fields of struct fsdax_facts hold something. Since: 0.1 */
#define FSDAX_FACT_STAT 0x1u  /**< mode, uid, gid, size, mtime, nlink */
#define FSDAX_FACT_FLAG 0x2u  /**< inode_flag */
#define FSDAX_FACT_UNMAPPABLE 0x4u /**< the daemon says it cannot map this file */

/** What is known of one file. Start from {0}. Since: 0.1 */
struct fsdax_facts {
	uint32_t mask;   /**< FSDAX_FACT_* */
	uint32_t mode;   /**< as st_mode: type and permissions */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	bool inode_flag; /**< FS_XFLAG_DAX is set */
	uint64_t size;   /**< bytes */
	int64_t mtime;   /**< seconds since the epoch */
	int64_t now;     /**< seconds since the epoch; 0: not known, no age rule matches */
	const struct fsdax_xattr *xattrs; /**< borrowed; by number, see above */
	size_t n_xattrs; /**< those past the end are FSDAX_XATTR_UNKNOWN */
};

/**
 * Fill in what a statx(2) reply says (STATX_BASIC_STATS), and set FSDAX_FACT_STAT.
 * Leaves the other fields alone. Since: 0.1
 */
void fsdax_facts_statx(struct fsdax_facts *facts, const struct statx *stx);

/* ---- Cursors: a folder, as the rules see it ------------------------------- */

/**
 * A folder below the share's root: which parts of which patterns its path has
 * matched so far, and the tag that its files inherit. Made once per folder, used
 * for each file in it: a decision then costs the same however deep the folder is.
 * Immutable and counted by reference; keeps its policy alive. Folders for which
 * the rules say the same share one cursor where possible, so two cursors that are
 * the same pointer decide alike. Since: 0.1
 */
struct fsdax_cursor;

/**
 * The share's root. @tag: the tag that the root folder itself carries.
 * Errors: -ENOMEM. Since: 0.1
 */
int fsdax_cursor_root(struct fsdax_policy *policy, enum fsdax_tag tag, struct fsdax_cursor **root);

/**
 * The folder @name in the folder @parent.
 *
 * @name: @len bytes, without a slash
 * @tag: the tag that the folder itself carries; FSDAX_TAG_NONE inherits @parent's
 * @child: set to a cursor with a reference of its own
 * Errors: -ENOMEM, -EINVAL (@name is empty, "." or "..", or has a slash). Since: 0.1
 */
int fsdax_cursor_enter(struct fsdax_cursor *parent, const char *name, size_t len,
		       enum fsdax_tag tag, struct fsdax_cursor **child);

/** Take or drop a reference. unref(NULL) is fine. Both are thread-safe. Since: 0.1 */
struct fsdax_cursor *fsdax_cursor_ref(struct fsdax_cursor *cursor);
void fsdax_cursor_unref(struct fsdax_cursor *cursor);

/** The policy of a cursor, borrowed, and the tag its files inherit. Since: 0.1 */
struct fsdax_policy *fsdax_cursor_policy(const struct fsdax_cursor *cursor);
enum fsdax_tag fsdax_cursor_tag(const struct fsdax_cursor *cursor);

/* ---- Decisions ---------------------------------------------------------- */

/** fsdax_decide() needs FSDAX_FACT_STAT. */
#define FSDAX_WANT_STAT (-1)
/** fsdax_decide() needs FSDAX_FACT_FLAG. */
#define FSDAX_WANT_FLAG (-2)

/** Name the very rule that wins, though its verdict be known without. */
#define FSDAX_DECIDE_EXACT 0x1u

/**
 * Decide about the file @name in the folder of @cursor. Pure: no system call, no
 * allocation, no lock.
 *
 * An xattr, or the inode flag, is asked for only when it can change the verdict.
 * With FSDAX_DECIDE_EXACT also when it can only change which rule is named.
 *
 * @facts: what is known; @flags: 0 or FSDAX_DECIDE_EXACT
 * @want: may be NULL. On -EAGAIN set to what must be learned before asking again:
 *	the number of an xattr, or FSDAX_WANT_STAT or FSDAX_WANT_FLAG.
 * Errors: -EAGAIN. Since: 0.1
 */
int fsdax_decide(const struct fsdax_cursor *cursor, const char *name, size_t len,
		 const struct fsdax_facts *facts, unsigned int flags,
		 struct fsdax_decision *decision, int *want);

/**
 * As fsdax_decide(), for a path below the share's root, as in "models/a.bin"; a
 * leading slash changes nothing.
 *
 * @folder_tag: the tag of the nearest tagged folder on the way, or FSDAX_TAG_NONE
 * Errors: -EAGAIN; -EINVAL (the path is empty, ends in a slash, or has an empty,
 * "." or ".." component); -ENOMEM (allocates only where the path's folders fit
 * dozens of patterns that go on below them). Since: 0.1
 */
int fsdax_decide_path(const struct fsdax_policy *policy, const char *path, size_t len,
		      enum fsdax_tag folder_tag, const struct fsdax_facts *facts,
		      unsigned int flags, struct fsdax_decision *decision, int *want);

/**
 * Gather what is needed about one file, and decide. Asks for each fact only when
 * it can change the answer. Never opens a file that is not regular, and never
 * follows a link.
 *
 * @dirfd: the folder of @cursor; O_PATH will do
 * @name: ends in a NUL, without a slash
 * @facts: NULL, or facts known already; what is learned is added, but for xattrs,
 *	whose values live only during the call. With FSDAX_FACT_STAT set no statx is
 *	made. @facts->xattrs must be NULL.
 * @flags: 0 or FSDAX_DECIDE_EXACT
 * Errors: -ENOENT and what statx(2), getxattr(2) and file_getattr(2) may say.
 * A file system without xattrs or without inode flags carries no tag: that is not
 * an error. Since: 0.1
 */
int fsdax_decide_at(const struct fsdax_cursor *cursor, int dirfd, const char *name,
		    struct fsdax_facts *facts, unsigned int flags, struct fsdax_decision *decision);

/**
 * As fsdax_decide_at(), for a file that is open: it is decided on as @name in the folder of
 * @cursor, whether or not that is still its name.
 *
 * @fd: the file; O_PATH will do, where /proc is mounted
 * Since: 0.1
 */
int fsdax_decide_fd(const struct fsdax_cursor *cursor, int fd, const char *name,
		    struct fsdax_facts *facts, unsigned int flags, struct fsdax_decision *decision);

/**
 * The rule for an inode with several names: it is DAX only while each name it is
 * known by says yes. Merges what two names say: no beats yes. Of two that agree, the one
 * with the lesser reason, then rule, is given: the order of the names makes no difference.
 * Since: 0.1
 */
struct fsdax_decision fsdax_decision_merge(struct fsdax_decision a, struct fsdax_decision b);

/* ---- Remembered decisions ------------------------------------------------- */

/**
 * A decision kept with an inode, so that a reply costs no system call. It holds
 * while the inode's ctime and the folder's cursor stay the same; a new policy
 * means new cursors. Of an inode with several names (nlink > 1) keep only what
 * fsdax_decision_merge() makes of all names that are known, or nothing: a memo
 * knows no name. Start from {0}. Not thread-safe: the caller's lock on the
 * inode covers it. Since: 0.1
 */
struct fsdax_memo {
	struct fsdax_cursor *cursor; /**< with a reference, or NULL: nothing kept */
	int64_t ctime_sec;
	uint32_t ctime_nsec;
	struct fsdax_decision decision;
};

/** Whether @memo answers for this cursor and ctime; if so sets @decision. Since: 0.1 */
static inline bool fsdax_memo_find(const struct fsdax_memo *memo, const struct fsdax_cursor *cursor,
				   int64_t ctime_sec, uint32_t ctime_nsec,
				   struct fsdax_decision *decision)
{
	if (memo->cursor != cursor || memo->ctime_sec != ctime_sec ||
	    memo->ctime_nsec != ctime_nsec)
		return false;
	*decision = memo->decision;
	return true;
}

/**
 * Keep a decision. Kept only if it cannot have gone stale unseen: not when the
 * ctime is within 20 ms of the time now, since the kernel's clock is coarse and a
 * second change could share it, and not when the policy has an age rule.
 *
 * @now_sec, @now_nsec: CLOCK_REALTIME, read before the facts were gathered
 * Since: 0.1
 */
void fsdax_memo_keep(struct fsdax_memo *memo, struct fsdax_cursor *cursor, int64_t ctime_sec,
		     uint32_t ctime_nsec, int64_t now_sec, uint32_t now_nsec,
		     struct fsdax_decision decision);

/** Forget what is kept, and drop the reference. Since: 0.1 */
void fsdax_memo_clear(struct fsdax_memo *memo);

/* ---- Explaining ----------------------------------------------------------- */

/** How one condition of one rule went. Since: 0.1 */
enum fsdax_outcome {
	FSDAX_OUTCOME_FAILED,
	FSDAX_OUTCOME_MATCHED,
	FSDAX_OUTCOME_UNKNOWN, /**< the fact was not given */
};

/** One condition of one rule, compared. Strings live for the call only. Since: 0.1 */
struct fsdax_step {
	uint32_t rule;
	const char *key;    /**< "size", "path", ...; NULL for the rule as a whole */
	const char *wanted; /**< the value in the policy; NULL if key is */
	const char *found;  /**< what it was compared with; NULL if key is */
	uint32_t line;      /**< of the condition, or of the rule */
	enum fsdax_outcome outcome;
	bool exclude;       /**< a pattern that started with '!' */
};

/**
 * Decide as fsdax_decide() with FSDAX_DECIDE_EXACT, and call @fn for every
 * condition of every rule, the last rule first, for the last that matches wins:
 * its conditions, then the rule as a whole. Facts that are not given count as
 * unknown, and an unknown condition does not match; a file whose type is unknown is decided on
 * as one that is not regular.
 *
 * @path: of the file below the share's root; only for the texts of the steps
 * Returns the first value other than 0 that @fn returns, or 0. Errors: -ENOMEM.
 * Since: 0.1
 */
int fsdax_explain(const struct fsdax_cursor *cursor, const char *path, const char *name, size_t len,
		  const struct fsdax_facts *facts,
		  int (*fn)(void *data, const struct fsdax_step *step), void *data,
		  struct fsdax_decision *decision);

/* ---- Tags on disk ----------------------------------------------------------- */

/** The xattr that carries a tag unless the policy names another. Since: 0.1 */
#define FSDAX_TAG_XATTR "trusted.fsdax"

/**
 * What an xattr's value says: "yes", "no", "true", "false", "on", "off", "1", "0",
 * with at most one newline or NUL behind it. A tag that `fsdax-ctl apply` wrote
 * ("yes policy", "no policy") is a decision written down, not an admin's word.
 *
 * @by_policy: may be NULL; set to whether it is a written-down decision
 * Returns FSDAX_TAG_NONE for anything else. Since: 0.1
 */
enum fsdax_tag fsdax_tag_parse(const void *value, size_t size, bool *by_policy);

/** A tag as it stands on disk. Since: 0.1 */
struct fsdax_tag_state {
	enum fsdax_tag tag; /**< FSDAX_TAG_NONE: no xattr, or one that cannot be read as a tag */
	bool by_policy;     /**< a decision written down by `fsdax-ctl apply` */
	bool garbage;       /**< there is an xattr, but it is neither yes nor no */
};

/**
 * Read the tag xattr of @name in @dirfd, or of @dirfd itself if @name is "". A name has no
 * slash. Does not follow links, and opens nothing where the kernel has getxattrat(2). With
 * "", @dirfd may be of any type, and O_PATH will do where /proc is mounted; so for
 * all functions below that take a folder and a name.
 *
 * @xattr: such as FSDAX_TAG_XATTR
 * Errors: what getxattr(2) may say, but no xattr, and a file system without any,
 * is FSDAX_TAG_NONE. Since: 0.1
 */
int fsdax_tag_read(int dirfd, const char *name, const char *xattr, struct fsdax_tag_state *state);

/** Write down a decision, rather than an admin's word. */
#define FSDAX_TAG_BY_POLICY 0x1u
/** Expect that there is no tag yet: only ever faster or slower, never different. */
#define FSDAX_TAG_LIKELY_NEW 0x2u
/** Change nothing; say what would be. */
#define FSDAX_TAG_DRY_RUN 0x4u

/**
 * Set the tag xattr, or with FSDAX_TAG_NONE remove it. An xattr that already says
 * so is left alone, for each write moves ctime and costs the guests an eviction.
 *
 * Returns 1 if it was changed, 0 if it stood so already.
 * Errors: -EOPNOTSUPP (the file system carries no such xattr), -EPERM (trusted.*
 * needs CAP_SYS_ADMIN; user.* goes on regular files and folders only), -EROFS,
 * -ENOSPC, -EDQUOT and what setxattr(2) may say. Since: 0.1
 */
int fsdax_tag_write(int dirfd, const char *name, const char *xattr, enum fsdax_tag tag,
		    unsigned int flags);

/**
 * Read FS_XFLAG_DAX. Errors: -EOPNOTSUPP (neither ext4 nor xfs), and what open(2)
 * and file_getattr(2) may say. Since: 0.1
 */
int fsdax_flag_read(int dirfd, const char *name, bool *dax);

/**
 * Set or clear FS_XFLAG_DAX, and leave every other flag alone. @flags: 0 or
 * FSDAX_TAG_DRY_RUN. Returns 1 if it was changed, 0 if it stood so already.
 * Errors: -EOPNOTSUPP, -EPERM, -EROFS and what file_setattr(2) may say. Since: 0.1
 */
int fsdax_flag_write(int dirfd, const char *name, bool dax, unsigned int flags);

/**
 * The tag that a folder carries under @policy: by xattr, and if the policy counts
 * it by inode flag. For fsdax_cursor_root() and fsdax_cursor_enter().
 * Errors: as fsdax_tag_read(). Since: 0.1
 */
int fsdax_folder_tag(const struct fsdax_policy *policy, int dirfd, const char *name,
		     enum fsdax_tag *tag);

/* ---- A policy that can be replaced ------------------------------------------ */

/**
 * Holds the policy in force. All calls are thread-safe, but for fsdax_slot_free().
 * Since: 0.1
 */
struct fsdax_slot;

/** Takes a reference of its own. Errors: -ENOMEM. Since: 0.1 */
int fsdax_slot_new(struct fsdax_policy *policy, struct fsdax_slot **slot);
void fsdax_slot_free(struct fsdax_slot *slot);

/** The policy in force, with a reference for the caller. Since: 0.1 */
struct fsdax_policy *fsdax_slot_get(struct fsdax_slot *slot);

/** Put another policy in force; takes a reference of its own. Since: 0.1 */
void fsdax_slot_swap(struct fsdax_slot *slot, struct fsdax_policy *policy);

/**
 * How often the policy was swapped: a load of one word, for a thread that keeps a
 * reference of its own and wants to know whether it is still the one in force.
 * Since: 0.1
 */
uint64_t fsdax_slot_generation(const struct fsdax_slot *slot);

#ifdef __cplusplus
}
#endif

#endif
