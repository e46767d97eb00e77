/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal, if standard output is one, can show. */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "cmd/cmd.h"
#include "vmbpf/sink.h"

/* Whether a screen can be drawn over again. */
bool terminal_is_screen(void);

/* Sets width, colour and character set for what is written to standard output. */
void terminal_describe(const struct request *request, struct view_spec *spec);

/*
 * Draws a text over the screen, from the top, as much of it as fits. The screen needs no repair
 * afterwards, whatever ends the program. 0 or -errno.
 */
int terminal_draw(FILE *out, const char *text);

#endif
