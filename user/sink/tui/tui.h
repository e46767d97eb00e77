/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen that people leave open: snapshots and keys in, a terminal full of text out. */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "vmbpf/pace.h"
#include "vmbpf/sink.h"

struct layout;
struct tui;

#define TUI_MESSAGE_MAX 256

/* What is outside of the screen. */
struct tui_host {
	const struct layout *layout; /* what the screens show at first */
	/* Keeps the text for the next time; the message says where, or why not. */
	void (*save)(
		void *context, const char *text, size_t size, char message[static TUI_MESSAGE_MAX]);
	void *context;
};

/* Whether there can be such a screen: keys can be read, and the kind of terminal is known. */
bool tui_is_possible(void);

/*
 * Takes over the terminal. The spec says which filter there is and what the terminal can do, not
 * the columns and the order. It must live as long, and so must the host. NULL where the terminal
 * cannot be used.
 */
struct tui *tui_open(const struct view_spec *spec, const struct tui_host *host);

/* Gives the terminal back as it was. Accepts NULL. */
void tui_close(struct tui *tui);

/* Shows a snapshot, which must live until the next one is shown. 0 or -errno. */
int tui_tick(struct tui *tui, const struct snapshot *snap);

/* Does what the keys that were pressed ask for. 0, -ECANCELED to end, or -errno. */
int tui_input(struct tui *tui, struct pace *pace);

#endif
