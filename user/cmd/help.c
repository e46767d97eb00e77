/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf help: what the commands and their options are, printed from their tables. */
#include "cmd/options.h"

static void print_examples(const char *const *examples)
{
	puts("\nExamples:");
	for (int i = 0; i < 3; i++)
		printf("  %s\n", examples[i]);
}

void help_print_all(void)
{
	static const char *const examples[] = {
		"sudo vmbpf top                       the VMs of this host, again and again",
		"sudo vmbpf doctor                    what this host offers, and what it lacks",
		"sudo vmbpf record -o day.jsonl       keep it; vmbpf top --replay day.jsonl",
	};

	puts("Usage: vmbpf COMMAND [OPTION]...\n"
	     "Shows what the VMs of a KVM/QEMU host do, as counted in the kernel by BPF.\n\n"
	     "Commands:");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	print_examples(examples);
	puts("\nMore: vmbpf help COMMAND, and the manual page vmbpf(8).");
}

void help_print_command(const struct command *command)
{
	printf("Usage: vmbpf %s [OPTION]...%s%s%s\n%s\n", command->name,
		command->operand ? " [" : "", command->operand ? command->operand : "",
		command->operand ? "]" : "", command->summary);
	option_print_help(stdout, command->options);
	print_examples(command->examples);
}

static int run(const struct request *request, const char *operand)
{
	const struct command *command;

	(void)request;
	if (!operand) {
		help_print_all();
		return 0;
	}
	command = command_find(operand);
	if (!command)
		return EX_USAGE;
	help_print_command(command);
	return 0;
}

static const struct option_row options[] = { OPTION_HELP, { 0 } };

const struct command help_command = {
	.name = "help",
	.summary = "Explain vmbpf, or one command.",
	.options = options,
	.operand = "COMMAND",
	.examples = {
		"vmbpf help                the commands",
		"vmbpf help top            the options of one of them",
		"vmbpf top --help          the same",
	},
	.run = run,
};
