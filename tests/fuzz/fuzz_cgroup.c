/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control group listings: whatever the text, what is made of it is consistent. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collect/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size, so that a sanitizer sees a byte too far. */
	AUTO_FREE char *text = malloc(size + 1);
	struct cgroup_info info;
	bool numbered;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	cgroup_parse(text, &info);
	numbered = info.kind == CGROUP_VCPU || info.kind == CGROUP_IOTHREAD;
	if (info.domain_id < -1 || numbered != (info.index >= 0))
		abort();
	if (info.domain_id < 0 && (info.name[0] || info.kind != CGROUP_NONE))
		abort();
	if (strnlen(info.name, sizeof(info.name)) == sizeof(info.name))
		abort();
	return 0;
}
