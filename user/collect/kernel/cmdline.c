/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a QEMU command line: what the VM calls itself. Never a proof of anything. */
#include <stdio.h>
#include <string.h>

#include "collect/kernel/kernel.h"

/* The argument after `arg`, or NULL. Both end within `size`, since the last byte is 0. */
static const char *next_argument(const char *cmdline, size_t size, const char *arg)
{
	const char *next = arg + strlen(arg) + 1;

	return next < cmdline + size ? next : NULL;
}

/* The value of the first of the given options. */
static const char *find_option(const char *cmdline, size_t size, const char *const *options)
{
	if (size == 0 || cmdline[size - 1] != '\0')
		return NULL;
	for (const char *arg = cmdline; arg; arg = next_argument(cmdline, size, arg)) {
		for (const char *const *option = options; *option; option++) {
			/* QEMU takes -name and --name. */
			if (strcmp(arg, *option) == 0 ||
				(arg[0] == '-' && strcmp(arg + 1, *option) == 0))
				return next_argument(cmdline, size, arg);
		}
	}
	return NULL;
}

/* Up to a single comma; a double one stands for a comma of the value. */
static void copy_value(const char *value, char *ret, size_t size)
{
	size_t at = 0;

	for (; *value && at + 1 < size; value++) {
		if (*value == ',' && *++value != ',')
			break;
		ret[at++] = *value;
	}
	ret[at] = '\0';
}

bool cmdline_name(const char *cmdline, size_t size, char *name, size_t name_size)
{
	static const char *const options[] = { "-name", NULL };
	const char *value = find_option(cmdline, size, options);
	const char *guest;

	if (!value)
		return false;
	guest = strstr(value, "guest=");
	if (guest && (guest == value || guest[-1] == ','))
		value = guest + strlen("guest=");
	copy_value(value, name, name_size);
	return name[0] != '\0';
}

/* Proxmox numbers its VMs, and tells QEMU the number with an option that only its own QEMU has. */
bool cmdline_proxmox_id(const char *cmdline, size_t size, char *id, size_t id_size)
{
	static const char *const options[] = { "-id", NULL };
	const char *value = find_option(cmdline, size, options);

	if (!value || !*value || strspn(value, "0123456789") != strlen(value) ||
		strlen(value) >= id_size)
		return false;
	memcpy(id, value, strlen(value) + 1);
	return true;
}

/* libvirt starts QEMU without a machine to ask what it can do: that is no VM. */
bool cmdline_is_probe(const char *cmdline, size_t size)
{
	static const char *const options[] = { "-machine", "-M", NULL };
	const char *value = find_option(cmdline, size, options);
	char machine[8];

	if (!value)
		return false;
	copy_value(value, machine, sizeof(machine));
	return strcmp(machine, "none") == 0;
}
