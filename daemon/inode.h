/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode.h - what the guest knows: inodes of the host, by the nodeids that the guest was given.
 *
 * An inode's DAX flag is settled when the guest is first told of it, and never changes as
 * long as the guest knows it by this nodeid. A guest kernel that sees the flag change marks
 * its inode for eviction, which some kernels do not survive (see verdict.h), and which takes
 * effect an open too late. Instead, an inode whose decision has changed is *retired* once
 * nobody in the guest has it open: it leaves the index, so that the next LOOKUP makes a
 * fresh one, with another nodeid and the new flag; and an OPEN (or a change of size) of the
 * retired one is answered ESTALE, upon which the guest's kernel looks the name up again. So
 * the very first open after a change has the new state, whatever the guest has cached, and
 * no file is ever open both ways. The guest's kernel does that once only. So what it was sent
 * to look up is not retired again before it was opened: a change that comes meanwhile is
 * pending, as if the file were open already.
 *
 * Lifetime: an inode lives while `refs` is not 0. The guest's lookups are one reference
 * together; each name of an inode refers to its parent; a running request has one. The
 * root is never forgotten.
 *
 * Locks: the table's lock covers the index, lookups and names. inode_lock() covers opens and
 * verdict. The table's lock may be taken under an inode's, not the other way round.
 */
#ifndef DAEMON_INODE_H
#define DAEMON_INODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <fsdax/fsdax.h>

struct inode;
struct inode_mount;
struct inode_table;
struct share;
struct statx;

/* One name by which the guest knows an inode. */
struct inode_name {
	struct inode *parent; /* with a reference */
	char *name;	      /* owned */
};

/* How an inode is told from all others on the host, while it exists. */
struct inode_key {
	uint64_t ino;
	uint64_t mnt_id; /* STATX_MNT_ID; the same file on two mounts is two inodes */
	dev_t dev;
};

/* The decision about one inode: see verdict.h, which alone changes what is inside. */
struct verdict {
	struct fsdax_memo memo;	     /* regular files: the last decision, while it holds */
	struct fsdax_decision now;   /* regular files: the last decision */
	uint64_t size;		     /* of the file, when `flag` was last found to be right */
	struct fsdax_cursor *cursor; /* folders: with a reference, or NULL: not made yet */
	struct fsdax_cursor *above;  /* folders: the parent's, that `cursor` was made from */
	uint64_t generation;	     /* of the tree, when all this was last found good */
	uint32_t names;		     /* names_moved, from before the names were read for all this */
	int64_t ctime_sec;	     /* folders: when the tag was last read */
	uint32_t ctime_nsec;
	uint8_t tag;	    /* folders: enum fsdax_tag, their own */
	uint8_t unmappable; /* enum unmappable: why it can't be mapped; 0: it can, or none asked */
	bool settled;	    /* `flag` is what the guest was told */
	bool flag;	    /* FUSE_ATTR_DAX */
	bool pending;	    /* `now` differs from `flag`, and the file is open */
	bool copied;	    /* the guest has a copy mapped (window.h): to be retired */
	uint32_t pending_since; /* while it is: since when, in seconds of the wall clock */
};

struct inode {
	uint64_t nodeid;
	struct inode_key key;
	mode_t type;	  /* S_IFMT bits */
	bool retired;	  /* not in the index any more; under inode_lock() and the table's lock */
	bool is_submount; /* its mount is not its parent's */

	int fd;			    /* O_PATH; -1: made from the handle when needed */
	struct file_handle *handle; /* owned; NULL: there is an fd for good */
	struct inode_mount *mount;  /* of the handle; see inode_fd.c, as for the next four */
	uint32_t fd_users;
	uint32_t fd_slot;
	bool fd_used;
	bool btime_tells; /* no other inode can have this number and this time of birth */
	int64_t btime;	  /* ns */

	uint64_t lookups; /* the guest owes as many FORGETs */
	uint32_t refs;	  /* atomic */
	uint32_t opens;	  /* handles of it that the guest has */
	uint64_t grown;	  /* atomic: the guest has written up to there; see window_grown() */

	struct inode_name name; /* the one looked up last; the root, and what is unlinked: none */
	struct inode_name *others; /* further names of an inode with several links */
	uint32_t n_others;
	uint32_t names_moved; /* atomic: moves on whenever one of the names comes or goes */

	struct verdict verdict;
	struct inode *next; /* in a chain of the index */
};

/* ---- The table (inode.c) ------------------------------------------------------------ */

/*
 * The root of the share, share->root_fd, is nodeid FUSE_ROOT_ID. Sets share->inodes. Errors:
 * -ENOMEM, what statx(2) may say.
 */
int inode_table_new(struct share *share);
void inode_table_free(struct share *share);

/* Forget all but the root: the guest's session has ended. */
void inode_table_reset(struct share *share);

/* The inode of a nodeid, with a reference; NULL for one that the guest was not given. */
struct inode *inode_get(struct share *share, uint64_t nodeid);
void inode_put(struct share *share, struct inode *inode);

/*
 * The same, but one that the guest has forgotten counts as well, as long as it has it open or
 * knows something below it: for who looks at what the guest has.
 */
struct inode *inode_get_any(struct share *share, uint64_t nodeid);

/*
 * Look up a name in a folder, and count the lookup: finds the inode, or makes one. stx: set
 * to its attributes, as of now. Asks verdict_flag(), and looks again if that retired it.
 * flag: the FUSE_ATTR_DAX bit. Names ".." and "." are the caller's to refuse.
 * 0 or -errno (-ENOENT, -EMFILE, ...).
 */
int inode_lookup(struct share *share, struct inode *parent, const char *name, struct inode **inode,
		 struct statx *stx, uint32_t *flag);

/*
 * The same for a file that is open already, so that it is this one and no other: made just now
 * by that name, or without one (O_TMPFILE; parent is NULL then). fd stays the caller's.
 */
int inode_adopt(struct share *share, struct inode *parent, const char *name, int fd,
		struct inode **inode, struct statx *stx, uint32_t *flag);

/* The guest will not hear of that lookup after all: uncount it, and put the inode. */
void inode_take_back(struct share *share, struct inode *inode);

/*
 * The inode that a name stands for now, with a reference, if the guest knows it; else NULL.
 * For operations that are about to move or remove the name.
 */
struct inode *inode_find(struct share *share, struct inode *parent, const char *name);

/* Take back n lookups; the inode may be gone after that. Too many are cut. */
void inode_forget(struct share *share, uint64_t nodeid, uint64_t n);

/*
 * The guest has moved or removed a name on the host: called then, and before the names below are
 * changed, so that a LOOKUP that is under way does not bring an old name back.
 */
void inode_note_move(struct share *share);

/* A name of an inode has gone: by what the guest did. */
void inode_unname(struct share *share, struct inode *inode, const struct inode *parent,
		  const char *name);

/* It has another one in its place: nobody sees it without. */
void inode_rename(struct share *share, struct inode *inode, const struct inode *from,
		  const char *old, struct inode *to, const char *name);

/*
 * What names_moved is now. Read it before the names are: if it is the same afterwards, then so
 * are they.
 */
uint32_t inode_names_moved(const struct inode *inode);

/*
 * Take the table's lock, to read names: inode->name, others, and so on up through the parents.
 * Hold it shortly, and don't block.
 */
void inode_names_lock(struct share *share);
void inode_names_unlock(struct share *share);

/* One more reference to an inode that the caller has one of, or whose name it holds locked. */
struct inode *inode_ref(struct inode *inode);

/*
 * Take it out of the index; see above. Call with inode_lock() held and opens == 0. false: it is
 * not, for the guest is about to open it.
 */
bool inode_retire(struct share *share, struct inode *inode);
bool inode_is_retired(const struct inode *inode);

/*
 * An OPEN, or a change of size, by the guest's thread `pid` was answered err, and is going to be
 * told. If that is -ESTALE, then the guest's kernel looks the name up anew and comes back, but
 * only once: so what it is told of then is not retired until it does, for ten seconds at most.
 */
void inode_answered(struct share *share, const struct inode *inode, uint32_t pid, int err);

/* Covers opens and verdict. One of a fixed set of mutexes: never lock two inodes at once. */
void inode_lock(struct share *share, struct inode *inode);
void inode_unlock(struct share *share, struct inode *inode);

/*
 * An O_PATH descriptor of an inode, for the time of a request. With file handles it may be a
 * fresh one: so give it back. Returns the descriptor or -errno.
 */
int inode_fd(struct share *share, struct inode *inode);
void inode_fd_done(struct share *share, struct inode *inode, int fd);

/*
 * Open it anew (through /proc/self/fd): flags as in open(2), without O_NOFOLLOW. Only regular
 * files and folders: all others are -ENXIO, for opening a device may do anything. fd or -errno.
 */
int inode_open(struct share *share, struct inode *inode, int flags);

/*
 * As openat(2), for a file that is to be made, or is made sure of just now: closes kept descriptors
 * if there are too many. fd or -errno.
 */
int inode_create(struct share *share, int dirfd, const char *name, int flags, mode_t mode);

/*
 * For what was opened on the guest's behalf, to stay open: fd itself, or -EMFILE, and it is closed,
 * since the last descriptors are for others. What is negative is returned as it is.
 */
int inode_fd_keep(struct share *share, int fd);

/*
 * syncfs(2) on each mount that the guest knows something of, as far as inodes have file handles.
 * 0, or the first error.
 */
int inode_sync_mounts(struct share *share);

/* How many inodes the guest knows. */
uint64_t inode_count(struct share *share);

/*
 * The path below the share's root as the guest knows it, such as "/a/b", for messages; a string
 * to free(). NULL: it has no name any more, or one that is longer than a path may be, or there is
 * no memory.
 */
char *inode_path(struct share *share, struct inode *inode);

/* Call fn for each inode that the guest knows, under the table's lock: fn must not block. */
void inode_each(struct share *share, void (*fn)(void *data, struct inode *inode), void *data);

#endif
