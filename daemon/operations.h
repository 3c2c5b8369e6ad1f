/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * operations.h - every FUSE operation, by the file it is in. serve.c has the table from opcodes
 * to these. Each reads its arguments by request_read*(), and replies exactly once.
 */
#ifndef DAEMON_OPERATIONS_H
#define DAEMON_OPERATIONS_H

#include "request.h"

/* op_session.c */
operation op_init, op_destroy, op_interrupt;
/* op_lookup.c */
operation op_lookup, op_forget, op_batch_forget, op_readlink;
/* op_attr.c */
operation op_getattr, op_setattr, op_access, op_statfs;
/* op_make.c */
operation op_create, op_mknod, op_mkdir, op_symlink, op_link, op_tmpfile;
/* op_remove.c */
operation op_unlink, op_rmdir, op_rename, op_rename2;
/* op_open.c */
operation op_open, op_release, op_flush, op_fsync, op_opendir, op_releasedir, op_fsyncdir;
/* op_io.c */
operation op_read, op_write, op_lseek, op_fallocate, op_copy_file_range, op_syncfs;
/* op_readdir.c */
operation op_readdir, op_readdirplus;
/* op_xattr.c */
operation op_setxattr, op_getxattr, op_listxattr, op_removexattr;
/* op_lock.c */
operation op_getlk, op_setlk, op_setlkw;
/* op_map.c */
operation op_setupmapping, op_removemapping;

#endif
