/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the kernel what BPF programs may do here, mostly by its type information. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/privilege.h"
#include "bpf/probe_check.h"
#include "bpf/tracepoint.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Read once: it takes 50 ms. The findings say what is wrong, so libbpf need not. */
static const struct btf *kernel_types(void)
{
	static struct btf *types;
	static bool asked;

	if (!asked) {
		libbpf_set_print(NULL);
		types = btf__load_vmlinux_btf();
	}
	asked = true;
	return types;
}

static enum probe_result without_types(char *detail, size_t size)
{
	snprintf(detail, size, "cannot be told without the kernel's type information");
	return PROBE_UNKNOWN;
}

enum probe_result check_btf(const struct probe *probe, char *detail, size_t size)
{
	enum probe_result result = probe_file(VMLINUX_BTF, R_OK, detail, size);

	(void)probe;
	if (result != PROBE_OK || kernel_types())
		return result;
	snprintf(detail, size, "%s is there but cannot be understood", VMLINUX_BTF);
	return PROBE_MISSING;
}

/* Asks the kernel itself: security modules and container runtimes have their own opinion. */
enum probe_result check_bpf(const struct probe *probe, char *detail, size_t size)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	AUTO_FD int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "vmbpf_probe", "Dual BSD/GPL",
		nothing, sizeof(nothing) / sizeof(nothing[0]), NULL);
	int err = fd < 0 ? errno : 0;

	(void)probe;
	if (!err)
		return probe_found(true, detail, size, "tracing programs can be loaded", NULL);
	if (err != EPERM)
		snprintf(detail, size, "the kernel refuses tracing programs: %s", strerror(err));
	else if (privilege_has_bpf())
		snprintf(detail, size,
			"refused although the capabilities are there: by a "
			"security module, a container or kernel lockdown");
	else
		snprintf(detail, size, "CAP_BPF and CAP_PERFMON are not held");
	return PROBE_MISSING;
}

enum probe_result check_jit(const struct probe *probe, char *detail, size_t size)
{
	AUTO_FILE FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int enabled;

	(void)probe;
	if (!file || fscanf(file, "%d", &enabled) != 1) {
		snprintf(detail, size, "only root can see net.core.bpf_jit_enable");
		return PROBE_UNKNOWN;
	}
	return probe_found(enabled, detail, size, "net.core.bpf_jit_enable is on",
		"net.core.bpf_jit_enable is 0");
}

/* What the name of a probe has after its first '/'. */
static const char *subject(const struct probe *probe)
{
	const char *slash = strchr(probe->name, '/');

	return slash ? slash + 1 : probe->name;
}

static bool has_type(const struct btf *types, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(types, name, kind) > 0;
}

enum probe_result check_tracepoint(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();
	struct tracepoint found;

	if (!types)
		return without_types(detail, size);
	return probe_found(tracepoint_find(types, NULL, subject(probe), &found) == 0, detail, size,
		"there", "this kernel has no such tracepoint");
}

/* The types of a module are its own. */
enum probe_result check_kvm_tracepoint(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();
	struct tracepoint found;
	struct btf *module;
	int err;

	if (!types)
		return without_types(detail, size);
	module = tracepoint_kvm_types((struct btf *)types);
	err = tracepoint_find(types, module, subject(probe), &found);
	btf__free(module);
	return probe_found(!err, detail, size,
		!err && found.in_module ? "there, in the module kvm"
					: "there, built into the kernel",
		"neither in the kernel nor in a loaded module kvm");
}

enum probe_result check_kfunc(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();

	if (!types)
		return without_types(detail, size);
	return probe_found(has_type(types, subject(probe), BTF_KIND_FUNC), detail, size, "there",
		"this kernel has no such function for BPF; the iterator 'task' is used");
}

enum probe_result check_iterator(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();
	char type[64];

	if (!types)
		return without_types(detail, size);
	snprintf(type, sizeof(type), "bpf_iter__%s", subject(probe));
	return probe_found(has_type(types, type, BTF_KIND_STRUCT), detail, size, "there",
		"this kernel has no such iterator");
}

static bool has_member(const struct btf *types, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(types, (__u32)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(types, btf_members(type)[i].name_off), member) == 0)
			return true;
	return false;
}

/* Without CONFIG_SCHED_INFO the structure is there, but empty (include/linux/sched.h). */
enum probe_result check_sched_info(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();

	(void)probe;
	if (!types)
		return without_types(detail, size);
	return probe_found(has_member(types, "sched_info", "run_delay"), detail, size,
		"the scheduler measures run-queue delay", "built without CONFIG_SCHED_INFO");
}
