/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lowlevel POLICY SHARE MOUNTPOINT - where the flag goes in a file system on libfuse3's low-level
 * interface: a read-only passthrough of one share, in the foreground until it is unmounted.
 *
 * libfuse fills in struct fuse_attr from a struct stat, which has no flag; a reply of one's own
 * goes out by fuse_reply_buf(). Over /dev/fuse no guest will act on the flag, so the decision
 * can be read as an xattr too: getfattr -n user.fsdax.decision FILE
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 314
#include <errno.h>
#include <fcntl.h>
#include <fsdax/fuse.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What stands behind a nodeid. A folder has the cursor for what is in it, a file its folder's. */
struct inode {
	int fd; /* O_PATH */
	char *name;
	struct fsdax_cursor *cursor;
	struct fsdax_memo memo;
	uint64_t lookups;
};

struct share {
	struct inode root;
	struct fsdax_fuse_session session;
};

static struct inode *inode_of(fuse_req_t req, fuse_ino_t ino)
{
	struct share *share = fuse_req_userdata(req);

	return ino == FUSE_ROOT_ID ? &share->root : (struct inode *)ino;
}

static void inode_free(struct inode *inode)
{
	fsdax_memo_clear(&inode->memo);
	fsdax_cursor_unref(inode->cursor);
	close(inode->fd);
	free(inode->name);
	free(inode);
}

/* One way to a decision for every reply: kept with the inode while its ctime stands still. */
static int decide(struct inode *inode, const struct stat *st, struct fsdax_decision *decision)
{
	struct timespec now;
	int err;

	*decision = (struct fsdax_decision){.reason = FSDAX_REASON_NOT_REGULAR,
					    .rule = FSDAX_NO_RULE};
	if (!S_ISREG(st->st_mode) ||
	    fsdax_memo_find(&inode->memo, inode->cursor, st->st_ctim.tv_sec,
			    (uint32_t)st->st_ctim.tv_nsec, decision))
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	err = fsdax_decide_fd(inode->cursor, inode->fd, inode->name, NULL, 0, decision);
	if (!err && st->st_nlink == 1) /* of several names we know but one */
		fsdax_memo_keep(&inode->memo, inode->cursor, st->st_ctim.tv_sec,
				(uint32_t)st->st_ctim.tv_nsec, now.tv_sec,
				(uint32_t)now.tv_nsec, *decision);
	return err;
}

static int attributes(struct share *share, struct inode *inode, fuse_ino_t ino,
		      struct fuse_attr *attr)
{
	struct fsdax_decision decision;
	struct stat st;
	int err;

	if (fstatat(inode->fd, "", &st, AT_EMPTY_PATH) < 0)
		return -errno;
	err = decide(inode, &st, &decision);
	if (err)
		return err;
	*attr = (struct fuse_attr){
		.ino = ino,
		.size = (uint64_t)st.st_size,
		.blocks = (uint64_t)st.st_blocks,
		.atime = (uint64_t)st.st_atim.tv_sec,
		.mtime = (uint64_t)st.st_mtim.tv_sec,
		.ctime = (uint64_t)st.st_ctim.tv_sec,
		.atimensec = (uint32_t)st.st_atim.tv_nsec,
		.mtimensec = (uint32_t)st.st_mtim.tv_nsec,
		.ctimensec = (uint32_t)st.st_ctim.tv_nsec,
		.mode = st.st_mode,
		.nlink = (uint32_t)st.st_nlink,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.blksize = (uint32_t)st.st_blksize,
		.flags = fsdax_fuse_attr_flags(&share->session, st.st_mode, &decision),
	};
	return 0;
}

/* The file or folder NAME in PARENT, not yet known to the kernel. */
static int inode_new(struct inode *parent, const char *name, struct inode **new)
{
	struct inode *inode = calloc(1, sizeof(*inode));
	enum fsdax_tag tag;
	struct stat st;
	int err;

	if (!inode)
		return -ENOMEM;
	inode->fd = openat(parent->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	err = inode->fd < 0 || fstatat(inode->fd, "", &st, AT_EMPTY_PATH) < 0 ? -errno : 0;
	if (!err && !(inode->name = strdup(name)))
		err = -ENOMEM;
	if (!err && S_ISDIR(st.st_mode)) {
		err = fsdax_folder_tag(fsdax_cursor_policy(parent->cursor), inode->fd, "", &tag);
		if (!err)
			err = fsdax_cursor_enter(parent->cursor, name, strlen(name), tag,
						 &inode->cursor);
	} else if (!err) {
		inode->cursor = fsdax_cursor_ref(parent->cursor);
	}
	if (err) {
		if (inode->fd < 0)
			free(inode);
		else
			inode_free(inode);
		return err;
	}
	*new = inode;
	return 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_out out = {0};
	struct inode *inode;
	int err = inode_new(inode_of(req, parent), name, &inode);

	if (!err) {
		err = attributes(fuse_req_userdata(req), inode, (fuse_ino_t)inode, &out.attr);
		if (err)
			inode_free(inode);
	}
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	inode->lookups = 1;
	out.nodeid = (uintptr_t)inode;
	out.entry_valid = out.attr_valid = 1;
	fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	struct inode *inode = inode_of(req, ino);

	inode->lookups -= lookups;
	if (ino != FUSE_ROOT_ID && !inode->lookups)
		inode_free(inode);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fuse_attr_out out = {.attr_valid = 1};
	int err = attributes(fuse_req_userdata(req), inode_of(req, ino), ino, &out.attr);

	(void)fi;
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct inode *inode = inode_of(req, ino);
	struct fsdax_decision decision;
	char text[64];
	struct stat st;
	int len, err;

	if (strcmp(name, "user.fsdax.decision") != 0) {
		fuse_reply_err(req, ENODATA);
		return;
	}
	err = fstatat(inode->fd, "", &st, AT_EMPTY_PATH) < 0 ? -errno : decide(inode, &st, &decision);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	len = snprintf(text, sizeof(text), "%s %s", decision.dax ? "yes" : "no",
		       fsdax_reason_name(decision.reason));
	if (!size)
		fuse_reply_xattr(req, (size_t)len);
	else if ((size_t)len > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, text, (size_t)len);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = op_lookup,
	.forget = op_forget,
	.getattr = op_getattr,
	.getxattr = op_getxattr,
};

static int share_open(struct share *share, const char *policy_path, const char *path)
{
	struct fsdax_policy *policy;
	enum fsdax_tag tag;
	int err;

	share->root.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (share->root.fd < 0)
		return -errno;
	err = fsdax_policy_load(policy_path, NULL, &policy, NULL);
	if (err)
		return err;
	err = fsdax_folder_tag(policy, share->root.fd, "", &tag);
	if (!err)
		err = fsdax_cursor_root(policy, tag, &share->root.cursor);
	fsdax_policy_unref(policy); /* the cursor keeps it */
	/* A virtiofs daemon has this from fsdax_fuse_init(); libfuse answers FUSE_INIT itself. */
	share->session = (struct fsdax_fuse_session){.window = true, .inode_dax = true};
	return err;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct share share = {.root.name = ""};
	struct fuse_session *session;
	int err = argc == 4 ? share_open(&share, argv[1], argv[2]) : -EINVAL;

	if (err) {
		fprintf(stderr, "usage: lowlevel POLICY SHARE MOUNTPOINT (%s)\n", strerror(-err));
		return 2;
	}
	session = fuse_session_new(&args, &ops, sizeof(ops), &share);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[3]))
		return 1;
	err = fuse_session_loop(session);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	/* Inodes that the kernel knew to the last go with the process. */
	return err != 0;
}
