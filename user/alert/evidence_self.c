/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is wrong with the measuring itself: vmbpf, its sources, libvirt's word of a VM. */
#include <math.h>
#include <string.h>

#include "alert/evidence_ask.h"

static double count_threads(const struct question *question)
{
	double sum = 0;

	for (const struct vm *vm = question->snap->vms; vm; vm = vm->next)
		sum += fmax(ask_number(question, "threads", SCOPE_VM, &vm->e), 0);
	return sum;
}

static unsigned count_nics(const struct snapshot *snap)
{
	struct item item = { 0 };
	unsigned n = 0;

	while (scopes[SCOPE_NIC].next(snap, &item))
		n++;
	return n;
}

void find_losses(const struct question *question, struct finding *ret)
{
	const char *lost = ask_host_text(question, "lost_events_total");

	ret->cause = SAY(question,
		"a map of vmbpf's programs is full: events not counted so far: %s; threads of VMs: "
		"%.0f, NICs: %u",
		lost ? lost : "some", count_threads(question), count_nics(question->snap));
	ret->suggestion = "start vmbpf with more room: --max-threads (16384 unless given) or "
			  "--max-nics (2048)";
}

void find_own_cost(const struct question *question, struct finding *ret)
{
	const char *cpu = ask_host_text(question, "self_cpu_percent");
	const char *memory = ask_host_text(question, "self_memory_bytes");
	const char *tick = ask_host_text(question, "tick_duration_seconds");
	const char *text = NULL;

	if (cpu && memory)
		text = SAY(question, "vmbpf takes %s of a CPU and %s of memory", cpu, memory);
	if (tick)
		text = say_join(question, text, "; ", SAY(question, "its last tick took %s", tick));
	if (!text)
		return;
	ret->cause = SAY(question, "%s; it looks at VMs: %.0f, vCPUs: %.0f", text,
		ask_host(question, "vms"), ask_host(question, "vcpus"));
	ret->suggestion = "let it look less often (--interval), or attach nothing (--light)";
}

void find_sources_down(const struct question *question, struct finding *ret)
{
	const struct snapshot *snap = question->snap;

	for (unsigned i = 0; i < snap->n_sources; i++) {
		const struct source_status *source = &snap->sources[i];

		if (source->up)
			continue;
		ret->cause = say_join(question, ret->cause, "; ",
			SAY(question, "%s: %s", source->name,
				source->reason ? source->reason : "the reason is not known"));
	}
	if (!ret->cause)
		ret->cause = "all sources are available in this interval";
	ret->suggestion = "see vmbpf doctor";
}

static const struct source_status *libvirt_status(const struct snapshot *snap)
{
	for (unsigned i = 0; i < snap->n_sources; i++)
		if (strcmp(snap->sources[i].name, "libvirt") == 0)
			return &snap->sources[i];
	return NULL;
}

/* libvirt answers for the others: then it is the QEMU of this VM that does not. */
void find_staleness(const struct question *question, struct finding *ret)
{
	const struct source_status *libvirt = libvirt_status(question->snap);
	const char *age = ask_vm_text(question, "age_seconds");

	if (!age)
		age = "some time";
	if (libvirt && !libvirt->up) {
		ret->cause = SAY(question, "what libvirt says of it is %s old: %s", age,
			libvirt->reason ? libvirt->reason : "libvirt does not answer");
		ret->suggestion = "see whether libvirtd runs and answers (virsh list)";
		return;
	}
	ret->cause = SAY(question,
		"what libvirt says of it is %s old, although libvirt answers: the monitor of its "
		"QEMU does not, or another job holds it",
		age);
	ret->suggestion = "see what holds it (virsh domjobinfo), whether it still answers (virsh "
			  "domstate), and its log in /var/log/libvirt/qemu";
}

void find_state(const struct question *question, struct finding *ret)
{
	const char *state = ask_vm_text(question, "state");

	if (!state)
		return;
	ret->cause = SAY(question, "libvirt says that it is %s", state);
	if (question->item->vm->state == VM_NO_LIBVIRT)
		ret->cause = "libvirt does not know it";
	ret->suggestion = "see why (virsh domstate --reason) and its log in /var/log/libvirt/qemu";
}
