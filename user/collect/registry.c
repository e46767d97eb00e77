/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of collectors, in the order in which they fill a snapshot. */
#include "collect/registry.h"

#include <stddef.h>

/*
 * The first finds the VMs that run, the second names them and adds those that do not; the others
 * add to what is listed by then.
 */
const struct collector *const collectors[] = {
	&kernel_collector,
	&libvirt_collector,
	&netdev_collector,
	&process_collector,
	&host_collector,
	NULL,
};
