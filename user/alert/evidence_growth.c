/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns the memory of how disks grew: for each a ring of samples, half a minute apart or more, over
 * an hour.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert/evidence_ask.h"
#include "base/clock.h"
#include "base/table.h"

#define MINUTE_NS (60 * NSEC_PER_SEC)
#define HOUR_NS (60 * MINUTE_NS)

#define LOOK_NS (10 * NSEC_PER_SEC)
#define SAMPLE_NS (30 * NSEC_PER_SEC)
#define N_SAMPLES 121 /* an hour */
#define MAX_DISKS 4096 /* 8 MB; more are not remembered */

/* What was written lately says how it goes on; where that is nothing, the whole hour does. */
#define LATELY_NS (10 * MINUTE_NS)
#define KNOWN_AFTER_NS MINUTE_NS

struct sample {
	uint64_t mono_ns;
	double bytes;
};

/* Of one disk. A VM is told from others by its UUID, without one by its process. */
struct track {
	struct track *next;
	uint64_t hash;
	char *uuid; /* NULL without libvirt */
	pid_t pid; /* 0 where there is a UUID, as is the next */
	uint64_t start_ns;
	char *target;
	uint64_t seen_ns; /* when it was there last */
	unsigned newest, n;
	struct sample samples[N_SAMPLES];
};

struct evidence_memory {
	uint64_t looked_ns; /* at the last snapshot that was looked at, 0: none was */
	struct track *tracks;
	struct table index;
	unsigned n;
};

struct evidence_memory *evidence_memory_new(void)
{
	return calloc(1, sizeof(struct evidence_memory));
}

static void free_track(struct track *track)
{
	free(track->uuid);
	free(track->target);
	free(track);
}

/* Forgets disks that were not there since then; UINT64_MAX: all. */
static void forget(struct evidence_memory *memory, uint64_t since_ns)
{
	struct track **at = &memory->tracks, *track;

	table_clear(&memory->index);
	while ((track = *at)) {
		if (track->seen_ns >= since_ns) {
			table_add(&memory->index, track->hash, track);
			at = &track->next;
			continue;
		}
		*at = track->next;
		free_track(track);
		memory->n--;
	}
}

void evidence_memory_free(struct evidence_memory *memory)
{
	if (!memory)
		return;
	forget(memory, UINT64_MAX);
	table_done(&memory->index);
	free(memory);
}

static uint64_t hash_of(const struct vm *vm, const struct disk *disk)
{
	uint64_t whose = vm->uuid ? table_hash(vm->uuid) : vm->start_ns ^ (uint64_t)vm->pid << 40;

	return table_hash(disk->target) ^ whose * 31;
}

static bool is_of(const struct track *track, const struct vm *vm, const struct disk *disk)
{
	if (strcmp(track->target, disk->target) != 0)
		return false;
	if (vm->uuid || track->uuid)
		return vm->uuid && track->uuid && strcmp(vm->uuid, track->uuid) == 0;
	return track->pid == vm->pid && track->start_ns == vm->start_ns;
}

static struct track *find_track(
	const struct evidence_memory *memory, const struct vm *vm, const struct disk *disk)
{
	uint64_t hash = hash_of(vm, disk);
	struct track *track = table_find(&memory->index, hash, NULL);

	while (track && !is_of(track, vm, disk))
		track = table_find(&memory->index, hash, track);
	return track;
}

/* NULL where there is no room. */
static struct track *add_track(
	struct evidence_memory *memory, const struct vm *vm, const struct disk *disk)
{
	struct track *track = memory->n < MAX_DISKS ? calloc(1, sizeof(*track)) : NULL;

	if (!track)
		return NULL;
	track->hash = hash_of(vm, disk);
	track->target = strdup(disk->target);
	track->uuid = vm->uuid ? strdup(vm->uuid) : NULL;
	track->pid = vm->uuid ? 0 : vm->pid;
	track->start_ns = vm->uuid ? 0 : vm->start_ns;
	if (!track->target || (vm->uuid && !track->uuid)) {
		free_track(track);
		return NULL;
	}
	track->next = memory->tracks;
	memory->tracks = track;
	memory->n++;
	table_add(&memory->index, track->hash, track);
	return track;
}

/* libvirt is asked beside the tick. */
static uint64_t taken_ns(const struct snapshot *snap, const struct disk *disk)
{
	return disk->e.polled_ns ? disk->e.polled_ns : snap->mono_ns;
}

static void add_sample(struct track *track, uint64_t mono_ns, double bytes)
{
	if (track->n && mono_ns < track->samples[track->newest].mono_ns + SAMPLE_NS)
		return;
	track->newest = (track->newest + 1) % N_SAMPLES;
	track->samples[track->newest] = (struct sample){ mono_ns, bytes };
	track->n += track->n < N_SAMPLES;
}

static double allocated_of(const struct snapshot *snap, const struct disk *disk)
{
	struct column column;
	struct value value;

	if (column_find("storage_allocated_bytes", SCOPE_DISK, &column) < 0)
		return NAN;
	value = column_value(&column, snap, &disk->e);
	return value.kind == VALUE_NUMBER ? value.number : (double)NAN;
}

static void observe_disk(struct evidence_memory *memory, const struct snapshot *snap,
	const struct vm *vm, const struct disk *disk)
{
	double bytes = allocated_of(snap, disk);
	struct track *track;

	if (isnan(bytes))
		return;
	track = find_track(memory, vm, disk);
	if (!track)
		track = add_track(memory, vm, disk);
	if (!track)
		return;
	track->seen_ns = snap->mono_ns;
	add_sample(track, taken_ns(snap, disk), bytes);
}

void evidence_observe(struct evidence_memory *memory, const struct snapshot *snap)
{
	uint64_t now_ns = snap->mono_ns;

	/* In a recording one may go back: what is ahead must not be known yet. */
	if (now_ns < memory->looked_ns)
		forget(memory, UINT64_MAX);
	else if (memory->looked_ns && now_ns < memory->looked_ns + LOOK_NS)
		return;
	memory->looked_ns = now_ns;
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		for (const struct disk *disk = vm->disks; disk; disk = disk->next)
			observe_disk(memory, snap, vm, disk);
	if (now_ns > HOUR_NS)
		forget(memory, now_ns - HOUR_NS);
}

/* The oldest sample that is no older than that; NULL where there is none. */
static const struct sample *sample_since(const struct track *track, uint64_t since_ns)
{
	const struct sample *found = NULL;

	for (unsigned i = 0; i < track->n; i++) {
		const struct sample *sample =
			&track->samples[(track->newest + N_SAMPLES - i) % N_SAMPLES];

		if (sample->mono_ns < since_ns)
			break;
		found = sample;
	}
	return found;
}

/* How a disk went over some time. */
struct growth {
	double seconds; /* 0: not known */
	double bytes;
};

static struct growth growth_since(
	const struct track *track, const struct sample *now, uint64_t ago_ns)
{
	const struct sample *then =
		sample_since(track, now->mono_ns > ago_ns ? now->mono_ns - ago_ns : 0);

	if (!then || now->mono_ns < then->mono_ns + KNOWN_AFTER_NS)
		return (struct growth){ 0 };
	return (struct growth){
		.seconds = (double)(now->mono_ns - then->mono_ns) * 1e-9,
		.bytes = now->bytes - then->bytes,
	};
}

/* "40 minutes", "5 hours", "12 days" */
static const char *say_span(const struct question *question, double seconds)
{
	if (seconds < 7200)
		return SAY(question, "%.0f minutes", fmax(seconds / 60, 1));
	if (seconds < 172800)
		return SAY(question, "%.0f hours", seconds / 3600);
	return SAY(question, "%.0f days", seconds / 86400);
}

static const char *say_growth(
	const struct question *question, const struct growth *growth, double left)
{
	double rate = growth->bytes / growth->seconds;

	return SAY(question, "it grows by %s an hour and is full in about %s",
		say_bytes(question->arena, rate * 3600), say_span(question, left / rate));
}

const char *ask_growth(
	const struct question *question, const struct vm *vm, const struct disk *disk)
{
	const struct evidence_memory *memory = question->memory;
	const struct track *track = memory ? find_track(memory, vm, disk) : NULL;
	struct sample now = { taken_ns(question->snap, disk), allocated_of(question->snap, disk) };
	struct growth growth;
	double left =
		ask_number(question, "storage_capacity_bytes", SCOPE_DISK, &disk->e) - now.bytes;

	if (left <= 0)
		return "the image cannot grow any more, which says nothing of the guest's file "
		       "systems";
	if (!track || isnan(left))
		return "how fast it grows is not known yet";
	growth = growth_since(track, &now, LATELY_NS);
	if (growth.bytes <= 0)
		growth = growth_since(track, &now, HOUR_NS + MINUTE_NS);
	if (growth.seconds == 0)
		return "how fast it grows is not known yet";
	if (growth.bytes <= 0)
		return SAY(question, "it did not grow for %s", say_span(question, growth.seconds));
	return say_growth(question, &growth, left);
}
