/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what each screen shows. */
#include "sink/tui/screen.h"

const struct screen screens[N_SCREENS] = {
	[SCREEN_OVERVIEW] = {
		.name = "overview",
		.title = "overview",
		.fields = "state,vcpus,cpu,cpu_used,ready,switches,memory_used_bytes,"
			  "memory_assigned,memory_rss,net_rx,net_tx,disk_read,disk_write",
		.sort = "cpu",
		.below = SCOPE_VCPU,
	},
	[SCREEN_CPU] = {
		.name = "cpu",
		.title = "CPU",
		.fields = "vcpus,cpu,cpu_used,guest,hypervisor,halt_poll,ready,stolen_by_vm,"
			  "stolen_by_host,stolen_by_self,wait,idle,blocked,throttled,switches,"
			  "migrations",
		.sort = "cpu",
		.below = SCOPE_VCPU,
	},
	[SCREEN_MEMORY] = {
		.name = "memory",
		.title = "memory",
		.fields = "memory_used_bytes,memory_assigned,memory_maximum,memory_rss,memory_swap,"
			  "faults_major,guest_faults_major",
		.sort = "memory_rss",
		.below = SCOPE_VCPU,
	},
	[SCREEN_NETWORK] = {
		.name = "network",
		.title = "network",
		.fields = "net_rx,net_tx,net_rx_packets,net_tx_packets,net_rx_drops,net_tx_drops",
		.sort = "net_rx",
		.below = SCOPE_NIC,
	},
	[SCREEN_DISK] = {
		.name = "disk",
		.title = "disk",
		.fields = "disk_read,disk_write,disk_read_requests,disk_write_requests,disk_flushes,"
			  "disk_read_latency_seconds,disk_write_latency_seconds",
		.sort = "disk_write",
		.below = SCOPE_DISK,
	},
	[SCREEN_EXITS] = {
		.name = "exits",
		.title = "exits",
		.fields = "exits,exits_halt,exits_io,exits_mmio,exits_interrupt,exits_irq_window,"
			  "hypercalls,emulated",
		.sort = "exits",
		.below = SCOPE_VCPU,
	},
};
