/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's statistics of one domain, from typed parameters to plain data. */
#ifndef COLLECT_DOMAIN_STATS_H
#define COLLECT_DOMAIN_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <libvirt/libvirt.h>

#include "vmbpf/model.h"

struct arena;

/* Numbers that were not delivered are NOT_REPORTED. */
struct balloon_stats {
	uint64_t assigned_bytes, maximum_bytes;
	uint64_t available_bytes, unused_bytes, usable_bytes, cached_bytes;
	uint64_t faults_minor, faults_major;
	uint64_t swap_in_bytes, swap_out_bytes;
	uint64_t last_update_s; /* CLOCK_REALTIME of the guest's report, 0 before the first one */
	uint64_t rss_bytes;
};

struct disk_stats {
	const char *target, *path; /* NULL where not given */
	struct disk_counters io;
	struct storage storage;
};

struct domain_stats {
	struct arena *arena; /* holds the struct itself and all below */
	struct balloon_stats balloon;
	unsigned n_disks;
	struct disk_stats *disks;
};

/* libvirt allows itself fewer; what is beyond is dropped. */
#define DOMAIN_STATS_DISKS 1024

/*
 * Parses what virConnectGetAllDomainStats() delivers for the groups BALLOON and BLOCK. Parameters
 * that are unknown, or of an unexpected type, are passed over. -ENODATA where QEMU itself was not
 * asked because another call still waits for it: such a result is old news. *ret goes to
 * domain_stats_free(), which accepts NULL.
 */
int domain_stats_parse(const virTypedParameter *params, int n_params, struct domain_stats **ret);
void domain_stats_free(struct domain_stats *stats);

/* The guest itself has told how it uses its memory. */
bool domain_stats_has_guest_view(const struct domain_stats *stats);

#endif
