/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the grammar of filters: reads an expression into a tree. */
#include "model/filter.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "model/filter_parser.h"

#define LENGTH_MAX 4096
#define DEPTH_MAX 32

static int parse_or(struct parser *parser, struct node **ret);

static int parse_group(struct parser *parser, struct node **ret)
{
	const char *open = parser->reader.token.start;
	int err = reader_advance(&parser->reader);

	if (!err)
		err = parse_or(parser, ret);
	if (err)
		return err;
	if (parser->reader.token.kind != TOKEN_CLOSE)
		return reader_fail(&parser->reader, parser->reader.token.start,
			"\")\" is missing for the \"(\" at character %d",
			reader_position(&parser->reader, open));
	return reader_advance(&parser->reader);
}

static int parse_not(struct parser *parser, struct node **ret);

static int parse_negation(struct parser *parser, struct node **ret)
{
	struct node *node = parser_node(parser, NODE_NOT);
	int err = reader_advance(&parser->reader);

	if (!err)
		err = parse_not(parser, &node->first);
	*ret = node;
	return err;
}

static int parse_not(struct parser *parser, struct node **ret)
{
	enum token_kind kind = parser->reader.token.kind;
	int err;

	if (kind != TOKEN_NOT && kind != TOKEN_OPEN)
		return parser_read_test(parser, ret);
	if (parser->depth == DEPTH_MAX)
		return reader_fail(&parser->reader, parser->reader.token.start,
			"nested deeper than %d levels", DEPTH_MAX);
	parser->depth++;
	err = kind == TOKEN_NOT ? parse_negation(parser, ret) : parse_group(parser, ret);
	parser->depth--;
	return err;
}

/* Operands of one kind, joined by one sort of token. One alone stands for itself. */
static int parse_chain(struct parser *parser, enum node_kind kind, enum token_kind joint,
	int (*parse_operand)(struct parser *parser, struct node **ret), struct node **ret)
{
	struct node *chain = parser_node(parser, kind), **last = &chain->first;
	int err = parse_operand(parser, last);

	while (!err && parser->reader.token.kind == joint) {
		last = &(*last)->next;
		err = reader_advance(&parser->reader);
		if (!err)
			err = parse_operand(parser, last);
	}
	*ret = chain->first && !chain->first->next ? chain->first : chain;
	return err;
}

static int parse_and(struct parser *parser, struct node **ret)
{
	return parse_chain(parser, NODE_AND, TOKEN_AND, parse_not, ret);
}

static int parse_or(struct parser *parser, struct node **ret)
{
	return parse_chain(parser, NODE_OR, TOKEN_OR, parse_and, ret);
}

static int parse(struct parser *parser, struct node **root)
{
	int err = strlen(parser->reader.text) > LENGTH_MAX
			  ? reader_fail(&parser->reader, parser->reader.text,
				    "longer than %d bytes", LENGTH_MAX)
			  : reader_advance(&parser->reader);

	if (!err)
		err = parse_or(parser, root);
	if (err)
		return err;
	if (parser->reader.token.kind != TOKEN_END)
		return reader_fail(&parser->reader, parser->reader.token.start,
			"\"and\", \"or\" or the end is expected here");
	return 0;
}

struct filter *parser_finish(
	const struct parser *parser, const struct filter *before, const struct node *root)
{
	unsigned n_before = before ? before->n_windows : 0, n = n_before + parser->n_windows;
	const struct node **windows = arena_alloc(parser->arena, (n + 1) * sizeof(*windows));
	struct filter *filter = arena_alloc(parser->arena, sizeof(*filter));

	for (unsigned i = 0; i < n; i++)
		windows[i] = i < n_before ? before->windows[i] : parser->windows[i - n_before];
	*filter = (struct filter){ .arena = parser->arena,
		.root = root,
		.windows = windows,
		.n_windows = n,
		.n_numbers = parser->n_numbers };
	return filter;
}

int parser_run(struct parser *parser, const char *text, const struct node **ret)
{
	struct node *root = NULL;
	int err;

	parser->arena = arena_new();
	parser->reader.text = parser->reader.at = text;
	if (!parser->arena)
		return -ENOMEM;
	err = parse(parser, &root);
	if (!err && parser->is_rule && parser->n_numbers == 0)
		err = reader_fail(&parser->reader, text,
			"nothing is compared with a number, such as in ready > 5%%");
	if (err)
		arena_free(parser->arena);
	else
		*ret = root;
	return err;
}

static int parse_filter(struct parser *parser, const char *text, struct filter **ret)
{
	const struct node *root = NULL;
	int err = parser_run(parser, text, &root);

	if (!err)
		*ret = parser_finish(parser, NULL, root);
	return err;
}

int filter_parse(const char *text, enum scope scope, struct filter **ret,
	char error[static FILTER_ERROR_MAX])
{
	struct parser parser = { .scope = scope, .reader.error = error };

	return parse_filter(&parser, text, ret);
}

int filter_parse_rule(const char *text, enum scope scope, struct filter **ret,
	char error[static FILTER_ERROR_MAX])
{
	struct parser parser = { .scope = scope, .is_rule = true, .reader.error = error };

	return parse_filter(&parser, text, ret);
}
