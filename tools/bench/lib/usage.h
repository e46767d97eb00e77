/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU time that this process, or a program it runs, takes. */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stddef.h>
#include <stdint.h>

struct usage {
	uint64_t total_ns; /* exact */
	uint64_t user_ns; /* of which in user mode: total_ns in the kernel's proportion, by sampling
			   */
};

struct usage usage_self(void);
struct usage usage_since(struct usage before);

/* Where a file of the build is, such as "tests/stub_vms". Returns `path`. */
char *build_path(const char *name, char *path, size_t size);

/*
 * Runs a program, waits for its first output, and measures it for `seconds` from one second later
 * on; its output is read and thrown away. -errno; -ECHILD where it ended early.
 */
int usage_of_program(const char *const *argv, double seconds, struct usage *ret);

#endif
