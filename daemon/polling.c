/* SPDX-License-Identifier: BSD-3-Clause */
/* polling.c - see polling.h. */
#include "polling.h"

#include <errno.h>
#include <sched.h>

#include "clock.h"

enum {
	LEAST = 4000,	       /* a shorter look finds nothing */
	WORTH = 20000,	       /* what a sleep takes, of the thread's and of the guest's time */
	CREDIT_MOST = 500000,  /* so that a change is noticed after some looks in vain */
	DEBT_MOST = 4000000,   /* is forgotten after a second */
	CREDIT_SHARE = 256,    /* of all time, which part may be spent in vain to try again */
	COUNT_NS = 1000000000, /* an admin may move threads to other processors at any time */
};

void polling_init(struct polling *polling, struct pollers *pollers, unsigned int limit_us)
{
	*polling = (struct polling){
		.pollers = pollers, .limit = limit_us * 1000ull, .credit = CREDIT_MOST};
}

uint64_t polling_now(const struct polling *polling)
{
	return polling->limit ? clock_ns() : 0;
}

/* Those of this thread and of the front-end: a pinned one leaves the others to it. */
static unsigned int count_cpus(pid_t front_end)
{
	cpu_set_t ours, theirs;

	/* EINVAL: there are more processors than fit into the set. Else: we may not know. */
	if (sched_getaffinity(0, sizeof(ours), &ours))
		return errno == EINVAL ? CPU_SETSIZE : 1;
	if (front_end && !sched_getaffinity(front_end, sizeof(theirs), &theirs))
		CPU_OR(&ours, &ours, &theirs);
	return (unsigned int)CPU_COUNT(&ours);
}

static void add_credit(struct polling *polling, uint64_t credit)
{
	polling->credit +=
		credit < CREDIT_MOST + DEBT_MOST ? (int64_t)credit : CREDIT_MOST + DEBT_MOST;
	if (polling->credit > CREDIT_MOST)
		polling->credit = CREDIT_MOST;
}

bool polling_begin(struct polling *polling, uint64_t now)
{
	struct pollers *pollers = polling->pollers;

	if (!polling->time)
		return false;
	if (!polling->counted || now - polling->counted >= COUNT_NS) {
		polling->counted = now;
		polling->cpus = count_cpus(pollers->front_end);
	}
	if (polling->credited)
		add_credit(polling, (now - polling->credited) / CREDIT_SHARE);
	polling->credited = now;
	if (polling->credit < (int64_t)polling->time)
		return false;
	if (atomic_fetch_add_explicit(&pollers->n, 1, memory_order_relaxed) + 1 < polling->cpus)
		return true;
	atomic_fetch_sub_explicit(&pollers->n, 1, memory_order_relaxed);
	return false;
}

void polling_end(struct polling *polling, uint64_t took, bool found)
{
	atomic_fetch_sub_explicit(&polling->pollers->n, 1, memory_order_relaxed);
	if (found) {
		add_credit(polling, WORTH);
		return;
	}
	polling->credit -= took < DEBT_MOST ? (int64_t)took : DEBT_MOST;
	if (polling->credit < -DEBT_MOST)
		polling->credit = -DEBT_MOST;
}

void polling_learn(struct polling *polling, uint64_t waited)
{
	if (waited > polling->limit) {
		polling->time /= 2;
		if (polling->time < LEAST)
			polling->time = 0;
	} else if (waited > polling->time) {
		polling->time = polling->time ? polling->time * 2 : LEAST;
		if (polling->time > polling->limit)
			polling->time = polling->limit;
	}
}
