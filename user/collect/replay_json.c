/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the syntax of a line: JSON, cut into its members. */
#include "collect/replay_json.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/utf8.h"

#define DEPTH_MAX 32

/* Stands in a text that ends with a NUL, which no rule of JSON goes beyond. */
struct scanner {
	char *at;
	struct members *members;
};

void members_done(struct members *members)
{
	free(members->all);
	*members = (struct members){ 0 };
}

static struct member *add_member(struct members *members)
{
	if (members->n == members->capacity) {
		members->capacity = 2 * members->capacity + 64;
		members->all =
			must(reallocarray(members->all, members->capacity, sizeof(*members->all)));
	}
	return &members->all[members->n++];
}

static void skip_blanks(struct scanner *scanner)
{
	while (*scanner->at == ' ' || *scanner->at == '\t' || *scanner->at == '\r' ||
		*scanner->at == '\n')
		scanner->at++;
}

/* False, and stays there, where it is something else. */
static bool take_char(struct scanner *scanner, char c)
{
	if (*scanner->at != c)
		return false;
	scanner->at++;
	return true;
}

/* The number in four hexadecimal digits; -1 where they are not. */
static int32_t read_hex(const char *digits)
{
	int32_t number = 0;

	for (int i = 0; i < 4; i++) {
		char c = digits[i];

		if (c >= '0' && c <= '9')
			number = number * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			number = number * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return number;
}

/* The halves of a character beyond U+FFFF, as UTF-16 writes it. */
#define HIGH_HALF 0xd800
#define LOW_HALF 0xdc00

static bool is_half(int32_t code, int32_t first)
{
	return code >= first && code < first + 0x400;
}

/* Two escapes may be one character; what is none, and NUL, is replaced. */
static bool take_code(struct scanner *scanner, char **out)
{
	int32_t code = read_hex(scanner->at), low = -1;

	if (code < 0)
		return false;
	scanner->at += 4;
	if (is_half(code, HIGH_HALF) && scanner->at[0] == '\\' && scanner->at[1] == 'u')
		low = read_hex(scanner->at + 2);
	if (is_half(low, LOW_HALF)) {
		scanner->at += 6;
		code = 0x10000 + (code - HIGH_HALF) * 0x400 + (low - LOW_HALF);
	}
	if (code == 0 || is_half(code, HIGH_HALF) || is_half(code, LOW_HALF))
		code = UTF8_REPLACEMENT;
	*out += utf8_encode((uint32_t)code, *out);
	return true;
}

static bool take_escape(struct scanner *scanner, char **out)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	scanner->at++;
	if (take_char(scanner, 'u'))
		return take_code(scanner, out);
	for (const char *escape = escapes; *escape; escape += 2) {
		if (*scanner->at != *escape)
			continue;
		*(*out)++ = escape[1];
		scanner->at++;
		return true;
	}
	return false;
}

static bool take_character(struct scanner *scanner, char **out)
{
	uint32_t character = 0;
	size_t length = utf8_decode(scanner->at, &character);

	if (length == 0 || character < 0x20)
		return false;
	memmove(*out, scanner->at, length);
	*out += length;
	scanner->at += length;
	return true;
}

/* What stands for itself in a string, and is a character alone. */
static const bool is_plain[256] = {
	[0x20 ... 0x21] = true,
	[0x23 ... 0x5b] = true,
	[0x5d ... 0x7f] = true,
};

#define EACH_BYTE (UINT64_MAX / 0xff)

/* Whether eight bytes are plain. It may say no where all of them are. */
static bool are_plain(const char *text)
{
	uint64_t word, quotes, backslashes;

	static_assert(sizeof(word) <= MEMBERS_SLACK, "strings are read beyond the line");
	memcpy(&word, text, sizeof(word));
	quotes = word ^ EACH_BYTE * '"';
	backslashes = word ^ EACH_BYTE * '\\';
	return !((word | (word - EACH_BYTE * 0x20) | (quotes - EACH_BYTE) |
			 (backslashes - EACH_BYTE)) &
		 EACH_BYTE * 0x80);
}

/* The rest of a string behind what is plain. What escapes stand for is never longer than they. */
static bool take_rest(struct scanner *scanner, char **end)
{
	char *out = scanner->at;
	bool ok = true;

	while (ok && *scanner->at != '"')
		ok = *scanner->at == '\\' ? take_escape(scanner, &out)
					  : take_character(scanner, &out);
	*end = out;
	return ok;
}

static bool take_string(struct scanner *scanner, const char **text, size_t *size)
{
	char *begin, *end;

	if (!take_char(scanner, '"'))
		return false;
	begin = scanner->at;
	while (are_plain(scanner->at))
		scanner->at += sizeof(uint64_t);
	while (is_plain[(unsigned char)*scanner->at])
		scanner->at++;
	end = scanner->at;
	if (*end != '"' && !take_rest(scanner, &end))
		return false;
	scanner->at++;
	*end = '\0';
	*text = begin;
	*size = (size_t)(end - begin);
	return true;
}

static bool take_digits(struct scanner *scanner)
{
	const char *begin = scanner->at;

	while (*scanner->at >= '0' && *scanner->at <= '9')
		scanner->at++;
	return scanner->at > begin;
}

static bool take_number(struct scanner *scanner, struct member *member)
{
	member->kind = MEMBER_NUMBER;
	member->is_whole = true;
	take_char(scanner, '-');
	if (!take_char(scanner, '0') && !take_digits(scanner))
		return false;
	if (take_char(scanner, '.')) {
		member->is_whole = false;
		if (!take_digits(scanner))
			return false;
	}
	if (!take_char(scanner, 'e') && !take_char(scanner, 'E'))
		return true;
	member->is_whole = false;
	if (!take_char(scanner, '+'))
		take_char(scanner, '-');
	return take_digits(scanner);
}

static bool take_word(struct scanner *scanner, struct member *member)
{
	static const struct {
		const char *word;
		enum member_kind kind;
	} words[] = {
		{ "null", MEMBER_NULL },
		{ "true", MEMBER_BOOLEAN },
		{ "false", MEMBER_BOOLEAN },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = strlen(words[i].word);

		if (strncmp(scanner->at, words[i].word, size) != 0)
			continue;
		scanner->at += size;
		member->kind = words[i].kind;
		return true;
	}
	return false;
}

static bool take_list(struct scanner *scanner, int depth);

static bool take_value(struct scanner *scanner, struct member *member, int depth)
{
	size_t size;

	member->text = scanner->at;
	member->is_whole = false;
	switch (*scanner->at) {
	case '"':
		member->kind = MEMBER_TEXT;
		return take_string(scanner, &member->text, &size);
	case '{':
	case '[':
		member->kind = MEMBER_LIST;
		return take_list(scanner, depth + 1);
	case '-':
	case '0' ... '9':
		return take_number(scanner, member);
	default:
		return take_word(scanner, member);
	}
}

static bool take_name(struct scanner *scanner, struct member *member)
{
	if (!take_string(scanner, &member->name, &member->name_size))
		return false;
	skip_blanks(scanner);
	if (!take_char(scanner, ':'))
		return false;
	skip_blanks(scanner);
	return true;
}

/* What follows a value, which is ended by a NUL in its place. */
static char end_value(struct scanner *scanner)
{
	char *end = scanner->at, next;

	skip_blanks(scanner);
	next = *scanner->at;
	*end = '\0';
	return next;
}

/* An object or an array. Only members of the outermost are kept. */
static bool take_list(struct scanner *scanner, int depth)
{
	bool is_object = *scanner->at++ == '{';
	char close = is_object ? '}' : ']', next = ',';

	if (depth == DEPTH_MAX)
		return false;
	skip_blanks(scanner);
	if (take_char(scanner, close))
		return true;
	while (next == ',') {
		struct member ignored, *member = depth ? &ignored : add_member(scanner->members);

		skip_blanks(scanner);
		if ((is_object && !take_name(scanner, member)) ||
			!take_value(scanner, member, depth))
			return false;
		next = end_value(scanner);
		scanner->at += next == ',' || next == close;
	}
	return next == close;
}

int members_parse(struct members *members, char *text, size_t size, size_t *wrong_at)
{
	struct scanner scanner = { .at = text, .members = members };

	members->n = 0;
	skip_blanks(&scanner);
	if (*scanner.at == '{' && take_list(&scanner, 0)) {
		skip_blanks(&scanner);
		if (scanner.at == text + size)
			return 0;
	}
	*wrong_at = (size_t)(scanner.at - text) + 1;
	return -EINVAL;
}

const struct member *members_find(const struct members *members, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < members->n; i++) {
		const struct member *member = &members->all[i];

		if (member->name_size == size && memcmp(member->name, name, size) == 0)
			return member->kind == MEMBER_NULL ? NULL : member;
	}
	return NULL;
}
