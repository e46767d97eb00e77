/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the parsing of domain XML. A tenant may have written parts of it: titles and metadata. */
#include "collect/domain_xml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/arena.h"
#include "vmbpf/model.h"

/* Longer texts are cut. No name or identifier is near that; paths end at PATH_MAX. */
#define TEXT_MAX 4096
#define TAG_MAX 128

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* Elements of libvirt's own have no namespace; those within the metadata have one. */
static bool in_namespace(const xmlNode *node, const char *prefix)
{
	const char *href = node->ns ? (const char *)node->ns->href : NULL;

	if (!prefix)
		return !href;
	return href && strncmp(href, prefix, strlen(prefix)) == 0;
}

/* The first child of that name and namespace. NULL, also where there is no parent. */
static xmlNode *child_in(const xmlNode *parent, const char *prefix, const char *name)
{
	xmlNode *node;

	for (node = parent ? parent->children : NULL; node; node = node->next)
		if (is_element(node, name) && in_namespace(node, prefix))
			return node;
	return NULL;
}

static xmlNode *child(const xmlNode *parent, const char *name)
{
	return child_in(parent, NULL, name);
}

/* The longest start of a text with at most `max` bytes that does not cut a character in half. */
static size_t cut(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);

	if (length <= max)
		return length;
	for (length = max; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

/* Takes what libxml2 has allocated. Empty is as good as absent. */
static const char *keep(struct arena *arena, xmlChar *text)
{
	const char *copy = NULL;

	if (text && *text)
		copy = arena_strndup(arena, (char *)text, cut((char *)text, TEXT_MAX));
	xmlFree(text);
	return copy;
}

static const char *content(struct arena *arena, xmlNode *node)
{
	return node ? keep(arena, xmlNodeGetContent(node)) : NULL;
}

static const char *attribute(struct arena *arena, xmlNode *node, const char *name)
{
	return node ? keep(arena, xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

/* A decimal number and nothing else. */
static uint64_t number(const char *text)
{
	uint64_t value = 0;

	if (!text)
		return NOT_REPORTED;
	do {
		if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
			return NOT_REPORTED;
		value = value * 10 + (uint64_t)(*text++ - '0');
	} while (*text);
	return value;
}

/* libvirt prints memory in KiB only. */
static uint64_t memory(struct arena *arena, xmlNode *node)
{
	const char *unit = attribute(arena, node, "unit");
	uint64_t kib = number(content(arena, node));

	if (!unit || strcmp(unit, "KiB") != 0 || kib > UINT64_MAX / 1024)
		return NOT_REPORTED;
	return kib * 1024;
}

static void read_size(xmlNode *root, struct domain_xml *xml)
{
	xmlNode *vcpu = child(root, "vcpu");

	xml->n_vcpus = number(attribute(xml->arena, vcpu, "current"));
	if (xml->n_vcpus == NOT_REPORTED)
		xml->n_vcpus = number(content(xml->arena, vcpu));
	xml->memory_maximum_bytes = memory(xml->arena, child(root, "memory"));
	xml->memory_assigned_bytes = memory(xml->arena, child(root, "currentMemory"));
	if (xml->memory_assigned_bytes == NOT_REPORTED)
		xml->memory_assigned_bytes = xml->memory_maximum_bytes;
}

static void read_nova(xmlNode *metadata, struct domain_xml *xml)
{
	static const char nova[] = "http://openstack.org/xmlns/libvirt/nova/";
	xmlNode *instance = child_in(metadata, nova, "instance");
	xmlNode *owner = child_in(instance, nova, "owner");
	struct arena *arena = xml->arena;

	xml->owner_name = content(arena, child_in(instance, nova, "name"));
	xml->owner_project = content(arena, child_in(owner, nova, "project"));
	xml->owner_flavour = attribute(arena, child_in(instance, nova, "flavor"), "name");
}

/* What other managers of VMs leave in the metadata: the text or an attribute of a nested element.
 */
static const struct tag {
	const char *name;
	const char *namespace; /* its start */
	const char *path[3];
	const char *attribute; /* NULL: the text */
} tags[] = {
	{ "os", "http://libosinfo.org/xmlns/libvirt/domain/", { "libosinfo", "os" }, "id" },
	{ "one_name", "http://opennebula.org/xmlns/libvirt/", { "vm", "name" }, NULL },
	{ "one_user", "http://opennebula.org/xmlns/libvirt/", { "vm", "uname" }, NULL },
	{ "one_group", "http://opennebula.org/xmlns/libvirt/", { "vm", "gname" }, NULL },
	{ "ovirt_cluster", "http://ovirt.org/vm/", { "vm", "clusterVersion" }, NULL },
	{ "kubevirt_uid", "http://kubevirt.io", { "kubevirt", "uid" }, NULL },
};

/* Blanks, quotes and control characters would make two tags of one. */
static void make_word(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == 0x7f)
			*text = '_';
}

static void add_tag(const struct tag *tag, xmlNode *metadata, struct domain_xml *xml)
{
	xmlNode *node = metadata;
	const char *value;
	char *word;

	for (size_t i = 0; i < 3 && tag->path[i]; i++)
		node = child_in(node, tag->namespace, tag->path[i]);
	value = tag->attribute ? attribute(xml->arena, node, tag->attribute)
			       : content(xml->arena, node);
	if (!value)
		return;
	word = arena_strndup(xml->arena, value, cut(value, TAG_MAX));
	make_word(word);
	xml->tags = arena_printf(xml->arena, "%s%s%s=%s", xml->tags ? xml->tags : "",
		xml->tags ? " " : "", tag->name, word);
}

static void read_metadata(xmlNode *root, struct domain_xml *xml)
{
	xmlNode *metadata = child(root, "metadata");

	xml->title = content(xml->arena, child(root, "title"));
	if (!metadata)
		return;
	read_nova(metadata, xml);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		add_tag(&tags[i], metadata, xml);
}

/* The value of the first of these attributes that is there. */
static const char *first_attribute(
	struct arena *arena, xmlNode *node, const char *const *names, size_t n)
{
	const char *value = NULL;

	for (size_t i = 0; i < n && !value; i++)
		value = attribute(arena, node, names[i]);
	return value;
}

static struct xml_nic *read_nic(struct arena *arena, xmlNode *node)
{
	static const char *const sources[] = { "network", "bridge", "dev", "path", "name" };
	struct xml_nic *nic = arena_alloc(arena, sizeof(*nic));

	nic->mac = attribute(arena, child(node, "mac"), "address");
	nic->source = first_attribute(
		arena, child(node, "source"), sources, sizeof(sources) / sizeof(sources[0]));
	nic->device = attribute(arena, child(node, "target"), "dev");
	if (!nic->device)
		nic->device = attribute(arena, child(node, "alias"), "name");
	if (!nic->device)
		nic->device = nic->mac ? nic->mac : "?";
	return nic;
}

/* NULL for a disk without a target, which no domain has. */
static struct xml_disk *read_disk(struct arena *arena, xmlNode *node)
{
	static const char *const sources[] = { "file", "dev", "name", "path", "dir" };
	struct xml_disk *disk = arena_alloc(arena, sizeof(*disk));
	xmlNode *source = child(node, "source");
	const char *pool = attribute(arena, source, "pool");
	const char *volume = attribute(arena, source, "volume");

	disk->target = attribute(arena, child(node, "target"), "dev");
	disk->path = first_attribute(arena, source, sources, sizeof(sources) / sizeof(sources[0]));
	if (!disk->path && pool && volume)
		disk->path = arena_printf(arena, "%s/%s", pool, volume);
	return disk->target ? disk : NULL;
}

static int read_devices(xmlNode *devices, struct domain_xml *xml)
{
	struct xml_nic **nic = &xml->nics;
	struct xml_disk **disk = &xml->disks;
	unsigned n = 0;
	xmlNode *node;

	for (node = devices ? devices->children : NULL; node; node = node->next) {
		if (++n > DOMAIN_XML_NODES)
			return -E2BIG;
		if (is_element(node, "interface")) {
			*nic = read_nic(xml->arena, node);
			nic = &(*nic)->next;
		} else if (is_element(node, "disk")) {
			*disk = read_disk(xml->arena, node);
			disk = *disk ? &(*disk)->next : disk;
		}
	}
	return 0;
}

static int read_domain(xmlNode *root, struct domain_xml **ret)
{
	struct arena *arena;
	struct domain_xml *xml;
	int err;

	if (!root || !is_element(root, "domain"))
		return -EINVAL;
	arena = arena_new();
	if (!arena)
		return -ENOMEM;
	xml = arena_alloc(arena, sizeof(*xml));
	xml->arena = arena;
	read_size(root, xml);
	read_metadata(root, xml);
	err = read_devices(child(root, "devices"), xml);
	if (err < 0) {
		domain_xml_free(xml);
		return err;
	}
	*ret = xml;
	return 0;
}

/* libvirt writes no document type; what one could define is better never read. */
static void refuse_document_type(
	void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	xmlStopParser(ctx);
}

static xmlDoc *parse_document(const char *text, size_t length)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlParserCtxt *ctx = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!ctx)
		return NULL;
	ctx->sax->internalSubset = refuse_document_type;
	doc = xmlCtxtReadMemory(ctx, text, (int)length, NULL, NULL, options);
	xmlFreeParserCtxt(ctx);
	return doc;
}

int domain_xml_parse(const char *text, struct domain_xml **ret)
{
	size_t length = strnlen(text, DOMAIN_XML_MAX + 1);
	xmlDoc *doc;
	int err;

	if (length > DOMAIN_XML_MAX)
		return -E2BIG;
	doc = parse_document(text, length);
	if (!doc)
		return -EINVAL;
	err = read_domain(xmlDocGetRootElement(doc), ret);
	xmlFreeDoc(doc);
	return err;
}

void domain_xml_free(struct domain_xml *xml)
{
	if (xml)
		arena_free(xml->arena);
}
