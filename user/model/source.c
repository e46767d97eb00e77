/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is told of each source of data: what serves it, what it costs, why it may be absent. */
#include "vmbpf/metric.h"

#define SOURCE(bit) [__builtin_ctz(bit)]

const struct source_info sources[N_SOURCES] = {
	SOURCE(SRC_TICK) = {
		.name = "tick",
		.mechanism = "vmbpf itself",
		.cost = "nothing",
		.missing = "it is always there",
	},
	SOURCE(SRC_SCHED) = {
		.name = "sched",
		.mechanism = "the scheduler's own counters, read by a BPF program once a tick",
		.cost = "0.3 us a thread and tick, 0.8 us where it runs a vCPU of KVM, with kvm, guest "
			"and limit",
		.missing = "BPF task iterators need a kernel with BTF (5.8 or later) and root or "
			   "CAP_BPF with CAP_PERFMON",
	},
	SOURCE(SRC_EVENTS) = {
		.name = "events",
		.mechanism = "a BPF program on sched_switch",
		.cost = "35 ns a context switch, 60 to 100 ns where a VM's thread takes part, over an "
			"empty program (131 ns)",
		.missing = "it is off with --light and while its program cannot be attached",
	},
	SOURCE(SRC_NET) = {
		.name = "net",
		.mechanism = "BPF programs on the network tracepoints; with --light the counters of the "
			     "tap on the host",
		.cost = "89 ns a frame of a VM and 25 ns of any other, over an empty program (120 ns)",
		.missing = "the VM has no tap, or its programs cannot be attached",
	},
	SOURCE(SRC_NET_THREAD) = {
		.name = "net_thread",
		.mechanism = "BPF programs on the network tracepoints, by thread",
		.cost = "part of net",
		.missing = "it is off with --light and while its programs cannot be attached",
	},
	SOURCE(SRC_NET_DEVICE) = {
		.name = "net_device",
		.mechanism = "the counters of the tap on the host",
		.cost = "part of proc",
		.missing = "the VM's interface is not a device of the host",
	},
	SOURCE(SRC_PROC) = {
		.name = "proc",
		.mechanism = "/proc of the host and of the QEMU process",
		.cost = "1 ms a tick and 67 us a VM, net_device, self, pressure and the output "
			"included",
		.missing = "/proc cannot be read for this process (hidepid, another PID namespace)",
	},
	SOURCE(SRC_LIBVIRT) = {
		.name = "libvirt",
		.polled = true,
		.mechanism = "libvirt's record of the domain",
		.cost = "nothing in the tick; to libvirtd and QEMU what virsh domstats costs, 24 ms a "
			"domain",
		.missing = "libvirtd does not run or answer, or the VM was not started by it",
	},
	SOURCE(SRC_BALLOON) = {
		.name = "balloon",
		.polled = true,
		.mechanism = "the guest's balloon driver, through libvirt",
		.cost = "part of libvirt",
		.missing = "the guest has no balloon driver, or the domain sets no statistics "
			   "period (virsh dommemstat --period 5 --live)",
	},
	SOURCE(SRC_BLOCK) = {
		.name = "block",
		.polled = true,
		.mechanism = "QEMU's counters of its disks, through libvirt",
		.cost = "part of libvirt",
		.missing = "libvirtd does not run or answer, or the VM was not started by it",
	},
	SOURCE(SRC_STORAGE) = {
		.name = "storage",
		.polled = true,
		.mechanism = "the size of the disk images, through libvirt",
		.cost = "part of libvirt",
		.missing = "libvirtd does not run or answer, or the VM was not started by it",
	},
	SOURCE(SRC_SELF) = {
		.name = "self",
		.mechanism = "what vmbpf itself costs",
		.cost = "part of proc",
		.missing = "it is always there",
	},
	SOURCE(SRC_PRESSURE) = {
		.name = "pressure",
		.mechanism = "/proc/pressure of the host",
		.cost = "part of proc",
		.missing = "the kernel was built or started without PSI (start it with psi=1)",
	},
	SOURCE(SRC_BPF_STATS) = {
		.name = "bpf_stats",
		.mechanism = "the kernel's statistics of BPF programs",
		.cost = "part of proc; the kernel pays for keeping them",
		.missing = "they are off, since they make each run cost more (sysctl "
			   "kernel.bpf_stats_enabled=1)",
	},
	SOURCE(SRC_KVM) = {
		.name = "kvm",
		.mechanism = "KVM's own totals of each vCPU, read by a BPF program once a tick",
		.cost = "part of sched",
		.missing = "the VM does not run under KVM, or this kernel or architecture has no such "
			   "total",
	},
	SOURCE(SRC_GUEST) = {
		.name = "guest",
		.mechanism = "the scheduler's clock ticks that found the CPU in the guest; while "
			     "exits are looked at, BPF programs on kvm_entry and kvm_exit",
		.cost = "part of sched; while exits are looked at, of exits",
		.missing = "the VM does not run under KVM",
	},
	SOURCE(SRC_LIMIT) = {
		.name = "limit",
		.mechanism = "the account of CPU limits that the scheduler keeps of each cgroup, read "
			     "by a BPF program once a tick",
		.cost = "part of sched",
		.missing = "the kernel has no CPU limits (CONFIG_CFS_BANDWIDTH); of a single vCPU "
			   "also where it shares its cgroup with other threads, or a limit above "
			   "has held the VM back",
	},
	SOURCE(SRC_EXITS) = {
		.name = "exits",
		.mechanism = "BPF programs on the tracepoints of KVM, attached while exits are asked for",
		.cost = "nothing until they are asked for; then 335 ns an exit (227 ns where the event "
			"tells its reason) and 138 ns an entry, over an empty program (106 ns)",
		.missing = "nobody asked for exits (vmbpf exits, stream --scope exit), or the "
			   "tracepoints never fire, as on hosts with a paravirtual KVM",
	},
};
