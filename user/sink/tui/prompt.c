/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is typed, and what becomes of it. */
#include "sink/tui/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>

#include "base/clock.h"
#include "model/filter.h"
#include "sink/tui/pane.h"
#include "sink/tui/state.h"
#include "vmbpf/pace.h"

#define MIN_INTERVAL_S 0.1
#define MAX_INTERVAL_S 3600

const char *prompt_word(enum asking asking)
{
	switch (asking) {
	case ASK_SEARCH:
		return "search: ";
	case ASK_FILTER:
		return "filter: ";
	default:
		return "seconds between ticks: ";
	}
}

void prompt_begin(struct tui *tui, enum asking asking, const struct pace *pace)
{
	struct prompt *prompt = &tui->prompt;

	*prompt = (struct prompt){ .asking = asking };
	if (asking == ASK_INTERVAL)
		snprintf(prompt->text, sizeof(prompt->text), "%g",
			(double)pace->interval_ns / NSEC_PER_SEC);
	prompt->size = strlen(prompt->text);
}

static bool search_pane(struct tui *tui, const char *text, bool again)
{
	if (tui->pane->search)
		return tui->pane->search(tui, text, again);
	return list_search(&tui->list, text, again);
}

static void search(struct tui *tui, const char *text)
{
	bool again = strcmp(text, tui->searched) == 0;

	snprintf(tui->searched, sizeof(tui->searched), "%s", text);
	if (*text && !search_pane(tui, text, again))
		tui_say(tui, "there is no such line");
}

/* An empty one shows everything again. */
static void set_filter(struct tui *tui, const char *text)
{
	char error[FILTER_ERROR_MAX];
	struct filter *filter = NULL;

	if (*text && filter_parse(text, SCOPE_VM, &filter, error) < 0) {
		tui_say(tui, error);
		return;
	}
	filter_free(tui->filter);
	tui->filter = filter;
	tui->spec.filter = filter;
}

static void set_interval(struct tui *tui, const char *text, struct pace *pace)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= MIN_INTERVAL_S && seconds <= MAX_INTERVAL_S)) {
		tui_say(tui, "an interval is a number of seconds from 0.1 to 3600");
		return;
	}
	pace->interval_ns = (uint64_t)(seconds * NSEC_PER_SEC);
}

static void end_prompt(struct tui *tui, struct pace *pace)
{
	enum asking asking = tui->prompt.asking;

	tui->prompt.asking = ASK_NOTHING;
	if (asking == ASK_SEARCH)
		search(tui, tui->prompt.text);
	else if (asking == ASK_FILTER)
		set_filter(tui, tui->prompt.text);
	else
		set_interval(tui, tui->prompt.text, pace);
}

/* Takes back a character, which may be several bytes. */
static void rub_out(struct prompt *prompt)
{
	while (prompt->size && (prompt->text[prompt->size - 1] & 0xc0) == 0x80)
		prompt->size--;
	prompt->size -= prompt->size > 0;
	prompt->text[prompt->size] = '\0';
}

void prompt_type(struct tui *tui, int code, struct pace *pace)
{
	struct prompt *prompt = &tui->prompt;

	if (code == '\n' || code == '\r' || code == KEY_ENTER)
		end_prompt(tui, pace);
	else if (code == 27)
		prompt->asking = ASK_NOTHING;
	else if (code == KEY_BACKSPACE || code == 127 || code == 8)
		rub_out(prompt);
	else if (code >= ' ' && code < 256 && prompt->size + 1 < sizeof(prompt->text)) {
		prompt->text[prompt->size++] = (char)code;
		prompt->text[prompt->size] = '\0';
	}
	if (prompt->asking == ASK_SEARCH && *prompt->text)
		search_pane(tui, prompt->text, false);
}
