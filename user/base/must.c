/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the end of a program that got no memory. */
#include "base/must.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void *must(void *pointer)
{
	if (!pointer)
		errx(EX_OSERR, "out of memory");
	return pointer;
}

void must_set_text(char **text, const char *to)
{
	char *before = *text;

	if (before && to && strcmp(before, to) == 0)
		return;
	*text = to ? must(strdup(to)) : NULL;
	free(before);
}
