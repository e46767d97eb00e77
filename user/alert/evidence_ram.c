/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns why memory is short: within the guest, and on the host for a VM. */
#include <math.h>

#include "alert/evidence_ask.h"

/* What says that a host is short of memory: that much of its memory left, or tasks held up. */
#define SHORT_AVAILABLE 0.1
#define SHORT_PRESSURE 1.0

/* "the guest uses 3.60G of the 4.00G it sees (400M usable, 200M cache), as it was 3 s ago" */
static const char *describe_guest(const struct question *question)
{
	const char *used = ask_vm_text(question, "memory_used_bytes");
	const char *seen = ask_vm_text(question, "memory_available_bytes");
	const char *usable = ask_vm_text(question, "memory_usable_bytes");
	const char *cached = ask_vm_text(question, "memory_cached_bytes");
	double age = ask_vm(question, "memory_guest_age_seconds");
	const char *text;

	if (!used || !seen)
		return NULL;
	text = SAY(question, "the guest uses %s of the %s it sees (%s usable", used, seen, usable);
	text = SAY(question, "%s%s%s)", text, cached ? ", cache " : "", cached ? cached : "");
	return isnan(age) ? text : SAY(question, "%s, as it was %.0f s ago", text, age);
}

/* Whether it has more need than memory. */
static const char *describe_distress(const struct question *question)
{
	double in = ask_vm(question, "guest_swap_in_bytes_per_second");
	double out = ask_vm(question, "guest_swap_out_bytes_per_second");
	double faults = ask_vm(question, "guest_faults_major_per_second");
	const char *text = NULL;

	if (in > 0 || out > 0)
		text = SAY(question, "it swaps: %s/s in, %s/s out",
			say_bytes(question->arena, in > 0 ? in : 0),
			say_bytes(question->arena, out > 0 ? out : 0));
	if (faults >= 1)
		text = say_join(question, text, "; ",
			SAY(question, "%.0f page faults a second need a disk", faults));
	return text;
}

/* What the host gives and holds. */
static const char *describe_allocation(const struct question *question)
{
	const char *assigned = ask_vm_text(question, "memory_assigned_bytes");
	const char *rss = ask_vm_text(question, "memory_rss_bytes");
	double swap = ask_vm(question, "memory_swap_bytes");
	const char *text = NULL;

	if (assigned)
		text = SAY(question, "it is assigned %s", assigned);
	if (rss)
		text = say_join(
			question, text, "; ", SAY(question, "%s of the host are in use", rss));
	if (swap > 0)
		text = say_join(question, text, ", ",
			SAY(question, "%s swapped out", say_bytes(question->arena, swap)));
	return text;
}

static const char *suggest_more(const struct question *question)
{
	double assigned = ask_vm(question, "memory_assigned_bytes");
	double maximum = ask_vm(question, "memory_maximum_bytes");

	if (maximum > assigned)
		return SAY(question,
			"give it more memory (virsh setmem, up to %s), or look inside the guest for "
			"what uses it",
			say_bytes(question->arena, maximum));
	return "give it more memory (virsh setmaxmem, then restart it), or look inside the guest "
	       "for what uses it";
}

void find_guest_memory(const struct question *question, struct finding *ret)
{
	const char *absence = ask_absence(question, SRC_BALLOON, &question->item->vm->e);
	const char *guest = describe_guest(question);

	if (absence)
		guest = SAY(question, "what the guest uses is not known: %s", absence);
	else if (!guest)
		guest = "what the guest uses is not known: its balloon driver does not report all "
			"of it";
	guest = say_join(question, guest, "; ", describe_distress(question));
	ret->cause = say_join(question, guest, "; ", describe_allocation(question));
	ret->suggestion = suggest_more(question);
}

void find_guest_age(const struct question *question, struct finding *ret)
{
	const char *age = ask_vm_text(question, "memory_guest_age_seconds");

	if (!age)
		return;
	ret->cause = SAY(question, "the guest has not told of its memory for %s", age);
	ret->suggestion = "set a period (virsh dommemstat --period 5 --live); where there is one, "
			  "see whether the guest hangs";
}

const char *ask_host_memory(const struct question *question, bool *is_short)
{
	double available = ask_host(question, "memory_available_bytes");
	double total = ask_host(question, "memory_total_bytes");
	double swap = ask_host(question, "swap_used_bytes");
	double pressure = ask_host(question, "pressure_memory_percent");
	struct arena *arena = question->arena;
	const char *text;

	*is_short = available < total * SHORT_AVAILABLE || pressure >= SHORT_PRESSURE;
	if (isnan(available) || isnan(total))
		return NULL;
	text = SAY(question, "the host has %s of %s available", say_bytes(arena, available),
		say_bytes(arena, total));
	if (swap > 0)
		text = SAY(question, "%s, %s swapped out", text, say_bytes(arena, swap));
	if (pressure >= SHORT_PRESSURE)
		text = SAY(question, "%s, and its tasks lack memory %.0f %% of the time", text,
			pressure);
	return text;
}

static const char *describe_part(const struct question *question)
{
	const char *rss = ask_vm_text(question, "memory_rss_bytes");
	const char *swap = ask_vm_text(question, "memory_swap_bytes");
	const char *faults = ask_vm_text(question, "faults_major_per_second");
	const char *text = NULL;

	if (rss && swap)
		text = SAY(
			question, "of its memory %s are in the host's, %s swapped out", rss, swap);
	if (ask_vm(question, "faults_major_per_second") > 0)
		text = say_join(question, text, "; ",
			SAY(question, "page faults that needed a disk: %s", faults));
	return text;
}

static const char *suggest_for_host(const struct question *question, bool is_short)
{
	if (is_short)
		return "take load off the host's memory: move a VM, or shrink one (virsh setmem)";
	if (ask_vm(question, "memory_swap_bytes") > 0)
		return "what was swapped out comes back as it is used; less of it goes with a lower "
		       "vm.swappiness or locked memory (memoryBacking)";
	return NULL;
}

void find_host_memory_of_vm(const struct question *question, struct finding *ret)
{
	bool is_short;
	const char *host = ask_host_memory(question, &is_short);

	if (!host)
		host = "how much memory the host has is not measured";
	else if (!is_short)
		host = SAY(question, "%s: it is not short of memory now", host);
	ret->cause = say_join(question, describe_part(question), "; ", host);
	ret->suggestion = suggest_for_host(question, is_short);
}
