/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tells an entity from all others, in one snapshot and in the next: a number to compare. */
#ifndef SINK_IDENTITY_H
#define SINK_IDENTITY_H

#include "vmbpf/metric.h"

/* Never 0. A VM is its UUID, else its pid and start; what is below it, its key within the VM. */
uint64_t identity_of(enum scope scope, const struct item *item);

/* The same by the process alone, as it is before libvirt has told the UUID. 0 without a process. */
uint64_t identity_by_process(enum scope scope, const struct item *item);

#endif
