/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the functions that find causes have in common: a question, numbers, and clauses of text. */
#ifndef ALERT_EVIDENCE_ASK_H
#define ALERT_EVIDENCE_ASK_H

#include "alert/evidence.h"
#include "base/arena.h"

/* Why is that number of that item what it is? */
struct question {
	const struct evidence_memory *memory;
	struct arena *arena;
	const struct snapshot *snap;
	const struct column *column;
	const struct item *item;
};

/*
 * Finds the cause of what was asked and what to do about it; *ret is zero before, and a cause that
 * stays NULL was not found.
 */
typedef void evidence_finder(const struct question *question, struct finding *ret);

evidence_finder find_cpu, find_polling, find_exits;
evidence_finder find_waiting, find_throttling, find_off_cpu, find_interruption;
evidence_finder find_guest_memory, find_guest_age, find_host_memory_of_vm;
evidence_finder find_traffic, find_drops, find_net_errors;
evidence_finder find_disk_load, find_disk_latency, find_storage;
evidence_finder find_host_cpu, find_host_memory, find_host_swap, find_host_io;
evidence_finder find_losses, find_own_cost, find_sources_down;
evidence_finder find_staleness, find_state;

/* A number by its catalogue name, NAN where nobody measured it. */
double ask_number(const struct question *question, const char *name, enum scope scope,
	const struct entity *entity);
double ask_own(const struct question *question, const char *name); /* of the item that is meant */
double ask_vm(const struct question *question, const char *name); /* of the item's VM */
double ask_host(const struct question *question, const char *name);

/* The same with its unit, as people read it: "1.50G/s". NULL where nobody measured it. */
const char *ask_text(const struct question *question, const char *name, enum scope scope,
	const struct entity *entity);
const char *ask_own_text(const struct question *question, const char *name);
const char *ask_vm_text(const struct question *question, const char *name);
const char *ask_host_text(const struct question *question, const char *name);

/* The number of the question's own column as a text, NULL where nobody measured it. */
const char *ask_asked(const struct question *question);

/* Why what those sources (enum source) tell of an entity is not there; NULL where it is. */
const char *ask_absence(
	const struct question *question, uint32_t needs, const struct entity *entity);

/* Bytes as people read them: "1.50G". */
const char *say_bytes(struct arena *arena, double bytes);

#define SAY(question, ...) arena_printf((question)->arena, __VA_ARGS__)

/* "FIRST; SECOND", or the one that is not NULL; NULL where both are. */
const char *say_join(const struct question *question, const char *first, const char *between,
	const char *second);

/* The exit that costs most: "most exits are ...". *suggestion, which may be NULL, is about it. */
const char *ask_main_exit(const struct question *question, const char **suggestion);

/*
 * Who had the CPUs that the item's VM waited for: "its vCPUs waited ...". NULL where it hardly
 * waited, or nobody measured it.
 */
const char *ask_blame(const struct question *question, const char **suggestion);

/* How a disk grew, and when it will be full: "it grows by 1.20G an hour, ...". */
const char *ask_growth(
	const struct question *question, const struct vm *vm, const struct disk *disk);

/* Whether the host has memory, in numbers: NULL where that is not measured. */
const char *ask_host_memory(const struct question *question, bool *is_short);

#endif
