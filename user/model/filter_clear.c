/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns when it is over what a rule has begun: a value to clear at, or a condition. */
#include <errno.h>

#include "base/arena.h"
#include "model/filter_parser.h"
#include "model/unit.h"

/* The only comparison of numbers in a tree; NULL where there are none or more. */
static struct node *only_number(const struct node *node, unsigned *n)
{
	struct node *found = NULL, *child;

	if (node->kind == NODE_NUMBER) {
		++*n;
		return (struct node *)node;
	}
	for (struct node *next = node->first; next; next = next->next) {
		child = only_number(next, n);
		found = child ? child : found;
	}
	return *n == 1 ? found : NULL;
}

static struct node *copy_tree(struct arena *arena, const struct node *node)
{
	struct node *copy = arena_alloc(arena, sizeof(*copy)), **last = &copy->first;

	*copy = *node;
	for (const struct node *child = node->first; child; child = child->next) {
		*last = copy_tree(arena, child);
		last = &(*last)->next;
	}
	copy->next = NULL;
	return copy;
}

/* On which side of the threshold the value at which it is over must be. */
static int check_side(const struct reader *reader, const struct node *test, double number)
{
	bool above = test->op == OP_GREATER || test->op == OP_GREATER_EQUAL;
	bool below = test->op == OP_LESS || test->op == OP_LESS_EQUAL;

	if (!above && !below)
		return reader_fail(
			reader, reader->text, "a value to clear at belongs to <, <=, > or >=");
	if (above ? number <= test->number : number >= test->number)
		return 0;
	return reader_fail(reader, reader->text,
		"this is %s the threshold, so that what fires would clear at once: use a value %s it",
		above ? "above" : "below", above ? "below" : "above");
}

/* The same condition with another number. 1, or 0 where the text is none for it. */
static int parse_value(struct parser *parser, const char *text, const struct filter *start,
	const struct node **root)
{
	unsigned n = 0;
	const struct node *only = only_number(start->root, &n);
	struct node *copy;
	double number;
	int err;

	if (n != 1 || unit_parse(&only->column, text, &number) != 0)
		return 0;
	err = check_side(&parser->reader, only, number);
	if (err)
		return err;
	parser->arena = arena_new();
	if (!parser->arena)
		return -ENOMEM;
	copy = copy_tree(parser->arena, start->root);
	n = 0;
	only_number(copy, &n)->number = number;
	*root = copy;
	return 1;
}

/* What holds until the condition in the text does. */
static int parse_condition(struct parser *parser, const char *text, const struct node **root)
{
	int err = parser_run(parser, text, root);
	struct node *negation;

	if (err)
		return err;
	negation = parser_node(parser, NODE_NOT);
	negation->first = (struct node *)*root;
	*root = negation;
	return 0;
}

int filter_parse_clear(const char *text, const struct filter *start, enum scope scope,
	struct filter **ret, char error[static FILTER_ERROR_MAX])
{
	struct parser parser = {
		.scope = scope,
		.is_rule = true,
		.reader = { .text = text, .error = error },
		.first_window = start->n_windows,
	};
	const struct node *root = NULL;
	int got = parse_value(&parser, text, start, &root);

	if (got == 0)
		got = parse_condition(&parser, text, &root);
	if (got < 0)
		return got;
	*ret = parser_finish(&parser, start, root);
	return 0;
}
