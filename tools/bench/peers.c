/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other tools that watch the scheduler cost under the same loads as vmbpf. Each run of a tool
 * is bracketed by measurements without it; the tool's own process is kept on another CPU.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lib/load.h"
#include "lib/row.h"
#include "lib/usage.h"

#define ROUNDS 5
#define CHUNKS 120
#define START_MS 20000
#define QUIET_START_MS 2000
#define LINGER_MS 250 /* after the load, for those that report at intervals */
#define LIMIT 3 /* what a peer adds to a context switch, at least, as a multiple of ours */
#define MIN_FOUND 50 /* bytes: less than that is no result */

#define CPU_TIME_SCRIPT \
	"tracepoint:sched:sched_switch { @ns[args->prev_pid] = sum(nsecs - @on[cpu]); " \
	"@on[cpu] = nsecs; } interval:ms:200 { printf(\"ready\\n\"); }"

enum load_kind { YIELD, PIPE, N_LOADS };

enum { OURS_OF_NO_VM, OURS_OF_VM, N_OURS };

struct peer {
	const char *name;
	const char *argv[8];
	const char *ready; /* what it says once it traces; NULL: nothing */
	bool needs_vm; /* the load is to be a VM's */
	const char *file; /* where it records to; NULL: it prints what it found at its end */
};

static char vmbpf_path[1100], perf_file[1100];

static const struct peer peers[] = {
	[OURS_OF_NO_VM] = { "vmbpf stream, tasks of no VM", { vmbpf_path, "stream", "-d", "0.2" },
		"\"type\":\"host\"" },
	[OURS_OF_VM] = { "vmbpf stream, both tasks of a VM", { vmbpf_path, "stream", "-d", "0.2" },
		"\"type\":\"vm\"", .needs_vm = true },
	{ "bpftrace, CPU time of each thread", { "bpftrace", "-B", "line", "-e", CPU_TIME_SCRIPT },
		"ready" },
	{ "cpudist of libbpf-tools", { "stdbuf", "-oL", "cpudist" }, "Tracing" },
	{ "runqlat of libbpf-tools", { "stdbuf", "-oL", "runqlat" }, "Tracing" },
	{ "perf sched record", { "perf", "sched", "record", "-o", perf_file }, .file = perf_file },
};

#define N_PEERS (sizeof(peers) / sizeof(*peers))

struct result {
	double added[N_LOADS][ROUNDS], slowdown[N_LOADS][ROUNDS];
	unsigned n; /* rounds in which it worked */
	char missing[80]; /* why it did not, when it did not */
};

struct bench {
	struct load *loads[N_LOADS];
	struct result results[N_PEERS];
	struct row rows[N_LOADS][N_PEERS];
};

struct tool {
	pid_t pid;
	int output;
	char text[4096]; /* the beginning of what it has said */
	size_t said; /* bytes in all */
};

static void start(const struct peer *peer, struct tool *tool)
{
	int pipes[2];

	*tool = (struct tool){ 0 };
	if (pipe2(pipes, O_CLOEXEC))
		err(EX_OSERR, "pipe");
	tool->pid = fork();
	if (tool->pid < 0)
		err(EX_OSERR, "fork");
	if (tool->pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		execvp(peer->argv[0], (char *const *)peer->argv);
		printf("%s: %s\n", peer->argv[0], strerror(errno));
		fflush(stdout);
		_exit(127);
	}
	close(pipes[1]);
	tool->output = pipes[0];
}

/* Reads what the tool says, for at most that time. False at its end. */
static bool listen_to(struct tool *tool, int timeout_ms)
{
	struct pollfd wait = { .fd = tool->output, .events = POLLIN };
	size_t room = sizeof(tool->text) - 1 - tool->said;
	char chunk[4096];
	ssize_t got;

	if (poll(&wait, 1, timeout_ms) <= 0)
		return true;
	got = read(tool->output, chunk, sizeof(chunk));
	if (got <= 0)
		return false;
	if (tool->said < sizeof(tool->text) - 1)
		memcpy(tool->text + tool->said, chunk, (size_t)got < room ? (size_t)got : room);
	tool->said += (size_t)got;
	return true;
}

static void listen_for(struct tool *tool, uint64_t ms)
{
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + ms * NSEC_PER_MSEC;

	while (clock_ns(CLOCK_MONOTONIC) < deadline && listen_to(tool, 50))
		;
}

static bool wait_ready(const struct peer *peer, struct tool *tool)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), passed_ms = 0;

	while (passed_ms < (peer->ready ? START_MS : QUIET_START_MS)) {
		if (peer->ready && strstr(tool->text, peer->ready))
			return true;
		if (!listen_to(tool, 100))
			return false;
		passed_ms = (clock_ns(CLOCK_MONOTONIC) - begin) / NSEC_PER_MSEC;
	}
	return !peer->ready;
}

/* What it says last is what went wrong. */
static void note_missing(const struct tool *tool, struct result *result)
{
	const char *line = strrchr(tool->text, '\n');

	while (line && line > tool->text && line[-1] != '\n')
		line--;
	snprintf(result->missing, sizeof(result->missing), "%.*s",
		(int)strcspn(line ? line : tool->text, "\n|"), line ? line : tool->text);
	if (!result->missing[0])
		snprintf(result->missing, sizeof(result->missing), "did not get ready");
}

/* Ends the tool as a user would and lets it say what it found. Returns how many bytes that were. */
static size_t finish(const struct peer *peer, struct tool *tool)
{
	struct stat file = { 0 };
	size_t before = tool->said;

	listen_for(tool, LINGER_MS);
	kill(tool->pid, SIGINT);
	listen_for(tool, START_MS);
	kill(tool->pid, SIGKILL);
	waitpid(tool->pid, NULL, 0);
	close(tool->output);
	if (!peer->file)
		return tool->said - before;
	stat(peer->file, &file);
	return (size_t)file.st_size;
}

/* A process that holds a KVM VM is one. -1 where it cannot be, or is not wanted. */
static int become_vm(bool wanted)
{
	AUTO_FD int kvm = wanted ? open("/dev/kvm", O_RDWR | O_CLOEXEC) : -1;

	return kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
}

static void measure_loads(struct bench *bench, double ret[static N_LOADS])
{
	for (int kind = 0; kind < N_LOADS; kind++) {
		int err = load_measure(bench->loads[kind], CHUNKS, &ret[kind]);

		if (err)
			errx(EX_SOFTWARE, "load: %s", strerror(-err));
	}
}

/* Whether the tool traced; result->missing says why not. */
static bool measure_with(
	struct bench *bench, const struct peer *peer, struct result *result, double *ret)
{
	struct tool tool;
	bool ready;

	start(peer, &tool);
	ready = wait_ready(peer, &tool);
	if (ready)
		measure_loads(bench, ret);
	else
		note_missing(&tool, result);
	if (finish(peer, &tool) < MIN_FOUND && ready) {
		snprintf(result->missing, sizeof(result->missing), "recorded nothing");
		return false;
	}
	return ready;
}

static void add_round(
	struct result *result, const double *before, const double *with, const double *after)
{
	for (int kind = 0; kind < N_LOADS; kind++) {
		double alone = (before[kind] + after[kind]) / 2;

		result->added[kind][result->n] = with[kind] - alone;
		result->slowdown[kind][result->n] = with[kind] / alone;
	}
	result->n++;
}

static void measure_peer(struct bench *bench, size_t index, int round)
{
	double before[N_LOADS], with[N_LOADS], after[N_LOADS];
	struct result *result = &bench->results[index];
	const struct peer *peer = &peers[index];
	AUTO_FD int vm = become_vm(peer->needs_vm);

	if (peer->needs_vm && vm < 0) {
		snprintf(result->missing, sizeof(result->missing), "no /dev/kvm");
		return;
	}
	fprintf(stderr, "bench: %s, round %d of %d\n", peer->name, round + 1, ROUNDS);
	measure_loads(bench, before);
	if (!measure_with(bench, peer, result, with))
		return;
	measure_loads(bench, after);
	add_round(result, before, with, after);
}

static struct row make_row(const struct bench *bench, size_t index, enum load_kind kind)
{
	const struct result *result = &bench->results[index], *ours = &bench->results[OURS_OF_VM];
	struct row row = { .unit = "ns", .limit = LIMIT };
	struct spread own;

	if (result->n == 0)
		return row;
	snprintf(row.what, sizeof(row.what), "%s (x%.2f)", peers[index].name,
		stats_spread(result->slowdown[kind], result->n).median);
	row.value = stats_spread(result->added[kind], result->n);
	if (ours->n == 0)
		return row;
	own = stats_spread(ours->added[kind], ours->n);
	row.ratio = spread_scale(row.value, 1 / own.median);
	if (index >= N_OURS && kind == YIELD)
		row.gate = RATIO_AT_LEAST;
	row_judge(&row, own.median <= 0 || own.p75 - own.p25 > own.median);
	return row;
}

static enum verdict measure(void *state)
{
	struct bench *bench = state;

	memset(bench->results, 0, sizeof(bench->results));
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < N_PEERS; i++) {
			/* What did not start once is not there. */
			if (round == 0 || bench->results[i].n)
				measure_peer(bench, i, round);
		}
	}
	for (size_t i = 0; i < N_PEERS; i++) {
		bench->rows[YIELD][i] = make_row(bench, i, YIELD);
		bench->rows[PIPE][i] = make_row(bench, i, PIPE);
	}
	return rows_worst(bench->rows[YIELD], N_PEERS);
}

static void print_load(const struct bench *bench, enum load_kind kind, const char *title)
{
	rows_print_head(title, "to vmbpf on a VM");
	for (size_t i = 0; i < N_PEERS; i++) {
		if (bench->results[i].n)
			row_print(&bench->rows[kind][i]);
		else
			printf("| %s | | | | | skipped: %s |\n", peers[i].name,
				bench->results[i].missing);
	}
}

int main(int argc, char **argv)
{
	static struct bench bench;
	int cpu = cpus_divide(), status;

	if (argc != 2)
		errx(EX_USAGE, "usage: peers DIRECTORY-FOR-RECORDINGS");
	build_path("vmbpf", vmbpf_path, sizeof(vmbpf_path));
	snprintf(perf_file, sizeof(perf_file), "%s/perf.data", argv[1]);
	bench.loads[YIELD] = load_new("yield", cpu);
	bench.loads[PIPE] = load_new("pipe", cpu);
	if (!bench.loads[YIELD] || !bench.loads[PIPE])
		err(EX_NOPERM, "real-time threads");
	status = measure_repeatedly(measure, &bench);
	print_load(&bench, YIELD, "added to a context switch, by sched_yield");
	print_load(&bench, PIPE, "added to a context switch, through a pipe");
	load_free(bench.loads[YIELD]);
	load_free(bench.loads[PIPE]);
	return status;
}
