/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the kernel side and user space share: keys, values and records of the maps. Fixed width,
 * sizes asserted. Times are in nanoseconds; those called "clock" are of the scheduler's run-queue
 * clock.
 */
#ifndef VMBPF_WIRE_H
#define VMBPF_WIRE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define VMB_COMM_LEN 16
#define VMB_NAME_LEN 16

/* Bucket i of a run-latency histogram counts waits of [2^(i+9), 2^(i+10)) ns; the first holds all
 * shorter ones and the last, from 34 s on, all longer ones. */
#define VMB_LATENCY_BUCKETS 27
#define VMB_LATENCY_SHIFT 9

/* Numbers of slots are 16 bits wide in the tables below, and 0 means none. */
#define VMB_MAX_SLOTS 65535

/* A flat table of 16-bit slot numbers, four to a map element, since elements are eight bytes. */
#define VMB_CELLS 4
struct vmb_cells {
	__u16 slot[VMB_CELLS];
};

enum vmb_slot_state {
	VMB_SLOT_FREE,
	VMB_SLOT_LIVE,
	VMB_SLOT_DEAD, /* the thread has left its CPU for the last time */
};

enum vmb_thread_flags {
	VMB_KTHREAD = 1, /* a kernel thread */
	VMB_USER_WORKER =
		2, /* made by the kernel inside a user process: vhost, KVM's recovery thread */
	VMB_IO_WORKER = 4, /* made by io_uring inside a user process */
};

/* Who had the CPU that a thread waited for. */
enum vmb_holder {
	VMB_BY_VM, /* a thread of another VM */
	VMB_BY_HOST, /* a task of no VM */
	VMB_BY_SELF, /* a thread of the same VM */
	VMB_BY_NOBODY, /* it was idle: the thread was being woken up, or a CPU limit held it back */
	VMB_HOLDERS,
};

/* Numbers of VMs are below this; 0 is no VM. */
#define VMB_MAX_VMS 1024

/*
 * KVM's own totals of a vCPU, by its names. Which of them there are depends on the kernel and the
 * architecture: VMB_ABSENT stands for the others.
 */
#define VMB_ABSENT (~0ull)
enum vmb_kvm_total {
	VMB_KVM_EXITS,
	VMB_KVM_IO_EXITS,
	VMB_KVM_MMIO_EXITS,
	VMB_KVM_HALT_EXITS,
	VMB_KVM_IRQ_EXITS,
	VMB_KVM_IRQ_WINDOW_EXITS,
	VMB_KVM_NMI_WINDOW_EXITS,
	VMB_KVM_SIGNAL_EXITS,
	VMB_KVM_REQUEST_IRQ_EXITS,
	VMB_KVM_HYPERCALLS,
	VMB_KVM_INSN_EMULATION,
	VMB_KVM_POLL_SUCCESS_NS,
	VMB_KVM_POLL_FAIL_NS,
	VMB_KVM_IDLE_NS, /* halted and asleep, the halt in progress included; counted with events
			    only */
	VMB_KVM_TOTALS,
};

/* The scheduler's own counters of a thread, copied. */
struct vmb_sched {
	__u64 run_ns;
	__u64 ready_ns;
	__u64 voluntary;
	__u64 involuntary;
	__u64 migrations;
};

/*
 * Everything counted for one thread of a VM. Three parts with one writer each, so nothing is locked
 * and nothing is atomic: the identity is written before the slot's number is published, the CPU's
 * half by the CPU that runs the thread, the walk's half by the walk.
 */
struct vmb_slot {
	/* identity */
	__u64 start_ns; /* boot time at the start of the thread */
	__u64 leader_start_ns; /* and of its process */
	__u32 tid;
	__u32 tgid;
	__u32 state; /* enum vmb_slot_state */
	__u32 flags; /* enum vmb_thread_flags */
	__u32 number; /* of this slot */
	__u32 vm; /* number of the VM the thread works for */
	__u32 victim; /* the same for threads whose waits are charged to their holders, else 0 */
	__u32 slot_unused[3];

	/* the CPU's half, current as of the last switch-out */
	struct {
		__u64 begin_clock; /* of that switch-out; written first */
		struct vmb_sched sched;
		__u64 on_ns; /* from arrivals to switch-outs, whatever the CPU did meanwhile */
		__u64 wait_ns; /* neither running nor runnable, up to the last arrival */
		__u64 wakeups; /* slices that followed a sleep */
		__u64 woken_ready_ns; /* the waits for a CPU that followed one */
		__u64 end_clock; /* equals begin_clock; written last, so that a torn copy shows */
		__u64 max_ready_ns; /* the longest single wait within max_epoch */
		__u64 max_epoch;
		__u64 rx_bytes, tx_bytes; /* moved to and from VMs in this thread's context */
		__u64 held_ns[VMB_HOLDERS]; /* of its finished waits, by who had the CPU */
		__u32 latency[VMB_LATENCY_BUCKETS];
		__u32 host_cpu; /* of the last switch-out */
		__u32 asleep; /* 1: that one began a sleep inside KVM */
		__u32 exits; /* number of its table of exits, 0: none yet, or VMB_NO_EXITS */
		__u32 cpu_unused[12];
	} cpu __attribute__((aligned(64)));

	/* the walk's half: all as of one instant */
	struct {
		__u64 epoch; /* of the walk that saw the thread */
		struct vmb_sched sched;
		__u64 overlap_ns; /* on a CPU, but not running */
		__u64 wait_ns;
		__u64 wakeups;
		__u64 max_ready_ns;
		__u32 host_cpu;
		__s32 vcpu; /* KVM's index of the vCPU this thread runs, -1 until it is known */
		char comm[VMB_COMM_LEN];
		__u64 guest_ns; /* inside the guest, as the scheduler's ticks sampled it */
		__u64 held_ns[VMB_HOLDERS];
		/* CPU limits: of its own cgroup, and of those above that one together. */
		__u64 throttled_ns, throttled_above_ns;
		__u64 group, group_above; /* tell cgroups apart */
		__u64 halt_ended_ns; /* KVM's own total of halts that have ended */
		__u64 halted_ns; /* as kvm[VMB_KVM_IDLE_NS], by KVM's account alone */
		__u64 kvm_vcpu; /* address of KVM's own record, 0: not known */
		__u64 kvm[VMB_KVM_TOTALS];
	} walk __attribute__((aligned(64)));
};

/* What user space thinks of a process, by its tgid. */
enum vmb_verdict {
	VMB_IS_VM = 1,
	VMB_IS_NO_VM = 2,
};

struct vmb_process {
	__u64 start_ns; /* a reused pid has another */
	__u32 verdict;
	__u32 epoch; /* of the walk that last saw it */
	__u32 vm; /* its number */
	__u32 unused;
};

/*
 * Who made the vCPUs of one VM wait: an open-addressed table. A holder is another VM by its number,
 * or a task of the host by its name. The last cell is for all that found no place.
 */
#define VMB_BLAMES 64
#define VMB_BLAME_OTHER (VMB_BLAMES - 1)
#define VMB_BLAME_PROBES 8

enum vmb_blame_state { VMB_BLAME_FREE, VMB_BLAME_CLAIMED, VMB_BLAME_READY };

struct vmb_blame {
	__u32 state; /* enum vmb_blame_state */
	__u32 vm; /* 0: a task of the host */
	char comm[VMB_COMM_LEN];
	__u64 ns;
};

struct vmb_blame_row {
	struct vmb_blame cells[VMB_BLAMES];
};

/* Why the walk thinks that a process should be judged. */
enum vmb_hint {
	VMB_HINT_NOTIFIER = 1, /* somebody follows its memory map, as KVM does */
	VMB_HINT_QEMU = 2, /* runs a program called qemu-*, owned by root */
	VMB_HINT_VHOST = 4, /* a kernel thread called vhost-* */
};

struct vmb_candidate {
	__u64 start_ns;
	__u32 tgid;
	__u32 hint;
	char comm[VMB_COMM_LEN];
};

#define VMB_CANDIDATES 512

/* One element, shared: what a walk says about itself, and what was lost. */
struct vmb_control {
	__u64 epoch; /* number of the walk */
	__u64 clock; /* run-queue clock at the walk */
	__u64 mono_ns; /* CLOCK_MONOTONIC at the walk */
	__u64 processes;
	__u64 threads;
	__u64 highest_slot; /* ever used */
	__u64 n_candidates; /* may exceed VMB_CANDIDATES: the rest was not kept */
	__u64 lost_slots; /* threads without a slot: the pool is empty */
	__u64 lost_tids; /* threads whose tid is beyond the table */
	__u64 torn; /* halves that changed while they were read; healed by the next walk */
	struct vmb_candidate candidates[VMB_CANDIDATES];
};

/* One interface of a VM. The address tells a reused index from the one that was meant. */
struct vmb_nic {
	__u32 ifindex; /* 0: free */
	__u32 netns; /* inode number */
	__u32 address; /* low half of the address of its net_device */
	__u32 slot;
};

/* Interfaces are found by open addressing over this many neighbours. */
#define VMB_NIC_PROBES 8

static inline __u32 vmb_nic_hash(__u32 ifindex, __u32 netns)
{
	return (ifindex ^ netns * 0x9e3779b1u) * 0x85ebca6bu >> 8;
}

/* Per interface and CPU; point of view of the VM. */
struct vmb_net {
	__u64 rx_bytes, tx_bytes;
	__u64 rx_packets, tx_packets;
};

/* What a process holds open, as far as it tells what the process is. */
enum vmb_file_kind {
	VMB_FILE_KVM_VM = 1,
	VMB_FILE_KVM_VCPU = 2,
	VMB_FILE_TAP = 3,
};

struct vmb_file {
	__u32 kind;
	__u32 tgid;
	__s32 vcpu; /* of a vCPU: its index, and the thread that ran it last (0: none yet) */
	__u32 tid;
	__u32 ifindex; /* of a tap */
	__u32 netns;
	__u32 address;
	__u32 unused;
	char name[VMB_NAME_LEN];
};

/*
 * Exits of a vCPU, counted while somebody looks at exits. A key has the kind in its highest bits
 * and below it what the kind is told apart by: the processor's reason and whose it is, the reason
 * told to user space, a port, or a page of device memory.
 */
enum vmb_exit_kind {
	VMB_EXIT_GUEST,
	VMB_EXIT_USERSPACE,
	VMB_EXIT_PIO,
	VMB_EXIT_MMIO,
	VMB_EXIT_KINDS,
};

#define VMB_EXIT_KIND_SHIFT 60
#define VMB_EXIT_ISA_SHIFT \
	32 /* of a guest's: VMB_ISA_VMX, VMB_ISA_SVM or a number that KVM gave \
	    */
#define VMB_EXIT_WRITE (1ull << 56) /* of an access */
#define VMB_EXIT_FAILED (1ull << 57) /* to user space: with an error */
#define VMB_EXIT_UNKNOWN (1ull << 58) /* a guest's whose reason cannot be read */
#define VMB_EXIT_OTHER (1ull << 59) /* all of the kind that found no row of their own */
#define VMB_EXIT_WHAT(key) ((key) & (VMB_EXIT_WRITE - 1))

/* arch/x86/include/asm/kvm_host.h, arch/x86/kvm/trace.h */
#define VMB_ISA_VMX 1
#define VMB_ISA_SVM 2
#define VMB_VMX_FAILED_ENTRY 0x80000000u
#define VMB_MMIO_PAGE_SHIFT 12

/* Never 0. */
static inline __u64 vmb_exit_key(enum vmb_exit_kind kind, __u64 what)
{
	return (__u64)(kind + 1) << VMB_EXIT_KIND_SHIFT | what;
}

/*
 * Times are from the exit to the next entry. The histogram has the buckets of run latency. Of the
 * longest time there are two, for intervals of even and odd number: one goes on while user space
 * reads the other.
 */
struct vmb_exit_row {
	__u64 key; /* 0: free */
	__u64 count;
	__u64 handling_ns;
	__u64 max_ns[2];
	__u32 max_interval[2]; /* the interval that each is of */
	__u32 latency[VMB_LATENCY_BUCKETS];
	__u32 unused;
};

/* For each kind a row of what found no other; then reasons, then accesses, which are many. */
#define VMB_EXIT_REASONS 32
#define VMB_EXIT_ACCESSES 32
#define VMB_EXIT_ROWS (VMB_EXIT_KINDS + VMB_EXIT_REASONS + VMB_EXIT_ACCESSES)

/* Of one vCPU thread, which is its only writer. */
struct vmb_exit_table {
	__u64 entered_ns; /* CLOCK_MONOTONIC, as is the next; 0: not inside the guest */
	__u64 exited_ns; /* 0: no exit waits for its entry */
	__u64 guest_ns; /* inside the guest, of the stays that have ended */
	__u64 delay_ns; /* what the thread had waited for CPUs when it entered */
	__u32 pending[VMB_EXIT_KINDS]; /* 1 + the row that the time up to the next entry is for */
	struct vmb_exit_row rows[VMB_EXIT_ROWS];
} __attribute__((aligned(64)));

/* Of all tables together. */
struct vmb_exit_control {
	__u32 interval; /* number of the present one, which user space ends */
	__u32 fires; /* an exit or an entry has been reported, of whatever VM */
	__u64 lost; /* what threads did for which there was no table */
};

/* In place of the number of a table: there was none left. */
#define VMB_NO_EXITS 0xffffffffu

_Static_assert(sizeof(struct vmb_cells) == 8, "shared layout");
_Static_assert(sizeof(struct vmb_slot) == 704, "shared layout");
_Static_assert(sizeof(struct vmb_process) == 24, "shared layout");
_Static_assert(sizeof(struct vmb_blame_row) == 2048, "shared layout");
_Static_assert(sizeof(struct vmb_candidate) == 32, "shared layout");
_Static_assert(sizeof(struct vmb_nic) == 16, "shared layout");
_Static_assert(sizeof(struct vmb_net) == 32, "shared layout");
_Static_assert(sizeof(struct vmb_file) == 48, "shared layout");
_Static_assert(sizeof(struct vmb_exit_row) == 160, "shared layout");
_Static_assert(sizeof(struct vmb_exit_table) == 10944, "shared layout");
_Static_assert(sizeof(struct vmb_exit_control) == 16, "shared layout");

#endif
