/* SPDX-License-Identifier: BSD-3-Clause */
/* slot.c - the policy in force, which can be replaced while others decide by it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <fsdax/fsdax.h>

struct fsdax_slot {
	pthread_mutex_t lock;        /* of policy */
	struct fsdax_policy *policy; /* with a reference */
	atomic_uint_least64_t generation;
};

int fsdax_slot_new(struct fsdax_policy *policy, struct fsdax_slot **slot)
{
	struct fsdax_slot *made = malloc(sizeof(*made));

	if (!made)
		return -ENOMEM;
	if (pthread_mutex_init(&made->lock, NULL)) {
		free(made);
		return -ENOMEM;
	}
	made->policy = fsdax_policy_ref(policy);
	atomic_init(&made->generation, 0);
	*slot = made;
	return 0;
}

void fsdax_slot_free(struct fsdax_slot *slot)
{
	if (!slot)
		return;
	fsdax_policy_unref(slot->policy);
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

struct fsdax_policy *fsdax_slot_get(struct fsdax_slot *slot)
{
	struct fsdax_policy *policy;

	pthread_mutex_lock(&slot->lock);
	policy = fsdax_policy_ref(slot->policy);
	pthread_mutex_unlock(&slot->lock);
	return policy;
}

void fsdax_slot_swap(struct fsdax_slot *slot, struct fsdax_policy *policy)
{
	struct fsdax_policy *old;

	fsdax_policy_ref(policy);
	pthread_mutex_lock(&slot->lock);
	old = slot->policy;
	slot->policy = policy;
	atomic_fetch_add_explicit(&slot->generation, 1, memory_order_release);
	pthread_mutex_unlock(&slot->lock);
	fsdax_policy_unref(old);
}

uint64_t fsdax_slot_generation(const struct fsdax_slot *slot)
{
	return atomic_load_explicit(&slot->generation, memory_order_acquire);
}
