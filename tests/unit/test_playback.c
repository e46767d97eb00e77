/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wherever one goes in a recording, each tick is what it is when the recording is read through. */
#include "replay_fixture.h"

#include <errno.h>
#include <sys/stat.h>

#include "cmd/playback.h"

static const volatile sig_atomic_t never;

/* A recording, what each of its ticks is as JSON, and where in it one is. */
struct play {
	char *path;
	char *texts[N_TICKS];
	struct playback playback;
	struct ticks shown, ticks;
	struct pace pace;
};

static char *as_json(const struct snapshot *snap)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(sink_find("json")->tick(out, &all_scopes, snap), 0);
	fclose(out);
	return text;
}

static void open_play(struct play *play, const char *path)
{
	play->playback = (struct playback){ .stop = &never, .shown = &play->shown };
	assert_int_equal(replay_open(path, &play->playback.replay), 0);
}

/* As the loop does it once the ticks are on the screen. */
static void keep(struct play *play)
{
	struct ticks before = play->shown;

	play->shown = play->ticks;
	ticks_drop(&before, &play->shown);
	play->playback.position = replay_position(play->playback.replay) - 1;
}

static void close_play(struct play *play)
{
	ticks_drop(&play->ticks, &play->shown);
	ticks_drop(&play->shown, &play->ticks);
	replay_close(play->playback.replay);
	play->playback.replay = NULL;
}

static int set_up(void **state)
{
	struct play *play = calloc(1, sizeof(*play));
	size_t size;
	char *text = make_recording(&size);

	play->path = make_file(text, size);
	free(text);
	open_play(play, play->path);
	for (unsigned n = 0; n < N_TICKS; n++) {
		assert_int_equal(playback_next(&play->playback, &play->ticks), 1);
		play->texts[n] = as_json(play->ticks.now);
		keep(play);
	}
	assert_int_equal(playback_next(&play->playback, &play->ticks), 0);
	*state = play;
	return 0;
}

static int tear_down(void **state)
{
	struct play *play = *state;

	close_play(play);
	unlink(play->path);
	free(play->path);
	for (unsigned n = 0; n < N_TICKS; n++)
		free(play->texts[n]);
	free(play);
	return 0;
}

static void assert_shows(struct play *play, size_t tick)
{
	char *text = as_json(play->ticks.now);

	assert_int_equal(replay_position(play->playback.replay), tick + 1);
	assert_string_equal(text, play->texts[tick]);
	free(text);
}

/* With or without the next tick read ahead, as while it is waited for. */
static void move(struct play *play, long steps, int64_t jump_ns, bool ahead)
{
	if (ahead)
		playback_next(&play->playback, &play->ticks);
	play->pace.steps = steps;
	play->pace.jump_ns = jump_ns;
	assert_true(playback_move(&play->playback, &play->pace, &play->ticks) >= 0);
	assert_int_equal(play->pace.steps, 0);
	assert_int_equal(play->pace.jump_ns, 0);
	keep(play);
}

/* From tick 5 on, which is stale since tick 3: its rates are those between ticks 1 and 2. */
static void steps_back_and_on_show_what_reading_through_shows(void **state)
{
	static const struct {
		long steps;
		size_t tick;
	} cases[] = { { -1, 4 }, { -1, 3 }, { 2, 5 }, { -4, 1 }, { 1, 2 }, { 1, 3 }, { -2, 1 },
		{ -1, 0 }, { -1, 0 }, { 1, 1 }, { 9, 5 }, { 1, 5 }, { -9, 0 }, { 5, 5 } };
	struct play *play = *state;

	for (int ahead = 0; ahead <= 1; ahead++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			move(play, cases[i].steps, 0, ahead);
			assert_shows(play, cases[i].tick);
		}
	}
}

/* Ticks are a second and some nanoseconds apart: more and more of these. */
static void jumps_go_at_least_as_far_as_is_asked(void **state)
{
	static const struct {
		int64_t seconds;
		size_t tick;
	} cases[] = { { -60, 0 }, { 1, 1 }, { 2, 3 }, { -1, 2 }, { -1, 1 }, { 3, 4 }, { 60, 5 },
		{ 60, 5 }, { -2, 3 }, { -60, 0 }, { 5, 5 } };
	struct play *play = *state;

	for (int ahead = 0; ahead <= 1; ahead++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			move(play, 0, cases[i].seconds * (int64_t)SECOND, ahead);
			assert_shows(play, cases[i].tick);
		}
	}
}

static void a_jump_back_shorter_than_a_tick_goes_back_by_one(void **state)
{
	struct play *play = *state;

	move(play, 0, -1, true);
	assert_shows(play, 4);
}

static void a_jump_is_done_before_steps(void **state)
{
	struct play *play = *state;

	play->pace = (struct pace){ .steps = 1, .jump_ns = -2 * (int64_t)SECOND };
	assert_int_equal(playback_move(&play->playback, &play->pace, &play->ticks), 1);
	assert_shows(play, 3);
	assert_int_equal(play->pace.steps, 1);
	keep(play);
}

static void a_step_beyond_the_end_moves_nothing(void **state)
{
	struct play *play = *state;

	play->pace.steps = 1;
	assert_int_equal(playback_move(&play->playback, &play->pace, &play->ticks), 0);
	play->pace.jump_ns = 60 * SECOND;
	assert_int_equal(playback_move(&play->playback, &play->pace, &play->ticks), 0);
	assert_shows(play, 5);
}

static void a_time_is_found_from_the_beginning_on(void **state)
{
	static const struct {
		uint64_t real_ns;
		size_t tick;
		int found;
	} cases[] = {
		{ 0, 0, 1 },
		{ FIXTURE_REAL_NS, 0, 1 },
		{ FIXTURE_REAL_NS + 1, 1, 1 },
		{ FIXTURE_REAL_NS + 4 * SECOND, 4, 1 },
		{ FIXTURE_REAL_NS + 5 * SECOND, 5, 1 },
		{ FIXTURE_REAL_NS + 5 * SECOND + 1, 5, 0 },
		{ UINT64_MAX, 5, 0 },
	};
	struct play *play = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		close_play(play);
		open_play(play, play->path);
		assert_int_equal(playback_next(&play->playback, &play->ticks), 1);
		assert_int_equal(playback_find(&play->playback, cases[i].real_ns, &play->ticks),
			cases[i].found);
		assert_shows(play, cases[i].tick);
		keep(play);
	}
}

static void feed(const char *from, const char *to)
{
	char command[128];

	snprintf(command, sizeof(command), "cat %s >%s &", from, to);
	assert_int_equal(system(command), 0);
}

static void a_pipe_only_goes_on(void **state)
{
	struct play *play = *state;
	char path[64];

	snprintf(path, sizeof(path), "%s.pipe", play->path);
	assert_int_equal(mkfifo(path, 0600), 0);
	close_play(play);
	feed(play->path, path);
	open_play(play, path);
	assert_false(replay_can_seek(play->playback.replay));
	assert_int_equal(playback_next(&play->playback, &play->ticks), 1);
	assert_int_equal(playback_find(&play->playback, FIXTURE_REAL_NS + SECOND, &play->ticks), 1);
	keep(play);
	move(play, 1, 0, false);
	assert_shows(play, 2);
	assert_int_equal(replay_seek(play->playback.replay, 1), -ESPIPE);
	move(play, -1, 0, false);
	assert_shows(play, 2);
	move(play, 0, 2 * (int64_t)SECOND, true);
	assert_shows(play, 4);
	assert_int_equal(replay_find(play->playback.replay, 0), 0); /* nothing is remembered */
	assert_int_equal(replay_find(play->playback.replay, UINT64_MAX), 0);
	unlink(path);
}

static void what_is_passed_over_need_not_be_as_vmbpf_writes_it(void **state)
{
	static const char text[] =
		"{\"schema\":1,\"time\":\"2026-01-31T12:00:00.000000000Z\",\"type\":\"host\"}\n"
		"{\"schema\": 1,\"time\":\"2026-01-31T12:00:00.000000000Z\",\"type\":\"vm\"}\n"
		"{\"type\":\"vm\",\"schema\":1,\"time\":\"2026-01-31T12:00:00.000000000Z\",\n"
		"{\"type\":\"vm\",\"schema\":1,\"time\":\"2026-01-31T12:00:01.000000000Z\"}\n"
		"{\"type\":\"vm\",\"schema\":1,\"time\":\"2026-01-31T12:00:01.000000000Z\",\"a";
	char *path = make_file(text, strlen(text));
	struct tick_time time;
	struct replay *replay;

	(void)state;
	assert_int_equal(replay_open(path, &replay), 0);
	assert_int_equal(replay_skip(replay, &time), 1);
	assert_true(time.real_ns == FIXTURE_REAL_NS);
	assert_int_equal(replay_skip(replay, &time), 0); /* it is cut off */
	assert_true(replay_was_cut(replay));
	assert_int_equal(replay_position(replay), 1);
	assert_int_equal(replay_skip(replay, &time), 0);
	assert_int_equal(replay_seek(replay, 0), 0);
	assert_int_equal(replay_skip(replay, &time), 1);
	replay_close(replay);
	unlink(path);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_back_and_on_show_what_reading_through_shows),
		TEST(jumps_go_at_least_as_far_as_is_asked),
		TEST(a_jump_back_shorter_than_a_tick_goes_back_by_one),
		TEST(a_jump_is_done_before_steps),
		TEST(a_step_beyond_the_end_moves_nothing),
		TEST(a_time_is_found_from_the_beginning_on),
		TEST(a_pipe_only_goes_on),
		cmocka_unit_test(what_is_passed_over_need_not_be_as_vmbpf_writes_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
