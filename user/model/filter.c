/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what a filter means: matches entities against its tree. */
#include "model/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "model/filter_tree.h"

/* A test on what an item has not, such as a disk's latency on a vCPU, is left out. */
enum verdict { NO, YES, LEFT_OUT };

/* What a filter is matched against. */
struct subject {
	const struct snapshot *snap;
	enum scope scope;
	const struct item *item;
};

bool test_number(double number, enum relation op, double other)
{
	switch (op) {
	case OP_LESS:
		return number < other;
	case OP_LESS_EQUAL:
		return number <= other;
	case OP_GREATER:
		return number > other;
	case OP_GREATER_EQUAL:
		return number >= other;
	case OP_EQUAL:
		return number == other;
	default:
		return number != other;
	}
}

bool test_text(const char *text, enum relation op, const char *other)
{
	if (op == OP_GLOB)
		return fnmatch(other, text, 0) == 0;
	return (strcmp(text, other) == 0) == (op == OP_EQUAL);
}

bool test_name(const struct vm *vm, const char *word)
{
	if (strpbrk(word, "*?["))
		return vm->name && fnmatch(word, vm->name, 0) == 0;
	return (vm->name && strstr(vm->name, word)) ||
	       (vm->uuid && strncasecmp(vm->uuid, word, strlen(word)) == 0);
}

/* The entity that a test is about: the item itself or its VM. */
static const struct entity *find_entity(const struct node *test, const struct subject *subject)
{
	enum scope scope = test->column.metric->scope;

	if (scope == subject->scope)
		return subject->item->entity;
	return scope == SCOPE_VM && subject->item->vm ? &subject->item->vm->e : NULL;
}

static enum verdict match_column(const struct node *test, const struct subject *subject)
{
	const struct entity *entity = find_entity(test, subject);
	struct value value;

	if (!entity)
		return LEFT_OUT;
	value = column_value(&test->column, subject->snap, entity);
	if (value.kind == VALUE_ABSENT)
		return NO;
	return test->kind == NODE_TEXT ? test_text(value.text, test->op, test->text)
				       : test_number(value.number, test->op, test->number);
}

static enum verdict match_name(const struct node *test, const struct subject *subject)
{
	if (!subject->item->vm)
		return LEFT_OUT;
	return test_name(subject->item->vm, test->text);
}

static enum verdict match_node(const struct node *node, const struct subject *subject);

/* `decisive` is what ends the chain: NO for and, YES for or. */
static enum verdict match_chain(
	const struct node *chain, const struct subject *subject, enum verdict decisive)
{
	enum verdict verdict, result = LEFT_OUT;

	for (const struct node *node = chain->first; node; node = node->next) {
		verdict = match_node(node, subject);
		if (verdict == decisive)
			return decisive;
		if (verdict != LEFT_OUT)
			result = verdict;
	}
	return result;
}

static enum verdict match_and(const struct node *node, const struct subject *subject)
{
	return match_chain(node, subject, NO);
}

static enum verdict match_or(const struct node *node, const struct subject *subject)
{
	return match_chain(node, subject, YES);
}

static enum verdict match_not(const struct node *node, const struct subject *subject)
{
	enum verdict verdict = match_node(node->first, subject);

	return verdict == LEFT_OUT ? LEFT_OUT : verdict == NO ? YES : NO;
}

static enum verdict (*const matchers[])(const struct node *, const struct subject *) = {
	[NODE_AND] = match_and,
	[NODE_OR] = match_or,
	[NODE_NOT] = match_not,
	[NODE_NUMBER] = match_column,
	[NODE_TEXT] = match_column,
	[NODE_NAME] = match_name,
};

static enum verdict match_node(const struct node *node, const struct subject *subject)
{
	return matchers[node->kind](node, subject);
}

bool filter_match(const struct filter *filter, const struct snapshot *snap, enum scope scope,
	const struct item *item)
{
	struct subject subject = { .snap = snap, .scope = scope, .item = item };

	return match_node(filter->root, &subject) != NO;
}

static struct node *new_node(struct arena *arena, const struct node *node)
{
	struct node *copy = arena_alloc(arena, sizeof(*copy));

	*copy = *node;
	return copy;
}

int filter_add_vm(struct filter **filter, const char *word)
{
	struct arena *arena = *filter ? (*filter)->arena : arena_new();
	struct node both = { .kind = NODE_AND }, name = { .kind = NODE_NAME };

	if (!arena)
		return -ENOMEM;
	name.text = arena_strdup(arena, word);
	both.first = new_node(arena, &name);
	if (!*filter) {
		*filter = arena_alloc(arena, sizeof(**filter));
		(*filter)->arena = arena;
	} else {
		both.first->next = new_node(arena, (*filter)->root);
	}
	(*filter)->root = new_node(arena, &both);
	return 0;
}

void filter_free(struct filter *filter)
{
	if (filter)
		arena_free(filter->arena);
}
