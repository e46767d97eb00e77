/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the forms of an alert that machines read: JSON and logfmt. */
#include "alert/text.h"

#include <math.h>
#include <string.h>

#include "alert/logfmt.h"
#include "base/arena.h"
#include "base/clock.h"
#include "sink/json.h"

/* The one of JSON lines, whose meaning of common members this shares. */
#define SCHEMA "1"

struct telling {
	struct arena *arena;
	const struct alert_record *record;
};

static void write_time(struct writer *writer, const void *real_ns)
{
	writer_time(writer, *(const uint64_t *)real_ns);
}

const char *alert_time(struct arena *arena, uint64_t real_ns)
{
	return writer_text(arena, write_time, &real_ns);
}

static void write_decimal(struct writer *writer, const void *number)
{
	writer_decimal(writer, *(const double *)number);
}

const char *alert_number(struct arena *arena, double number)
{
	return isfinite(number) ? writer_text(arena, write_decimal, &number) : NULL;
}

static void begin_member(struct writer *writer, const char *name)
{
	writer_char(writer, ',');
	json_text(writer, name);
	writer_char(writer, ':');
}

static void text_member(struct writer *writer, const char *name, const char *text)
{
	begin_member(writer, name);
	if (text)
		json_text(writer, text);
	else
		writer_string(writer, "null");
}

static void number_member(struct writer *writer, const char *name, double number)
{
	begin_member(writer, name);
	if (isfinite(number))
		writer_decimal(writer, number);
	else
		writer_string(writer, "null");
}

static void time_member(
	struct writer *writer, const char *name, const struct telling *telling, uint64_t real_ns)
{
	text_member(writer, name, real_ns ? alert_time(telling->arena, real_ns) : NULL);
}

static void pairs_member(struct writer *writer, const char *name, const struct telling *telling,
	const struct pairs *pairs)
{
	text_member(writer, name, pairs->n ? logfmt_text(telling->arena, pairs) : NULL);
}

/* As JSON writes whole numbers: no zeros in front. */
static bool is_index(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length && text[length] == '\0' && (*text != '0' || length == 1);
}

/* Of vCPUs it is a number, as in the lines of vCPUs; a disk called 7 stays a text. */
static void key_member(struct writer *writer, const struct alert_record *record)
{
	if (!record->key_name || !record->key)
		return;
	if (strcmp(record->key_name, scopes[SCOPE_VCPU].key) != 0 || !is_index(record->key)) {
		text_member(writer, record->key_name, record->key);
		return;
	}
	begin_member(writer, record->key_name);
	writer_string(writer, record->key);
}

static void write_tick(struct writer *writer, const struct alert_record *record)
{
	writer_string(writer, "{\"type\":\"alert\",\"schema\":" SCHEMA ",\"time\":\"");
	writer_time(writer, record->real_ns);
	writer_string(writer, "\",\"interval_seconds\":");
	if (record->interval_ns)
		writer_seconds(writer, record->interval_ns);
	else
		writer_string(writer, "null");
	text_member(writer, "host", record->host);
}

static void write_json(struct writer *writer, const void *data)
{
	const struct telling *telling = data;
	const struct alert_record *record = telling->record;

	write_tick(writer, record);
	text_member(writer, "scope", scopes[record->scope].name);
	text_member(writer, "vm", record->vm);
	text_member(writer, "uuid", record->uuid);
	key_member(writer, record);
	text_member(writer, "alert", record->alert);
	text_member(writer, "state", alert_state_names[record->state]);
	text_member(writer, "occasion", occasion_names[record->occasion]);
	text_member(writer, "severity", severity_names[record->severity]);
	text_member(writer, "metric", record->metric);
	text_member(writer, "relation", record->relation);
	number_member(writer, "value", record->value);
	number_member(writer, "threshold", record->threshold);
	number_member(writer, "for_seconds", (double)record->for_ns / NSEC_PER_SEC);
	time_member(writer, "since", telling, record->since_ns);
	time_member(writer, "fired", telling, record->fired_ns);
	begin_member(writer, "flapping");
	writer_string(writer, record->flapping ? "true" : "false");
	text_member(writer, "reason", record->reason);
	text_member(writer, "cause", record->cause);
	text_member(writer, "suggestion", record->suggestion);
	pairs_member(writer, "labels", telling, &record->labels);
	pairs_member(writer, "annotations", telling, &record->annotations);
	writer_char(writer, '}');
}

const char *alert_json(struct arena *arena, const struct alert_record *record)
{
	const struct telling telling = { arena, record };

	return writer_text(arena, write_json, &telling);
}

enum severity alert_level(const struct alert_record *record)
{
	if (record->state == ALERT_FIRING)
		return record->severity;
	return record->state == ALERT_NODATA ? SEVERITY_WARNING : SEVERITY_INFO;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* "60s"; NULL for none. */
static const char *seconds(struct arena *arena, uint64_t ns)
{
	if (ns == 0)
		return NULL;
	return arena_printf(arena, "%ss", alert_number(arena, (double)ns / NSEC_PER_SEC));
}

static bool is_taken(const struct pair *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

/*
 * The fields, then the labels. A label named like a field gets another name, since readers of a
 * name that is there twice take the last one.
 */
static const char *join(
	struct arena *arena, const struct pair *fields, size_t n, const struct pairs *labels)
{
	struct pair *all = arena_alloc(arena, (n + labels->n) * sizeof(*all));
	const struct pairs pairs = { all, n + labels->n };

	memcpy(all, fields, n * sizeof(*all));
	for (size_t i = 0; i < labels->n; i++) {
		all[n + i] = labels->pair[i];
		if (is_taken(fields, n, all[n + i].name))
			all[n + i].name = arena_printf(arena, "label_%s", all[n + i].name);
	}
	return logfmt_text(arena, &pairs);
}

const char *alert_logfmt(struct arena *arena, const struct alert_record *record)
{
	const struct pair fields[] = {
		{ "ts", alert_time(arena, record->real_ns) },
		{ "level", severity_names[alert_level(record)] },
		{ "event", "alert" },
		{ "state", alert_state_names[record->state] },
		{ "alert", or_empty(record->alert) },
		{ "host", or_empty(record->host) },
		{ "vm", or_empty(record->vm) },
		{ "uuid", or_empty(record->uuid) },
		{ record->key_name ? record->key_name : "key", record->key },
		{ "metric", record->metric },
		{ "value", alert_number(arena, record->value) },
		{ "threshold", alert_number(arena, record->threshold) },
		{ "for", seconds(arena, record->for_ns) },
		{ "since", record->since_ns ? alert_time(arena, record->since_ns) : NULL },
		{ "flapping", record->flapping ? "true" : NULL },
		{ "reason", record->reason },
		{ "cause", record->cause },
		{ "suggestion", record->suggestion },
	};

	return join(arena, fields, sizeof(fields) / sizeof(fields[0]), &record->labels);
}
