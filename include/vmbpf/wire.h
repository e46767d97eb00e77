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
	__u32 slot_unused[5];

	/* the CPU's half, current as of the last switch-out */
	struct {
		__u64 begin_clock; /* of that switch-out; written first */
		struct vmb_sched sched;
		__u64 on_ns; /* from arrivals to switch-outs, whatever the CPU did meanwhile */
		__u64 wait_ns; /* neither running nor runnable, up to the last arrival */
		__u64 wakeups; /* slices that followed a sleep */
		__u64 end_clock; /* equals begin_clock; written last, so that a torn copy shows */
		__u64 max_ready_ns; /* the longest single wait within max_epoch */
		__u64 max_epoch;
		__u64 rx_bytes, tx_bytes; /* moved to and from VMs in this thread's context */
		__u32 latency[VMB_LATENCY_BUCKETS];
		__u32 cpu_unused[3];
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
		__u64 walk_unused[2];
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

_Static_assert(sizeof(struct vmb_cells) == 8, "shared layout");
_Static_assert(sizeof(struct vmb_slot) == 448, "shared layout");
_Static_assert(sizeof(struct vmb_process) == 16, "shared layout");
_Static_assert(sizeof(struct vmb_candidate) == 32, "shared layout");
_Static_assert(sizeof(struct vmb_nic) == 16, "shared layout");
_Static_assert(sizeof(struct vmb_net) == 32, "shared layout");
_Static_assert(sizeof(struct vmb_file) == 48, "shared layout");

#endif
