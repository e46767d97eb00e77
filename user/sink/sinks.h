/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outputs that registry.c lists. */
#ifndef SINK_SINKS_H
#define SINK_SINKS_H

#include "vmbpf/sink.h"

extern const struct sink table_sink, json_sink, csv_sink;

#endif
