/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every parser of a /proc file, on the same text: what they accept, they must accept in bounds. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "collect/host.h"
#include "collect/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size, so that a sanitizer sees a byte too far. */
	AUTO_FREE char *text = malloc(size + 1);
	struct process_usage usage = { 0 };
	struct host host = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	process_parse_stat(text, &usage);
	process_parse_status(text, &usage);
	for (size_t i = 0; i < n_host_files; i++)
		host_files[i].parse(text, &host);
	if (host.load_1m < 0 || usage.swap_bytes % 1024 != 0)
		abort();
	return 0;
}
