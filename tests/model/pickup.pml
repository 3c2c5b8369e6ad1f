/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pickup.pml - how a changed decision about a file reaches the guest, for the model checker spin:
 * see daemon/inode.h, daemon/verdict.h and daemon/control_pickup.c. test-pickup.sh has it searched
 * exhaustively, in parts (below) and with mutants, each of which has to be found.
 *
 * There is one file, with two names (hard links). Of the guest there are two threads, its cache of
 * names and of inodes, and what it sends without waiting: RELEASE and FORGET. A request is in
 * flight from its first step to its last; all orders of all steps are tried, as if each had a
 * queue of its own. Of the host there is an admin, who changes the tag and waits until that has
 * been picked up; and a reload, which swaps the policy while others decide by it.
 *
 * What is held under one lock is one step here. Each step names the file and the
 * function that do it, behind "code:"; test-pickup.sh sees to it that there is such a function. What the
 * guest's kernel does is said in "guest:".
 *
 * An inode of the guest is here
 *	unknown		looked[n] == 0
 *	cached		looked[n] > 0, and nobody has it open
 *	open		holding[n] > 0
 *	marked		it was told another flag than before: `dontcache`, which must never be
 *	evicted		looked[n] == 0, and its FORGET is in flight: forgetting == n
 *
 * The search is made in parts, since all at once has too many states: FLIPS of the tag, RELOADS of
 * the policy, CRASHES of the guest (or DESTROY), NAMES, THREADS; OPENERS and LOOKERS say which
 * thread does what. EARLY_FORGET is a guest that does not wait for RELEASE before it forgets.
 * QUITS is one whose threads are killed on their way to an open file, now and then; only then does
 * it matter that nobody is awaited for ever.
 */
#ifndef FLIPS
#define FLIPS 1
#endif
#ifndef RELOADS
#define RELOADS 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef NAMES
#define NAMES 2
#endif
#ifndef THREADS
#define THREADS 2
#endif
#ifndef FORGETS
#define FORGETS 1 /* 0: the guest keeps all it knows; so how often it looked is of no matter */
#endif
#ifndef OPENERS
#define OPENERS 3 /* threads that open files, as bits */
#endif
#ifndef LOOKERS
#define LOOKERS 3 /* ... that look at them */
#endif
#ifndef QUITS
#define QUITS 0
#endif
#ifndef INODES
#define INODES 3 /* the daemon's, at a time; that they suffice is asserted */
#endif
#define LOOKS 2	 /* of one inode, after which the guest forgets it before it looks up more */
#ifndef STALE
#define STALE (INODES + 1) /* so many retired ones are too many: some are forgotten before */
#endif
#define NONE 15
#define ANYTHING 14

#define ANY_MORE_THAN(array, most) \
	(array[0] > (most) || array[1] > (most) || array[2] > (most) || array[INODES - 1] > (most))

/* ---- The host ------------------------------------------------------------------------ */

bit tag;	/* the admin's word on the file */
byte ctime;	/* of the file: moves with the tag */
byte policy;	/* the one in force: by its last bit, it turns the tag's meaning around */
byte generation; /* code: folder.c folder_generation */
byte changes;	/* all of the above, counted */
bit reloading;

#define TRUTH (tag ^ (policy & 1))

/* ---- The daemon ------------------------------------------------------------------------ */

/* struct inode, and its struct verdict. A free one's nodeid is not known to anybody. */
typedef inode {
	bit used;
	bit indexed;	/* LOOKUP finds it */
	bit retired;
	bit settled, flag, pending;
	byte lookups, opens;
	byte refs;	/* running requests */
	bit memo;	/* a decision is kept ... */
	byte memo_ctime;  /* ... with what it was made from */
	byte memo_generation, memo_policy
};
inode inodes[INODES];

byte cursor_policy, cursor_generation; /* the folder's cursor: struct verdict of its inode */

/* ---- The guest --------------------------------------------------------------------------- */

byte dentry[NAMES];	/* nodeid by name, or NONE */
byte mine[THREADS];	/* what each thread has open, or NONE */
byte looked[INODES];	/* lookups that the kernel owes a FORGET for */
bit flags[INODES];	/* S_DAX, as told first */
byte holding[INODES];	/* open files */
byte using[INODES];	/* threads at work on it: it is not evicted */
byte releasing = NONE;	/* a RELEASE in flight, which keeps its inode from being evicted */
byte forgetting = NONE; /* a FORGET in flight, and of how many lookups */
byte forgotten;
byte busy;		/* threads with a request in flight */
byte opening;		/* threads on their way to an open file */
byte awaited[THREADS];	/* the daemon expects it to come back and open: what; NONE, ANYTHING */
bit crashing;

/* ---- What is claimed ------------------------------------------------------------------------ */

bit asking;	/* the admin waits */
byte claimed = 255; /* `changes`, when that was last said to be picked up */

#define OPEN_AT_ALL ANY_MORE_THAN(holding, 0)
#define IS_STALE(n_) (inodes[n_].used && inodes[n_].retired)
#if INODES > 3
#define N_STALE (IS_STALE(0) + IS_STALE(1) + IS_STALE(2) + IS_STALE(3))
#else
#define N_STALE (IS_STALE(0) + IS_STALE(1) + IS_STALE(2))
#endif
#define MAY_LOOK_UP (!ANY_MORE_THAN(looked, LOOKS - 1) && N_STALE < STALE)

/* Nobody has it open in another state. */
inline check_all_open(flag_)
{
	assert(!holding[0] || flags[0] == (flag_));
	assert(!holding[1] || flags[1] == (flag_));
	assert(!holding[2] || flags[2] == (flag_));
	assert(!holding[INODES - 1] || flags[INODES - 1] == (flag_))
}

/* What the guest can't evict. guest: fuse_prepare_release() holds the inode as well. */
#ifdef EARLY_FORGET
#define IS_KEPT(n_) (holding[n_] > 0 || using[n_] > 0)
#else
#define IS_KEPT(n_) (holding[n_] > 0 || using[n_] > 0 || releasing == n_)
#endif

/* ---- Inodes: under the table's lock ------------------------------------------------------------ */

/* code: inode.c drop_locked, inode_index.c inode_slot_release_locked */
inline drop(n_)
{
#if !FORGETS
	/* What is retired and of no use to the guest is forgotten at once. */
	if
	:: inodes[n_].retired && !IS_KEPT(n_) && dentry[0] != n_ && dentry[NAMES - 1] != n_ ->
		inodes[n_].lookups = 0;
		looked[n_] = 0;
		flags[n_] = 0
	:: else
	fi;
#endif
	if
	:: inodes[n_].lookups == 0 && inodes[n_].opens == 0 && inodes[n_].refs == 0 ->
		inodes[n_].used = 0;
		inodes[n_].indexed = 0;
		inodes[n_].retired = 0;
		inodes[n_].settled = 0;
		inodes[n_].flag = 0;
		inodes[n_].pending = 0;
		inodes[n_].memo = 0;
		inodes[n_].memo_ctime = 0;
		inodes[n_].memo_generation = 0;
		inodes[n_].memo_policy = 0
	:: else
	fi
}

/* code: inode.c inode_put */
inline put(n_)
{
	inodes[n_].refs--;
	drop(n_)
}

/*
 * code: inode_lookup.c find_known, inode_lookup.c enter_locked, inode.c inode_count_lookup_locked,
 * code: inode_index.c inode_index_add_locked
 */
inline find_or_enter(n_)
{
	if
	:: inodes[0].indexed -> n_ = 0
	:: inodes[1].indexed -> n_ = 1
	:: inodes[2].indexed -> n_ = 2
#if INODES > 3
	:: inodes[3].indexed -> n_ = 3
#endif
	:: else ->
		if
		:: !inodes[0].used -> n_ = 0
		:: inodes[0].used && !inodes[1].used -> n_ = 1
		:: inodes[0].used && inodes[1].used && !inodes[2].used -> n_ = 2
		:: else ->
			n_ = INODES - 1;
			assert(!inodes[n_].used)
		fi;
		inodes[n_].used = 1;
		inodes[n_].indexed = 1
	fi;
#if FORGETS
	inodes[n_].lookups++;
#else
	inodes[n_].lookups = 1;
#endif
	inodes[n_].refs++
}

/* code: inode.c inode_retire */
inline retire(n_)
{
	inodes[n_].indexed = 0;
	inodes[n_].retired = 1;
	/* It is not looked at again. */
	inodes[n_].memo = 0;
	inodes[n_].memo_ctime = 0;
	inodes[n_].memo_generation = 0;
	inodes[n_].memo_policy = 0
}

/* ---- Deciding: each inline is a step, or says which it is made of ---------------------------------- */

#ifdef MUTANT_NOT_AWAITED
#define IS_AWAITED(n_) 0
#else
#define IS_AWAITED(n_) (awaited[0] == (n_) || awaited[THREADS - 1] == (n_))
#endif
#define IS_ANY_AWAITED (awaited[0] != NONE || awaited[THREADS - 1] != NONE)

/*
 * With the inode locked.
 * code: verdict.c change, inode.c inode_retire, inode_await.c inode_is_promised_locked
 */
inline change(n_)
{
	inodes[n_].pending = 1;
	if
#ifdef MUTANT_RETIRE_WHILE_OPEN
	:: !inodes[n_].retired ->
#else
	:: inodes[n_].opens == 0 && !inodes[n_].retired && !IS_AWAITED(n_) ->
#endif
		inodes[n_].pending = 0;
#ifdef MUTANT_SAME_NODEID
		inodes[n_].flag = 1 - inodes[n_].flag
#else
		retire(n_)
#endif
	:: else
	fi
}

/*
 * What became of the inode, as of the lock under which it was decided on: see look_at().
 * code: verdict.c is_held, verdict.c verdict_holds
 */
inline outcome(n_)
{
	held = inodes[n_].pending && !inodes[n_].retired
}

/* code: verdict.c recall, verdict.c is_unchanged */
inline recall(n_)
{
	known = inodes[n_].retired || (inodes[n_].memo && inodes[n_].memo_ctime == stx_ctime &&
		inodes[n_].memo_generation == at_generation);
#ifndef MUTANT_WAITS_FOR_EVER
	if
	:: known && inodes[n_].pending -> change(n_)
	:: else
	fi;
#endif
	told = inodes[n_].flag;
	outcome(n_)
}

/*
 * The folder's cursor: the one that is kept, or another, of the policy in force.
 * code: folder.c folder_cursor, folder.c find_good, slot.c fsdax_slot_get
 */
inline get_cursor()
{
	if
	:: cursor_generation == at_generation -> by_policy = cursor_policy
	:: else -> by_policy = policy
	fi
}

/* code: folder.c renew, folder.c put_cursor */
inline put_cursor()
{
	cursor_policy = by_policy;
	cursor_generation = at_generation
}

/* code: verdict.c is_still_good */
inline still_good(n_)
{
	if
	:: inodes[n_].memo && inodes[n_].memo_ctime == stx_ctime &&
		inodes[n_].memo_policy == by_policy ->
		inodes[n_].memo_generation = at_generation;
		again_known = 1
	:: else
	fi
}

/*
 * Some facts are read now, some came with the attributes, a while ago.
 * code: verdict.c decide, verdict.c decide_sized
 */
inline decide()
{
	if
	:: decided = tag ^ (by_policy & 1)
	:: tag != stx_tag -> decided = stx_tag ^ (by_policy & 1)
	fi
}

/* With the inode locked. code: verdict.c settle, verdict.c keep */
inline settle(n_)
{
	if
	:: !inodes[n_].retired ->
		inodes[n_].memo = 1;
		inodes[n_].memo_ctime = stx_ctime;
#if RELOADS > 0
		inodes[n_].memo_policy = by_policy;
#ifdef MUTANT_GENERATION_OF_LATER
		inodes[n_].memo_generation = generation
#else
		inodes[n_].memo_generation = at_generation
#endif
#endif
	:: else
	fi;
	if
	:: !inodes[n_].settled ->
		inodes[n_].settled = 1;
		inodes[n_].flag = decided
	:: else
	fi;
	if
	:: inodes[n_].flag != decided ->
#ifdef MUTANT_FLAG_WHILE_OPEN
		inodes[n_].flag = decided
#else
		change(n_)
#endif
	:: else -> inodes[n_].pending = 0
	fi;
	told = inodes[n_].flag;
	outcome(n_)
}

/* The attributes of a file, that a reply is made from. code: attr.c stat_inode */
inline statx()
{
	stx_ctime = ctime;
	stx_tag = tag
}

/*
 * All of it but the last step, which is judge(): after statx().
 * code: verdict.c verdict_flag, verdict.c verdict_file
 */
inline verdict(n_)
{
#if RELOADS > 0
	at_generation = generation;
	atomic { recall(n_) };
	if
	:: known
	:: else ->
		atomic { get_cursor() };
		atomic {
			put_cursor();
			still_good(n_)
		};
		if
		:: atomic { again_known ->
			again_known = 0;
			recall(n_);
			decide()
		   }
		:: atomic { !again_known -> decide() }
		fi
	fi
#else
	atomic {
		recall(n_);
		decide()
	}
#endif
}

/* The last step of it. Sets told, and held. */
inline judge(n_)
{
	if
	:: known
	:: else -> settle(n_)
	fi;
	stx_ctime = 0;
	stx_tag = 0;
	at_generation = 0;
	by_policy = 0;
	known = 0;
	decided = 0
}

#define LOCALS byte stx_ctime; bit stx_tag; byte at_generation; byte by_policy; bit known; \
	bit decided; bit told; bit held; bit again_known

/* ---- The guest's requests ------------------------------------------------------------------------------ */

/* guest: fuse_iget(), fuse_change_attributes(), fuse_dax_dontcache(). */
inline take_attributes(n_)
{
	if
	:: looked[n_] == 0 -> flags[n_] = told
	:: else
	fi;
	/* Else it would be marked now: dontcache. */
	assert(flags[n_] == told);
	told = 0;
	held = 0
}

/* guest: fuse_lookup_name() and d_splice_alias(); the name may have been another's. */
inline looked_up(d_, n_)
{
	put(n_);
	take_attributes(n_);
#if FORGETS
	looked[n_]++;
#else
	looked[n_] = 1;
#endif
	using[n_]++;
	old = dentry[d_];
	dentry[d_] = n_;
	if
	:: old != NONE -> drop(old)
	:: else
	fi;
	old = 0
}

/* What each request by a nodeid begins with. code: inode.c inode_get */
inline get(n_)
{
	assert(inodes[n_].used && inodes[n_].lookups > 0);
	inodes[n_].refs++;
	statx()
}

/* code: handle.c count_open, handle.c handle_new */
inline counted(n_)
{
	stx_ctime = 0;
	stx_tag = 0;
	told = 0;
	held = 0;
#ifdef MUTANT_OPENS_RETIRED
	ok = 1;
#else
	ok = !inodes[n_].retired;
#endif
	if
#ifdef MUTANT_NOT_COUNTED
	:: ok && inodes[n_].opens > 0 -> inodes[n_].opens++
#else
	:: ok -> inodes[n_].opens++
#endif
	:: else
	fi;
	put(n_)
}

/* An OPEN was answered. code: inode_await.c inode_answered */
inline answered()
{
	if
	:: !ok -> awaited[me] = ANYTHING
	:: ok ->
#ifdef MUTANT_ANOTHER_CAME
		awaited[0] = NONE;
		awaited[THREADS - 1] = NONE;
#endif
		awaited[me] = NONE
	fi
}

/* A thread of the guest is told of this one: it stays. code: inode_await.c inode_promise */
inline promise(n_)
{
	if
	:: awaited[0] != NONE -> awaited[0] = n_
	:: else
	fi;
	if
	:: awaited[THREADS - 1] != NONE -> awaited[THREADS - 1] = n_
	:: else
	fi
}

/*
 * It is open. What must be true then: it is not open in another state, nor in one of which the
 * admin was told that it is over; and if nothing had it open or was opening it when this began,
 * nor was awaited, and nothing has changed since, it is open in the new state.
 */
inline opened(n_)
{
	holding[n_]++;
	mine[me] = n_;
	check_all_open(flags[n_]);
	assert(claimed != changes || flags[n_] == TRUTH);
	assert(!alone || began != changes || reloading || flags[n_] == TRUTH)
}

inline finish(n_)
{
	using[n_]--;
	drop(n_);
	opening = opening - opens;
	opens = 0;
	again = 0;
	ok = 0;
	alone = 0;
	began = 0;
	n_ = 0;
	d = 0;
	busy--
}

#define CHOOSES_TO_OPEN (mine[me] == NONE && (OPENERS & (1 << me)))
#define CHOOSES_TO_LOOK (LOOKERS & (1 << me))

/*
 * What a thread does, again and again: open() of a name, with OPEN for the inode that is cached,
 * or that LOOKUP has found; stat(), with GETATTR or LOOKUP (READDIRPLUS is the same); close().
 *
 * LOOKUP:
 * code: op_lookup.c op_lookup, op_readdir.c look_up, inode_lookup.c inode_lookup
 * code: inode_lookup.c look_up, inode_lookup.c stat_name
 * OPEN, and a change of size, which asks the same:
 * code: op_open.c op_open, op_open.c open_handle, op_open.c check_verdict, op_attr.c change_size
 * GETATTR:
 * code: op_attr.c op_getattr, attr.c attr_get, attr.c stat_inode
 */
proctype thread(byte me)
{
	LOCALS;
	byte n, d, old;
	bit opens, again, ok, alone, sure;
	byte began;

end:	do
	:: atomic { !crashing && mine[me] != NONE && releasing == NONE ->
		/* guest: the last close of a file; its RELEASE is sent, and not waited for. */
		n = mine[me];
		mine[me] = NONE;
		holding[n]--;
		releasing = n;
		n = 0
	   }
	:: atomic { !crashing && MAY_LOOK_UP && (CHOOSES_TO_OPEN || CHOOSES_TO_LOOK) ->
		busy++;
		if
		:: d = 0
#if NAMES > 1
		:: d = 1
#endif
		fi;
		if
		:: CHOOSES_TO_OPEN ->
			opens = 1;
			began = changes;
			alone = !OPEN_AT_ALL && opening == 0 && releasing == NONE &&
				!IS_ANY_AWAITED;
			opening++
		:: CHOOSES_TO_LOOK
		fi;
		if
		:: dentry[d] != NONE ->
			n = dentry[d];
			using[n]++;
			goto by_inode
		:: true
		fi
	   };
by_name:	atomic { statx() };
		atomic { find_or_enter(n) };
found:		verdict(n);
		atomic { judge(n) };
		if
		:: atomic { inodes[n].retired ->
			/* code: inode_lookup.c inode_take_back */
#if FORGETS
			inodes[n].lookups--;
#endif
			put(n);
			n = 0;
			told = 0;
			held = 0;
			sure = 0;
			goto by_name
		   }
#ifndef MUTANT_NOT_SURE
		:: atomic { !inodes[n].retired && !sure && IS_ANY_AWAITED ->
			/* code: inode_lookup.c make_sure, inode_await.c inode_is_awaited */
			sure = 1;
			told = 0;
			held = 0;
			statx();
			goto found
		   }
		:: atomic { !inodes[n].retired && (sure || !IS_ANY_AWAITED) ->
#else
		:: atomic { !inodes[n].retired ->
#endif
			sure = 0;
			promise(n);
			looked_up(d, n);
			if
			:: opens
#if QUITS
			:: opens && again ->
				finish(n);
				goto killed
			:: opens && again ->
				finish(n);
				goto served
#endif
			:: else ->
				finish(n);
				goto served
			fi
		   }
		fi;
by_inode:	atomic { get(n) };
#ifdef MUTANT_OPEN_DOES_NOT_ASK
		if
		:: opens -> goto asked
		:: else
		fi;
#endif
		verdict(n);
		atomic {
			judge(n);
			if
			:: !opens ->
				put(n);
				take_attributes(n);
				finish(n);
				goto served
			:: else
			fi
		};
asked:		atomic {
			counted(n);
			answered();
			/* A guest's kernel looks twice, and no more: the program's open fails. */
			assert(ok || !again || crashing || QUITS);
			if
			:: ok ->
				opened(n);
				finish(n)
#if QUITS
			:: !ok && !again ->
				finish(n);
				goto killed
#endif
			:: !ok && !again ->
				/* guest: ESTALE: the name is looked up again, whatever the cache has. */
				using[n]--;
				if
				:: dentry[d] == n -> dentry[d] = NONE
				:: else
				fi;
				drop(n);
				n = 0;
				again = 1;
				goto by_name
			:: !ok && again -> finish(n)
			fi
		};
served:		skip
	od;
killed:	skip
}

/* RELEASE. code: op_open.c op_release, handle.c handle_release, handle.c uncount_open */
proctype releases()
{
	byte n;

end:	do
	:: atomic { releasing != NONE && !crashing ->
		if
		:: inodes[releasing].opens > 0 -> inodes[releasing].opens--
#ifdef MUTANT_NOT_COUNTED
		:: else
#endif
		fi;
#ifndef MUTANT_WAITS_FOR_EVER
		if
		/* code: verdict.c verdict_closed */
		:: inodes[releasing].opens == 0 && inodes[releasing].pending -> change(releasing)
		:: else
		fi;
#endif
		n = releasing;
		releasing = NONE;
		drop(n);
		n = 0
	   }
	od
}

/* guest: an inode is evicted, which takes its names out of the cache before; FORGET is sent. */
inline evict(n_)
{
	forgetting = n_;
	forgotten = looked[n_];
	looked[n_] = 0;
	flags[n_] = 0;
	if
	:: dentry[0] == n_ -> dentry[0] = NONE
	:: else
	fi;
#if NAMES > 1
	if
	:: dentry[1] == n_ -> dentry[1] = NONE
	:: else
	fi
#endif
}

/*
 * FORGET. code: op_lookup.c op_forget, op_lookup.c op_batch_forget
 * code: inode.c inode_forget, inode.c forget_locked
 */
proctype forgets()
{
end:	do
	:: atomic { forgetting == NONE && !crashing && looked[0] > 0 && !IS_KEPT(0) -> evict(0) }
	:: atomic { forgetting == NONE && !crashing && looked[1] > 0 && !IS_KEPT(1) -> evict(1) }
	:: atomic { forgetting == NONE && !crashing && looked[2] > 0 && !IS_KEPT(2) -> evict(2) }
#if INODES > 3
	:: atomic { forgetting == NONE && !crashing && looked[3] > 0 && !IS_KEPT(3) -> evict(3) }
#endif
	:: atomic { forgetting != NONE && !crashing ->
		assert(inodes[forgetting].lookups >= forgotten);
#ifdef MUTANT_FORGETS_ALL
		inodes[forgetting].lookups = 0;
#else
		inodes[forgetting].lookups = inodes[forgetting].lookups - forgotten;
#endif
		drop(forgetting);
		forgetting = NONE;
		forgotten = 0
	   }
	od
}

/* Too much time has passed. code: inode_await.c remove_late_locked */
proctype passes()
{
end:	do
	:: atomic { awaited[0] != NONE -> awaited[0] = NONE }
#if THREADS > 1
	:: atomic { awaited[1] != NONE -> awaited[1] = NONE }
#endif
	od
}

/* ---- The admin ---------------------------------------------------------------------------------------------- */

#ifdef MUTANT_ASKS_ONLY_KNOWN
#define IS_ASKED(n_) (inodes[n_].used && !inodes[n_].retired && inodes[n_].lookups > 0)
#else
#define IS_ASKED(n_) (inodes[n_].used && !inodes[n_].retired)
#endif

/*
 * One inode of a question.
 * code: control_pickup.c look_at, control_pickup.c decide_anew, control_view.c view_take
 */
inline look_at(n_)
{
	/* code: control_pickup.c is_wanted, inode.c inode_get_any */
	if
	:: atomic { IS_ASKED(n_) ->
		inodes[n_].refs++;
		statx()
	   };
#ifdef MUTANT_REPORTS_BEFORE_RETIRING
		atomic {
			held = inodes[n_].opens > 0 && inodes[n_].flag != TRUTH;
			put(n_);
			stx_ctime = 0;
			stx_tag = 0
		};
#else
		verdict(n_);
		atomic { judge(n_) };
		atomic {
#ifdef MUTANT_LOOK_LATER
			held = inodes[n_].pending && !inodes[n_].retired;
#endif
			put(n_);
			told = 0
		};
#endif
		any = any || held;
		left[n_] = held;
		held = 0
	:: atomic { else -> left[n_] = 0 }
	fi
}

/*
 * The first question is about all inodes of the file, the later ones about those that were held.
 * code: control_pickup.c find_named, control_pickup.c look_at_all
 * code: ../cli/pickup.c ask_first, ../cli/pickup.c wait_for, ../cli/pickup.c narrow
 */
proctype admin()
{
	LOCALS;
	byte n, at, flips;
	bit any;
	bit left[INODES];

	do
	:: flips < FLIPS ->
		atomic {
			tag = 1 - tag;
			ctime++;
			changes++;
			flips++;
			at = changes;
			asking = 1;
			left[0] = inodes[0].used;
			left[1] = inodes[1].used;
			left[2] = inodes[2].used;
			left[INODES - 1] = inodes[INODES - 1].used
		};
		do
		:: atomic {
			any = 0;
			n = 0
		   };
			do
			:: n < INODES ->
				if
				:: left[n] -> look_at(n)
				:: else
				fi;
				n++
			:: else -> break
			od;
			if
			:: any
			:: else -> break
			fi
		od;
		atomic {
			/*
			 * It is picked up: nobody has it open in the old state. That is said of what was
			 * there when it was asked for; a policy that came later is another change.
			 */
			if
			:: at == changes && !reloading ->
				claimed = changes;
				check_all_open(TRUTH)
			:: else
			fi;
			asking = 0;
			n = 0;
			at = 0
		}
	:: else -> break
	od
}

/* code: control_reload.c control_reload, slot.c fsdax_slot_swap, verdict.c verdict_tree_changed */
proctype reloads()
{
	byte n;

	do
	:: n < RELOADS ->
		atomic {
			policy++;
			generation++;
			changes++;
			reloading = 1
		};
		atomic {
			generation++;
			changes++;
			reloading = 0;
			n++
		}
	:: else -> break
	od
}

/* ---- The guest's end ------------------------------------------------------------------------------------------ */

/*
 * A guest that crashes, is reset, or unmounts: the queues are stopped when the requests in hand
 * have been served, and what it knew and held is let go of.
 * code: vhost_queue.c vhost_queue_stop, serve.c serve_reset, handle.c handle_table_reset
 * code: inode.c inode_table_reset
 */
inline reset_one(n_)
{
	inodes[n_].opens = 0;
	if
	:: inodes[n_].used && inodes[n_].pending -> change(n_)
	:: else
	fi;
	inodes[n_].lookups = 0;
	drop(n_);
	looked[n_] = 0;
	flags[n_] = 0;
	holding[n_] = 0
}

proctype crashes()
{
	byte n;

	do
	:: n < CRASHES ->
		crashing = 1;
		atomic {
			busy == 0 ->
			dentry[0] = NONE;
			dentry[NAMES - 1] = NONE;
			mine[0] = NONE;
			mine[THREADS - 1] = NONE;
			releasing = NONE;
			forgetting = NONE;
			forgotten = 0;
			awaited[0] = NONE;
			awaited[THREADS - 1] = NONE;
			reset_one(0)
		};
		atomic { reset_one(1) };
#if INODES > 3
		atomic { reset_one(2) };
#endif
		atomic {
			reset_one(INODES - 1);
			crashing = 0;
			n++
		}
	:: else -> break
	od
}

init {
	atomic {
		dentry[0] = NONE;
		dentry[NAMES - 1] = NONE;
		mine[0] = NONE;
		mine[THREADS - 1] = NONE;
		awaited[0] = NONE;
		awaited[THREADS - 1] = NONE;
		run thread(0);
#if THREADS > 1
		run thread(1);
#endif
		run releases();
#if FORGETS
		run forgets();
#endif
		run admin();
#if QUITS && !defined(MUTANT_AWAITED_FOR_EVER)
		run passes();
#endif
#if RELOADS > 0
		run reloads();
#endif
#if CRASHES > 0
		run crashes()
#endif
	}
}

/* Once it is closed and stays so, the admin's question is answered. */
#define CLOSED (!OPEN_AT_ALL)
ltl picked_up { [] ((asking && [] CLOSED) -> <> !asking) }
