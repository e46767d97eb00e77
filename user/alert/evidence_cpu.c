/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns why a VM or a vCPU takes CPU time: which vCPUs, where in them, and what works beside them.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alert/evidence_ask.h"

/* On a CPU for that much of the time, in percent, a vCPU is busy. */
#define BUSY 80.0
/* What takes less of a CPU is not mentioned. */
#define NOTEWORTHY 5.0
/* Shares of the vCPUs' time, from which on exits are looked at, and on which they are the matter.
 */
#define EXITS_NOTEWORTHY 10.0
#define EXITS_MATTER 30.0
#define POLLING_MATTERS 30.0

#define MAX_NAMED 4

/* The vCPUs of a VM. */
struct crew {
	unsigned n, n_busy;
	double least, most; /* of the busy ones, else of all */
	double next; /* the most of those that are not busy */
	const struct vcpu *busiest;
	uint64_t named[MAX_NAMED]; /* the first busy ones */
};

static void count_busy(struct crew *crew, const struct vcpu *vcpu, double percent)
{
	if (crew->n_busy < MAX_NAMED)
		crew->named[crew->n_busy] = vcpu->index;
	crew->least = crew->n_busy ? fmin(crew->least, percent) : percent;
	crew->n_busy++;
}

static void look_at_crew(const struct question *question, struct crew *crew)
{
	*crew = (struct crew){ 0 };
	for (const struct vcpu *vcpu = question->item->vm->vcpus; vcpu; vcpu = vcpu->next) {
		double percent = ask_number(question, "cpu_percent", SCOPE_VCPU, &vcpu->e);

		if (isnan(percent))
			continue;
		if (!crew->n++ || percent > crew->most) {
			crew->most = percent;
			crew->busiest = vcpu;
		}
		if (percent >= BUSY)
			count_busy(crew, vcpu, percent);
		else
			crew->next = fmax(crew->next, percent);
	}
}

/* "0, 2 and 3" */
static const char *list_busy(const struct question *question, const struct crew *crew)
{
	const char *text = SAY(question, "%" PRIu64, crew->named[0]);

	for (unsigned i = 1; i < crew->n_busy; i++)
		text = SAY(question, "%s%s%" PRIu64, text, i + 1 < crew->n_busy ? ", " : " and ",
			crew->named[i]);
	return text;
}

/* "99 % each", or "85 to 99 %" */
static const char *range_of(const struct question *question, const struct crew *crew)
{
	if (crew->most - crew->least < 2)
		return SAY(question, "%.0f %% each", crew->most);
	return SAY(question, "%.0f to %.0f %%", crew->least, crew->most);
}

static const char *describe_crew(const struct question *question, const struct crew *crew)
{
	if (crew->n == 1)
		return SAY(question, "its only vCPU runs %.0f %% of the time", crew->most);
	if (crew->n_busy == 0)
		return SAY(question,
			"none of its %u vCPUs is busy: the busiest, vCPU %" PRIu64 ", runs %.0f %%",
			crew->n, crew->busiest->index, crew->most);
	if (crew->n_busy == crew->n)
		return SAY(question, "all %u vCPUs run %s", crew->n, range_of(question, crew));
	if (crew->n_busy == 1)
		return SAY(question,
			"vCPU %" PRIu64 " of %u runs %.0f %%, the others at most %.0f %%",
			crew->named[0], crew->n, crew->most, crew->next);
	if (crew->n_busy > MAX_NAMED)
		return SAY(question, "%u of %u vCPUs run %s", crew->n_busy, crew->n,
			range_of(question, crew));
	return SAY(question, "vCPUs %s of %u run %s", list_busy(question, crew), crew->n,
		range_of(question, crew));
}

/* A recording may hold the sums alone. */
static const char *describe_average(const struct question *question)
{
	double used = ask_vm(question, "cpu_used_percent");

	return isnan(used) ? NULL
			   : SAY(question, "its %.0f vCPUs run %.0f %% of the time on average",
				     ask_vm(question, "vcpus"), used);
}

static const char *describe_vcpus(const struct question *question, const struct crew *crew)
{
	double own;

	if (crew->n == 0)
		return describe_average(question);
	if (question->column->metric->scope == SCOPE_VM)
		return describe_crew(question, crew);
	own = ask_own(question, "cpu_percent");
	return isnan(own) ? NULL
			  : SAY(question, "it runs %.0f %% of the time; of %u vCPUs %u %s busy",
				    own, crew->n, crew->n_busy, crew->n_busy == 1 ? "is" : "are");
}

/* Where the time of the vCPUs goes, in percent of it. NAN: not known. */
struct split {
	double guest, hypervisor, polling;
	bool uncounted; /* the kernel's clock never found a vCPU in the guest */
};

/* NAN where one of the two is not known. They are read a moment apart. */
static double share(double part, double whole)
{
	if (!(whole > 0) || isnan(part))
		return NAN;
	return fmin(part / whole, 1) * 100;
}

/* By the ticks of the clock, not by the events of entry and exit. */
static bool is_sampled(const struct question *question)
{
	const char *by = ask_vm_text(question, "guest_by");

	return by && strcmp(by, guest_source_names[GUEST_BY_TICKS]) == 0;
}

static struct split split_time(const struct question *question)
{
	bool vm = question->column->metric->scope == SCOPE_VM;
	double run = ask_own(question, vm ? "cpu_vcpu_percent" : "cpu_percent");
	struct split split = {
		.guest = share(ask_own(question, "guest_percent"), run),
		.hypervisor = share(ask_own(question, "hypervisor_percent"), run),
		.polling = share(ask_own(question, "halt_poll_percent"), run),
	};

	/* Where KVM is paravirtual, all of it looks like the hypervisor's, which it is not. */
	split.uncounted = split.guest == 0 && run >= NOTEWORTHY && is_sampled(question);
	if (split.uncounted)
		split.guest = split.hypervisor = NAN;
	return split;
}

static bool is_emulated(const struct question *question)
{
	const char *kvm = ask_vm_text(question, "kvm");

	return kvm && strcmp(kvm, "no") == 0;
}

static const char *describe_split(const struct question *question, const struct split *split)
{
	const char *text;

	if (isnan(split->guest) && is_emulated(question))
		return "it is emulated, not run by KVM, so time inside the guest is not known";
	if (split->uncounted)
		return "this kernel counts no time inside guests, so how much of that is the "
		       "guest's is not known";
	if (isnan(split->guest))
		return "time inside the guest is not measured";
	text = SAY(question, "%.0f %% of that in the guest", split->guest);
	if (!isnan(split->hypervisor))
		text = SAY(question, "%s, %.0f %% in the hypervisor", text, split->hypervisor);
	if (!isnan(split->polling))
		text = SAY(question, "%s, %.0f %% polling", text, split->polling);
	return text;
}

/* Who works for a VM beside its vCPUs. */
static const struct helper {
	const char *metric, *column;
	const char *who;
	const char *suggestion;
} helpers[] = {
	{ "cpu_emulator", "cpu_emulator_percent", "the emulator",
		"give its disks I/O threads (iothreads) and use virtio devices instead of emulated "
		"ones" },
	{ "cpu_iothread", "cpu_iothread_percent", "I/O threads",
		"it is disk I/O: see what its disks do, spread them over more I/O threads" },
	{ "cpu_worker", "cpu_worker_percent", "QEMU's worker threads",
		"use io='native' or 'io_uring' for its disks; see whether a migration or a block job "
		"runs (virsh domjobinfo, virsh blockjob)" },
	{ "cpu_vhost", "cpu_vhost_percent", "vhost threads",
		"it is network traffic: see what its NICs do; more queues (virtio multiqueue) spread "
		"it over more threads" },
	{ "cpu_other", "cpu_other_percent", "other threads of QEMU",
		"see its threads (vmbpf stream --scope thread): a display or a backup may run" },
};

#define N_HELPERS (sizeof(helpers) / sizeof(helpers[0]))

/* Those that take a noteworthy part: "12 % of a CPU for the emulator, 7 % for vhost threads". */
static const char *list_helpers(const struct question *question)
{
	const char *text = NULL;

	for (size_t i = 0; i < N_HELPERS; i++) {
		double percent = ask_vm(question, helpers[i].column);

		if (percent >= NOTEWORTHY)
			text = say_join(question, text, ", ",
				SAY(question, "%.0f %%%s for %s", percent, text ? "" : " of a CPU",
					helpers[i].who));
	}
	return text;
}

/* The one that the metric is about, else the one that takes more than all vCPUs. */
static const struct helper *leading_helper(const struct question *question)
{
	double most = fmax(ask_vm(question, "cpu_vcpu_percent"), NOTEWORTHY);
	const char *name = question->column->metric->name;
	const struct helper *leading = NULL;

	if (question->column->metric->scope != SCOPE_VM)
		return NULL;
	for (size_t i = 0; i < N_HELPERS; i++) {
		double percent = ask_vm(question, helpers[i].column);

		if (strcmp(name, helpers[i].metric) == 0)
			return &helpers[i];
		if (strcmp(name, "cpu") == 0 && percent > most) {
			most = percent;
			leading = &helpers[i];
		}
	}
	return leading;
}

#define POLLING_SUGGESTION \
	"let KVM poll less before a vCPU sleeps (/sys/module/kvm/parameters/halt_poll_ns)"

static const char *suggest(
	const struct question *question, const struct crew *crew, const struct split *split)
{
	if (isnan(split->guest) && is_emulated(question))
		return "run it by KVM (type='kvm'), or look inside the guest for what is busy";
	if (split->polling >= POLLING_MATTERS && split->polling > split->guest)
		return POLLING_SUGGESTION;
	if (split->hypervisor >= EXITS_MATTER)
		return "see why it leaves the guest (vmbpf exits); use virtio devices instead of "
		       "emulated ones";
	if (crew->n > 1 && crew->n_busy == 1)
		return "look inside the guest: it is one thread that is busy, more vCPUs do not "
		       "help";
	return "look inside the guest for what is busy, or give it more vCPUs (virsh setvcpus)";
}

/* That vCPUs would like to run more than they may. */
static const char *describe_wish(const struct question *question, const struct crew *crew)
{
	double ready = ask_own(question, "ready_percent");
	bool vm = question->column->metric->scope == SCOPE_VM;

	if (vm && crew->n)
		ready /= crew->n;
	if (!(ready >= NOTEWORTHY))
		return NULL;
	return SAY(question, "besides, %s for a CPU %.0f %% of the time",
		vm ? "its vCPUs wait" : "it waits", ready);
}

static const char *describe_helpers(const struct question *question, bool lead)
{
	const char *text = list_helpers(question);

	if (!text || question->column->metric->scope != SCOPE_VM)
		return NULL;
	return SAY(question, "%s %s", lead ? "most of it is not the guest's:" : "besides,", text);
}

void find_cpu(const struct question *question, struct finding *ret)
{
	const struct helper *leading = leading_helper(question);
	struct split split = split_time(question);
	const char *vcpus, *text;
	struct crew crew;

	look_at_crew(question, &crew);
	vcpus = describe_vcpus(question, &crew);
	if (!vcpus)
		return;
	text = say_join(question, vcpus, "; ", describe_split(question, &split));
	if (split.hypervisor >= EXITS_NOTEWORTHY)
		text = say_join(question, text, "; ", ask_main_exit(question, NULL));
	if (leading)
		text = say_join(question, describe_helpers(question, true), "; ", text);
	else
		text = say_join(question, text, "; ", describe_helpers(question, false));
	ret->cause = say_join(question, text, "; ", describe_wish(question, &crew));
	ret->suggestion = leading ? leading->suggestion : suggest(question, &crew, &split);
}

void find_polling(const struct question *question, struct finding *ret)
{
	double polling = ask_own(question, "halt_poll_percent");
	double failed = ask_own(question, "halt_poll_failed_percent");

	if (isnan(polling))
		return;
	ret->cause = SAY(question,
		"KVM polls %.0f %% of a CPU for work before it lets a vCPU sleep", polling);
	if (failed <= polling && polling > 0)
		ret->cause = SAY(question, "%s, %.0f %% of that in vain", ret->cause,
			failed / polling * 100);
	ret->suggestion = POLLING_SUGGESTION;
}
