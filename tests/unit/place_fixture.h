/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of a test's own, and a file that may come to be in it. */
#ifndef TESTS_PLACE_FIXTURE_H
#define TESTS_PLACE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct place {
	char folder[64];
	char path[128];
};

/* For setup and teardown; the file is `name` in the folder. */
static inline int place_make(void **state, const char *name)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->folder, "/tmp/vmbpf-place-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/%s", place->folder, name);
	*state = place;
	return 0;
}

static inline int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];
	int status;

	snprintf(command, sizeof(command), "rm -rf %s", place->folder);
	status = system(command);
	free(place);
	return status;
}

#endif
