/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how entities are recognised from one snapshot to the next. */
#include "sink/tui/identity.h"

#include "base/table.h"
#include "sink/select.h"

/* 64-bit FNV's prime: what is mixed in last does not cancel what was before. */
static uint64_t mix(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * 0x100000001b3ull;
}

static uint64_t identity_of_vm(const struct vm *vm)
{
	if (vm->uuid)
		return table_hash(vm->uuid);
	return mix(mix(table_hash("pid"), (uint64_t)vm->pid), vm->start_ns);
}

uint64_t identity_of(enum scope scope, const struct item *item)
{
	uint64_t identity = item->vm ? identity_of_vm(item->vm) : table_hash("host");
	struct value key;

	if (scope > SCOPE_VM) {
		key = select_key(scope, item);
		identity = mix(identity, scope);
		identity = mix(identity, key.kind == VALUE_TEXT ? table_hash(key.text) : key.raw);
	}
	return identity ? identity : 1;
}
