/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of commands, in the order of the help. */
#include "cmd/cmd.h"

const struct command *const commands[] = {
	&top_command,
	&stream_command,
	&list_command,
	&blame_command,
	&exits_command,
	&record_command,
	&watch_command,
	&rules_command,
	&metrics_command,
	&doctor_command,
	&version_command,
	&help_command,
	NULL,
};
