/* SPDX-License-Identifier: BSD-3-Clause */
/* conditions.h - how each condition is read, tested, and shown. Called through keys[]. */
#ifndef LIB_CONDITIONS_H
#define LIB_CONDITIONS_H

#include "keys.h"

int size_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome size_test(const struct clause *clause, const struct subject *subject);
void size_found(const struct clause *clause, const struct subject *subject, char *text);

int owner_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome owner_test(const struct clause *clause, const struct subject *subject);
void owner_found(const struct clause *clause, const struct subject *subject, char *text);

int group_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome group_test(const struct clause *clause, const struct subject *subject);
void group_found(const struct clause *clause, const struct subject *subject, char *text);

int mode_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome mode_test(const struct clause *clause, const struct subject *subject);
void mode_found(const struct clause *clause, const struct subject *subject, char *text);

int age_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome age_test(const struct clause *clause, const struct subject *subject);
void age_found(const struct clause *clause, const struct subject *subject, char *text);

int xattr_parse(struct clause *clause, struct mistake *mistake);
enum fsdax_outcome xattr_test(const struct clause *clause, const struct subject *subject);
void xattr_found(const struct clause *clause, const struct subject *subject, char *text);

enum fsdax_outcome path_test(const struct clause *clause, const struct subject *subject);
void path_found(const struct clause *clause, const struct subject *subject, char *text);

/* The name of an xattr, as the kernel wants it: "user.x". 0, or -EINVAL with *mistake. */
int xattr_name_check(const char *name, size_t len, struct mistake *mistake);

#endif
