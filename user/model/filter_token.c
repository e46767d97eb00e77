/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the text of a filter falls into words and signs. */
#include "model/filter_token.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/unit.h"

int reader_position(const struct reader *reader, const char *at)
{
	int characters = 1;

	for (const char *byte = reader->text; byte < at; byte++)
		characters += ((unsigned char)*byte & 0xc0) != 0x80;
	return characters;
}

int reader_fail(const struct reader *reader, const char *at, const char *format, ...)
{
	char what[FILTER_ERROR_MAX], line[FILTER_ERROR_MAX + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "at character %d: %s", reader_position(reader, at), what);
	unit_safe_text(line, reader->error, FILTER_ERROR_MAX);
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

bool token_is(const struct token *token, const char *word)
{
	size_t length = (size_t)(token->end - token->start);

	return strlen(word) == length && memcmp(token->start, word, length) == 0;
}

static void read_sign(struct reader *reader)
{
	struct token *token = &reader->token;
	size_t i = 0, length;

	while (i < N_OF(signs) && strncmp(reader->at, signs[i].text, strlen(signs[i].text)) != 0)
		i++;
	if (i == N_OF(signs))
		return;
	length = strlen(signs[i].text);
	*token = (struct token){ signs[i].kind, signs[i].op, reader->at, reader->at + length };
	reader->at += length;
}

static int read_quoted(struct reader *reader)
{
	const char *open = reader->at, *close = strchr(open + 1, *open);

	if (!close)
		return reader_fail(reader, open, "this quote is not closed");
	reader->token = (struct token){ TOKEN_QUOTED, 0, open + 1, close };
	reader->at = close + 1;
	return 0;
}

/* "!" belongs to a word only as in the glob [!a-z]. */
static bool in_word(const char *start, const char *at)
{
	if (*at == '!')
		return at > start && at[-1] == '[';
	return *at && !isspace((unsigned char)*at) && !strchr("<>=~()&|\"'", *at);
}

static int read_word(struct reader *reader)
{
	struct token *token = &reader->token;
	const char *start = reader->at;

	while (in_word(start, reader->at))
		reader->at++;
	if (reader->at == start)
		return reader_fail(reader, start, "\"%c\" has no meaning here", *start);
	*token = (struct token){ TOKEN_WORD, 0, start, reader->at };
	for (size_t i = 0; i < N_OF(keywords); i++)
		if (token_is(token, keywords[i].text))
			token->kind = keywords[i].kind;
	return 0;
}

int reader_advance(struct reader *reader)
{
	while (isspace((unsigned char)*reader->at))
		reader->at++;
	reader->token = (struct token){ TOKEN_END, 0, reader->at, reader->at };
	if (*reader->at == '\0')
		return 0;
	if (*reader->at == '"' || *reader->at == '\'')
		return read_quoted(reader);
	read_sign(reader);
	return reader->token.kind == TOKEN_END ? read_word(reader) : 0;
}
