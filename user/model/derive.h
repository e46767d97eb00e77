/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formulas of metrics that are computed rather than counted; see derive in struct metric. */
#ifndef MODEL_DERIVE_H
#define MODEL_DERIVE_H

#include "vmbpf/model.h"

typedef double derive_fn(const void *now, const void *before, double seconds);

derive_fn host_cpu_busy, host_cpu_vms, host_memory_used, host_memory_used_share;
derive_fn vm_cpu_used, vm_demand, vm_memory_used, vm_memory_used_share, vm_read_latency,
	vm_write_latency, vm_storage_share, vm_hypervisor, vm_blocked;
derive_fn vcpu_demand, vcpu_hypervisor, vcpu_blocked;
derive_fn thread_vcpu;
derive_fn exit_vcpu, exit_mean;
derive_fn disk_read_latency, disk_write_latency, disk_storage_share;

#endif
