/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtq_memory.h - the guest's memory for fuzz-virtq.c: one small file, seen through several
 * tables of regions, some of them odd.
 */
#ifndef FUZZ_VIRTQ_MEMORY_H
#define FUZZ_VIRTQ_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_memory;

enum { MEMORY_SIZE = 16384, LAYOUTS = 6 };

void virtq_memory_begin(void);

/* The file's bytes, as the guest writes them. */
extern uint8_t *virtq_memory;

struct guest_memory *virtq_memory_table(unsigned int layout);

/* Addresses of a byte of the file, in the guest and in the front-end. */
uint64_t virtq_guest_address(unsigned int layout, size_t offset);
uint64_t virtq_user_address(unsigned int layout, size_t offset);

/*
 * The other way, as naively as can be. false: there is nothing. *len: how many bytes are
 * wanted, and how many are in one piece.
 */
bool virtq_find(unsigned int layout, uint64_t guest_address, size_t *offset, uint64_t *len);

/* Which byte of the file a pointer into a table's mapping is; -1: it is none. */
long virtq_offset_of(unsigned int layout, const void *at);

/* All mappings of a table lie in here. */
void virtq_mapped_range(unsigned int layout, const void **start, size_t *size);

#endif
