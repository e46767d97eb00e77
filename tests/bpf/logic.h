/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Arguments and results that the test passes to logic.bpf.c and back. */
#ifndef TESTS_BPF_LOGIC_H
#define TESTS_BPF_LOGIC_H

#define LOGIC_SLOT 7

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

#endif
