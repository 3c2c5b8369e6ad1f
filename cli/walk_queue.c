/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_queue.c - how the threads of a walk share the work, and know when it is done.
 */
#include "walk_internal.h"

void stack_push(struct walk_stack *stack, struct walk_folder *folder)
{
	folder->next = stack->top;
	stack->top = folder;
	if (!stack->bottom)
		stack->bottom = folder;
}

struct walk_folder *stack_pop(struct walk_stack *stack)
{
	struct walk_folder *folder = stack->top;

	if (!folder)
		return NULL;
	stack->top = folder->next;
	if (!stack->top)
		stack->bottom = NULL;
	return folder;
}

void stack_move(struct walk_stack *to, struct walk_stack *from)
{
	if (!from->top)
		return;
	from->bottom->next = to->top;
	if (!to->bottom)
		to->bottom = from->bottom;
	to->top = from->top;
	from->top = from->bottom = NULL;
}

void queue_init(struct walk_queue *queue, struct walk_source *source, int threads)
{
	*queue = (struct walk_queue){.source = source, .working = threads};
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
}

void queue_destroy(struct walk_queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
}

/*
 * Read the next operand, which may wait for a pipe, so not under the lock. Returns whether
 * there was one.
 */
static bool read_operand(struct walk_queue *queue, char **path)
{
	int ret;

	queue->reading = true;
	pthread_mutex_unlock(&queue->lock);
	ret = source_next(queue->source, path);
	pthread_mutex_lock(&queue->lock);
	queue->reading = false;
	if (ret <= 0) {
		queue->ended = true;
		queue->source_error = ret;
	}
	pthread_cond_broadcast(&queue->changed);
	return ret > 0;
}

/* Wait until there is something to do. Returns false when there never will be. */
static bool wait_for_work(struct walk_queue *queue)
{
	if (--queue->working == 0) {
		/* Nobody reads operands, and nobody is left who could share a folder. */
		queue->done = true;
		pthread_cond_broadcast(&queue->changed);
		return false;
	}
	atomic_fetch_add_explicit(&queue->hungry, 1, memory_order_relaxed);
	while (!queue->shared.top && (queue->ended || queue->reading) && !queue->done &&
	       !atomic_load_explicit(&queue->stopped, memory_order_relaxed))
		pthread_cond_wait(&queue->changed, &queue->lock);
	atomic_fetch_sub_explicit(&queue->hungry, 1, memory_order_relaxed);
	queue->working++;
	return !queue->done;
}

enum walk_task queue_take(struct walk_queue *queue, struct walk_folder **folder, char **path)
{
	enum walk_task task = TASK_END;

	pthread_mutex_lock(&queue->lock);
	while (!atomic_load_explicit(&queue->stopped, memory_order_relaxed)) {
		*folder = stack_pop(&queue->shared);
		if (*folder) {
			task = TASK_FOLDER;
			break;
		}
		if (!queue->ended && !queue->reading) {
			if (read_operand(queue, path)) {
				task = TASK_OPERAND;
				break;
			}
			continue;
		}
		if (!wait_for_work(queue))
			break;
	}
	pthread_mutex_unlock(&queue->lock);
	return task;
}

void queue_feed(struct walk_queue *queue, struct walk_stack *own)
{
	struct walk_folder *top;

	if (atomic_load_explicit(&queue->hungry, memory_order_relaxed) == 0 ||
	    own->top == own->bottom)
		return;
	top = stack_pop(own);
	pthread_mutex_lock(&queue->lock);
	stack_move(&queue->shared, own);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	stack_push(own, top);
}

void queue_share(struct walk_queue *queue, struct walk_folder *folder)
{
	pthread_mutex_lock(&queue->lock);
	stack_push(&queue->shared, folder);
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void queue_stop(struct walk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	atomic_store_explicit(&queue->stopped, true, memory_order_relaxed);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void queue_lost_thread(struct walk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	if (--queue->working == 0)
		queue->done = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}
