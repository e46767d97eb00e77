/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the list of libvirt's domains and what passes from one poll's list to the next. */
#include "collect/domain_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Not every change is announced: an interface that moves to another bridge is not. */
#define XML_MAX_AGE_NS (60 * NSEC_PER_SEC)

struct domain_list *domain_list_new(size_t size)
{
	struct domain_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->domains = calloc(size ? size : 1, sizeof(*list->domains));
	if (!list->domains) {
		free(list);
		return NULL;
	}
	list->size = size;
	return list;
}

static void release_domain(struct domain *domain)
{
	free(domain->name);
	domain_xml_free(domain->xml);
	domain_stats_free(domain->stats);
}

void domain_list_free(struct domain_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->n; i++)
		release_domain(&list->domains[i]);
	free(list->domains);
	free(list);
}

struct domain *domain_list_add(struct domain_list *list, const char *uuid, const char *name)
{
	struct domain *domain;

	if (list->n == list->size)
		return NULL;
	domain = &list->domains[list->n];
	domain->name = strdup(name);
	if (!domain->name)
		return NULL;
	snprintf(domain->uuid, sizeof(domain->uuid), "%s", uuid);
	domain->id = -1;
	domain->state = VM_SHUTOFF;
	list->n++;
	return domain;
}

static int compare_domains(const void *a, const void *b)
{
	const struct domain *one = a, *other = b;

	return strcmp(one->uuid, other->uuid);
}

void domain_list_sort(struct domain_list *list)
{
	size_t kept = 0;

	qsort(list->domains, list->n, sizeof(*list->domains), compare_domains);
	for (size_t i = 0; i < list->n; i++) {
		struct domain *domain = &list->domains[i];

		if (kept > 0 && compare_domains(&list->domains[kept - 1], domain) == 0)
			release_domain(domain);
		else
			list->domains[kept++] = *domain;
	}
	list->n = kept;
}

static int compare_uuid(const void *uuid, const void *domain)
{
	return strcmp(uuid, ((const struct domain *)domain)->uuid);
}

struct domain *domain_list_find(const struct domain_list *list, const char *uuid)
{
	return bsearch(uuid, list->domains, list->n, sizeof(*list->domains), compare_uuid);
}

/* A minute or less, so that the domains of a host do not all have their turn at once. */
static uint64_t xml_max_age_ns(const struct domain *domain)
{
	unsigned sixteenths = 8 + ((unsigned char)domain->uuid[0] + domain->uuid[1]) % 9;

	return XML_MAX_AGE_NS / 16 * sixteenths;
}

bool domain_needs_xml(const struct domain *domain, const struct domain *was, uint64_t now_ns)
{
	if (!was || !was->xml || was->id != domain->id || was->state != domain->state)
		return true;
	return was->changed_ns >= was->xml_ns || now_ns - was->xml_ns > xml_max_age_ns(domain);
}

static void inherit(struct domain *domain, struct domain *was)
{
	domain->changed_ns = was->changed_ns;
	if (!domain->xml) {
		domain->xml = was->xml;
		domain->xml_ns = was->xml_ns;
		domain->persistent = was->persistent;
		was->xml = NULL;
	}
	if (domain->id < 0 || domain->id != was->id)
		return;
	domain->had_process = was->had_process;
	domain->n_vcpus_seen = was->n_vcpus_seen;
	domain->stats = was->stats;
	domain->stats_ns = was->stats_ns;
	was->stats = NULL;
}

void domain_list_inherit(struct domain_list *list, struct domain_list *before)
{
	for (size_t i = 0; i < list->n; i++) {
		struct domain *domain = &list->domains[i];
		struct domain *was = domain_list_find(before, domain->uuid);

		if (was)
			inherit(domain, was);
	}
}

struct domain_stats *domain_put_stats(
	struct domain *domain, struct domain_stats *stats, uint64_t taken_ns)
{
	struct domain_stats *old = domain->stats;

	domain->stats = stats;
	domain->stats_ns = taken_ns;
	return old;
}
