/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the meaning of libvirt's statistics: names, units, what absence means. */
#include "collect/domain_stats.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* One number: its name, where it goes, and what it is multiplied by to get there. */
struct row {
	const char *name;
	size_t offset;
	uint64_t scale;
};

#define BALLOON(name, member, scale) \
	{ \
		name, offsetof(struct balloon_stats, member), scale \
	}
#define BLOCK(name, member) \
	{ \
		name, offsetof(struct disk_stats, member), 1 \
	}

static const struct row balloon_rows[] = {
	BALLOON("current", assigned_bytes, 1024),
	BALLOON("maximum", maximum_bytes, 1024),
	BALLOON("available", available_bytes, 1024),
	BALLOON("unused", unused_bytes, 1024),
	BALLOON("usable", usable_bytes, 1024),
	BALLOON("disk_caches", cached_bytes, 1024),
	BALLOON("swap_in", swap_in_bytes, 1024),
	BALLOON("swap_out", swap_out_bytes, 1024),
	BALLOON("major_fault", faults_major, 1),
	BALLOON("minor_fault", faults_minor, 1),
	BALLOON("last-update", last_update_s, 1),
	BALLOON("rss", rss_bytes, 1024),
};

static const struct row block_rows[] = {
	BLOCK("rd.reqs", io.read_requests),
	BLOCK("rd.bytes", io.read_bytes),
	BLOCK("rd.times", io.read_ns),
	BLOCK("wr.reqs", io.write_requests),
	BLOCK("wr.bytes", io.write_bytes),
	BLOCK("wr.times", io.write_ns),
	BLOCK("fl.reqs", io.flushes),
	BLOCK("capacity", storage.capacity_bytes),
	BLOCK("physical", storage.allocated_bytes),
};

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct balloon_stats no_balloon = {
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
	NOT_REPORTED,
};

static const struct disk_stats no_disk = {
	.io = { NOT_REPORTED, NOT_REPORTED, NOT_REPORTED, NOT_REPORTED, NOT_REPORTED, NOT_REPORTED,
		NOT_REPORTED },
	.storage = { NOT_REPORTED, NOT_REPORTED },
};

/* What follows the prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* The value of any type of integer; a negative one, as QEMU once sent, is none. */
static uint64_t integer(const virTypedParameter *param)
{
	int64_t value;

	switch (param->type) {
	case VIR_TYPED_PARAM_ULLONG:
		return param->value.ul;
	case VIR_TYPED_PARAM_UINT:
		return param->value.ui;
	case VIR_TYPED_PARAM_LLONG:
		value = param->value.l;
		break;
	case VIR_TYPED_PARAM_INT:
		value = param->value.i;
		break;
	default:
		return NOT_REPORTED;
	}
	return value < 0 ? NOT_REPORTED : (uint64_t)value;
}

/* What does not fit 64 bits in bytes was no size either. */
static uint64_t scaled(uint64_t value, uint64_t scale)
{
	return value > UINT64_MAX / scale ? NOT_REPORTED : value * scale;
}

static void store(const struct row *rows, size_t n_rows, const char *name,
	const virTypedParameter *param, void *target)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		*(uint64_t *)((char *)target + rows[i].offset) =
			scaled(integer(param), rows[i].scale);
		return;
	}
}

static void store_text(struct arena *arena, const virTypedParameter *param, const char **ret)
{
	if (param->type == VIR_TYPED_PARAM_STRING)
		*ret = arena_strdup(arena, param->value.s);
}

/* "3.rd.bytes" */
static void store_disk(struct domain_stats *stats, const char *name, const virTypedParameter *param)
{
	struct disk_stats *disk;
	char *end;
	unsigned long index = strtoul(name, &end, 10);

	if (end == name || *end != '.' || index >= stats->n_disks)
		return;
	disk = &stats->disks[index];
	name = end + 1;
	if (strcmp(name, "name") == 0)
		store_text(stats->arena, param, &disk->target);
	else if (strcmp(name, "path") == 0)
		store_text(stats->arena, param, &disk->path);
	else
		store(block_rows, N_ROWS(block_rows), name, param, disk);
}

static void store_param(struct domain_stats *stats, const virTypedParameter *param)
{
	const char *name = after(param->field, "balloon.");

	if (name) {
		store(balloon_rows, N_ROWS(balloon_rows), name, param, &stats->balloon);
		return;
	}
	name = after(param->field, "block.");
	if (name)
		store_disk(stats, name, param);
}

static unsigned count_disks(const virTypedParameter *params, int n_params)
{
	for (int i = 0; i < n_params; i++) {
		uint64_t n;

		if (strcmp(params[i].field, "block.count") != 0)
			continue;
		n = integer(&params[i]);
		return n < DOMAIN_STATS_DISKS ? (unsigned)n : DOMAIN_STATS_DISKS;
	}
	return 0;
}

/*
 * libvirt adds the resident memory, and counters of disks, only when it had QEMU to itself; the
 * rest it knows without.
 */
static bool was_asked(const struct domain_stats *stats)
{
	if (stats->balloon.rss_bytes != NOT_REPORTED)
		return true;
	for (unsigned i = 0; i < stats->n_disks; i++)
		if (stats->disks[i].io.read_requests != NOT_REPORTED)
			return true;
	return false;
}

static struct domain_stats *new_stats(unsigned n_disks)
{
	struct arena *arena = arena_new();
	struct domain_stats *stats;

	if (!arena)
		return NULL;
	stats = arena_alloc(arena, sizeof(*stats));
	stats->arena = arena;
	stats->balloon = no_balloon;
	stats->n_disks = n_disks;
	stats->disks = arena_alloc(arena, n_disks * sizeof(*stats->disks));
	for (unsigned i = 0; i < n_disks; i++)
		stats->disks[i] = no_disk;
	return stats;
}

int domain_stats_parse(const virTypedParameter *params, int n_params, struct domain_stats **ret)
{
	struct domain_stats *stats = new_stats(count_disks(params, n_params));

	if (!stats)
		return -ENOMEM;
	for (int i = 0; i < n_params; i++)
		store_param(stats, &params[i]);
	if (!was_asked(stats)) {
		domain_stats_free(stats);
		return -ENODATA;
	}
	*ret = stats;
	return 0;
}

void domain_stats_free(struct domain_stats *stats)
{
	if (stats)
		arena_free(stats->arena);
}

bool domain_stats_has_guest_view(const struct domain_stats *stats)
{
	const struct balloon_stats *balloon = &stats->balloon;

	return balloon->last_update_s != NOT_REPORTED && balloon->last_update_s > 0 &&
	       balloon->available_bytes != NOT_REPORTED &&
	       (balloon->unused_bytes != NOT_REPORTED || balloon->usable_bytes != NOT_REPORTED);
}
