/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads every program of BPF objects into this kernel, each by itself, so that one that is refused
 * hides no other. Prints TAP, with the number of instructions that the verifier went through.
 *
 *	load_programs OBJECT...
 */
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/tracepoint.h"

/* The verifier gives up at a million. What comes near it may fail on another kernel or compiler. */
#define MAX_INSTRUCTIONS 50000

struct run {
	struct btf *types; /* of the kernel */
	unsigned n_results, n_failed;
	char messages[8192]; /* of libbpf and the verifier: their beginning */
};

static struct run run;

static int keep_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t length = strlen(run.messages);

	if (level != LIBBPF_DEBUG)
		vsnprintf(run.messages + length, sizeof(run.messages) - length, format, arguments);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void result(bool good, const char *format, ...)
{
	va_list arguments;

	printf("%s %u - ", good ? "ok" : "not ok", ++run.n_results);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	run.n_failed += !good;
}

static void show_messages(void)
{
	char *line, *rest = run.messages;

	while ((line = strsep(&rest, "\n")) && rest)
		printf("# %s\n", line);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_no_task_iterator(void)
{
	return btf__find_by_name_kind(run.types, "bpf_iter_task_new", BTF_KIND_FUNC) < 0;
}

static bool exits_are_without_reason(void)
{
	struct btf *module = tracepoint_kvm_types(run.types);
	struct tracepoint found;
	bool without =
		tracepoint_find(run.types, module, "kvm_exit", &found) || found.n_arguments < 3;

	btf__free(module);
	return without;
}

/* Programs that some kernels cannot have. */
static const struct exception {
	const char *program;
	bool (*applies)(void); /* to this kernel */
	const char *reason;
} exceptions[] = {
	{ "walk", has_no_task_iterator,
		"visiting tasks in one call needs Linux 6.7; walk_tasks does the same" },
	{ "on_exit_with_reason", exits_are_without_reason,
		"the tracepoint gave the reason until Linux 5.15; on_exit looks it up" },
};

/* The reason why this kernel cannot have the program, or NULL. */
static const char *excuse(const char *program)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strcmp(exceptions[i].program, program) == 0 && exceptions[i].applies())
			return exceptions[i].reason;
	return NULL;
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object)
		err(EX_NOINPUT, "%s", path);
	return object;
}

static unsigned verified(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		err(EX_OSERR, "%s", bpf_program__name(program));
	return info.verified_insns;
}

static void load_one(const char *path, const char *name)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *program;
	unsigned instructions;
	int error;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	run.messages[0] = '\0';
	error = bpf_object__load(object);
	if (error) {
		result(false, "%s: %s loads (%s)", name_of(path), name, strerror(-error));
		show_messages();
	} else {
		instructions = verified(bpf_object__find_program_by_name(object, name));
		result(instructions <= MAX_INSTRUCTIONS, "%s: %s loads (%u instructions verified)",
			name_of(path), name, instructions);
	}
	bpf_object__close(object);
}

static void load_all(const char *path)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		const char *name = bpf_program__name(program);
		const char *reason = excuse(name);

		if (reason)
			result(true, "%s: %s is not for this kernel (%s)", name_of(path), name,
				reason);
		else
			load_one(path, name);
	}
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(EX_USAGE, "usage: load_programs OBJECT...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(keep_message);
	run.types = btf__load_vmlinux_btf();
	if (!run.types)
		err(EX_UNAVAILABLE, "the kernel's type information");
	for (int i = 1; i < argc; i++)
		load_all(argv[i]);
	printf("1..%u\n", run.n_results);
	return run.n_failed ? 1 : 0;
}
