/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain_print.c - an explanation for people: the facts in the order in which they count,
 * and then the rules, the last first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "count.h"
#include "explain.h"
#include "message.h"
#include "output.h"

#define LABEL "  %-8s "

static const char *file_kind(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "a regular file";
	case S_IFDIR: return "a folder";
	case S_IFLNK: return "a symbolic link";
	case S_IFIFO: return "a pipe";
	case S_IFSOCK: return "a socket";
	case S_IFCHR: return "a character device";
	case S_IFBLK: return "a block device";
	}
	return "of an unknown type";
}

static void print_file(FILE *out, const struct explanation *e)
{
	const struct fsdax_facts *facts = &e->inode.facts;
	char bytes[COUNT_MAX];

	if (!S_ISREG(facts->mode)) {
		fprintf(out, LABEL "%s: only a regular file can be yes\n", "file",
			file_kind(facts->mode));
		return;
	}
	fprintf(out, LABEL "%s of %s bytes\n", "file", file_kind(facts->mode),
		count_text(bytes, facts->size));
	if (facts->nlink > 1)
		fprintf(out,
			LABEL "%u names; this is what this one says, but the file uses DAX "
			      "only while\n" LABEL "each of them says yes: no beats yes\n",
			"links", facts->nlink, "");
}

/* The sum behind `size = >= descriptors`. */
static void print_cost(FILE *out, const struct explanation *e)
{
	const struct fsdax_settings *set = &e->share->settings;
	const uint64_t size = e->inode.facts.size;
	char bytes[COUNT_MAX], taken[COUNT_MAX], chunks[COUNT_MAX], pages[COUNT_MAX];
	char each[COUNT_MAX], cache[COUNT_MAX];
	struct fsdax_cost cost;

	if (size == 0) {
		fprintf(out, LABEL "an empty file takes no chunk: there is nothing to map\n", "window");
		return;
	}
	fsdax_policy_cost(e->share->policy, size, &cost);
	fprintf(out,
		LABEL "%s bytes %s %s = %s chunk%s x %s pages x %s bytes of page descriptors;"
		      "\n" LABEL "the page cache would take %s\n",
		"window", count_text(bytes, size),
		size < cost.descriptors ? "<" : ">=", count_text(taken, cost.descriptors),
		count_text(chunks, cost.chunks), cost.chunks == 1 ? "" : "s",
		count_text(pages, set->chunk_size / set->page_size),
		count_text(each, set->descriptor_size), "", count_text(cache, cost.page_cache));
}

/* A NUL does not end what is shown: "yes" with two of them is no tag. */
static void print_value(FILE *out, const struct fsdax_xattr *xattr)
{
	const size_t size = xattr->size < 64 ? xattr->size : 64;
	char *text = calloc(1, size + 1);
	char *quoted;

	for (size_t i = 0; text && i < size; i++) {
		const char c = ((const char *)xattr->value)[i];

		text[i] = c ? c : '?';
	}
	quoted = text ? message_quote(NULL, text) : NULL;
	fprintf(out, "holds %s%s, which is neither yes nor no: ignored", quoted ? quoted : "?",
		xattr->size > 64 ? "..." : "");
	free(quoted);
	free(text);
}

static void print_tag(FILE *out, const struct explanation *e)
{
	const char *name = e->share->settings.tag_xattr;
	const struct fsdax_xattr *xattr = e->xattrs;
	enum fsdax_tag tag;
	bool by_policy;

	if (!name) {
		fprintf(out, LABEL "no xattr counts ([tag] xattr = none)\n", "tag");
		return;
	}
	fprintf(out, LABEL "%s: ", "tag", name);
	if (xattr->state != FSDAX_XATTR_PRESENT) {
		fputs("none\n", out);
		return;
	}
	tag = fsdax_tag_parse(xattr->value, xattr->size, &by_policy);
	if (tag == FSDAX_TAG_NONE)
		print_value(out, xattr);
	else
		fputs(tag == FSDAX_TAG_YES ? "yes" : "no", out);
	if (tag != FSDAX_TAG_NONE && S_ISDIR(e->inode.facts.mode))
		fputs(", for the files below", out);
	if (tag != FSDAX_TAG_NONE && by_policy)
		fputs(", a decision written down by fsdax-ctl apply: does not count", out);
	fputc('\n', out);
}

static void print_flag(FILE *out, const struct explanation *e)
{
	const char *text = "not set";

	if (!e->share->settings.inode_flag)
		text = "does not count ([tag] inode-flag = no)";
	else if (e->flag_unknown)
		text = "this file system has none";
	else if (e->inode.facts.inode_flag)
		text = "set: yes";
	fprintf(out, LABEL "%s\n", "flag", text);
}

static int print_folder(FILE *out, const struct explanation *e)
{
	char *folder;

	if (e->folder_tag == FSDAX_TAG_NONE || !e->tagged_by) {
		fprintf(out, LABEL "no folder above is tagged\n", "folder");
		return 0;
	}
	folder = message_quote(NULL, e->tagged_by);
	if (!folder)
		return -ENOMEM;
	fprintf(out, LABEL "%s, from %s\n", "folder", e->folder_tag == FSDAX_TAG_YES ? "yes" : "no",
		folder);
	free(folder);
	return 0;
}

static int print_condition(FILE *out, const struct explain_step *step)
{
	static const char *const outcomes[] = {"failed", "matched", "unknown"};
	char *wanted = message_quote(NULL, step->wanted);
	char *found = message_quote(NULL, step->found ? step->found : "");

	if (wanted && found)
		fprintf(out, "      %-7s %s%-24s  %-16s  %s\n", step->key,
			step->exclude && *step->wanted != '!' ? "!" : "", wanted, found,
			outcomes[step->outcome]);
	free(wanted);
	free(found);
	return wanted && found ? 0 : -ENOMEM;
}

static int print_rule(FILE *out, const struct explanation *e, const struct explain_step *step)
{
	const struct fsdax_decision *decision = &e->decision;
	struct fsdax_rule_info rule;
	const char *how = "does not match";
	char *file;

	if (fsdax_policy_rule(e->share->policy, step->rule, &rule))
		return 0;
	file = message_quote(NULL, rule.file);
	if (!file)
		return -ENOMEM;
	if (decision->reason == FSDAX_REASON_RULE && decision->rule == step->rule)
		how = "matches, and decides";
	else if (step->outcome == FSDAX_OUTCOME_MATCHED)
		how = "matches, but does not decide";
	fprintf(out, LABEL "%s (%s:%u), %s: %s\n", "rule", rule.name, file, rule.line,
		rule.dax ? "yes" : "no", how);
	free(file);
	return 0;
}

/* The rule as a whole comes behind its conditions; people want it in front. */
static int print_steps(FILE *out, const struct explanation *e)
{
	size_t first = 0;
	int err = 0;

	for (size_t i = 0; i < e->n_steps && !err; i++) {
		if (e->steps[i].key)
			continue;
		err = print_rule(out, e, &e->steps[i]);
		while (first < i && !err)
			err = print_condition(out, &e->steps[first++]);
		first = i + 1;
	}
	return err;
}

static int print_all(FILE *out, const struct explanation *e)
{
	int err;

	print_file(out, e);
	if (S_ISDIR(e->inode.facts.mode))
		print_tag(out, e);
	if (!S_ISREG(e->inode.facts.mode))
		return print_folder(out, e);
	print_cost(out, e);
	print_tag(out, e);
	print_flag(out, e);
	err = print_folder(out, e);
	if (!err)
		err = print_steps(out, e);
	fprintf(out, LABEL "%s\n", "default", e->share->settings.default_dax ? "yes" : "no");
	return err;
}

int explanation_print(const struct explanation *e)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	err = print_all(out, e);
	if (ferror(out))
		err = -ENOMEM;
	if (fclose(out) == EOF || !text)
		err = -ENOMEM;
	if (!err)
		output_text(text);
	free(text);
	return err;
}
