/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * confined.h - where targets that do something to files do it: in a mount namespace of their
 * own, in which all is read-only but a file system in memory that is gone with the process.
 */
#ifndef FUZZ_CONFINED_H
#define FUZZ_CONFINED_H

/*
 * Enter it, first of all; ends the process if that can't be. Returns the path of the folder
 * that can be written to. libFuzzer itself writes inputs: the folders in FSDAX_FUZZ_WRITABLE,
 * separated by colons, stay writable for it.
 */
const char *confined_enter(void);

/*
 * Around each input: ends the process if a descriptor was left open, or one of the target's own was
 * closed. Only numbers below 128 are looked at.
 */
void confined_fds_before(void);
void confined_fds_after(void);

/* What the code under test prints goes nowhere; what libFuzzer and the sanitizers say does not. */
void confined_be_quiet(void);

#endif
