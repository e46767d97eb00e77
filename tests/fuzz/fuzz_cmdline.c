/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines of QEMU and names of threads: any local process can choose them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/kernel/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), name[VM_NAME_MAX];
	int vcpu = -1;

	memcpy(text, data, size);
	text[size] = '\0';
	if (cmdline_name(text, size, name, sizeof(name)) && strlen(name) >= sizeof(name))
		abort();
	cmdline_proxmox_id(text, size, name, sizeof(name));
	cmdline_is_probe(text, size);
	if (role_of_name(text, &vcpu) == ROLE_VCPU && vcpu < 0)
		abort();
	free(text);
	return 0;
}
