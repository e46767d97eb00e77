/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The netlink parser: whatever a datagram says, names end and nothing beyond it is read. */
#include <stdlib.h>
#include <string.h>

#include "collect/netdev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_link(const struct netdev_link *link, void *context)
{
	(void)context;
	if (!memchr(link->name, '\0', sizeof(link->name)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int r = netdev_parse(data, size, check_link, NULL);

	if (r > 1)
		abort();
	return 0;
}
