/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how it is said why a VM waited for a CPU. */
#include "sink/blame_sentence.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "model/unit.h"

/* A part of a wait that is worth to be mentioned, in percent of it. */
#define PART_MIN 1.0
#define MAX_PARTS 5

/* What sentences are made with. */
struct words {
	struct arena *arena;
	bool utf8;
};

static const char *safe_text(const struct words *words, const char *text)
{
	size_t size = strlen(text) + 1;
	char *safe = arena_alloc(words->arena, size);

	unit_terminal_text(text, words->utf8, safe, size);
	return *safe ? safe : "?";
}

/* While the CPU was idle: the limit explains it if it held back for as long as half of that. */
static const char *idle_phrase(const struct waiter *waiter, const struct holder *nobody)
{
	if (isnan(waiter->throttled))
		return "with the CPU idle";
	return waiter->throttled >= nobody->percent / 2 ? "held back by its CPU limit"
							: "being woken up";
}

static const char *phrase_of(
	const struct words *words, const struct waiter *waiter, const struct holder *holder)
{
	switch (holder->kind) {
	case HOLDER_VM:
		return arena_printf(words->arena, "for %s", safe_text(words, holder->name));
	case HOLDER_HOST:
		return arena_printf(
			words->arena, "for the host's %s", safe_text(words, holder->name));
	case HOLDER_SELF:
		return "for its own threads";
	case HOLDER_NOBODY:
		return idle_phrase(waiter, holder);
	default:
		return "for others";
	}
}

/* The first part says what it is a part of. */
static const char *add_part(
	const struct words *words, const char *text, double percent, const char *phrase)
{
	if (!(percent >= PART_MIN))
		return text;
	return arena_printf(words->arena, "%s%s%.0f %%%s %s", text ? text : "", text ? ", " : "",
		percent, text ? "" : " of it", phrase);
}

/*
 * What the parts are parts of. A wait that began before the interval is held against somebody when
 * it ends, as a whole, so that they may be more together than what was waited in the interval.
 */
static double whole_of(const struct waiter *waiter)
{
	double held = 0;

	for (size_t i = 0; i < waiter->n_holders; i++)
		held += waiter->holders[i].percent;
	return fmax(waiter->ready, held);
}

/* What the waiter waited, part by part; NULL where there is none. */
static const char *list_parts(const struct words *words, const struct waiter *waiter)
{
	double whole = whole_of(waiter), rest = 0;
	const char *text = NULL;

	for (size_t i = 0; i < waiter->n_holders; i++) {
		const struct holder *holder = &waiter->holders[i];
		double part = holder->percent / whole * 100;

		if (i < MAX_PARTS && holder->kind != HOLDER_OTHER)
			text = add_part(words, text, part, phrase_of(words, waiter, holder));
		else
			rest += part;
	}
	text = add_part(words, text, rest, "for others");
	return add_part(words, text, waiter->unknown / whole * 100, "unknown");
}

/* NAN where that was nothing. */
static double taken_by_nobody(const struct waiter *waiter)
{
	for (size_t i = 0; i < waiter->n_holders; i++)
		if (waiter->holders[i].kind == HOLDER_NOBODY)
			return waiter->holders[i].percent;
	return NAN;
}

/*
 * A limit holds back also while somebody else runs, who then seems to be to blame. Nothing where
 * the limit is no part worth mentioning, or is the reason given already.
 */
static const char *limit_phrase(const struct words *words, const struct waiter *waiter)
{
	double nobody = taken_by_nobody(waiter);
	double per_vcpu = waiter->throttled / waiter->n_vcpus;

	if (!(per_vcpu >= BLAME_NOTICEABLE) || waiter->throttled <= nobody * 2)
		return "";
	return arena_printf(words->arena,
		"; its CPU limit held it back %.1f %% of the time, whoever ran meanwhile",
		per_vcpu);
}

const char *blame_describe(struct arena *arena, bool utf8, const struct waiter *waiter)
{
	const struct words words = { arena, utf8 };
	const char *parts = list_parts(&words, waiter);

	return arena_printf(arena, "%.1f %% of the time (per vCPU)%s%s%s",
		waiter->ready / waiter->n_vcpus, parts ? ": " : "", parts ? parts : "",
		limit_phrase(&words, waiter));
}
