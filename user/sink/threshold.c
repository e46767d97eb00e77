/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thresholds that outputs for people mark. */
#include "sink/threshold.h"

#include <math.h>
#include <string.h>

static const struct {
	enum scope scope;
	const char *column;
	double warning, critical;
	bool of_vcpus; /* the sum of a VM hides how its worst vCPU fares */
} rows[] = {
	{ SCOPE_VM, "ready_percent", 5, 10, true },
	{ SCOPE_VCPU, "ready_percent", 5, 10, false },
	{ SCOPE_VM, "cpu_used_percent", 90, INFINITY, false },
	{ SCOPE_VM, "memory_used_percent", 90, INFINITY, false },
	{ SCOPE_VM, "memory_swap_bytes", 0, INFINITY, false },
	{ SCOPE_VM, "storage_used_percent", 90, INFINITY, false },
	{ SCOPE_VM, "disk_read_latency_seconds", 0.025, INFINITY, false },
	{ SCOPE_VM, "disk_write_latency_seconds", 0.025, INFINITY, false },
	{ SCOPE_DISK, "storage_used_percent", 90, INFINITY, false },
	{ SCOPE_DISK, "disk_read_latency_seconds", 0.025, INFINITY, false },
	{ SCOPE_DISK, "disk_write_latency_seconds", 0.025, INFINITY, false },
};

bool threshold_find(const struct column *column, struct threshold *ret)
{
	const char *name = column->metric->views[column->view];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].scope != column->metric->scope || strcmp(rows[i].column, name) != 0)
			continue;
		*ret = (struct threshold){ rows[i].warning, rows[i].critical, { 0 } };
		return !rows[i].of_vcpus || column_find(name, SCOPE_VCPU, &ret->of_vcpus) == 0;
	}
	return false;
}

static enum level level_of(const struct threshold *threshold, const struct value *value)
{
	if (value->kind != VALUE_NUMBER || value->number <= threshold->warning)
		return LEVEL_NORMAL;
	return value->number > threshold->critical ? LEVEL_CRITICAL : LEVEL_WARNING;
}

static enum level worst_vcpu(
	const struct threshold *threshold, const struct snapshot *snap, const struct vm *vm)
{
	enum level worst = LEVEL_NORMAL;

	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next) {
		struct value value = column_value(&threshold->of_vcpus, snap, &vcpu->e);
		enum level level = level_of(threshold, &value);

		worst = level > worst ? level : worst;
	}
	return worst;
}

enum level threshold_level(const struct threshold *threshold, const struct snapshot *snap,
	const struct item *item, const struct value *value)
{
	if (threshold->of_vcpus.metric)
		return worst_vcpu(threshold, snap, item->vm);
	return level_of(threshold, value);
}
