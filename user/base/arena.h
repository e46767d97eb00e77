/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is allocated piece by piece and released at once. Not thread-safe. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* NULL with errno set. arena_free() accepts NULL. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* Forgets all content but keeps the memory for the next use. */
void arena_reset(struct arena *arena);

/*
 * Zeroed and aligned for any type. When memory is exhausted the program ends with a message:
 * nothing useful can be done about it half-way through a tick.
 */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies; NULL stays NULL. The second takes at most `size` bytes of `text`. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t size);

__attribute__((format(printf, 2, 3))) char *arena_printf(
	struct arena *arena, const char *format, ...);

/* Bytes held from the system. */
size_t arena_size(const struct arena *arena);

#endif
