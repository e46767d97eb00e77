/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking over the terminal, and giving it back whatever happens. */
#ifndef TUI_TTY_H
#define TUI_TTY_H

#include <stdbool.h>

/* Whether keys can be read, and the kind of terminal is known. */
bool tty_is_usable(void);

/* False where it cannot be used. At the end of the program, and when it crashes, it is given back.
 */
bool tty_take(void);

/* Nothing where it is not taken. */
void tty_give_back(void);

/* Stops the program if that was asked for (Ctrl-Z); returns when it goes on, the screen as it was.
 */
void tty_stop_if_asked(void);

#endif
