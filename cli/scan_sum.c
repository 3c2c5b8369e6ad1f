/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_sum.c - what is made of the sums of a scan before they are shown; see scan.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fnv.h"
#include "scan.h"

#define FIRST_THRESHOLD 1024

struct count scan_from(const struct scan_sum *sum, uint64_t from)
{
	struct count all = tally_sizes(sum->tally, true, from, UINT64_MAX);
	const struct count no = tally_sizes(sum->tally, false, from, UINT64_MAX);

	count_add(&all, &no);
	return all;
}

bool scan_next_threshold(const struct scan_sum *sum, uint64_t *from)
{
	const uint64_t next = *from ? 2 * *from : FIRST_THRESHOLD;

	if (next < *from || !scan_from(sum, next).files)
		return false;
	*from = next;
	return true;
}

/* What decides, and not where it is written: parts may be scanned on several machines. */
static int hash_line(void *data, const struct fsdax_policy_line *line)
{
	uint64_t *hash = data;

	*hash = fnv_text(*hash, line->section);
	*hash = fnv_text(*hash, line->key ? line->key : "");
	*hash = fnv_text(*hash, line->value ? line->value : "");
	return 0;
}

char *scan_digest(char dst[SCAN_DIGEST_MAX], const struct fsdax_policy *policy)
{
	uint64_t hash = FNV_START;

	fsdax_policy_print(policy, hash_line, &hash);
	snprintf(dst, SCAN_DIGEST_MAX, "%016" PRIx64, hash);
	return dst;
}
