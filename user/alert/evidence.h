/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a number is beyond its threshold, from the data at hand, and what to do about it. */
#ifndef ALERT_EVIDENCE_H
#define ALERT_EVIDENCE_H

#include "vmbpf/metric.h"

struct arena;

/* What a cause needs to know of the past: how disks grew. */
struct evidence_memory;
struct evidence_memory *evidence_memory_new(void); /* NULL without memory */
void evidence_memory_free(struct evidence_memory *memory); /* accepts NULL */

/* Once a tick. It looks at no more than one tick in ten seconds. */
void evidence_observe(struct evidence_memory *memory, const struct snapshot *snap);

struct finding {
	const char *cause; /* never NULL: where it cannot be told, it says so */
	const char *suggestion;
};

/* `item` is of the column's scope. Texts live in the arena or are static, and are not safe to
 * print. */
void evidence_find(const struct evidence_memory *memory, struct arena *arena,
	const struct snapshot *snap, const struct column *column, const struct item *item,
	struct finding *ret);

#endif
