/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which key asks for what. */
#include "sink/tui/key.h"

#include <stddef.h>
#include <string.h>

#include <curses.h>

const struct key_row key_rows[N_REQUESTS] = {
#define ROW(name, keys, help) [REQUEST_##name] = { keys, help },
	KEYS(ROW)
#undef ROW
};

/* Keys that send more than a character, and those that cannot stand for themselves in a list. */
static const struct {
	const char *name;
	int code;
} names[] = {
	{ "Enter", '\n' },
	{ "Enter", '\r' },
	{ "Enter", KEY_ENTER },
	{ "Esc", 27 },
	{ "Space", ' ' },
	{ "Esc", 27 },
	{ "Up", KEY_UP },
	{ "Down", KEY_DOWN },
	{ "PgUp", KEY_PPAGE },
	{ "PgDn", KEY_NPAGE },
	{ "Home", KEY_HOME },
	{ "End", KEY_END },
	{ "Left", KEY_LEFT },
	{ "Right", KEY_RIGHT },
	{ "Esc", 27 },
	{ "S-Left", KEY_SLEFT },
	{ "S-Right", KEY_SRIGHT },
	{ "F1", KEY_F(1) },
	{ "F2", KEY_F(2) },
	{ "F3", KEY_F(3) },
	{ "F4", KEY_F(4) },
	{ "F6", KEY_F(6) },
	{ "F7", KEY_F(7) },
	{ "F8", KEY_F(8) },
	{ "F10", KEY_F(10) },
};

bool key_is_called(int code, const char *word, size_t size)
{
	if (size == 1)
		return *word == code;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code && strlen(names[i].name) == size &&
			strncmp(names[i].name, word, size) == 0)
			return true;
	return false;
}

static bool lists_key(const char *keys, int code)
{
	while (*keys) {
		size_t size = strcspn(keys, " ");

		if (key_is_called(code, keys, size))
			return true;
		keys += size + (keys[size] == ' ');
	}
	return false;
}

enum request key_request(int code)
{
	for (enum request request = 1; request < N_REQUESTS; request++)
		if (lists_key(key_rows[request].keys, code))
			return request;
	return REQUEST_NONE;
}
