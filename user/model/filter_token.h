/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that a filter is written in. */
#ifndef MODEL_FILTER_TOKEN_H
#define MODEL_FILTER_TOKEN_H

#include "model/filter.h"
#include "model/filter_tree.h"

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

struct reader {
	const char *text, *at; /* all of it, and what follows `token` */
	struct token token; /* the present one */
	char *error; /* FILTER_ERROR_MAX */
};

/* Steps to the next token. 0, or -EINVAL with a line in `error`. */
int reader_advance(struct reader *reader);

/* -EINVAL, with a line in `error` that says where in the text this happened. */
__attribute__((format(printf, 3, 4))) int reader_fail(
	const struct reader *reader, const char *at, const char *format, ...);

/* Where that is: characters from 1, which is what a user counts, not bytes. */
int reader_position(const struct reader *reader, const char *at);

bool token_is(const struct token *token, const char *word);

#endif
