/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loader holds of libbpf. */
#ifndef BPF_LOADER_OBJECTS_H
#define BPF_LOADER_OBJECTS_H

#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf/loader.h"
#include "files.skel.h"
#include "kvm.skel.h"
#include "net.skel.h"
#include "sched.skel.h"
#include "walk.skel.h"

struct loader_objects {
	struct sched_bpf *sched;
	struct walk_bpf *walk;
	struct net_bpf *net;
	struct files_bpf *files;
	struct kvm_bpf *kvm;
	struct bpf_link *walk_link; /* of the older form of the walk */
	struct bpf_map *slots, *tids, *control, *free_slots,
		*processes; /* of whoever created them */
};

/* Whole pages, as mmap takes them. */
static inline size_t map_bytes(const struct bpf_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);

	return (bytes + page - 1) & ~(page - 1);
}

/* loader.c: has an object use the maps of threads. */
int loader_share_maps(const struct loader *loader, struct bpf_map *slots, struct bpf_map *tids,
	struct bpf_map *control);

/* loader.c: makes a map memory of this process, and gives it back (NULL: there is none). */
int loader_view_map(const struct bpf_map *map, void *ret);
void loader_unview_map(const struct bpf_map *map, void *memory);

/* loader.c: says what is lost by an error. */
void loader_switch_off(struct loader_part *part, const char *lost, int err);

/* loader_exits.c: loads and attaches the programs on KVM's tracepoints, or says why it cannot. */
void loader_attach_exits(struct loader *loader);
void loader_close_exits(struct loader *loader);

#endif
