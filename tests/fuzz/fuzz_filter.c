/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a filter: either refused with a line of safe text, or matched against every scope.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/filter.h"
#include "model/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot *make_snapshot(void)
{
	struct snapshot *snap = snapshot_new();
	struct vm *vm = snapshot_add_vm(snap);

	vm->name = "web-1";
	vm->uuid = "6f1ed002-0000-4000-8000-000000000001";
	vm->e.have = ~0u;
	snapshot_add_vcpu(snap, vm)->e.have = ~0u;
	snapshot_add_thread(snap, vm)->e.have = ~0u;
	snapshot_nic(snap, vm, "tap0")->e.have = ~0u;
	snapshot_disk(snap, vm, "vda")->e.have = ~0u;
	snapshot_finish(snap, NULL);
	return snap;
}

static void match_all(const struct filter *filter, const struct snapshot *snap)
{
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct item item = { 0 };

		while (scopes[scope].next(snap, &item))
			filter_match(filter, snap, scope, &item);
	}
}

static void check_error(const char *error)
{
	char safe[FILTER_ERROR_MAX];

	if (*error == '\0' || strcmp(unit_safe_text(error, safe, sizeof(safe)), error) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snapshot *snap;
	char error[FILTER_ERROR_MAX] = "", *text = malloc(size + 1);
	struct filter *filter = NULL;

	if (!snap)
		snap = make_snapshot();
	memcpy(text, data, size);
	text[size] = '\0';
	if (filter_parse(text, SCOPE_VM, &filter, error) == 0)
		match_all(filter, snap);
	else
		check_error(error);
	filter_free(filter);
	free(text);
	return 0;
}
