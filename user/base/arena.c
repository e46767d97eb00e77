/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the arena: a list of blocks that are filled from the front and released together. */
#include "base/arena.h"

#include <err.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define BLOCK_MIN 4096
#define BLOCK_MAX ((size_t)1 << 20)

struct block {
	struct block *next;
	size_t size, used; /* of data */
	max_align_t data[];
};

struct arena {
	struct block *first, *current; /* those after `current` are unused */
	size_t size;
};

static size_t round_up(size_t size)
{
	const size_t unit = _Alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

/* Blocks grow with the arena, so that a large one needs few and a small one wastes little. */
static size_t block_size(const struct arena *arena, size_t wanted)
{
	size_t size = arena->size;

	if (size < BLOCK_MIN)
		size = BLOCK_MIN;
	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	return wanted > size ? wanted : size;
}

/* Puts a block with room for `wanted` bytes after the current one and makes it the current. */
static void add_block(struct arena *arena, size_t wanted)
{
	size_t size = block_size(arena, wanted);
	struct block *block = malloc(sizeof(*block) + size);
	struct block **link = arena->current ? &arena->current->next : &arena->first;

	if (!block)
		errx(EX_OSERR, "out of memory");
	block->next = *link;
	block->size = size;
	block->used = 0;
	*link = block;
	arena->current = block;
	arena->size += size;
}

static void make_room(struct arena *arena, size_t wanted)
{
	while (arena->current && arena->current->size - arena->current->used < wanted) {
		if (!arena->current->next)
			break;
		arena->current = arena->current->next;
		arena->current->used = 0;
	}
	if (!arena->current || arena->current->size - arena->current->used < wanted)
		add_block(arena, wanted);
}

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	struct block *block, *next;

	if (!arena)
		return;
	for (block = arena->first; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void arena_reset(struct arena *arena)
{
	arena->current = arena->first;
	if (arena->first)
		arena->first->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *piece;

	/* Beyond this the sums here and in add_block() could overflow; no machine has it. */
	if (size > SIZE_MAX / 4)
		errx(EX_OSERR, "out of memory");
	size = round_up(size ? size : 1);
	make_room(arena, size);
	piece = (char *)arena->current->data + arena->current->used;
	arena->current->used += size;
	return memset(piece, 0, size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
	size_t length;
	char *copy;

	if (!text)
		return NULL;
	length = strnlen(text, size);
	copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return arena_strdup(arena, "");
	text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

size_t arena_size(const struct arena *arena)
{
	return arena->size;
}
