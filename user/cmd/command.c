/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the way from the words of a command line to the command that is meant. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"

/* Options in place of a command, as every program has them. */
static const struct {
	const char *word, *command;
} aliases[] = {
	{ "--help", "help" },
	{ "-h", "help" },
	{ "--version", "version" },
	{ "-V", "version" },
};

static const char *resolve_alias(const char *word)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(word, aliases[i].word) == 0)
			return aliases[i].command;
	return word;
}

#define MAX_COMMANDS 32

static const char *nearest_command(const char *word)
{
	const char *names[MAX_COMMANDS];
	size_t n = 0;

	for (; n < MAX_COMMANDS && commands[n]; n++)
		names[n] = commands[n]->name;
	return option_nearest(word, names, n);
}

const struct command *command_find(const char *name)
{
	const char *nearest;

	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	nearest = nearest_command(name);
	if (*name == '-')
		log_error("unknown option %s: options follow the command (see vmbpf help)", name);
	else if (nearest)
		log_error(
			"unknown command '%s', did you mean '%s'? (see vmbpf help)", name, nearest);
	else
		log_error("unknown command '%s' (see vmbpf help)", name);
	return NULL;
}

static int command_run(const struct command *command, int argc, char **argv)
{
	struct request request = { 0 };
	int first = option_parse(command->name, command->options, &request, argc, argv);
	int allowed = command->max_operands ? (int)command->max_operands : command->operand != NULL;

	if (first < 0)
		return EX_USAGE;
	if (request.help) {
		help_print_command(command);
		return 0;
	}
	if (argc - first > allowed) {
		log_error("%s: unexpected argument '%s' (see vmbpf help %s)", command->name,
			argv[first + allowed], command->name);
		return EX_USAGE;
	}
	request.interval_given = request.config.interval_ns != 0;
	if (!request.interval_given)
		request.config.interval_ns =
			command->interval_ns ? command->interval_ns : NSEC_PER_SEC;
	if (request.config.at.kind != WHEN_NOT_GIVEN && !request.config.replay) {
		log_error("%s: --at is a time in a recording (give that by --replay FILE)",
			command->name);
		return EX_USAGE;
	}
	log_set_verbose(request.config.verbose);
	request.operands = (const char *const *)argv + first;
	return command->run(&request, first < argc ? argv[first] : NULL);
}

int command_main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		help_print_all();
		return 0;
	}
	command = command_find(resolve_alias(argv[1]));
	return command ? command_run(command, argc - 1, argv + 1) : EX_USAGE;
}

int output_failed(const char *where, int err)
{
	if (err == EPIPE)
		return EXIT_BROKEN_PIPE;
	log_error("cannot write to %s: %s; the rest of the output is lost (%s)", where,
		strerror(err),
		err == ENOSPC || err == EDQUOT ? "free some space" : "write to another place");
	return EX_IOERR;
}
