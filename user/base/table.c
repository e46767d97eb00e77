/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the hash table: open addressing with linear probing, at most three quarters full. */
#include "base/table.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SLOTS_MIN 16

/* `value` is NULL in a free slot. */
struct table_slot {
	uint64_t key;
	void *value;
};

/* Keys are often small numbers in sequence: the multiplication (by 2^64 / phi) spreads them. */
static size_t first_slot(const struct table *table, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & (table->n_slots - 1);
}

static size_t next_slot(const struct table *table, size_t slot)
{
	return (slot + 1) & (table->n_slots - 1);
}

static void insert(struct table *table, uint64_t key, void *value)
{
	size_t slot = first_slot(table, key);

	while (table->slots[slot].value)
		slot = next_slot(table, slot);
	table->slots[slot] = (struct table_slot){ .key = key, .value = value };
	table->used++;
}

static void grow(struct table *table)
{
	struct table old = *table;

	table->n_slots = old.n_slots ? old.n_slots * 2 : SLOTS_MIN;
	table->used = 0;
	table->slots = calloc(table->n_slots, sizeof(*table->slots));
	if (!table->slots)
		errx(EX_OSERR, "out of memory");
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].value)
			insert(table, old.slots[i].key, old.slots[i].value);
	free(old.slots);
}

void table_done(struct table *table)
{
	free(table->slots);
	*table = (struct table){ 0 };
}

void table_clear(struct table *table)
{
	if (table->slots)
		memset(table->slots, 0, table->n_slots * sizeof(*table->slots));
	table->used = 0;
}

void table_add(struct table *table, uint64_t key, void *value)
{
	if (table->used >= table->n_slots / 4 * 3)
		grow(table);
	insert(table, key, value);
}

void *table_find(const struct table *table, uint64_t key, const void *after)
{
	size_t slot;

	if (table->n_slots == 0)
		return NULL;
	for (slot = first_slot(table, key); table->slots[slot].value;
		slot = next_slot(table, slot)) {
		if (table->slots[slot].key != key)
			continue;
		if (!after)
			return table->slots[slot].value;
		if (table->slots[slot].value == after)
			after = NULL;
	}
	return NULL;
}

/* Eight bytes at a time; what is mixed in moves down, too, since the lower bits are the slot. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

uint64_t table_hash_bytes(const void *bytes, size_t size)
{
	const char *at = bytes;
	uint64_t hash = size, word;

	for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, size);
	return mix(hash, word);
}

uint64_t table_hash(const char *text)
{
	return table_hash_bytes(text, strlen(text));
}
