/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the filter's grammar share: filter_parse.c, filter_term.c, filter_clear.c. */
#ifndef MODEL_FILTER_PARSER_H
#define MODEL_FILTER_PARSER_H

#include "model/filter_token.h"

#define WINDOWS_MAX 16

struct parser {
	struct arena *arena;
	enum scope scope;
	bool is_rule; /* windows are allowed, names of other entities are not */
	struct reader reader;
	int depth;
	const struct node *windows[WINDOWS_MAX];
	unsigned first_window, n_windows;
	unsigned n_numbers; /* comparisons of numbers */
};

struct node *parser_node(struct parser *parser, enum node_kind kind);

/* One comparison, or the name of a VM. 0, -EINVAL. */
int parser_read_test(struct parser *parser, struct node **ret);

/* A whole text, which becomes the root of a tree in parser->arena; on failure that is freed. */
int parser_run(struct parser *parser, const char *text, const struct node **root);

/* A filter in parser->arena; its windows come after those of `before` (NULL: none). */
struct filter *parser_finish(
	const struct parser *parser, const struct filter *before, const struct node *root);

#endif
