/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory without which the program cannot go on: it ends with a message, as an arena does. */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>

/* What was allocated, which is not NULL. */
void *must(void *pointer);

/* Makes *text a copy of another text, or NULL, and frees what it was. */
void must_set_text(char **text, const char *to);

#endif
