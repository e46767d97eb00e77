/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person can ask for, and by which keys: one table, from which the keyboard, the help screen
 * and the manual are made.
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* A code above all characters, as for the keys that send more than one: these are curses' own. */
#define KEYS(_) \
	_(QUIT, "q F10", "end") \
	_(HELP, "? h F1", "this help") \
	_(SCREEN_OVERVIEW, "o", "overview") \
	_(SCREEN_CPU, "c", "CPU: where the time goes") \
	_(SCREEN_MEMORY, "m", "memory") \
	_(SCREEN_NETWORK, "n", "network, by interface below a VM") \
	_(SCREEN_DISK, "d", "disks, by disk below a VM") \
	_(SCREEN_EXITS, "x", "exits of the guest") \
	_(ALERTS, "a", "what is beyond its threshold, the worst first; Enter shows the VM") \
	_(OPEN, "Enter", "show what is below the VM; again: all about it") \
	_(UNFOLD, "v", "show what is below the VM, or hide it") \
	_(DETAIL, "i", "all about the VM: what is wrong, where its time goes, how it went") \
	_(LEAVE, "Esc", "back to the list") \
	_(THREADS, "t", "threads below the VMs, instead of vCPUs") \
	_(UNFOLD_ALL, "e", "the same for all VMs") \
	_(UP, "Up k", "the row above") \
	_(DOWN, "Down j", "the row below") \
	_(PAGE_UP, "PgUp", "a screen up") \
	_(PAGE_DOWN, "PgDn", "a screen down") \
	_(FIRST, "Home", "the first row") \
	_(LAST, "End", "the last row") \
	_(LEFT, "S-Left", "columns further left") \
	_(RIGHT, "S-Right", "columns further right") \
	_(SORT_NEXT, ">", "sort by the column to the right") \
	_(SORT_BEFORE, "<", "sort by the column to the left") \
	_(SORT_REVERSE, "r", "turn the order around") \
	_(SORT_READY, "R", "sort by ready") \
	_(SORT_USED, "U", "sort by the CPU time used") \
	_(SORT_NAME, "N", "sort by name") \
	_(SORT_MEMORY, "M", "sort by memory") \
	_(SORT_CHOOSE, "S F6", "choose what to sort by") \
	_(COLUMNS, "f F2", "choose the columns of this screen") \
	_(COLUMN_LEFT, "[ F7", "there: the column further left") \
	_(COLUMN_RIGHT, "] F8", "there: the column further right") \
	_(SEARCH, "/ F3", "search a name; again with the same text for the next") \
	_(FILTER, "\\ F4", "show only what matches: a part of a name, or ready > 5") \
	_(INTERVAL, "s", "seconds between ticks") \
	_(SAVE, "W", "save screen, columns, order and interval") \
	_(FREEZE, "z", "hold the screen, or let it go on") \
	_(REFRESH, "Space", "a tick now; a recording pauses, or plays on") \
	_(TICK_BACK, "Left", "a recording pauses a tick earlier; else columns further left") \
	_(TICK_ON, "Right", "a recording pauses a tick later; else columns further right") \
	_(MINUTE_BACK, ",", "a recording goes back a minute") \
	_(MINUTE_ON, ".", "a recording goes on a minute") \
	_(OF_HOST, "I", "100 % of the time is that of one CPU, or of all the host has") \
	_(BYTES, "u", "bytes by 1024, by 1000, exact, or networks in bits")

enum request {
	REQUEST_NONE,
#define REQUEST(name, keys, help) REQUEST_##name,
	KEYS(REQUEST)
#undef REQUEST
		N_REQUESTS
};

struct key_row {
	const char *keys; /* separated by spaces */
	const char *help;
};

/* Index: enum request; the first row is empty. */
extern const struct key_row key_rows[N_REQUESTS];

/* Whether that is the key's name in the table, of so many bytes. */
bool key_is_called(int code, const char *word, size_t size);

/* What a key asks for, by curses' code of it. */
enum request key_request(int code);

#endif
