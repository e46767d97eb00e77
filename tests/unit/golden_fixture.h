/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests share that hold outputs for a recording against what was reviewed. */
#ifndef TESTS_GOLDEN_FIXTURE_H
#define TESTS_GOLDEN_FIXTURE_H

#include "sink_fixture.h"

#include "collect/replay.h"

#define GOLDEN_FOLDER "tests/golden/"

/* Calls `tick` for each tick of the recording; ticks live until the next but one. */
static inline void golden_replay(
	void (*tick)(void *context, const struct snapshot *snap), void *context)
{
	struct snapshot *before = NULL, *snap;
	struct replay *replay;

	assert_int_equal(replay_open(GOLDEN_FOLDER "recording.jsonl", &replay), 0);
	while (snap = snapshot_new(), replay_read(replay, snap) == 1) {
		snapshot_finish(snap, before);
		tick(context, snap);
		snapshot_free(before);
		before = snap;
	}
	assert_string_equal(replay_error(replay), "");
	snapshot_free(snap);
	snapshot_free(before);
	replay_close(replay);
}

static inline char *golden_read(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return strdup("");
	if (getdelim(&text, &size, '\0', file) < 0)
		*text = '\0';
	fclose(file);
	return text;
}

static inline void golden_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Line by line, so that a failure shows the line and not the file. */
static inline void assert_same_lines(char *text, char *expected)
{
	char *line, *other;

	while ((line = strsep(&text, "\n")) && (other = strsep(&expected, "\n")))
		assert_string_equal(line, other);
	assert_null(text);
	assert_null(expected);
}

/* Holds a text against the file of that name, or makes it that file (VMBPF_ACCEPT). */
static inline void golden_compare(const char *name, const char *text)
{
	char path[256], *copy = strdup(text), *expected;

	snprintf(path, sizeof(path), GOLDEN_FOLDER "%s", name);
	if (getenv("VMBPF_ACCEPT"))
		golden_write(path, text);
	expected = golden_read(path);
	assert_same_lines(copy, expected);
	free(copy);
	free(expected);
}

#endif
