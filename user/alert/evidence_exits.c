/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns why a VM leaves the guest: by reason where that is counted, else by KVM's own totals. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alert/evidence_ask.h"

#define VIRTIO "use virtio devices instead of emulated ones (disk, network, serial console, clock)"
#define INTERRUPTS "keep interrupts of the host off its CPUs (smp_affinity, irqbalance)"
#define SLEEPS \
	"the guest sleeps and wakes often: look inside it for timers, or start it with idle=poll"
#define TIMERS "look inside the guest for timers and interrupts between its vCPUs"
#define SPINNING "its vCPUs spin on locks: it may have more vCPUs than it gets CPUs"
#define PAGING "back its memory with huge pages; the host may be short of memory"
#define SEE_EXITS "see them by reason (vmbpf exits)"

/* What is to be done about the processor's reasons, as Intel's and AMD's are called. */
static const struct {
	const char *reason, *suggestion;
} advice[] = {
	{ "IO_INSTRUCTION", VIRTIO },
	{ "io", VIRTIO },
	{ "EPT_MISCONFIG", VIRTIO },
	{ "EXTERNAL_INTERRUPT", INTERRUPTS },
	{ "interrupt", INTERRUPTS },
	{ "HLT", SLEEPS },
	{ "hlt", SLEEPS },
	{ "MSR_WRITE", TIMERS },
	{ "msr", TIMERS },
	{ "PREEMPTION_TIMER", TIMERS },
	{ "APIC_WRITE", TIMERS },
	{ "PAUSE_INSTRUCTION", SPINNING },
	{ "pause", SPINNING },
	{ "EPT_VIOLATION", PAGING },
	{ "npf", PAGING },
};

static const char *advise(const char *reason)
{
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (strcmp(advice[i].reason, reason) == 0)
			return advice[i].suggestion;
	return "see what the guest does at that time (vmbpf exits)";
}

/* Where exits are told by vCPU, a vCPU has its own. */
static bool concerns(const struct question *question, const struct exit *exit)
{
	const struct vcpu *vcpu = (const struct vcpu *)question->item->entity;

	if (exit->kind != EXIT_GUEST || !exit->reason)
		return false;
	return question->column->metric->scope != SCOPE_VCPU || exit->vcpu < 0 ||
	       (uint64_t)exit->vcpu == vcpu->index;
}

/* The row with the largest number in that column. */
static const struct exit *largest(const struct question *question, const char *column, double *ret)
{
	const struct exit *found = NULL;

	*ret = 0;
	for (const struct exit *exit = question->item->vm->exits_by_reason; exit;
		exit = exit->next) {
		double number = concerns(question, exit)
					? ask_number(question, column, SCOPE_EXIT, &exit->e)
					: NAN;

		if (number > *ret) {
			*ret = number;
			found = exit;
		}
	}
	return found;
}

/* The time is what an exit costs; where that is not known, the number has to do. */
static const char *name_reason(const struct question *question, const char **suggestion)
{
	const struct exit *exit;
	const char *text;
	double percent;

	exit = largest(question, "exit_handling_percent", &percent);
	if (exit)
		text = SAY(question, "most time of exits goes to %s: %.0f %% of a CPU, %s",
			exit->reason, percent,
			ask_text(question, "exits_per_second", SCOPE_EXIT, &exit->e));
	else if ((exit = largest(question, "exits_per_second", &percent)))
		text = SAY(question, "most exits are %s: %s", exit->reason,
			ask_text(question, "exits_per_second", SCOPE_EXIT, &exit->e));
	else
		return NULL;
	if (suggestion)
		*suggestion = advise(exit->reason);
	if (exit->vcpu < 0 || question->column->metric->scope == SCOPE_VCPU)
		return text;
	return SAY(question, "%s, on vCPU %" PRId64, text, exit->vcpu);
}

/* What KVM counts of itself. */
static const struct kind {
	const char *column, *what, *suggestion;
} kinds[] = {
	{ "exits_io_per_second", "accesses to I/O ports", VIRTIO },
	{ "exits_mmio_per_second", "accesses to the memory of emulated devices", VIRTIO },
	{ "exits_halt_per_second", "halts", SLEEPS },
	{ "exits_interrupt_per_second", "interrupts of the host", INTERRUPTS },
	{ "exits_irq_window_per_second", "for interrupts of the guest", TIMERS },
	{ "exits_nmi_window_per_second", "for interrupts of the guest", TIMERS },
	{ "exits_signal_per_second", "for signals to QEMU", SEE_EXITS },
	{ "hypercalls_per_second", "hypercalls", SEE_EXITS },
};

/* The kind that is half of all exits or more, NULL where none is. */
static const struct kind *main_kind(const struct question *question, double exits)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (ask_own(question, kinds[i].column) >= exits / 2)
			return &kinds[i];
	return NULL;
}

static const char *name_kind(const struct question *question, const char **suggestion)
{
	double exits = ask_own(question, "exits_per_second");
	const char *text = ask_own_text(question, "exits_per_second");
	const struct kind *kind;

	if (!(exits > 0))
		return NULL;
	kind = main_kind(question, exits);
	if (suggestion)
		*suggestion = kind ? kind->suggestion : SEE_EXITS;
	if (!kind)
		return SAY(question,
			"it leaves the guest %s, mostly for none of the reasons KVM counts", text);
	return SAY(question, "it leaves the guest %s, mostly %s (%s)", text, kind->what,
		ask_own_text(question, kind->column));
}

const char *ask_main_exit(const struct question *question, const char **suggestion)
{
	const char *text = name_reason(question, suggestion);

	if (!text)
		text = name_kind(question, suggestion);
	return text ? text : "why it leaves the guest is not measured";
}

void find_exits(const struct question *question, struct finding *ret)
{
	double outside = ask_own(question, "hypervisor_percent");
	const char *text = ask_main_exit(question, &ret->suggestion);

	if (outside >= 1)
		text = SAY(question,
			"%s; outside the guest, and not polling, it takes %.0f %% of "
			"a CPU",
			text, outside);
	ret->cause = text;
}
