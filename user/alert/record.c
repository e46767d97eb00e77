/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the copies of records, which threads share. */
#include "alert/record.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"

const char *const alert_state_names[N_ALERT_STATES] = {
	[ALERT_PENDING] = "pending",
	[ALERT_FIRING] = "firing",
	[ALERT_RESOLVED] = "resolved",
	[ALERT_NODATA] = "nodata",
};

const char *const occasion_names[] = {
	[OCCASION_CHANGE] = "change",
	[OCCASION_REPEAT] = "repeat",
	[OCCASION_REFRESH] = "refresh",
};

struct shared_record {
	atomic_uint references;
	struct arena *arena;
	struct alert_record record;
};

static struct pairs copy_pairs(struct arena *arena, const struct pairs *pairs)
{
	struct pair *copy = arena_alloc(arena, (pairs->n + 1) * sizeof(*copy));

	for (size_t i = 0; i < pairs->n; i++)
		copy[i] = (struct pair){ arena_strdup(arena, pairs->pair[i].name),
			arena_strdup(arena, pairs->pair[i].value) };
	return (struct pairs){ copy, pairs->n };
}

static void copy_texts(struct arena *arena, struct alert_record *record)
{
	const char **const texts[] = { &record->alert, &record->host, &record->vm, &record->uuid,
		&record->key_name, &record->key, &record->metric, &record->relation,
		&record->value_text, &record->threshold_text, &record->reason, &record->cause,
		&record->suggestion };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_strdup(arena, *texts[i]);
	record->labels = copy_pairs(arena, &record->labels);
	record->annotations = copy_pairs(arena, &record->annotations);
}

struct shared_record *record_share(const struct alert_record *record)
{
	struct shared_record *shared = malloc(sizeof(*shared));
	struct arena *arena = arena_new();

	if (!shared || !arena) {
		free(shared);
		arena_free(arena);
		return NULL;
	}
	atomic_init(&shared->references, 1);
	shared->arena = arena;
	shared->record = *record;
	copy_texts(arena, &shared->record);
	return shared;
}

struct shared_record *record_hold(struct shared_record *shared)
{
	atomic_fetch_add(&shared->references, 1);
	return shared;
}

void record_drop(struct shared_record *shared)
{
	if (!shared || atomic_fetch_sub(&shared->references, 1) > 1)
		return;
	arena_free(shared->arena);
	free(shared);
}

const struct alert_record *record_of(const struct shared_record *shared)
{
	return &shared->record;
}
