/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why vCPUs left the guest and what that cost, from their tables of exits; and the time they spent
 * in the guest, where entries and exits are seen.
 */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "collect/kernel/kernel.h"
#include "model/exit_reason.h"

/* One reason of a VM, over all of its vCPUs, or of one of them. */
struct exit_sum {
	struct exit_sum *next;
	uint64_t key;
	struct exit *exit;
	uint64_t max_ns;
	uint32_t latency[VMB_LATENCY_BUCKETS]; /* of the interval, as is the longest */
};

/* A row of a table at this tick, beside what it was at the last one. */
struct sample {
	const struct vmb_exit_row *row;
	uint64_t since_ns;
	uint64_t max_ns; /* 0: no exit ended in the interval */
	uint32_t latency[VMB_LATENCY_BUCKETS];
};

/* Whether exits have a time, and vCPUs a time in the guest. One event tells that all will come. */
static bool has_times(const struct kernel_side *side)
{
	return side->exits_fire && side->loader.exit_times;
}

/* The table of a vCPU thread, or NULL: it has made no exit yet, or there was none left. */
static struct vmb_exit_table *table_of(const struct kernel_side *side, const struct vmb_slot *slot)
{
	uint32_t number = slot->cpu.exits;

	if (!side->loader.exits.on || number == 0 || number >= side->loader.n_exit_tables)
		return NULL;
	return &side->loader.exit_tables[number];
}

static struct exit_memory *memory_of(struct kernel_side *side, const struct vmb_slot *slot)
{
	return &side->exits[slot->cpu.exits];
}

void exits_begin(struct kernel_side *side)
{
	if (!side->loader.exits.on)
		return;
	side->interval = side->loader.exit_control->interval++;
	side->exits_fire = side->loader.exit_control->fires;
}

/*
 * The kernel side may be writing to this slot just now: what belongs to the present interval is
 * what it says after the mark was read.
 */
static void take_sample(const struct kernel_side *side, const struct vmb_exit_table *table,
	unsigned i, struct exit_memory *memory, struct sample *ret)
{
	const struct vmb_exit_row *row = &table->rows[i];
	unsigned which = side->interval & 1;

	if (!memory->since_ns[i])
		memory->since_ns[i] = side->last_boot_ns + 1;
	*ret = (struct sample){ .row = row, .since_ns = memory->since_ns[i] };
	if (row->max_interval[which] == side->interval)
		ret->max_ns = row->max_ns[which];
	for (unsigned bucket = 0; bucket < VMB_LATENCY_BUCKETS; bucket++) {
		uint32_t now = row->latency[bucket];

		ret->latency[bucket] = now - memory->latency[i][bucket];
		memory->latency[i][bucket] = now;
	}
}

static unsigned kind_of(uint64_t key)
{
	return (unsigned)(key >> VMB_EXIT_KIND_SHIFT) - 1;
}

static unsigned isa_of(uint64_t key)
{
	return (unsigned)(VMB_EXIT_WHAT(key) >> VMB_EXIT_ISA_SHIFT);
}

static const char *name_or_hex(struct arena *arena, const char *name, uint32_t reason)
{
	return name ? name : arena_printf(arena, "0x%x", reason);
}

static const char *guest_text(struct arena *arena, uint64_t key)
{
	uint32_t reason = (uint32_t)key;
	bool failed = isa_of(key) == VMB_ISA_VMX && reason & VMB_VMX_FAILED_ENTRY;
	const char *name;

	if (key & VMB_EXIT_UNKNOWN)
		return "unknown";
	if (failed)
		reason &= ~VMB_VMX_FAILED_ENTRY;
	name = name_or_hex(arena, exit_reason_of_guest(isa_of(key), reason), reason);
	return failed ? arena_printf(arena, "%s FAILED_VMENTRY", name) : name;
}

static const char *userspace_text(struct arena *arena, uint64_t key)
{
	if (key & VMB_EXIT_FAILED)
		return "error";
	return name_or_hex(arena, exit_reason_of_userspace((uint32_t)key), (uint32_t)key);
}

/* As perf kvm stat writes them. */
static const char *pio_text(struct arena *arena, uint64_t key)
{
	return arena_printf(
		arena, "0x%llx:%s", VMB_EXIT_WHAT(key), key & VMB_EXIT_WRITE ? "POUT" : "PIN");
}

static const char *mmio_text(struct arena *arena, uint64_t key)
{
	return arena_printf(arena, "0x%llx:%s", VMB_EXIT_WHAT(key) << VMB_MMIO_PAGE_SHIFT,
		key & VMB_EXIT_WRITE ? "W" : "R");
}

/* What each kind of the kernel side is called here. */
static const struct {
	enum exit_kind kind;
	const char *(*text)(struct arena *arena, uint64_t key);
} kinds[VMB_EXIT_KINDS] = {
	[VMB_EXIT_GUEST] = { EXIT_GUEST, guest_text },
	[VMB_EXIT_USERSPACE] = { EXIT_USERSPACE, userspace_text },
	[VMB_EXIT_PIO] = { EXIT_PIO, pio_text },
	[VMB_EXIT_MMIO] = { EXIT_MMIO, mmio_text },
};

static struct exit *add_exit(struct snapshot *snap, struct vm *vm, uint64_t key, uint64_t since_ns)
{
	struct exit *exit = snapshot_add_exit(snap, vm);

	exit->e.have |= SRC_EXITS;
	exit->start_ns = since_ns;
	exit->kind = kinds[kind_of(key)].kind;
	exit->reason = key & VMB_EXIT_OTHER ? "other" : kinds[kind_of(key)].text(snap->arena, key);
	exit->p99_s = exit->max_s = NAN;
	return exit;
}

static struct exit_sum *new_sum(
	struct snapshot *snap, struct process *process, const struct sample *sample)
{
	struct exit_sum *sum = arena_alloc(snap->arena, sizeof(*sum));

	sum->next = process->exit_sums;
	sum->key = sample->row->key;
	sum->exit = add_exit(snap, process->vm, sum->key, sample->since_ns);
	process->exit_sums = sum;
	return sum;
}

/* Of the VM, or of the vCPU, whose table has each key once. */
static struct exit_sum *find_sum(const struct kernel_side *side, struct snapshot *snap,
	struct process *process, const struct vcpu *vcpu, const struct sample *sample)
{
	struct exit_sum *sum = side->exits_by_vcpu ? NULL : process->exit_sums;

	while (sum && sum->key != sample->row->key)
		sum = sum->next;
	if (!sum)
		sum = new_sum(snap, process, sample);
	if (side->exits_by_vcpu)
		sum->exit->vcpu = (int64_t)vcpu->index;
	return sum;
}

/* Exits whose entry is never seen have no time. */
static void add_to_sum(
	const struct kernel_side *side, struct exit_sum *sum, const struct sample *sample)
{
	struct exit *exit = sum->exit;

	if (sample->since_ns < exit->start_ns)
		exit->start_ns = sample->since_ns;
	exit->count += sample->row->count;
	if (has_times(side))
		exit->handling_ns += sample->row->handling_ns;
	else
		exit->handling_ns = NOT_REPORTED;
	if (sample->max_ns > sum->max_ns)
		sum->max_ns = sample->max_ns;
	for (unsigned i = 0; i < VMB_LATENCY_BUCKETS; i++)
		sum->latency[i] += sample->latency[i];
}

static void summarise(const struct exit_sum *sum)
{
	struct run_latency times;

	if (!sum->max_ns)
		return;
	latency_summarise(sum->latency, sum->max_ns, &times);
	sum->exit->p99_s = times.p99_s;
	sum->exit->max_s = times.max_s;
}

/* The halts are left out. Where reasons cannot be read, what is left cannot be told. */
static void add_to_vcpu(
	const struct kernel_side *side, struct vcpu *vcpu, const struct vmb_exit_row *row)
{
	if (kind_of(row->key) != VMB_EXIT_GUEST)
		return;
	if (row->key & VMB_EXIT_UNKNOWN || !has_times(side))
		vcpu->exits.handling_ns = NOT_REPORTED;
	else if (vcpu->exits.handling_ns != NOT_REPORTED &&
		 !exit_reason_is_halt(isa_of(row->key), (uint32_t)row->key))
		vcpu->exits.handling_ns += row->handling_ns;
}

static void note_rows(struct kernel_side *side, struct snapshot *snap, struct process *process,
	const struct vmb_slot *slot, struct vcpu *vcpu)
{
	const struct vmb_exit_table *table = table_of(side, slot);
	struct sample sample;

	for (unsigned i = 0; table && i < VMB_EXIT_ROWS; i++) {
		if (kind_of(table->rows[i].key) >= VMB_EXIT_KINDS)
			continue; /* it is free */
		take_sample(side, table, i, memory_of(side, slot), &sample);
		add_to_sum(side, find_sum(side, snap, process, vcpu, &sample), &sample);
		add_to_vcpu(side, vcpu, sample.row);
	}
	if (has_times(side))
		vcpu->e.have |= SRC_EXITS;
}

/* The stay in progress counts. An exit may happen while this is read, so it must not go back. */
static uint64_t guest_time(struct kernel_side *side, const struct vmb_slot *slot)
{
	const struct vmb_exit_table *table = table_of(side, slot);
	uint64_t now_ns = side->loader.control->mono_ns, entered_ns, guest_ns;
	struct exit_memory *memory;

	if (!table)
		return 0;
	memory = memory_of(side, slot);
	entered_ns = __atomic_load_n(&table->entered_ns, __ATOMIC_ACQUIRE);
	guest_ns = table->guest_ns;
	if (entered_ns && entered_ns < now_ns)
		guest_ns += now_ns - entered_ns;
	if (guest_ns > memory->guest_ns)
		memory->guest_ns = guest_ns;
	return memory->guest_ns;
}

/* In place of what the scheduler's ticks tell. */
static void fill_guest(struct kernel_side *side, const struct vmb_slot *slot, struct vcpu *vcpu)
{
	if (!(vcpu->e.have & SRC_GUEST) || !has_times(side) || slot->cpu.exits == VMB_NO_EXITS)
		return;
	vcpu->guest_by = GUEST_BY_EVENTS;
	vcpu->guest_ns = guest_time(side, slot);
}

/* KVM counts exits whether or not its tracepoints fire. */
static void note_totals(
	struct kernel_side *side, const struct vmb_slot *slot, const struct vcpu *vcpu)
{
	struct slot_memory *memory = &side->slots[slot->number];
	uint64_t exits = vcpu->totals.exits;

	if (!(vcpu->e.have & SRC_KVM) || exits == NOT_REPORTED)
		return;
	side->kvm_exits |= memory->kvm_exits && exits > memory->kvm_exits;
	memory->kvm_exits = exits;
}

void exits_note(struct kernel_side *side, struct snapshot *snap, struct process *process,
	const struct vmb_slot *slot, struct vcpu *vcpu)
{
	if (!side->loader.exits.on)
		return;
	fill_guest(side, slot, vcpu);
	note_totals(side, slot, vcpu);
	note_rows(side, snap, process, slot, vcpu);
}

void exits_fill(struct process *process)
{
	for (struct exit_sum *sum = process->exit_sums; sum; sum = sum->next)
		summarise(sum);
}

void exits_give_back(struct kernel_side *side, const struct vmb_slot *slot)
{
	struct vmb_exit_table *table = table_of(side, slot);

	if (!table)
		return;
	memset(table, 0, sizeof(*table));
	memset(memory_of(side, slot), 0, sizeof(struct exit_memory));
	loader_free_exits(&side->loader, slot->cpu.exits);
}

void exits_describe(struct kernel_side *side, struct snapshot *snap)
{
	const struct loader_part *part = &side->loader.exits;
	bool silent = part->on && side->kvm_exits && !side->exits_fire;

	side->last_boot_ns = snap->boot_ns;
	if (!side->exits_wanted)
		return;
	snapshot_source(snap, "exits", part->on && !silent,
		silent ? "KVM counts exits, but its tracepoints kvm_exit and kvm_entry never fire "
			 "(a paravirtual KVM): there are no reasons of the processor and no "
			 "handling times"
		       : part->why);
}
