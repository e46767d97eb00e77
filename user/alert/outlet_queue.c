/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which records wait for an outlet, and which of them go when there are too many. */
#include "alert/outlet_queue.h"

#include <string.h>

static bool is_refresh(struct shared_record *record)
{
	return record_of(record)->occasion == OCCASION_REFRESH;
}

/* Returns 1 if it counts. */
static size_t let_go(struct waiting_record *waiting)
{
	size_t counts = !is_refresh(waiting->record);

	record_drop(waiting->record);
	return counts;
}

static size_t remove_at(struct outlet_queue *queue, size_t i)
{
	size_t counts = let_go(&queue->waiting[i]);

	queue->n--;
	memmove(&queue->waiting[i], &queue->waiting[i + 1],
		(queue->n - i) * sizeof(queue->waiting[0]));
	return counts;
}

/* The oldest refresh that waits; `n` where there is none. */
static size_t find_refresh(const struct outlet_queue *queue)
{
	size_t i = queue->n_busy;

	while (i < queue->n && !is_refresh(queue->waiting[i].record))
		i++;
	return i;
}

size_t queue_push(struct outlet_queue *queue, struct shared_record *record, uint64_t now_ns)
{
	size_t dropped = 0;

	if (queue->n == OUTLET_QUEUE_MAX) {
		size_t refresh = find_refresh(queue);

		if (refresh == queue->n && is_refresh(record))
			return 0;
		dropped = remove_at(queue, refresh < queue->n ? refresh : queue->n_busy);
	}
	queue->waiting[queue->n++] = (struct waiting_record){ record_hold(record), now_ns };
	return dropped;
}

size_t queue_drop_old(struct outlet_queue *queue, uint64_t now_ns, uint64_t age_ns)
{
	size_t dropped = 0;

	while (queue->n && queue->waiting[0].pushed_ns + age_ns <= now_ns)
		dropped += remove_at(queue, 0);
	return dropped;
}

size_t queue_drop_all(struct outlet_queue *queue)
{
	size_t dropped = 0;

	for (size_t i = 0; i < queue->n; i++)
		dropped += let_go(&queue->waiting[i]);
	queue->n = queue->n_busy = 0;
	return dropped;
}

size_t queue_take(struct outlet_queue *queue, size_t most, const struct alert_record **ret)
{
	queue->n_busy = queue->n < most ? queue->n : most;
	for (size_t i = 0; i < queue->n_busy; i++)
		ret[i] = record_of(queue->waiting[i].record);
	return queue->n_busy;
}

void queue_settle(struct outlet_queue *queue, const enum delivery *results, uint64_t *delivered,
	uint64_t *dropped)
{
	size_t kept = 0, n_busy = queue->n_busy;

	for (size_t i = 0; i < n_busy; i++) {
		if (results[i] == DELIVERED)
			*delivered += let_go(&queue->waiting[i]);
		else if (results[i] == DELIVERY_REFUSED)
			*dropped += let_go(&queue->waiting[i]);
		else
			queue->waiting[kept++] = queue->waiting[i];
	}
	memmove(&queue->waiting[kept], &queue->waiting[n_busy],
		(queue->n - n_busy) * sizeof(queue->waiting[0]));
	queue->n -= n_busy - kept;
	queue->n_busy = 0;
}

size_t queue_length(const struct outlet_queue *queue)
{
	size_t length = 0;

	for (size_t i = 0; i < queue->n; i++)
		length += !is_refresh(queue->waiting[i].record);
	return length;
}
