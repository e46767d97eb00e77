/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of outputs. */
#include <string.h>

#include "sink/sinks.h"

const struct sink *const sinks[] = { &table_sink, &json_sink, &csv_sink, NULL };

const struct sink *sink_find(const char *name)
{
	for (size_t i = 0; sinks[i]; i++)
		if (strcmp(sinks[i]->name, name) == 0)
			return sinks[i];
	return NULL;
}
