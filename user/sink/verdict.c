/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which numbers of a VM say what is wrong with it. */
#include "sink/verdict.h"

#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/blame_sentence.h"
#include "sink/figure.h"

/* A VM being judged. */
struct trial {
	struct arena *arena;
	bool utf8;
	const struct snapshot *snap;
	struct item vm;
};

/* What one look at it has found; LEVEL_NORMAL: nothing. */
struct finding {
	enum level level;
	const char *text;
};

/* A number that is looked at. */
struct reading {
	struct column column;
	struct value value;
	enum level level;
	const char *text; /* as people read it */
};

static struct reading read_value(
	const struct trial *trial, const char *name, enum scope scope, const struct item *item)
{
	struct reading reading = { 0 };
	struct threshold threshold;
	char text[UNIT_TEXT_MAX];

	if (column_find(name, scope, &reading.column) < 0)
		return reading;
	reading.value = column_value(&reading.column, trial->snap, item->entity);
	reading.text =
		arena_strdup(trial->arena, unit_format(&reading.column, &reading.value, text));
	if (threshold_find(&reading.column, &threshold))
		reading.level = threshold_level(&threshold, trial->snap, item, &reading.value);
	return reading;
}

static struct reading read_vm(const struct trial *trial, const char *name)
{
	return read_value(trial, name, SCOPE_VM, &trial->vm);
}

static const char *safe(const struct trial *trial, const char *text)
{
	char buffer[FIGURE_TEXT_MAX];

	return arena_strdup(
		trial->arena, unit_terminal_text(text, trial->utf8, buffer, sizeof(buffer)));
}

/* A neighbour or the host, or a limit that somebody has set. */
static struct finding look_at_waiting(const struct trial *trial)
{
	enum level level = read_vm(trial, "ready_percent").level;
	struct waiter waiter;

	if (!waiter_fill(trial->snap, trial->arena, &trial->vm, &waiter))
		return (struct finding){ 0 };
	if (level == LEVEL_NORMAL && waiter.throttled / waiter.n_vcpus >= BLAME_NOTICEABLE)
		level = LEVEL_WARNING;
	if (level == LEVEL_NORMAL)
		return (struct finding){ 0 };
	return (struct finding){ level,
		arena_printf(trial->arena, "it waits for a CPU %s",
			blame_describe(trial->arena, trial->utf8, &waiter)) };
}

static struct finding look_at_disk(const struct trial *trial, const struct disk *disk,
	const char *column, const char *what, double *longest)
{
	const struct item item = { .entity = &disk->e, .vm = trial->vm.vm };
	struct reading latency = read_value(trial, column, SCOPE_DISK, &item);

	if (latency.level == LEVEL_NORMAL || latency.value.number <= *longest)
		return (struct finding){ 0 };
	*longest = latency.value.number;
	return (struct finding){ latency.level,
		arena_printf(trial->arena, "its storage is slow: %s %s take %s", what,
			safe(trial, disk->target), latency.text) };
}

/* The slowest disk, in the slower of its two directions. */
static struct finding look_at_storage(const struct trial *trial)
{
	struct finding worst = { 0 }, found;
	double longest = 0;

	for (const struct disk *disk = trial->vm.vm->disks; disk; disk = disk->next) {
		found = look_at_disk(
			trial, disk, "disk_read_latency_seconds", "reads from", &longest);
		worst = found.level ? found : worst;
		found = look_at_disk(
			trial, disk, "disk_write_latency_seconds", "writes to", &longest);
		worst = found.level ? found : worst;
	}
	return worst;
}

static struct finding look_at_host_memory(const struct trial *trial)
{
	struct reading swap = read_vm(trial, "memory_swap_bytes");

	return (struct finding){ swap.level,
		arena_printf(trial->arena, "the host has swapped out %s of it", swap.text) };
}

static struct finding look_at_guest_memory(const struct trial *trial)
{
	struct reading used = read_vm(trial, "memory_used_percent");

	return (struct finding){ used.level,
		arena_printf(trial->arena, "it is short of memory: %s %% are used", used.text) };
}

static struct finding look_at_load(const struct trial *trial)
{
	struct reading used = read_vm(trial, "cpu_used_percent");

	return (struct finding){ used.level,
		arena_printf(trial->arena, "it is busy itself: its vCPUs run %s %% of the time",
			used.text) };
}

/* What others do to it comes before what it does itself. */
static struct finding (*const looks[])(const struct trial *trial) = {
	look_at_waiting,
	look_at_storage,
	look_at_host_memory,
	look_at_guest_memory,
	look_at_load,
};

#define N_LOOKS (sizeof(looks) / sizeof(looks[0]))

/* All findings, those of the worst level first. */
static const char *join(
	struct arena *arena, const struct finding findings[static N_LOOKS], enum level worst)
{
	const char *text = NULL;

	for (enum level level = worst; level > LEVEL_NORMAL; level--) {
		for (size_t i = 0; i < N_LOOKS; i++) {
			if (findings[i].level == level)
				text = text ? arena_printf(arena, "%s; %s", text, findings[i].text)
					    : findings[i].text;
		}
	}
	return text;
}

static const char *describe_calm(const struct trial *trial)
{
	struct reading used = read_vm(trial, "cpu_used_percent");
	struct reading ready = read_vm(trial, "ready_percent");
	uint64_t n_vcpus = trial->vm.vm->n_vcpus;

	if (used.value.kind != VALUE_NUMBER)
		return "what it does is not measured";
	if (ready.value.kind != VALUE_NUMBER)
		return arena_printf(trial->arena,
			"its vCPUs run %s %% of the time; how long they wait is not measured",
			used.text);
	return arena_printf(trial->arena,
		"nothing holds it back: its vCPUs run %s %% of the time and wait %.1f %%",
		used.text, ready.value.number / (n_vcpus ? (double)n_vcpus : 1));
}

static bool can_run(const struct vm *vm)
{
	return vm->state == VM_RUNNING || vm->state == VM_BLOCKED || vm->state == VM_NO_LIBVIRT;
}

const char *verdict_of(struct arena *arena, bool utf8, const struct snapshot *snap,
	const struct item *vm, enum level *level)
{
	const struct trial trial = { arena, utf8, snap, *vm };
	struct finding findings[N_LOOKS];

	*level = LEVEL_NORMAL;
	if (!can_run(vm->vm))
		return arena_printf(
			arena, "it does not run: it is %s", vm_state_names[vm->vm->state]);
	for (size_t i = 0; i < N_LOOKS; i++) {
		findings[i] = looks[i](&trial);
		if (findings[i].level > *level)
			*level = findings[i].level;
	}
	return *level ? join(arena, findings, *level) : describe_calm(&trial);
}
