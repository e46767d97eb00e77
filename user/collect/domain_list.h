/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains that libvirt knows, with what was last heard of each. A new list is made with every
 * poll; what need not be asked again, or could not be, moves over from the list before.
 */
#ifndef COLLECT_DOMAIN_LIST_H
#define COLLECT_DOMAIN_LIST_H

#include "collect/domain_stats.h"
#include "collect/domain_xml.h"
#include "vmbpf/model.h"

/* Times are CLOCK_MONOTONIC. */
struct domain {
	char uuid[VIR_UUID_STRING_BUFLEN];
	char *name;
	int64_t id; /* -1: not active */
	enum vm_state state;
	bool persistent; /* known when xml is */
	bool had_process; /* a process of this id has been seen */
	uint64_t n_vcpus_seen; /* threads of vCPUs when last compared with the XML */
	uint64_t changed_ns; /* of the last hint that the XML is no longer true */
	struct domain_xml *xml; /* NULL: not read yet */
	uint64_t xml_ns; /* since when it was true */
	struct domain_stats *stats; /* NULL: QEMU has not answered yet */
	uint64_t stats_ns; /* when they were taken */
};

struct domain_list {
	uint64_t taken_ns; /* 0: libvirt was never asked */
	size_t n, size;
	struct domain *domains; /* ordered by UUID once domain_list_sort() was called */
};

/* An empty list with room for `size` domains, or NULL with errno. */
struct domain_list *domain_list_new(size_t size);
void domain_list_free(struct domain_list *list); /* accepts NULL */

/* Adds an inactive domain; NULL where there is no room or memory. */
struct domain *domain_list_add(struct domain_list *list, const char *uuid, const char *name);

/* Orders the domains and drops those that were listed twice. */
void domain_list_sort(struct domain_list *list);

/* NULL where there is none. */
struct domain *domain_list_find(const struct domain_list *list, const char *uuid);

/* Whether the XML of a domain of the coming list must be read; `was` is NULL for a new domain. */
bool domain_needs_xml(const struct domain *domain, const struct domain *was, uint64_t now_ns);

/*
 * Moves to `list` what it lacks and `before` has: XML, and, of a domain that has not been stopped
 * since, statistics.
 */
void domain_list_inherit(struct domain_list *list, struct domain_list *before);

/* Gives a domain new statistics; the old ones are returned for domain_stats_free(). */
struct domain_stats *domain_put_stats(
	struct domain *domain, struct domain_stats *stats, uint64_t taken_ns);

#endif
