/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each screen shows, and how that is written down and read again. Opens no file. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include "sink/tui/screen.h"
#include "vmbpf/sink.h"

struct screen_layout {
	struct column columns[MAX_COLUMNS];
	unsigned n_columns; /* 0: the name alone */
	struct column sort; /* metric NULL: in snapshot order */
	bool ascending;
};

struct layout {
	struct screen_layout of[N_SCREENS];
	enum screen_id screen; /* that is shown first */
	uint64_t interval_ns; /* 0: not said */
};

/* Of a text, its NUL included. */
#define LAYOUT_TEXT_MAX 65536

/* What is wrong with a line, which counts from 1. Of a text of others: safe only for base/log.h. */
typedef void layout_warn(void *context, unsigned line, const char *what);

/* What the screens show by themselves. */
void layout_init(struct layout *layout);

/*
 * Changes what the text says, line by line: "key = value", or a comment after #. What cannot be
 * understood is told to `warn` and leaves the layout as it was. The text is cut into pieces.
 */
void layout_parse(char *text, struct layout *layout, layout_warn *warn, void *context);

/* As layout_parse() reads it. Returns its length; -EMSGSIZE. */
int layout_format(const struct layout *layout, char text[static LAYOUT_TEXT_MAX]);

#endif
