/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The collectors that registry.c lists. */
#ifndef COLLECT_REGISTRY_H
#define COLLECT_REGISTRY_H

#include "vmbpf/collector.h"

extern const struct collector kernel_collector, libvirt_collector, netdev_collector,
	process_collector, host_collector;

#endif
