/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counts.c - see counts.h.
 */
#include "counts.h"

struct count count_of_file(const struct fsdax_policy *policy, uint64_t size)
{
	struct fsdax_cost cost;

	fsdax_policy_cost(policy, size, &cost);
	return (struct count){
		.files = 1,
		.bytes = size,
		.chunks = cost.chunks,
		.descriptors = cost.descriptors,
		.page_cache = cost.page_cache,
	};
}

void count_add(struct count *to, const struct count *from)
{
	to->files += from->files;
	to->bytes += from->bytes;
	to->chunks += from->chunks;
	to->descriptors += from->descriptors;
	to->page_cache += from->page_cache;
}

void count_file(struct count *count, const struct fsdax_policy *policy, uint64_t size)
{
	const struct count one = count_of_file(policy, size);

	count_add(count, &one);
}

bool count_sub(struct count *from, const struct count *what)
{
	if (from->files < what->files || from->bytes < what->bytes || from->chunks < what->chunks ||
	    from->descriptors < what->descriptors || from->page_cache < what->page_cache)
		return false;
	from->files -= what->files;
	from->bytes -= what->bytes;
	from->chunks -= what->chunks;
	from->descriptors -= what->descriptors;
	from->page_cache -= what->page_cache;
	return true;
}
