/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the grammar of filters: reads an expression into a tree. */
#include "model/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "model/filter_tree.h"
#include "model/unit.h"

#define LENGTH_MAX 4096
#define DEPTH_MAX 32

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_OPERATOR,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_OPEN,
	TOKEN_CLOSE,
};

struct token {
	enum token_kind kind;
	enum relation op;
	const char *start, *end; /* without quotes */
};

struct parser {
	struct arena *arena;
	enum scope scope;
	const char *text, *at; /* all of it, and what follows `token` */
	struct token token; /* the present one */
	int depth;
	char *error;
};

/* Characters from 1, which is what a user counts, not bytes. */
static int position(const struct parser *parser, const char *at)
{
	int characters = 1;

	for (const char *byte = parser->text; byte < at; byte++)
		characters += ((unsigned char)*byte & 0xc0) != 0x80;
	return characters;
}

__attribute__((format(printf, 3, 4))) static int fail(
	const struct parser *parser, const char *at, const char *format, ...)
{
	char what[FILTER_ERROR_MAX], line[FILTER_ERROR_MAX + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "at character %d: %s", position(parser, at), what);
	unit_safe_text(line, parser->error, FILTER_ERROR_MAX);
	return -EINVAL;
}

/* Longest first: "<=" is not "<" and "=". */
static const struct sign {
	const char *text;
	enum token_kind kind;
	enum relation op;
} signs[] = {
	{ "<=", TOKEN_OPERATOR, OP_LESS_EQUAL },
	{ ">=", TOKEN_OPERATOR, OP_GREATER_EQUAL },
	{ "!=", TOKEN_OPERATOR, OP_UNEQUAL },
	{ "==", TOKEN_OPERATOR, OP_EQUAL },
	{ "&&", TOKEN_AND, 0 },
	{ "||", TOKEN_OR, 0 },
	{ "<", TOKEN_OPERATOR, OP_LESS },
	{ ">", TOKEN_OPERATOR, OP_GREATER },
	{ "=", TOKEN_OPERATOR, OP_EQUAL },
	{ "~", TOKEN_OPERATOR, OP_GLOB },
	{ "!", TOKEN_NOT, 0 },
	{ "(", TOKEN_OPEN, 0 },
	{ ")", TOKEN_CLOSE, 0 },
};

static const struct sign keywords[] = {
	{ "and", TOKEN_AND, 0 },
	{ "or", TOKEN_OR, 0 },
	{ "not", TOKEN_NOT, 0 },
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool is_word(const struct token *token, const char *word)
{
	size_t length = (size_t)(token->end - token->start);

	return strlen(word) == length && memcmp(token->start, word, length) == 0;
}

static void read_sign(struct parser *parser)
{
	struct token *token = &parser->token;
	size_t i = 0, length;

	while (i < N_OF(signs) && strncmp(parser->at, signs[i].text, strlen(signs[i].text)) != 0)
		i++;
	if (i == N_OF(signs))
		return;
	length = strlen(signs[i].text);
	*token = (struct token){ signs[i].kind, signs[i].op, parser->at, parser->at + length };
	parser->at += length;
}

static int read_quoted(struct parser *parser)
{
	const char *open = parser->at, *close = strchr(open + 1, *open);

	if (!close)
		return fail(parser, open, "this quote is not closed");
	parser->token = (struct token){ TOKEN_QUOTED, 0, open + 1, close };
	parser->at = close + 1;
	return 0;
}

/* "!" belongs to a word only as in the glob [!a-z]. */
static bool in_word(const char *start, const char *at)
{
	if (*at == '!')
		return at > start && at[-1] == '[';
	return *at && !isspace((unsigned char)*at) && !strchr("<>=~()&|\"'", *at);
}

static int read_word(struct parser *parser)
{
	struct token *token = &parser->token;
	const char *start = parser->at;

	while (in_word(start, parser->at))
		parser->at++;
	if (parser->at == start)
		return fail(parser, start, "\"%c\" has no meaning here", *start);
	*token = (struct token){ TOKEN_WORD, 0, start, parser->at };
	for (size_t i = 0; i < N_OF(keywords); i++)
		if (is_word(token, keywords[i].text))
			token->kind = keywords[i].kind;
	return 0;
}

/* Steps to the next token. */
static int advance(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
	parser->token = (struct token){ TOKEN_END, 0, parser->at, parser->at };
	if (*parser->at == '\0')
		return 0;
	if (*parser->at == '"' || *parser->at == '\'')
		return read_quoted(parser);
	read_sign(parser);
	return parser->token.kind == TOKEN_END ? read_word(parser) : 0;
}

static struct node *new_node(struct parser *parser, enum node_kind kind)
{
	struct node *node = arena_alloc(parser->arena, sizeof(*node));

	node->kind = kind;
	return node;
}

static char *token_text(struct parser *parser, const struct token *token)
{
	return arena_strndup(parser->arena, token->start, (size_t)(token->end - token->start));
}

static int parse_number_test(
	struct parser *parser, const char *name, const struct token *value, struct node *node)
{
	const char *text = token_text(parser, value);
	char share[COLUMN_NAME_MAX];
	struct column column;

	if (node->op == OP_GLOB)
		return fail(
			parser, value->start, "\"%.40s\" is a number: use < <= > >= = or !=", name);
	node->kind = NODE_NUMBER;
	if (unit_parse(&node->column, text, &node->number) == 0)
		return 0;
	/* memory_used is in bytes, but in "memory_used > 80%" its share is meant. */
	snprintf(share, sizeof(share), "%s_percent", name);
	if (strchr(text, '%') && column_find(share, parser->scope, &column) == 0 &&
		unit_parse(&column, text, &node->number) == 0) {
		node->column = column;
		return 0;
	}
	return fail(parser, value->start, "\"%.20s\" is not a value of %.40s: use %s", text, name,
		unit_example(&node->column));
}

static int parse_text_test(
	struct parser *parser, const char *name, const struct token *value, struct node *node)
{
	if (node->op < OP_EQUAL)
		return fail(parser, value->start, "\"%.40s\" is text: use = != or ~", name);
	node->kind = NODE_TEXT;
	node->text = token_text(parser, value);
	return 0;
}

static int fail_unknown(struct parser *parser, const struct token *token, const char *name)
{
	const char *nearest = column_nearest(name, parser->scope);

	if (nearest)
		return fail(parser, token->start,
			"no metric is called \"%.40s\" (did you mean %s?)", name, nearest);
	return fail(parser, token->start, "no metric is called \"%.40s\" (vmbpf metrics lists all)",
		name);
}

/* NAME OP VALUE; the present token is OP. */
static int parse_comparison(struct parser *parser, const struct token *left, struct node **ret)
{
	struct node *node = new_node(parser, NODE_TEXT);
	const char *name = token_text(parser, left);
	struct token value;
	int err;

	if (left->kind != TOKEN_WORD)
		return fail(parser, left->start, "a metric's name is not written in quotes");
	if (column_find(name, parser->scope, &node->column) != 0)
		return fail_unknown(parser, left, name);
	node->op = parser->token.op;
	err = advance(parser);
	if (err)
		return err;
	value = parser->token;
	if (value.kind != TOKEN_WORD && value.kind != TOKEN_QUOTED)
		return fail(parser, value.start, "a value is missing for \"%.40s\"", name);
	err = node->column.metric->kind == TEXT ? parse_text_test(parser, name, &value, node)
						: parse_number_test(parser, name, &value, node);
	if (err)
		return err;
	*ret = node;
	return advance(parser);
}

static int parse_test(struct parser *parser, struct node **ret)
{
	struct token word = parser->token;
	int err;

	if (word.kind != TOKEN_WORD && word.kind != TOKEN_QUOTED)
		return fail(
			parser, word.start, "a test is missing, such as ready>5 or a VM's name");
	err = advance(parser);
	if (err)
		return err;
	if (parser->token.kind == TOKEN_OPERATOR)
		return parse_comparison(parser, &word, ret);
	*ret = new_node(parser, NODE_NAME);
	(*ret)->text = token_text(parser, &word);
	return 0;
}

static int parse_or(struct parser *parser, struct node **ret);

static int parse_group(struct parser *parser, struct node **ret)
{
	const char *open = parser->token.start;
	int err = advance(parser);

	if (!err)
		err = parse_or(parser, ret);
	if (err)
		return err;
	if (parser->token.kind != TOKEN_CLOSE)
		return fail(parser, parser->token.start,
			"\")\" is missing for the \"(\" at character %d", position(parser, open));
	return advance(parser);
}

static int parse_not(struct parser *parser, struct node **ret);

static int parse_negation(struct parser *parser, struct node **ret)
{
	struct node *node = new_node(parser, NODE_NOT);
	int err = advance(parser);

	if (!err)
		err = parse_not(parser, &node->first);
	*ret = node;
	return err;
}

static int parse_not(struct parser *parser, struct node **ret)
{
	enum token_kind kind = parser->token.kind;
	int err;

	if (kind != TOKEN_NOT && kind != TOKEN_OPEN)
		return parse_test(parser, ret);
	if (parser->depth == DEPTH_MAX)
		return fail(parser, parser->token.start, "nested deeper than %d levels", DEPTH_MAX);
	parser->depth++;
	err = kind == TOKEN_NOT ? parse_negation(parser, ret) : parse_group(parser, ret);
	parser->depth--;
	return err;
}

/* Operands of one kind, joined by one sort of token. */
static int parse_chain(struct parser *parser, enum node_kind kind, enum token_kind joint,
	int (*parse_operand)(struct parser *parser, struct node **ret), struct node **ret)
{
	struct node *chain = new_node(parser, kind), **last = &chain->first;
	int err = parse_operand(parser, last);

	while (!err && parser->token.kind == joint) {
		last = &(*last)->next;
		err = advance(parser);
		if (!err)
			err = parse_operand(parser, last);
	}
	*ret = chain;
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
	int err = strlen(parser->text) > LENGTH_MAX
			  ? fail(parser, parser->text, "longer than %d bytes", LENGTH_MAX)
			  : advance(parser);

	if (!err)
		err = parse_or(parser, root);
	if (err)
		return err;
	if (parser->token.kind != TOKEN_END)
		return fail(
			parser, parser->token.start, "\"and\", \"or\" or the end is expected here");
	return 0;
}

int filter_parse(const char *text, enum scope scope, struct filter **ret,
	char error[static FILTER_ERROR_MAX])
{
	struct arena *arena = arena_new();
	struct parser parser = {
		.arena = arena,
		.scope = scope,
		.text = text,
		.at = text,
		.error = error,
	};
	struct filter *filter;
	struct node *root = NULL;
	int err;

	if (!arena)
		return -ENOMEM;
	err = parse(&parser, &root);
	if (err) {
		arena_free(arena);
		return err;
	}
	filter = arena_alloc(arena, sizeof(*filter));
	*filter = (struct filter){ .arena = arena, .root = root };
	*ret = filter;
	return 0;
}
