/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what each key does. */
#include "sink/tui/tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>

#include "base/cleanup.h"
#include "model/filter.h"
#include "sink/tui/canvas.h"
#include "sink/tui/mouse.h"
#include "sink/tui/order.h"
#include "sink/tui/pane.h"
#include "sink/tui/play.h"
#include "sink/tui/tty.h"

void tui_say(struct tui *tui, const char *text)
{
	snprintf(tui->message, sizeof(tui->message), "%s", text);
}

void tui_forget_widths(struct tui *tui)
{
	memset(tui->placed.widths, 0, sizeof(tui->placed.widths));
}

void tui_show_pane(struct tui *tui, const struct pane *pane)
{
	tui->pane = pane;
	if (pane->open)
		pane->open(tui);
}

bool pane_is_common(enum request request)
{
	return request == REQUEST_HELP || request == REQUEST_SEARCH || request == REQUEST_SAVE ||
	       request == REQUEST_COLUMNS || request == REQUEST_SORT_CHOOSE;
}

/* What the present screen has become is kept for when it comes again. */
static void keep_screen(struct tui *tui)
{
	struct screen_layout *screen = &tui->layout.of[tui->screen];

	memcpy(screen->columns, tui->spec.columns, sizeof(screen->columns));
	screen->n_columns = tui->spec.n_columns;
	screen->sort = tui->spec.sort;
	screen->ascending = tui->spec.ascending;
}

static void show_screen(struct tui *tui, enum screen_id id)
{
	const struct screen_layout *screen = &tui->layout.of[id];

	tui->pane = &list_pane;
	tui->screen = id;
	tui->shift = 0;
	tui_forget_widths(tui);
	memcpy(tui->spec.columns, screen->columns, sizeof(tui->spec.columns));
	tui->spec.n_columns = screen->n_columns;
	tui->spec.sort = screen->sort;
	tui->spec.ascending = screen->ascending;
}

static void change_screen(struct tui *tui, enum screen_id id)
{
	keep_screen(tui);
	show_screen(tui, id);
}

static uint32_t scopes_below(const struct tui *tui)
{
	const struct screen *screen = &screens[tui->screen];

	if (tui->threads && screen->below == SCOPE_VCPU)
		return 1u << SCOPE_THREAD;
	return 1u << screen->below;
}

/* 0 where it is not known. */
static double count_cpus(const struct snapshot *snap)
{
	struct column column;
	struct value value = { 0 };

	if (column_find("cpus", SCOPE_HOST, &column) == 0)
		value = column_value(&column, snap, &snap->host.e);
	return value.kind == VALUE_NUMBER ? value.number : 0;
}

static int fill(struct tui *tui)
{
	int err;

	if (!tui->snap)
		return 0;
	tui->style.cpus = tui->of_host ? count_cpus(tui->snap) : 0;
	err = list_fill(&tui->list, &tui->spec, scopes_below(tui), tui->snap);
	return !err && tui->pane->fill ? tui->pane->fill(tui) : err;
}

long tui_steps(const struct tui *tui, enum request request, size_t rows)
{
	long page = tui->height > 1 ? tui->height - 1 : 1, all = (long)rows;
	const long steps[N_REQUESTS] = {
		[REQUEST_UP] = -1,
		[REQUEST_DOWN] = 1,
		[REQUEST_PAGE_UP] = -page,
		[REQUEST_PAGE_DOWN] = page,
		[REQUEST_FIRST] = -all,
		[REQUEST_LAST] = all,
	};

	return steps[request];
}

static const char *const sort_keys[N_REQUESTS] = {
	[REQUEST_SORT_READY] = "ready",
	[REQUEST_SORT_USED] = "cpu",
	[REQUEST_SORT_NAME] = "name",
	[REQUEST_SORT_MEMORY] = "memory_rss",
};

void tui_shift(struct tui *tui, int columns)
{
	if (columns < 0)
		tui->shift -= tui->shift > 0;
	else
		tui->shift += tui->shift + 1 < tui->spec.n_columns;
}

static void save(struct tui *tui, struct pace *pace)
{
	AUTO_FREE char *text = malloc(LAYOUT_TEXT_MAX);
	int size;

	keep_screen(tui);
	tui->layout.screen = tui->screen;
	tui->layout.interval_ns = pace->interval_ns;
	size = text ? layout_format(&tui->layout, text) : -ENOMEM;
	if (size < 0)
		tui_say(tui, strerror(-size));
	else
		tui->host->save(tui->host->context, text, (size_t)size, tui->message);
}

static void open_row(struct tui *tui, struct pace *pace)
{
	(void)pace;
	if (list_is_open(&tui->list))
		detail_open(tui);
	else
		list_toggle(&tui->list);
}

static void unfold(struct tui *tui, struct pace *pace)
{
	(void)pace;
	list_toggle(&tui->list);
}

static void unfold_all(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui->list.folds.all = !tui->list.folds.all;
	tui->list.folds.n = 0;
}

static void show_threads(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui->threads = !tui->threads;
}

static void show_detail(struct tui *tui, struct pace *pace)
{
	(void)pace;
	detail_open(tui);
}

static void shift_left(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui_shift(tui, -1);
}

static void shift_right(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui_shift(tui, 1);
}

static void reverse(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui->spec.ascending = !tui->spec.ascending;
}

static void hold(struct tui *tui, struct pace *pace)
{
	(void)tui;
	pace->held = !pace->held;
}

static void change_whole(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui->of_host = !tui->of_host;
	tui_forget_widths(tui);
}

static void change_bytes(struct tui *tui, struct pace *pace)
{
	(void)pace;
	tui->style.bytes = (tui->style.bytes + 1) % N_BYTE_STYLES;
	tui_forget_widths(tui);
}

static void (*const deeds[N_REQUESTS])(struct tui *tui, struct pace *pace) = {
	[REQUEST_OPEN] = open_row,
	[REQUEST_UNFOLD] = unfold,
	[REQUEST_UNFOLD_ALL] = unfold_all,
	[REQUEST_THREADS] = show_threads,
	[REQUEST_DETAIL] = show_detail,
	[REQUEST_LEFT] = shift_left,
	[REQUEST_RIGHT] = shift_right,
	[REQUEST_SORT_REVERSE] = reverse,
	[REQUEST_SAVE] = save,
	[REQUEST_FREEZE] = hold,
	[REQUEST_OF_HOST] = change_whole,
	[REQUEST_BYTES] = change_bytes,
};

static const struct pane *const panes[N_REQUESTS] = {
	[REQUEST_HELP] = &help_pane,
	[REQUEST_COLUMNS] = &columns_pane,
	[REQUEST_SORT_CHOOSE] = &sort_pane,
	[REQUEST_ALERTS] = &alert_pane,
};

/* 0, or -ECANCELED to end. */
static int obey(struct tui *tui, enum request request, struct pace *pace)
{
	if (tui->pane->obey && tui->pane->obey(tui, request))
		return 0;
	if (request >= REQUEST_SCREEN_OVERVIEW && request <= REQUEST_SCREEN_EXITS)
		change_screen(tui, SCREEN_OVERVIEW + (request - REQUEST_SCREEN_OVERVIEW));
	else if (request >= REQUEST_UP && request <= REQUEST_LAST)
		list_move(&tui->list, tui_steps(tui, request, tui->list.n));
	else if (request == REQUEST_SORT_NEXT || request == REQUEST_SORT_BEFORE)
		order_by_next(&tui->spec, request == REQUEST_SORT_NEXT ? 1 : -1);
	else if (sort_keys[request])
		order_by_name(&tui->spec, sort_keys[request]);
	else if (request >= REQUEST_SEARCH && request <= REQUEST_INTERVAL)
		prompt_begin(tui, ASK_SEARCH + (request - REQUEST_SEARCH), pace);
	else if (request >= REQUEST_REFRESH && request <= REQUEST_MINUTE_ON)
		play(tui, request, pace);
	else if (panes[request])
		tui_show_pane(tui, panes[request]);
	else if (deeds[request])
		deeds[request](tui, pace);
	return request == REQUEST_QUIT ? -ECANCELED : 0;
}

/* What is typed is not disturbed by the mouse. */
static int obey_mouse(struct tui *tui, struct pace *pace)
{
	struct mouse mouse = mouse_read();
	int err = 0;

	if (tui->prompt.asking)
		return 0;
	for (unsigned i = 0; !err && i < mouse.times; i++)
		err = obey(tui, mouse.request, pace);
	if (mouse.click && tui->pane->click)
		tui->pane->click(tui, mouse.line, mouse.cell);
	return err;
}

bool tui_is_possible(void)
{
	return tty_is_usable();
}

struct tui *tui_open(const struct view_spec *spec, const struct tui_host *host)
{
	struct tui *tui = calloc(1, sizeof(*tui));

	if (!tui)
		return NULL;
	tui->host = host;
	tui->layout = *host->layout;
	tui->spec = *spec;
	if (!tty_take()) {
		free(tui);
		return NULL;
	}
	canvas_prepare(tui);
	tui->list.folds.all = spec->vcpu_rows;
	show_screen(tui, tui->layout.screen);
	return tui;
}

void tui_close(struct tui *tui)
{
	if (!tui)
		return;
	tty_give_back();
	list_done(&tui->list);
	history_done(&tui->history);
	alerts_done(&tui->alerts);
	filter_free(tui->filter);
	free(tui);
}

int tui_tick(struct tui *tui, const struct snapshot *snap)
{
	int err;

	tui->snap = snap;
	history_add(&tui->history, snap);
	err = fill(tui);
	tty_stop_if_asked();
	return err ? err : tui_draw(tui);
}

/* Hundreds of rows need not be sorted anew for a key that moves over them. */
static bool keeps_rows(const struct tui *tui, int code)
{
	enum request request = key_request(code);

	return !tui->prompt.asking && request >= REQUEST_UP && request <= REQUEST_LAST;
}

int tui_input(struct tui *tui, struct pace *pace)
{
	int code, err = 0;

	while (!err && (code = getch()) != ERR) {
		bool kept = keeps_rows(tui, code);

		tui->message[0] = '\0';
		if (code == KEY_MOUSE)
			err = obey_mouse(tui, pace);
		else if (tui->prompt.asking)
			prompt_type(tui, code, pace);
		else if (code != KEY_RESIZE)
			err = obey(tui, key_request(code), pace);
		/* What it moves over must be there before the next key moves on. */
		if (!err && !kept)
			err = fill(tui);
	}
	tui->held = pace->held;
	tui->recorded = pace->recorded;
	tty_stop_if_asked();
	return err ? err : tui_draw(tui);
}
