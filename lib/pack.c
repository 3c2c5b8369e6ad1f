/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pack.c - all that was read for a policy in one piece of memory, so that one process can read
 * the files and another, which can't, compile them.
 *
 * A bundle is a header, and then records: a kind, and strings, each with its length before it
 * and a NUL behind it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

static const char magic[8] = "fsdaxpk";

struct header {
	char magic[sizeof(magic)];
	int32_t result; /* of reading */
};

enum kind {
	KIND_FILE = 1,	 /* path, text */
	KIND_REMARK = 2, /* severity, file, hint, message */
};

/* ---- Packing --------------------------------------------------------------------- */

struct packing {
	char *bytes;
	size_t size, room;
	const struct fsdax_report *report; /* of the reading */
	size_t remarks;			   /* of the report that are packed */
};

static int put(struct packing *packing, const void *bytes, size_t size)
{
	if (size > packing->room - packing->size) {
		size_t room = 2 * (packing->room + size);
		char *grown = realloc(packing->bytes, room);

		if (!grown)
			return -ENOMEM;
		packing->bytes = grown;
		packing->room = room;
	}
	memcpy(packing->bytes + packing->size, bytes, size);
	packing->size += size;
	return 0;
}

static int put_number(struct packing *packing, uint32_t number)
{
	return put(packing, &number, sizeof(number));
}

/* text may be NULL: that is what it will be again. */
static int put_string(struct packing *packing, const char *text, size_t size)
{
	int err;

	/* No file that is read is so large, and no path so long. */
	if (!text || size >= UINT32_MAX)
		return put_number(packing, UINT32_MAX);
	err = put_number(packing, (uint32_t)size);
	if (!err)
		err = put(packing, text, size);
	return err ? err : put(packing, "", 1);
}

static int pack_text(struct packing *packing, const char *text)
{
	return put_string(packing, text, text ? strlen(text) : 0);
}

/* Those about reading point at no line. */
static int pack_remark(struct packing *packing, const struct fsdax_remark *remark)
{
	int err = put_number(packing, KIND_REMARK);

	if (!err)
		err = put_number(packing, remark->severity);
	if (!err)
		err = pack_text(packing, remark->file);
	if (!err)
		err = pack_text(packing, remark->hint);
	return err ? err : pack_text(packing, remark->message);
}

/* Those that were not there before. */
static int pack_remarks(struct packing *packing)
{
	int err = 0;

	while (!err && packing->remarks < fsdax_report_count(packing->report))
		err = pack_remark(packing, fsdax_report_get(packing->report, packing->remarks++));
	return err;
}

/* What was said before a file was read stays before it: that is the order of the files. */
static int pack_file(void *data, const char *path, const char *text, size_t size)
{
	struct packing *packing = data;
	int err = pack_remarks(packing);

	if (!err)
		err = put_number(packing, KIND_FILE);
	if (!err)
		err = put_string(packing, path, strlen(path));
	return err ? err : put_string(packing, text, size);
}

/* What the reading came to, except that there was no memory for it. */
static int pack_result(struct packing *packing, int result)
{
	int err;

	if (result == -ENOMEM || report_failed(packing->report))
		return -ENOMEM;
	err = pack_remarks(packing);
	if (!err)
		((struct header *)packing->bytes)->result = result;
	return err;
}

int fsdax_policy_pack(const char *path, const char *root, void **bundle, size_t *size)
{
	struct packing packing = {0};
	struct header header = {.result = 0};
	struct fsdax_report *report = report_new();
	int err;

	if (!report)
		return -ENOMEM;
	packing.report = report;
	memcpy(header.magic, magic, sizeof(magic));
	err = put(&packing, &header, sizeof(header));
	if (!err)
		err = pack_result(&packing, source_read(report, path, root, pack_file, &packing));
	fsdax_report_free(report);
	if (err) {
		free(packing.bytes);
		return err;
	}
	*bundle = packing.bytes;
	*size = packing.size;
	return 0;
}

/* ---- Unpacking ------------------------------------------------------------------- */

/* What is left of a bundle. It is checked as if anybody could have made it. */
struct unpacking {
	const char *bytes;
	size_t size;
};

static int get(struct unpacking *unpacking, void *to, size_t size)
{
	if (size > unpacking->size)
		return -EINVAL;
	memcpy(to, unpacking->bytes, size);
	unpacking->bytes += size;
	unpacking->size -= size;
	return 0;
}

static int get_string(struct unpacking *unpacking, const char **text, size_t *size)
{
	uint32_t len;

	if (get(unpacking, &len, sizeof(len)))
		return -EINVAL;
	*text = NULL;
	*size = 0;
	if (len == UINT32_MAX)
		return 0;
	if (unpacking->size <= len || unpacking->bytes[len])
		return -EINVAL;
	*text = unpacking->bytes;
	*size = len;
	unpacking->bytes += len + (size_t)1;
	unpacking->size -= len + (size_t)1;
	return 0;
}

static int unpack_file(struct unpacking *unpacking, dropin_fn *fn, void *data)
{
	const char *path, *text;
	size_t path_size, size;

	if (get_string(unpacking, &path, &path_size) || get_string(unpacking, &text, &size) ||
	    !path || !text)
		return -EINVAL;
	return fn(data, path, text, size);
}

static int unpack_remark(struct unpacking *unpacking, struct fsdax_report *report)
{
	struct span span = {0};
	const char *hint, *message;
	uint32_t severity;
	size_t size;

	if (get(unpacking, &severity, sizeof(severity)) || severity > FSDAX_ERROR ||
	    get_string(unpacking, &span.file, &size) || get_string(unpacking, &hint, &size) ||
	    get_string(unpacking, &message, &size) || !message)
		return -EINVAL;
	report_add(report, severity, &span, hint, "%s", message);
	return 0;
}

int source_unpack(struct fsdax_report *report, const void *bundle, size_t size, dropin_fn *fn,
		  void *data)
{
	struct unpacking unpacking = {bundle, size};
	struct header header;
	int err = get(&unpacking, &header, sizeof(header));

	if (err || memcmp(header.magic, magic, sizeof(magic)) || header.result > 0)
		return -EINVAL;
	while (!err && unpacking.size) {
		uint32_t kind;

		err = get(&unpacking, &kind, sizeof(kind));
		if (!err && kind == KIND_FILE)
			err = unpack_file(&unpacking, fn, data);
		else if (!err)
			err = kind == KIND_REMARK ? unpack_remark(&unpacking, report) : -EINVAL;
	}
	return err ? err : header.result;
}
