/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of JSON as its members. It is read in place, since a long recording has a hundred million
 * of them: nothing is allocated or copied for any.
 */
#ifndef COLLECT_REPLAY_JSON_H
#define COLLECT_REPLAY_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum member_kind {
	MEMBER_NULL,
	MEMBER_BOOLEAN,
	MEMBER_NUMBER,
	MEMBER_TEXT,
	MEMBER_LIST /* an array or an object, of which no more is told */
};

/* Texts live as long as the line, and end with a NUL; there is none within. */
struct member {
	const char *name;
	size_t name_size;
	enum member_kind kind;
	bool is_whole; /* a number without decimals and exponent */
	const char *text; /* of a text, escapes resolved; of all others as it is written */
};

/* Zero-initialise, then members_done(). */
struct members {
	struct member *all;
	size_t n, capacity;
};

void members_done(struct members *members);

/* Bytes from the end of a line on that there must be: eight are looked at at a time. */
#define MEMBERS_SLACK 8

/*
 * Reads a line, which is changed by that: `text` has a NUL at `size`, and memory for MEMBERS_SLACK
 * bytes from there on. It must be one object of JSON as RFC 8259 has it, in valid UTF-8, not nested
 * too deeply. 0, or -EINVAL with *wrong_at telling which byte is wrong.
 */
int members_parse(struct members *members, char *text, size_t size, size_t *wrong_at);

/* The first member of that name, or NULL where there is none or it is null. */
const struct member *members_find(const struct members *members, const char *name);

#endif
