/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this host offers: one row per feature vmbpf can use. Features are probed, versions never
 * tested. */
#ifndef BPF_PROBE_H
#define BPF_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum probe_result { PROBE_OK, PROBE_MISSING, PROBE_UNKNOWN };

#define PROBE_DETAIL_MAX 160

struct probe {
	const char *name; /* "btf", "tp_btf/sched_switch" */
	const char *what; /* for people: "kernel type information" */
	const char *lost; /* what is absent without it */
	const char *remedy; /* what would bring it */
	bool required; /* the main job needs it */
	/* `detail` gets what was found, or why it is missing, never a bare errno. */
	enum probe_result (*check)(const struct probe *probe, char *detail, size_t size);
};

extern const struct probe probes[];
extern const size_t n_probes;

/* Looks a probe up by name and runs it; PROBE_UNKNOWN for a name that does not exist. */
enum probe_result probe_has(const char *name);

#endif
