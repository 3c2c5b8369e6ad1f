/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * polling.h - for how long a queue that was emptied is looked at before its thread goes to sleep.
 *
 * A guest that waits for each answer has its next request there a few microseconds later. Going
 * to sleep for these, and being woken, takes longer than to serve a small request; and the guest
 * has to leave its processor to do it. So the thread looks at the ring for a moment, in which
 * the guest need not kick.
 *
 * How long that is follows from what would have paid off: it doubles, up to a limit, each time
 * the guest came back within the limit, but after the thread had gone to sleep; it is halved,
 * down to nothing, each time the guest took longer than the limit. And looks that found nothing
 * have to be paid for by others that did: else it is the thread itself that keeps the guest, or
 * somebody else, from running. Most has to be paid by a thread that lost its processor while it
 * looked: whoever sleeps gets a busy processor sooner than who uses it up.
 *
 * Never do as many threads look as there are processors for them and the front-end together:
 * with one processor, none does.
 */
#ifndef DAEMON_POLLING_H
#define DAEMON_POLLING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --poll-us, if it is not given: as long as QEMU's own threads look. */
enum { POLLING_DEFAULT_US = 32 };

/* What the queues of a device have in common. */
struct pollers {
	atomic_uint n;	 /* threads that look now */
	pid_t front_end; /* 0: not known */
};

/* Of one thread. All times are in ns. */
struct polling {
	struct pollers *pollers;
	uint64_t limit;	   /* 0: never look */
	uint64_t time;	   /* for which to look, now */
	int64_t credit;	   /* for which looks may find nothing; negative: a debt */
	uint64_t credited; /* until when that was counted */
	uint64_t counted;  /* when the processors were counted; 0: not yet */
	unsigned int cpus;
};

void polling_init(struct polling *polling, struct pollers *pollers, unsigned int limit_us);

/* The clock that polling goes by; 0 if it never looks. */
uint64_t polling_now(const struct polling *polling);

/* Whether to look at all. If so, polling_end() has to follow. */
bool polling_begin(struct polling *polling, uint64_t now);

/* The look took so long, and found a request, or not. */
void polling_end(struct polling *polling, uint64_t took, bool found);

/* The thread had to sleep; the guest came back `waited` after the queue was empty. */
void polling_learn(struct polling *polling, uint64_t waited);

/* Let the processor rest between two looks. */
static inline void polling_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
