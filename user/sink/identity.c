/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how entities are recognised from one snapshot to the next. */
#include "sink/identity.h"

#include "base/table.h"
#include "sink/select.h"

/* 64-bit FNV's prime: what is mixed in last does not cancel what was before. */
static uint64_t mix(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * 0x100000001b3ull;
}

static uint64_t identity_of_process(const struct vm *vm)
{
	return mix(mix(table_hash("pid"), (uint64_t)vm->pid), vm->start_ns);
}

/* What is below a VM, or the VM itself, when the VM's is that. */
static uint64_t complete(uint64_t identity, enum scope scope, const struct item *item)
{
	struct value key;

	if (scope > SCOPE_VM) {
		key = select_key(scope, item);
		identity = mix(identity, scope);
		identity = mix(identity, key.kind == VALUE_TEXT ? table_hash(key.text) : key.raw);
	}
	return identity ? identity : 1;
}

uint64_t identity_of(enum scope scope, const struct item *item)
{
	const struct vm *vm = item->vm;

	if (!vm)
		return table_hash("host");
	return complete(vm->uuid ? table_hash(vm->uuid) : identity_of_process(vm), scope, item);
}

uint64_t identity_by_process(enum scope scope, const struct item *item)
{
	if (!item->vm || item->vm->pid <= 0)
		return 0;
	return complete(identity_of_process(item->vm), scope, item);
}
