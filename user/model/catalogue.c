/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the metric catalogue: what every number is called, where it is, and what it means. */
#include "vmbpf/metric.h"

#include "model/derive.h"

/* clang-format off */
/* What begins a row: name, title, kind, unit, and what its columns are called. */
#define COUNTER_SECONDS(name, title) \
	name, title, COUNTER, UNIT_SECONDS, { name "_seconds_total", name "_percent" }
#define COUNTER_BYTES(name, title) \
	name, title, COUNTER, UNIT_BYTES, { name "_bytes_total", name "_bytes_per_second" }
#define COUNTER_THINGS(name, title) \
	name, title, COUNTER, UNIT_NONE, { name "_total", name "_per_second" }
#define GAUGE_SECONDS(name, title) \
	name, title, GAUGE, UNIT_SECONDS, { name "_seconds" }
#define GAUGE_BYTES(name, title) \
	name, title, GAUGE, UNIT_BYTES, { name "_bytes" }
#define GAUGE_SHARE(name, title) \
	name, title, GAUGE, UNIT_SHARE, { name "_percent" }
#define GAUGE_THINGS(name, title) \
	name, title, GAUGE, UNIT_NONE, { name }
#define TEXT_OF(name, title) \
	name, title, TEXT, UNIT_NONE, { name }

#define FIELD_TYPE(member) \
	_Generic((member), \
		uint64_t: FIELD_U64, \
		int64_t: FIELD_I64, \
		pid_t: FIELD_PID, \
		double: FIELD_DOUBLE, \
		const char *: FIELD_TEXT)
#define FIELD(type, member) \
	.field = { offsetof(struct type, member), FIELD_TYPE(((struct type *)NULL)->member) }

/* A counter of nanoseconds. */
#define FIELD_NS(type, member) FIELD(type, member), .divisor = 1e9

/* A member that says which of the names holds. */
#define FIELD_OF_NAMES(type, member, names) \
	.field = { offsetof(struct type, member), FIELD_NAME, names, \
		sizeof(names) / sizeof((names)[0]) }

static const char *const no_yes[] = { "no", "yes" };

/* What the scheduler tells of a VM's vCPUs, of one vCPU and of any thread alike. */
#define SCHED_ROWS(scope, type, whose) \
	{ scope, COUNTER_SECONDS("ready", "RDY%"), SRC_SCHED, FIELD_NS(type, sched.ready_ns), \
		.help = "Time " whose " ready to run but without a host CPU (esxtop %RDY)." }, \
	{ scope, COUNTER_SECONDS("wait", "WAIT%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.wait_ns), \
		.help = "Time " whose " off the CPU and not ready to run." }, \
	{ scope, COUNTER_SECONDS("overlap", "OVRLP%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.overlap_ns), \
		.help = "Time " whose " on a host CPU that interrupts, or a hypervisor below the " \
			"host, took (esxtop %OVRLP)." }, \
	{ scope, COUNTER_THINGS("switches", "CSW/s"), SRC_SCHED, FIELD(type, sched.switches), \
		.help = "Times " whose " switched off a host CPU for any reason." }, \
	{ scope, COUNTER_THINGS("switches_voluntary", "VCSW/s"), SRC_SCHED, \
		FIELD(type, sched.voluntary), \
		.help = "Times " whose " switched off a host CPU in order to wait." }, \
	{ scope, COUNTER_THINGS("switches_involuntary", "ICSW/s"), SRC_SCHED, \
		FIELD(type, sched.involuntary), \
		.help = "Times " whose " switched off a host CPU while still ready to run." }, \
	{ scope, COUNTER_THINGS("migrations", "MIG/s"), SRC_SCHED, FIELD(type, sched.migrations), \
		.help = "Times " whose " moved from one host CPU to another." }, \
	{ scope, COUNTER_THINGS("wakeups", "WAKE/s"), SRC_SCHED | SRC_EVENTS, \
		FIELD(type, sched.wakeups), \
		.help = "Times " whose " woken up." }, \
	{ scope, GAUGE_SECONDS("run_latency_p50", "LAT50"), SRC_EVENTS, \
		FIELD(type, latency.p50_s), .of_events = true, \
		.help = "Half of the waits from ready to running ended within this time." }, \
	{ scope, GAUGE_SECONDS("run_latency_p99", "LAT99"), SRC_EVENTS, \
		FIELD(type, latency.p99_s), .of_events = true, \
		.help = "Of the waits from ready to running 99 % ended within this time." }, \
	{ scope, GAUGE_SECONDS("run_latency_max", "LATMAX"), SRC_EVENTS, \
		FIELD(type, latency.max_s), .of_events = true, \
		.help = "The longest wait from ready to running in the interval." }

/* Where the time of vCPUs goes, of one and of all of a VM. `what` is "the vCPU" or "the vCPUs". */
#define VCPU_ROWS(scope, type, what) \
	{ scope, COUNTER_SECONDS("guest", "GUEST%"), SRC_GUEST, FIELD_NS(type, guest_ns), \
		.help = "Time " what " spent inside the guest." }, \
	{ scope, TEXT_OF("guest_by", "GBY"), SRC_GUEST, \
		FIELD_OF_NAMES(type, guest_by, guest_source_names), \
		.help = "What guest was measured by: the scheduler's clock ticks, which sample, or " \
			"the events of entry and exit." }, \
	{ scope, COUNTER_SECONDS("halt_poll", "POLL%"), SRC_KVM, FIELD_NS(type, totals.poll_ns), \
		.help = "Time " what " spent on a host CPU polling for work instead of sleeping." }, \
	{ scope, COUNTER_SECONDS("halt_poll_success", "POLLS%"), SRC_KVM, \
		FIELD_NS(type, totals.poll_success_ns), \
		.help = "The part of halt_poll after which there was work." }, \
	{ scope, COUNTER_SECONDS("halt_poll_failed", "POLLF%"), SRC_KVM, \
		FIELD_NS(type, totals.poll_fail_ns), \
		.help = "The part of halt_poll that was in vain." }, \
	{ scope, GAUGE_SHARE("hypervisor", "HYP%"), SRC_SCHED | SRC_GUEST, \
		.derive = type##_hypervisor, \
		.help = "Time " what " spent on a host CPU outside the guest without polling: run - " \
			"guest - halt_poll, 100 being one CPU." }, \
	{ scope, COUNTER_SECONDS("idle", "IDLE%"), SRC_KVM | SRC_EVENTS, FIELD_NS(type, totals.idle_ns), \
		.help = "The part of wait in which the guest had halted " what " (esxtop %IDLE)." }, \
	{ scope, GAUGE_SHARE("blocked", "BLKD%"), SRC_EVENTS | SRC_KVM, .derive = type##_blocked, \
		.help = "The part of wait in which the guest had not halted " what ": wait - idle " \
			"(esxtop %VMWAIT)." }, \
	{ scope, COUNTER_THINGS("exits", "EXIT/s"), SRC_KVM, FIELD(type, totals.exits), \
		.help = "Times " what " left the guest, as KVM counts them." }, \
	{ scope, COUNTER_THINGS("exits_halt", "HALT/s"), SRC_KVM, FIELD(type, totals.halt_exits), \
		.help = "Exits because the guest had nothing to do." }, \
	{ scope, COUNTER_THINGS("exits_io", "XIO/s"), SRC_KVM, FIELD(type, totals.io_exits), \
		.help = "Exits for an access to an I/O port." }, \
	{ scope, COUNTER_THINGS("exits_mmio", "XMMIO/s"), SRC_KVM, FIELD(type, totals.mmio_exits), \
		.help = "Exits for an access to device memory that went to QEMU." }, \
	{ scope, COUNTER_THINGS("exits_interrupt", "XIRQ/s"), SRC_KVM, FIELD(type, totals.irq_exits), \
		.help = "Exits because the host was interrupted." }, \
	{ scope, COUNTER_THINGS("exits_irq_window", "XIRQW/s"), SRC_KVM, \
		FIELD(type, totals.irq_window_exits), \
		.help = "Exits because the guest became ready for an interrupt." }, \
	{ scope, COUNTER_THINGS("exits_nmi_window", "XNMIW/s"), SRC_KVM, \
		FIELD(type, totals.nmi_window_exits), \
		.help = "Exits because the guest became ready for a non-maskable interrupt." }, \
	{ scope, COUNTER_THINGS("exits_signal", "XSIG/s"), SRC_KVM, FIELD(type, totals.signal_exits), \
		.help = "Exits because a signal was pending for the thread." }, \
	{ scope, COUNTER_THINGS("exits_request", "XREQ/s"), SRC_KVM, \
		FIELD(type, totals.request_irq_exits), \
		.help = "Exits because QEMU had asked for an interrupt window." }, \
	{ scope, COUNTER_THINGS("hypercalls", "HYPC/s"), SRC_KVM, FIELD(type, totals.hypercalls), \
		.help = "Calls of the guest to KVM." }, \
	{ scope, COUNTER_THINGS("emulated", "EMUL/s"), SRC_KVM, FIELD(type, totals.emulated), \
		.help = "Instructions of the guest that KVM emulated." }, \
	{ scope, COUNTER_SECONDS("exit_handling", "XTIME%"), SRC_EXITS, \
		FIELD_NS(type, exits.handling_ns), \
		.help = "Time from exits to the next entry, on or off a host CPU, halts left out." }, \
	{ scope, COUNTER_SECONDS("throttled", "MLMTD%"), SRC_LIMIT, \
		FIELD_NS(type, throttled_ns), \
		.help = "Time a CPU limit of a cgroup held " what " back, by the kernel's account, " \
			"host CPU by host CPU (esxtop %MLMTD)." }, \
	{ scope, COUNTER_SECONDS("stolen_by_vm", "STLVM%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.stolen_by_vm_ns), \
		.help = "The part of ready in which other VMs had the CPU; like the next three of " \
			"waits that have ended." }, \
	{ scope, COUNTER_SECONDS("stolen_by_host", "STLHO%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.stolen_by_host_ns), \
		.help = "The part of ready in which tasks of no VM had the CPU." }, \
	{ scope, COUNTER_SECONDS("stolen_by_self", "STLSE%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.stolen_by_self_ns), \
		.help = "The part of ready in which other threads of the same VM had the CPU." }, \
	{ scope, COUNTER_SECONDS("uncontended", "UNCON%"), SRC_SCHED | SRC_EVENTS, \
		FIELD_NS(type, sched.uncontended_ns), \
		.help = "The part of ready in which nobody had the CPU: it was being woken up, or a " \
			"CPU limit held " what " back." }

/* Bytes by the thread that moved them. */
#define THREAD_NET_ROWS(scope, type) \
	{ scope, COUNTER_BYTES("net_rx", "RX/s"), SRC_NET_THREAD, FIELD(type, net_rx_bytes), \
		.help = "Bytes that VMs received and this thread delivered: between two VMs the " \
			"sender's does." }, \
	{ scope, COUNTER_BYTES("net_tx", "TX/s"), SRC_NET_THREAD, FIELD(type, net_tx_bytes), \
		.help = "Bytes that the VM sent and this thread handed to the host." }

/* Of one NIC and of all of a VM. */
#define NET_ROWS(scope, type, through) \
	{ scope, COUNTER_BYTES("net_rx", "RX/s"), SRC_NET, FIELD(type, net.rx_bytes), \
		.help = "Bytes the VM received through " through "." }, \
	{ scope, COUNTER_BYTES("net_tx", "TX/s"), SRC_NET, FIELD(type, net.tx_bytes), \
		.help = "Bytes the VM sent through " through "." }, \
	{ scope, COUNTER_THINGS("net_rx_packets", "RXPKT/s"), SRC_NET, FIELD(type, net.rx_packets), \
		.help = "Packets the VM received through " through "." }, \
	{ scope, COUNTER_THINGS("net_tx_packets", "TXPKT/s"), SRC_NET, FIELD(type, net.tx_packets), \
		.help = "Packets the VM sent through " through "." }, \
	{ scope, COUNTER_THINGS("net_rx_drops", "RXDRP/s"), SRC_NET_DEVICE, \
		FIELD(type, net.rx_drops), \
		.help = "Packets to the VM that were dropped at " through "." }, \
	{ scope, COUNTER_THINGS("net_tx_drops", "TXDRP/s"), SRC_NET_DEVICE, \
		FIELD(type, net.tx_drops), \
		.help = "Packets from the VM that were dropped at " through "." }, \
	{ scope, COUNTER_THINGS("net_rx_errors", "RXERR/s"), SRC_NET_DEVICE, \
		FIELD(type, net.rx_errors), \
		.help = "Packets to the VM that failed at " through "." }, \
	{ scope, COUNTER_THINGS("net_tx_errors", "TXERR/s"), SRC_NET_DEVICE, \
		FIELD(type, net.tx_errors), \
		.help = "Packets from the VM that failed at " through "." }

/* Of one disk and of all of a VM. */
#define DISK_ROWS(scope, type, where) \
	{ scope, COUNTER_BYTES("disk_read", "RD/s"), SRC_BLOCK, FIELD(type, io.read_bytes), \
		.help = "Bytes the VM read from " where "." }, \
	{ scope, COUNTER_BYTES("disk_write", "WR/s"), SRC_BLOCK, FIELD(type, io.write_bytes), \
		.help = "Bytes the VM wrote to " where "." }, \
	{ scope, COUNTER_THINGS("disk_read_requests", "RDREQ/s"), SRC_BLOCK, \
		FIELD(type, io.read_requests), \
		.help = "Read requests completed by " where "." }, \
	{ scope, COUNTER_THINGS("disk_write_requests", "WRREQ/s"), SRC_BLOCK, \
		FIELD(type, io.write_requests), \
		.help = "Write requests completed by " where "." }, \
	{ scope, COUNTER_THINGS("disk_flushes", "FLUSH/s"), SRC_BLOCK, FIELD(type, io.flushes), \
		.help = "Flush requests completed by " where "." }, \
	{ scope, COUNTER_SECONDS("disk_read_time", "RDTIM%"), SRC_BLOCK, \
		FIELD_NS(type, io.read_ns), \
		.help = "The times that read requests took, added up." }, \
	{ scope, COUNTER_SECONDS("disk_write_time", "WRTIM%"), SRC_BLOCK, \
		FIELD_NS(type, io.write_ns), \
		.help = "The times that write requests took, added up." }, \
	{ scope, GAUGE_SECONDS("disk_read_latency", "RDLAT"), SRC_BLOCK, \
		.derive = type##_read_latency, .of_events = true, \
		.help = "Mean time of the read requests completed in the interval." }, \
	{ scope, GAUGE_SECONDS("disk_write_latency", "WRLAT"), SRC_BLOCK, \
		.derive = type##_write_latency, .of_events = true, \
		.help = "Mean time of the write requests completed in the interval." }, \
	{ scope, GAUGE_BYTES("storage_capacity", "CAPAC"), SRC_STORAGE, \
		FIELD(type, storage.capacity_bytes), \
		.help = "Size of " where " as the guest sees it." }, \
	{ scope, GAUGE_BYTES("storage_allocated", "ALLOC"), SRC_STORAGE, \
		FIELD(type, storage.allocated_bytes), \
		.help = "Bytes of the host that are occupied by " where "." }, \
	{ scope, GAUGE_SHARE("storage_used", "ALLOC%"), SRC_STORAGE, .derive = type##_storage_share, \
		.help = "Share of the capacity that is occupied on the host." }

const struct metric metrics[] = {
	{ SCOPE_HOST, GAUGE_THINGS("cpus", "CPUS"), SRC_PROC, FIELD(host, n_cpus),
		.help = "CPUs of the host that are online." },
	{ SCOPE_HOST, GAUGE_THINGS("vms", "VMS"), SRC_TICK, FIELD(host, n_vms),
		.help = "VMs known, those shut off included." },
	{ SCOPE_HOST, GAUGE_THINGS("vms_running", "RUNNING"), SRC_TICK, FIELD(host, n_running),
		.help = "VMs that run, those waiting for work included." },
	{ SCOPE_HOST, GAUGE_THINGS("vcpus", "VCPUS"), SRC_TICK, FIELD(host, n_vcpus),
		.help = "Virtual CPUs of all VMs that have a process." },
	{ SCOPE_HOST, GAUGE_SHARE("cpu_busy", "BUSY%"), SRC_PROC, .derive = host_cpu_busy,
		.help = "Share of the host's CPU time that was used by anything." },
	{ SCOPE_HOST, COUNTER_SECONDS("cpu", "CPU%"), SRC_PROC, FIELD_NS(host, busy_ns),
		.help = "CPU time used by anything on the host." },
	{ SCOPE_HOST, COUNTER_SECONDS("cpu_attributed", "ATTR%"), SRC_SCHED, FIELD_NS(host, vm_ns),
		.help = "CPU time charged to VMs that exist now." },
	{ SCOPE_HOST, GAUGE_SHARE("cpu_vms", "VMS%"), SRC_PROC | SRC_SCHED, .derive = host_cpu_vms,
		.help = "Share of the used CPU time that was charged to VMs." },
	{ SCOPE_HOST, GAUGE_THINGS("load_1m", "LOAD"), SRC_PROC, FIELD(host, load_1m),
		.help = "Load average of the host over one minute." },
	{ SCOPE_HOST, COUNTER_SECONDS("pressure_cpu", "PCPU%"), SRC_PRESSURE,
		FIELD_NS(host, pressure_cpu_ns),
		.help = "Time in which some task of the host lacked a CPU." },
	{ SCOPE_HOST, COUNTER_SECONDS("pressure_memory", "PMEM%"), SRC_PRESSURE,
		FIELD_NS(host, pressure_memory_ns),
		.help = "Time in which some task of the host was held up by lack of memory." },
	{ SCOPE_HOST, COUNTER_SECONDS("pressure_io", "PIO%"), SRC_PRESSURE,
		FIELD_NS(host, pressure_io_ns),
		.help = "Time in which some task of the host was held up by input or output." },
	{ SCOPE_HOST, GAUGE_BYTES("memory_total", "MEMTOT"), SRC_PROC,
		FIELD(host, memory_total_bytes),
		.help = "Memory of the host." },
	{ SCOPE_HOST, GAUGE_BYTES("memory_available", "MEMAVAIL"), SRC_PROC,
		FIELD(host, memory_available_bytes),
		.help = "Memory the host could give to programs without swapping." },
	{ SCOPE_HOST, GAUGE_BYTES("memory_used", "MEMUSED"), SRC_PROC, .derive = host_memory_used,
		.help = "Memory of the host that is not available." },
	{ SCOPE_HOST, GAUGE_SHARE("memory_used", "MEM%"), SRC_PROC,
		.derive = host_memory_used_share,
		.help = "Share of the host's memory that is not available." },
	{ SCOPE_HOST, GAUGE_BYTES("swap_used", "SWAP"), SRC_PROC, FIELD(host, swap_used_bytes),
		.help = "Swap space of the host in use." },
	{ SCOPE_HOST, COUNTER_SECONDS("self_cpu", "SELF%"), SRC_SELF, FIELD_NS(host, self_ns),
		.help = "CPU time of vmbpf itself." },
	{ SCOPE_HOST, GAUGE_BYTES("self_memory", "SELFMEM"), SRC_SELF,
		FIELD(host, self_memory_bytes),
		.help = "Memory of vmbpf itself." },
	{ SCOPE_HOST, GAUGE_THINGS("bpf_programs", "BPF"), SRC_SELF, FIELD(host, bpf_programs),
		.help = "BPF programs of vmbpf that are attached to events." },
	{ SCOPE_HOST, COUNTER_THINGS("bpf_events", "BPFEV/s"), SRC_BPF_STATS,
		FIELD(host, bpf_events),
		.help = "Times that BPF programs of vmbpf ran on events." },
	{ SCOPE_HOST, COUNTER_SECONDS("bpf_cpu", "BPF%"), SRC_BPF_STATS, FIELD_NS(host, bpf_ns),
		.help = "CPU time that BPF programs of vmbpf took on events." },
	{ SCOPE_HOST, COUNTER_THINGS("lost_events", "LOST/s"), SRC_SELF, FIELD(host, lost_events),
		.help = "Events that vmbpf could not count because a map was full." },
	{ SCOPE_HOST, GAUGE_SECONDS("tick_duration", "TICK"), SRC_SELF, FIELD(host, tick_s),
		.help = "Time the last tick of vmbpf took." },
	{ SCOPE_HOST, GAUGE_THINGS("sources_down", "DOWN"), SRC_TICK, FIELD(host, n_down),
		.help = "Sources of data that are not available now." },

	{ SCOPE_VM, TEXT_OF("name", "NAME"), SRC_TICK, FIELD(vm, name),
		.help = "Name of the VM: libvirt's, else the one QEMU was given." },
	{ SCOPE_VM, TEXT_OF("uuid", "UUID"), SRC_LIBVIRT, FIELD(vm, uuid),
		.help = "UUID of the VM in libvirt." },
	{ SCOPE_VM, GAUGE_THINGS("id", "ID"), SRC_LIBVIRT, FIELD(vm, id),
		.help = "Number of the running VM in libvirt." },
	{ SCOPE_VM, GAUGE_THINGS("pid", "PID"), SRC_TICK, FIELD(vm, pid),
		.help = "Process ID of QEMU." },
	{ SCOPE_VM, TEXT_OF("state", "STATE"), SRC_TICK,
		FIELD_OF_NAMES(vm, state, vm_state_names),
		.help = "State of the VM in libvirt, or that libvirt does not know it." },
	{ SCOPE_VM, TEXT_OF("kvm", "KVM"), SRC_TICK, FIELD_OF_NAMES(vm, kvm, no_yes),
		.help = "Whether the VM runs under KVM rather than by emulation." },
	{ SCOPE_VM, GAUGE_THINGS("vcpus", "VCPU"), SRC_TICK, FIELD(vm, n_vcpus),
		.help = "Virtual CPUs the VM has now." },
	{ SCOPE_VM, GAUGE_THINGS("threads", "THR"), SRC_SCHED, FIELD(vm, n_threads),
		.help = "Threads on the host that work for the VM." },
	{ SCOPE_VM, TEXT_OF("title", "TITLE"), SRC_LIBVIRT, FIELD(vm, title),
		.help = "Title of the VM in libvirt." },
	{ SCOPE_VM, TEXT_OF("owner_name", "OWNER"), SRC_LIBVIRT, FIELD(vm, owner_name),
		.help = "Name of the instance in OpenStack." },
	{ SCOPE_VM, TEXT_OF("owner_project", "PROJECT"), SRC_LIBVIRT, FIELD(vm, owner_project),
		.help = "Project of the instance in OpenStack." },
	{ SCOPE_VM, TEXT_OF("owner_flavour", "FLAVOUR"), SRC_LIBVIRT, FIELD(vm, owner_flavour),
		.help = "Flavour of the instance in OpenStack." },
	{ SCOPE_VM, TEXT_OF("tags", "TAGS"), SRC_TICK, FIELD(vm, tags),
		.help = "Other identifiers of the VM: those in its metadata, or its number in Proxmox." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu", "CPU%"), SRC_SCHED, FIELD_NS(vm, cpu_ns),
		.help = "All host CPU time spent for the VM (esxtop %USED)." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_vcpu", "VCPU%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_VCPU]),
		.help = "The part of cpu that was spent in vCPU threads." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_emulator", "EMU%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_EMULATOR]),
		.help = "The part of cpu that was spent in QEMU's main thread." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_iothread", "IOTHR%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_IOTHREAD]),
		.help = "The part of cpu that was spent in I/O threads." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_worker", "WORKER%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_WORKER]),
		.help = "The part of cpu that was spent in QEMU's worker threads." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_vhost", "VHOST%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_VHOST]),
		.help = "The part of cpu that was spent in the kernel's vhost threads." },
	{ SCOPE_VM, COUNTER_SECONDS("cpu_other", "OTHER%"), SRC_SCHED,
		FIELD_NS(vm, role_ns[ROLE_OTHER]),
		.help = "The part of cpu that was spent in all other threads." },
	{ SCOPE_VM, GAUGE_SHARE("cpu_used", "USED%"), SRC_SCHED, .derive = vm_cpu_used,
		.help = "How full the VM is: the CPU time of its vCPUs by what they could use." },
	{ SCOPE_VM, GAUGE_SHARE("demand", "DEMAND%"), SRC_SCHED, .derive = vm_demand,
		.help = "What the VM would use without contention: run and ready time without halt "
			"polling, by vCPUs." },
	SCHED_ROWS(SCOPE_VM, vm, "the vCPUs were"),
	VCPU_ROWS(SCOPE_VM, vm, "the vCPUs"),
	{ SCOPE_VM, GAUGE_BYTES("memory_assigned", "MEM"), SRC_LIBVIRT,
		FIELD(vm, memory_assigned_bytes),
		.help = "Memory the balloon leaves to the VM now." },
	{ SCOPE_VM, GAUGE_BYTES("memory_maximum", "MEMMAX"), SRC_LIBVIRT,
		FIELD(vm, memory_maximum_bytes),
		.help = "Memory the balloon may leave to the VM at most." },
	{ SCOPE_VM, GAUGE_BYTES("memory_used", "MEMUSED"), SRC_BALLOON, .derive = vm_memory_used,
		.help = "Memory that the guest sees and cannot use for something new." },
	{ SCOPE_VM, GAUGE_SHARE("memory_used", "MEM%"), SRC_BALLOON,
		.derive = vm_memory_used_share,
		.help = "Share of its memory that the guest cannot use for something new." },
	{ SCOPE_VM, GAUGE_BYTES("memory_available", "MEMAVAIL"), SRC_BALLOON,
		FIELD(vm, memory_available_bytes),
		.help = "Memory that the guest sees in all." },
	{ SCOPE_VM, GAUGE_BYTES("memory_unused", "MEMFREE"), SRC_BALLOON,
		FIELD(vm, memory_unused_bytes),
		.help = "Memory that the guest uses for nothing, not even as a cache." },
	{ SCOPE_VM, GAUGE_BYTES("memory_usable", "USABLE"), SRC_BALLOON,
		FIELD(vm, memory_usable_bytes),
		.help = "Memory that the guest could use without swapping." },
	{ SCOPE_VM, GAUGE_BYTES("memory_cached", "CACHED"), SRC_BALLOON,
		FIELD(vm, memory_cached_bytes),
		.help = "Memory that the guest uses as a disk cache." },
	{ SCOPE_VM, GAUGE_SECONDS("memory_guest_age", "MEMAGE"), SRC_BALLOON,
		FIELD(vm, memory_guest_age_s), .tells_age = true,
		.help = "Age of the guest's own view of its memory." },
	{ SCOPE_VM, COUNTER_THINGS("guest_faults_minor", "GMINF/s"), SRC_BALLOON,
		FIELD(vm, guest_faults_minor),
		.help = "Page faults within the guest that needed no disk." },
	{ SCOPE_VM, COUNTER_THINGS("guest_faults_major", "GMAJF/s"), SRC_BALLOON,
		FIELD(vm, guest_faults_major),
		.help = "Page faults within the guest that needed a disk." },
	{ SCOPE_VM, COUNTER_BYTES("guest_swap_in", "SWIN/s"), SRC_BALLOON,
		FIELD(vm, guest_swap_in_bytes),
		.help = "Bytes the guest read back from its swap space." },
	{ SCOPE_VM, COUNTER_BYTES("guest_swap_out", "SWOUT/s"), SRC_BALLOON,
		FIELD(vm, guest_swap_out_bytes),
		.help = "Bytes the guest wrote to its swap space." },
	{ SCOPE_VM, GAUGE_BYTES("memory_rss", "RSS"), SRC_PROC, FIELD(vm, memory_rss_bytes),
		.help = "Memory of the host that the QEMU process occupies." },
	{ SCOPE_VM, GAUGE_BYTES("memory_swap", "SWAP"), SRC_PROC, FIELD(vm, memory_swap_bytes),
		.help = "Swap space of the host that the QEMU process occupies." },
	{ SCOPE_VM, COUNTER_THINGS("faults_minor", "MINF/s"), SRC_PROC, FIELD(vm, faults_minor),
		.help = "Page faults of the QEMU process that needed no disk." },
	{ SCOPE_VM, COUNTER_THINGS("faults_major", "MAJF/s"), SRC_PROC, FIELD(vm, faults_major),
		.help = "Page faults of the QEMU process that needed a disk." },
	NET_ROWS(SCOPE_VM, vm, "all its NICs"),
	DISK_ROWS(SCOPE_VM, vm, "all its disks"),
	{ SCOPE_VM, GAUGE_THINGS("stale", "STALE"), SRC_LIBVIRT, FIELD(vm, stale), .tells_age = true,
		.help = "1 if libvirt's data of the VM is older than two ticks, else 0." },
	{ SCOPE_VM, GAUGE_SECONDS("age", "AGE"), SRC_LIBVIRT, FIELD(vm, age_s), .tells_age = true,
		.help = "Age of libvirt's data of the VM." },

	{ SCOPE_VCPU, GAUGE_THINGS("vcpu", "VCPU"), SRC_TICK, FIELD(vcpu, index),
		.help = "Number of the vCPU within its VM." },
	{ SCOPE_VCPU, GAUGE_THINGS("tid", "TID"), SRC_TICK, FIELD(vcpu, tid),
		.help = "Thread ID of the vCPU." },
	{ SCOPE_VCPU, GAUGE_THINGS("host_cpu", "PCPU"), SRC_SCHED, FIELD(vcpu, host_cpu),
		.help = "Host CPU the vCPU runs on or ran on last." },
	{ SCOPE_VCPU, COUNTER_SECONDS("cpu", "CPU%"), SRC_SCHED, FIELD_NS(vcpu, sched.run_ns),
		.help = "Time the vCPU was on a host CPU." },
	{ SCOPE_VCPU, GAUGE_SHARE("demand", "DEMAND%"), SRC_SCHED, .derive = vcpu_demand,
		.help = "What the vCPU would use without contention: run and ready time without "
			"halt polling." },
	SCHED_ROWS(SCOPE_VCPU, vcpu, "the vCPU was"),
	VCPU_ROWS(SCOPE_VCPU, vcpu, "the vCPU"),
	THREAD_NET_ROWS(SCOPE_VCPU, vcpu),

	{ SCOPE_THREAD, GAUGE_THINGS("tid", "TID"), SRC_TICK, FIELD(thread, tid),
		.help = "ID of the thread." },
	{ SCOPE_THREAD, TEXT_OF("comm", "COMM"), SRC_TICK, FIELD(thread, comm),
		.help = "What the thread calls itself, which proves nothing." },
	{ SCOPE_THREAD, TEXT_OF("role", "ROLE"), SRC_TICK, FIELD_OF_NAMES(thread, role, role_names),
		.help = "What the thread does for the VM." },
	{ SCOPE_THREAD, TEXT_OF("role_by", "BY"), SRC_TICK,
		FIELD_OF_NAMES(thread, evidence, evidence_names),
		.help = "What its role was concluded from, where a name is the weakest evidence." },
	{ SCOPE_THREAD, GAUGE_THINGS("vcpu", "VCPU"), SRC_TICK, .derive = thread_vcpu,
		.help = "Number of the vCPU that the thread runs." },
	{ SCOPE_THREAD, GAUGE_THINGS("host_cpu", "PCPU"), SRC_SCHED, FIELD(thread, host_cpu),
		.help = "Host CPU the thread runs on or ran on last." },
	{ SCOPE_THREAD, COUNTER_SECONDS("cpu", "CPU%"), SRC_SCHED, FIELD_NS(thread, sched.run_ns),
		.help = "Time the thread was on a host CPU." },
	SCHED_ROWS(SCOPE_THREAD, thread, "the thread was"),
	THREAD_NET_ROWS(SCOPE_THREAD, thread),

	{ SCOPE_NIC, TEXT_OF("nic", "NIC"), SRC_TICK, FIELD(nic, device),
		.help = "What tells the NIC from others of its VM: its device." },
	{ SCOPE_NIC, TEXT_OF("device", "DEVICE"), SRC_TICK, FIELD(nic, device),
		.help = "Device of the NIC on the host." },
	{ SCOPE_NIC, TEXT_OF("mac", "MAC"), SRC_LIBVIRT, FIELD(nic, mac),
		.help = "Hardware address of the NIC in libvirt." },
	{ SCOPE_NIC, TEXT_OF("source", "SOURCE"), SRC_LIBVIRT, FIELD(nic, source),
		.help = "Bridge or network the NIC is connected to." },
	NET_ROWS(SCOPE_NIC, nic, "the NIC"),

	{ SCOPE_DISK, TEXT_OF("disk", "DISK"), SRC_TICK, FIELD(disk, target),
		.help = "What the disk is called within its VM." },
	{ SCOPE_DISK, TEXT_OF("path", "PATH"), SRC_LIBVIRT, FIELD(disk, path),
		.help = "Image or device of the disk on the host." },
	DISK_ROWS(SCOPE_DISK, disk, "the disk"),

	{ SCOPE_EXIT, TEXT_OF("reason", "REASON"), SRC_TICK, FIELD(exit, reason),
		.help = "Why the guest was left: the processor's name of the reason or its number, or "
			"the address that was accessed." },
	{ SCOPE_EXIT, TEXT_OF("kind", "KIND"), SRC_TICK, FIELD_OF_NAMES(exit, kind, exit_kind_names),
		.help = "Whether reason is the processor's, one that went on to QEMU, an I/O port or "
			"a page of device memory." },
	{ SCOPE_EXIT, GAUGE_THINGS("vcpu", "VCPU"), SRC_TICK, .derive = exit_vcpu,
		.help = "Number of the vCPU; none where all are added up." },
	{ SCOPE_EXIT, COUNTER_THINGS("exits", "EXIT/s"), SRC_EXITS, FIELD(exit, count),
		.help = "Exits for that reason." },
	{ SCOPE_EXIT, COUNTER_SECONDS("exit_handling", "TIME%"), SRC_EXITS,
		FIELD_NS(exit, handling_ns),
		.help = "Time from these exits to the next entry, on or off a host CPU." },
	{ SCOPE_EXIT, GAUGE_SECONDS("exit_handling_mean", "MEAN"), SRC_EXITS, .derive = exit_mean,
		.of_events = true,
		.help = "Mean time from exit to entry in the interval." },
	{ SCOPE_EXIT, GAUGE_SECONDS("exit_handling_p99", "P99"), SRC_EXITS, FIELD(exit, p99_s),
		.of_events = true,
		.help = "Of these exits 99 % were handled within this time." },
	{ SCOPE_EXIT, GAUGE_SECONDS("exit_handling_max", "MAX"), SRC_EXITS, FIELD(exit, max_s),
		.of_events = true,
		.help = "The longest time from exit to entry in the interval." },

	{ SCOPE_BLAME, TEXT_OF("holder", "HOLDER"), SRC_TICK, FIELD(blame, holder),
		.help = "Who had the CPU while the VM's vCPUs waited for it: a VM, or a task of the "
			"host by its name." },
	{ SCOPE_BLAME, TEXT_OF("kind", "KIND"), SRC_TICK,
		FIELD_OF_NAMES(blame, kind, holder_kind_names),
		.help = "Whether the holder is another VM, a task of the host, the VM itself, or "
			"nobody." },
	{ SCOPE_BLAME, TEXT_OF("holder_uuid", "HUUID"), SRC_TICK, FIELD(blame, holder_uuid),
		.help = "UUID of the holder, a VM in libvirt." },
	{ SCOPE_BLAME, GAUGE_THINGS("holder_pid", "HPID"), SRC_TICK,
		FIELD(blame, holder_pid),
		.help = "Process ID of the holder, a VM." },
	{ SCOPE_BLAME, COUNTER_SECONDS("held", "HELD%"), SRC_EVENTS, FIELD_NS(blame, held_ns),
		.help = "The part of the VM's ready time in which the holder had the CPU." },
};
/* clang-format on */

const size_t n_metrics = sizeof(metrics) / sizeof(metrics[0]);
