/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns which metric has which cause looked for. The first row that fits is taken; a name that ends
 * in * is the beginning of several. How each cause is found is in evidence_*.c.
 */
#include "alert/evidence.h"

#include <string.h>

#include "alert/evidence_ask.h"

#define HOST (1u << SCOPE_HOST)
#define VM (1u << SCOPE_VM)
#define VCPU (1u << SCOPE_VCPU)
#define NIC (1u << SCOPE_NIC)
#define DISK (1u << SCOPE_DISK)

static const struct {
	uint32_t scopes;
	const char *name;
	evidence_finder *find;
} rows[] = {
	{ HOST, "cpu*", find_host_cpu },
	{ HOST, "load_1m", find_host_cpu },
	{ HOST, "pressure_cpu", find_host_cpu },
	{ HOST, "memory_*", find_host_memory },
	{ HOST, "pressure_memory", find_host_memory },
	{ HOST, "swap_used", find_host_swap },
	{ HOST, "pressure_io", find_host_io },
	{ HOST, "lost_events", find_losses },
	{ HOST, "sources_down", find_sources_down },
	{ HOST, "self_*", find_own_cost },
	{ HOST, "bpf_*", find_own_cost },
	{ HOST, "tick_duration", find_own_cost },

	{ VM, "state", find_state },
	{ VM, "stale", find_staleness },
	{ VM, "age", find_staleness },
	{ VM | VCPU, "cpu*", find_cpu },
	{ VM | VCPU, "demand", find_cpu },
	{ VM | VCPU, "guest", find_cpu },
	{ VM | VCPU, "halt_poll*", find_polling },
	{ VM | VCPU, "hypervisor", find_exits },
	{ VM | VCPU, "exit*", find_exits },
	{ VM | VCPU, "hypercalls", find_exits },
	{ VM | VCPU, "emulated", find_exits },
	{ VM | VCPU, "ready", find_waiting },
	{ VM | VCPU, "stolen_by_*", find_waiting },
	{ VM | VCPU, "uncontended", find_waiting },
	{ VM | VCPU, "run_latency_*", find_waiting },
	{ VM | VCPU, "switches_involuntary", find_waiting },
	{ VM | VCPU, "throttled", find_throttling },
	{ VM | VCPU, "overlap", find_interruption },
	{ VM | VCPU, "wait", find_off_cpu },
	{ VM | VCPU, "idle", find_off_cpu },
	{ VM | VCPU, "blocked", find_off_cpu },

	{ VM, "memory_swap", find_host_memory_of_vm },
	{ VM, "memory_rss", find_host_memory_of_vm },
	{ VM, "faults_*", find_host_memory_of_vm },
	{ VM, "memory_guest_age", find_guest_age },
	{ VM, "memory_*", find_guest_memory },
	{ VM, "guest_faults_*", find_guest_memory },
	{ VM, "guest_swap_*", find_guest_memory },

	{ VM | NIC, "net_rx_drops", find_drops },
	{ VM | NIC, "net_tx_drops", find_drops },
	{ VM | NIC, "net_rx_errors", find_net_errors },
	{ VM | NIC, "net_tx_errors", find_net_errors },
	{ VM | NIC, "net_*", find_traffic },

	{ VM | DISK, "disk_read_latency", find_disk_latency },
	{ VM | DISK, "disk_write_latency", find_disk_latency },
	{ VM | DISK, "disk_*", find_disk_load },
	{ VM | DISK, "storage_*", find_storage },
};

static bool is_named(const char *name, const char *pattern)
{
	size_t size = strcspn(pattern, "*");

	return strncmp(name, pattern, size) == 0 && (pattern[size] == '*' || !name[size]);
}

static evidence_finder *finder_of(const struct metric *metric)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].scopes & 1u << metric->scope && is_named(metric->name, rows[i].name))
			return rows[i].find;
	return NULL;
}

/* Where no cause was found, that is said, and why. */
static void admit(const struct question *question, bool known, struct finding *ret)
{
	const struct metric *metric = question->column->metric;
	const char *name = SAY(question, "%s.%s", scopes[metric->scope].name, metric->name);

	ret->cause =
		known ? SAY(question, "why is not known: nothing in this interval tells it")
		      : SAY(question, "why is not known: vmbpf has no rule of thumb for %s", name);
	ret->suggestion = question->item->vm ? "see the VM in vmbpf top (Enter)" : "see vmbpf top";
}

void evidence_find(const struct evidence_memory *memory, struct arena *arena,
	const struct snapshot *snap, const struct column *column, const struct item *item,
	struct finding *ret)
{
	const struct question question = { memory, arena, snap, column, item };
	const struct metric *metric = column->metric;
	const char *absence = ask_absence(&question, metric->needs, item->entity);
	evidence_finder *find = finder_of(metric);

	*ret = (struct finding){ 0 };
	if (absence) {
		ret->cause = SAY(&question, "%s.%s is not measured: %s", scopes[metric->scope].name,
			metric->name, absence);
		return;
	}
	if (find)
		find(&question, ret);
	if (!ret->cause)
		admit(&question, find != NULL, ret);
}
