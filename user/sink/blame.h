/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of vmbpf blame, which has no like among those that registry.c lists. */
#ifndef SINK_BLAME_H
#define SINK_BLAME_H

#include "vmbpf/sink.h"

/* For people: the matrix of who waited for a CPU and who had it, and a sentence for each VM. */
extern const struct sink blame_sink;

#endif
