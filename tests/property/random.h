/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * random.h - random numbers that are the same in each run. FSDAX_SEED=N makes others;
 * FSDAX_ROUNDS=N makes tests N times as long.
 */
#ifndef PROPERTY_RANDOM_H
#define PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Start, and say from which seed. */
void random_start(void);

/* The seed, for messages. */
uint64_t random_seed(void);

/* How many times as much is to be done; 1 if nothing else is asked for. */
unsigned int random_rounds(void);

/* A number from 0 to n - 1. */
unsigned int random_below(unsigned int n);

/* Whether something happens that does once in n times. */
bool random_once_in(unsigned int n);

#endif
