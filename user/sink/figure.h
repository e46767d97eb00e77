/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text that the outputs for people have in common. */
#ifndef SINK_FIGURE_H
#define SINK_FIGURE_H

#include "sink/threshold.h"
#include "vmbpf/metric.h"

struct arena;
struct unit_style;

/* Longer than any name libvirt or QEMU gives; what is longer is cut anyhow. */
#define FIGURE_TEXT_MAX 1024

/* What goes after a number of that level, '\0' for nothing. */
extern const char level_marks[];

/* Marks after the name of a VM: libvirt's data is old, or libvirt does not know it. */
#define MARK_STALE '*'
#define MARK_NO_LIBVIRT '?'

/* One of the two, or '\0'. */
char figure_vm_mark(const struct vm *vm);

/* "12:05:24", local time. */
const char *figure_time(struct arena *arena, uint64_t real_ns);

/* A value of the host, by its catalogue name, as people read it. */
const char *figure_host(struct arena *arena, const struct snapshot *snap, const char *name);

const char *figure_host_as(struct arena *arena, const struct snapshot *snap, const char *name,
	const struct unit_style *style);

/* The heading of a column. */
const char *figure_title(const struct column *column);

#endif
