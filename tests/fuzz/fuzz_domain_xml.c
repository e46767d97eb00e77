/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domain XML: no text, well-formed or not, may do more than be refused. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collect/domain_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_devices(const struct domain_xml *xml)
{
	for (const struct xml_nic *nic = xml->nics; nic; nic = nic->next)
		if (!nic->device || !nic->device[0])
			abort();
	for (const struct xml_disk *disk = xml->disks; disk; disk = disk->next)
		if (!disk->target || !disk->target[0])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size, so that a sanitizer sees a byte too far. */
	AUTO_FREE char *text = malloc(size + 1);
	struct domain_xml *xml;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (domain_xml_parse(text, &xml) < 0)
		return 0;
	check_devices(xml);
	domain_xml_free(xml);
	return 0;
}
