/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is remembered of VMs beyond two ticks. */
#include "sink/tui/history.h"

#include <math.h>
#include <stdlib.h>

#include "sink/identity.h"

struct vm_history {
	struct vm_history *next;
	uint64_t identity;
	unsigned age; /* samples since it was seen */
	float samples[N_SERIES][HISTORY_SAMPLES]; /* rings, as the times are */
};

const struct series_row series_rows[N_SERIES] = {
	[SERIES_CPU] = { "CPU %", { "cpu_percent" }, 100 },
	[SERIES_READY] = { "ready %", { "ready_percent" }, 10 },
	[SERIES_MEMORY] = { "memory", { "memory_used_bytes", "memory_rss_bytes" }, 0 },
	[SERIES_NET_RX] = { "net rx/s", { "net_rx_bytes_per_second" }, 0 },
	[SERIES_NET_TX] = { "net tx/s", { "net_tx_bytes_per_second" }, 0 },
	[SERIES_DISK_READ] = { "disk rd/s", { "disk_read_bytes_per_second" }, 0 },
	[SERIES_DISK_WRITE] = { "disk wr/s", { "disk_write_bytes_per_second" }, 0 },
};

void history_done(struct history *history)
{
	while (history->vms) {
		struct vm_history *vm = history->vms;

		history->vms = vm->next;
		free(vm);
	}
	table_done(&history->by_identity);
	*history = (struct history){ 0 };
}

/* Of one series, as found in the catalogue. */
struct found {
	struct column columns[2];
	unsigned n;
};

static struct found find_columns(enum series series)
{
	const char *const *names = series_rows[series].columns;
	struct found found = { 0 };

	for (unsigned i = 0; i < 2 && names[i]; i++)
		if (column_find(names[i], SCOPE_VM, &found.columns[found.n]) == 0)
			found.n++;
	return found;
}

/* The value of the first column that has one. */
static struct value value_of(const struct found *found, const struct snapshot *snap,
	const struct vm *vm, struct column *column)
{
	struct value value = { 0 };

	for (unsigned i = 0; i < found->n && value.kind == VALUE_ABSENT; i++) {
		*column = found->columns[i];
		value = column_value(column, snap, &vm->e);
	}
	return value;
}

struct value series_value(
	enum series series, const struct snapshot *snap, const struct vm *vm, struct column *column)
{
	const struct found found = find_columns(series);

	return value_of(&found, snap, vm, column);
}

static struct vm_history *add_vm(struct history *history, uint64_t identity)
{
	struct vm_history *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->identity = identity;
	for (enum series series = 0; series < N_SERIES; series++)
		for (unsigned i = 0; i < HISTORY_SAMPLES; i++)
			vm->samples[series][i] = NAN;
	vm->next = history->vms;
	history->vms = vm;
	table_add(&history->by_identity, identity, vm);
	return vm;
}

static void note(struct history *history, const struct found found[static N_SERIES],
	const struct snapshot *snap, const struct vm *vm)
{
	const struct item item = { .entity = &vm->e, .vm = vm };
	uint64_t identity = identity_of(SCOPE_VM, &item);
	struct vm_history *memory = table_find(&history->by_identity, identity, NULL);
	struct column column;

	if (!memory)
		memory = add_vm(history, identity);
	if (!memory)
		return; /* without memory there is a gap, as for a VM that was not there */
	memory->age = 0;
	for (enum series series = 0; series < N_SERIES; series++) {
		struct value value = value_of(&found[series], snap, vm, &column);

		if (value.kind == VALUE_NUMBER)
			memory->samples[series][history->newest] = (float)value.number;
	}
}

/* A VM none of whose samples are left is forgotten; all others have none of this time yet. */
static void make_room(struct history *history)
{
	struct vm_history **at = &history->vms, *vm;

	table_clear(&history->by_identity);
	while ((vm = *at)) {
		if (++vm->age >= HISTORY_SAMPLES) {
			*at = vm->next;
			free(vm);
			continue;
		}
		for (enum series series = 0; series < N_SERIES; series++)
			vm->samples[series][history->newest] = NAN;
		table_add(&history->by_identity, vm->identity, vm);
		at = &vm->next;
	}
}

static unsigned step_back(unsigned at)
{
	return at ? at - 1 : HISTORY_SAMPLES - 1;
}

void history_add(struct history *history, const struct snapshot *snap)
{
	struct found found[N_SERIES];

	while (history->n && history->times[history->newest] >= snap->real_ns) {
		history->newest = step_back(history->newest);
		history->n--;
	}
	history->newest = (history->newest + 1) % HISTORY_SAMPLES;
	history->n += history->n < HISTORY_SAMPLES;
	history->times[history->newest] = snap->real_ns;
	make_room(history);
	for (enum series series = 0; series < N_SERIES; series++)
		found[series] = find_columns(series);
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		note(history, found, snap, vm);
}

unsigned history_get(const struct history *history, uint64_t vm, enum series series,
	float samples[static HISTORY_SAMPLES])
{
	const struct vm_history *memory = table_find(&history->by_identity, vm, NULL);
	unsigned at = history->newest;

	if (!memory)
		return 0;
	for (unsigned i = history->n; i-- > 0; at = step_back(at))
		samples[i] = memory->samples[series][at];
	return history->n;
}
