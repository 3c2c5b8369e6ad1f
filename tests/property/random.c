/* SPDX-License-Identifier: BSD-3-Clause */
/* random.c - random numbers that are the same in each run. See random.h. */
#include <stdio.h>
#include <stdlib.h>

#include "random.h"

static uint64_t seed, number;

void random_start(void)
{
	const char *text = getenv("FSDAX_SEED");

	seed = text ? strtoull(text, NULL, 0) : 20260101;
	number = seed * 0x9e3779b97f4a7c15u + 1;
	printf("FSDAX_SEED=%llu\n", (unsigned long long)seed);
}

uint64_t random_seed(void)
{
	return seed;
}

unsigned int random_rounds(void)
{
	const char *text = getenv("FSDAX_ROUNDS");
	unsigned int rounds = text ? (unsigned int)strtoul(text, NULL, 10) : 1;

	return rounds ? rounds : 1;
}

/* splitmix64 */
unsigned int random_below(unsigned int n)
{
	uint64_t z = number += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned int)((z ^ (z >> 31)) % n);
}

bool random_once_in(unsigned int n)
{
	return random_below(n) == 0;
}
