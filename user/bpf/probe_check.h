/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the features of probes[] are looked for; see struct probe for what a check returns. */
#ifndef BPF_PROBE_CHECK_H
#define BPF_PROBE_CHECK_H

#include "bpf/probe.h"

typedef enum probe_result probe_check_fn(const struct probe *probe, char *detail, size_t size);

/* probe_kernel.c. Those about one type or tracepoint find its name after the '/' of the probe's. */
probe_check_fn check_btf, check_bpf, check_jit, check_tracepoint, check_kvm_tracepoint, check_kfunc,
	check_iterator, check_sched_info;

/* probe_system.c */
probe_check_fn check_kvm, check_libvirt, check_cgroup, check_tracefs, check_memlock, check_pressure;

/* Writes one of the two texts, by whether it is there. */
enum probe_result probe_found(
	bool is_there, char *detail, size_t size, const char *there, const char *missing);

/* Whether a file can be accessed so (mode as for access(2)). */
enum probe_result probe_file(const char *path, int mode, char *detail, size_t size);

#endif
