/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Arguments and results that the test passes to logic.bpf.c and back. */
#ifndef TESTS_BPF_LOGIC_H
#define TESTS_BPF_LOGIC_H

#define LOGIC_SLOT 7
#define LOGIC_CPUS 2

struct bucket_case {
	__u64 wait_ns;
	__u64 bucket;
};

struct hash_case {
	__u32 ifindex;
	__u32 netns;
	__u64 hash;
};

struct slice_case {
	__u64 clock;
	__u64 arrival;
	__u64 run_delay;
};

struct slot_case {
	__u64 clock;
	__u64 number;
};

/* A slice that begins on a CPU. */
struct push_case {
	__u64 begin;
	__u32 cpu;
	__u32 vm;
	__u32 tid; /* of a task of no VM */
	__u32 kthread; /* 1: a thread of the kernel */
	char comm[16];
};

/* A wait of the thread in LOGIC_SLOT that ends on a CPU. */
struct wait_case {
	__u64 clock;
	__u64 queued;
	__u64 elsewhere_ns;
	__u64 moves;
	__u64 cpu;
};

#endif
