/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what the kernel's type information tells of tracepoints. */
#include "bpf/tracepoint.h"

#include <errno.h>
#include <stdio.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* What the type is that stands behind names and qualifiers. */
static const struct btf_type *resolve(const struct btf *types, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(types, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(types, type->type);
	return type;
}

/* A tracepoint that BTF programs can attach to has a type called btf_trace_NAME. */
static const struct btf_type *find_prototype(const struct btf *types, const char *name)
{
	const struct btf_type *type;
	char typedef_name[64];
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = types ? btf__find_by_name_kind(types, typedef_name, BTF_KIND_TYPEDEF) : -ENOENT;
	type = id > 0 ? resolve(types, (__u32)id) : NULL;
	if (!type || !btf_is_ptr(type))
		return NULL;
	type = resolve(types, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

/* Before the arguments of the tracepoint there is one for whoever attached. */
static void describe(
	const struct btf *types, const struct btf_type *prototype, struct tracepoint *ret)
{
	const struct btf_param *arguments = btf_params(prototype) + 1;
	unsigned n = btf_vlen(prototype);
	const struct btf_type *first = n > 1 ? resolve(types, arguments[0].type) : NULL;

	ret->n_arguments = n > 1 ? n - 1 : 0;
	ret->first_is_pointer = first && btf_is_ptr(first);
}

int tracepoint_find(
	const struct btf *kernel, const struct btf *kvm, const char *name, struct tracepoint *ret)
{
	const struct btf_type *prototype = find_prototype(kernel, name);
	const struct btf *types = prototype ? kernel : kvm;

	if (!prototype)
		prototype = find_prototype(kvm, name);
	if (!prototype)
		return -ENOENT;
	*ret = (struct tracepoint){ .in_module = types == kvm };
	describe(types, prototype, ret);
	return 0;
}

struct btf *tracepoint_kvm_types(struct btf *kernel)
{
	struct btf *types = btf__load_module_btf("kvm", kernel);

	return libbpf_get_error(types) ? NULL : types;
}
