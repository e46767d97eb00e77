/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what a filter compares: names of metrics, windows of time and values. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/option.h"
#include "model/filter_parser.h"
#include "model/unit.h"

#define WINDOW_MIN_NS NSEC_PER_SEC
#define WINDOW_MAX_NS (24 * 3600 * NSEC_PER_SEC)

const char *const over_names[N_OVERS] = {
	[OVER_AVG] = "avg",
	[OVER_MAX] = "max",
	[OVER_MIN] = "min",
	[OVER_RATE] = "rate",
};

/* What stands left of an operator. */
struct term {
	struct token token; /* all of it, for messages */
	const char *name; /* of the metric */
	struct column column;
	enum over over;
	uint64_t window_ns;
};

struct node *parser_node(struct parser *parser, enum node_kind kind)
{
	struct node *node = arena_alloc(parser->arena, sizeof(*node));

	node->kind = kind;
	return node;
}

static char *token_text(struct parser *parser, const struct token *token)
{
	return arena_strndup(parser->arena, token->start, (size_t)(token->end - token->start));
}

/* The comparison becomes one over a window that a rule keeps. */
static int add_window(struct parser *parser, const struct term *term, struct node *node)
{
	if (term->over == OVER_NOTHING)
		return 0;
	if (parser->n_windows == WINDOWS_MAX)
		return reader_fail(
			&parser->reader, term->token.start, "more than %d windows", WINDOWS_MAX);
	node->over = term->over;
	node->window_ns = term->window_ns;
	node->window = parser->first_window + parser->n_windows;
	parser->windows[parser->n_windows++] = node;
	return 0;
}

static int parse_number_test(struct parser *parser, const struct term *term,
	const struct token *value, struct node *node)
{
	const char *text = token_text(parser, value);
	char share[COLUMN_NAME_MAX];
	struct column column;

	if (node->op == OP_GLOB)
		return reader_fail(&parser->reader, value->start,
			"\"%.40s\" is a number: use < <= > >= = or !=", term->name);
	node->kind = NODE_NUMBER;
	parser->n_numbers++;
	if (unit_parse(&node->column, text, &node->number) == 0)
		return add_window(parser, term, node);
	/* memory_used is in bytes, but in "memory_used > 80%" its share is meant. */
	snprintf(share, sizeof(share), "%s_percent", term->name);
	if (strchr(text, '%') && column_find(share, parser->scope, &column) == 0 &&
		unit_parse(&column, text, &node->number) == 0) {
		node->column = column;
		return add_window(parser, term, node);
	}
	return reader_fail(&parser->reader, value->start,
		"\"%.20s\" is not a value of %.40s: use %s", text, term->name,
		unit_example(&node->column));
}

static int parse_text_test(struct parser *parser, const struct term *term,
	const struct token *value, struct node *node)
{
	if (term->over != OVER_NOTHING)
		return reader_fail(&parser->reader, term->token.start,
			"\"%.40s\" is text, which has no %s", term->name, over_names[term->over]);
	if (node->op < OP_EQUAL)
		return reader_fail(&parser->reader, value->start,
			"\"%.40s\" is text: use = != or ~", term->name);
	node->kind = NODE_TEXT;
	node->text = token_text(parser, value);
	return 0;
}

static void fail_unknown(struct parser *parser, const struct token *token, const char *name)
{
	const char *nearest = column_nearest(name, parser->scope);

	if (nearest)
		reader_fail(&parser->reader, token->start,
			"no metric is called \"%.40s\" (did you mean %s?)", name, nearest);
	else
		reader_fail(&parser->reader, token->start,
			"no metric is called \"%.40s\" (vmbpf metrics lists all)", name);
}

/* A rule is about entities of one scope, which know what their VM and their host are like. */
static int check_scope(struct parser *parser, const struct token *token, enum scope scope)
{
	if (!parser->is_rule || scope == parser->scope || scope == SCOPE_HOST ||
		(scope == SCOPE_VM && parser->scope > SCOPE_VM))
		return 0;
	return reader_fail(&parser->reader, token->start,
		"this is of the scope %s, and the rule of %s: use a metric of %s%s or host",
		scopes[scope].name, scopes[parser->scope].name, scopes[parser->scope].name,
		parser->scope > SCOPE_VM ? ", vm" : "");
}

static int find_metric(struct parser *parser, const struct token *token, struct term *term)
{
	if (token->kind != TOKEN_WORD) {
		reader_fail(
			&parser->reader, token->start, "a metric's name is not written in quotes");
		return -EINVAL;
	}
	term->name = token_text(parser, token);
	if (column_find(term->name, parser->scope, &term->column) != 0) {
		fail_unknown(parser, token, term->name);
		return -EINVAL;
	}
	return check_scope(parser, token, term->column.metric->scope);
}

static enum over find_over(const struct token *token)
{
	for (enum over over = OVER_NOTHING + 1; over < N_OVERS; over++)
		if (token_is(token, over_names[over]))
			return over;
	return OVER_NOTHING;
}

static int read_window(struct parser *parser, struct term *term)
{
	const struct token *token = &parser->reader.token;
	const char *text = token_text(parser, token);

	if (token->kind == TOKEN_WORD &&
		parse_duration(text, WINDOW_MIN_NS, WINDOW_MAX_NS, &term->window_ns) == 0)
		return 0;
	return reader_fail(&parser->reader, token->start,
		"\"%.20s\" is no window: use a time from 1s to 24h, such as 5m", text);
}

/* NAME over WINDOW ")"; the present token is NAME. */
static int parse_over(struct parser *parser, struct term *term)
{
	struct reader *reader = &parser->reader;
	struct token name = reader->token;
	int err = find_metric(parser, &name, term);

	if (!err)
		err = reader_advance(reader);
	if (err)
		return err;
	if (!token_is(&reader->token, "over"))
		return reader_fail(reader, reader->token.start,
			"\"over\" and a window are missing, as in %s(%.40s over 5m)",
			over_names[term->over], term->name);
	err = reader_advance(reader);
	if (!err)
		err = read_window(parser, term);
	if (!err)
		err = reader_advance(reader);
	if (err)
		return err;
	if (reader->token.kind != TOKEN_CLOSE)
		return reader_fail(reader, reader->token.start, "\")\" is missing");
	term->token.end = reader->token.end;
	return 0;
}

/* The rate of a counter over a window is the mean of its rates. */
static void use_rate(struct term *term)
{
	if (term->over != OVER_RATE || term->column.metric->kind != COUNTER)
		return;
	term->over = OVER_AVG;
	term->column.view = VIEW_RATE;
}

/* FUNCTION "(" NAME over WINDOW ")"; the present token is "(". */
static int parse_function(struct parser *parser, struct term *term)
{
	struct reader *reader = &parser->reader;
	int err;

	if (!parser->is_rule) {
		reader_fail(reader, term->token.start,
			"a filter knows one interval only: %s() is for the rules of vmbpf watch",
			over_names[term->over]);
		return -EINVAL;
	}
	err = reader_advance(reader);
	if (!err)
		err = parse_over(parser, term);
	if (!err)
		err = reader_advance(reader);
	if (err)
		return err;
	if (reader->token.kind != TOKEN_OPERATOR)
		return reader_fail(
			reader, reader->token.start, "a comparison is missing, such as > 5");
	use_rate(term);
	return 0;
}

/* TERM OP VALUE; the present token is OP. */
static int parse_comparison(struct parser *parser, const struct term *term, struct node **ret)
{
	struct node *node = parser_node(parser, NODE_TEXT);
	struct token value;
	int err;

	node->column = term->column;
	node->op = parser->reader.token.op;
	err = reader_advance(&parser->reader);
	if (err)
		return err;
	value = parser->reader.token;
	if (value.kind != TOKEN_WORD && value.kind != TOKEN_QUOTED)
		return reader_fail(&parser->reader, value.start, "a value is missing for \"%.40s\"",
			term->name);
	err = node->column.metric->kind == TEXT ? parse_text_test(parser, term, &value, node)
						: parse_number_test(parser, term, &value, node);
	if (err)
		return err;
	*ret = node;
	return reader_advance(&parser->reader);
}

int parser_read_test(struct parser *parser, struct node **ret)
{
	struct reader *reader = &parser->reader;
	struct term term = { .token = reader->token, .over = find_over(&reader->token) };
	int err;

	if (term.token.kind != TOKEN_WORD && term.token.kind != TOKEN_QUOTED)
		return reader_fail(reader, term.token.start,
			"a test is missing, such as ready>5 or a VM's name");
	err = reader_advance(reader);
	if (err)
		return err;
	if (term.over != OVER_NOTHING && reader->token.kind == TOKEN_OPEN) {
		err = parse_function(parser, &term);
		return err ? err : parse_comparison(parser, &term, ret);
	}
	term.over = OVER_NOTHING;
	if (reader->token.kind == TOKEN_OPERATOR) {
		err = find_metric(parser, &term.token, &term);
		return err ? err : parse_comparison(parser, &term, ret);
	}
	*ret = parser_node(parser, NODE_NAME);
	(*ret)->text = token_text(parser, &term.token);
	return 0;
}
