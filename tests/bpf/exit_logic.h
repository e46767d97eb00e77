/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and results that the test passes to exit_logic.bpf.c and back. */
#ifndef TESTS_BPF_EXIT_LOGIC_H
#define TESTS_BPF_EXIT_LOGIC_H

#define LOGIC_TABLE 1
#define LOGIC_SLOT 1

struct event_case {
	__u64 key;
	__u64 now;
	__u64 delay_ns;
};

struct guest_key_case {
	__u32 isa;
	__u32 reason;
	__u64 key;
};

struct userspace_key_case {
	__u32 reason;
	__s32 error;
	__u64 key;
};

struct access_key_case {
	__u64 address;
	__u64 write;
	__u64 pio, mmio;
};

struct table_case {
	__u32 number; /* as the slot says */
	__u32 found;
};

#endif
