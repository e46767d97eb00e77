/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the kernel-side collector share: the processes that are VMs, the threads in
 * their slots and the taps they hold.
 */
#ifndef COLLECT_KERNEL_H
#define COLLECT_KERNEL_H

#include "base/table.h"
#include "bpf/loader.h"
#include "vmbpf/collector.h"

/* More taps than libvirt gives a VM; what is beyond is counted as lost. */
#define MAX_TAPS 64
#define VM_NAME_MAX 256

/* Records of one look at the files of a process. */
#define MAX_FILES 512

struct tap {
	struct vmb_file file;
	unsigned slot; /* of its counters, if they are */
	bool counted;
	bool seen;
};

/* A process that is a VM, or a kernel thread that works for one. */
struct process {
	struct process *next;
	pid_t pid;
	uint64_t start_ns;
	pid_t owner; /* of a kernel thread: the VM's pid; else 0 */
	bool is_vm;
	bool kvm;
	bool of_libvirt; /* libvirt has put it into a cgroup of its own */
	char name[VM_NAME_MAX]; /* its own word, for those that libvirt does not know */
	char proxmox_id[16]; /* "" where it has none */
	uint64_t judged_at; /* tick */
	uint64_t scanned_at; /* tick of the last look at its files */
	unsigned n_threads, n_threads_scanned;
	uint64_t ended_ns[N_ROLES]; /* CPU time of threads that have ended */
	struct tap taps[MAX_TAPS];
	unsigned n_taps;
	struct vm *vm; /* of the present snapshot */
	uint32_t latency[VMB_LATENCY_BUCKETS]; /* of its vCPUs, in this interval */
	uint64_t max_ready_ns;
};

/* What user space remembers of a slot. */
struct slot_memory {
	uint64_t start_ns; /* of the thread this is about, 0: of none */
	enum role role;
	enum evidence evidence;
	int vcpu;
	unsigned asked; /* times that libvirt's record was looked up */
	char comm[VMB_COMM_LEN];
	uint32_t latency[VMB_LATENCY_BUCKETS]; /* as of the last tick */
};

struct kernel_side {
	struct loader loader;
	uint64_t tick;
	unsigned n_vms;
	struct process *processes;
	struct table by_pid;
	struct slot_memory *slots; /* n_slots */
	uint32_t *freed; /* slots to give back at the next tick */
	unsigned n_freed;
	bool *nic_used; /* n_nics */
	uint64_t lost_taps;
	struct vmb_file *files; /* scratch */
};

static inline struct process *find_process(const struct kernel_side *side, pid_t pid)
{
	return table_find(&side->by_pid, (uint64_t)pid, NULL);
}

/* judge.c: looks at the candidates of the last walk; returns how many new VMs it found. */
unsigned judge_candidates(struct kernel_side *side);

/* judge.c: drops the processes that the last walk did not see any more. */
void drop_gone_processes(struct kernel_side *side);

/* judge.c: looks at the files of the VMs whose turn it is: vCPUs and taps come and go. */
void scan_files(struct kernel_side *side);

/* role.c: decides, once or again, what a thread is. */
void decide_role(
	const struct process *process, const struct vmb_slot *slot, struct slot_memory *memory);

/* role.c: KVM says that this thread ran that vCPU. */
void role_from_kvm(struct kernel_side *side, uint32_t tgid, uint32_t tid, int vcpu);

/* role.c: only from the name, the last resort. *vcpu is set for ROLE_VCPU. */
enum role role_of_name(const char *comm, int *vcpu);

/* threads.c: adds a thread for each slot in use, and takes back those of threads that have ended.
 */
void collect_threads(struct kernel_side *side, struct snapshot *snap);
void release_slots_of(struct kernel_side *side, pid_t pid);

/* taps.c */
void tap_update(struct kernel_side *side, struct process *process, const struct vmb_file *files,
	unsigned n_files);
void tap_release_all(struct kernel_side *side, struct process *process);
void collect_taps(struct kernel_side *side, struct snapshot *snap);

/* latency.c: quantiles of a histogram; NAN where it is empty. */
void latency_summarise(const uint32_t buckets[static VMB_LATENCY_BUCKETS], uint64_t max_ns,
	struct run_latency *ret);

/* cmdline.c: the arguments are `size` bytes, each ended by a 0 byte. */
bool cmdline_name(const char *cmdline, size_t size, char *name, size_t name_size);
bool cmdline_proxmox_id(const char *cmdline, size_t size, char *id, size_t id_size);
bool cmdline_is_probe(const char *cmdline, size_t size);

#endif
