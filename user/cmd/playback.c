/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which tick of a recording follows, and that it refers to the one before it. */
#include "cmd/playback.h"

#include <errno.h>
#include <math.h>

/*
 * How many ticks before one are read at most, so that what libvirt said last is known together with
 * what it had said before. It is asked once a tick; where it was silent for longer, the rates of
 * what it tells are absent until it answers again.
 */
#define LOOK_BACK 4

void ticks_drop(struct ticks *ticks, const struct ticks *kept)
{
	if (ticks->before != kept->before && ticks->before != kept->now)
		snapshot_free(ticks->before);
	if (ticks->now != kept->before && ticks->now != kept->now)
		snapshot_free(ticks->now);
	*ticks = (struct ticks){ 0 };
}

int playback_next(struct playback *playback, struct ticks *ticks)
{
	struct snapshot *snap = snapshot_new();
	struct ticks oldest = { .before = ticks->before };
	int got;

	if (!snap)
		return -ENOMEM;
	snap->host.tick_s = NAN;
	got = replay_read(playback->replay, snap);
	if (got <= 0) {
		snapshot_free(snap);
		return got;
	}
	snapshot_finish(snap, ticks->now);
	*ticks = (struct ticks){ ticks->now, snap };
	ticks_drop(&oldest, playback->shown);
	return 1;
}

/* Reads the ticks from one to another one anew. Returns 1, 0 where the file became shorter, or
 * -errno.
 */
static int read_ticks(struct playback *playback, size_t from, size_t to, struct ticks *ret)
{
	int r = replay_seek(playback->replay, from);

	if (r < 0)
		return r;
	do
		r = playback_next(playback, ret);
	while (r == 1 && from++ < to);
	return r;
}

/* The tick from which on two polls are known of all VMs, if it is not too far away. */
static size_t find_earlier_poll(
	const struct playback *playback, const struct ticks *ticks, size_t tick)
{
	size_t first = tick;

	for (const struct vm *vm = ticks->now->vms; vm; vm = vm->next) {
		const struct entity *before = vm->e.before;
		size_t after;

		if (!vm->e.polled_ns || vm->e.polled_before || !before || !before->polled_ns)
			continue;
		after = replay_find(playback->replay, vm->e.polled_ns);
		if (after && after - 1 < first && after - 1 + LOOK_BACK >= tick)
			first = after - 1;
	}
	return first;
}

/* A tick that was read or skipped before, with what it refers to. */
static int load(struct playback *playback, size_t tick, struct ticks *ticks)
{
	size_t from = tick ? tick - 1 : 0, earlier;
	struct ticks loaded = { 0 };
	int r = read_ticks(playback, from, tick, &loaded);

	if (r == 1 && loaded.now) {
		earlier = find_earlier_poll(playback, &loaded, tick);
		if (earlier < from) {
			ticks_drop(&loaded, playback->shown);
			r = read_ticks(playback, earlier, tick, &loaded);
		}
	}
	if (r != 1) {
		ticks_drop(&loaded, playback->shown);
		return r;
	}
	ticks_drop(ticks, playback->shown);
	*ticks = loaded;
	return 1;
}

static struct tick_time time_of(const struct snapshot *snap)
{
	return (struct tick_time){ snap->mono_ns, snap->real_ns };
}

/* The next tick, of which no more than its time is known where it can be read again. */
static int pass(struct playback *playback, struct ticks *ticks, struct tick_time *time)
{
	int r;

	if (replay_can_seek(playback->replay))
		return replay_skip(playback->replay, time);
	r = playback_next(playback, ticks);
	*time = time_of(ticks->now);
	return r;
}

/*
 * From the last tick that was read on to the first one that was taken so late by both clocks.
 * Returns 0 where there is none, which makes it the last one.
 */
static int go_on_until(
	struct playback *playback, const struct tick_time *until, struct ticks *ticks)
{
	size_t begun = replay_position(playback->replay), position;
	struct tick_time time = time_of(ticks->now);
	int r = 1, loaded = 1;

	while (r == 1 && !*playback->stop &&
		(time.mono_ns < until->mono_ns || time.real_ns < until->real_ns))
		r = pass(playback, ticks, &time);
	position = replay_position(playback->replay);
	if (r >= 0 && position > begun && replay_can_seek(playback->replay))
		loaded = load(playback, position - 1, ticks);
	return loaded == 1 ? r : loaded;
}

static int step_on(struct playback *playback, long steps, struct ticks *ticks)
{
	size_t to = playback->position + (size_t)steps;
	int r = 1;

	while (r == 1 && !*playback->stop && replay_position(playback->replay) <= to)
		r = playback_next(playback, ticks);
	return r;
}

static int step_back(struct playback *playback, long steps, struct ticks *ticks)
{
	size_t position = playback->position, back = (size_t)-steps;

	return load(playback, position > back ? position - back : 0, ticks);
}

/* To the last tick that was taken by then. */
static int jump_back(struct playback *playback, uint64_t mono_ns, struct ticks *ticks)
{
	size_t after = replay_find(playback->replay, mono_ns + 1);

	return load(playback, after ? after - 1 : 0, ticks);
}

int playback_move(struct playback *playback, struct pace *pace, struct ticks *ticks)
{
	struct tick_time to = { .mono_ns =
					playback->shown->now->mono_ns + (uint64_t)pace->jump_ns };
	long steps = pace->jump_ns ? 0 : pace->steps;
	int64_t jump_ns = pace->jump_ns;
	int r = 1;

	if (jump_ns)
		pace->jump_ns = 0;
	else
		pace->steps = 0;
	if (jump_ns > 0)
		r = go_on_until(playback, &to, ticks);
	else if (steps > 0)
		r = step_on(playback, steps, ticks);
	else if (replay_can_seek(playback->replay))
		r = jump_ns ? jump_back(playback, to.mono_ns, ticks)
			    : step_back(playback, steps, ticks);
	return r < 0 ? r : ticks->now != playback->shown->now;
}

int playback_find(struct playback *playback, uint64_t real_ns, struct ticks *ticks)
{
	const struct tick_time from = { .real_ns = real_ns };

	return go_on_until(playback, &from, ticks);
}
