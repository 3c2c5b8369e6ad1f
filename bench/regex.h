/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * regex.h - a glob of the policy language as a regular expression that means the same
 * and is as cheap as can be: for the peers that take regular expressions.
 */
#ifndef BENCH_REGEX_H
#define BENCH_REGEX_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The expression is to be searched in a path that starts with a slash; where the glob is
 * anchored it has a \A or \z, and where it is not the search is left free, so that
 * "*.so" becomes "\.so\z". A dot must match any byte. Allocated.
 */
char *regex_of_glob(const char *glob);

#ifdef __cplusplus
}
#endif

#endif
