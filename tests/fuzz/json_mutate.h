/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_mutate.h - mutations of JSON that leave it JSON, for custom mutators.
 */
#ifndef FUZZ_JSON_MUTATE_H
#define FUZZ_JSON_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Put another value in one place of an object, or take it away, in at most room bytes: the
 * place-th from the top, and how says what. What follows the object stays. Returns the new size; 0:
 * it is no object, or there is no room.
 */
size_t json_mutate(uint8_t *data, size_t size, size_t room, unsigned int place, unsigned int how);

#endif
