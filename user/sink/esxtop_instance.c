/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which VMs and devices have columns in an esxtop CSV, and finds them again tick by tick. */
#include "sink/esxtop_instance.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"
#include "sink/esxtop_name.h"

/* Late VMs and devices that are told apart: where many come and go, memory stays bounded. */
#define MAX_LATE 10000

/* Of the late VMs so many are named, so much of each. */
#define N_LATE_NAMES 5
#define MAX_LATE_NAME 40

int instances_init(struct esxtop_instances *instances)
{
	*instances = (struct esxtop_instances){ .tail = &instances->first };
	instances->arena = arena_new();
	return instances->arena ? 0 : -errno;
}

/* For tdestroy(): the instances themselves are the arena's. */
static void keep(void *instance)
{
	(void)instance;
}

void instances_done(struct esxtop_instances *instances)
{
	tdestroy(instances->tree, keep);
	arena_free(instances->arena);
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_instances(const void *left, const void *right)
{
	const struct esxtop_instance *a = left, *b = right;
	int order = ORDER(a->scope, b->scope);

	if (!order)
		order = ORDER(a->pid, b->pid);
	if (!order)
		order = ORDER(a->start_ns, b->start_ns);
	if (!order)
		order = ORDER(a->tid, b->tid);
	if (!order)
		order = ORDER(a->index, b->index);
	return order ? order : strcmp(a->device, b->device);
}

/* A VM that was started again is another one: its group has another number. */
static struct esxtop_instance identify(enum scope scope, const struct item *item)
{
	struct esxtop_instance key = { .scope = scope, .device = "", .entity = item->entity };
	const void *entity = item->entity;

	if (item->vm) {
		key.pid = item->vm->pid;
		key.start_ns = item->vm->start_ns;
	}
	if (scope == SCOPE_VCPU) {
		key.tid = ((const struct vcpu *)entity)->tid;
		key.index = ((const struct vcpu *)entity)->index;
	} else if (scope == SCOPE_NIC) {
		key.device = ((const struct nic *)entity)->device;
	} else if (scope == SCOPE_DISK) {
		key.device = ((const struct disk *)entity)->target;
	}
	return key;
}

static struct esxtop_instance *find(
	const struct esxtop_instances *instances, enum scope scope, const struct item *item)
{
	struct esxtop_instance key = identify(scope, item);
	struct esxtop_instance *const *node = tfind(&key, &instances->tree, compare_instances);

	return node ? *node : NULL;
}

static struct esxtop_instance *find_vm(
	const struct esxtop_instances *instances, const struct vm *vm)
{
	const struct item item = { .entity = &vm->e, .vm = vm };

	return find(instances, SCOPE_VM, &item);
}

/* Whether a VM is called that, with or without the number that tells it from others. */
static bool is_called(const struct esxtop_instance *instance, const char *name)
{
	size_t size = strlen(name);

	return instance->scope == SCOPE_VM && strncmp(instance->label, name, size) == 0 &&
	       (instance->label[size] == '\0' || instance->label[size] == '#');
}

/* "web"; as in perfmon, the second VM of that name is "web#1". */
static const char *make_label(const struct esxtop_instances *instances, const struct vm *vm)
{
	const struct esxtop_instance *other;
	char name[ESXTOP_NAME_MAX];
	unsigned n = 0;

	esxtop_name(vm->name, name);
	for (other = instances->first; other; other = other->next)
		n += is_called(other, name);
	return n ? arena_printf(instances->arena, "%s#%u", name, n)
		 : arena_strdup(instances->arena, name);
}

static struct esxtop_instance *add(
	struct esxtop_instances *instances, const struct esxtop_instance *key)
{
	struct esxtop_instance *instance = arena_alloc(instances->arena, sizeof(*instance));

	*instance = *key;
	instance->device = arena_strdup(instances->arena, key->device);
	return tsearch(instance, &instances->tree, compare_instances) ? instance : NULL;
}

static int add_with_columns(
	struct esxtop_instances *instances, enum scope scope, const struct item *item)
{
	const struct esxtop_instance *vm = item->vm ? find_vm(instances, item->vm) : NULL;
	struct esxtop_instance key = identify(scope, item), *instance;

	if (vm)
		key.label = vm->label;
	else if (item->vm)
		key.label = make_label(instances, item->vm);
	instance = add(instances, &key);
	if (!instance)
		return -ENOMEM;
	*instances->tail = instance;
	instances->tail = &instance->next;
	return 0;
}

static void note_late(struct esxtop_late *late, enum scope scope, const struct vm *vm)
{
	size_t used = strlen(late->names), left = sizeof(late->names) - used;
	char name[MAX_LATE_NAME];

	if (scope != SCOPE_VM) {
		late->n_devices++;
		return;
	}
	late->n_vms++;
	unit_safe_text(vm->name, name, sizeof(name));
	if (late->n_vms <= N_LATE_NAMES)
		snprintf(late->names + used, left, "%s%s", used ? ", " : "", name);
	else if (late->n_vms == N_LATE_NAMES + 1)
		snprintf(late->names + used, left, ", ...");
}

/* The host never is; and what belongs to a VM without columns goes without saying. */
static int add_late(struct esxtop_instances *instances, enum scope scope, const struct item *item)
{
	const struct esxtop_instance *vm = item->vm ? find_vm(instances, item->vm) : NULL;
	struct esxtop_instance key = identify(scope, item);

	if (!item->vm || (scope != SCOPE_VM && (!vm || vm->late)))
		return 0;
	if (instances->late.n_vms + instances->late.n_devices == MAX_LATE) {
		instances->late.more = true;
		return 0;
	}
	key.late = true;
	if (!add(instances, &key))
		return -ENOMEM;
	note_late(&instances->late, scope, item->vm);
	return 0;
}

static int place(struct esxtop_instances *instances, enum scope scope, const struct item *item)
{
	struct esxtop_instance *instance = find(instances, scope, item);

	if (instance)
		instance->entity = item->entity;
	else if (instances->closed)
		return add_late(instances, scope, item);
	else
		return add_with_columns(instances, scope, item);
	return 0;
}

int instances_place(struct esxtop_instances *instances, const struct snapshot *snap)
{
	/* VMs before what is below them. */
	static const enum scope order[] = { SCOPE_HOST, SCOPE_VM, SCOPE_VCPU, SCOPE_NIC,
		SCOPE_DISK };
	struct esxtop_instance *instance;
	int err = 0;

	for (instance = instances->first; instance; instance = instance->next)
		instance->entity = NULL;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct item item = { 0 };

		while (!err && scopes[order[i]].next(snap, &item))
			if (!item.vm || item.vm->pid > 0)
				err = place(instances, order[i], &item);
	}
	return err;
}
