/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who held the CPUs that the vCPUs of a VM waited for; gives the VMs the numbers that say who. */
#include <string.h>

#include "collect/kernel/kernel.h"

/*
 * Cells are few, and most tasks of a host come and go: a holder that has held nothing for so many
 * ticks is forgotten, sooner where the row is nearly full.
 */
#define IDLE_TICKS 300
#define IDLE_TICKS_CROWDED 10
#define CROWDED (VMB_BLAMES * 3 / 4)

/*
 * Round robin, so that a number rests for as long as possible before it means another VM. The row
 * is cleared only now: something may have been added to it after its last VM had ended.
 */
void number_take(struct kernel_side *side, struct process *process)
{
	const struct process *owner = process->owner ? find_process(side, process->owner) : NULL;

	if (process->owner) {
		process->number = owner ? owner->number : 0;
		return;
	}
	for (uint32_t i = 1; i < VMB_MAX_VMS; i++) {
		uint32_t number = (side->last_number + i) % VMB_MAX_VMS;

		if (number == 0 || side->numbered[number])
			continue;
		side->numbered[number] = process;
		side->last_number = process->number = number;
		if (side->loader.blames)
			memset(&side->loader.blames[number], 0, sizeof(struct vmb_blame_row));
		return;
	}
}

/* What others hold against the number is forgotten at the end of the tick, see add_cells(). */
void number_give_back(struct kernel_side *side, struct process *process)
{
	uint32_t number = process->number;

	if (!number || side->numbered[number] != process)
		return;
	side->numbered[number] = NULL;
	process->number = 0;
}

/*
 * The kernel side neither finds nor claims a cell in this state. It may be adding to it just now;
 * then that is lost.
 */
static void free_cell(struct vmb_blame *cell)
{
	__atomic_store_n(&cell->state, VMB_BLAME_CLAIMED, __ATOMIC_SEQ_CST);
	cell->vm = 0;
	cell->ns = 0;
	memset(cell->comm, 0, sizeof(cell->comm));
	__atomic_store_n(&cell->state, VMB_BLAME_FREE, __ATOMIC_RELEASE);
}

static struct blame *add_blame(
	struct snapshot *snap, struct vm *vm, enum holder_kind kind, const char *holder)
{
	struct blame *blame = snapshot_add_blame(snap, vm);

	blame->e.have |= SRC_EVENTS;
	blame->kind = kind;
	blame->holder = snapshot_text(snap, holder);
	return blame;
}

static void add_cell(struct kernel_side *side, struct snapshot *snap, struct process *process,
	const struct vmb_blame *cell, uint64_t since_ns)
{
	char comm[VMB_COMM_LEN + 1] = "";
	struct blame *blame;

	memcpy(comm, cell->comm, VMB_COMM_LEN);
	if (cell->vm) {
		blame = add_blame(snap, process->vm, HOLDER_VM, NULL);
		blame->vm = side->numbered[cell->vm]->vm;
	} else {
		blame = add_blame(snap, process->vm, HOLDER_HOST, comm);
	}
	blame->start_ns = since_ns;
	blame->held_ns = cell->ns;
}

static bool has_ended(const struct kernel_side *side, const struct vmb_blame *cell)
{
	const struct process *holder = cell->vm < VMB_MAX_VMS ? side->numbered[cell->vm] : NULL;

	return cell->vm && (!holder || !holder->vm);
}

static bool is_idle(struct held *held, const struct vmb_blame *cell, unsigned limit)
{
	held->idle_ticks = cell->ns == held->ns ? held->idle_ticks + 1 : 0;
	held->ns = cell->ns;
	return held->idle_ticks > limit;
}

/*
 * A holder has a second cell when it was seen by two CPUs at once, or when one was freed before the
 * place where its own is. What that one holds is moved to the first.
 */
static bool is_merged(struct vmb_blame_row *row, unsigned number)
{
	struct vmb_blame *cell = &row->cells[number], *first = row->cells;

	for (; first < cell; first++) {
		if (first->state != VMB_BLAME_READY || first->vm != cell->vm ||
			memcmp(first->comm, cell->comm, VMB_COMM_LEN) != 0)
			continue;
		__atomic_fetch_add(&first->ns, __atomic_exchange_n(&cell->ns, 0, __ATOMIC_RELAXED),
			__ATOMIC_RELAXED);
		return true;
	}
	return false;
}

static unsigned idle_limit(const struct vmb_blame_row *row)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VMB_BLAME_OTHER; i++)
		n += row->cells[i].state == VMB_BLAME_READY;
	return n < CROWDED ? IDLE_TICKS : IDLE_TICKS_CROWDED;
}

static void add_cells(struct kernel_side *side, struct snapshot *snap, struct process *process)
{
	struct vmb_blame_row *row = &side->loader.blames[process->number];
	unsigned limit = idle_limit(row);

	for (unsigned i = 0; i < VMB_BLAME_OTHER; i++) {
		struct vmb_blame *cell = &row->cells[i];
		struct held *held = &process->held[i];
		bool in_use = cell->state == VMB_BLAME_READY;

		if (in_use && (has_ended(side, cell) || is_merged(row, i) ||
				      is_idle(held, cell, limit))) {
			free_cell(cell);
			in_use = false;
		}
		if (in_use)
			add_cell(side, snap, process, cell, held->since_ns);
		else
			*held = (struct held){ .since_ns = snap->boot_ns + 1 };
	}
}

/* Holders that have no cell: they are there from the beginning, whether they held a CPU or not. */
static void add_sum(struct snapshot *snap, const struct process *process, enum holder_kind kind,
	uint64_t held_ns)
{
	struct blame *blame = add_blame(snap, process->vm, kind, holder_kind_names[kind]);

	blame->start_ns = process->start_ns;
	blame->held_ns = held_ns;
}

void collect_blames(struct kernel_side *side, struct snapshot *snap)
{
	if (!side->loader.events.on)
		return;
	for (struct process *process = side->processes; process; process = process->next) {
		uint64_t self_ns = process->ended_held_ns[VMB_BY_SELF];
		uint64_t nobody_ns = process->ended_held_ns[VMB_BY_NOBODY];

		if (!process->vm || !process->number)
			continue;
		add_cells(side, snap, process);
		for (const struct vcpu *vcpu = process->vm->vcpus; vcpu; vcpu = vcpu->next) {
			self_ns += vcpu->sched.stolen_by_self_ns;
			nobody_ns += vcpu->sched.uncontended_ns;
		}
		add_sum(snap, process, HOLDER_SELF, self_ns);
		add_sum(snap, process, HOLDER_NOBODY, nobody_ns);
		add_sum(snap, process, HOLDER_OTHER,
			side->loader.blames[process->number].cells[VMB_BLAME_OTHER].ns);
	}
}
