/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tick costs with so many VMs of so many vCPUs, beside reading the same from /proc.
 *
 *	tick VCPUS VMS...	a table, with stubs of that many vCPUs, for each number of VMs
 *	tick halted VCPUS VMS...	the same, but their vCPUs are KVM's: in the guest, which has
 *halted tick present		with the VMs that run here anyway: nanoseconds of a walk, of a tick
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "bpf/loader.h"
#include "collect/kernel/kernel.h"
#include "collect/registry.h"
#include "lib/fleet.h"
#include "lib/row.h"
#include "lib/usage.h"

#define ROUNDS 7
#define ROUND_NS (40 * NSEC_PER_MSEC)
#define WARM_UP_TICKS 5
/* What the limits on ratios were set for: below, fixed costs count. */
#define MANY_THREADS 1800
#define MANY_VMS 500
#define USER_LIMIT_MS 20
#define INTERVAL "0.2"
#define INTERVAL_SECONDS 0.2
#define TICKS 15

enum { WALK, TICK, PROC, CACHED, N_METHODS };

/* The rows of the table for one size. */
enum { ROW_WALK, ROW_WALK_VCPU, ROW_TICK, ROW_TICK_USER, ROW_PROC, ROW_CACHED, N_ROWS };

struct bench {
	struct fleet fleet;
	struct kernel_side *side;
	struct snapshot *before;
	double total_ms[N_METHODS][ROUNDS], user_ms[N_METHODS][ROUNDS];
	bool halted; /* the vCPUs are in KVM */
	char size[48]; /* "10 VMs, 120 threads" */
	struct row rows[N_ROWS];
};

static void run_walk(struct bench *bench)
{
	int err = loader_walk(&bench->side->loader);

	if (err)
		errx(EX_SOFTWARE, "walk: %s", strerror(-err));
}

static void run_tick(struct bench *bench)
{
	struct snapshot *snap = snapshot_new();

	if (!snap)
		err(EX_OSERR, "snapshot");
	kernel_collector.collect(bench->side, snap);
	snap->mono_ns = clock_ns(CLOCK_MONOTONIC);
	snap->boot_ns = clock_ns(CLOCK_BOOTTIME);
	snap->real_ns = clock_ns(CLOCK_REALTIME);
	snapshot_finish(snap, bench->before);
	snapshot_free(bench->before);
	bench->before = snap;
}

static void run_proc(struct bench *bench)
{
	fleet_read_proc(&bench->fleet);
}

static void run_cached(struct bench *bench)
{
	fleet_read_cached(&bench->fleet);
}

static void (*const methods[N_METHODS])(struct bench *bench) = {
	[WALK] = run_walk,
	[TICK] = run_tick,
	[PROC] = run_proc,
	[CACHED] = run_cached,
};

static void run_round(struct bench *bench, unsigned method, unsigned round)
{
	struct usage before = usage_self(), used;
	unsigned times = 0;

	do {
		methods[method](bench);
		times++;
		used = usage_since(before);
	} while (used.total_ns < ROUND_NS);
	bench->total_ms[method][round] = (double)used.total_ns / times * 1e-6;
	bench->user_ms[method][round] = (double)used.user_ns / times * 1e-6;
}

static void run_rounds(struct bench *bench)
{
	unsigned order[N_METHODS] = { WALK, TICK, PROC, CACHED };

	fprintf(stderr, "bench: tick with %s\n", bench->size);
	for (unsigned round = 0; round < ROUNDS; round++) {
		stats_shuffle(order, N_METHODS);
		for (unsigned i = 0; i < N_METHODS; i++)
			run_round(bench, order[i], round);
	}
}

static struct row make_row(const struct bench *bench, const char *what, const double *ms)
{
	struct row row = { .value = stats_spread(ms, ROUNDS), .unit = "ms", .decimals = 3 };

	snprintf(row.what, sizeof(row.what), "%s: %s", bench->size, what);
	return row;
}

/* The limit holds where there are enough threads for it to mean something. */
static struct row make_rival(
	const struct bench *bench, const char *what, const double *ms, double at_least)
{
	struct row row = make_row(bench, what, ms);

	row.ratio = stats_ratios(ms, bench->total_ms[WALK], ROUNDS);
	row.limit = at_least;
	if (bench->fleet.n_threads >= MANY_THREADS)
		row.gate = RATIO_AT_LEAST;
	row_judge(&row, false);
	return row;
}

/* All of the walk, divided: the other threads and the search for VMs are in it. */
static struct row make_row_of_vcpu(const struct bench *bench)
{
	struct row row = make_row(bench, "walk, for each vCPU", bench->total_ms[WALK]);

	row.unit = "us";
	row.value = spread_scale(row.value, 1000.0 / bench->fleet.n_vcpus);
	return row;
}

static void judge_user(const struct bench *bench, struct row *row)
{
	if (bench->fleet.n_vms < MANY_VMS)
		return;
	row->gate = VALUE_AT_MOST;
	row->limit = USER_LIMIT_MS;
	row_judge(row, false);
}

static enum verdict measure(void *state)
{
	struct bench *bench = state;
	struct row *rows = bench->rows;

	run_rounds(bench);
	rows[ROW_WALK] = make_row(bench, "walk", bench->total_ms[WALK]);
	if (bench->fleet.n_vcpus)
		rows[ROW_WALK_VCPU] = make_row_of_vcpu(bench);
	rows[ROW_TICK] = make_row(bench, "walk, collect, sum up", bench->total_ms[TICK]);
	rows[ROW_TICK_USER] = make_row(bench, "of that in user mode", bench->user_ms[TICK]);
	judge_user(bench, &rows[ROW_TICK_USER]);
	rows[ROW_PROC] =
		make_rival(bench, "/proc: stat, schedstat, status", bench->total_ms[PROC], 50);
	rows[ROW_CACHED] =
		make_rival(bench, "/proc: schedstat alone, kept open", bench->total_ms[CACHED], 4);
	return rows_worst(rows, N_ROWS);
}

/* The kernel-side collector, after enough ticks that nothing is new to it. */
static void open_side(struct bench *bench)
{
	struct config config = { 0 };
	const char *why = "";
	void *state;
	int err = kernel_collector.open(&config, &state, &why);

	if (err)
		errx(EX_UNAVAILABLE, "%s: %s", why, strerror(-err));
	bench->side = state;
	for (int i = 0; i < WARM_UP_TICKS; i++)
		run_tick(bench);
	err = fleet_list(&bench->fleet, bench->before);
	if (err)
		errx(EX_UNAVAILABLE, "VMs: %s", strerror(-err));
	snprintf(bench->size, sizeof(bench->size), "%u VM%s, %u %s", bench->fleet.n_vms,
		bench->fleet.n_vms == 1 ? "" : "s",
		bench->halted ? bench->fleet.n_vcpus : bench->fleet.n_threads,
		bench->halted ? "halted vCPUs" : "threads");
}

static void close_side(struct bench *bench)
{
	snapshot_free(bench->before);
	bench->before = NULL;
	kernel_collector.close(bench->side);
}

static struct row make_row_of_one(const struct bench *bench, const char *what, double ms)
{
	struct row row = make_row(bench, what, (double[ROUNDS]){ 0 });

	row.value = spread_of_one(ms);
	return row;
}

/* As a user starts it: all sources, and an output that is read. */
static int bench_program(const struct bench *bench, const char *command, const char *option)
{
	char path[1100], what[64];
	const char *argv[] = { build_path("vmbpf", path, sizeof(path)), command, "-d", INTERVAL,
		option, NULL };
	struct usage usage;
	struct row row;
	int err;

	fprintf(stderr, "bench: vmbpf %s with %s\n", command, bench->size);
	err = usage_of_program(argv, TICKS * INTERVAL_SECONDS, &usage);
	if (err) {
		warnx("vmbpf %s: %s", command, strerror(-err));
		return 1;
	}
	snprintf(what, sizeof(what), "all of vmbpf %s", command);
	row = make_row_of_one(bench, what, (double)usage.total_ns * 1e-6 / TICKS);
	row_print(&row);
	if (bench->fleet.n_vms < MANY_VMS)
		return 0;
	row = make_row_of_one(bench, "of that in user mode", (double)usage.user_ns * 1e-6 / TICKS);
	judge_user(bench, &row);
	row_print(&row);
	return row.verdict == FAILED;
}

static int bench_size(unsigned vms, unsigned vcpus, bool halted)
{
	struct bench bench = { .halted = halted };
	int err = fleet_start(&bench.fleet, vms, vcpus, halted), status;

	if (err)
		errx(EX_UNAVAILABLE, "stub VMs: %s", strerror(-err));
	open_side(&bench);
	if (bench.fleet.n_vms < vms)
		errx(EX_SOFTWARE, "only %u VMs of %u were found", bench.fleet.n_vms, vms);
	if (halted && bench.fleet.n_vcpus < vms * vcpus)
		errx(EX_SOFTWARE, "only %u vCPUs were found in KVM", bench.fleet.n_vcpus);
	status = measure_repeatedly(measure, &bench);
	close_side(&bench);
	for (unsigned i = 0; i < N_ROWS; i++) {
		if (bench.rows[i].what[0] && (i != ROW_TICK_USER || bench.fleet.n_vms >= MANY_VMS))
			row_print(&bench.rows[i]);
	}
	status |= bench_program(&bench, "stream", NULL);
	if (bench.fleet.n_vms >= MANY_VMS)
		status |= bench_program(&bench, "top", "-b");
	fleet_stop(&bench.fleet);
	return status;
}

static int bench_present(void)
{
	struct bench bench = { .fleet.stop = -1 };

	open_side(&bench);
	run_rounds(&bench);
	printf("%.0f %.0f\n", stats_spread(bench.total_ms[WALK], ROUNDS).median * 1e6,
		stats_spread(bench.total_ms[TICK], ROUNDS).median * 1e6);
	close_side(&bench);
	fleet_stop(&bench.fleet);
	return 0;
}

int main(int argc, char **argv)
{
	bool halted = argc > 1 && strcmp(argv[1], "halted") == 0;
	int at = halted ? 2 : 1, vcpus = argc > at ? atoi(argv[at]) : 0, status = 0;

	privilege_raise_limits();
	if (argc == 2 && strcmp(argv[1], "present") == 0)
		return bench_present();
	if (argc < at + 2 || vcpus <= 0)
		errx(EX_USAGE, "usage: tick [halted] VCPUS VMS... | tick present");
	rows_print_head(halted ? "CPU time of one tick, vCPUs in KVM" : "CPU time of one tick",
		"to the walk");
	while (++at < argc) {
		int vms = atoi(argv[at]);

		if (vms <= 0)
			errx(EX_USAGE, "%s: not a number of VMs", argv[at]);
		status |= bench_size((unsigned)vms, (unsigned)vcpus, halted);
	}
	return status;
}
