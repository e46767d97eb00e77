/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from a 64-bit number to a pointer. Keys may repeat and, when they are hashes of
 * something longer, collide: the caller compares what it finds.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	struct table_slot *slots;
	size_t n_slots; /* a power of two, 0 before the first use */
	size_t used;
};

/*
 * Zero-initialise, then table_done(). A value is never NULL. Growing may end the program when
 * memory is exhausted.
 */
void table_done(struct table *table);
void table_clear(struct table *table);
void table_add(struct table *table, uint64_t key, void *value);

/* The value of the key, or NULL. With `after`, the one after that value among equal keys. */
void *table_find(const struct table *table, uint64_t key, const void *after);

/* Not the same on every machine: to be kept nowhere. */
uint64_t table_hash(const char *text);
uint64_t table_hash_bytes(const void *bytes, size_t size);

#endif
