/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's XML as libvirt prints it, reduced to what vmbpf shows of a domain. */
#ifndef COLLECT_DOMAIN_XML_H
#define COLLECT_DOMAIN_XML_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct xml_nic {
	struct xml_nic *next;
	const char *device; /* on the host; where it has none, the alias or the hardware address */
	const char *mac, *source; /* NULL where not given */
};

struct xml_disk {
	struct xml_disk *next;
	const char *target;
	const char *path; /* file, device, volume or network name; NULL for an empty drive */
};

struct domain_xml {
	struct arena *arena; /* holds the struct itself and all below */
	const char *title; /* the texts are NULL where not given */
	const char *owner_name, *owner_project, *owner_flavour;
	const char *tags; /* "name=value name=value" */
	uint64_t n_vcpus; /* current; this and the next two are NOT_REPORTED where not given */
	uint64_t memory_assigned_bytes, memory_maximum_bytes;
	struct xml_nic *nics;
	struct xml_disk *disks;
};

/* Longer texts are refused, as are more devices (and the blanks between them) than any VM has. */
#define DOMAIN_XML_MAX ((size_t)4 << 20)
#define DOMAIN_XML_NODES 8192

/*
 * Parses a NUL-terminated text. Nothing is fetched and no entity is defined: a document with a DTD
 * is refused. -E2BIG beyond the limits above, or -EINVAL where it is not the XML of a domain. *ret
 * goes to domain_xml_free(), which accepts NULL.
 */
int domain_xml_parse(const char *text, struct domain_xml **ret);
void domain_xml_free(struct domain_xml *xml);

#endif
