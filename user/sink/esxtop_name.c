/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns which of our numbers is which of esxtop's.
 *
 * What esxtop has and KVM has not, such as % CoStop, has no row, nor has what is called the same
 * and means another thing, such as Cpu Load.
 */
#include "sink/esxtop_name.h"

#include <string.h>

#include "model/unit.h"

/* A megabyte of esxtop is binary, a megabit decimal. */
#define MBYTES (1.0 / (1 << 20))
#define MBITS 8e-6
#define MILLISECONDS 1e3

/* clang-format off */
#define SCHED_COUNTERS(object, scope) \
	{ object, "% Wait", 1, { scope ".wait_percent" } }, \
	{ object, "% VmWait", 1, { scope ".blocked_percent" } }, \
	{ object, "% Ready", 1, { scope ".ready_percent" } }, \
	{ object, "% Idle", 1, { scope ".idle_percent" } }, \
	{ object, "% Overlap", 1, { scope ".overlap_percent" } }, \
	{ object, "% Max Limited", 1, { scope ".throttled_percent" } }, \
	{ object, "Switches/sec", 1, { scope ".switches_per_second" } }, \
	{ object, "Migrates/sec", 1, { scope ".migrations_per_second" } }, \
	{ object, "Wakeups/sec", 1, { scope ".wakeups_per_second" } }

#define DISK_COUNTERS(object, scope) \
	{ object, "Commands/sec", 1, { scope ".disk_read_requests_per_second", \
		scope ".disk_write_requests_per_second", scope ".disk_flushes_per_second" } }, \
	{ object, "Reads/sec", 1, { scope ".disk_read_requests_per_second" } }, \
	{ object, "Writes/sec", 1, { scope ".disk_write_requests_per_second" } }, \
	{ object, "MBytes Read/sec", MBYTES, { scope ".disk_read_bytes_per_second" } }, \
	{ object, "MBytes Written/sec", MBYTES, { scope ".disk_write_bytes_per_second" } }, \
	{ object, "Average MilliSec/Read", MILLISECONDS, { scope ".disk_read_latency_seconds" } }, \
	{ object, "Average MilliSec/Write", MILLISECONDS, { scope ".disk_write_latency_seconds" } }

const struct esxtop_counter esxtop_counters[] = {
	{ OBJECT_CPU, "% Util Time", 1, { "host.cpu_busy_percent" } },

	{ OBJECT_MEMORY, "Machine MBytes", MBYTES, { "host.memory_total_bytes" } },
	{ OBJECT_MEMORY, "Free MBytes", MBYTES, { "host.memory_available_bytes" } },

	{ OBJECT_GROUP_CPU, "Members", 1, { "vm.threads" } },
	{ OBJECT_GROUP_CPU, "% Used", 1, { "vm.cpu_percent" } },
	/* Time of interrupts is part of esxtop's run, and not of its used. */
	{ OBJECT_GROUP_CPU, "% Run", 1, { "vm.cpu_vcpu_percent", "vm.overlap_percent" } },
	{ OBJECT_GROUP_CPU, "% System", 1, { "vm.cpu_emulator_percent", "vm.cpu_iothread_percent",
		"vm.cpu_worker_percent", "vm.cpu_vhost_percent", "vm.cpu_other_percent" } },
	SCHED_COUNTERS(OBJECT_GROUP_CPU, "vm"),

	{ OBJECT_VCPU, "% Run", 1, { "vcpu.cpu_percent", "vcpu.overlap_percent" } },
	SCHED_COUNTERS(OBJECT_VCPU, "vcpu"),

	{ OBJECT_GROUP_MEMORY, "Memory Size MBytes", MBYTES, { "vm.memory_maximum_bytes" } },
	{ OBJECT_GROUP_MEMORY, "Memory Consumed Size MBytes", MBYTES, { "vm.memory_rss_bytes" } },
	{ OBJECT_GROUP_MEMORY, "Swapped MBytes", MBYTES, { "vm.memory_swap_bytes" } },

	DISK_COUNTERS(OBJECT_VM_DISKS, "vm"),
	DISK_COUNTERS(OBJECT_DISK, "disk"),

	{ OBJECT_PORT, "Packets Transmitted/sec", 1, { "nic.net_tx_packets_per_second" } },
	{ OBJECT_PORT, "MBits Transmitted/sec", MBITS, { "nic.net_tx_bytes_per_second" } },
	{ OBJECT_PORT, "Packets Received/sec", 1, { "nic.net_rx_packets_per_second" } },
	{ OBJECT_PORT, "MBits Received/sec", MBITS, { "nic.net_rx_bytes_per_second" } },
};
/* clang-format on */

const size_t n_esxtop_counters = sizeof(esxtop_counters) / sizeof(esxtop_counters[0]);

/*
 * Brackets enclose an instance, "\" and ":" separate parts, "#" numbers instances of one name, "/"
 * and "*" are perfmon's, and viewers that split lines at commas know no quoting.
 */
const char *esxtop_name(const char *text, char ret[static ESXTOP_NAME_MAX])
{
	static const char from[] = "()#\\/:*\",", to[] = "[]_______";

	_Static_assert(sizeof(from) == sizeof(to), "each has its other");
	unit_safe_text(text && *text ? text : "-", ret, ESXTOP_NAME_MAX);
	for (char *at = ret; (at = strpbrk(at, from)); at++)
		*at = to[strchr(from, *at) - from];
	return ret;
}

static void write_name(struct writer *writer, const char *text)
{
	char name[ESXTOP_NAME_MAX];

	writer_string(writer, esxtop_name(text, name));
}

static void write_label(struct writer *writer, const struct esxtop_instance *instance)
{
	writer_string(writer, instance->label);
}

/* "1234:web" */
static void write_group(struct writer *writer, const struct esxtop_instance *instance)
{
	writer_u64(writer, (uint64_t)instance->pid);
	writer_char(writer, ':');
	write_label(writer, instance);
}

/* "1234:web:1240:vmx-vcpu-0", the last being how viewers know a vCPU from other worlds. */
static void write_vcpu(struct writer *writer, const struct esxtop_instance *instance)
{
	write_group(writer, instance);
	writer_char(writer, ':');
	writer_u64(writer, (uint64_t)instance->tid);
	writer_string(writer, ":vmx-vcpu-");
	writer_u64(writer, instance->index);
}

/* "web:vda" */
static void write_disk(struct writer *writer, const struct esxtop_instance *instance)
{
	write_label(writer, instance);
	writer_char(writer, ':');
	write_name(writer, instance->device);
}

/* "br0:vnet3:1234:web", where esxtop has the switch, the port, the group and its name. */
static void write_port(struct writer *writer, const struct esxtop_instance *instance)
{
	write_name(writer, ((const struct nic *)instance->entity)->source);
	writer_char(writer, ':');
	write_name(writer, instance->device);
	writer_char(writer, ':');
	write_group(writer, instance);
}

const struct esxtop_object esxtop_objects[N_ESXTOP_OBJECTS] = {
	[OBJECT_CPU] = { "Physical Cpu(_Total)", SCOPE_HOST, NULL },
	[OBJECT_MEMORY] = { "Memory", SCOPE_HOST, NULL },
	[OBJECT_GROUP_CPU] = { "Group Cpu", SCOPE_VM, write_group },
	[OBJECT_VCPU] = { "Vcpu", SCOPE_VCPU, write_vcpu },
	[OBJECT_GROUP_MEMORY] = { "Group Memory", SCOPE_VM, write_group },
	[OBJECT_VM_DISKS] = { "Virtual Disk", SCOPE_VM, write_label },
	[OBJECT_DISK] = { "Virtual Disk", SCOPE_DISK, write_disk },
	[OBJECT_PORT] = { "Network Port", SCOPE_NIC, write_port },
};
