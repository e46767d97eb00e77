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
#include "collect/replay_file.h"
#include "collect/replay_line.h"
#include "collect/replay_value.h"

#define SCHEMA 1

/*
 * What the monotonic clock is at the first tick of every replay. Only differences have a meaning;
 * it is far from zero because values may be older than the recording.
 */
#define FIRST_MONO_NS (1ull << 60)

#define TIME_SIZE sizeof("2026-01-31T12:00:00.000000000Z")

/* A tick that was read or skipped once: all that is needed to read it again. */
struct mark {
	struct place place;
	uint64_t mono_ns;
};

struct replay {
	struct replay_file file;
	char *path;
	uint64_t line_number;
	struct replay_rows *rows;
	struct members next; /* the first line of the next tick */
	bool has_next; /* false before the first */
	struct line line; /* that one, as it stands in the file */
	size_t position; /* number of the next tick */
	uint64_t mono_ns, real_ns; /* of the last tick */
	struct mark *marks; /* none where there is no way back */
	size_t n_marks, capacity;
	bool ended, cut;
	char error[256];
};

int replay_open(const char *path, struct replay **ret)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	err = replay_file_open(&replay->file, path);
	if (err)
		goto fail;
	err = -ENOMEM;
	replay->path = strdup(path);
	replay->rows = replay_rows_new();
	if (!replay->path || !replay->rows)
		goto fail;
	*ret = replay;
	return 0;
fail:
	replay_close(replay);
	return err;
}

void replay_stop_by(struct replay *replay, const volatile sig_atomic_t *stop)
{
	replay->file.stop = stop;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	replay_file_close(&replay->file);
	replay_rows_free(replay->rows);
	members_done(&replay->next);
	free(replay->marks);
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
	int used = snprintf(replay->error, size, "%.100s:%llu: ", replay->path,
		(unsigned long long)replay->line_number);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(replay->error + used, size - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* The next line of the file. Returns 1, 0 at the end of the file, or -errno. */
static int take_line(struct replay *replay)
{
	int r;

	replay->line_number = replay->file.next.line;
	r = replay_file_take(&replay->file, &replay->line);
	if (r == -E2BIG)
		return fail(replay, "the line is longer than %u bytes", REPLAY_MAX_LINE);
	if (r < 0 && r != -EINTR)
		return fail(replay, "cannot be read: %s", strerror(-r));
	return r;
}

static int check_schema(struct replay *replay)
{
	const struct member *schema = members_find(&replay->next, "schema");
	uint64_t number = 0;

	if (replay_whole(schema, INT64_MAX, &number) < 0)
		return fail(replay, "there is no \"schema\": this is no recording of vmbpf");
	if (number != SCHEMA)
		return fail(replay, "schema %llu is not known, this version of vmbpf reads %d",
			(unsigned long long)number, SCHEMA);
	if (!replay_text(&replay->next, "type") || !replay_text(&replay->next, "time"))
		return fail(replay, "\"type\" and \"time\" must be texts");
	return 0;
}

/* Makes the line that was taken the next one. Returns 1, 0 where it is cut off, or -errno. */
static int parse_next(struct replay *replay)
{
	const struct line *line = &replay->line;
	size_t wrong_at;
	int err = members_parse(&replay->next, line->text, line->size, &wrong_at);

	if (err && !line->ended) {
		replay->cut = replay->ended = true;
		return 0;
	}
	if (err)
		return fail(
			replay, "the line must be one JSON object (byte %zu is wrong)", wrong_at);
	err = check_schema(replay);
	if (err)
		return err;
	replay->has_next = true;
	return 1;
}

/* Puts the next line into replay->next. Returns 1, 0 at the end, or -errno. */
static int next_line(struct replay *replay)
{
	int r = take_line(replay);

	replay->has_next = false;
	replay->ended = r == 0;
	return r <= 0 ? r : parse_next(replay);
}

/* RFC 3339 as vmbpf writes it: UTC with nine decimals. */
static int parse_time(const char *text, uint64_t *ret)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &tm);
	time_t seconds;

	if (!rest || strspn(rest, "0123456789") != 9 || strcmp(rest + 9, "Z") != 0 ||
		strlen(text) + 1 != TIME_SIZE)
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
static int read_interval(struct replay *replay, uint64_t real_ns, uint64_t *ret)
{
	const struct member *interval = members_find(&replay->next, "interval_seconds");

	if (!interval)
		*ret = real_ns > replay->real_ns ? real_ns - replay->real_ns : 0;
	else if (replay_seconds(interval, ret) < 0 || *ret > FIRST_MONO_NS)
		return fail(replay, "\"interval_seconds\" must be a number of seconds, or null");
	return 0;
}

/* Sets the clocks to those of the tick that begins with the next line. */
static int begin_tick(struct replay *replay, struct mark *mark)
{
	uint64_t real_ns, interval_ns = 0;
	int err = 0;

	if (parse_time(replay_text(&replay->next, "time"), &real_ns) < 0)
		return fail(replay, "\"time\" must be like 2026-01-31T12:00:00.000000000Z");
	if (replay->position)
		err = read_interval(replay, real_ns, &interval_ns);
	if (err)
		return err;
	replay->mono_ns = replay->position ? replay->mono_ns + interval_ns : FIRST_MONO_NS;
	if (replay->position < replay->n_marks)
		replay->mono_ns = replay->marks[replay->position].mono_ns;
	replay->real_ns = real_ns;
	*mark = (struct mark){ replay->line.place, replay->mono_ns };
	return 0;
}

/* Remembers where the tick was, once it is known to be whole. */
static int end_tick(struct replay *replay, const struct mark *mark)
{
	struct mark *marks = replay->marks;

	if (replay->cut)
		return 0;
	replay->position++;
	if (!replay->file.can_seek || replay->position <= replay->n_marks)
		return 1;
	if (replay->n_marks == replay->capacity) {
		size_t capacity = 2 * replay->capacity + 64;

		marks = reallocarray(marks, capacity, sizeof(*marks));
		if (!marks)
			return -ENOMEM;
		replay->marks = marks;
		replay->capacity = capacity;
	}
	marks[replay->n_marks++] = *mark;
	return 1;
}

/* Two ticks never have the same time, and the line of the host is the first of its tick. */
static bool begins_tick(const struct replay *replay, const char *time)
{
	return strcmp(replay_text(&replay->next, "time"), time) != 0 ||
	       strcmp(replay_text(&replay->next, "type"), "host") == 0;
}

static int read_entity(struct replay *replay, struct snapshot *snap)
{
	struct fault fault;
	const struct reading reading = { &replay->next, replay->rows, snap, &fault };

	if (replay_line_read(&reading) < 0)
		return fail(replay, "\"%s\" must be %s", fault.member, fault.right);
	return 0;
}

/* Makes sure that there is a next line. Returns 1, 0 at the end, or -errno. */
static int await_tick(struct replay *replay)
{
	if (replay->ended)
		return 0;
	return replay->has_next ? 1 : next_line(replay);
}

int replay_read(struct replay *replay, struct snapshot *snap)
{
	int r = await_tick(replay);
	const char *time;
	struct mark mark;

	if (r <= 0)
		return r;
	r = begin_tick(replay, &mark);
	if (r < 0)
		return r;
	time = snapshot_text(snap, replay_text(&replay->next, "time"));
	snap->mono_ns = replay->mono_ns;
	snap->real_ns = replay->real_ns;
	snap->host.name = snapshot_text(snap, replay_text(&replay->next, "host"));
	do {
		r = read_entity(replay, snap);
		replay->has_next = false;
		if (!r)
			r = next_line(replay);
	} while (r == 1 && !begins_tick(replay, time));
	return r < 0 ? r : end_tick(replay, &mark);
}

/* Takes `word` off the beginning of the text, if it begins so. */
static bool skip_word(const char **text, const char *end, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(end - *text) < size || memcmp(*text, word, size) != 0)
		return false;
	*text += size;
	return true;
}

/*
 * Whether a line is of that time and of no host, told from its beginning alone, as vmbpf writes it.
 * False where it has to be parsed to tell.
 */
static bool surely_goes_on(const struct line *line, const char *time)
{
	const char *text = line->text, *end = text + line->size;

	if (!line->ended || !skip_word(&text, end, "{\"type\":\""))
		return false;
	if (skip_word(&text, end, "host\""))
		return false;
	while (text < end && *text >= 'a' && *text <= 'z')
		text++;
	return skip_word(&text, end, "\",\"schema\":1,\"time\":\"") &&
	       skip_word(&text, end, time) && skip_word(&text, end, "\",");
}

/* Puts the next line that is not surely of that time into replay->next, as next_line() does. */
static int next_other_line(struct replay *replay, const char *time)
{
	int r;

	do
		r = take_line(replay);
	while (r == 1 && surely_goes_on(&replay->line, time));
	replay->ended = r == 0;
	return r <= 0 ? r : parse_next(replay);
}

int replay_skip(struct replay *replay, struct tick_time *ret)
{
	int r = await_tick(replay);
	char time[TIME_SIZE];
	struct mark mark;

	if (r <= 0)
		return r;
	r = begin_tick(replay, &mark);
	if (r < 0)
		return r;
	snprintf(time, sizeof(time), "%s", replay_text(&replay->next, "time"));
	do {
		replay->has_next = false;
		r = next_other_line(replay, time);
	} while (r == 1 && !begins_tick(replay, time));
	if (r >= 0)
		r = end_tick(replay, &mark);
	if (r == 1)
		*ret = (struct tick_time){ mark.mono_ns, replay->real_ns };
	return r;
}

bool replay_can_seek(const struct replay *replay)
{
	return replay->file.can_seek;
}

size_t replay_position(const struct replay *replay)
{
	return replay->position;
}

size_t replay_find(const struct replay *replay, uint64_t mono_ns)
{
	size_t low = 0, high = replay->n_marks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (replay->marks[middle].mono_ns < mono_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int replay_seek(struct replay *replay, size_t tick)
{
	int err;

	if (tick == replay->position)
		return 0;
	if (tick >= replay->n_marks)
		return -ESPIPE;
	err = replay_file_seek(&replay->file, replay->marks[tick].place);
	if (err)
		return err;
	replay->has_next = false;
	replay->position = tick;
	replay->ended = replay->cut = false;
	return 0;
}
