/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the screen share. */
#ifndef TUI_STATE_H
#define TUI_STATE_H

#include "model/unit.h"
#include "sink/tui/alerts.h"
#include "sink/tui/chooser.h"
#include "sink/tui/history.h"
#include "sink/tui/key.h"
#include "sink/tui/layout.h"
#include "sink/tui/list.h"
#include "sink/tui/prompt.h"
#include "sink/tui/tui.h"

/* Where the last drawing of the list has what, for the mouse, and how wide its columns were. */
struct placement {
	int headings; /* the line they are on; the rows follow */
	unsigned n; /* columns that were drawn, the name included */
	int end[1 + MAX_COLUMNS]; /* cell after each of them and its gap */
	int widths[1 + MAX_COLUMNS]; /* the widest yet, of the name and of the screen's columns */
	int screen_lines, screen_cells; /* for which these hold */
};

struct pane;

struct tui {
	const struct tui_host *host;
	struct layout layout; /* of all screens, the present one as it was when it came */
	struct view_spec spec; /* of the present screen */
	struct filter *filter; /* the one that was typed last, if it is not empty */
	enum screen_id screen;
	struct unit_style style; /* .cpus: while CPUs are shown as a share of the host */
	bool of_host; /* 100 % is all CPUs of the host */
	bool threads; /* below VMs stand threads */
	const struct pane *pane;
	bool held, recorded; /* as in struct pace */
	unsigned help_first; /* row of the keys that is on top */
	struct history history;
	uint64_t detailed; /* identity of the VM that is shown alone */
	unsigned detail_first; /* line of it that is on top */
	struct list list;
	struct chooser chooser;
	struct alerts alerts;
	unsigned shift; /* columns that are left out at the left */
	struct placement placed;
	int height; /* rows that the list has */
	struct prompt prompt;
	char searched[PROMPT_MAX];
	char message[TUI_MESSAGE_MAX]; /* until the next key */
	const struct snapshot *snap; /* NULL before the first */
};

/* Until the next key, on the last line. */
void tui_say(struct tui *tui, const char *text);

/* How many rows on a request from UP to LAST asks to go, where there are so many; else 0. */
long tui_steps(const struct tui *tui, enum request request, size_t rows);

/* The columns are to be as wide as they need to be again. */
void tui_forget_widths(struct tui *tui);

/* draw.c: as often as something has changed. 0 or -ENOMEM. */
int tui_draw(struct tui *tui);

#endif
