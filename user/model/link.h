/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the entities of a snapshot find themselves in the snapshot before. */
#ifndef MODEL_LINK_H
#define MODEL_LINK_H

#include <stddef.h>

#include "vmbpf/model.h"

/* What linking needs to know of a type of entity. Each begins with a struct entity. */
struct kind {
	size_t size;
	size_t next; /* offset of the pointer to its next sibling */
	size_t start_ns; /* offset; 0: it has none */
	bool (*same)(const void *a, const void *b);
	/* What an entity was before it was born: nothing, and that is known. */
	const void *unborn;
};

extern const struct kind host_kind, vm_kind, vcpu_kind, thread_kind, nic_kind, disk_kind, exit_kind,
	blame_kind;

void *kind_next(const struct kind *kind, const void *child);

/* A copy in the snapshot, without its past, which only its own snapshot may follow. */
void *kind_copy(struct snapshot *snap, const struct kind *kind, const void *source);

/* Sets `before` and `polled_before` of a VM and its children; snap->before is not NULL. */
void link_vm(struct snapshot *snap, struct vm *vm);

#endif
