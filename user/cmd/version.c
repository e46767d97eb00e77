/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf version: which vmbpf this is. */
#include "cmd/options.h"

static int run(const struct request *request, const char *operand)
{
	(void)request;
	(void)operand;
	puts("vmbpf " VMBPF_VERSION);
	return 0;
}

static const struct option_row options[] = { OPTION_HELP, { 0 } };

const struct command version_command = {
	.name = "version",
	.summary = "Show the version of vmbpf.",
	.options = options,
	.examples = {
		"vmbpf version",
		"vmbpf --version",
		"vmbpf -V",
	},
	.run = run,
};
