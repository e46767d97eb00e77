/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the kernel side that counts exits: sizes it, chooses the forms, attaches it. */
#include <errno.h>
#include <stdio.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/loader_objects.h"
#include "bpf/tracepoint.h"

/* Each vCPU has a table: as many as VMs are rarely crowded onto that many CPUs. */
#define TABLES_PER_CPU 16
#define MIN_TABLES 256

static unsigned choose_tables(const struct loader *loader)
{
	unsigned wanted = loader->n_cpus * TABLES_PER_CPU;

	if (wanted < MIN_TABLES)
		wanted = MIN_TABLES;
	return wanted < loader->n_slots ? wanted : loader->n_slots;
}

/* The form of the program on kvm_exit that this kernel takes. */
static struct bpf_program *choose_on_exit(struct kvm_bpf *kvm, const struct tracepoint *tracepoint)
{
	if (tracepoint->n_arguments == 2 && tracepoint->first_is_pointer)
		return kvm->progs.on_exit;
	if (tracepoint->n_arguments == 3 && !tracepoint->first_is_pointer)
		return kvm->progs.on_exit_with_reason;
	return kvm->progs.on_exit_of_any_form;
}

/* Of each tracepoint that this kernel has, one program. Returns their number. */
static unsigned choose_programs(
	struct kvm_bpf *kvm, const struct btf *kernel, const struct btf *module)
{
	const struct {
		const char *tracepoint;
		struct bpf_program *program; /* NULL: it has several forms */
	} rows[] = {
		{ "kvm_exit", NULL },
		{ "kvm_entry", kvm->progs.on_entry },
		{ "kvm_userspace_exit", kvm->progs.on_userspace_exit },
		{ "kvm_pio", kvm->progs.on_pio },
		{ "kvm_mmio", kvm->progs.on_mmio },
		{ "kvm_fast_mmio", kvm->progs.on_fast_mmio },
	};
	struct bpf_program *program = NULL;
	struct tracepoint found;
	unsigned n = 0;

	while ((program = bpf_object__next_program(kvm->obj, program)))
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (tracepoint_find(kernel, module, rows[i].tracepoint, &found))
			continue;
		program = rows[i].program ? rows[i].program : choose_on_exit(kvm, &found);
		bpf_program__set_autoload(program, true);
		n++;
	}
	return n;
}

static bool will_time_exits(const struct kvm_bpf *kvm)
{
	bool exits = bpf_program__autoload(kvm->progs.on_exit) ||
		     bpf_program__autoload(kvm->progs.on_exit_with_reason) ||
		     bpf_program__autoload(kvm->progs.on_exit_of_any_form);

	return exits && bpf_program__autoload(kvm->progs.on_entry);
}

/* Returns the number of programs that will be attached, or -errno. */
static int open_kvm(struct loader *loader, struct kvm_bpf *kvm)
{
	struct btf *kernel = btf__load_vmlinux_btf(), *module;
	unsigned n;
	int err;

	if (libbpf_get_error(kernel))
		return -ENOENT;
	module = tracepoint_kvm_types(kernel);
	n = choose_programs(kvm, kernel, module);
	btf__free(module);
	btf__free(kernel);
	if (n == 0)
		return -ENOENT;
	err = loader_share_maps(loader, kvm->maps.slots, kvm->maps.tids, kvm->maps.control);
	if (!err)
		err = bpf_map__set_max_entries(kvm->maps.exit_tables, loader->n_exit_tables);
	if (!err)
		err = bpf_map__set_max_entries(kvm->maps.free_tables, loader->n_exit_tables);
	return err ? err : (int)n;
}

static int fill_free_tables(struct loader *loader)
{
	int err = 0;

	for (__u32 number = loader->n_exit_tables - 1; number >= 1 && !err; number--)
		err = loader_free_exits(loader, number);
	return err;
}

static int attach_kvm(struct loader *loader, struct kvm_bpf *kvm)
{
	int err = kvm_bpf__load(kvm);

	if (!err)
		err = loader_view_map(kvm->maps.exit_tables, &loader->exit_tables);
	if (!err)
		err = fill_free_tables(loader);
	if (!err)
		err = kvm_bpf__attach(kvm);
	if (err)
		return err;
	loader->exit_control = &kvm->bss->exit_control;
	loader->exit_control->interval = 1; /* rows that are empty are of none */
	return 0;
}

void loader_attach_exits(struct loader *loader)
{
	int n = 0, err = -ENOMEM;

	loader->n_exit_tables = choose_tables(loader);
	loader->objects->kvm = kvm_bpf__open();
	if (loader->objects->kvm)
		err = n = open_kvm(loader, loader->objects->kvm);
	if (n > 0)
		err = attach_kvm(loader, loader->objects->kvm);
	if (!err) {
		loader->exits.on = true;
		loader->exit_times = will_time_exits(loader->objects->kvm);
		loader->n_attached += (unsigned)n;
		return;
	}
	loader_close_exits(loader);
	if (err == -ENOENT)
		snprintf(loader->exits.why, sizeof(loader->exits.why),
			"KVM's tracepoints are neither in the kernel nor in a loaded module (load "
			"kvm, then start vmbpf again)");
	else
		loader_switch_off(&loader->exits, "cannot attach to KVM's tracepoints", err);
}

void loader_close_exits(struct loader *loader)
{
	struct kvm_bpf *kvm = loader->objects->kvm;

	if (!kvm)
		return;
	loader_unview_map(kvm->maps.exit_tables, loader->exit_tables);
	loader->exit_tables = NULL;
	loader->exit_control = NULL;
	kvm_bpf__destroy(kvm);
	loader->objects->kvm = NULL;
}
