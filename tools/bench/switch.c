/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a context switch costs while vmbpf is there, beside an empty program on sched_switch. */
#include <err.h>
#include <sysexits.h>

#include "lib/compare.h"
#include "lib/load.h"

#define CHUNKS 100

static int measure(void *load, double *ret)
{
	return load_measure(load, CHUNKS, ret);
}

int main(void)
{
	static const char *const empty[] = { "empty_switch", NULL }, *const ours[] = { "on_switch",
		NULL };
	struct comparison comparison = {
		.title = "one context switch",
		.events = ON_SWITCH,
		.tap = -1,
		.measure = measure,
		.empty_programs = empty,
		.our_programs = ours,
		.by_clock = {
			[NOTHING] = { .what = "nothing attached", .unit = "ns" },
			[LIGHT] = { .what = "vmbpf --light, added (to nothing)", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.02 },
			[EMPTY] = { .what = "empty program, added", .unit = "ns" },
			[OF_NO_VM] = { .what = "vmbpf, tasks of no VM, added", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.3 },
			[OF_VM] = { .what = "vmbpf, both tasks of one VM, added", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.5 },
			[BEHIND_VM] = { .what = "vmbpf, two VMs that wait for each other, added",
				.unit = "ns", .gate = RATIO_AT_MOST, .limit = 1.5 },
			[BEHIND_HOST] = { .what = "vmbpf, a VM that waits for a task of none, added",
				.unit = "ns", .gate = RATIO_AT_MOST, .limit = 1.5 },
		},
		.by_statistics = {
			[EMPTY] = { .what = "inside the empty program", .unit = "ns" },
			[OF_NO_VM] = { .what = "inside vmbpf's, tasks of no VM", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.25 },
			[OF_VM] = { .what = "inside vmbpf's, both tasks of one VM", .unit = "ns",
				.gate = RATIO_AT_MOST, .limit = 1.6 },
			[BEHIND_VM] = { .what = "inside vmbpf's, two VMs that wait for each other",
				.unit = "ns", .gate = RATIO_AT_MOST, .limit = 1.6 },
			[BEHIND_HOST] = { .what = "inside vmbpf's, a VM that waits for a task of none",
				.unit = "ns", .gate = RATIO_AT_MOST, .limit = 1.6 },
		},
	};
	int status;

	comparison.state = load_new("yield", cpus_divide());
	if (!comparison.state)
		err(EX_NOPERM, "real-time threads");
	comparison.holder = load_partner(comparison.state);
	status = measure_repeatedly(compare, &comparison);
	comparison_print(&comparison);
	load_free(comparison.state);
	return status;
}
