/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's counters of the VMs' interfaces: the netlink parser, for tests. */
#ifndef COLLECT_NETDEV_H
#define COLLECT_NETDEV_H

#include <net/if.h>
#include <stddef.h>

#include "vmbpf/model.h"

struct netdev_link {
	char name[IFNAMSIZ];
	struct net_counters net; /* point of view of the VM */
};

typedef void netdev_link_fn(const struct netdev_link *link, void *context);

/*
 * Calls `fn` for each interface in one datagram of an RTM_GETLINK dump. 1 when the dump ends with
 * it, 0 when more are to come, -EBADMSG for what the kernel never writes, or the error that the
 * kernel reports.
 */
int netdev_parse(const void *data, size_t size, netdev_link_fn *fn, void *context);

#endif
