/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the table of what vmbpf can use of a host, what is lost without it, and what would help. */
#include <string.h>

#include "bpf/probe_check.h"

#define NEWER_KERNEL "use a newer kernel"
#define KVM_TYPES "load kvm, on a kernel that has BTF for modules"

const struct probe probes[] = {
	{
		.name = "btf",
		.what = "kernel type information (BTF)",
		.lost = "everything that is counted in the kernel",
		.remedy = "use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions ship",
		.required = true,
		.check = check_btf,
	},
	{
		.name = "bpf",
		.what = "permission to load BPF programs",
		.lost = "everything that is counted in the kernel",
		.remedy =
			"run as root, or with CAP_BPF and CAP_PERFMON; in a container, allow bpf()",
		.required = true,
		.check = check_bpf,
	},
	{
		.name = "jit",
		.what = "BPF compiled to machine code",
		.lost = "speed: each event costs several times as much",
		.remedy = "sysctl net.core.bpf_jit_enable=1",
		.check = check_jit,
	},
	{
		.name = "iter/task",
		.what = "BPF iterator over tasks",
		.lost = "everything that is counted in the kernel",
		.remedy = NEWER_KERNEL " (5.8 has it)",
		.required = true,
		.check = check_iterator,
	},
	{
		.name = "iter/task_file",
		.what = "BPF iterator over open files",
		.lost = "telling which processes are VMs",
		.remedy = NEWER_KERNEL " (5.8 has it)",
		.required = true,
		.check = check_iterator,
	},
	{
		.name = "kfunc/bpf_iter_task_new",
		.what = "walk over tasks in one call",
		.lost = "nothing: another way is used, which costs a little more",
		.remedy = NEWER_KERNEL " (6.7 has it)",
		.check = check_kfunc,
	},
	{
		.name = "sched_info",
		.what = "run-queue delay of each task",
		.lost = "ready time",
		.remedy = "use a kernel built with CONFIG_SCHED_INFO, as distributions ship",
		.check = check_sched_info,
	},
	{
		.name = "tp_btf/sched_switch",
		.what = "tracepoint: a CPU changes its task",
		.lost = "wait, wake-ups, run latency",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/task_newtask",
		.what = "tracepoint: a task begins",
		.lost = "the first moments of a new thread's wait and run latency",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/netif_receive_skb",
		.what = "tracepoint: a packet arrives",
		.lost = "bytes and packets of the VMs' interfaces",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS and CONFIG_NET",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/net_dev_xmit",
		.what = "tracepoint: a packet leaves",
		.lost = "bytes and packets of the VMs' interfaces",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS and CONFIG_NET",
		.check = check_tracepoint,
	},
	{
		.name = "kvm",
		.what = "hardware virtualization",
		.lost = "VMs run by KVM; those that QEMU emulates are shown all the same",
		.remedy = "load kvm_intel or kvm_amd; enable virtualization in the firmware",
		.check = check_kvm,
	},
	{
		.name = "tp_btf/kvm_exit",
		.what = "tracepoint: a vCPU leaves the guest",
		.lost = "exits by reason, exact guest time (vmbpf exits)",
		.remedy = KVM_TYPES,
		.check = check_kvm_tracepoint,
	},
	{
		.name = "tp_btf/kvm_entry",
		.what = "tracepoint: a vCPU enters the guest",
		.lost = "how long exits take, exact guest time (vmbpf exits)",
		.remedy = KVM_TYPES,
		.check = check_kvm_tracepoint,
	},
	{
		.name = "tp_btf/kvm_userspace_exit",
		.what = "tracepoint: KVM goes back to QEMU",
		.lost = "exits to user space by reason (vmbpf exits)",
		.remedy = KVM_TYPES,
		.check = check_kvm_tracepoint,
	},
	{
		.name = "tp_btf/kvm_pio",
		.what = "tracepoint: a guest accesses a port",
		.lost = "accesses by I/O port (vmbpf exits)",
		.remedy = KVM_TYPES,
		.check = check_kvm_tracepoint,
	},
	{
		.name = "tp_btf/kvm_mmio",
		.what = "tracepoint: a guest accesses a device",
		.lost = "accesses to device memory by page (vmbpf exits)",
		.remedy = KVM_TYPES,
		.check = check_kvm_tracepoint,
	},
	{
		.name = "libvirt",
		.what = "libvirt of this host",
		.lost = "names, UUIDs, states, memory, disks and metadata of VMs",
		.remedy = "start libvirtd or virtqemud, or name another one with --connect",
		.check = check_libvirt,
	},
	{
		.name = "cgroup",
		.what = "control groups",
		.lost = "one proof of which VM of libvirt a process is",
		.remedy = "mount them at /sys/fs/cgroup",
		.check = check_cgroup,
	},
	{
		.name = "pressure",
		.what = "pressure stall information",
		.lost = "pressure of the host",
		.remedy = "boot with psi=1, on a kernel built with CONFIG_PSI",
		.check = check_pressure,
	},
	{
		.name = "tracefs",
		.what = "tracing file system",
		.lost = "nothing: vmbpf does not need it",
		.remedy = "mount -t tracefs tracefs /sys/kernel/tracing",
		.check = check_tracefs,
	},
	{
		.name = "memlock",
		.what = "limit of locked memory",
		.lost = "nothing on kernels that charge BPF maps to control groups (5.11 has that)",
		.remedy = "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit",
		.check = check_memlock,
	},
};

const size_t n_probes = sizeof(probes) / sizeof(probes[0]);

enum probe_result probe_has(const char *name)
{
	char detail[PROBE_DETAIL_MAX];

	for (size_t i = 0; i < n_probes; i++)
		if (strcmp(probes[i].name, name) == 0)
			return probes[i].check(&probes[i], detail, sizeof(detail));
	return PROBE_UNKNOWN;
}
