/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are VMs. The walk points out candidates; what they hold open decides: a process
 * with a KVM VM is one, and so is a QEMU program owned by root (QEMU emulating by itself has
 * nothing in the kernel to show). What a process calls itself decides nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collect/cgroup.h"
#include "collect/kernel/kernel.h"

#define CMDLINE_MAX 16384

/* At most this many VMs have their files looked at in one tick, beside new ones and those that
 * changed. */
#define SCANS_PER_TICK 32

/* Something that was no VM may have become one: it is judged again after this many ticks. */
#define JUDGE_AGAIN_TICKS 30

static size_t read_cmdline(pid_t pid, char *buffer, size_t size)
{
	char path[64];
	ssize_t got = -1;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		got = read(fd, buffer, size - 1);
	if (got <= 0)
		return 0;
	buffer[got] = '\0'; /* also ends an argument that was cut off */
	return (size_t)got + 1;
}

static bool holds_kvm(const struct vmb_file *files, int n_files)
{
	for (int i = 0; i < n_files; i++) {
		if (files[i].kind == VMB_FILE_KVM_VM)
			return true;
	}
	return false;
}

/* 0: no VM. A kernel thread's name is the kernel's, so it may name its owner. */
static pid_t owner_of_vhost(const struct kernel_side *side, const struct vmb_candidate *candidate)
{
	char text[VMB_COMM_LEN + 1] = "";
	const struct process *owner;
	int pid;

	memcpy(text, candidate->comm, VMB_COMM_LEN);
	if (sscanf(text, "vhost-%d", &pid) != 1)
		return 0;
	owner = find_process(side, pid);
	return owner && !owner->owner ? pid : 0;
}

/* Only libvirt, as root, can have put a process there; it does so a moment after the start. */
static void look_for_libvirt(struct process *process)
{
	struct cgroup_info info;

	process->of_libvirt =
		!cgroup_read(process->pid, process->pid, &info) && info.domain_id >= 0;
}

/* What a process is; one that is about to become a QEMU is looked at again in the next tick. */
enum verdict { NO_VM, IS_VM, NOT_YET };

/*
 * Fills in what the process is. While a program is being loaded it has its name but no arguments
 * yet: what the VM is called, and whether it is one, is not known.
 */
static enum verdict judge(
	struct kernel_side *side, uint32_t hint, const char *comm, struct process *process)
{
	char cmdline[CMDLINE_MAX];
	size_t size;
	int n_files;

	n_files = loader_files(&side->loader, process->pid, side->files, MAX_FILES);
	process->kvm = holds_kvm(side->files, n_files);
	if (!process->kvm && !(hint & VMB_HINT_QEMU))
		return NO_VM;
	size = read_cmdline(process->pid, cmdline, sizeof(cmdline));
	if (size == 0 && !process->kvm)
		return NOT_YET;
	if (cmdline_is_probe(cmdline, size))
		return NO_VM;
	if (!cmdline_name(cmdline, size, process->name, sizeof(process->name)))
		snprintf(process->name, sizeof(process->name), "%.*s", VMB_COMM_LEN, comm);
	cmdline_proxmox_id(cmdline, size, process->proxmox_id, sizeof(process->proxmox_id));
	look_for_libvirt(process);
	tap_update(side, process, side->files, n_files > 0 ? (unsigned)n_files : 0);
	return IS_VM;
}

static int tell_kernel(struct kernel_side *side, const struct process *process)
{
	struct vmb_process verdict = {
		.start_ns = process->start_ns,
		.verdict = process->is_vm ? VMB_IS_VM : VMB_IS_NO_VM,
		.epoch = (__u32)side->loader.control->epoch,
		.vm = process->number,
	};

	return loader_set_process(&side->loader, process->pid, &verdict);
}

/* Returns whether there is a new VM. */
static bool judge_one(struct kernel_side *side, const struct vmb_candidate *candidate)
{
	bool is_vhost = candidate->hint & VMB_HINT_VHOST;
	pid_t owner = is_vhost ? owner_of_vhost(side, candidate) : 0;
	enum verdict verdict = IS_VM;
	struct process *process;

	if (is_vhost && !owner)
		return false; /* until its VM has been found */
	process = calloc(1, sizeof(*process));
	if (!process)
		return false;
	process->pid = (pid_t)candidate->tgid;
	process->start_ns = candidate->start_ns;
	process->owner = owner;
	process->judged_at = process->scanned_at = side->tick;
	if (!is_vhost)
		verdict = judge(side, candidate->hint, candidate->comm, process);
	if (verdict == NOT_YET) {
		free(process);
		return false;
	}
	process->is_vm = verdict == IS_VM;
	if (process->is_vm)
		number_take(side, process);
	if (tell_kernel(side, process)) {
		number_give_back(side, process);
		tap_release_all(side, process);
		free(process);
		return false;
	}
	process->next = side->processes;
	side->processes = process;
	table_add(&side->by_pid, (uint64_t)process->pid, process);
	return process->is_vm;
}

unsigned judge_candidates(struct kernel_side *side)
{
	const struct vmb_control *control = side->loader.control;
	uint64_t n =
		control->n_candidates < VMB_CANDIDATES ? control->n_candidates : VMB_CANDIDATES;
	unsigned found = 0;

	for (uint64_t i = 0; i < n; i++) {
		struct vmb_candidate candidate = control->candidates[i];

		if (!find_process(side, (pid_t)candidate.tgid))
			found += judge_one(side, &candidate);
	}
	return found;
}

/* Whether the last walk met this very process. */
static bool was_seen(struct kernel_side *side, const struct process *process)
{
	struct vmb_process seen;

	return loader_get_process(&side->loader, process->pid, &seen) == 0 &&
	       seen.start_ns == process->start_ns &&
	       seen.epoch == (__u32)side->loader.control->epoch;
}

static void drop(struct kernel_side *side, struct process *process)
{
	tap_release_all(side, process);
	if (process->is_vm)
		release_slots_of(side, process->pid);
	number_give_back(side, process);
	loader_forget_process(&side->loader, process->pid);
	free(process);
}

void drop_gone_processes(struct kernel_side *side)
{
	struct process **at = &side->processes, *process;

	table_clear(&side->by_pid);
	while ((process = *at)) {
		bool again =
			!process->is_vm && side->tick - process->judged_at >= JUDGE_AGAIN_TICKS;

		if (again || !was_seen(side, process)) {
			*at = process->next;
			drop(side, process);
			continue;
		}
		table_add(&side->by_pid, (uint64_t)process->pid, process);
		at = &process->next;
	}
}

/* KVM's record of which thread ran a vCPU last holds also while the thread is out of KVM. */
static void learn_vcpus(struct kernel_side *side, const struct vmb_file *files, unsigned n_files)
{
	for (unsigned i = 0; i < n_files; i++) {
		if (files[i].kind == VMB_FILE_KVM_VCPU && files[i].tid)
			role_from_kvm(side, files[i].tgid, files[i].tid, files[i].vcpu);
	}
}

static void scan(struct kernel_side *side, struct process *process)
{
	int n_files = loader_files(&side->loader, process->pid, side->files, MAX_FILES);

	process->scanned_at = side->tick;
	process->n_threads_scanned = process->n_threads;
	if (n_files < 0)
		return;
	if (!process->of_libvirt)
		look_for_libvirt(process);
	process->kvm = holds_kvm(side->files, n_files);
	learn_vcpus(side, side->files, (unsigned)n_files);
	tap_update(side, process, side->files, (unsigned)n_files);
}

/* Each VM has its turn every n_vms / SCANS_PER_TICK ticks, and at once when a thread has come or
 * gone. */
void scan_files(struct kernel_side *side)
{
	unsigned budget = SCANS_PER_TICK;
	uint64_t oldest = side->n_vms / SCANS_PER_TICK;

	for (struct process *process = side->processes; process; process = process->next) {
		bool changed = process->n_threads != process->n_threads_scanned;
		bool due = budget && side->tick - process->scanned_at > oldest;

		if (!process->is_vm || process->owner || (!changed && !due))
			continue;
		if (!changed)
			budget--;
		scan(side, process);
	}
}
