/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a saved layout: what is understood of it can be written, and is read the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sink/tui/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(void *context, unsigned line, const char *what)
{
	(void)context;
	if (line == 0 || *what == '\0' || strlen(what) >= 160)
		abort();
}

static void refuse_line(void *context, unsigned line, const char *what)
{
	(void)context;
	(void)line;
	(void)what;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char once[LAYOUT_TEXT_MAX], twice[LAYOUT_TEXT_MAX], copy[LAYOUT_TEXT_MAX];
	struct layout layout;
	char *text;

	if (size >= LAYOUT_TEXT_MAX)
		return 0;
	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	layout_init(&layout);
	layout_parse(text, &layout, check_line, NULL);
	if (layout_format(&layout, once) < 0)
		abort();
	layout_init(&layout);
	strcpy(copy, once);
	layout_parse(copy, &layout, refuse_line, NULL);
	if (layout_format(&layout, twice) < 0 || strcmp(once, twice) != 0)
		abort();
	free(text);
	return 0;
}
