/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns why vCPUs do not run: who had the CPU, what held them back, what they wait for. */
#include <inttypes.h>
#include <math.h>

#include "alert/evidence_ask.h"
#include "sink/blame_sentence.h"

/* The side that has the largest part of a wait. */
enum side {
	SIDE_VM,
	SIDE_HOST,
	SIDE_SELF,
	SIDE_LIMIT,
	SIDE_WAKING,
	SIDE_OTHER,
	SIDE_UNKNOWN,
	N_SIDES
};

#define RAISE_LIMIT \
	"raise its CPU limit (virsh schedinfo --set vcpu_quota=..., cpu.max of its cgroup)"

/* The name of the VM or the task stands before `rest`, where there is one. */
static const struct {
	const char *text, *rest;
} suggestions[N_SIDES] = {
	[SIDE_VM] = { "move one of the two VMs to another host, give them CPUs of their own (virsh "
		      "vcpupin), or limit ",
		" (virsh schedinfo)" },
	[SIDE_HOST] = { "look at what the host does in ", ", and keep it off the CPUs of VMs" },
	[SIDE_SELF] = { "it has more busy threads than CPUs: give it fewer vCPUs, or its other "
			"threads CPUs of their own (virsh emulatorpin, virsh iothreadpin)" },
	[SIDE_LIMIT] = { RAISE_LIMIT },
	[SIDE_WAKING] = { "the CPUs were free: look at their sleep states (cpupower idle-info), and "
			  "at whether the VM is pinned to few of them" },
	[SIDE_OTHER] = { "see who they are (vmbpf blame)" },
	[SIDE_UNKNOWN] = { "see who has the CPUs (vmbpf blame)" },
};

static const char *suggest(const struct question *question, enum side side, const char *name)
{
	if (!suggestions[side].rest)
		return suggestions[side].text;
	return SAY(question, "%s%s%s", suggestions[side].text, name, suggestions[side].rest);
}

static enum side side_of(const struct waiter *waiter, const struct holder *holder)
{
	static const enum side sides[N_HOLDER_KINDS] = {
		[HOLDER_VM] = SIDE_VM,
		[HOLDER_HOST] = SIDE_HOST,
		[HOLDER_SELF] = SIDE_SELF,
		[HOLDER_NOBODY] = SIDE_WAKING,
		[HOLDER_OTHER] = SIDE_OTHER,
	};

	/* As the sentence about it has it: the limit explains idle CPUs. */
	if (holder->kind == HOLDER_NOBODY && waiter->throttled >= holder->percent / 2)
		return SIDE_LIMIT;
	return sides[holder->kind];
}

/* The largest of each side is its first, since they are in that order. */
static enum side leading_side(const struct waiter *waiter, const char **name)
{
	double sums[N_SIDES] = { 0 };
	const char *names[N_SIDES] = { NULL };
	enum side leading = SIDE_UNKNOWN;

	sums[SIDE_UNKNOWN] = isnan(waiter->unknown) ? waiter->ready : waiter->unknown;
	for (size_t i = 0; i < waiter->n_holders; i++) {
		enum side side = side_of(waiter, &waiter->holders[i]);

		sums[side] += waiter->holders[i].percent;
		names[side] = names[side] ? names[side] : waiter->holders[i].name;
	}
	/* A limit holds back whoever runs meanwhile. */
	if (waiter->throttled >= waiter->ready / 2)
		sums[SIDE_LIMIT] = waiter->ready + waiter->throttled;
	for (enum side side = 0; side < N_SIDES; side++)
		if (sums[side] > sums[leading])
			leading = side;
	*name = names[leading];
	return leading;
}

static const char *why_unknown(const struct question *question)
{
	const char *why = ask_absence(question, SRC_EVENTS, &question->item->vm->e);

	return SAY(question, "for whom is not known: %s",
		why ? why : "no wait has ended in this interval");
}

/* More vCPUs than CPUs wait for each other. */
static const char *describe_size(const struct question *question, enum side side)
{
	double vcpus = ask_vm(question, "vcpus"), cpus = ask_host(question, "cpus");

	if (side != SIDE_SELF || !(vcpus > cpus))
		return NULL;
	return SAY(question, "it has %.0f vCPUs, the host %.0f CPUs", vcpus, cpus);
}

static bool is_only_vcpu(const struct question *question)
{
	const struct vcpu *first = question->item->vm->vcpus;

	return question->column->metric->scope == SCOPE_VCPU && first && !first->next;
}

static const char *who_waited(const struct question *question)
{
	if (is_only_vcpu(question))
		return "it";
	return question->column->metric->scope == SCOPE_VCPU ? "the VM's vCPUs" : "its vCPUs";
}

const char *ask_blame(const struct question *question, const char **suggestion)
{
	const struct vm *vm = question->item->vm;
	const struct item item = { .entity = &vm->e, .vm = vm };
	const char *text, *name;
	struct waiter waiter;
	enum side side;

	if (!waiter_fill(question->snap, question->arena, &item, &waiter))
		return NULL;
	side = leading_side(&waiter, &name);
	*suggestion = suggest(question, side, name);
	text = SAY(question, "%s waited for a CPU %s", who_waited(question),
		blame_describe(question->arena, true, &waiter));
	if (waiter.n_holders == 0)
		text = say_join(question, text, "; ", why_unknown(question));
	return say_join(question, text, "; ", describe_size(question, side));
}

static const char *describe_latency(const struct question *question)
{
	const char *p99 = ask_own_text(question, "run_latency_p99_seconds");
	const char *max = ask_own_text(question, "run_latency_max_seconds");

	if (!p99 || !max)
		return NULL;
	return SAY(question, "until it ran took %s at most, 99 %% of the times no more than %s",
		max, p99);
}

/* One vCPU may fare worse than the VM as a whole, of which the parts are known. */
static const char *describe_vcpu(const struct question *question)
{
	double ready = ask_own(question, "ready_percent");

	if (question->column->metric->scope != SCOPE_VCPU || is_only_vcpu(question) || isnan(ready))
		return NULL;
	return SAY(question, "it waited for a CPU %.1f %% of the time", ready);
}

static bool is_latency(const struct question *question)
{
	return question->column->metric->unit == UNIT_SECONDS &&
	       question->column->metric->kind == GAUGE;
}

void find_waiting(const struct question *question, struct finding *ret)
{
	const char *blame = ask_blame(question, &ret->suggestion);

	if (!blame && !isnan(ask_vm(question, "ready_percent")))
		blame = "its vCPUs hardly waited for a CPU in this interval";
	else
		blame = say_join(question, describe_vcpu(question), "; ", blame);
	if (is_latency(question))
		blame = say_join(question, describe_latency(question), "; ", blame);
	ret->cause = blame;
}

/* How long one vCPU was held back, of all the time; VMs count those of all their vCPUs. */
static double per_vcpu(const struct question *question, double percent)
{
	double vcpus = ask_vm(question, "vcpus");

	if (question->column->metric->scope == SCOPE_VM && vcpus > 1)
		return percent / vcpus;
	return percent;
}

void find_throttling(const struct question *question, struct finding *ret)
{
	double throttled = ask_own(question, "throttled_percent");
	double used = ask_vm(question, "cpu_percent");

	if (isnan(throttled))
		return;
	ret->cause = SAY(question, "its CPU limit held it back %.1f %% of the time (per vCPU)",
		per_vcpu(question, throttled));
	if (!isnan(used))
		ret->cause = SAY(question, "%s; it got %.2f CPUs in all", ret->cause, used / 100);
	ret->suggestion = RAISE_LIMIT ", or look inside the guest for what is busy";
}

void find_interruption(const struct question *question, struct finding *ret)
{
	double overlap = ask_own(question, "overlap_percent");

	if (isnan(overlap))
		return;
	ret->cause = SAY(question,
		"interrupts, or a hypervisor below the host, took %.1f %% of the time (per vCPU) "
		"while it had a CPU",
		per_vcpu(question, overlap));
	ret->suggestion = "keep interrupts of the host off its CPUs (smp_affinity, irqbalance); "
			  "where the host is a VM itself, ask those who run it";
}

/* What keeps a vCPU from running although its guest has not halted it. */
static const char *describe_blocked(const struct question *question)
{
	double blocked = ask_own(question, "blocked_percent");
	double faults = ask_vm(question, "faults_major_per_second");
	const char *text;

	if (isnan(blocked))
		return NULL;
	text = SAY(question,
		"%.1f %% of the time (per vCPU) it was kept waiting by QEMU or the host",
		per_vcpu(question, blocked));
	if (!(faults >= 1))
		return text;
	return SAY(question, "%s, which read %.0f pages of it a second from disk", text, faults);
}

static const char *describe_idle(const struct question *question)
{
	double idle = ask_own(question, "idle_percent");

	if (isnan(idle))
		return NULL;
	return SAY(question, "%.1f %% of the time (per vCPU) the guest had nothing to do",
		per_vcpu(question, idle));
}

void find_off_cpu(const struct question *question, struct finding *ret)
{
	double blocked = per_vcpu(question, ask_own(question, "blocked_percent"));
	double faults = ask_vm(question, "faults_major_per_second");

	ret->cause = say_join(question, describe_idle(question), "; ", describe_blocked(question));
	if (!(blocked >= BLAME_NOTICEABLE))
		return;
	ret->suggestion = faults >= 1
				  ? "the host may be short of memory: see its swap and pressure"
				  : "see whether its disks are slow, and whether it is paused or "
				    "migrated";
}
