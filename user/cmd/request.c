/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what the options of the commands accept. */
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/when.h"
#include "vmbpf/sink.h"
#include "vmbpf/wire.h"

const char *set_count(void *field, const char *text)
{
	return parse_number(text, 1, UINT64_MAX, field) ? "a number of ticks, 1 or more" : NULL;
}

const char *set_interval(void *field, const char *text)
{
	int err = parse_duration(text, 100 * NSEC_PER_MSEC, 3600 * NSEC_PER_SEC, field);

	return err ? "a time from 0.1 to 3600 seconds (2, 0.5, 500ms, 1m)" : NULL;
}

const char *set_at(void *field, const char *text)
{
	return when_parse(text, field) ? WHEN_FORMS : NULL;
}

static const char *set_limit(void *field, const char *text, uint64_t min, const char *expected)
{
	uint64_t number;

	if (parse_number(text, min, VMB_MAX_SLOTS - 1, &number))
		return expected;
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *set_max_threads(void *field, const char *text)
{
	return set_limit(field, text, 64, "a number from 64 to 65534");
}

const char *set_max_nics(void *field, const char *text)
{
	return set_limit(field, text, 1, "a number from 1 to 65534");
}

const char *set_colour(void *field, const char *text)
{
	static const char *const names[] = {
		[COLOUR_AUTO] = "auto",
		[COLOUR_ALWAYS] = "always",
		[COLOUR_NEVER] = "never",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*(enum colour *)field = i;
			return NULL;
		}
	}
	return "auto, always or never";
}

const char *set_sink(void *field, const char *text)
{
	if (!sink_find(text))
		return "table, json or csv";
	return option_set_text(field, text);
}

const char *set_alert_format(void *field, const char *text)
{
	if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
		return "text or json";
	return option_set_text(field, text);
}

const char *set_word(void *field, const char *text)
{
	struct words *words = field;

	if (words->n == WORDS_MAX)
		return "given 32 times or less";
	words->word[words->n++] = text;
	return *text ? NULL : "a text with at least one character";
}
