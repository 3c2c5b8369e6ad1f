/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * records.h - inputs that are rows of records of one size, each of which means a step: so that
 * a change of one leaves the others what they are. What a record's bytes mean is the target's
 * affair; all values are allowed, and most mean something.
 */
#ifndef FUZZ_RECORDS_H
#define FUZZ_RECORDS_H

#include <stddef.h>
#include <stdint.h>

/* A custom mutator of libFuzzer, for a head of `head` bytes and records of `size` bytes. */
size_t records_mutate(uint8_t *data, size_t used, size_t room, unsigned int seed, size_t head,
		      size_t size);

/* A custom crossover: some records of one input put into another. */
size_t records_cross(const uint8_t *a, size_t a_used, const uint8_t *b, size_t b_used, uint8_t *out,
		     size_t room, unsigned int seed, size_t head, size_t size);

/*
 * Both, under the names that libFuzzer calls them by.
 */
#define RECORDS_MUTATOR(head, size)                                                                \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room,                    \
				       unsigned int seed);                                         \
	size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_used, const uint8_t *b,        \
					 size_t b_used, uint8_t *out, size_t room,                 \
					 unsigned int seed);                                       \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed) \
	{                                                                                          \
		return records_mutate(data, used, room, seed, head, size);                         \
	}                                                                                          \
	size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_used, const uint8_t *b,        \
					 size_t b_used, uint8_t *out, size_t room,                 \
					 unsigned int seed)                                        \
	{                                                                                          \
		return records_cross(a, a_used, b, b_used, out, room, seed, head, size);           \
	}

#endif
