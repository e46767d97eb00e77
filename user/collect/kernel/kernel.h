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

/* One that held CPUs from a VM. */
struct held {
	uint64_t since_ns; /* boot time at which its cell was free still, 0: unknown */
	uint64_t ns; /* as of the last tick */
	unsigned idle_ticks; /* since it grew */
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
	uint64_t ended_held_ns[VMB_HOLDERS]; /* waits of vCPUs that have, by who had the CPU */
	struct tap taps[MAX_TAPS];
	unsigned n_taps;
	struct vm *vm; /* of the present snapshot */
	struct group *groups; /* the cgroups of its threads, in the present snapshot's memory */
	struct exit_sum *exit_sums; /* why its vCPUs left the guest, likewise */
	uint32_t number; /* what the kernel side calls the VM; of a kernel thread: its owner's; 0:
			    none */
	struct held held[VMB_BLAMES]; /* what is known of the cells of its row */
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
	uint64_t kvm_exits; /* KVM's total as of the last tick, 0: unknown */
};

/* What user space remembers of a table of exits. */
struct exit_memory {
	uint64_t guest_ns; /* as it was told last */
	uint64_t since_ns[VMB_EXIT_ROWS]; /* boot time at which the row was free still, 0: it is */
	uint32_t latency[VMB_EXIT_ROWS][VMB_LATENCY_BUCKETS]; /* as of the last tick */
};

struct kernel_side {
	struct loader loader;
	uint64_t tick;
	unsigned n_vms;
	struct process *processes;
	struct table by_pid;
	struct slot_memory *slots; /* n_slots */
	struct process *numbered[VMB_MAX_VMS]; /* the VM of each number */
	uint32_t last_number; /* that was given away: one that has just been given back rests */
	uint32_t *freed; /* slots to give back at the next tick */
	unsigned n_freed;
	bool *nic_used; /* n_nics */
	uint64_t lost_taps;
	struct vmb_file *files; /* scratch */
	struct exit_memory *exits; /* n_exit_tables, NULL unless exits are counted */
	uint32_t interval; /* of the kernel side's maxima, that has just ended */
	uint64_t last_boot_ns; /* boot time of the last tick, before that of the start */
	bool exits_wanted, exits_by_vcpu;
	bool exits_fire; /* KVM reports exits and entries */
	bool kvm_exits; /* KVM has counted exits since the first tick */
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

/* threads.c: slots in use are below this. */
unsigned end_of_slots(const struct kernel_side *side);

/* threads.c: adds a thread for each slot in use, and takes back those of threads that have ended.
 */
void collect_threads(struct kernel_side *side, struct snapshot *snap);
void release_slots_of(struct kernel_side *side, pid_t pid);

/* limits.c: notes the cgroup of a thread (`vcpu` is NULL for those that run none), then adds up. */
void limit_note(struct snapshot *snap, struct process *process, const struct vmb_slot *slot,
	struct vcpu *vcpu);
void limit_fill(struct process *process);

/* exits.c: once a tick, before the vCPUs are noted. */
void exits_begin(struct kernel_side *side);
/* exits.c: adds why a vCPU left the guest, and the time in it where that is measured by events. */
void exits_note(struct kernel_side *side, struct snapshot *snap, struct process *process,
	const struct vmb_slot *slot, struct vcpu *vcpu);
/* exits.c: completes a VM whose vCPUs have all been noted. */
void exits_fill(struct process *process);
/* exits.c: takes back the table of a thread that has ended. */
void exits_give_back(struct kernel_side *side, const struct vmb_slot *slot);
/* exits.c: whether exits are seen and why not, if somebody wants them; once, at the end. */
void exits_describe(struct kernel_side *side, struct snapshot *snap);

/* blame.c: gives a VM its number; it stays 0 where there is none left. */
void number_take(struct kernel_side *side, struct process *process);
/* blame.c: forgets all that was held by or against the VM. */
void number_give_back(struct kernel_side *side, struct process *process);
/* blame.c: who held the CPUs that the vCPUs of each VM waited for. */
void collect_blames(struct kernel_side *side, struct snapshot *snap);

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
