/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sink that writes to one file, as a consumer of the loop. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "vmbpf/sink.h"

struct output {
	FILE *file;
	const struct sink *sink;
	struct view_spec spec;
	bool begun;
};

/* For struct consumer: writes a tick, after what goes before the first one. */
int output_tick(void *output, const struct snapshot *snap);

/* For struct consumer: writes what goes after the last tick, if there was one. */
int output_end(void *output);

/* Drops what could not be written, so that nothing waits for it at the exit. */
void output_forget(FILE *file);

#endif
