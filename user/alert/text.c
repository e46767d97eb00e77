/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the line that tells people of an alert. */
#include "alert/text.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "model/unit.h"
#include "sink/figure.h"

const char *alert_quantity(struct arena *arena, const struct column *column, double number)
{
	const struct value value = { .kind = VALUE_NUMBER, .number = number };
	const char *unit = "";
	char text[UNIT_TEXT_MAX];

	if (column_unit(column) == UNIT_SHARE)
		unit = " %";
	else if (column->view == VIEW_RATE)
		unit = "/s";
	return arena_printf(
		arena, "%s%s", unit_format(column, &value, text), isfinite(number) ? unit : "");
}

/* What is safe is never longer. */
static const char *make_safe(struct arena *arena, bool utf8, const char *text)
{
	size_t size = strlen(text) + 1;

	return unit_terminal_text(text, utf8, arena_alloc(arena, size), size);
}

const char *alert_duration(struct arena *arena, uint64_t ns)
{
	static const struct {
		unsigned seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t seconds = ns / NSEC_PER_SEC, rest;
	size_t i = 0;

	if (seconds == 0)
		return arena_printf(arena, "%ums", (unsigned)(ns / NSEC_PER_MSEC));
	while (seconds < units[i].seconds)
		i++;
	rest = seconds % units[i].seconds;
	seconds /= units[i].seconds;
	if (rest == 0 || rest < units[i + 1].seconds)
		return arena_printf(arena, "%u%c", (unsigned)seconds, units[i].letter);
	return arena_printf(arena, "%u%c %u%c", (unsigned)seconds, units[i].letter,
		(unsigned)(rest / units[i + 1].seconds), units[i + 1].letter);
}

static struct tm local_time(uint64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return tm;
}

/* The time of day, with the day where that is another than the line's own. */
static const char *describe_time(struct arena *arena, uint64_t real_ns, uint64_t line_ns)
{
	struct tm tm = local_time(real_ns), line = local_time(line_ns);

	if (tm.tm_year == line.tm_year && tm.tm_yday == line.tm_yday)
		return figure_time(arena, real_ns);
	return arena_printf(arena, "%04d-%02d-%02d %s", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, figure_time(arena, real_ns));
}

/* `first` and `second` with `between` them, where both are there. "" for none. */
static const char *join(
	struct arena *arena, const char *first, const char *between, const char *second)
{
	bool both = first && *first && second && *second;

	return arena_printf(
		arena, "%s%s%s", first ? first : "", both ? between : "", second ? second : "");
}

static const char *describe_value(struct arena *arena, const struct alert_record *record)
{
	return join(arena, record->metric, " ", record->value_text);
}

/* "vcpu.ready_percent 23.4 % > 10.0 %" */
static const char *describe_comparison(struct arena *arena, const struct alert_record *record)
{
	const char *limit = record->threshold_text;

	if (limit && record->relation)
		limit = join(arena, record->relation, " ", limit);
	return join(arena, describe_value(arena, record), " ", limit);
}

static const char *describe_advice(struct arena *arena, const struct alert_record *record)
{
	return join(arena, record->cause, "; ", record->suggestion);
}

/* When it began to fire, or at least to be beyond the threshold. 0: nobody knows. */
static uint64_t start_of(const struct alert_record *record)
{
	return record->fired_ns ? record->fired_ns : record->since_ns;
}

static uint64_t span_until_now(const struct alert_record *record, uint64_t start_ns)
{
	return start_ns < record->real_ns ? record->real_ns - start_ns : 0;
}

static const char *describe_pending(struct arena *arena, const struct alert_record *record)
{
	return arena_printf(arena, "%s; it fires when that lasts %s",
		describe_comparison(arena, record), alert_duration(arena, record->for_ns));
}

static const char *describe_begin(struct arena *arena, const struct alert_record *record)
{
	const char *span = record->for_ns ? alert_duration(arena, record->for_ns) : NULL;

	return join(arena, describe_comparison(arena, record), " for ", span);
}

static const char *describe_repeat(struct arena *arena, const struct alert_record *record)
{
	uint64_t start_ns = start_of(record);

	if (start_ns == 0)
		return join(arena, "still firing", ": ", describe_comparison(arena, record));
	return arena_printf(arena, "still firing since %s (%s): %s",
		describe_time(arena, start_ns, record->real_ns),
		alert_duration(arena, span_until_now(record, start_ns)),
		describe_comparison(arena, record));
}

/* What it is at this moment tells nothing. */
static const char *describe_flapping(struct arena *arena, const struct alert_record *record)
{
	return arena_printf(arena,
		"it comes and goes, and is not told each time: %s, and the threshold is %s",
		describe_value(arena, record),
		record->threshold_text ? record->threshold_text : "-");
}

static const char *describe_firing(struct arena *arena, const struct alert_record *record)
{
	const char *what = record->flapping			 ? describe_flapping(arena, record)
			   : record->occasion == OCCASION_CHANGE ? describe_begin(arena, record)
								 : describe_repeat(arena, record);

	return join(arena, what, ": ", describe_advice(arena, record));
}

static const char *describe_end(struct arena *arena, const struct alert_record *record)
{
	uint64_t start_ns = start_of(record);
	const char *text = describe_value(arena, record);

	if (start_ns)
		text = join(arena, text, ", ",
			arena_printf(arena, "after %s",
				alert_duration(arena, span_until_now(record, start_ns))));
	if (record->reason)
		text = join(arena, text, " ", arena_printf(arena, "(%s)", record->reason));
	return text;
}

static const char *describe_silence(struct arena *arena, const struct alert_record *record)
{
	const char *text = join(arena, record->metric, " ", "is not measured");

	if (record->since_ns)
		text = join(arena, text, " since ",
			describe_time(arena, record->since_ns, record->real_ns));
	return join(arena, text, ": ", record->reason);
}

static const struct {
	const char *word;
	const char *colour;
	const char *(*describe)(struct arena *arena, const struct alert_record *record);
} states[N_ALERT_STATES] = {
	[ALERT_PENDING] = { "PENDING", NULL, describe_pending },
	[ALERT_FIRING] = { "FIRING", NULL, describe_firing },
	[ALERT_RESOLVED] = { "RESOLVED", "\033[32m", describe_end }, /* green */
	[ALERT_NODATA] = { "NO DATA", "\033[35m", describe_silence }, /* magenta */
};

static const char *const severity_colours[N_SEVERITIES] = {
	[SEVERITY_WARNING] = "\033[33m", /* yellow */
	[SEVERITY_CRITICAL] = "\033[1;31m", /* bold red */
};

#define COLOUR_END "\033[0m"

static const char *colour_of(const struct alert_record *record)
{
	return record->state == ALERT_FIRING ? severity_colours[record->severity]
					     : states[record->state].colour;
}

/* What the eye runs down: columns of the same width, and nothing that others have chosen. */
static const char *describe_head(
	struct arena *arena, bool colour, const struct alert_record *record)
{
	const char *begin = colour ? colour_of(record) : NULL;

	return arena_printf(arena, "%s %s%-8s %-8s%s", figure_time(arena, record->real_ns),
		begin ? begin : "", states[record->state].word, severity_names[record->severity],
		begin ? COLOUR_END : "");
}

/* "lab-busy vcpu 1" */
static const char *describe_subject(struct arena *arena, const struct alert_record *record)
{
	const char *text = record->vm;

	if (!text)
		text = join(arena, "host", " ", record->host);
	if (!record->key)
		return text;
	return join(arena, text, " ", join(arena, record->key_name, " ", record->key));
}

const char *alert_line(
	struct arena *arena, bool utf8, bool colour, const struct alert_record *record)
{
	const char *what = arena_printf(arena, "%s: %s",
		join(arena, describe_subject(arena, record), ": ", record->alert),
		states[record->state].describe(arena, record));

	return arena_printf(
		arena, "%s %s", describe_head(arena, colour, record), make_safe(arena, utf8, what));
}
