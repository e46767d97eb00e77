/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What alert rules cost, held against a long recording: its reading, the summing up of each tick,
 * and the rules themselves.
 *
 *	rules FILE	the rules; the recording is that of make_recording
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "alert/engine.h"
#include "alert/rules_file.h"
#include "base/clock.h"
#include "collect/replay.h"
#include "lib/row.h"
#include "lib/usage.h"

/* What rules must be held against within LIMIT_SECONDS of CPU time. */
#define VMS "200"
#define TICKS 10000
#define LIMIT_SECONDS 10

/* The recording in so many pieces, each of which is a measurement. */
#define PIECES 10

enum { READ, FINISH, RULES, N_STEPS };

struct bench {
	struct rules rules;
	pid_t writer;
	struct replay *replay;
	struct engine *engine;
	struct snapshot *before;
	uint64_t n_records;
	double seconds[N_STEPS + 1][PIECES]; /* the last one: all of them, as in the rows */
	struct row rows[N_STEPS + 1];
};

static void count_record(void *context, const struct alert_record *record)
{
	(void)record;
	++*(uint64_t *)context;
}

/* It is written while it is read, by another process, which is not measured. */
static void open_recording(struct bench *bench)
{
	char program[1100], ticks[16], path[32];
	int pipes[2];

	snprintf(ticks, sizeof(ticks), "%d", TICKS);
	build_path("tests/make_recording", program, sizeof(program));
	if (pipe(pipes) < 0)
		err(EX_OSERR, "pipe");
	bench->writer = fork();
	if (bench->writer == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		execl(program, program, VMS, ticks, NULL);
		_exit(127);
	}
	close(pipes[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	if (bench->writer < 0 || replay_open(path, &bench->replay) < 0)
		err(EX_OSERR, "%s", program);
	close(pipes[0]);
}

static void close_recording(struct bench *bench)
{
	replay_close(bench->replay);
	waitpid(bench->writer, NULL, 0);
}

static double clock_seconds(void)
{
	return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) * 1e-9;
}

static void run_tick(struct bench *bench, int piece)
{
	double begun = clock_seconds(), read, finished, ended;
	struct snapshot *snap = snapshot_new();

	if (!snap || replay_read(bench->replay, snap) != 1)
		errx(EX_SOFTWARE, "the recording ends: %s", replay_error(bench->replay));
	read = clock_seconds();
	snapshot_finish(snap, bench->before);
	snapshot_free(bench->before);
	bench->before = snap;
	finished = clock_seconds();
	engine_tick(bench->engine, snap);
	ended = clock_seconds();
	bench->seconds[READ][piece] += read - begun;
	bench->seconds[FINISH][piece] += finished - read;
	bench->seconds[RULES][piece] += ended - finished;
	bench->seconds[N_STEPS][piece] += ended - begun;
}

static void run(struct bench *bench)
{
	const struct engine_setup setup = {
		.rules = &bench->rules,
		.emit = count_record,
		.context = &bench->n_records,
	};

	memset(bench->seconds, 0, sizeof(bench->seconds));
	bench->engine = engine_new(&setup);
	if (!bench->engine)
		err(EX_OSERR, "engine");
	open_recording(bench);
	for (int tick = 0; tick < TICKS; tick++)
		run_tick(bench, tick / (TICKS / PIECES));
	close_recording(bench);
	snapshot_free(bench->before);
	bench->before = NULL;
	engine_free(bench->engine);
	if (bench->n_records == 0)
		errx(EX_SOFTWARE, "no rule ever fired");
}

/* In seconds for the whole recording, from each piece of it. */
static struct row make_row(const struct bench *bench, int step)
{
	static const char *const names[N_STEPS + 1] = {
		[READ] = "read",
		[FINISH] = "summed up",
		[RULES] = "held against rules",
		[N_STEPS] = "all of that",
	};
	struct row row = {
		.value = spread_scale(stats_spread(bench->seconds[step], PIECES), PIECES),
		.unit = "s",
		.decimals = 2,
		.ratio = stats_ratios(bench->seconds[step], bench->seconds[N_STEPS], PIECES),
	};

	snprintf(row.what, sizeof(row.what), "%d ticks of " VMS " VMs: %s", TICKS, names[step]);
	return row;
}

static enum verdict measure(void *state)
{
	struct bench *bench = state;
	struct row *all = &bench->rows[N_STEPS];

	fprintf(stderr, "bench: rules, held against %d ticks of " VMS " VMs\n", TICKS);
	run(bench);
	for (int step = 0; step <= N_STEPS; step++)
		bench->rows[step] = make_row(bench, step);
	all->gate = VALUE_AT_MOST;
	all->limit = LIMIT_SECONDS;
	row_judge(all, false);
	return all->verdict;
}

int main(int argc, char **argv)
{
	char error[RULES_ERROR_MAX] = "";
	struct bench bench = { 0 };
	int status;

	if (argc != 2)
		errx(EX_USAGE, "usage: rules FILE");
	if (rules_read(argv[1], &bench.rules, error) != 0)
		errx(EX_NOINPUT, "%s: %s", argv[1], error);
	status = measure_repeatedly(measure, &bench);
	rows_print_head("CPU time of a recording", "to all of it");
	for (int step = 0; step <= N_STEPS; step++)
		row_print(&bench.rows[step]);
	rules_done(&bench.rules);
	return status;
}
