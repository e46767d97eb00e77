/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the schedule of the ticks, and how they end. */
#include "cmd/loop.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/playback.h"
#include "cmd/rights.h"
#include "cmd/sampler.h"
#include "cmd/when.h"

static volatile sig_atomic_t stop, hung_up;

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

#define N_STOP_SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

static void request_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void note_hangup(int signal_number)
{
	(void)signal_number;
	hung_up = 1;
}

/*
 * Each ends a wait or a write in progress. SIGHUP stays ignored where it was, under nohup; SIGINT
 * does not: shells ignore it for what scripts start in the background, and these end it by SIGINT.
 */
static void catch_stop_signals(bool hangup_stops)
{
	struct sigaction action = { .sa_handler = request_stop }, old;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!hangup_stops)
		action.sa_handler = note_hangup;
	else if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(SIGHUP, &action, NULL);
}

/* Where --at is, and where the recording. CLOCK_REALTIME. */
struct extent {
	uint64_t at_ns, first_ns, last_ns;
};

struct loop {
	const struct config *config;
	struct pace pace;
	const struct consumer *consumer;
	struct sampler *sampler; /* NULL while a recording is read */
	struct playback playback; /* of the recording, if one is read */
	struct extent extent;
	struct ticks shown;
	uint64_t begun_ns, due_ns; /* CLOCK_MONOTONIC */
	double tick_s; /* what the last tick took */
	double slowest_s;
	uint64_t n_slow; /* ticks that took over half of their interval */
	uint64_t n_taken, n_shown;
	int input_status; /* what the consumer said of its input */
};

/* The consumer's turn, when there is something to read or a signal that does not stop. */
static void take_input(struct loop *loop)
{
	int err = loop->consumer->input(loop->consumer->context, &loop->pace);

	if (!err)
		return;
	stop = 1;
	if (err != -ECANCELED)
		loop->input_status = output_failed(loop->consumer->where, -err);
}

static void pass_hangup_on(const struct loop *loop)
{
	if (!hung_up)
		return;
	hung_up = 0;
	loop->consumer->hangup(loop->consumer->context);
}

/*
 * Waits for so long, for a signal that asks to stop, whenever it comes, or for something to read.
 * The signals are let in only here.
 */
static void wait_once(struct loop *loop, const struct timespec *left, const sigset_t *let_in)
{
	bool listens = loop->consumer->input;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = ppoll(&input, listens, left, let_in);

	pass_hangup_on(loop);
	if (n > 0 && input.revents & ~POLLIN)
		stop = 1; /* the terminal is gone, and SIGHUP may be ignored */
	else if (!stop && listens && n != 0)
		take_input(loop);
}

/* Whether a tick is asked for that is not just the next one when it is time. */
static bool is_moved(const struct loop *loop)
{
	return loop->pace.steps || loop->pace.jump_ns;
}

static bool is_due(const struct loop *loop, uint64_t due_ns)
{
	return is_moved(loop) || (!loop->pace.held && clock_ns(CLOCK_MONOTONIC) >= due_ns);
}

#define NEVER UINT64_MAX

/*
 * Until that CLOCK_MONOTONIC time, until another tick is asked for, or the end. A change of the
 * interval holds from the next tick on.
 */
static void wait_until(struct loop *loop, uint64_t due_ns)
{
	sigset_t blocked, before;

	sigemptyset(&blocked);
	for (size_t i = 0; i < N_STOP_SIGNALS; i++)
		sigaddset(&blocked, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	while (!stop && !is_due(loop, due_ns)) {
		uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
		uint64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;
		struct timespec left = { .tv_sec = (time_t)(left_ns / NSEC_PER_SEC),
			.tv_nsec = (long)(left_ns % NSEC_PER_SEC) };

		wait_once(loop, loop->pace.held || due_ns == NEVER ? NULL : &left, &before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int open_recording(struct loop *loop)
{
	const char *path = loop->config->replay;
	int err = replay_open(path, &loop->playback.replay);

	if (!err) {
		replay_stop_by(loop->playback.replay, &stop);
		loop->pace.recorded = true;
		loop->pace.goes_back = replay_can_seek(loop->playback.replay);
		return rights_drop(loop->config);
	}
	log_error("cannot open the recording %s: %s (make one with vmbpf record -o FILE)", path,
		strerror(-err));
	return err == -EACCES ? EX_NOPERM : EX_NOINPUT;
}

static int open_source(struct loop *loop)
{
	if (loop->config->replay)
		return open_recording(loop);
	return sampler_open(loop->config, false, &loop->sampler);
}

/* The first snapshot of the recording that is wanted: 1, 0 at its end, or -errno. */
static int replay_first(struct loop *loop, struct ticks *ticks)
{
	const struct when *at = &loop->config->at;
	struct extent *extent = &loop->extent;
	int got = playback_next(&loop->playback, ticks);

	if (got <= 0 || at->kind == WHEN_NOT_GIVEN)
		return got;
	extent->first_ns = ticks->now->real_ns;
	extent->at_ns = when_in_recording(at, extent->first_ns);
	got = playback_find(&loop->playback, extent->at_ns, ticks);
	extent->last_ns = ticks->now->real_ns;
	return got ? got : -ENODATA;
}

/*
 * The next snapshot of the recording, or another one if that is asked for: 1, 0 at the end, or
 * -errno. Where there are keys it is left by them alone.
 */
static int replay_next(struct loop *loop, struct ticks *ticks)
{
	const struct consumer *consumer = loop->consumer;
	int got;

	if (loop->n_taken == 0)
		return replay_first(loop, ticks);
	do {
		got = playback_next(&loop->playback, ticks);
		if (got < 0 || !consumer->paced || !loop->n_shown || (got == 0 && !consumer->input))
			return got;
		wait_until(loop, got ? clock_ns(CLOCK_MONOTONIC) + ticks->now->interval_ns : NEVER);
		if (!stop && is_moved(loop))
			got = playback_move(&loop->playback, &loop->pace, ticks);
	} while (!stop && got == 0);
	return got;
}

/* Ticks are due at fixed times from the first one on. Those that were missed are left out. */
static void wait_for_tick(struct loop *loop)
{
	uint64_t interval_ns = loop->pace.interval_ns;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (loop->n_taken == 0) {
		loop->due_ns = now_ns;
		return;
	}
	loop->due_ns += interval_ns;
	if (loop->due_ns < now_ns)
		loop->due_ns +=
			(now_ns - loop->due_ns + interval_ns - 1) / interval_ns * interval_ns;
	wait_until(loop, loop->due_ns);
	loop->pace.steps = 0;
}

static int sample_next(struct loop *loop, struct ticks *ticks)
{
	struct snapshot *snap;

	wait_for_tick(loop);
	if (stop)
		return 0;
	loop->begun_ns = clock_ns(CLOCK_MONOTONIC);
	snap = sampler_take(loop->sampler, ticks->now, loop->tick_s);
	*ticks = (struct ticks){ ticks->now, snap };
	return snap ? 1 : -ENOMEM;
}

static void note_duration(struct loop *loop)
{
	if (!loop->sampler)
		return;
	loop->tick_s = (double)(clock_ns(CLOCK_MONOTONIC) - loop->begun_ns) * 1e-9;
	loop->n_slow += loop->tick_s > (double)loop->pace.interval_ns * 0.5e-9;
	if (loop->tick_s > loop->slowest_s)
		loop->slowest_s = loop->tick_s;
}

/* Hands a snapshot on; 0 or the exit status. */
static int show(struct loop *loop, const struct snapshot *snap)
{
	int err = loop->consumer->tick(loop->consumer->context, snap);

	loop->n_shown++;
	if (err == -ECANCELED)
		stop = 1;
	if (!err || err == -ECANCELED || (stop && err == -EINTR))
		return 0;
	return output_failed(loop->consumer->where, -err);
}

/* What goes after the last tick, when all went well. */
static int finish(struct loop *loop)
{
	const struct consumer *consumer = loop->consumer;
	int err = consumer->end ? consumer->end(consumer->context) : 0;

	return err ? output_failed(consumer->where, -err) : 0;
}

static bool is_wanted(const struct loop *loop, const struct ticks *ticks)
{
	const struct consumer *consumer = loop->consumer;

	return !consumer->last_only && !(consumer->warm_up && !ticks->before);
}

static bool has_enough(const struct loop *loop)
{
	uint64_t n = loop->consumer->last_only ? loop->n_taken : loop->n_shown;

	return loop->config->count && n >= loop->config->count;
}

/* What --at asks for is not in the recording. */
static int say_where_it_is(const struct loop *loop)
{
	const struct extent *extent = &loop->extent;
	char at[WHEN_TEXT_SIZE], first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE];

	when_print(extent->at_ns, at);
	when_print(extent->first_ns, first);
	when_print(extent->last_ns, last);
	log_error("%s has nothing at %s or later: it is from %s to %s (give --at a time in "
		  "between)",
		loop->config->replay, at, first, last);
	return EX_USAGE;
}

static int say_what_failed(struct loop *loop, int err)
{
	if (loop->consumer->input)
		finish(loop); /* a screen, which would take the message with it */
	if (err == -ENODATA)
		return say_where_it_is(loop);
	if (loop->playback.replay && err != -ENOMEM) {
		log_error("%s", replay_error(loop->playback.replay));
		return err == -EIO ? EX_IOERR : EX_DATAERR;
	}
	log_error("cannot take a snapshot: %s", strerror(-err));
	return EX_OSERR;
}

/* Every snapshot refers to the one before it, which therefore lives as long. */
static void keep(struct loop *loop, const struct ticks *ticks)
{
	struct ticks before = loop->shown;

	loop->shown = *ticks;
	ticks_drop(&before, &loop->shown);
	if (loop->playback.replay)
		loop->playback.position = replay_position(loop->playback.replay) - 1;
}

static int take_next(struct loop *loop, struct ticks *ticks)
{
	return loop->playback.replay ? replay_next(loop, ticks) : sample_next(loop, ticks);
}

/* Ticks until the end. What is shown stays until the next one is. */
static int run_ticks(struct loop *loop)
{
	struct ticks ticks = { 0 };
	int got = 1, status = 0;

	while (!stop && !status && !has_enough(loop)) {
		got = take_next(loop, &ticks);
		pass_hangup_on(loop); /* a recording is not waited for as a tick is */
		if (got <= 0)
			break;
		loop->n_taken++;
		if (!stop && is_wanted(loop, &ticks))
			status = show(loop, ticks.now);
		note_duration(loop);
		keep(loop, &ticks);
	}
	if (got < 0 && !(stop && got == -EINTR))
		status = say_what_failed(loop, got);
	else if (!status && !stop && ticks.now && loop->n_shown == 0)
		status = show(loop, ticks.now);
	ticks_drop(&ticks, &loop->shown);
	ticks_drop(&loop->shown, &ticks);
	return status ? status : finish(loop);
}

static void say_how_it_went(const struct loop *loop)
{
	if (loop->playback.replay && replay_was_cut(loop->playback.replay))
		log_warning("%s ends in the middle of a line; its last tick was left out",
			loop->config->replay);
	if (loop->n_slow)
		log_detail("%llu of %llu ticks took over half of their interval, the longest "
			   "%.3f s (use a longer --interval)",
			(unsigned long long)loop->n_slow, (unsigned long long)loop->n_taken,
			loop->slowest_s);
}

bool loop_is_ending(void)
{
	return stop;
}

int loop_run(const struct config *config, const struct consumer *consumer)
{
	struct loop loop = {
		.config = config,
		.pace = { .interval_ns = config->interval_ns },
		.consumer = consumer,
		.tick_s = NAN,
		.playback.stop = &stop,
	};
	int status;

	loop.playback.shown = &loop.shown;
	catch_stop_signals(!consumer->hangup);
	status = open_source(&loop);
	if (!status) {
		status = run_ticks(&loop);
		say_how_it_went(&loop);
	}
	sampler_close(loop.sampler);
	replay_close(loop.playback.replay);
	return status ? status : loop.input_status;
}
