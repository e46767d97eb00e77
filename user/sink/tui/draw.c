/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what the screen consists of, and its last line. */
#include <errno.h>

#include "base/arena.h"
#include "sink/figure.h"
#include "sink/tui/canvas.h"
#include "sink/tui/pane.h"

#define MIN_LINES 5
#define MIN_COLUMNS 20

/* How what is shown differs from what one would take it for. */
static void draw_notes(struct canvas *canvas)
{
	static const char *const bytes[N_BYTE_STYLES] = {
		[BYTES_DECIMAL] = "bytes by 1000",
		[BYTES_EXACT] = "exact bytes",
		[BYTES_NET_BITS] = "network in bits",
	};
	const struct tui *tui = canvas->tui;
	const char *const notes[] = {
		tui->spec.filter ? "filtered" : NULL,
		tui->style.cpus > 0 ? "% of host" : NULL,
		bytes[tui->style.bytes],
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (notes[i])
			canvas_text(canvas, arena_printf(canvas->arena, "%s  ", notes[i]), A_BOLD);
}

/* The last line: what is being typed, what went wrong, or what there is. */
static void draw_foot(struct canvas *canvas)
{
	struct tui *tui = canvas->tui;

	canvas_begin(canvas, LINES - 1);
	curs_set(tui->prompt.asking != ASK_NOTHING);
	if (tui->prompt.asking) {
		canvas_text(canvas, prompt_word(tui->prompt.asking), A_BOLD);
		canvas_text(canvas, canvas_safe(canvas, tui->prompt.text), A_NORMAL);
		return;
	}
	if (tui->message[0]) {
		canvas_text(canvas, canvas_safe(canvas, tui->message),
			canvas_attribute(tui, LEVEL_WARNING));
		return;
	}
	if (tui->pane->foot) {
		canvas_text(canvas, tui->pane->foot, A_NORMAL);
		return;
	}
	draw_notes(canvas);
	for (enum screen_id id = 0; id < N_SCREENS; id++) {
		const struct key_row *key = &key_rows[REQUEST_SCREEN_OVERVIEW + id];

		canvas_text(canvas,
			arena_printf(canvas->arena, "%.1s %s", key->keys, screens[id].title),
			id == tui->screen ? A_REVERSE : A_NORMAL);
		canvas_text(canvas, "  ", A_NORMAL);
	}
	canvas_text(canvas, "a alerts  ? help  q end", A_NORMAL);
}

static void draw_all(struct canvas *canvas)
{
	if (LINES < MIN_LINES || COLS < MIN_COLUMNS) {
		canvas_begin(canvas, 0);
		canvas_text(canvas, "too small", A_NORMAL);
		return;
	}
	if (!canvas->tui->pane->alone)
		header_draw(canvas);
	canvas->tui->pane->draw(canvas);
	draw_foot(canvas);
}

int tui_draw(struct tui *tui)
{
	struct canvas canvas = { .tui = tui, .arena = arena_new() };

	if (!canvas.arena)
		return -ENOMEM;
	erase();
	if (tui->snap)
		draw_all(&canvas);
	else
		mvaddstr(0, 0, "looking for VMs...");
	refresh();
	arena_free(canvas.arena);
	return 0;
}
