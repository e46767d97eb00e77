/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot: everything known about the host and its VMs at one instant, as plain data.
 *
 * Collectors fill it, snapshot_finish() sums and links it, outputs only read it. Everything in a
 * snapshot, strings included, lives in the snapshot's own arena and dies with it.
 *
 * Units are in the names. "rx" is always what the VM received.
 */
#ifndef VMBPF_MODEL_H
#define VMBPF_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

/* Where numbers come from. An entity carries the set of sources that have filled it. */
enum source {
	SRC_TICK = 1u << 0, /* vmbpf itself: identity, counts of what is listed */
	SRC_SCHED = 1u << 1, /* the scheduler's own counters, copied by the walk */
	SRC_EVENTS = 1u << 2, /* the program on sched_switch */
	SRC_NET = 1u << 3, /* bytes and packets of an interface */
	SRC_NET_THREAD = 1u << 4, /* bytes by the thread that moved them */
	SRC_NET_DEVICE = 1u << 5, /* the interface's own drop and error counters */
	SRC_PROC = 1u << 6, /* /proc of the host or of a QEMU process */
	SRC_LIBVIRT = 1u << 7, /* libvirt's record of the domain */
	SRC_BALLOON = 1u << 8, /* the guest's own view of its memory, through libvirt */
	SRC_BLOCK = 1u << 9, /* disk counters of QEMU, through libvirt */
	SRC_STORAGE = 1u << 10, /* capacity and allocation of images, through libvirt */
	SRC_SELF = 1u << 11, /* what vmbpf itself costs */
	SRC_PRESSURE = 1u << 12, /* pressure stall information of the host */
	SRC_BPF_STATS = 1u << 13, /* what the kernel says its BPF programs cost */
	SRC_KVM = 1u << 14, /* KVM's own totals of a vCPU, copied by the walk */
	SRC_GUEST = 1u << 15, /* time inside the guest, see enum guest_source */
	SRC_LIMIT = 1u << 16, /* CPU limits of cgroups, copied by the walk */
	SRC_EXITS = 1u << 17, /* the programs on KVM's tracepoints */
};

#define N_SOURCES 18

enum scope {
	SCOPE_HOST,
	SCOPE_VM,
	SCOPE_VCPU,
	SCOPE_THREAD,
	SCOPE_NIC,
	SCOPE_DISK,
	SCOPE_EXIT,
	SCOPE_BLAME,
	N_SCOPES
};

enum role { ROLE_VCPU, ROLE_EMULATOR, ROLE_IOTHREAD, ROLE_WORKER, ROLE_VHOST, ROLE_OTHER, N_ROLES };

/* What a thread's role was concluded from, best first. */
enum evidence { BY_KERNEL, BY_LIBVIRT, BY_NAME, N_EVIDENCES };

enum vm_state {
	VM_RUNNING,
	VM_BLOCKED,
	VM_PAUSED,
	VM_SHUTDOWN,
	VM_SHUTOFF,
	VM_CRASHED,
	VM_SUSPENDED,
	VM_NO_LIBVIRT, /* a QEMU that libvirt does not know, or that nobody could ask about */
	N_VM_STATES
};

/* What the time inside the guest was measured by. */
enum guest_source {
	GUEST_BY_TICKS, /* the scheduler's clock ticks that found the CPU in the guest */
	GUEST_BY_EVENTS, /* each entry into the guest and exit from it */
	N_GUEST_SOURCES
};

/* What makes a guest leave guest mode, or what KVM counts of it. */
enum exit_kind {
	EXIT_GUEST, /* the processor's exit reasons */
	EXIT_USERSPACE, /* those that went on to QEMU */
	EXIT_PIO, /* accesses to I/O ports, by port */
	EXIT_MMIO, /* accesses to device memory, by page */
	N_EXIT_KINDS
};

/* Who had the CPU that a vCPU waited for. */
enum holder_kind {
	HOLDER_VM, /* another VM */
	HOLDER_HOST, /* a task of no VM, by its name */
	HOLDER_SELF, /* another thread of the same VM */
	HOLDER_NOBODY, /* the CPU was idle: being woken up, or held back by a CPU limit */
	HOLDER_OTHER, /* VMs and tasks that there was no room to tell apart */
	N_HOLDER_KINDS
};

/* In a uint64_t field: its source is there, but this one value was not reported (an old balloon
 * driver). Shown as absent. */
#define NOT_REPORTED UINT64_MAX

/*
 * What every entity starts with. `before` is the same entity in the snapshot before this one, or
 * NULL.
 *
 * Sources that are polled beside the tick (libvirt) do not deliver once a tick: `polled_ns` is when
 * their values were taken (CLOCK_MONOTONIC, 0 = never) and `polled_before` the entity as it was at
 * the last poll with another time, so that a rate spans two polls even when a tick brought no new
 * one.
 */
struct entity {
	uint32_t have; /* OR of enum source */
	uint64_t polled_ns;
	const void *before;
	const void *polled_before;
};

/* Time and events of one or more threads, as the scheduler counts them. */
struct sched_counters {
	uint64_t run_ns; /* on a CPU */
	uint64_t ready_ns; /* runnable without a CPU, the wait in progress included */
	uint64_t overlap_ns; /* on a CPU that interrupts or the host's own host took (SRC_EVENTS) */
	uint64_t wait_ns; /* off CPU and not runnable (SRC_EVENTS) */
	/* Of ready_ns, once the wait has ended, by who had the CPU (SRC_EVENTS, as the next three).
	 */
	uint64_t stolen_by_vm_ns;
	uint64_t stolen_by_host_ns;
	uint64_t stolen_by_self_ns;
	uint64_t uncontended_ns; /* nobody had it */
	uint64_t voluntary;
	uint64_t involuntary;
	uint64_t switches; /* the sum of these two, set by snapshot_finish() */
	uint64_t migrations;
	uint64_t wakeups; /* SRC_EVENTS */
};

/* From runnable to running, over the last interval (SRC_EVENTS). */
struct run_latency {
	double p50_s;
	double p99_s;
	double max_s;
};

/* KVM's own totals (SRC_KVM); NOT_REPORTED where this kernel or architecture has none. */
struct kvm_counters {
	uint64_t exits;
	uint64_t io_exits, mmio_exits, halt_exits;
	uint64_t irq_exits; /* for interrupts of the host */
	uint64_t irq_window_exits, nmi_window_exits, request_irq_exits;
	uint64_t signal_exits;
	uint64_t hypercalls, emulated;
	uint64_t poll_success_ns, poll_fail_ns;
	uint64_t poll_ns; /* the sum of these two, set by snapshot_finish() */
	uint64_t idle_ns; /* halted and off the CPU */
};

/* What the programs on KVM's tracepoints measured (SRC_EXITS). */
struct exit_counters {
	uint64_t handling_ns; /* from the exit to the next entry, on or off the CPU; halts left out
			       */
};

struct net_counters {
	uint64_t rx_bytes, tx_bytes;
	uint64_t rx_packets, tx_packets;
	uint64_t rx_drops, tx_drops; /* SRC_NET_DEVICE, as are the errors */
	uint64_t rx_errors, tx_errors;
};

struct disk_counters {
	uint64_t read_bytes, write_bytes;
	uint64_t read_requests, write_requests, flushes;
	uint64_t read_ns, write_ns; /* sums of request times */
};

struct storage {
	uint64_t capacity_bytes; /* as the guest sees it */
	uint64_t allocated_bytes; /* occupied on the host */
};

struct thread {
	struct entity e;
	struct thread *next;
	pid_t tid;
	uint64_t start_ns; /* CLOCK_BOOTTIME at its start */
	const char *comm;
	enum role role;
	enum evidence evidence;
	int vcpu; /* index, -1 unless role is ROLE_VCPU */
	uint64_t host_cpu; /* the CPU it runs on or ran on last */
	struct sched_counters sched;
	struct run_latency latency;
	uint64_t net_rx_bytes, net_tx_bytes;
};

struct vcpu {
	struct entity e;
	struct vcpu *next;
	uint64_t index;
	pid_t tid;
	uint64_t start_ns; /* of its thread */
	uint64_t host_cpu;
	struct sched_counters sched;
	struct run_latency latency;
	struct kvm_counters totals;
	struct exit_counters exits;
	uint64_t guest_ns; /* SRC_GUEST */
	enum guest_source guest_by;
	uint64_t throttled_ns; /* SRC_LIMIT */
	uint64_t net_rx_bytes, net_tx_bytes;
};

/* Why a VM left guest mode, and what that cost. */
struct exit {
	struct entity e;
	struct exit *next;
	uint64_t start_ns; /* CLOCK_BOOTTIME before which it had not happened, 0: unknown */
	enum exit_kind kind;
	const char *reason; /* the kernel's name, else hex; of an access, the address */
	int64_t vcpu; /* -1: of all vCPUs */
	uint64_t count;
	uint64_t handling_ns; /* NOT_REPORTED where no re-entry is seen */
	double p99_s, max_s; /* of the interval, NAN where nothing ended in it */
};

/* Who held the CPUs that a VM's vCPUs waited for. */
struct blame {
	struct entity e;
	struct blame *next;
	uint64_t start_ns; /* CLOCK_BOOTTIME before which it had not held any, 0: unknown */
	enum holder_kind kind;
	const char *holder; /* name of the VM or of the task, else of the kind */
	const char *holder_uuid; /* of a VM in libvirt */
	pid_t holder_pid; /* of a VM */
	/* The holder, set by the collector instead of the three above: these by snapshot_finish().
	 */
	const struct vm *vm;
	uint64_t held_ns;
};

struct nic {
	struct entity e;
	struct nic *next;
	uint32_t netns; /* inode number of the device's network namespace, 0: unknown */
	const char *device; /* the tap on the host; its key */
	const char *mac;
	const char *source; /* bridge or network */
	struct net_counters net;
};

struct disk {
	struct entity e;
	struct disk *next;
	const char *target; /* vda; its key */
	const char *path;
	struct disk_counters io;
	struct storage storage;
};

struct vm {
	struct entity e;
	struct vm *next;
	const char *name;
	const char *uuid; /* NULL without libvirt */
	const char *title;
	const char *owner_name, *owner_project, *owner_flavour; /* OpenStack */
	const char *tags; /* other identifiers found in the metadata, such as Proxmox' */
	int64_t id; /* libvirt's, -1 unless running under libvirt */
	pid_t pid; /* of QEMU, 0 unless it runs */
	uint64_t start_ns; /* CLOCK_BOOTTIME at the start of QEMU */
	enum vm_state state;
	unsigned kvm; /* 1: the process holds a KVM VM */
	uint64_t n_vcpus; /* current: libvirt's, else those found */
	uint64_t n_threads;
	uint64_t stale; /* 1 if libvirt's data is older than two ticks */
	double age_s; /* of libvirt's data, set by snapshot_finish() */

	struct sched_counters sched; /* of the vCPUs, as are the next five */
	struct run_latency latency;
	struct kvm_counters totals;
	struct exit_counters exits;
	uint64_t guest_ns;
	enum guest_source guest_by;
	uint64_t throttled_ns; /* of all its cgroups */
	uint64_t cpu_ns; /* of all threads, ended ones included */
	uint64_t role_ns[N_ROLES]; /* its parts */

	uint64_t memory_assigned_bytes, memory_maximum_bytes;
	uint64_t memory_available_bytes, memory_unused_bytes; /* SRC_BALLOON, as are the next six */
	uint64_t memory_usable_bytes, memory_cached_bytes;
	uint64_t guest_faults_minor, guest_faults_major;
	uint64_t guest_swap_in_bytes, guest_swap_out_bytes;
	double memory_guest_age_s;
	uint64_t memory_rss_bytes, memory_swap_bytes;
	uint64_t faults_minor, faults_major;

	struct net_counters net; /* sums of the nics */
	struct disk_counters io; /* sums of the disks */
	struct storage storage;

	struct vcpu *vcpus, **vcpus_tail;
	struct thread *threads, **threads_tail;
	struct nic *nics;
	struct disk *disks;
	struct exit *exits_by_reason, **exits_tail;
	struct blame *blames, **blames_tail;
};

/* A source of data as a whole: is it there, and if not, why. */
struct source_status {
	const char *name; /* "sched", "libvirt", ... */
	bool up;
	const char *reason; /* NULL while up */
};

struct host {
	struct entity e;
	const char *name;
	uint64_t n_cpus, n_vms, n_running, n_vcpus;
	uint64_t busy_ns; /* CPU time of everything on the host */
	uint64_t vm_ns; /* CPU time charged to VMs */
	double load_1m;
	uint64_t memory_total_bytes, memory_available_bytes, swap_used_bytes;
	uint64_t pressure_cpu_ns, pressure_memory_ns, pressure_io_ns;
	uint64_t self_ns; /* CPU time of vmbpf */
	uint64_t self_memory_bytes;
	uint64_t bpf_programs; /* attached to events */
	uint64_t bpf_events; /* times they ran (SRC_BPF_STATS, as is the next) */
	uint64_t bpf_ns;
	uint64_t lost_events;
	double tick_s; /* what the last tick took */
	uint64_t n_down; /* sources that are down */
};

#define MAX_SOURCES 12

/* The three clocks are set by whoever takes the snapshot, before snapshot_finish(). */
struct snapshot {
	struct arena *arena;
	struct snapshot_index *index; /* of the VMs by pid and UUID */
	const struct snapshot
		*before; /* NULL on the first tick; only this one step back is valid */
	uint64_t mono_ns; /* CLOCK_MONOTONIC */
	uint64_t boot_ns; /* CLOCK_BOOTTIME, 0 where unknown */
	uint64_t real_ns; /* CLOCK_REALTIME */
	uint64_t interval_ns; /* since `before`, 0 on the first tick */
	struct host host;
	struct vm *vms, **vms_tail;
	struct source_status sources[MAX_SOURCES];
	unsigned n_sources;
};

/* An empty snapshot, or NULL with errno. snapshot_free() accepts NULL. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *snap);

/*
 * Each appends one entity to its list, zeroed but for SRC_TICK (and vm.id, thread.vcpu and
 * exit.vcpu, which are -1). They end the program when memory is exhausted.
 */
struct vm *snapshot_add_vm(struct snapshot *snap);
struct thread *snapshot_add_thread(struct snapshot *snap, struct vm *vm);
struct vcpu *snapshot_add_vcpu(struct snapshot *snap, struct vm *vm);
struct exit *snapshot_add_exit(struct snapshot *snap, struct vm *vm);
struct blame *snapshot_add_blame(struct snapshot *snap, struct vm *vm);

/* The nic or disk of that key, added if the VM has none yet. */
struct nic *snapshot_nic(struct snapshot *snap, struct vm *vm, const char *device);
struct disk *snapshot_disk(struct snapshot *snap, struct vm *vm, const char *target);

/* NULL where there is none. */
struct vm *snapshot_find_pid(const struct snapshot *snap, pid_t pid);
struct vm *snapshot_find_uuid(const struct snapshot *snap, const char *uuid);

/* To be called when no pid and no UUID will change any more: searches change nothing then. */
void snapshot_index_vms(struct snapshot *snap);

/* Copies a string into the snapshot; NULL stays NULL. */
const char *snapshot_text(struct snapshot *snap, const char *text);

/* Tells whether a source is up; `reason` is copied and ignored while it is. */
void snapshot_source(struct snapshot *snap, const char *name, bool up, const char *reason);

/*
 * The last step of a tick: adds the children up into their VM and the VMs into the host, orders the
 * VMs by name, and links every entity to the one in `before` (NULL on the first tick). An entity
 * that started after `before` was taken is linked to one that is all zero: its counters began
 * within the interval. `before` must live as long as `snap` is read.
 *
 * The `before` of a sum holds the sum of what its present parts were, so that a NIC or vCPU that
 * was unplugged takes nothing away from the rate; while a part has no `before`, the sum has none.
 */
void snapshot_finish(struct snapshot *snap, const struct snapshot *before);

extern const char *const role_names[N_ROLES];
extern const char *const evidence_names[N_EVIDENCES];
extern const char *const vm_state_names[N_VM_STATES];
extern const char *const guest_source_names[N_GUEST_SOURCES];
extern const char *const exit_kind_names[N_EXIT_KINDS];
extern const char *const holder_kind_names[N_HOLDER_KINDS];

#endif
