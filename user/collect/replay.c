/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording as a source of snapshots: its lines and its ticks. */
#include "collect/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "collect/replay_line.h"
#include "collect/replay_value.h"

#define SCHEMA 1
#define MAX_LINE (1u << 20)
#define MAX_DEPTH 32

/*
 * What the monotonic clock is at the first tick of every replay. Only differences have a meaning;
 * it is far from zero because values may be older than the recording.
 */
#define FIRST_MONO_NS (1ull << 60)

struct replay {
	FILE *file;
	char *path;
	unsigned long line_number;
	char *line;
	struct json_tokener *tokener;
	struct json_object *next; /* the first line of the next tick, NULL before the first */
	uint64_t mono_ns, real_ns; /* of the last tick */
	bool begun, cut;
	char error[256];
};

int replay_open(const char *path, struct replay **ret)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err = ENOMEM;

	if (!replay)
		return -ENOMEM;
	replay->file = fopen(path, "re");
	if (!replay->file) {
		err = errno;
		goto fail;
	}
	replay->path = strdup(path);
	replay->line = malloc(MAX_LINE);
	replay->tokener = json_tokener_new_ex(MAX_DEPTH);
	if (!replay->path || !replay->line || !replay->tokener)
		goto fail;
	json_tokener_set_flags(replay->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*ret = replay;
	return 0;
fail:
	replay_close(replay);
	return -err;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	if (replay->file)
		fclose(replay->file);
	if (replay->tokener)
		json_tokener_free(replay->tokener);
	json_object_put(replay->next);
	free(replay->line);
	free(replay->path);
	free(replay);
}

const char *replay_error(const struct replay *replay)
{
	return replay->error;
}

bool replay_was_cut(const struct replay *replay)
{
	return replay->cut;
}

__attribute__((format(printf, 2, 3))) static int fail(
	struct replay *replay, const char *format, ...)
{
	size_t size = sizeof(replay->error);
	int used = snprintf(replay->error, size, "%.100s:%lu: ", replay->path, replay->line_number);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(replay->error + used, size - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* One line without its end. Returns 1, 0 at the end of the file, or -errno; *ended: by '\n'. */
static int read_line(struct replay *replay, size_t *length, bool *ended)
{
	int c;

	replay->line_number++;
	for (*length = 0; (c = getc_unlocked(replay->file)) != EOF && c != '\n'; ++*length) {
		if (*length == MAX_LINE)
			return fail(replay, "the line is longer than %u bytes", MAX_LINE);
		replay->line[*length] = (char)c;
	}
	*ended = c == '\n';
	if (ferror(replay->file))
		return fail(replay, "cannot be read: %s", strerror(errno));
	return *ended || *length > 0;
}

/* The object on the line, or NULL where it is not exactly one. */
static struct json_object *parse_object(struct replay *replay, size_t length)
{
	struct json_tokener *tokener = replay->tokener;
	struct json_object *object;

	json_tokener_reset(tokener);
	object = json_tokener_parse_ex(tokener, replay->line, (int)length);
	if (json_object_is_type(object, json_type_object) &&
		json_tokener_get_parse_end(tokener) == length)
		return object;
	json_object_put(object);
	return NULL;
}

static int check_schema(struct replay *replay, struct json_object *line)
{
	struct json_object *schema = json_object_object_get(line, "schema");

	if (!json_object_is_type(schema, json_type_int))
		return fail(replay, "there is no \"schema\": this is no recording of vmbpf");
	if (json_object_get_int64(schema) != SCHEMA)
		return fail(replay, "schema %lld is not known, this version of vmbpf reads %d",
			(long long)json_object_get_int64(schema), SCHEMA);
	if (!replay_text(line, "type") || !replay_text(line, "time"))
		return fail(replay, "\"type\" and \"time\" must be texts");
	return 0;
}

/* Puts the next line into replay->next. Returns 1, 0 at the end, or -errno. */
static int next_line(struct replay *replay)
{
	size_t length;
	bool ended = false;
	int r = read_line(replay, &length, &ended);

	replay->next = NULL;
	if (r <= 0)
		return r;
	replay->next = parse_object(replay, length);
	if (!replay->next && !ended) {
		replay->cut = true;
		return 0;
	}
	if (!replay->next)
		return fail(replay, "the line must be one JSON object (%s)",
			json_tokener_error_desc(json_tokener_get_error(replay->tokener)));
	r = check_schema(replay, replay->next);
	return r < 0 ? r : 1;
}

/* RFC 3339 as vmbpf writes it: UTC with nine decimals. */
static int parse_time(const char *text, uint64_t *ret)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &tm);
	time_t seconds;

	if (!rest || strspn(rest, "0123456789") != 9 || strcmp(rest + 9, "Z") != 0)
		return -EINVAL;
	seconds = timegm(&tm);
	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / NSEC_PER_SEC)
		return -EINVAL;
	*ret = (uint64_t)seconds * NSEC_PER_SEC + strtoul(rest, NULL, 10);
	return 0;
}

/*
 * How long after the last tick this one was taken. Where a recorder was started anew, only the wall
 * clock knows.
 */
static int read_interval(
	struct replay *replay, struct json_object *line, uint64_t real_ns, uint64_t *ret)
{
	struct json_object *interval = json_object_object_get(line, "interval_seconds");

	*ret = 0;
	if (!replay->begun)
		return 0;
	if (!interval)
		*ret = real_ns > replay->real_ns ? real_ns - replay->real_ns : 0;
	else if (replay_seconds(interval, ret) < 0 || *ret > FIRST_MONO_NS)
		return fail(replay, "\"interval_seconds\" must be a number of seconds, or null");
	return 0;
}

static int begin_tick(struct replay *replay, struct json_object *line, struct snapshot *snap)
{
	uint64_t interval_ns;
	int err;

	if (parse_time(replay_text(line, "time"), &snap->real_ns) < 0)
		return fail(replay, "\"time\" must be like 2026-01-31T12:00:00.000000000Z");
	err = read_interval(replay, line, snap->real_ns, &interval_ns);
	if (err)
		return err;
	replay->mono_ns = replay->begun ? replay->mono_ns + interval_ns : FIRST_MONO_NS;
	replay->real_ns = snap->real_ns;
	replay->begun = true;
	snap->mono_ns = replay->mono_ns;
	snap->host.name = snapshot_text(snap, replay_text(line, "host"));
	return 0;
}

/* Two ticks never have the same time, and the line of the host is the first of its tick. */
static bool begins_tick(const struct replay *replay, const char *time)
{
	return strcmp(replay_text(replay->next, "time"), time) != 0 ||
	       strcmp(replay_text(replay->next, "type"), "host") == 0;
}

static int read_entity(struct replay *replay, struct snapshot *snap)
{
	struct fault fault;

	if (replay_line_read(replay->next, snap, &fault) < 0)
		return fail(replay, "\"%s\" must be %s", fault.member, fault.right);
	return 0;
}

int replay_read(struct replay *replay, struct snapshot *snap)
{
	int r = replay->next ? 1 : next_line(replay);
	const char *time;

	if (r <= 0)
		return r;
	time = snapshot_text(snap, replay_text(replay->next, "time"));
	r = begin_tick(replay, replay->next, snap);
	if (r < 0)
		return r;
	do {
		r = read_entity(replay, snap);
		json_object_put(replay->next);
		replay->next = NULL;
		if (!r)
			r = next_line(replay);
	} while (r == 1 && !begins_tick(replay, time));
	return r < 0 ? r : !replay->cut;
}
