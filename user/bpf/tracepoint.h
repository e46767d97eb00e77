/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tracepoints BTF programs can attach to here, and what these are given. */
#ifndef BPF_TRACEPOINT_H
#define BPF_TRACEPOINT_H

#include <stdbool.h>

struct btf;

struct tracepoint {
	bool in_module; /* kvm's: built into the kernel otherwise */
	unsigned n_arguments;
	bool first_is_pointer;
};

/*
 * Looks for a tracepoint in the types of the kernel, then in those of the module kvm (NULL: not
 * loaded, or none). -ENOENT where it is in neither.
 */
int tracepoint_find(
	const struct btf *kernel, const struct btf *kvm, const char *name, struct tracepoint *ret);

/* The types of the module kvm, for btf__free(); NULL where it is not loaded or has none. */
struct btf *tracepoint_kvm_types(struct btf *kernel);

#endif
