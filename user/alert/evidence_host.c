/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which VMs take most of what the host lacks. */
#include <math.h>

#include "alert/evidence_ask.h"
#include "alert/text.h"

#define N_TOP 3

/* What VMs are compared by: one column or the sum of two. */
struct measure {
	const char *columns[2];
	const char *what, *unit;
	double least; /* what is less is not worth to be named */
};

struct leader {
	const struct vm *vm;
	double number;
};

/* The VMs that have most, largest first; and what all have together. */
struct leaders {
	struct leader top[N_TOP];
	unsigned n;
	unsigned n_measured;
	double sum;
};

static double measure_vm(
	const struct question *question, const struct measure *measure, const struct vm *vm)
{
	double sum = NAN;

	for (unsigned i = 0; i < 2 && measure->columns[i]; i++) {
		double number = ask_number(question, measure->columns[i], SCOPE_VM, &vm->e);

		if (!isnan(number))
			sum = isnan(sum) ? number : sum + number;
	}
	return sum;
}

static void insert(struct leaders *leaders, struct leader leader)
{
	for (unsigned i = 0; i < N_TOP; i++) {
		struct leader other = leaders->top[i];

		if (i < leaders->n && other.number >= leader.number)
			continue;
		leaders->top[i] = leader;
		leader = other;
		if (i >= leaders->n) {
			leaders->n++;
			return;
		}
	}
}

static struct leaders find_leaders(const struct question *question, const struct measure *measure)
{
	struct leaders leaders = { 0 };

	for (const struct vm *vm = question->snap->vms; vm; vm = vm->next) {
		double number = measure_vm(question, measure, vm);

		if (isnan(number))
			continue;
		leaders.n_measured++;
		leaders.sum += number;
		if (number >= measure->least)
			insert(&leaders, (struct leader){ vm, number });
	}
	return leaders;
}

/* "a (120.0 % of a CPU), b (50.0 % of a CPU)" */
static const char *name_leaders(const struct question *question, const struct measure *measure,
	const struct leaders *leaders)
{
	const char *text = NULL;
	struct column column;

	if (column_find(measure->columns[0], SCOPE_VM, &column) < 0)
		return NULL;
	for (unsigned i = 0; i < leaders->n; i++) {
		const struct leader *leader = &leaders->top[i];

		text = say_join(question, text, ", ",
			SAY(question, "%s (%s%s)", leader->vm->name,
				alert_quantity(question->arena, &column, leader->number),
				measure->unit));
	}
	return text;
}

static const char *describe_leaders(const struct question *question, const struct measure *measure)
{
	struct leaders leaders = find_leaders(question, measure);
	const char *names = name_leaders(question, measure, &leaders);

	if (leaders.n_measured == 0)
		return SAY(question, "which VM has the most %s is not measured", measure->what);
	if (!names)
		return SAY(question, "no VM has noteworthy %s", measure->what);
	return SAY(question, "the VMs with the most %s: %s", measure->what, names);
}

static const struct measure cpu_time = { { "cpu_percent" }, "CPU time", " of a CPU", 1 };
static const struct measure resident = { { "memory_rss_bytes" }, "memory of the host", "",
	1 << 20 };
static const struct measure swapped = { { "memory_swap_bytes" }, "swap space", "", 1 << 20 };
static const struct measure disk_bytes = {
	{ "disk_read_bytes_per_second", "disk_write_bytes_per_second" }, "disk traffic", "", 1024
};

void find_host_cpu(const struct question *question, struct finding *ret)
{
	double of_vms = ask_host(question, "cpu_vms_percent");
	const char *load = ask_host_text(question, "load_1m");
	const char *text = describe_leaders(question, &cpu_time);

	if (isnan(of_vms))
		text = say_join(question, text, "; ", "how much of it is not of VMs is not known");
	else
		text = SAY(question, "%s; %.0f %% of the used CPU time is not of VMs", text,
			100 - of_vms);
	if (load)
		text = SAY(question, "%s; load %s on %.0f CPUs", text, load,
			ask_host(question, "cpus"));
	ret->cause = text;
	ret->suggestion = of_vms < 50 ? "see what else runs on the host (top)"
				      : "move a VM to another host, or limit the largest (virsh "
					"schedinfo)";
}

static const char *describe_rest(const struct question *question)
{
	struct leaders leaders = find_leaders(question, &resident);
	double rest = ask_host(question, "memory_used_bytes") - leaders.sum;

	/* VMs share pages, which each of them is charged with. */
	if (leaders.n_measured == 0 || !(rest > 0))
		return NULL;
	return SAY(
		question, "%s of the used memory are not of VMs", say_bytes(question->arena, rest));
}

void find_host_memory(const struct question *question, struct finding *ret)
{
	bool is_short;
	const char *text = ask_host_memory(question, &is_short);

	text = say_join(question, text, "; ", describe_leaders(question, &resident));
	ret->cause = say_join(question, text, "; ", describe_rest(question));
	ret->suggestion = "move a VM to another host, or take memory from one (virsh setmem); see "
			  "what else runs on the host";
}

void find_host_swap(const struct question *question, struct finding *ret)
{
	bool is_short;
	const char *text = ask_host_memory(question, &is_short);

	ret->cause = say_join(question, text, "; ", describe_leaders(question, &swapped));
	ret->suggestion =
		is_short ? "take load off the host's memory: move a VM, or shrink one "
			   "(virsh setmem)"
			 : "it is not short of memory now: what was swapped out comes back "
			   "as it is used";
}

void find_host_io(const struct question *question, struct finding *ret)
{
	ret->cause = describe_leaders(question, &disk_bytes);
	ret->suggestion = "see which disks are slow (vmbpf top), and what else uses the host's "
			  "storage (iostat)";
}
