/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the order of calls that a sink expects. */
#include "cmd/output.h"

#include <stdio_ext.h>

int output_tick(void *context, const struct snapshot *snap)
{
	struct output *output = context;
	const struct sink *sink = output->sink;
	int err = 0;

	if (!output->begun && sink->begin)
		err = sink->begin(output->file, &output->spec);
	output->begun = true;
	if (!err)
		err = sink->tick(output->file, &output->spec, snap);
	if (err)
		output_forget(output->file);
	return err;
}

int output_end(void *context)
{
	struct output *output = context;

	if (!output->begun || !output->sink->end)
		return 0;
	return output->sink->end(output->file, &output->spec);
}

void output_forget(FILE *file)
{
	__fpurge(file);
	clearerr(file);
}
