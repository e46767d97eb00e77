/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of text that is typed on the last line of the screen, and what it is for. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stddef.h>

#define PROMPT_MAX 256

enum asking { ASK_NOTHING, ASK_SEARCH, ASK_FILTER, ASK_INTERVAL };

struct prompt {
	enum asking asking;
	char text[PROMPT_MAX];
	size_t size;
};

struct pace;
struct tui;

/* What stands before the text. */
const char *prompt_word(enum asking asking);

/* Begins with the text that it had, or that holds now. */
void prompt_begin(struct tui *tui, enum asking asking, const struct pace *pace);

/* Takes one key, and does what was asked for where it is the last. */
void prompt_type(struct tui *tui, int code, struct pace *pace);

#endif
